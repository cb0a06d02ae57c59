"""Walks every fact of the vendor's public pages on a platform in process.

Rows that take connections or programs are walked by ``tests/e2e/test_facts_on_sockets.py``.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.facts.every import EVERY
from tests.facts.running import problems_of
from tests.facts.table import Call, Fact, Right, fact, facts_of, get, like, shown
from tests.support import Served

IN_PROCESS = [row for row in EVERY if row.calls or row.shown]
FEWEST_ROWS = 300
MOST_THAT_CANNOT_BE_SHOWN = 40
TICKETS = "/v1/order/tradetickets"


@pytest.fixture
def called(row: Fact, request: pytest.FixtureRequest) -> Served:
    """One platform for the rows that only read, and a fresh one for each of the others."""
    reads = row.calls and all(call.request.startswith("GET ") for call in row.calls)
    found: Served = request.getfixturevalue("hammered" if reads else "served")
    return found


@pytest.mark.long
@pytest.mark.usefixtures("one_key")
@pytest.mark.parametrize("row", IN_PROCESS, ids=lambda row: row.id)
def test_a_fact_holds(row: Fact, called: Served) -> None:
    problems = problems_of(row, called)

    assert problems == [], f"{row.id}: {row.fact} ({row.page})"


def test_every_row_has_its_own_id_a_page_and_one_way_to_be_shown() -> None:
    assert [each for each, count in Counter(row.id for row in EVERY).items() if count > 1] == []
    assert [row.id for row in EVERY if row.ways != 1 or not row.page or not row.fact] == []


def test_most_facts_are_shown_and_the_others_say_why_not() -> None:
    without = [row for row in EVERY if row.cannot]

    assert len(EVERY) >= FEWEST_ROWS
    assert len(without) <= MOST_THAT_CANNOT_BE_SHOWN
    assert [row.id for row in without if len(row.cannot.split()) < 4] == []


@pytest.mark.parametrize(
    ("right", "problem"),
    [
        (Right(status=201), "status 200 instead of 201"),
        (Right(status=0), "status 200 instead of a refusal"),
        (Right(body={"paging.limit": 2}), "paging.limit is 1 instead of 2"),
        (Right(body={"paging.limit": str}), "paging.limit is 1 instead of <class 'str'>"),
        (Right(body={"paging.size": ...}), "paging.size is nothing instead of Ellipsis"),
        (Right(lacks=("data.0.cusip",)), "data.0.cusip is there"),
        (Right(each={"status": like("original")}), "status is 'Refresh' instead of re.compile"),
        (Right(count=2), "1 records instead of 2"),
        (Right(headers={"content-type": "text/html"}), "content-type is 'application/json'"),
        (Right(holds="nonsense"), "'nonsense' is not in the body"),
        (Right(fewer_than=TICKETS), f"as many records as {TICKETS}"),
    ],
)
def test_a_row_that_does_not_hold_is_told(served: Served, right: Right, problem: str) -> None:
    row = Fact(id="x", fact="f", page="p", calls=(get(f"{TICKETS}?limit=1"),), right=right)

    (found,) = problems_of(row, served)

    assert problem in found


def test_no_record_is_no_proof_that_each_is_right(served: Served) -> None:
    (found,) = problems_of(fact("x", "f", "p", get(f"{TICKETS}?id=1"), each={"id": 1}), served)

    assert "there is no record" in found


def test_an_earlier_call_must_succeed_and_each_of_several_is_judged(served: Served) -> None:
    wrong, good = get(f"{TICKETS}?id=x"), get(TICKETS)

    assert "status 400" in problems_of(fact("x", "f", "p", (wrong, good)), served)[0]
    assert len(problems_of(facts_of("x", "f", "p", (wrong, good, wrong)), served)) == 2
    assert problems_of(shown("x", "f", "p", lambda _: 1, 2), served) == ["1 instead of 2"]


def test_a_call_leaves_values_to_the_next(served: Served) -> None:
    first = Call(request=f"GET {TICKETS}?limit=1", keep={"n": "data.0.tradeTicketId"})

    row = fact("x", "f", "p", (first, get(f"{TICKETS}?id={{n}}")), each={"tradeTicketId": 1001})

    assert problems_of(row, served) == []
