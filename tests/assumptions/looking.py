"""What a client sees of each assumption but those of refusals, in the words of the table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from mock_sei.assumptions.groups import STANDARD_MEMBERS
from mock_sei.rules.standards import Listener
from tests.oauth.flows import ALICE, LOGIN, WEB, by_code, call, log_in, refresh, returned
from tests.support import TICKETS, Served, registration

Look = Callable[[Served], Any]


@dataclass(frozen=True, kw_only=True)
class Sight:
    """How a row is seen."""

    other: Any
    """Another value than the default."""
    look: Look
    """Returns the value that a client sees."""
    default: Any = None
    """What is seen by default, if the table has no value for it."""


def _token_member(name: str) -> Look:
    return lambda served: served.post_token().json()[name]


def _first(served: Served, seconds: Iterable[int], is_over: Callable[[int], bool]) -> int | None:
    """The first of these ages at which something is over."""
    served.platform.clock.freeze()
    return next((each for each in seconds if is_over(each)), None)


def _idle_limit(served: Served) -> int | None:
    def is_dead(seconds: int) -> bool:
        headers = served.headers()
        served.platform.clock.advance(seconds=seconds)
        return served.get(headers=headers).status_code == 401

    return _first(served, (59, 60, 1799, 1800), is_dead)


def _lifetime(served: Served) -> int:
    """The lifetime as the answer has it, if the gateway keeps to it."""
    served.platform.clock.freeze()
    answer = served.post_token().json()
    told = int(answer["expires_in"])
    headers = served.headers(token=answer["access_token"])
    left = told
    while left > 1:  # each call is a use, so that the idle limit ends nothing
        step = min(left - 1, 1200)
        served.platform.clock.advance(seconds=step)
        left -= step
        assert served.get(headers=headers).status_code == 200
    served.platform.clock.advance(seconds=1)
    assert served.get(headers=headers).status_code == 401
    return told


def _format(served: Served) -> str:
    return "jwt" if served.token().count(".") == 2 else "opaque"


def _expires_in(served: Served) -> str:
    return "string" if isinstance(served.post_token().json()["expires_in"], str) else "integer"


def _extra_members(served: Served) -> dict[str, Any]:
    answer = served.post_token().json()
    return {name: each for name, each in answer.items() if name not in STANDARD_MEMBERS}


def _code_lifetime(served: Served) -> int | None:
    def is_dead(seconds: int) -> bool:
        code = returned(log_in(served))["code"]
        served.platform.clock.advance(seconds=seconds)
        return by_code(served, code=code).status_code == 400

    return _first(served, (19, 20, 59, 60), is_dead)


def _refresh_lifetime(served: Served) -> int:
    served.platform.clock.freeze()
    answer = by_code(served).json()
    told = int(answer["refresh_token_expires_in"])
    served.platform.clock.advance(seconds=told)
    assert refresh(served, answer["refresh_token"]).status_code == 400
    return told


def _rotates(served: Served) -> bool:
    first = by_code(served).json()["refresh_token"]
    second = refresh(served, first).json()["refresh_token"]
    again = refresh(served, first).status_code
    assert again == (200 if first == second else 400)
    return bool(first != second)


def _reuse_ends_family(served: Served) -> bool:
    first = by_code(served).json()["refresh_token"]
    answer = refresh(served, first).json()
    assert refresh(served, first).status_code == 400
    lives = call(served, answer["access_token"], "demo-web") == 200
    assert lives == (refresh(served, answer["refresh_token"]).status_code == 200)
    return not lives


def _session_lifetime(served: Served) -> int | None:
    def is_over(seconds: int) -> bool:
        http = served.client(None, listener=Listener.ONE_WAY)
        http.post(LOGIN, params=WEB, data=ALICE, follow_redirects=False)
        served.platform.clock.advance(seconds=seconds)
        return "Allow access?" not in http.get(LOGIN, params=WEB).text

    return _first(served, (599, 600, 3599, 3600), is_over)


def _path(method: str, default: str, other: str, key: str = "") -> Look:
    """The one of two paths that the platform serves."""

    def look(served: Served) -> str:
        http = served.client(None, listener=Listener.ONE_WAY)
        found = []
        for template in (default, other):
            http.request(method, template.replace("{key}", key), follow_redirects=False)
            if served.platform.journal.last.refused_by != "path":
                found.append(template)
        (path,) = found
        return path

    return look


def _page(served: Served, **query: Any) -> dict[str, Any]:
    answer = served.get(params=query)
    assert answer.status_code == 200, answer.text
    paging: dict[str, Any] = answer.json()["paging"]
    return paging


def _member_of_paging(place: int) -> Look:
    return lambda served: list(_page(served))[place]


_LINKED = 2


def _next_link(served: Served) -> str:
    """The link of a short page. It leads to other records, whatever the names of its parts are."""
    limit = served.platform.state.assumptions.paging.limit
    answer = served.get(params={limit: _LINKED}).json()
    link = str(list(answer["paging"].values())[3])
    following = served.get(link).json()
    assert len(answer["data"]) == len(following["data"]) == _LINKED
    assert answer["data"] != following["data"]
    return link


def _limit_name(served: Served) -> str:
    """The member, if it is also the parameter."""
    name = list(_page(served))[1]
    assert _page(served, **{name: 3})[name] == 3
    return name


def _cursor_name(served: Served) -> str:
    names = parse_qs(urlsplit(_next_link(served)).query).keys() - {"limit"}
    (name,) = names
    return name


def _absolute_links(served: Served) -> bool:
    link = _next_link(served)
    assert link.startswith(("https://", TICKETS))
    return link.startswith("https://")


def _unknown_parameter(served: Served) -> str:
    status = served.get(params={"nothing": "1"}).status_code
    return {200: "ignore", 400: "refuse"}[status]


def _repeated_parameter(served: Served) -> str:
    answer = served.get(f"{TICKETS}?limit=1&limit=2")
    if answer.status_code == 400:
        return "refuse"
    return {1: "first", 2: "last"}[answer.json()["paging"]["limit"]]


def _body_limit(served: Served) -> int:
    headers = served.headers() | {"Content-Type": "application/json"}
    largest = 0
    for size in (2048, 2049, 8 * 1024 * 1024, 8 * 1024 * 1024 + 1):
        body = json.dumps({"trackingNumber": ""}).encode().ljust(size)
        answer = served.client().post("/v1/esign/cancel", headers=headers, content=body)
        if answer.status_code != 413:
            largest = size
    return largest


def _tracking_header(served: Served) -> str:
    own = "0D0F7A0C-3F0B-4B3B-8F0A-0123456789AB"
    name = served.platform.state.assumptions.request.tracking_header
    answer = served.get("/v9/nothing", headers={name: own})
    (header,) = (each for each, value in answer.headers.multi_items() if value == own)
    return {each.lower(): each for each in ("RequestTrackingId", "X-Correlation")}[header.lower()]


def _order(served: Served) -> list[str]:
    """The order in which the checks refuse a call with a mistake for each, as they are mended."""
    served.change("demo-server", scopes=("ilservices", "other"))
    key = "demo-server-key"
    no_scope = served.post_token(scope="other").json()["access_token"]
    good = served.token()
    sent = {"AppKey": None, "Authorization": "Bearer garbled"}
    http: httpx2.Client = served.client("svc-web")
    mended: dict[str, Callable[[], None]] = {
        "AppKey": lambda: sent.update({"AppKey": key}),
        "access token": lambda: sent.update({"Authorization": f"Bearer {no_scope}"}),
        "scope": lambda: sent.update({"Authorization": f"Bearer {good}"}),
    }
    seen: list[str] = []
    while True:
        headers = {name: value for name, value in sent.items() if value is not None}
        if served.get(http=http, headers=headers).status_code == 200:
            return ["token" if each == "access token" else each for each in seen]
        check = served.platform.journal.last.refused_by or ""
        seen.append(check)
        if check == "certificate name":
            http = served.client()
        else:
            mended[check]()


def _link_lifetime(served: Served) -> int | None:
    def is_dead(seconds: int) -> bool:
        link = served.platform.portal.send_link("svc-demo")
        served.platform.clock.advance(seconds=seconds)
        http = served.client(None, listener=Listener.ONE_WAY)
        return http.get(link.path).status_code == 410

    return _first(served, (3599, 3600, 604_799, 604_800), is_dead)


def _renewal_notices(served: Served) -> list[int]:
    platform = served.platform
    platform.clock.freeze()
    platform.portal.register(registration())
    end = platform.certificates.identity("svc-nightly").not_after
    platform.clock.set(end)
    mails = platform.portal.mailbox.messages
    return [
        (end - each.sent_at) // timedelta(days=1)
        for each in mails
        if "svc-nightly ends in" in each.subject
    ]


def _token_type(served: Served) -> str:
    answer = by_code(served).json()
    http = served.client("svc-web")
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    told = http.get("/v2/oauth/tokeninfo", params={"client_id": "demo-web-key"}, headers=headers)
    assert told.json()["token_type"] == answer["token_type"]
    return str(answer["token_type"])


def _scope_named(served: Served) -> bool:
    return "scope" in served.post_token().json()


SIGHTS: Mapping[str, Sight] = {
    "token.lifetime": Sight(other=120, look=_lifetime),
    "token.idle_limit": Sight(other=60, look=_idle_limit),
    "token.type": Sight(other="Bearer", look=_token_type, default="BearerToken"),
    "token.format": Sight(other="opaque", look=_format),
    "token.expires_in": Sight(other="string", look=_expires_in),
    "token.scope_named": Sight(other=False, look=_scope_named),
    "token.extra_members": Sight(other={"status": "approved", "n": 1}, look=_extra_members),
    "code.lifetime": Sight(other=60, look=_code_lifetime),
    "refresh_token.lifetime": Sight(other=86_400, look=_refresh_lifetime),
    "refresh_token.rotates": Sight(other=False, look=_rotates),
    "refresh_token.reuse_ends_family": Sight(other=False, look=_reuse_ends_family),
    "session.lifetime": Sight(other=600, look=_session_lifetime),
    "path.token": Sight(
        other="/oauth2/token", look=_path("POST", "/v2/oauthtoken", "/oauth2/token")
    ),
    "path.authorize": Sight(
        other="/oauth2/authorize", look=_path("GET", "/v2/oauth/authorize", "/oauth2/authorize")
    ),
    "path.login": Sight(other="/login", look=_path("GET", LOGIN, "/login")),
    "path.token_information": Sight(
        other="/oauth2/info", look=_path("GET", "/v2/oauth/tokeninfo", "/oauth2/info")
    ),
    "path.revoke": Sight(
        other="/oauth2/revoke", look=_path("POST", "/v2/oauth/revoke", "/oauth2/revoke")
    ),
    "path.insight_status": Sight(
        other="/insight/{key}/status",
        look=_path("GET", "/v1/insight/status/{key}", "/insight/{key}/status", "K-1"),
    ),
    "paging.total": Sight(other="count", look=_member_of_paging(0)),
    "paging.limit": Sight(other="pageSize", look=_limit_name),
    "paging.previous": Sight(other="prev", look=_member_of_paging(2)),
    "paging.next": Sight(other="following", look=_member_of_paging(3)),
    "paging.cursor": Sight(other="page", look=_cursor_name),
    "paging.default": Sight(other=5, look=lambda served: _page(served)["limit"]),
    "paging.maximum": Sight(other=100, look=lambda served: _page(served, limit=500)["limit"]),
    "paging.absolute_links": Sight(other=False, look=_absolute_links),
    "request.unknown_parameter": Sight(other="refuse", look=_unknown_parameter),
    "request.repeated_parameter": Sight(other="last", look=_repeated_parameter),
    "request.body_limit": Sight(other=2048, look=_body_limit),
    "request.tracking_header": Sight(other="X-Correlation", look=_tracking_header),
    "gateway.order": Sight(other=["token", "certificate name", "AppKey", "scope"], look=_order),
    "certificate.link_lifetime": Sight(other=3600, look=_link_lifetime),
    "certificate.renewal_notices": Sight(other=[60, 14], look=_renewal_notices),
}
"""Every row that is not one of a refusal."""
