"""One request for each kind of refusal, as a client makes it, in process."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_sei.errors import (
    HEAD_TOO_LARGE,
    NOT_HTTP,
    REQUEST_STALLED,
    STORE_AWAY,
    Refusal,
    RefusalKind,
)
from mock_sei.platform import Platform
from mock_sei.rules.connection import Connection
from mock_sei.rules.standards import Listener
from mock_sei.runtime.protocol import PlatformProtocol
from mock_sei.web.exchange import AWAY
from mock_sei.web.exhausted import find_exhaustion
from mock_sei.web.listener import PlatformListener
from tests.support import (
    TICKETS,
    TOKEN_PATH,
    Served,
    in_process,
    one_platform_app,
    with_certificate,
)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """The public part of a refusal, as it came."""

    status: int
    body: dict[str, Any]

    def __getitem__(self, member: str) -> Any:
        if member == "status":
            return self.status
        if member != "reason":
            return self.body[member]
        reasons = [each["reason"] for each in self.body["errors"] if set(each) == {"reason"}]
        return reasons[0] if reasons else None


def _seen(answer: httpx2.Response) -> Seen:
    return Seen(status=answer.status_code, body=answer.json())


def _source_address(served: Served) -> Seen:
    served.change("demo-server", source_addresses=("10.0.0.1",))
    return _seen(served.get(headers=_with("no-token")))


def _with(token: str) -> dict[str, str]:
    return {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}


def _certificate_name(served: Served) -> Seen:
    return _seen(served.get(http=served.client("svc-web")))


def _traffic_pattern(served: Served) -> Seen:
    return _seen(served.get(http=served.client(None, listener=Listener.ONE_WAY)))


def _scope_missing(served: Served) -> Seen:
    served.change("demo-server", scopes=("ilservices", "other"))
    token = served.post_token(scope="other").json()["access_token"]
    return _seen(served.get(headers=_with(token)))


def _api_key(served: Served) -> Seen:
    return _seen(served.get(headers={}))


def _token_expired(served: Served) -> Seen:
    headers = served.headers()
    served.platform.clock.advance(minutes=61)
    return _seen(served.get(headers=headers))


def _token_invalid(served: Served) -> Seen:
    return _seen(served.get(headers=_with("no-token")))


def _key_pair(served: Served) -> Seen:
    return _seen(served.post_token(auth=("demo-server-key", "wrong")))


def _grant_invalid(served: Served) -> Seen:
    return _seen(served.post_token(password="wrong"))


def _grant_not_allowed(served: Served) -> Seen:
    return _seen(served.post_token(grant_type="password"))


def _grant_unknown(served: Served) -> Seen:
    return _seen(served.post_token(grant_type="other"))


def _request_invalid(served: Served) -> Seen:
    return _seen(served.post_token(grant_type=None))


def _scope_invalid(served: Served) -> Seen:
    return _seen(served.post_token(scope="unknown"))


def _parameter_invalid(served: Served) -> Seen:
    return _seen(served.get(params={"cursor": "no cursor"}))


def _not_found(served: Served) -> Seen:
    return _seen(served.get("/v9/nothing"))


def _esign(served: Served, path: str, **body: object) -> Seen:
    return _seen(served.client().post(path, headers=served.headers(), json=body))


def _not_authorized(served: Served) -> Seen:
    return _esign(served, "/v1/esign/cancel", trackingNumber="TN-999999")


def _conflict(served: Served) -> Seen:
    return _esign(served, "/v1/esign/cancel", trackingNumber="TN-000102")


def _payload_invalid(served: Served) -> Seen:
    return _esign(served, "/v1/esign/cancel")


def _method_not_allowed(served: Served) -> Seen:
    return _seen(served.client().delete(TICKETS, headers=served.headers()))


def _link_dead(served: Served) -> Seen:
    link = served.platform.portal.send_link("svc-demo")
    http = served.client(None, listener=Listener.ONE_WAY)
    assert http.get(link.path).status_code == 200
    return _seen(http.get(link.path))


def _body_too_large(served: Served) -> Seen:
    return _seen(served.post_token(username="x" * 2 * 1024 * 1024))


def _early(kind: RefusalKind) -> Callable[[Served], Seen]:
    """A refusal of bytes that never became a request, by the protocol itself."""

    def provoke(served: Served) -> Seen:
        written: list[bytes] = []
        connection = SimpleNamespace(
            platform=served.platform,
            request_scope={},
            tls_version=None,
            _connection=lambda: Connection(listener=Listener.TWO_WAY, source_address="127.0.0.1"),
            _end_with=written.append,
            _end_when_recorded=written.append,  # of a state that several servers share
            loop=SimpleNamespace(create_task=lambda _: None),
        )
        refusal = Refusal(kind, check="HTTP", because="It is provoked by a test.")
        PlatformProtocol.refuse(cast("PlatformProtocol", connection), refusal)
        head, _, body = written[0].partition(b"\r\n\r\n")
        return Seen(status=int(head.split()[1]), body=json.loads(body))

    return provoke


def _exhausted(served: Served) -> Seen:
    """Without a reason in the table, the answer says what this machine has no more of."""
    error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def fail(*_: object) -> Any:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Platform, "token", fail)
        seen = _seen(served.post_token())
    missing = find_exhaustion(error)
    return replace(seen, body=seen.body | {"errors": []}) if seen["reason"] == missing else seen


def _store_away(served: Served) -> Seen:
    """What a listener does with a request that began while the store could not be reached."""

    def while_away(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            scope[AWAY] = Refusal(STORE_AWAY, check="state", because="It is provoked by a test.")
            await app(scope, receive, send)

        return wrapped

    listener = PlatformListener(one_platform_app(), served.platform, Listener.TWO_WAY)
    app = with_certificate(while_away(listener), None)
    return _seen(in_process(app, "https://localhost").post(TOKEN_PATH))


PROVOKED: Mapping[str, Callable[[Served], Seen]] = {
    "source_address": _source_address,
    "certificate_name": _certificate_name,
    "traffic_pattern": _traffic_pattern,
    "scope_missing": _scope_missing,
    "api_key": _api_key,
    "token_expired": _token_expired,
    "token_invalid": _token_invalid,
    "key_pair": _key_pair,
    "grant_invalid": _grant_invalid,
    "grant_not_allowed": _grant_not_allowed,
    "grant_unknown": _grant_unknown,
    "request_invalid": _request_invalid,
    "scope_invalid": _scope_invalid,
    "parameter_invalid": _parameter_invalid,
    "not_found": _not_found,
    "not_authorized": _not_authorized,
    "conflict": _conflict,
    "payload_invalid": _payload_invalid,
    "method_not_allowed": _method_not_allowed,
    "link_dead": _link_dead,
    "body_too_large": _body_too_large,
    "not_http": _early(NOT_HTTP),
    "request_stalled": _early(REQUEST_STALLED),
    "exhausted": _exhausted,
    "store_away": _store_away,
    "head_too_large": _early(HEAD_TOO_LARGE),
}
"""By the name of the kind."""
