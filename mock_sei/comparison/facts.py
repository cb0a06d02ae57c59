"""What a recorded request says of its sender: application, secret, token, grant, parameters.

Secrets are the placeholders of the recording. A key pair stands in clear in ``Authorization``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from mock_sei.recordings.exchanges import RecordedExchange, RecordedRequest

_FIRST_REFUSAL = 400
_BEARER = ("bearer", "bearertoken")


@dataclass(frozen=True, kw_only=True)
class RequestFacts:
    """What a request says of its sender."""

    app_key: str | None = None
    app_secret: str | None = None
    token: str | None = None
    """The access token of the ``Authorization`` header."""
    grant: str | None = None
    """``grant_type``, None if the request has none."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """Of the query and of the form; of a repeated one the last value."""
    is_pair: bool = False
    """Whether the ``Authorization`` header has a key pair."""

    @property
    def is_token_request(self) -> bool:
        return self.grant is not None


def read_facts(request: RecordedRequest) -> RequestFacts:
    """What a request says of its sender."""
    parameters = dict([*request.query, *request.body.fields()])
    scheme, _, rest = (request.find_header("authorization") or "").strip().partition(" ")
    rest = rest.strip()
    app_key, app_secret = request.find_header("appkey"), None
    is_pair = scheme.lower() == "basic"
    if is_pair:
        app_key, _, app_secret = rest.partition(":")
    elif app_key is None:
        app_key = parameters.get("client_id")
        app_secret = parameters.get("client_secret")
    return RequestFacts(
        app_key=app_key or None,
        app_secret=app_secret or None,
        token=rest if scheme.lower() in _BEARER and rest else None,
        grant=parameters.get("grant_type"),
        parameters=parameters,
        is_pair=is_pair,
    )


def is_accepted(exchange: RecordedExchange) -> bool:
    """True if the real platform did what the request asked for."""
    response = exchange.response
    return response is not None and response.status < _FIRST_REFUSAL


def is_counted(exchange: RecordedExchange) -> bool:
    """True if the real platform answered, or refused the connection with an alert."""
    if exchange.recorder_answered is not None:
        return False
    return exchange.response is not None or exchange.tls.alert is not None


def given_code(exchange: RecordedExchange) -> Mapping[str, str] | None:
    """The parameters with which a log-in came back to the application; None if none did."""
    location = exchange.response.find_header("location") if exchange.response else None
    if location is None:
        return None
    base, _, fragment = location.partition("#")
    query = base.partition("?")[2]
    found = dict(parse_qsl(query)) | dict(parse_qsl(fragment))
    return found if {"code", "access_token"} & found.keys() else None
