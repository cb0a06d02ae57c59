"""The end users' grants in process: what each gives, and each refusal with its reason."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from mock_sei.oauth.proof_key import challenge_of
from mock_sei.standards import STANDARDS, TOKEN_GRANTS, Listener
from tests.support import TOKEN_PATH, Platform

AUTHORIZE = "/v2/oauth/authorize"
VERIFIER = "a-verifier-of-forty-three-characters-or-more-1"
ALICE = {"username": "alice@example.com", "password": "alice-password", "decision": "allow"}
LOOPBACK = "http://127.0.0.1:51234/callback"
NATIVE = {
    "code_challenge": challenge_of(VERIFIER),
    "code_challenge_method": "S256",
    "redirect_uri": LOOPBACK,
}


def log_in(platform: Platform, application: str = "demo-web", **query: Any) -> httpx2.Response:
    """One POST that logs in and consents, as a test without a browser makes it."""
    app_key = platform.application(application).app_key
    native = NATIVE if application == "demo-native" else {}
    parameters = {"client_id": app_key, **native} | query
    http = platform.client(None, listener=Listener.ONE_WAY)
    return http.post(
        AUTHORIZE,
        params={name: value for name, value in parameters.items() if value is not None},
        data=ALICE,
        follow_redirects=False,
    )


def returned(answer: httpx2.Response) -> dict[str, str]:
    """What came back to the redirect address, in its query or fragment."""
    parts = urlsplit(answer.headers["Location"])
    return dict(parse_qsl(parts.fragment or parts.query))


def redeem(platform: Platform, application: str = "demo-web", **form: Any) -> httpx2.Response:
    """A token request of an application over its own listener."""
    found = platform.application(application)
    fields = {name: value for name, value in form.items() if value is not None}
    listener = found.standard.listener
    http = platform.client(found.service_account, listener=listener)
    if found.app_secret is None:
        return http.post(TOKEN_PATH, data={"client_id": found.app_key, **fields})
    return http.post(TOKEN_PATH, data=fields, auth=(found.app_key, found.app_secret))


def by_code(platform: Platform, application: str = "demo-web", **changes: Any) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "code": returned(log_in(platform, application))["code"],
        "code_verifier": VERIFIER if application == "demo-native" else None,
        "redirect_uri": LOOPBACK if application == "demo-native" else None,
    }
    return redeem(platform, application, **(form | changes))


def refresh(platform: Platform, token: str, application: str = "demo-web", **more: Any) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return redeem(platform, application, **form, **more)


def call(platform: Platform, token: str, application: str = "demo-web") -> int:
    """Status of a functional call with a token, over the application's own listener."""
    found = platform.application(application)
    http = platform.client(found.service_account, listener=found.standard.listener)
    return platform.get(http=http, headers=platform.headers(application, token)).status_code


def reason(platform: Platform) -> str:
    return platform.sandbox.journal.last.refused_because or ""


