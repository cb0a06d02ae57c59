"""The five checks before a functional API, each with its documented body, in their order."""

from __future__ import annotations

import base64
from typing import Any

import httpx2
import pytest

from mock_sei.rules.standards import Listener
from tests.cases import every_case
from tests.support import CREDENTIALS_MESSAGE, TICKETS, Served


def test_a_good_call_passes(served: Served) -> None:
    answer = served.get()

    entry = served.platform.journal.last
    assert answer.status_code == 200
    assert (entry.application, entry.service_account) == ("demo-server", "svc-demo")
    assert entry.refused_by is None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_taken_in_any_case(served: Served, scheme: str) -> None:
    headers = served.headers() | {"Authorization": f"{scheme} {served.token()}"}

    assert served.get(headers=headers).status_code == 200


def test_no_token_is_challenged_without_an_error(served: Served) -> None:
    answer = served.get(headers={"AppKey": "demo-server-key"})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mock-sei"'
    assert answer.json()["message"] == CREDENTIALS_MESSAGE
    assert "no access token" in (served.platform.journal.last.refused_because or "")


def test_a_key_pair_is_no_token(served: Served) -> None:
    pair = base64.b64encode(b"demo-server-key:demo-server-secret").decode()

    answer = served.get(headers={"AppKey": "demo-server-key", "Authorization": f"Basic {pair}"})

    assert answer.status_code == 401
    assert served.platform.journal.last.actual == "Basic"


def test_a_token_in_the_query_string_is_no_token(served: Served) -> None:
    answer = served.get(
        f"{TICKETS}?access_token={served.token()}", headers={"AppKey": "demo-server-key"}
    )

    assert answer.status_code == 401


def send(served: Served, *headers: tuple[str, str], query: str = "") -> httpx2.Response:
    """A call with exactly these headers, in this order."""
    return served.client().get(f"{TICKETS}?{query}", headers=list(headers))


def assert_ambiguous(served: Served, answer: httpx2.Response, because: str) -> None:
    entry = served.platform.journal.last
    assert answer.status_code == 400
    assert list(answer.json()) == ["code", "message", "trackingId", "transient", "errors"]
    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]
    assert because in (entry.refused_because or "")
    assert served.platform.bugs == []


def good_pair(served: Served) -> list[tuple[str, str]]:
    return list(served.headers().items())


@pytest.mark.parametrize("name", ["Authorization", "AppKey"])
@pytest.mark.parametrize("second", ["the same", "x", ""])
@pytest.mark.parametrize("first", [True, False])
def test_a_second_token_or_app_key_is_refused(
    served: Served, name: str, second: str, first: bool
) -> None:
    """Repeated headers are refused: it is not clear which one counts (RFC 9110 section 5.3)."""
    good = good_pair(served)
    again = dict(good)[name] if second == "the same" else second
    headers = [(name, again), *good] if first else [*good, (name.upper(), again)]

    assert_ambiguous(served, send(served, *headers), f"The {name} header came 2 times")
    assert send(served, *good).status_code == 200


@pytest.mark.long
@every_case("scheme", ["Bearer", "bearer", "BearerToken"])
@every_case("name", ["access_token", "access%5Ftoken", "%61ccess_token", "a=1&access_token"])
@every_case("value", ["TOKEN", "x"])
def test_a_token_in_header_and_query_is_refused(
    served: Served, scheme: str, name: str, value: str
) -> None:
    """Two tokens are refused, even if they are equal (RFC 6750 sections 2 and 3.1)."""
    token = served.token()
    headers = {"AppKey": "demo-server-key", "Authorization": f"{scheme} {token}"}

    answer = send(served, *headers.items(), query=f"{name}={value.replace('TOKEN', token)}")

    assert_ambiguous(served, answer, "in the Authorization header and in the query string")
    assert served.platform.journal.last.application == "demo-server"
    assert token not in str(served.platform.journal.to_json())


