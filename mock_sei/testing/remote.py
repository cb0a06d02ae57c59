"""A running server, seen from another process through its control listener."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from mock_sei.errors import MockSeiError
from mock_sei.rules.records import Application
from mock_sei.testing.calls import CONTROL_URL_HINT, ControlApi, segment
from mock_sei.testing.flows import Flows
from mock_sei.testing.registered import AttachedRegistry
from mock_sei.testing.workbench import client_context

TIMEOUT = 10.0
"""Seconds for each call."""


class Remote:
    """What the command line asks of a running server. Each call raises :class:`MockSeiError`."""

    def __init__(self, control_url: str) -> None:
        self._api = ControlApi(
            control_url,
            timeout=TIMEOUT,
            hint=CONTROL_URL_HINT,
        )

    def token(self, name: str, user: str) -> str:
        """An access token for a service account or application, by real requests."""
        details = self._details()
        urls = {True: details["two_way_url"], False: details["url"]}

        def connect(account: str | None) -> httpx2.Client:
            return httpx2.Client(
                base_url=urls[account is not None],
                verify=self._context(account),
                trust_env=False,
                timeout=TIMEOUT,
            )

        try:
            answer = Flows(registry=self.registry, connect=connect).token_response(name, user)
        except httpx2.HTTPError as error:
            raise MockSeiError(f"{urls[True]}, {urls[False]}: {error}") from None
        return str(answer["access_token"])

    def registry(self) -> AttachedRegistry:
        """Applications, accounts and users, as they are registered now."""
        return AttachedRegistry(self._api)

    def application(self, name: str) -> Application:
        """By its name, AppKey or service account."""
        return self.registry().require_application(name)

    def url(self, application: Application) -> str:
        """Of the listener an application calls."""
        details = self._details()
        return str(details["two_way_url" if application.standard.two_way_tls else "url"])

    def documents(self) -> dict[str, Any]:
        """The OpenAPI document of each product."""
        documents: dict[str, Any] = self._api.get("/apis")
        return documents

    def journal(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Entries that fit; ``query`` as the control API takes it."""
        found: dict[str, Any] = self._api.get("/journal", query)
        return found

    def first_keys(self) -> dict[str, str]:
        """Of each collection of records, the key of its first one: for examples."""
        keys: dict[str, str] = self._api.get("/data-keys")
        return keys

    def ca_pem(self) -> str:
        return self._api.content("/ca.pem").decode()

    def file(self, account: str, name: str) -> bytes:
        """A file of an account's current certificate."""
        return self._api.content(f"/service-accounts/{segment(account)}/{name}")

    def _context(self, account: str | None) -> ssl.SSLContext:
        ca_pem = self.ca_pem()
        if account is None:
            return client_context(ca_pem, None)
        with tempfile.TemporaryDirectory(prefix="mock-sei-") as name:
            cert_file, key_file = Path(name) / "certificate.crt", Path(name) / "privatekey.key"
            cert_file.write_bytes(self.file(account, "certificate.crt"))
            key_file.touch(mode=0o600)
            key_file.write_bytes(self.file(account, "privatekey.key"))
            return client_context(ca_pem, (cert_file, key_file))

    def _details(self) -> Any:
        return self._api.get("/", {"limit": 1})
