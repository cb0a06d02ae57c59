"""Authorization requests: what comes back to the application, and which error it is told."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from tests.oauth.flows import AUTHORIZE, call, log_in, returned
from tests.support import Platform


def test_implicit_answers_in_the_fragment_without_a_refresh_token(platform: Platform) -> None:
    """Acceptance rows E1, E2."""
    answer = log_in(platform, "demo-spa", state="xyz")

    parts = urlsplit(answer.headers["Location"])
    members = returned(answer)
    assert parts.query == ""
    assert members.keys() == {"access_token", "token_type", "expires_in", "scope", "state", "iss"}
    assert call(platform, members["access_token"], "demo-spa") == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "foo"}, "invalid_request"),
        ({"endOtherSessions": "maybe"}, "invalid_request"),
    ],
)
def test_every_other_error_goes_back_to_the_application(
    platform: Platform, changes: dict[str, str], error: str
) -> None:
    """Acceptance rows D6, D7, D9, D23."""
    members = returned(log_in(platform, state="s", **changes))

    assert (members["error"], members["state"]) == (error, "s")
    assert members["error_description"]
    assert "code" not in members


def test_a_native_application_must_send_a_challenge(platform: Platform) -> None:
    """Acceptance row D27."""
    members = returned(log_in(platform, "demo-native", code_challenge=None))

    assert members["error"] == "invalid_request"


def test_response_type_may_be_absent_in_the_sei_dialect_alone(platform: Platform) -> None:
    """Acceptance row D7."""
    assert "code" in returned(log_in(platform))
    platform.sandbox.reset({"dialect": "rfc"})

    assert returned(log_in(platform))["error"] == "invalid_request"
    assert "code" in returned(log_in(platform, response_type="code"))


def test_a_repeated_parameter_is_refused(browser: TestClient) -> None:
    twice = "client_id=demo-web-key&scope=ilservices&scope=ilservices"
    clients = "client_id=demo-web-key&client_id=demo-spa-key"

    assert returned(browser.get(AUTHORIZE, params=twice))["error"] == "invalid_request"
    assert browser.get(AUTHORIZE, params=clients).status_code == 400