@pytest.mark.parametrize("query", ["access_token=", "access_token", "access_token=&limit=2"])
def test_an_empty_token_in_the_query_is_none(served: Served, query: str) -> None:
    assert send(served, *good_pair(served), query=query).status_code == 200


@pytest.mark.parametrize("query", ["Access_token=x", "my_access_token=x", "x=access_token=y"])
def test_a_parameter_of_another_name_is_no_token(served: Served, query: str) -> None:
    assert send(served, *good_pair(served), query=query).status_code == 200


def post_order(
    served: Served, body: str, *headers: tuple[str, str], token: bool = True
) -> httpx2.Response:
    own = good_pair(served) if token else [("AppKey", "demo-server-key")]
    return served.client().post(TICKETS, content=body, headers=[*own, *headers])


FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")


@pytest.mark.parametrize("body", ["access_token=x", "a=b&access%5ftoken=x", "&access_token=%20&"])
def test_a_token_in_header_and_form_is_refused(served: Served, body: str) -> None:
    """RFC 6750 sections 2.2 and 3.1."""
    answer = post_order(served, body, FORM)

    assert_ambiguous(served, answer, "in the Authorization header and in the form")


def test_a_token_in_form_and_query_is_refused(served: Served) -> None:
    headers = [("AppKey", "demo-server-key"), FORM]
    url, body = f"{TICKETS}?access_token=x", "access_token=x"

    answer = served.client().post(url, content=body, headers=headers)

    assert_ambiguous(served, answer, "in the query string and in the form")


@pytest.mark.parametrize("body", ["access_token=", "a=access_token", '{"access_token": "x"}'])
def test_a_form_without_a_token_and_json_with_one_are_no_second_place(
    served: Served, body: str
) -> None:
    kind = FORM if body[0] == "a" else ("Content-Type", "application/json")

    answer = post_order(served, body, kind)

    assert answer.headers.get("WWW-Authenticate") is None
    assert answer.status_code in (201, 400)


def test_a_token_that_came_in_no_header_is_no_second_one(served: Served) -> None:
    answers = [
        send(served, ("AppKey", "demo-server-key"), query="access_token=x&access_token=y"),
        post_order(served, "access_token=x", FORM, token=False),
        send(
            served,
            ("AppKey", "demo-server-key"),
            ("Authorization", "Basic eDp5"),
            query="access_token=x",
        ),
    ]

    assert [each.status_code for each in answers] == [401, 401, 401]


def test_a_second_content_type_is_refused_where_there_is_a_body(served: Served) -> None:
    """RFC 9110 section 8.3."""
    json_type = ("Content-Type", "application/json")

    for again in (json_type, ("content-type", "text/plain")):
        answer = post_order(served, "{}", json_type, again)
        assert answer.status_code == 400
        assert answer.json()["errors"] == [
            {"field": "content-type", "location": "header", "reason": "given more than once"}
        ]
    assert send(served, *good_pair(served), json_type, json_type).status_code == 200


@pytest.mark.parametrize("second", ["bob@example.com", "alice@example.com"])
def test_a_second_value_of_a_documented_header_is_refused(served: Served, second: str) -> None:
    name = "X-SEIC-CURRENT-USER-CONTEXT"
    headers = [*good_pair(served), (name, "alice@example.com"), (name.lower(), second)]

    answer = served.client().get("/v1/trade/users/x", headers=headers)

    assert answer.status_code == 400
    assert answer.json()["errors"][0] == {
        "field": name,
        "location": "header",
        "reason": "given more than once",
    }


def test_headers_that_may_be_lists_may_come_twice(served: Served) -> None:
    accepts = [("Accept", "text/html"), ("Accept", "application/json"), ("Cookie", "a=1")]

    answer = send(served, *good_pair(served), *accepts, ("Cookie", "b=2"))

    assert answer.status_code == 200


def test_a_refused_call_is_no_use_of_the_token(served: Served) -> None:
    headers = served.headers()
    served.platform.clock.advance(minutes=29)
    served.get(headers=headers, http=served.client("svc-web"))
    served.platform.clock.advance(minutes=2)

    assert served.get(headers=headers).status_code == 401


