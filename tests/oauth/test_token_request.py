"""A token request is read strictly: forms, the query string, the key pair's places."""

from __future__ import annotations

from typing import Any

import pytest

from mock_sei.errors import KEY_PAIR, REQUEST_INVALID
from tests.oauth.flows import PAIR, assert_refused
from tests.support import TOKEN_PATH, Platform


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


def test_a_header_of_other_bytes_than_text_is_refused_and_can_be_read_in_the_journal(
    platform: Platform,
) -> None:
    answer = platform.client().post(
        TOKEN_PATH, headers=[(b"authorization", b"Basic \xe9\xe9")], data=platform.form()
    )

    assert_refused(platform, answer, KEY_PAIR, "key pair", because="not Base64")
    [entry] = platform.sandbox.journal.to_json()["entries"]
    assert entry["request"]["headers"]["authorization"] == "***"


def test_two_key_pairs_at_once_are_refused(platform: Platform) -> None:
    """RFC 6749 section 2.3."""
    answer = platform.post_token(client_id="demo-server-key", client_secret="demo-server-secret")

    assert_refused(platform, answer, REQUEST_INVALID, "parse")


def test_client_id_beside_the_header_must_be_the_same(platform: Platform) -> None:
    assert platform.post_token(client_id="demo-server-key").status_code == 200
    assert_refused(
        platform, platform.post_token(client_id="demo-web-key"), REQUEST_INVALID, "parse"
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
