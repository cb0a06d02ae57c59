"""The tests' own keys: two certificates that are compared never have one key by chance."""

from __future__ import annotations

import pytest

from mock_sei.certificates.profiles import new_server_key
from tests.certificates import reused_keys
from tests.certificates.reused_keys import FEWEST_FREE, ReusedKeys


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reused_keys, "new_identity_key", new_server_key)


def test_a_key_that_is_held_is_not_given_again() -> None:
    keys = ReusedKeys()
    held = keys.take()
    given = [id(keys.take()) for _ in range(10 * FEWEST_FREE)]
    assert id(held) not in given


def test_keys_that_nothing_holds_are_given_again_after_the_others() -> None:
    keys = ReusedKeys()
    given = [id(keys.take()) for _ in range(3 * FEWEST_FREE)]
    assert len(set(given[:FEWEST_FREE])) == FEWEST_FREE
    assert given == given[:FEWEST_FREE] * 3


def test_many_held_keys_are_all_different() -> None:
    keys = ReusedKeys()
    held = [keys.take() for _ in range(5 * FEWEST_FREE)]
    assert len({id(each) for each in held}) == len(held)
