"""Compares the journal of the server with the answers that the clients got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def find_missing(
    entries: Iterable[Mapping[str, Any]], answers: Iterable[tuple[str, int]]
) -> Iterator[str]:
    """A sentence for each answer, given by tracking id and status, that is not one entry."""
    found = Counter(
        (each["tracking_id"], each["response"]["status"])
        for each in entries
        if each["kind"] == "exchange"
    )
    for tracking_id, status in answers:
        times = found[tracking_id, status]
        if times != 1:
            yield f"{tracking_id}, {status}: {times} times in the journal"


def find_disorder(shown: Mapping[int, Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with the numbers of a journal, as each worker shows it."""
    (_, first), *others = shown.items()
    numbers = [each["number"] for each in first["entries"]]
    if first["dropped"] or numbers != list(range(1, first["last"] + 1)):
        yield f"last {first['last']}, dropped {first['dropped']}, {len(numbers)} shown"
    for pid, other in others:
        if _brief(other) != _brief(first):
            yield f"{pid} shows other entries: {_brief(other)[-3:]}, not {_brief(first)[-3:]}"


def _brief(journal: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [(each["number"], each["tracking_id"], each["time"]) for each in journal["entries"]]
