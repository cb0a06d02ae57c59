"""The running server that a command asks."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2

from mock_sei.assumptions.table import Assumptions
from mock_sei.errors import MockSeiError
from mock_sei.operations.certificates import DownloadCertificate
from mock_sei.operations.flows import Flows
from mock_sei.operations.server import DownloadCa, ShowConnection
from mock_sei.testing.calls import CONTROL_URL_HINT, ControlApi
from mock_sei.testing.registered import Registered
from mock_sei.testing.remote import Remote
from mock_sei.testing.workbench import client_context

if TYPE_CHECKING:
    from mock_sei.rules.records import Application

TIMEOUT = 10.0
"""Seconds for each call."""


def server_at(control_url: str) -> Remote:
    """The server with this control address."""
    return Remote(ControlApi(control_url, timeout=TIMEOUT, hint=CONTROL_URL_HINT))


def obtain_token(server: Remote, name: str, user: str) -> str:
    """An access token for an application, or a service account, by real requests.

    Raises :class:`MockSeiError`.
    """
    details = server.perform(ShowConnection(limit=1))
    urls = {True: details["two_way_url"], False: details["url"]}

    def connect(account: str | None) -> httpx2.Client:
        return httpx2.Client(
            base_url=urls[account is not None],
            verify=_context(server, account),
            trust_env=False,
            timeout=TIMEOUT,
        )

    try:
        flows = Flows(
            registry=lambda: Registered(server),
            connect=connect,
            paths=lambda: Assumptions.of(details["assumptions"]).path,
        )
        answer = flows.token_response(name, user)
    except httpx2.HTTPError as error:
        raise MockSeiError(f"{urls[True]}, {urls[False]}: {error}") from None
    return str(answer["access_token"])


def url_of(server: Remote, application: Application) -> str:
    """The address of the listener that an application calls."""
    details = server.perform(ShowConnection(limit=1))
    return str(details["two_way_url" if application.standard.two_way_tls else "url"])


def file_of(server: Remote, account: str, name: str) -> bytes:
    """A file of the current certificate of an account."""
    return server.perform(DownloadCertificate(username=account, file=name)).content


def _context(server: Remote, account: str | None) -> ssl.SSLContext:
    ca_pem = server.perform(DownloadCa()).content.decode()
    if account is None:
        return client_context(ca_pem, None)
    with tempfile.TemporaryDirectory(prefix="mock-sei-") as name:
        cert_file, key_file = Path(name) / "certificate.crt", Path(name) / "privatekey.key"
        cert_file.write_bytes(file_of(server, account, "certificate.crt"))
        key_file.touch(mode=0o600)
        key_file.write_bytes(file_of(server, account, "privatekey.key"))
        return client_context(ca_pem, (cert_file, key_file))
