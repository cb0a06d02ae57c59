"""The token endpoint: its good answer, and each of its refusals with the body and the reason."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import pytest

from mock_sei.errors import GRANT_INVALID, KEY_PAIR, REQUEST_INVALID, SCOPE_INVALID, Kind
from mock_sei.records import Application
from mock_sei.standards import Listener
from tests.support import TOKEN_PATH, Platform

CREDENTIALS_MESSAGE = "Gateway Authentication Failed, Please validate Credentials"
PRECONDITIONS = "Preconditions not met. The security conditions for gateway access were not met"


def encoded(pair: str) -> str:
    return base64.b64encode(pair.encode()).decode()


PAIR = encoded("demo-server-key:demo-server-secret")


def change(platform: Platform, name: str, **changes: Any) -> Application:
    """Registers an application anew with other values."""
    changed = dataclasses.replace(platform.application(name), **changes)
    platform.sandbox.state.registry.applications[changed.app_key] = changed
    return changed


def test_client_credentials_give_a_token(platform: Platform) -> None:
    """Acceptance rows C1, C2, C24."""
    answer = platform.post_token()

    body = answer.json()
    assert answer.status_code == 200
    assert body.pop("access_token").count(".") == 2
    assert body == {"token_type": "BearerToken", "expires_in": 3600, "scope": "ilservices"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"


def test_the_rfc_dialect_says_bearer(platform: Platform) -> None:
    """Acceptance row C1."""
    platform.sandbox.reset({"dialect": "rfc"})

    assert platform.post_token().json()["token_type"] == "Bearer"


@pytest.mark.parametrize("path", ["/v2/oauthtoken", "/v3/oauthtoken", "/v2/oauth/token"])
def test_every_token_path_has_the_same_handler(platform: Platform, path: str) -> None:
    answer = platform.client().post(
        path, headers={"Authorization": f"Basic {PAIR}"}, data=platform.form()
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("scheme", ["Basic ", "", "basic ", "BASIC  "])
def test_the_key_pair_header_works_with_and_without_its_scheme(
    platform: Platform, scheme: str
) -> None:
    """The token page's example has no ``Basic``."""
    answer = platform.client().post(
        TOKEN_PATH, headers={"Authorization": f"{scheme}{PAIR}"}, data=platform.form()
    )

    assert answer.status_code == 200


def test_the_key_pair_may_stand_in_the_form(platform: Platform) -> None:
    form = platform.form(client_id="demo-server-key", client_secret="demo-server-secret")

    assert platform.client().post(TOKEN_PATH, data=form).status_code == 200


def test_email_may_stand_for_username(platform: Platform) -> None:
    """The create-token page calls it so."""
    assert platform.post_token(username=None, email="svc-demo").status_code == 200


def test_the_media_type_that_the_page_spells_is_accepted(platform: Platform) -> None:
    answer = platform.client().post(
        TOKEN_PATH,
        content=b"grant_type=client_credentials&username=svc-demo&password=svc-demo-password",
        headers={
            "Authorization": f"Basic {PAIR}",
            "Content-Type": "application/xxx-form-urlencoded",
        },
    )

    assert answer.status_code == 200


def test_query_parameters_are_accepted_and_flagged(platform: Platform) -> None:
    """Acceptance rows C8, C30."""
    query = platform.form() | {
        "client_id": "demo-server-key",
        "client_secret": "demo-server-secret",
    }

    answer = platform.client().post(TOKEN_PATH, params=query)

    assert answer.status_code == 200
    notes = " ".join(platform.sandbox.journal.last.notes)
    assert "query string" in notes
    assert "key pair" in notes
    assert "demo-server-secret" not in str(platform.sandbox.journal.to_json())


