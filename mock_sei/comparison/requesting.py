"""Makes of a recorded request the one that the mock gets."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from mock_sei.comparison.bindings import Bindings
from mock_sei.comparison.calling import MockRequest
from mock_sei.comparison.cast import USER, Cast, Player
from mock_sei.comparison.facts import RequestFacts, is_accepted, read_facts
from mock_sei.comparison.logins import LogIns
from mock_sei.recordings.exchanges import (
    BLANK,
    BodyKind,
    RecordedBody,
    RecordedExchange,
    values_of,
)
from mock_sei.recordings.names import SecretKind
from mock_sei.recordings.placeholders import PLACEHOLDER
from mock_sei.recordings.shapes import Shape

LARGEST_FILLER = 33 * 1024 * 1024
"""Bytes of the largest body that is made up for one that the recording left out."""
_TOO_LARGE = 413
_NOT_SENT = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te"),
        *("upgrade", "expect", "cookie", "accept-encoding", "content-encoding", "trailer"),
        *("proxy-authorization", "proxy-connection", "via", "forwarded", "x-forwarded-for"),
    }
)
"""Headers of the connection, and cookies, which belong to pages that are skipped."""


class NotComparable(Exception):
    """Why a request cannot be made."""


class RequestMaker:
    """Makes the mock's requests of one run through a recording."""

    def __init__(self, cast: Cast, bindings: Bindings, log_ins: LogIns) -> None:
        self._cast, self._bindings, self._log_ins = cast, bindings, log_ins

    def make(self, exchange: RecordedExchange) -> MockRequest:
        """The request. Raises :class:`NotComparable` and
        :class:`~mock_sei.comparison.bindings.LostValue`."""
        request = exchange.request
        facts = read_facts(request)
        player = self._cast.player_of(facts.app_key)
        self._bindings.follow_cursor(exchange)

        def put(placeholder: str) -> str:
            return self._value(placeholder, exchange, facts, player)

        if facts.token is not None:  # first: what it needs decides whether anything is compared
            self._bindings.text(facts.token, put)
        body = self._body(request.body, exchange, player, put)
        return MockRequest(
            listener=exchange.listener,
            method=request.method,
            target=self._bindings.target(request.url, put),
            headers=tuple(self._headers(exchange, facts, put)),
            body=body,
            hosts=tuple(values_of(request.headers, "host"))[1:],
            common_name=self._common_name(exchange, player),
        )

    def _headers(
        self, exchange: RecordedExchange, facts: RequestFacts, put: Callable[[str], str]
    ) -> list[tuple[str, str]]:
        made = []
        for name, value in exchange.request.headers:
            lower = name.lower()
            if lower in _NOT_SENT:
                continue
            text = self._bindings.text(value, put)
            if lower == "authorization" and facts.is_pair:
                scheme, _, pair = text.partition(" ")
                text = f"{scheme} {base64.b64encode(pair.strip().encode()).decode()}"
            made.append((name, text))
        return made

    def _common_name(self, exchange: RecordedExchange, player: Player | None) -> str | None:
        """The CN of the recorded certificate. Where nothing is known, the application's own."""
        tls = exchange.tls
        if tls.client_common_name is not None:
            return self._cast.account_of(tls.client_common_name, player)
        if tls.version is not None or tls.alert is not None:
            return None
        account = player.application.service_account if player else None
        return account or "unknown"

    def _body(
        self,
        body: RecordedBody,
        exchange: RecordedExchange,
        player: Player | None,
        put: Callable[[str], str],
    ) -> bytes:
        if body.kind is BodyKind.NONE:
            return b""
        if body.kind is BodyKind.SHAPE and body.shape is not None:
            return json.dumps(made_of(body.shape)).encode()
        if body.kind is BodyKind.LEFT_OUT:
            status = exchange.response.status if exchange.response else 0
            is_large = body.size >= self._log_ins.body_limit or status == _TOO_LARGE
            is_large |= body.left_out == BLANK
            if is_large and 0 < body.size <= LARGEST_FILLER:
                return b" " * body.size
            raise NotComparable("the recording does not have the body of the request")
        if body.is_form:
            text = self._with_names(body.text, player)
            return self._bindings.form(text, put).encode("utf-8", "surrogateescape")
        if body.is_json:
            return self._bindings.json(body.text, put).encode()
        if PLACEHOLDER.search(body.text):
            return self._bindings.text(body.text, put).encode()
        return body.data or b""

    def _with_names(self, form: str, player: Player | None) -> str:
        """A form with our name of a service account."""
        recorded = None if player is None else player.recorded_account
        if player is None or recorded is None or recorded == player.application.service_account:
            return form
        pairs = (each.partition("=") for each in form.split("&"))
        ours = player.application.service_account or ""
        return "&".join(
            f"{name}={ours}"
            if name == "username" and unquote_plus(value) == recorded
            else f"{name}{mark}{value}"
            for name, mark, value in pairs
        )

    # Secrets

    def _value(
        self,
        placeholder: str,
        exchange: RecordedExchange,
        facts: RequestFacts,
        player: Player | None,
    ) -> str:
        """Our value of a secret in a request. One that nobody accepted is a wrong one."""
        role = _role(placeholder, facts)
        if role == SecretKind.APP_KEY:
            known = self._cast.player_of(placeholder)
            return garbled(placeholder) if known is None else known.application.app_key
        if role == SecretKind.APP_SECRET:
            return self._cast.secret_of(facts.app_key, placeholder) or garbled(placeholder)
        if role == SecretKind.PASSWORD:
            sent = facts.parameters
            username = sent.get("username") or sent.get("email")
            password = self._cast.password_of(username, placeholder, player)
            return garbled(placeholder) if password is None else password
        if role == SecretKind.CODE_VERIFIER:
            return self._log_ins.verifier(facts.parameters.get("code"), exchange) or garbled(
                placeholder
            )
        value = self._bindings.find(placeholder)
        if value is None and is_accepted(exchange):
            self._earlier(placeholder, role, exchange, facts, player)
            value = self._bindings.find(placeholder)
        return garbled(placeholder) if value is None else value

    def _earlier(
        self,
        placeholder: str,
        role: str,
        exchange: RecordedExchange,
        facts: RequestFacts,
        player: Player | None,
    ) -> None:
        """Makes what the real platform accepted and the recording does not show being given.

        Raises :class:`NotComparable` for what nobody can make again.
        """
        if player is not None and role == SecretKind.CODE:
            self._log_ins.give_code(placeholder, player, facts.parameters)
        elif role == SecretKind.SESSION_TOKEN:
            self._bindings.bind(placeholder, self._log_ins.session_of(_user_of(exchange)))
        elif role in _GIVEN:
            raise NotComparable(f"{placeholder} was given before the recording began")


