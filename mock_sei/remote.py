"""A running server, seen from another process through its control listener."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

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
        details = self._details()
        urls = {True: details["two_way_url"], False: details["url"]}
        registry = _registry(details)

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

    def registry(self) -> Registry:
        """Applications, accounts and users, as they are registered now."""
        return _registry(self._details())

    def application(self, name: str) -> Application:
        """By its name, AppKey or service account."""
        registry = self.registry()
        found = registry.find_application(name) or registry.find_application_of(name)
        if found is None:
            names = ", ".join(each.name for each in registry.applications.values())
            raise MockSeiError(f"no application {name!r}; there are {names}")
        return found

    def url(self, application: Application) -> str:
        """Of the listener an application calls."""
        details = self._details()
        return str(details["two_way_url" if application.standard.two_way_tls else "url"])

    def documents(self) -> dict[str, Any]:
        """The OpenAPI document of each product."""
        documents: dict[str, Any] = self._get("/apis").json()
        return documents

    def journal(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Entries that fit; ``query`` as the control API takes it."""
        sent = {name: str(value) for name, value in query.items() if value is not None}
        found: dict[str, Any] = self._get(f"/journal?{urlencode(sent)}").json()
        return found

    def ca_pem(self) -> str:
        return self._get("/ca.pem").text

    def file(self, account: str, name: str) -> bytes:
        """A file of an account's current certificate."""
        return self._get(f"/service-accounts/{account}/{name}").content

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
        return self._get("/").json()

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


def _registry(details: Any) -> Registry:
    return Registry(
        # By pydantic, since JSON has text where the record has names of a list.
        applications=TypeAdapter(list[Application]).validate_python(details["applications"]),
        service_accounts=[ServiceAccount(**each) for each in details["service_accounts"]],
        end_users=[EndUser(**each) for each in details["end_users"]],
    )
