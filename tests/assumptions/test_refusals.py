"""A changed word of a refusal shows in the answer, wherever such a refusal is answered."""

from __future__ import annotations

import httpx2
import pytest

from mock_sei.assumptions.refusals import MEMBERS, SOURCES, changeable
from mock_sei.assumptions.table import ROWS
from mock_sei.errors import KINDS, ONLY_OURS, REDIRECTED, RefusalKind
from mock_sei.rules.standards import Listener
from tests.assumptions.provoking import PROVOKED
from tests.oauth.flows import log_in, returned, revoke
from tests.support import Served

OTHER = {
    "status": 499,
    "code": "other.code",
    "message": "Other words",
    "reason": "An other reason",
    "transient": None,
}
"""Another value of each member; a flag is turned."""


def other_of(name: str, member: str) -> object:
    default = ROWS[f"refusal.{name}.{member}"].default
    return not default if member == "transient" else OTHER[member]


def assume(served: Served, **rows: object) -> None:
    served.platform.reset({"assumptions": rows})


def test_every_kind_that_the_real_platform_may_answer_otherwise_has_rows() -> None:
    assert PROVOKED.keys() == SOURCES.keys() == dict(changeable()).keys()
    assert KINDS.keys() - SOURCES.keys() == REDIRECTED | ONLY_OURS
    assert all(isinstance(each, RefusalKind) for each in KINDS.values())


@pytest.mark.parametrize("name", PROVOKED)
def test_a_kind_is_answered_by_default_as_its_table_has_it(served: Served, name: str) -> None:
    seen = PROVOKED[name](served)

    assert {each: seen[each] for each in MEMBERS} == {
        each: ROWS[f"refusal.{name}.{each}"].default for each in MEMBERS
    }


@pytest.mark.long
@pytest.mark.parametrize("name", PROVOKED)
def test_each_changed_word_of_a_kind_is_answered_and_the_others_stay(
    served: Served, name: str
) -> None:
    for member in MEMBERS:
        other = other_of(name, member)
        assume(served, **{f"refusal.{name}.{member}": other})

        seen = PROVOKED[name](served)

        for each in MEMBERS:
            default = ROWS[f"refusal.{name}.{each}"].default
            assert seen[each] == (other if each == member else default), (member, each)


def test_a_reason_can_be_taken_away(served: Served) -> None:
    assert PROVOKED["certificate_name"](served)["reason"] == "Authorization Failed."

    assume(served, **{"refusal.certificate_name.reason": ""})

    assert PROVOKED["certificate_name"](served).body["errors"] == []


def test_the_journal_shows_what_was_sent_and_the_name_of_the_check_stays(served: Served) -> None:
    PROVOKED["api_key"](served)
    check = served.platform.journal.last.refused_by
    assume(served, **{"refusal.api_key.status": 418, "refusal.api_key.message": "Other words"})

    PROVOKED["api_key"](served)

    entry = served.platform.journal.last
    assert (entry.status, entry.refused_by) == (418, check)
    assert entry.response is not None
    assert "Other words" in entry.response.body


def test_the_challenge_belongs_to_the_status_that_is_sent(served: Served) -> None:
    assume(served, **{"refusal.api_key.status": 403, "refusal.source_address.status": 401})

    with_403 = served.get(headers={})
    served.change("demo-server", source_addresses=("10.0.0.1",))
    with_401 = served.get(headers={"AppKey": "demo-server-key"})

    assert (with_403.status_code, "WWW-Authenticate" in with_403.headers) == (403, False)
    assert (with_401.status_code, "WWW-Authenticate" in with_401.headers) == (401, True)


def test_the_revoke_endpoint_has_the_words_in_its_own_members_too(served: Served) -> None:
    assume(served, **{"refusal.key_pair.code": "other", "refusal.key_pair.message": "Other words"})

    http = served.client("svc-web")
    body = http.post("/v2/oauth/revoke", data={"token": "x"}, auth=("demo-web-key", "no")).json()

    assert (body["code"], body["ErrorCode"]) == ("other", "other")
    assert (body["message"], body["Error"]) == ("Other words", "Other words")
    assert body["error"] == "invalid_client"


def test_a_page_for_browsers_has_the_status(served: Served, browser: httpx2.Client) -> None:
    assume(served, **{"refusal.request_invalid.status": 422, "refusal.not_found.status": 410})

    assert browser.get("/v2/oauth/authorize").status_code == 422
    page = browser.get("/portal/nothing", headers={"Accept": "text/html"})
    assert page.status_code == 410


def test_a_dead_link_has_the_status_for_browsers_and_for_programs(
    served: Served, browser: httpx2.Client
) -> None:
    assume(served, **{"refusal.link_dead.status": 404})
    link = served.platform.portal.send_link("svc-demo")
    assert browser.get(link.path).status_code == 200

    assert browser.get(link.path).status_code == 404
    assert browser.get(link.path, headers={"Accept": "text/html"}).status_code == 404


def test_a_redirected_refusal_keeps_the_error_of_oauth(served: Served) -> None:
    assume(served, **{"refusal.scope_invalid.status": 499, "refusal.scope_invalid.code": "other"})

    answer = log_in(served, scope="unknown")

    assert answer.status_code == 303
    assert returned(answer)["error"] == "invalid_scope"


def test_a_body_that_is_too_large_is_read_on_under_another_status(served: Served) -> None:
    """A connection that was closed at once would be reset, whatever the status says."""
    assume(served, **{"refusal.body_too_large.status": 400})

    answer = served.post_token(username="x" * 2 * 1024 * 1024)

    assert answer.status_code == 400
    assert served.platform.journal.last.refused_by == "body size"


def test_an_unknown_token_is_revoked_as_before(served: Served) -> None:
    assume(served, **{"refusal.token_invalid.status": 403})

    assert revoke(served, token="unknown").status_code == 200


def test_the_one_way_listener_answers_with_the_same_words(served: Served) -> None:
    assume(served, **{"refusal.not_found.message": "Other words"})

    answer = served.client(None, listener=Listener.ONE_WAY).get("/v9/nothing")

    assert answer.json()["message"] == "Other words"