def test_a_certificate_of_another_account_is_refused(served: Served) -> None:
    """Documented row 2: the token's account must equal the certificate's CN."""
    answer = served.get(http=served.client("svc-web"))

    assert answer.status_code == 403
    assert answer.json()["errors"] == [{"reason": "Authorization Failed."}]
    assert "WWW-Authenticate" not in answer.headers


def test_the_one_way_listener_refuses_a_server_application(served: Served) -> None:
    """Documented row 3."""
    answer = served.get(http=served.client(None, listener=Listener.ONE_WAY))

    assert answer.status_code == 403
    assert answer.json()["errors"] == [{"reason": "The incoming traffic pattern is invalid."}]


def test_a_source_address_off_the_list_is_refused(served: Served) -> None:
    """Documented row 1."""
    headers = served.headers()
    served.change("demo-server", source_addresses=("192.0.2.1",))

    answer = served.get(headers=headers)

    assert answer.status_code == 403
    assert answer.json()["errors"] == []


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"approved": False}, "waits for approval"),
        ({"products": ("investors",)}, "not granted the product sma-trade-orders"),
        ({"environments": ("build",)}, "not registered for the test environment"),
    ],
)
def test_an_application_without_the_grant_is_refused(
    served: Served, changes: dict[str, Any], because: str
) -> None:
    """Documented row 5."""
    headers = served.headers()
    served.change("demo-server", **changes)

    answer = served.get(headers=headers)

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid ApiKey for given resource"
    assert because in (served.platform.journal.last.refused_because or "")


@pytest.mark.parametrize("app_key", [None, "unknown", "demo-limited-key", "demo-web-key"])
def test_a_wrong_app_key_is_refused(served: Served, app_key: str | None) -> None:
    """The last AppKey is known, but the token belongs to another application."""
    headers = served.headers()
    del headers["AppKey"]
    if app_key:
        headers["AppKey"] = app_key

    answer = served.get(headers=headers)

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid ApiKey for given resource"


def test_the_first_check_that_fails_decides(served: Served) -> None:
    """At first everything is wrong; each step corrects one thing, so the checks show their
    order."""
    token = served.token()
    served.change("demo-server", source_addresses=("192.0.2.1",), products=("investors",))
    seen = []

    def attempt(listener: Listener, source: str, authorization: str) -> None:
        http = served.client("svc-web", listener=listener, source=source)
        headers = {"AppKey": "demo-server-key", "Authorization": authorization}
        served.get(http=http, headers=headers)
        seen.append(served.platform.journal.last.refused_by)

    attempt(Listener.ONE_WAY, "127.0.0.1", "Bearer x")
    attempt(Listener.TWO_WAY, "127.0.0.1", "Bearer x")
    attempt(Listener.TWO_WAY, "192.0.2.1", "Bearer x")
    served.change("demo-server", products=("*",))
    attempt(Listener.TWO_WAY, "192.0.2.1", "Bearer x")
    attempt(Listener.TWO_WAY, "192.0.2.1", f"Bearer {token}")

    assert seen == ["listener", "source address", "AppKey", "access token", "certificate name"]


def test_a_secret_in_the_wrong_header_is_not_shown(served: Served) -> None:
    served.get(headers=served.headers() | {"AppKey": "demo-server-secret"})

    assert "demo-server-secret" not in str(served.platform.journal.last.to_json())


def test_a_token_of_another_scope_does_not_reach_functional_apis(served: Served) -> None:
    served.change("demo-server", scopes=("ilservices", "reports"))
    narrow = served.post_token(scope="reports").json()["access_token"]

    answer = served.get(headers=served.headers(token=narrow))

    body = answer.json()
    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="mock-sei", error="insufficient_scope", scope="ilservices"'
    )
    assert (body["code"], body["errors"]) == ("gateway.access.failure", [])
    assert served.platform.journal.last.actual == "reports"
    assert served.get().status_code == 200
