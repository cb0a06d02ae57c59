"""A running server, seen from another process through its control listener."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

import httpx2
from pydantic import TypeAdapter

from mock_sei.client import client_context
from mock_sei.errors import MockSeiError
from mock_sei.flows import Flows
from mock_sei.records import Application, EndUser, ServiceAccount
from mock_sei.registry import Registry

TIMEOUT = 10.0
"""Seconds for each call."""


class Remote:
    """What the command line asks of a running server. Each call raises :class:`MockSeiError`."""

    def __init__(self, control_url: str) -> None:
        self._control_url = control_url.rstrip("/")

    def token(self, name: str, user: str) -> str:
        """An access token for a service account or application, by real requests."""
        details = self._get("/").json()
        urls = {True: details["two_way_url"], False: details["url"]}
        registry = Registry(
            # By pydantic, since JSON has text where the record has names of a list.
            applications=TypeAdapter(list[Application]).validate_python(details["applications"]),
            service_accounts=[ServiceAccount(**each) for each in details["service_accounts"]],
            end_users=[EndUser(**each) for each in details["end_users"]],
        )

        def connect(account: str | None) -> httpx2.Client:
            return httpx2.Client(
                base_url=urls[account is not None],
                verify=self._context(account),
                trust_env=False,
                timeout=TIMEOUT,
            )

        try:
            answer = Flows(registry=lambda: registry, connect=connect).token_response(name, user)
        except httpx2.HTTPError as error:
            raise MockSeiError(f"{urls[True]}, {urls[False]}: {error}") from None
        return str(answer["access_token"])

    def _context(self, account: str | None) -> ssl.SSLContext:
        ca_pem = self._get("/ca.pem").text
        if account is None:
            return client_context(ca_pem, None)
        folder = f"/service-accounts/{account}"
        with tempfile.TemporaryDirectory(prefix="mock-sei-") as name:
            cert_file, key_file = Path(name) / "certificate.crt", Path(name) / "privatekey.key"
            cert_file.write_bytes(self._get(f"{folder}/certificate.crt").content)
            key_file.touch(mode=0o600)
            key_file.write_bytes(self._get(f"{folder}/privatekey.key").content)
            return client_context(ca_pem, (cert_file, key_file))

    def health_problem(self) -> str | None:
        """What is wrong, None where nothing is."""
        try:
            self._get("/health")
        except MockSeiError as error:
            return str(error)
        return None

    def _get(self, path: str) -> httpx2.Response:
        try:
            answer = httpx2.get(f"{self._control_url}{path}", timeout=TIMEOUT, trust_env=False)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise MockSeiError(
                f"no mock-sei answers at {self._control_url} ({error}); is it running? "
                "--control-url or MOCK_SEI_CONTROL_URL names another address"
            ) from None
        if answer.status_code != 200:
            raise MockSeiError(f"{self._control_url}{path}: {answer.status_code} {answer.text}")
        return answer