def test_the_rfc_dialect_refuses_query_parameters(platform: Platform) -> None:
    """Acceptance row C8."""
    platform.sandbox.reset({"dialect": "rfc"})

    answer = platform.client().post(
        TOKEN_PATH, params=platform.form(), headers={"Authorization": f"Basic {PAIR}"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_unknown_parameters_are_ignored(platform: Platform) -> None:
    """Acceptance row C14."""
    assert platform.post_token(flavour="vanilla").status_code == 200


def test_an_empty_parameter_counts_as_absent(platform: Platform) -> None:
    """RFC 6749 section 3.2."""
    assert platform.post_token(scope="").status_code == 200
    assert platform.post_token(password="").json()["error"] == "invalid_request"


def test_two_tokens_of_one_second_differ(platform: Platform) -> None:
    platform.sandbox.clock.freeze()

    assert platform.token() != platform.token()


def test_a_certificate_may_be_renewed_without_changing_its_name(platform: Platform) -> None:
    renewed = platform.sandbox.issue_certificate("svc-demo")

    assert platform.post_token(http=platform.client(renewed)).status_code == 200


# Refusals: what is changed about a good request, then the answer and the check that refused.


def assert_refused(
    platform: Platform, answer: Any, kind: Kind, check: str, *, because: str = ""
) -> None:
    body = answer.json()
    entry = platform.sandbox.journal.last
    assert (answer.status_code, body["error"]) == (kind.status, kind.error)
    assert (body["code"], body["message"]) == (kind.code, kind.message)
    assert body["transient"] is False
    assert body["error_description"]
    assert body["trackingId"] == answer.headers["RequestTrackingId"] == entry.tracking_id
    assert entry.refused_by == check
    assert because in (entry.refused_because or "")
    assert "access_token" not in body
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("header", "because"),
    [
        ("Basic " + encoded("demo-server-key:wrong"), "AppSecret of demo-server is wrong"),
        ("Basic " + encoded("demo-server-key:"), "AppSecret of demo-server is missing"),
        ("Basic " + encoded("nobody:secret"), "No application has this AppKey"),
        ("Basic " + encoded("demo-server-secret:demo-server-key"), "swapped"),
        ("Basic " + encoded("no-colon"), "no colon"),
        ("Basic demo-server-key:demo-server-secret", "not Base64"),
        ("Bearer " + PAIR, "scheme Bearer"),
        ("Basic " + encoded("demo-spa-key:secret"), "has no AppSecret"),
        (None, "No key pair came"),
    ],
)
def test_a_wrong_key_pair_is_refused(platform: Platform, header: str | None, because: str) -> None:
    """Acceptance rows C3, C4, C5."""
    headers = {"Authorization": header} if header else {}

    answer = platform.client().post(TOKEN_PATH, headers=headers, data=platform.form())

    assert_refused(platform, answer, KEY_PAIR, "key pair", because=because)
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "demo-server-secret" not in str(platform.sandbox.journal.last.to_json())


def test_a_header_of_other_bytes_than_text_is_refused_and_can_be_read_in_the_journal(
    platform: Platform,
) -> None:
    answer = platform.client().post(
        TOKEN_PATH, headers=[(b"authorization", b"Basic \xe9\xe9")], data=platform.form()
    )

    assert_refused(platform, answer, KEY_PAIR, "key pair", because="not Base64")
    [entry] = platform.sandbox.journal.to_json()["entries"]
    assert entry["request"]["headers"]["authorization"] == "***"


def test_a_wrong_secret_in_the_form_is_refused(platform: Platform) -> None:
    """Acceptance row C6."""
    form = platform.form(client_id="demo-server-key", client_secret="wrong")

    assert_refused(platform, platform.client().post(TOKEN_PATH, data=form), KEY_PAIR, "key pair")


def test_two_key_pairs_at_once_are_refused(platform: Platform) -> None:
    """RFC 6749 section 2.3."""
    answer = platform.post_token(client_id="demo-server-key", client_secret="demo-server-secret")

    assert_refused(platform, answer, REQUEST_INVALID, "parse")


def test_client_id_beside_the_header_must_be_the_same(platform: Platform) -> None:
    assert platform.post_token(client_id="demo-server-key").status_code == 200
    assert_refused(
        platform, platform.post_token(client_id="demo-web-key"), REQUEST_INVALID, "parse"
    )


def test_an_application_waiting_for_approval_is_refused(platform: Platform) -> None:
    change(platform, "demo-server", approved=False)

    assert_refused(
        platform, platform.post_token(), KEY_PAIR, "key pair", because="waits for approval"
    )


def test_an_app_key_of_another_environment_is_refused(platform: Platform) -> None:
    """Acceptance row C26; documented row 5."""
    answer = platform.post_token("demo-limited")

    assert answer.status_code == 401
    assert answer.json()["message"] == "Invalid ApiKey for given resource"
    assert platform.sandbox.journal.last.expected == "build"
    assert platform.sandbox.journal.last.actual == "test"


def test_an_app_key_of_its_own_environment_is_accepted(platform: Platform) -> None:
    platform.sandbox.reset({"environment": "build"})

    assert platform.post_token("demo-limited").status_code == 200


def test_a_source_address_off_the_list_is_refused(platform: Platform) -> None:
    """Acceptance row A14; documented row 1."""
    change(platform, "demo-server", source_addresses=("192.0.2.0/24", "2001:db8::1"))

    refused = platform.post_token()
    accepted = [
        platform.post_token(http=platform.client(source=address))
        for address in ("192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7")
    ]

    body = refused.json()
    assert refused.status_code == 403
    assert body["code"] == "gateway.access.failure"
    assert body["message"] == PRECONDITIONS
    assert body["errors"] == []
    assert [each.status_code for each in accepted] == [200, 200, 200]


def test_the_one_way_listener_refuses_a_client_server_application(platform: Platform) -> None:
    """Acceptance row A12; documented row 3."""
    answer = platform.post_token(http=platform.client(None, listener=Listener.ONE_WAY))

    assert answer.status_code == 403
    assert answer.json()["errors"] == [{"reason": "The incoming traffic pattern is invalid."}]
    assert platform.sandbox.journal.last.refused_by == "listener"


def test_a_certificate_of_another_account_is_refused(platform: Platform) -> None:
    """Acceptance row A13; documented row 2."""
    answer = platform.post_token(http=platform.client("svc-web"))

    entry = platform.sandbox.journal.last
    assert answer.status_code == 403
    assert answer.json()["code"] == "gateway.access.failure"
    assert answer.json()["errors"] == [{"reason": "Authorization Failed."}]
    assert (entry.refused_by, entry.expected, entry.actual) == (
        "certificate name",
        "svc-demo",
        "svc-web",
    )


def test_no_certificate_at_all_is_refused_here_too(platform: Platform) -> None:
    """TLS would have refused it; the rule does not lean on that."""
    assert platform.post_token(http=platform.client(None)).status_code == 403


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"password": "wrong"}, "password of the service account svc-demo is wrong"),
        ({"username": "nobody"}, "no such service account"),
        (
            {"username": "svc-web", "password": "svc-web-password"},
            "belongs to another application",
        ),
    ],
)
def test_a_wrong_service_account_is_refused(
    platform: Platform, changes: dict[str, Any], because: str
) -> None:
    """Acceptance row C25."""
    assert_refused(
        platform, platform.post_token(**changes), GRANT_INVALID, "account", because=because
    )


