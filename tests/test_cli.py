"""What the command line does before a command runs; the commands themselves are run under e2e."""

from __future__ import annotations

import gc

import pytest

from mock_sei import cli


def test_the_garbage_collector_pauses_for_a_start_and_comes_back() -> None:
    with cli._kept():  # noqa: SLF001
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_garbage_collector_comes_back_after_a_start_that_failed() -> None:
    with pytest.raises(LookupError), cli._kept():  # noqa: SLF001
        raise LookupError
    assert gc.isenabled()
