"""Only the first reasons against a test are kept, however many there are."""

from __future__ import annotations

from mock_sei.faults.check_result import KEPT, Kept


def test_of_many_texts_the_first_are_kept_and_the_others_counted() -> None:
    kept = Kept()
    for number in range(KEPT):
        kept.add(f"{number}")
    assert kept.told == [f"{number}" for number in range(KEPT)]

    for number in range(1000):
        kept.add(f"{number}")
    assert len(kept) == KEPT
    assert kept.told == [*(f"{number}" for number in range(KEPT)), "and 1000 more"]