def assert_invalid_grant(platform: Platform, answer: Any, because: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert because in reason(platform)


# What each grant gives


def test_a_code_gives_the_documented_members_in_their_order(platform: Platform) -> None:
    """Acceptance rows D1, D31, F9."""
    platform.sandbox.clock.freeze()

    body = by_code(platform).json()

    assert list(body) == [
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "refresh_token_expires_in",
        "redirect_url",
        "email",
        "scope",
    ]
    assert body["token_type"] == "BearerToken"
    assert body["refresh_token_expires_in"] == 2_592_000
    assert body["redirect_url"] == "https://localhost:9443/callback"
    assert call(platform, body["access_token"]) == 200


def test_a_native_application_needs_no_certificate_and_a_verifier(platform: Platform) -> None:
    """Acceptance row D19."""
    body = by_code(platform, "demo-native").json()

    assert call(platform, body["access_token"], "demo-native") == 200
    assert refresh(platform, body["refresh_token"], "demo-native").status_code == 200


def test_implicit_answers_in_the_fragment_without_a_refresh_token(platform: Platform) -> None:
    """Acceptance rows E1, E2."""
    answer = log_in(platform, "demo-spa", state="xyz")

    parts = urlsplit(answer.headers["Location"])
    members = returned(answer)
    assert parts.query == ""
    assert members.keys() == {"access_token", "token_type", "expires_in", "scope", "state", "iss"}
    assert call(platform, members["access_token"], "demo-spa") == 200


def test_the_password_grant_is_for_internal_applications(platform: Platform) -> None:
    """Acceptance rows E4, E5."""
    form = {"grant_type": "password"} | ALICE

    good = redeem(platform, "demo-internal", **form)
    wrong = redeem(platform, "demo-internal", **(form | {"password": "wrong"}))
    other = redeem(platform, "demo-web", **form)

    assert call(platform, good.json()["access_token"], "demo-internal") == 200
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert (other.status_code, other.json()["error"]) == (400, "unauthorized_client")


def test_another_accounts_certificate_is_refused_for_users_tokens_too(platform: Platform) -> None:
    """Acceptance row A13."""
    token = by_code(platform).json()["access_token"]
    http = platform.client("svc-demo")

    assert platform.get(http=http, headers=platform.headers("demo-web", token)).status_code == 403
    code = returned(log_in(platform))["code"]
    answer = http.post(
        TOKEN_PATH,
        data={"grant_type": "authorization_code", "code": code},
        auth=("demo-web-key", "demo-web-secret"),
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
@pytest.mark.parametrize("grant", [*TOKEN_GRANTS, "device_code"])
@pytest.mark.parametrize(
    "name", ["demo-server", "demo-web", "demo-internal", "demo-spa", "demo-native"]
)
def test_the_standards_table_is_enforced(
    platform: Platform, name: str, grant: str, listener: Listener
) -> None:
    """Each application x each grant x each listener: what its row has not is refused as such."""
    found = platform.application(name)
    http = platform.client(found.service_account or "svc-demo", listener=listener)
    form = {"grant_type": grant, "client_id": found.app_key}
    if found.app_secret:
        form["client_secret"] = found.app_secret

    answer = http.post(TOKEN_PATH, data=form)

    refused_by = platform.sandbox.journal.last.refused_by
    if grant not in found.standard.token_grants:
        wanted = "unauthorized_client" if grant in TOKEN_GRANTS else "unsupported_grant_type"
        assert (answer.status_code, answer.json()["error"]) == (400, wanted)
        assert refused_by == "row and grant"
    elif listener is not found.standard.listener:
        assert (answer.status_code, refused_by) == (403, "listener")
    else:
        assert (answer.status_code, refused_by) == (400, "parse")  # its own parameters are missing


def test_every_row_of_the_table_has_a_demo_application(platform: Platform) -> None:
    registered = platform.sandbox.state.registry.applications.values()

    assert {id(each.standard) for each in registered} == {id(row) for row in STANDARDS}


# Codes


def test_a_code_dies_after_twenty_seconds(platform: Platform) -> None:
    """Acceptance row D14."""
    young, old = (returned(log_in(platform))["code"] for _ in range(2))
    platform.sandbox.clock.advance(seconds=19)
    assert by_code(platform, code=young).status_code == 200
    platform.sandbox.clock.advance(seconds=1)

    assert_invalid_grant(platform, by_code(platform, code=old), "older than 20 seconds")


def test_a_second_use_ends_the_tokens_of_the_first(platform: Platform) -> None:
    """Acceptance row D13."""
    code = returned(log_in(platform))["code"]
    first = by_code(platform, code=code).json()

    assert_invalid_grant(platform, by_code(platform, code=code), "used before")
    assert call(platform, first["access_token"]) == 401
    assert refresh(platform, first["refresh_token"]).status_code == 400


def test_a_hundred_redemptions_give_one_token(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]

    statuses = [by_code(platform, code=code).status_code for _ in range(100)]

    assert sorted(statuses) == [200, *[400] * 99]


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"code": "bogus"}, "No such code"),
        ({"redirect_uri": "https://localhost:9443/other"}, "redirect_uri is not the one"),
        ({"code_verifier": VERIFIER}, "had no code_challenge"),
    ],
)
def test_a_wrong_redemption_is_refused(
    platform: Platform, changes: dict[str, str], because: str
) -> None:
    """Acceptance row D18."""
    assert_invalid_grant(platform, by_code(platform, **changes), because)


def test_a_redirect_address_that_was_sent_must_be_sent_again(platform: Platform) -> None:
    """RFC 6749 section 4.1.3."""
    address = "https://localhost:9443/callback"

    def code() -> str:
        return returned(log_in(platform, redirect_uri=address))["code"]

    assert by_code(platform, code=code(), redirect_uri=address).status_code == 200
    assert_invalid_grant(platform, by_code(platform, code=code()), "redirect_uri")


