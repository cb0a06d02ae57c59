"""Searches in the journal, and the message of a failed assertion."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from mock_sei.errors import Rejected
from mock_sei.journal.entries import Entry
from mock_sei.journal.journal import ServerJournal
from mock_sei.journal.watches import MOST_WATCHES, Watch
from mock_sei.rules.connection import Connection
from mock_sei.rules.standards import Listener
from tests.cases import every_case
from tests.patience import PATIENCE
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


@pytest.fixture
def pages(served: Served) -> ServerJournal:
    """The first page, the second page, and a call with a body."""
    headers = served.headers()
    served.get("/v2/investors", headers=headers)
    served.get("/v2/investors", headers=headers, params={"cursor": "abc"})
    served.client().post("/v1/transfers", json={"a": {"b": 1}}, headers=headers)
    return served.platform.journal


@every_case(
    ("wanted", "count"),
    [
        ({"query": {"cursor": "abc"}}, 1),
        ({"query": {"cursor": None}, "operation": "GET /v2/investors"}, 1),
        ({"query": {"cursor": re.compile("^a")}}, 1),
        ({"headers": {"appkey": "demo-server-key"}}, 3),
        ({"json": {"a": {"b": 1}}}, 1),
        ({"json": {"a": {"b": 2}}}, 0),
        ({"body": re.compile("grant_type=client_credentials")}, 1),
        ({"body": ""}, 2),
    ],
)
def test_entries_are_found_by_what_the_client_sent(
    pages: ServerJournal, wanted: dict[str, Any], count: int
) -> None:
    assert len(pages.find(**wanted)) == count
    if count:
        pages.assert_called(**wanted, times=count)
        with pytest.raises(AssertionError, match="expected 0"):
            pages.assert_not_called(**wanted)
    else:
        pages.assert_not_called(**wanted)
        with pytest.raises(AssertionError, match="at least one"):
            pages.assert_called(**wanted)


def test_a_handshake_has_no_request_that_fits(pages: ServerJournal) -> None:
    pages.add(
        Entry(
            kind="handshake",
            timestamp=0,
            connection=Connection(listener=Listener.TWO_WAY, source_address=""),
        )
    )
    assert not pages.find(query={"cursor": None}, kind="handshake")
    assert pages.find(kind="handshake")


def test_the_nearest_differs_least_and_the_difference_is_shown(pages: ServerJournal) -> None:
    with pytest.raises(AssertionError) as caught:
        pages.assert_called("GET /v2/investors", query={"cursor": "abd", "limit": "5"})
    lines = str(caught.value).splitlines()
    assert "    query cursor: expected 'abd', came 'abc'" in lines
    assert "    query limit: expected '5', came nothing" in lines
    assert not any("/v1/transfers" in line for line in lines)


def test_calls_are_asserted_in_their_order(pages: ServerJournal) -> None:
    pages.assert_order("POST /v2/oauthtoken", "GET /v2/investors", "POST /v1/transfers")
    pages.assert_order("GET /v2/investors", {"query": {"cursor": "abc"}}, {"json": {"a": {}}})
    pages.assert_order("GET /v2/investors", "GET /v2/investors")


@every_case(
    ("calls", "told"),
    [
        (("POST /v1/transfers", "GET /v2/investors"), "number 2 was recorded only earlier"),
        (("GET /v2/investors",) * 3, "3. operation=GET /v2/investors: not recorded after that"),
        (("DELETE /x", "GET /v2/investors"), "1. operation=DELETE /x: not recorded"),
    ],
)
def test_another_order_fails_and_says_where(
    pages: ServerJournal, calls: tuple[str, ...], told: str
) -> None:
    with pytest.raises(AssertionError) as caught:
        pages.assert_order(*calls)
    assert told in str(caught.value)
    assert "two-way POST /v1/transfers" in str(caught.value)


@every_case(
    ("calls", "name"),
    [
        (("GET /x",), "calls"),
        ((), "calls"),
        (("GET /x", 5), "call 2"),
        (("GET /x", {"statsu": 1}), "call 2, statsu"),
        (({"query": 1}, "GET /x"), "call 1, query"),
    ],
)
def test_an_order_that_cannot_be_read_is_refused(
    journal: ServerJournal, calls: tuple[Any, ...], name: str
) -> None:
    with pytest.raises(Rejected) as caught:
        journal.assert_order(*calls)
    assert list(caught.value.problems) == [name]


def test_a_wait_ends_with_the_entry_that_completes_it(served: Served) -> None:
    journal, headers = served.platform.journal, served.headers()
    waiting = threading.Event()
    caller = threading.Thread(target=_call_when, args=(waiting, served, headers))
    caller.start()
    original = journal.watch

    def watch(*args: Any, **options: Any) -> Watch:
        watching = original(*args, **options)
        waiting.set()
        return watching

    journal.watch = watch  # type: ignore[method-assign]
    entry = journal.wait_for(f"GET {TICKETS}", query={"limit": "2"}, timeout=PATIENCE)
    caller.join()
    assert entry.request is not None
    assert entry.request.query == "limit=2"


def _call_when(waiting: threading.Event, served: Served, headers: dict[str, str]) -> None:
    assert waiting.wait(PATIENCE)
    for limit in (1, 2, 3):
        served.get(headers=headers, params={"limit": limit})


def test_a_wait_for_what_is_there_returns_at_once(pages: ServerJournal) -> None:
    assert pages.wait_for("GET /v2/investors", times=2, timeout=0.001).request == (
        pages.find("GET /v2/investors")[1].request
    )


def test_a_wait_that_is_over_shows_the_nearest(pages: ServerJournal) -> None:
    with pytest.raises(AssertionError) as caught:
        pages.wait_for("GET /v2/investors", query={"cursor": "abd"}, timeout=0.001)
    assert "query cursor: expected 'abd', came 'abc'" in str(caught.value)


@every_case(
    ("wrong", "name"),
    [
        ({"timeout": 0}, "timeout"),
        ({"timeout": 301}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"times": 0}, "times"),
        ({"times": True}, "times"),
        ({"query": 5}, "query"),
    ],
)
def test_a_wait_that_cannot_be_is_refused(
    journal: ServerJournal, wrong: dict[str, Any], name: str
) -> None:
    with pytest.raises(Rejected) as caught:
        journal.wait_for("GET /x", **wrong)
    assert list(caught.value.problems) == [name]


def test_entries_before_a_reset_do_not_count_for_a_wait(pages: ServerJournal) -> None:
    watch = pages.watch(lambda entry: entry.status == 200, 20)
    assert watch.found
    pages.clear()
    assert not watch.found
    pages.end_watch(watch)


def test_the_number_of_waits_is_bounded(journal: ServerJournal) -> None:
    watches = [journal.watch(lambda _: False, 1) for _ in range(MOST_WATCHES)]
    with pytest.raises(Rejected, match="waits are open already"):
        journal.wait_for("GET /x", timeout=1)
    for each in watches:
        journal.end_watch(each)
    with pytest.raises(AssertionError):
        journal.wait_for("GET /x", timeout=0.001)


def test_a_wait_of_one_application_sees_only_its_entries(served: Served) -> None:
    application = served.application("demo-server")
    headers = served.headers()
    served.get(headers=headers | {"AppKey": "of-nobody"}, http=served.client("svc-web"))
    served.get(headers=headers)
    own = served.platform.journal.of(application)
    assert own.wait_for(f"GET {TICKETS}", timeout=0.001).status == 200
    with pytest.raises(AssertionError):
        own.wait_for(f"GET {TICKETS}", times=2, timeout=0.001)
