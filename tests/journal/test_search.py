"""Searches in the journal, and the message of a failed assertion."""

from __future__ import annotations

import pytest

from mock_sei.journal.journal import ServerJournal
from tests.support import TICKETS, Served


@pytest.fixture
def journal(served: Served) -> ServerJournal:
    """A token request, a good call and a refused call."""
    headers = served.headers()
    served.get(headers=headers)
    served.get(headers=headers | {"AppKey": "of-nobody"})
    return served.platform.journal


def test_entries_are_found_by_what_they_are(journal: ServerJournal) -> None:
    assert len(journal.find()) == 3
    assert len(journal.find(f"GET {TICKETS}")) == 2
    assert len(journal.find("GET /v1/*", status=401)) == 1
    assert len(journal.find("POST /v2/oauthtoken", application="demo-server")) == 1
    assert len(journal.find(refused_by="AppKey")) == 1
    assert len(journal.find(kind="handshake")) == 0
    assert len(journal.find(service_account="svc-demo", listener="two-way")) == 2


def test_a_word_that_entries_do_not_have_is_a_mistake(journal: ServerJournal) -> None:
    with pytest.raises(TypeError, match="operaton"):
        journal.find(operaton="GET /x")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("operation", "times"),
    [(f"GET {TICKETS}", None), (f"GET {TICKETS}", 2), ("POST /v2/oauthtoken", 1), ("PUT /x", 0)],
)
def test_what_was_called_is_asserted(
    journal: ServerJournal, operation: str, times: int | None
) -> None:
    journal.assert_called(operation, times=times)


def test_a_failed_assertion_shows_what_is_nearest(journal: ServerJournal) -> None:
    with pytest.raises(AssertionError) as caught:
        journal.assert_called("GET /v1/order/tradeticket", status=200)

    text = str(caught.value)
    assert "expected at least one of: operation=GET /v1/order/tradeticket, status=200" in text
    assert "recorded: 0" in text
    assert "GET /v1/order/tradetickets 200 demo-server/svc-demo" in text


def test_a_wrong_number_shows_the_ones_there_are(journal: ServerJournal) -> None:
    with pytest.raises(AssertionError) as caught:
        journal.assert_called(f"GET {TICKETS}", times=3)

    assert "expected 3 of" in str(caught.value)
    assert "recorded: 2" in str(caught.value)
    assert "refused by AppKey" in str(caught.value)


def test_an_empty_journal_says_so(served: Served) -> None:
    with pytest.raises(AssertionError, match="the server saw no request"):
        served.platform.journal.assert_called("GET /x")


def test_numbers_go_on_where_a_reader_left_off(journal: ServerJournal) -> None:
    first = journal.to_json()
    rest = journal.to_json(after=2)

    assert [each["number"] for each in first["entries"]] == [1, 2, 3]
    assert [each["number"] for each in rest["entries"]] == [3]
    assert rest["last"] == 3
