"""Authorization requests: what comes back to the application, and which error it is told."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2
import pytest

from tests.oauth.flows import ALICE, AUTHORIZE, call, log_in, reason, returned
from tests.support import Platform


def test_implicit_answers_in_the_fragment_without_a_refresh_token(platform: Platform) -> None:
    """Acceptance rows E1, E2."""
    answer = log_in(platform, "demo-spa", state="xyz")

    parts = urlsplit(answer.headers["Location"])
    members = returned(answer)
    assert answer.headers["Location"].startswith("http://localhost:8000/callback#")
    assert parts.query == ""
    assert members.keys() == {"access_token", "token_type", "expires_in", "scope", "state", "iss"}
    assert (members["token_type"], members["expires_in"]) == ("BearerToken", "3600")
    assert (members["state"], members["iss"]) == ("xyz", "https://localhost")
    assert call(platform, members["access_token"], "demo-spa") == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "foo"}, "invalid_request"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": "x" * 44, "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "x" * 129, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "x" * 42 + "\xe9"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"endOtherSessions": "maybe"}, "invalid_request"),
    ],
)
def test_every_other_error_goes_back_to_the_application(
    platform: Platform, changes: dict[str, str], error: str
) -> None:
    """Acceptance rows D9, D23."""
    answer = log_in(platform, state="s", **changes)

    members = returned(answer)
    assert answer.headers["Location"].startswith("https://localhost:9443/callback?error=")
    assert members.keys() == {"error", "error_description", "state", "iss"}
    assert (members["error"], members["state"]) == (error, "s")
    assert members["iss"] == "https://localhost"


WITHOUT: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


def test_a_native_application_must_send_a_challenge(platform: Platform) -> None:
    """Acceptance row D27."""
    for changes in ({"code_challenge": None}, {"code_challenge": ""}, WITHOUT):
        members = returned(log_in(platform, "demo-native", state="s", **changes))
        assert (members["error"], members["state"]) == ("invalid_request", "s")
        assert "code challenge required" in reason(platform)
    assert "code" in returned(log_in(platform, "demo-native"))


# By dialect, application and ``response_type``: the member that comes back, or the error.
# An application that has no redirect address is told on a page; here every one has one.

UNKNOWN = "unsupported_response_type"
FOREIGN = "unauthorized_client"
MISSING = "invalid_request"
RESPONSE_TYPES: dict[str, dict[str | None, str]] = {
    "demo-web": {"code": "code", "token": FOREIGN, None: "code"},
    "demo-native": {"code": "code", "token": FOREIGN, None: "code"},
    "demo-spa": {"code": FOREIGN, "token": "access_token", None: "access_token"},
    "demo-internal": {"code": FOREIGN, "token": FOREIGN, None: FOREIGN},
    "demo-server": {"code": FOREIGN, "token": FOREIGN, None: FOREIGN},
}
SAME_FOR_ALL = {"": MISSING, "code token": UNKNOWN, "CODE": UNKNOWN, "id_token": UNKNOWN}
CELLS = [
    (name, sent, dialect, MISSING if (sent, dialect) == (None, "rfc") else expected)
    for dialect in ("sei", "rfc")
    for name, row in RESPONSE_TYPES.items()
    for sent, expected in (row | SAME_FOR_ALL).items()
]


@pytest.mark.parametrize(("name", "sent", "dialect", "expected"), CELLS)
def test_each_application_has_its_one_response_type(
    platform: Platform, name: str, sent: str | None, dialect: str, expected: str
) -> None:
    """Acceptance rows D6, D7."""
    platform.sandbox.reset({"dialect": dialect})
    if not platform.application(name).redirect_addresses:
        platform.change(name, redirect_addresses=("https://localhost:9443/own",))

    answer = log_in(platform, name, response_type=sent, state="s")

    members = returned(answer)
    in_fragment = bool(urlsplit(answer.headers["Location"]).fragment)
    assert in_fragment is (name == "demo-spa")
    assert (members["state"], members["iss"]) == ("s", "https://localhost")
    if expected in ("code", "access_token"):
        assert members[expected]
        assert "error" not in members
    else:
        assert members["error"] == expected
        assert members["error_description"]
        assert not members.keys() & {"code", "access_token"}


@pytest.mark.parametrize("dialect", ["sei", "rfc"])
@pytest.mark.parametrize("name", RESPONSE_TYPES)
def test_the_two_way_listener_has_no_authorization_endpoint(
    platform: Platform, name: str, dialect: str
) -> None:
    platform.sandbox.reset({"dialect": dialect})
    found = platform.application(name)
    http = platform.client(found.service_account or "svc-demo")
    for sent in ("code", "token", None, "", "code token", "id_token"):
        query = {"client_id": found.app_key} | ({} if sent is None else {"response_type": sent})

        answer = http.post(AUTHORIZE, params=query, data=ALICE, follow_redirects=False)

        assert answer.status_code == 404
        assert answer.json()["code"] == "resource.not.found"
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert platform.sandbox.journal.last.expected == "one-way"


def test_a_repeated_parameter_is_refused(browser: httpx2.Client) -> None:
    twice = "client_id=demo-web-key&scope=ilservices&scope=ilservices"
    clients = "client_id=demo-web-key&client_id=demo-spa-key"

    assert returned(browser.get(AUTHORIZE, params=twice))["error"] == "invalid_request"
    assert browser.get(AUTHORIZE, params=clients).status_code == 400
