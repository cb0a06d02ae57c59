"""What a client does so that an assumption is seen: the traffic of a recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2

from mock_sei.assumptions.table import ROWS
from mock_sei.rules.standards import Listener
from tests.comparison.recorder import RealPlatform
from tests.oauth.flows import by_code, call, log_in, refresh, returned
from tests.support import TICKETS

Scene = Callable[[RealPlatform], Any]


def _path(real: RealPlatform, name: str) -> str:
    return str(getattr(real.platform.state.assumptions.path, name))


def _token(real: RealPlatform) -> dict[str, Any]:
    """The answer to a token request to the path where the endpoint is."""
    found = real.application("demo-server")
    pair = (found.app_key, found.app_secret or "")
    answer = real.client().post(_path(real, "token"), auth=pair, data=real.form())
    assert answer.status_code == 200, answer.text
    token: dict[str, Any] = answer.json()
    return token


def _call(real: RealPlatform, token: str, target: str = TICKETS, **options: Any) -> httpx2.Response:
    headers = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
    return real.client().get(target, headers=headers, **options)


def token_and_call(real: RealPlatform) -> None:
    assert _call(real, _token(real)["access_token"]).status_code == 200


def _idle(real: RealPlatform) -> None:
    token = _token(real)["access_token"]
    real.wait(real.platform.state.assumptions.token.idle_limit.total_seconds() - 10)
    assert _call(real, token).status_code == 200
    real.wait(real.platform.state.assumptions.token.idle_limit.total_seconds() + 20)
    assert _call(real, token).status_code == 401


def _codes(real: RealPlatform) -> None:
    lifetime = real.platform.state.assumptions.code.lifetime.total_seconds()
    for age, status in ((lifetime - 1, 200), (lifetime + 1, 400)):
        code = returned(log_in(real))["code"]
        real.wait(age)
        assert by_code(real, code=code).status_code == status


def _refreshes(real: RealPlatform) -> None:
    first = by_code(real).json()["refresh_token"]
    answer = refresh(real, first).json()
    again = refresh(real, first)
    assert call(real, answer["access_token"], "demo-web") in (200, 401)
    assert refresh(real, answer["refresh_token"]).status_code in (200, 400)
    assert again.status_code in (200, 400)


def _metadata(real: RealPlatform) -> None:
    token_and_call(real)
    http = real.client(None, listener=Listener.ONE_WAY)
    assert http.get("/.well-known/oauth-authorization-server").status_code == 200


def _authorizes(real: RealPlatform) -> None:
    token_and_call(real)
    http = real.client(None, listener=Listener.ONE_WAY)
    query = {"client_id": "demo-web-key", "response_type": "code"}
    assert http.get(_path(real, "authorize"), params=query).status_code == 302


def _informs(real: RealPlatform) -> None:
    token = _token(real)["access_token"]
    query = {"client_id": "demo-server-key"}
    answer = _call(real, token, _path(real, "token_information"), params=query)
    assert answer.status_code == 200, answer.text


def _revokes(real: RealPlatform) -> None:
    token = _token(real)["access_token"]
    found = real.application("demo-server")
    answer = real.client().post(
        _path(real, "revoke"),
        data={"token": token},
        auth=(found.app_key, found.app_secret or ""),
    )
    assert answer.status_code == 200, answer.text
    assert _call(real, token).status_code == 401


def _pages(real: RealPlatform) -> None:
    token = _token(real)["access_token"]
    rules = real.platform.state.assumptions.paging
    first = _call(real, token)
    assert first.status_code == 200
    _call(real, token, params={"limit": 500})
    two = _call(real, token, params={rules.limit: 2}).json()
    link = two["paging"][rules.next]
    assert link is not None
    second = _call(real, token, str(httpx2.URL(link).copy_with(scheme=None, host=None, port=None)))
    assert second.status_code == 200, second.text


def _parameters(real: RealPlatform) -> None:
    token = _token(real)["access_token"]
    _call(real, token, params={"nothing": "1"})
    _call(real, token, f"{TICKETS}?limit=1&limit=2")


def _bodies(real: RealPlatform) -> None:
    token = _token(real)["access_token"]
    headers = {
        "AppKey": "demo-server-key",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
    }
    limit = real.platform.state.assumptions.request.body_limit
    for size in (limit, limit + 1):
        body = json.dumps({"trackingNumber": ""}).encode().ljust(size)
        real.client().post("/v1/esign/cancel", headers=headers, content=body)


def _mistakes(real: RealPlatform) -> None:
    """A call with each mistake by itself, and calls with two."""
    real.change("demo-server", scopes=("ilservices", "other"))
    token = _token(real)["access_token"]
    elsewhere = real.post_token(scope="other").json()["access_token"]
    own, other = real.client(), real.client("svc-web")
    good = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
    no_key = {"Authorization": f"Bearer {token}"}
    garbled = good | {"Authorization": "Bearer garbled"}
    neither = {"Authorization": "Bearer garbled"}
    no_scope = good | {"Authorization": f"Bearer {elsewhere}"}
    no_scope_or_key = {"Authorization": f"Bearer {elsewhere}"}
    assert own.get(TICKETS, headers=good).status_code == 200
    for http, headers in (
        (own, no_key),
        (own, garbled),
        (other, good),
        (own, neither),
        (other, no_key),
        (other, garbled),
        (own, no_scope),
        (other, no_scope),
        (own, no_scope_or_key),
    ):
        assert http.get(TICKETS, headers=headers).status_code >= 400


def refused_calls(real: RealPlatform) -> None:
    """A refusal of each of some kinds."""
    token = _token(real)["access_token"]
    good = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
    own, other = real.client(), real.client("svc-web")
    assert own.get(TICKETS, headers=good).status_code == 200
    own.get(TICKETS, headers={})
    own.get(TICKETS, headers=good | {"Authorization": "Bearer garbled"})
    other.get(TICKETS, headers=good)
    own.get(TICKETS, headers=good, params={real.platform.state.assumptions.paging.cursor: "x"})
    real.post_token(password="wrong")


SCENES: dict[str, Scene] = {
    "token.lifetime": token_and_call,
    "token.idle_limit": _idle,
    "token.type": token_and_call,
    "token.expires_in": token_and_call,
    "token.scope_named": token_and_call,
    "token.extra_members": token_and_call,
    "code.lifetime": _codes,
    "refresh_token.lifetime": _refreshes,
    "refresh_token.rotates": _refreshes,
    "refresh_token.reuse_ends_family": _refreshes,
    "path.token": token_and_call,
    "path.authorize": _authorizes,
    "path.login": _authorizes,
    "path.token_information": _informs,
    "path.revoke": _revokes,
    **{name: _pages for name in ROWS if name.startswith("paging.")},
    "request.unknown_parameter": _parameters,
    "request.repeated_parameter": _parameters,
    "request.body_limit": _bodies,
    "request.tracking_header": token_and_call,
    "gateway.order": _mistakes,
}


def other_words(row: str) -> Any:
    """Another value than the default of a row of a refusal."""
    member = row.rpartition(".")[2]
    values = {"status": 418, "transient": not ROWS[row].default}
    return values.get(member, f"Another {member}")