@pytest.mark.parametrize("name", ["username", "password", "grant_type"])
def test_a_missing_parameter_is_refused(platform: Platform, name: str) -> None:
    """Acceptance row C9."""
    left_out: dict[str, Any] = {name: None}

    answer = platform.post_token(**left_out)

    assert_refused(platform, answer, REQUEST_INVALID, "parse", because=name)


@pytest.mark.parametrize("name", ["username", "password", "grant_type", "scope"])
def test_a_repeated_parameter_is_refused(platform: Platform, name: str) -> None:
    body = (
        "grant_type=client_credentials&username=svc-demo&password=svc-demo-password"
        f"&scope=ilservices&{name}=again"
    )

    answer = platform.client().post(
        TOKEN_PATH,
        content=body,
        headers={
            "Authorization": f"Basic {PAIR}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )

    assert_refused(platform, answer, REQUEST_INVALID, "parse", because=name)


def test_a_parameter_in_form_and_query_is_refused(platform: Platform) -> None:
    answer = platform.client().post(
        f"{TOKEN_PATH}?username=svc-demo",
        data=platform.form(),
        headers={"Authorization": f"Basic {PAIR}"},
    )

    assert_refused(platform, answer, REQUEST_INVALID, "parse", because="username")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials", "text/plain"),
        (b"grant_type=client_credentials", ""),
        (b"grant_type=\xff", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"a=1&" * 200, "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_refused(
    platform: Platform, body: bytes, media_type: str
) -> None:
    """Acceptance row C16."""
    headers = {"Authorization": f"Basic {PAIR}", "Content-Type": media_type}

    answer = platform.client().post(TOKEN_PATH, content=body, headers=headers)

    assert_refused(platform, answer, REQUEST_INVALID, "parse")


@pytest.mark.parametrize("grant_type", ["device_code", "implicit", "client_credentials "])
def test_an_unknown_grant_is_refused(platform: Platform, grant_type: str) -> None:
    """Acceptance row C10."""
    answer = platform.post_token(grant_type=grant_type)

    assert answer.status_code == 400
    assert answer.json()["error"] == "unsupported_grant_type"


def test_refresh_is_not_for_client_credentials(platform: Platform) -> None:
    """Acceptance row C27."""
    answer = platform.post_token(grant_type="refresh_token", refresh_token="any")

    assert answer.status_code == 400
    assert answer.json()["error"] == "unauthorized_client"


def test_a_public_client_may_not_use_client_credentials(platform: Platform) -> None:
    """Acceptance row C23."""
    answer = platform.client(None, listener=Listener.ONE_WAY).post(
        TOKEN_PATH, data={"grant_type": "client_credentials", "client_id": "demo-spa-key"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"] == "unauthorized_client"


def test_another_rows_grant_is_refused(platform: Platform) -> None:
    """Acceptance rows C11, E5."""
    answer = platform.post_token(grant_type="password")

    assert answer.json()["error"] == "unauthorized_client"
    assert "client_credentials, not password" in (
        platform.sandbox.journal.last.refused_because or ""
    )


def test_an_unknown_scope_is_refused(platform: Platform) -> None:
    """Acceptance row C19."""
    assert_refused(platform, platform.post_token(scope="everything"), SCOPE_INVALID, "scope")


def test_a_granted_scope_is_named(platform: Platform) -> None:
    """Acceptance row C20."""
    change(platform, "demo-server", scopes=("ilservices", "reports"))

    assert platform.post_token().json()["scope"] == "ilservices reports"
    assert platform.post_token(scope="reports").json()["scope"] == "reports"


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


def test_the_first_check_that_fails_decides(platform: Platform) -> None:
    """Everything is wrong at first and mended from the front: each check shows in its turn."""
    change(platform, "demo-server", source_addresses=("192.0.2.1",))
    seen = []

    def attempt(listener: Listener, source: str, secret: str, **changes: Any) -> None:
        http = platform.client("svc-web", listener=listener, source=source)
        platform.post_token(http=http, auth=("demo-server-key", secret), **changes)
        seen.append(platform.sandbox.journal.last.refused_by)

    attempt(Listener.ONE_WAY, "127.0.0.1", "wrong", grant_type=None)
    attempt(Listener.ONE_WAY, "127.0.0.1", "wrong", grant_type="password")
    attempt(Listener.ONE_WAY, "127.0.0.1", "demo-server-secret", grant_type="password")
    attempt(Listener.ONE_WAY, "192.0.2.1", "demo-server-secret", grant_type="password")
    attempt(Listener.ONE_WAY, "192.0.2.1", "demo-server-secret", password="wrong")
    attempt(Listener.TWO_WAY, "192.0.2.1", "demo-server-secret", password="wrong")
    attempt(Listener.TWO_WAY, "192.0.2.1", "demo-server-secret")

    assert seen == [
        "parse",
        "key pair",
        "source address",
        "row and grant",
        "listener",
        "account",
        "certificate name",
    ]
