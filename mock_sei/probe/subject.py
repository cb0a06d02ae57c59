"""What a run knows of the application that it asks as, and how it makes requests of that.

In a dry run every value that is not known, and every secret, is the name of a placeholder.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode, urlsplit

from mock_sei.assumptions.groups import PagingRules, Paths
from mock_sei.probe.asking import Pairs, ProbeAsk, ProbeIdentity, placeholder
from mock_sei.recordings.exchanges import Listener

USER_AGENT = "mock-sei-probe"
KNOWN = "(the known value)"
"""In place of a value of the run: its AppKey, key pair or token is sent."""
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


class KnownValue(StrEnum):
    """The values of a run that requests need. Each is also the name of its placeholder."""

    APP_KEY = "app-key"
    APP_SECRET = "app-secret"  # nosec B105  # names, no secrets: so are the next ones
    USERNAME = "username"
    PASSWORD = "password"  # nosec B105
    END_USER = "end-user"
    END_USER_PASSWORD = "end-user-password"  # nosec B105
    REDIRECT_URI = "redirect-uri"
    TOKEN = "token"  # nosec B105
    REFRESH_TOKEN = "refresh-token"  # nosec B105
    USED_REFRESH_TOKEN = "used-refresh-token"  # nosec B105
    CODE = "code"
    CURSOR = "cursor"


_WHEN_MISSING: Mapping[KnownValue, str] = {
    KnownValue.TOKEN: "no access token came",
    KnownValue.REFRESH_TOKEN: "no refresh token came",
    KnownValue.USED_REFRESH_TOKEN: "no refresh token was used",
    KnownValue.CODE: "no code came",
}


class MissingValue(Exception):
    """A probe cannot be asked: a value is not there. The text says why."""


@dataclass(kw_only=True)
class Subject:
    """The application, and what came of earlier probes."""

    grant: str
    operation: str
    """The path of the list that is read, such as ``/v1/order/tradetickets``."""
    listener: Listener
    """The listener of the application."""
    paths: Paths
    paging: PagingRules
    origins: Mapping[Listener, str]
    """The addresses of the listeners, such as ``https://test.example.com:444``."""
    given_paths: frozenset[str] = frozenset()
    """Names of paths that the user gave: the metadata does not change them."""
    has_other_certificate: bool = False
    known: dict[KnownValue, str] = field(default_factory=dict, repr=False)
    is_imagined: bool = False

    def value(self, name: KnownValue) -> str:
        """A value of the run. Raises :class:`MissingValue`."""
        if self.is_imagined:
            return placeholder(name)
        found = self.known.get(name)
        if found is None:
            raise MissingValue(_WHEN_MISSING.get(name, f"--{name} is not given"))
        return found

    def learn(self, name: KnownValue, value: str | None) -> None:
        """Keeps a value that came with an answer, if one came."""
        if value is not None:
            self.known[name] = value

    def learn_path(self, name: str, address: str) -> None:
        """Takes over the path of an address that the metadata names.

        An address of another host is left out: nothing is sent there.
        """
        parts = urlsplit(address)
        is_own = f"{parts.scheme}://{parts.netloc}" in self.origins.values()
        if is_own and parts.path and name not in self.given_paths:
            self.paths = replace(self.paths, **{name: parts.path})

    def call(
        self,
        method: str = "GET",
        path: str | None = None,
        *,
        query: Pairs = (),
        app_key: str | None = KNOWN,
        token: str | None = KNOWN,
        body: Any = None,
        headers: Pairs = (),
        **changes: Any,
    ) -> ProbeAsk:
        """A functional call; None leaves AppKey or token out. ``body`` is a JSON value or bytes."""
        app_key = self.value(KnownValue.APP_KEY) if app_key == KNOWN else app_key
        token = self.value(KnownValue.TOKEN) if token == KNOWN else token
        sent = [("User-Agent", USER_AGENT), ("Accept", _JSON)]
        if app_key is not None:
            sent.append(("AppKey", app_key))
        if token is not None:
            sent.append(("Authorization", f"Bearer {token}"))
        if body is not None:
            sent.append(("Content-Type", _JSON))
        return ProbeAsk(
            method=method,
            path=self.operation if path is None else path,
            query=query,
            headers=(*sent, *headers),
            body=_body(body),
            listener=changes.pop("listener", self.listener),
            **changes,
        )

    def token_request(
        self,
        form: Pairs,
        *,
        pair: tuple[str, str] | str | None = KNOWN,
        path: str | None = None,
        **changes: Any,
    ) -> ProbeAsk:
        """A request of the token endpoint; None leaves the key pair out."""
        sent = [("User-Agent", USER_AGENT), ("Accept", _JSON)]
        if pair == KNOWN:
            pair = self._key_pair()
            if pair is None:
                form = (*form, ("client_id", self.value(KnownValue.APP_KEY)))
        if isinstance(pair, tuple):
            sent.append(("Authorization", f"Basic {self._basic(*pair)}"))
        sent.append(("Content-Type", _FORM))
        return ProbeAsk(
            method="POST",
            path=self.paths.token if path is None else path,
            headers=tuple(sent),
            body=urlencode(form).encode(),
            listener=changes.pop("listener", self.listener),
            **changes,
        )

    def page(self, path: str, query: Pairs = ()) -> ProbeAsk:
        """A page of the log-in, as a browser asks for it."""
        return ProbeAsk(
            method="GET",
            path=path,
            query=query,
            headers=(("User-Agent", USER_AGENT), ("Accept", "text/html")),
            listener="one-way",
            identity=ProbeIdentity.NONE,
        )

    @property
    def is_public(self) -> bool:
        """Whether the application has no AppSecret, as a native one."""
        return KnownValue.APP_SECRET not in self.known and self.listener == "one-way"

    def _key_pair(self) -> tuple[str, str] | None:
        """AppKey and AppSecret; None of an application without AppSecret."""
        if self.is_public:
            return None
        return self.value(KnownValue.APP_KEY), self.value(KnownValue.APP_SECRET)

    def _basic(self, app_key: str, app_secret: str) -> str:
        pair = f"{app_key}:{app_secret}"
        return pair if self.is_imagined else base64.b64encode(pair.encode()).decode()


def _body(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return b"" if value is None else json.dumps(value).encode()
