"""The OAuth endpoints over HTTP: paths, methods, sizes, and whatever else comes in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oauth.flows import PAIR
from tests.support import TOKEN_PATH, Platform


@pytest.mark.parametrize("path", ["/v2/oauthtoken", "/v3/oauthtoken", "/v2/oauth/token"])
def test_every_token_path_has_the_same_handler(platform: Platform, path: str) -> None:
    answer = platform.client().post(
        path, headers={"Authorization": f"Basic {PAIR}"}, data=platform.form()
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_refused(platform: Platform, method: str) -> None:
    """Acceptance row C15."""
    answer = platform.client().request(method, TOKEN_PATH)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.json()["trackingId"]


def test_a_body_over_the_limit_is_refused_unread(platform: Platform) -> None:
    def endless() -> Any:
        for _ in range(2000):
            yield b"x" * 1024

    announced = platform.client().post(TOKEN_PATH, content=b"x" * (1024 * 1024 + 1))
    streamed = platform.client().post(TOKEN_PATH, content=endless())

    assert (announced.status_code, streamed.status_code) == (413, 413)
    assert platform.sandbox.journal.last.refused_by == "body size"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from(["grant_type", "code", "refresh_token", "username", "scope", "token"]),
            st.one_of(st.text(), st.sampled_from(["authorization_code", "refresh_token"])),
        ),
    ),
    authorization=st.one_of(
        st.none(),
        st.binary(max_size=60),
        st.just(b"Basic ZGVtby13ZWIta2V5OmRlbW8td2ViLXNlY3JldA=="),
    ),
)
def test_whatever_comes_to_the_token_endpoint_is_answered_well(
    platform: Platform, body: Any, authorization: bytes | None
) -> None:
    headers = {b"Content-Type": b"application/x-www-form-urlencoded"}
    if authorization is not None:
        headers[b"Authorization"] = authorization.replace(b"\r", b"").replace(b"\n", b"")
    sent = {"data": body} if isinstance(body, dict) else {"content": body}

    answer = platform.client("svc-web").post(TOKEN_PATH, headers=headers, **sent)

    assert 400 <= answer.status_code < 500
    assert answer.json().keys() >= {"code", "message", "trackingId", "errors", "error"}
    assert platform.sandbox.bugs == []
