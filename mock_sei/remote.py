"""A running server, seen from another process through its control listener."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import httpx2

from mock_sei.client import Account, client_context, request_token
from mock_sei.errors import MockSeiError

TIMEOUT = 10.0
"""Seconds for each call."""


class Remote:
    """What the command line asks of a running server. Each call raises :class:`MockSeiError`."""

    def __init__(self, control_url: str) -> None:
        self._control_url = control_url.rstrip("/")

    def token(self, username: str) -> str:
        """An access token for a service account, by a real request over two-way TLS."""
        details = self._get("/").json()
        account = _account(details, username)
        folder = f"/service-accounts/{username}"
        with tempfile.TemporaryDirectory(prefix="mock-sei-") as name:
            cert_file, key_file = Path(name) / "certificate.crt", Path(name) / "privatekey.key"
            cert_file.write_bytes(self._get(f"{folder}/certificate.crt").content)
            key_file.touch(mode=0o600)
            key_file.write_bytes(self._get(f"{folder}/privatekey.key").content)
            context = client_context(self._get("/ca.pem").text, (cert_file, key_file))
        url = details["two_way_url"]
        try:
            with httpx2.Client(
                base_url=url, verify=context, trust_env=False, timeout=TIMEOUT
            ) as http:
                return request_token(http, account)
        except httpx2.HTTPError as error:
            raise MockSeiError(f"{url}: {error}") from None

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


def _account(details: dict[str, Any], username: str) -> Account:
    passwords = {each["username"]: each["password"] for each in details["service_accounts"]}
    for application in details["applications"]:
        if application["service_account"] == username:
            return Account(
                username=username,
                password=passwords[username],
                application=application["name"],
                app_key=application["app_key"],
                app_secret=application["app_secret"],
            )
    raise MockSeiError(f"no service account {username!r}; there are {', '.join(passwords)}")