_GIVEN = frozenset({SecretKind.TOKEN.value, SecretKind.REFRESH_TOKEN.value, SecretKind.CODE.value})


def _role(placeholder: str, facts: RequestFacts) -> str:
    """What a secret is in a request. The kind of its placeholder says where it was seen first."""
    found = PLACEHOLDER.fullmatch(placeholder)
    sent = facts.parameters
    for role, value in (
        (SecretKind.APP_KEY, facts.app_key),
        (SecretKind.APP_SECRET, facts.app_secret),
        (SecretKind.TOKEN, facts.token),
        *((role, sent.get(name)) for role, name in _PARAMETERS.items()),
    ):
        if placeholder == value:
            return role
    return found[1] if found else ""


_PARAMETERS = {
    SecretKind.PASSWORD: "password",
    SecretKind.CODE: "code",
    SecretKind.CODE_VERIFIER: "code_verifier",
    SecretKind.REFRESH_TOKEN: "refresh_token",
    SecretKind.SESSION_TOKEN: "sessionToken",
}


def _user_of(exchange: RecordedExchange) -> str:
    value = exchange.response.body.find_json() if exchange.response else None
    email = value.get("email") if isinstance(value, dict) else None
    return email if isinstance(email, str) else USER


def garbled(placeholder: str) -> str:
    """A value that nobody gave, always the same one for a placeholder, of 43 letters and digits."""
    return hashlib.sha256(placeholder.encode()).hexdigest()[:43]


def made_of(shape: Shape) -> Any:
    """A JSON value of a shape."""
    if "object" in shape.types:
        return {name: made_of(each) for name, each in shape.members.items()}
    if "array" in shape.types:
        count = shape.length[0] if shape.length else 0
        item = None if shape.items is None else made_of(shape.items)
        return [item] * min(count, 100)
    if "string" in shape.types:
        if shape.values:
            return min(shape.values)
        return "x" * min(shape.length[0] if shape.length else 1, 10_000)
    if shape.types & {"integer", "number"}:
        return 1
    return True if "boolean" in shape.types else None