def test_another_application_cannot_redeem_a_code(platform: Platform) -> None:
    code = returned(log_in(platform))["code"]

    answer = by_code(platform, "demo-native", code=code)

    assert_invalid_grant(platform, answer, "another application")


@pytest.mark.parametrize("verifier", ["x" * 43, None])
def test_a_wrong_or_missing_verifier_burns_the_code(
    platform: Platform, verifier: str | None
) -> None:
    """Acceptance rows D20, D21."""
    code = returned(log_in(platform, "demo-native"))["code"]

    wrong = by_code(platform, "demo-native", code=code, code_verifier=verifier)

    assert_invalid_grant(platform, wrong, "the code is spoilt")
    assert_invalid_grant(platform, by_code(platform, "demo-native", code=code), "spoilt")


@pytest.mark.parametrize("verifier", ["x" * 42, "x" * 129, "é" * 43, "x" * 42 + " "])
def test_a_malformed_verifier_is_refused(platform: Platform, verifier: str) -> None:
    """Acceptance row D25."""
    answer = by_code(platform, "demo-native", code_verifier=verifier)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_plain_is_meant_where_no_method_is_named(platform: Platform) -> None:
    """Acceptance row D24."""
    proof = {"code_challenge": VERIFIER, "code_challenge_method": None}
    code = returned(log_in(platform, "demo-native", **proof))["code"]

    assert by_code(platform, "demo-native", code=code).status_code == 200


def test_a_public_client_names_itself(platform: Platform) -> None:
    """Acceptance row D28."""
    code = returned(log_in(platform, "demo-native"))["code"]
    http = platform.client(None, listener=Listener.ONE_WAY)

    answer = http.post(TOKEN_PATH, data={"grant_type": "authorization_code", "code": code})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


# Refresh


def test_a_refresh_gives_new_tokens_of_the_same_scope(platform: Platform) -> None:
    """Acceptance rows F1, F9."""
    platform.sandbox.clock.freeze()
    first = by_code(platform).json()
    platform.sandbox.clock.advance(days=1)

    second = refresh(platform, first["refresh_token"]).json()

    assert second["scope"] == first["scope"]
    assert second["refresh_token"] != first["refresh_token"]
    assert second["refresh_token_expires_in"] == 2_592_000 - 86_400
    assert call(platform, second["access_token"]) == 200


def test_the_reuse_of_a_refresh_token_ends_the_family(platform: Platform) -> None:
    first = by_code(platform).json()
    second = refresh(platform, first["refresh_token"]).json()

    assert_invalid_grant(platform, refresh(platform, first["refresh_token"]), "used before")
    assert refresh(platform, second["refresh_token"]).status_code == 400
    assert call(platform, second["access_token"]) == 401


def test_a_bogus_refresh_token_is_refused(platform: Platform) -> None:
    """Acceptance row F2."""
    assert_invalid_grant(platform, refresh(platform, "bogus"), "No such refresh token")


def test_refreshing_ends_after_thirty_days(platform: Platform) -> None:
    token = by_code(platform).json()["refresh_token"]
    platform.sandbox.clock.advance(days=29)
    token = refresh(platform, token).json()["refresh_token"]
    platform.sandbox.clock.advance(days=1, seconds=1)

    assert_invalid_grant(platform, refresh(platform, token), "30 days")


def test_a_user_who_is_gone_cannot_refresh(platform: Platform) -> None:
    """Acceptance row F8."""
    token = by_code(platform).json()["refresh_token"]
    del platform.sandbox.state.registry.end_users["alice@example.com"]

    assert_invalid_grant(platform, refresh(platform, token), "is gone")


def test_a_refresh_may_ask_for_less_and_later_for_all_again(platform: Platform) -> None:
    """Acceptance rows F4, F5."""
    several = dataclasses.replace(
        platform.application("demo-web"), scopes=("ilservices", "reports")
    )
    platform.sandbox.state.registry.applications["demo-web-key"] = several
    token = by_code(platform).json()["refresh_token"]

    less = refresh(platform, token, scope="reports").json()
    wider = refresh(platform, less["refresh_token"], scope="reports everything")
    again = refresh(platform, less["refresh_token"]).json()

    assert less["scope"] == "reports"
    assert wider.json()["error"] == "invalid_scope"
    assert again["scope"] == "ilservices reports"


# Revocation, information, sessions


