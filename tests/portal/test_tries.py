"""One call at a time for each application, and not too many in all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mock_sei.errors import Refusal
from mock_sei.portal.tries import FORGOTTEN, MOST_AT_ONCE, Tries
from mock_sei.rules.stored import Stored
from tests.patience import PATIENCE


def test_an_application_has_one_call_at_a_time() -> None:
    tries = Tries(Stored(), now=lambda: 100.0)
    begun = tries.begin("key", "orders")

    with pytest.raises(Refusal, match="orders has not ended yet") as refused:
        tries.begin("key", "orders")
    assert refused.value.kind.status == 409
    assert refused.value.why.check == "portal controls"
    tries.begin("another key", "web")

    tries.end("key", begun)
    tries.begin("key", "orders")


def test_of_many_threads_one_begins() -> None:
    tries = Tries(Stored())
    every = threading.Barrier(8)

    def begins(_: int) -> bool:
        every.wait(PATIENCE)
        try:
            tries.begin("key", "orders")
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(begins, range(8))).count(True) == 1


def test_all_applications_together_have_a_limit() -> None:
    tries = Tries(Stored(), now=lambda: 100.0)
    for number in range(MOST_AT_ONCE):
        tries.begin(f"key {number}", "orders")

    with pytest.raises(Refusal, match="16 calls at a time"):
        tries.begin("one more", "orders")
    tries.end("key 3", 100.0)
    tries.begin("one more", "orders")


@pytest.mark.parametrize("after", [FORGOTTEN + 1, -FORGOTTEN - 1])
def test_a_call_of_a_killed_server_is_forgotten(after: float) -> None:
    """Also if the machine's time was set back since."""
    times = [1000.0]
    tries = Tries(Stored(), now=lambda: times[0])
    tries.begin("key", "orders")

    times[0] += FORGOTTEN - 1
    with pytest.raises(Refusal):
        tries.begin("key", "orders")
    times[0] = 1000.0 + after
    later = tries.begin("key", "orders")

    tries.end("key", 1000.0)  # the first one ends after all, and is no longer the one that counts
    assert len(tries) == 1
    tries.end("key", later)
    assert len(tries) == 0
