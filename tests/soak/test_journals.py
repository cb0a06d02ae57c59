"""What the soak finds in a journal."""

from __future__ import annotations

from typing import Any

from performance.soak.journals import find_disorder, find_missing
from tests.cases import every_case


def entry(number: int, tracking_id: str = "a", kind: str = "exchange") -> dict[str, Any]:
    return {
        "number": number,
        "tracking_id": tracking_id,
        "time": "2026-01-31T09:00:00Z",
        "kind": kind,
        "response": {"status": 200} if kind == "exchange" else None,
    }


def journal(*numbers: int, dropped: int = 0) -> dict[str, Any]:
    entries = [entry(each, f"{each}") for each in numbers]
    return {"entries": entries, "dropped": dropped, "last": numbers[-1]}


def test_an_answer_must_be_in_the_journal_once() -> None:
    entries = [entry(1, "a"), entry(2, "b"), entry(3, "b"), entry(4, "c", "handshake")]

    found = list(find_missing(entries, [("a", 200), ("b", 200), ("c", 200), ("a", 400)]))

    assert found == [
        "b, 200: 2 times in the journal",
        "c, 200: 0 times in the journal",
        "a, 400: 0 times in the journal",
    ]


def test_workers_that_show_one_journal_are_in_order() -> None:
    assert list(find_disorder({7: journal(1, 2, 3), 8: journal(1, 2, 3)})) == []


@every_case(
    ("one", "other"),
    [
        (journal(1, 3), journal(1, 3)),
        (journal(2, 3), journal(2, 3)),
        (journal(1, 2, 2), journal(1, 2, 2)),
        (journal(1, 2, dropped=1), journal(1, 2, dropped=1)),
        (journal(1, 2), journal(1, 2, 3)),
    ],
    ids=["a gap", "no beginning", "a number twice", "entries dropped", "another journal"],
)
def test_a_disorder_is_found(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert list(find_disorder({7: one, 8: other}))
