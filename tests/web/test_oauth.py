"""The OAuth endpoints over HTTP: paths, methods, sizes and unexpected input."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.oauth.metadata import REVOKE_PATH, TOKEN_INFO_PATH
from mock_sei.oauth.token_request import MEDIA_TYPES
from tests.oauth.flows import DESCRIPTION, PAIR, encoded
from tests.oauth.good_requests import GRANTS
from tests.support import TICKETS, TOKEN_PATH, Served


@pytest.mark.parametrize("path", ["/v2/oauthtoken", "/v3/oauthtoken", "/v2/oauth/token"])
def test_every_token_path_has_the_same_handler(served: Served, path: str) -> None:
    answer = served.client().post(
        path, headers={"Authorization": f"Basic {PAIR}"}, data=served.form()
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_refused(served: Served, method: str) -> None:
    answer = served.client().request(method, TOKEN_PATH)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.json()["trackingId"]


@pytest.mark.long
def test_a_body_over_the_limit_is_refused_unread(served: Served) -> None:
    def endless() -> Any:
        for _ in range(2000):
            yield b"x" * 1024

    announced = served.client().post(TOKEN_PATH, content=b"x" * (1024 * 1024 + 1))
    streamed = served.client().post(TOKEN_PATH, content=endless())

    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert served.platform.journal.last.refused_by == "body size"


NAMES = st.sampled_from(
    [
        *("grant_type", "code", "code_verifier", "refresh_token", "username", "email"),
        *("password", "scope", "token", "client_id", "client_secret", "redirect_uri"),
        *("sessionToken", "SAMLResponse", "SAMLAssertion", "endOtherSessions", "x"),
    ]
)
VALUES = st.one_of(
    st.text(),
    st.binary(max_size=8).map(lambda data: data.decode("utf-8", "surrogateescape")),
    st.sampled_from([*GRANTS, "demo-web-key", "demo-web-secret", "alice@example.com", "true"]),
)
PAIRS = st.lists(st.tuples(NAMES, VALUES), max_size=8).map(
    lambda pairs: urlencode(pairs, errors="surrogateescape").encode()
)
HEADER = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.binary(max_size=40).map(lambda data: b"Basic " + base64.b64encode(data)),
    st.binary(max_size=40).map(lambda data: b"Bearer " + base64.urlsafe_b64encode(data)),
    st.binary(max_size=20).map(lambda data: base64.b64encode(b"demo-web-key:" + data)),
    st.just(b"Basic " + encoded("demo-web-key:demo-web-secret").encode()),
)
MEDIA_TYPE = st.sampled_from([*MEDIA_TYPES, "application/json", "text/plain", "", "a;b=\xe9"])


def headers_of(authorization: bytes | None, media_type: str = "") -> list[tuple[bytes, bytes]]:
    """Values that a client can send: without line ends."""
    headers = [(b"content-type", media_type.encode())] if media_type else []
    if authorization is not None:
        clean = authorization.translate(None, b"\r\n\0")
        headers.append((b"authorization", clean))
    return headers


def assert_well_formed(served: Served, answer: httpx2.Response, *members: str) -> None:
    """Any request gets the platform's error body, and never a bug or a page."""
    assert served.platform.bugs == []
    assert 400 <= answer.status_code < 500
    body = answer.json()
    assert body.keys() >= {"code", "message", "trackingId", "transient", "errors", *members}
    assert body["trackingId"] == answer.headers["RequestTrackingId"]
    assert DESCRIPTION.fullmatch(body.get("error_description", "none"))
    assert ("WWW-Authenticate" in answer.headers) is (answer.status_code == 401)
    assert json.dumps(served.platform.journal.last.to_json(), ensure_ascii=False).encode()


@pytest.mark.long
@given(
    query=PAIRS,
    body=st.one_of(PAIRS, st.binary(max_size=100)),
    authorization=HEADER,
    media_type=MEDIA_TYPE,
)
def test_whatever_comes_to_the_token_endpoint_is_answered_well(
    hammered: Served, query: bytes, body: bytes, authorization: bytes | None, media_type: str
) -> None:
    answer = hammered.client("svc-web").post(
        f"{TOKEN_PATH}?{query.decode()}",
        content=body,
        headers=headers_of(authorization, media_type),
    )

    if answer.status_code == 200:
        assert answer.json()["cascade"] == "true"  # invalidate_token, of a token that is none
    else:
        assert_well_formed(hammered, answer, "error", "error_description")


@given(
    body=st.one_of(PAIRS, st.binary(max_size=100)),
    authorization=HEADER,
    media_type=MEDIA_TYPE,
)
def test_whatever_comes_to_revoke_is_answered_well(
    hammered: Served, body: bytes, authorization: bytes | None, media_type: str
) -> None:
    answer = hammered.client("svc-web").post(
        REVOKE_PATH, content=body, headers=headers_of(authorization, media_type)
    )

    if answer.status_code == 200:  # RFC 7009 section 2.2: a token that is none is no error
        assert answer.json()["cascade"] == "true"
        assert hammered.platform.bugs == []
    else:
        assert_well_formed(hammered, answer, "error", "ErrorCode", "Error", "Hint")


@pytest.mark.long
@given(
    client_id=st.one_of(st.just("demo-web-key"), st.text(max_size=20)),
    query=PAIRS,
    authorization=HEADER,
)
def test_whatever_comes_to_token_information_is_answered_well(
    hammered: Served, client_id: str, query: bytes, authorization: bytes | None
) -> None:
    named = urlencode({"client_id": client_id}).encode()
    answer = hammered.client("svc-web").get(
        f"{TOKEN_INFO_PATH}?{(query + b'&' + named).decode()}", headers=headers_of(authorization)
    )

    assert_well_formed(hammered, answer)


@pytest.mark.long
@given(authorization=st.binary(max_size=60), app_key=st.binary(max_size=20))
def test_whatever_stands_in_the_headers_of_a_call_is_answered_well(
    hammered: Served, authorization: bytes, app_key: bytes
) -> None:
    bearer = b"Bearer " + base64.urlsafe_b64encode(authorization) + b".x.y"
    for value in (authorization, b"Bearer " + authorization, bearer):
        for key in (b"demo-web-key", app_key.translate(None, b"\r\n\0")):
            headers = [*headers_of(value), (b"appkey", key)]
            answer = hammered.client("svc-web").get(TICKETS, headers=headers)

            assert answer.status_code in (401, 403)
            assert_well_formed(hammered, answer)