def revoke(platform: Platform, application: str = "demo-web", **form: str) -> httpx2.Response:
    found = platform.application(application)
    http = platform.client(found.service_account)
    pair = (found.app_key, found.app_secret or "")
    return http.post("/v2/oauth/revoke", data=form, auth=pair)


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_one_token_ends_its_partner(platform: Platform, which: str) -> None:
    """Acceptance rows G7, G8, G14."""
    tokens = by_code(platform).json()

    answer = revoke(platform, token=tokens[which])

    assert answer.status_code == 200
    assert answer.json().keys() == {"message", "token", "cascade"}
    assert answer.json()["cascade"] == "true"
    assert call(platform, tokens["access_token"]) == 401
    assert refresh(platform, tokens["refresh_token"]).status_code == 400


def test_revoking_what_is_unknown_or_revoked_is_no_error(platform: Platform) -> None:
    """Acceptance row G9."""
    token = by_code(platform).json()["access_token"]

    statuses = [revoke(platform, token=each).status_code for each in ("bogus", token, token)]

    assert statuses == [200, 200, 200]


def test_a_wrong_revocation_is_refused_in_the_documented_shape(platform: Platform) -> None:
    """Acceptance rows G10, G13."""
    missing = revoke(platform)
    wrong = platform.client("svc-web").post(
        "/v2/oauth/revoke", data={"token": "x"}, auth=("demo-web-key", "wrong")
    )
    foreign = revoke(platform, "demo-internal", token=by_code(platform).json()["access_token"])

    assert (missing.status_code, missing.json()["error"]) == (400, "invalid_request")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert (foreign.status_code, foreign.json()["error"]) == (400, "invalid_grant")
    for answer in (missing, wrong, foreign):
        assert all(isinstance(answer.json()[each], str) for each in ("ErrorCode", "Error", "Hint"))


def test_invalidate_token_revokes_too(platform: Platform) -> None:
    token = by_code(platform).json()["access_token"]

    answer = redeem(platform, grant_type="invalidate_token", token=token)

    assert answer.json()["cascade"] == "true"
    assert call(platform, token) == 401


def information(platform: Platform, token: str, **query: str) -> httpx2.Response:
    http = platform.client("svc-web")
    headers = {"Authorization": f"Bearer {token}"}
    return http.get("/v2/oauth/tokeninfo", params=query, headers=headers)


def test_token_information_has_the_documented_members(platform: Platform) -> None:
    platform.sandbox.clock.freeze()
    tokens = by_code(platform).json()
    platform.sandbox.clock.advance(seconds=9)

    body = information(platform, tokens["access_token"], client_id="demo-web-key").json()

    assert body["expires_in"] in (3590, 3591)
    assert body["status"] == "approved"
    assert body["app_name"] == "demo-web"
    assert body["email"] == "alice@example.com"
    assert body["refresh_token"] == tokens["refresh_token"]
    assert body["refresh_token_expires_in"] == 2_591_991


def test_token_information_refuses_dead_tokens_and_missing_ids(platform: Platform) -> None:
    """Acceptance row G7."""
    token = by_code(platform).json()["access_token"]
    assert information(platform, token).status_code == 400
    assert information(platform, token, client_id="demo-internal-key").status_code == 401
    revoke(platform, token=token)

    assert information(platform, token, client_id="demo-web-key").status_code == 401


def test_a_session_token_is_the_log_in_pages_cookie(platform: Platform) -> None:
    cookie = log_in(platform).cookies["mock_sei_session"]

    good = redeem(platform, grant_type="sessionToken", sessionToken=cookie)
    bad = redeem(platform, grant_type="sessionToken", sessionToken="bogus")

    assert_invalid_grant(platform, bad, "No live session")
    assert call(platform, good.json()["access_token"]) == 200


def test_other_sessions_end_when_asked(platform: Platform) -> None:
    first = by_code(platform).json()

    second = returned(log_in(platform, endOtherSessions="true"))

    assert call(platform, first["access_token"]) == 401
    assert by_code(platform, code=second["code"]).status_code == 200


def test_a_second_session_is_refused_where_the_setting_says_so(platform: Platform) -> None:
    platform.sandbox.reset({"concurrent_sessions": "refuse"})
    form = {"grant_type": "password"} | ALICE
    log_in(platform)

    again = returned(log_in(platform))
    password = redeem(platform, "demo-internal", **form)
    ended = redeem(platform, "demo-internal", **form, endOtherSessions="true")

    assert again["error"] == "access_denied"
    assert (password.status_code, password.json()["error"]) == (400, "invalid_grant")
    assert ended.status_code == 200
