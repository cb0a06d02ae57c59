"""Calls of a control API: what comes back is a value, or the exception it was there."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import httpx2

from mock_sei import errors
from mock_sei.errors import (
    MockSeiError,
    NoServer,
    Rejected,
    one_line,
)

CONTROL_URL_HINT = "--control-url or MOCK_SEI_CONTROL_URL names another address"
"""Where the command line is told which server it asks."""

Query = Mapping[str, Any]


class ControlApi:
    """The calls of one server, a connection each; any thread may make them."""

    def __init__(self, url: str, *, timeout: float, hint: str) -> None:
        """``timeout`` in seconds for each call; ``hint`` says where another address is named."""
        self.url = url.rstrip("/")
        self._hint = hint
        self._timeout = timeout
        self._http: httpx2.Client | None = None

    def renew(self) -> None:
        """Makes another client in a forked child: a thread of the parent may hold its lock."""
        self._http = None

    def get(self, path: str, query: Query | None = None, *, also: int | None = None) -> Any:
        """The JSON of an answer. ``also`` is another status that is good."""
        return self._content(self.call("GET", path, query=query, also=also))

    def _content(self, answer: httpx2.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            raise self.stranger() from None

    def stranger(self) -> NoServer:
        """What answers is something else."""
        return NoServer(
            f"what answers at {self.url} is no control listener of mock-sei; {self._hint}"
        )

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Query | None = None,
        patience: float = 0,
        also: int | None = None,
    ) -> httpx2.Response:
        """Raises what was raised there; ``ValueError`` for a value that was refused without a
        name, :class:`NoServer` where there is none.

        ``patience`` are the seconds that the operation itself waits. ``also`` is a status that is
        no error either.
        """
        options: dict[str, Any] = {} if body is None else {"json": body}
        if patience:
            options["timeout"] = self._timeout + patience
        params = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            answer = self._client().request(method, f"{self.url}{path}", params=params, **options)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:  # no such host name
            told = f"no mock-sei answers at {self.url} ({error}); is it running? {self._hint}"
            raise NoServer(one_line(told)) from None
        if answer.is_success or answer.status_code in (httpx2.codes.CONFLICT, also):
            return answer  # only what was verified in vain is a conflict
        raise self._error(method, path, answer)

    def _client(self) -> httpx2.Client:
        if self._http is None:
            # No connection is kept: a server may be started anew between two calls.
            unkept = httpx2.Limits(max_keepalive_connections=0)
            # Reading the machine's CAs takes 20 ms, as long as ten calls; plain HTTP needs none.
            plain = self.url.lower().startswith("http://")
            verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True
            self._http = httpx2.Client(
                timeout=self._timeout, limits=unkept, verify=verify, trust_env=False
            )
        return self._http

    def _error(self, method: str, path: str, answer: httpx2.Response) -> Exception:
        try:
            told = answer.json()
            detail = told["detail"]
        except (ValueError, KeyError, TypeError):
            told, detail = {}, None
        kind = getattr(errors, str(told.get("error")), None)
        if kind is Rejected:
            return Rejected(told["problems"])
        if isinstance(kind, type) and issubclass(kind, MockSeiError):
            error = kind.__new__(kind)  # the message is whole already
            Exception.__init__(error, detail)
            return error
        if answer.status_code == httpx2.codes.BAD_REQUEST and isinstance(detail, str):
            return ValueError(detail)
        return MockSeiError(
            f"{method} {self.url}{path}: {answer.status_code} {answer.text[:1000]}".strip()
        )
