"""Tokens in the opaque format: whatever holds for a JWT holds for them."""

from __future__ import annotations

import base64

import pytest

from mock_sei.journal.hiding import NO_SECRETS, hide_values
from tests.oauth.flows import by_code, call, information, refresh, revoke
from tests.support import Served


@pytest.fixture(params=["jwt", "opaque"])
def either(request: pytest.FixtureRequest, served: Served) -> Served:
    """A platform with each format of tokens."""
    served.platform.reset({"assumptions": {"token.format": request.param}})
    return served


def reason(served: Served) -> str:
    return served.platform.journal.last.refused_because or ""


def in_other_format(token: str) -> str:
    if "." in token:
        return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()


def test_a_token_is_accepted_used_up_and_described(either: Served) -> None:
    answer = by_code(either).json()
    token = answer["access_token"]

    assert call(either, token, "demo-web") == 200
    told = information(either, token, client_id="demo-web-key").json()
    assert (told["access_token"], told["app_name"]) == (token, "demo-web")


def test_a_revoked_token_is_refused(either: Served) -> None:
    token = by_code(either).json()["access_token"]

    assert revoke(either, token=token).status_code == 200

    assert call(either, token, "demo-web") == 401
    assert "revoked" in reason(either)


def test_a_refreshed_token_is_accepted(either: Served) -> None:
    first = by_code(either).json()["refresh_token"]

    assert call(either, refresh(either, first).json()["access_token"], "demo-web") == 200


def test_a_token_that_was_changed_cut_or_lengthened_is_refused(either: Served) -> None:
    token = either.token()
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"

    for spoilt in (
        token[:middle] + other + token[middle + 1 :],
        token[:-1],
        token[:-4],
        f"{token}A",
        f"{token}=",
        token.swapcase(),
    ):
        answer = either.get(headers=either.headers(token=spoilt))
        assert answer.status_code == 401, spoilt
        assert reason(either), spoilt


def test_only_the_text_that_was_given_is_good(either: Served) -> None:
    """Neither format may be written in the other one."""
    other = in_other_format(either.token())

    assert either.get(headers=either.headers(token=other)).status_code == 401


def test_a_token_from_before_a_reset_with_another_format_is_good(either: Served) -> None:
    token = either.token()
    was_opaque = "." not in token

    either.platform.reset({"assumptions": {"token.format": "jwt" if was_opaque else "opaque"}})

    assert either.get(headers=either.headers(token=token)).status_code == 200


def test_a_token_in_place_of_another_value_is_recognised(either: Served) -> None:
    token = either.token()

    assert either.platform.state.oauth.kind_of(token) == "an access token"
    assert either.platform.state.oauth.kind_of(token[:-2]) is None


def test_a_token_in_quotes_is_explained(either: Served) -> None:
    token = either.token()
    headers = either.headers(token=token) | {"Authorization": f'Bearer "{token}"'}

    assert either.get(headers=headers).status_code == 401
    assert "quotes" in reason(either)


def test_no_journal_shows_a_token_wherever_it_stands(either: Served) -> None:
    token = either.token()
    either.get(params={"note": f"x{token}"}, headers=either.headers(token=token))
    either.post_token(username=token)

    for entry in either.platform.journal.entries:
        assert token not in str(entry.to_json())
        assert token[10:60] not in str(entry.to_json())


@pytest.mark.parametrize("shown", [5, 20, 60, 120])
def test_the_beginning_of_a_token_that_was_cut_is_not_shown(either: Served, shown: int) -> None:
    token = either.token()

    for text in (f"x {token}", token, base64.b64encode(token.encode()).decode()):
        begin = hide_values(text, NO_SECRETS, shown=shown)
        assert token[:20] not in begin
        assert token[:4] not in begin


def test_a_word_that_only_begins_like_a_token_is_shown() -> None:
    assert hide_values("ZXlKZXlK and ZXlK", NO_SECRETS) == "ZXlKZXlK and ZXlK"
