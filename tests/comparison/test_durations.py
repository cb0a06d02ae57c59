"""Limits that fit what was accepted and what was refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mock_sei.comparison.durations import limit_above, limit_below, size_above, size_below
from tests.cases import every_case


@every_case(
    ("accepted", "refused", "limit"),
    [(1740, 1860, 1800), (15, 25, 20), (0, 3700, 3600), (59, 61, 60), (19.5, 20.2, 20)],
)
def test_a_limit_is_the_roundest_that_fits(accepted: float, refused: float, limit: int) -> None:
    assert limit_below(refused, accepted) == limit


@given(accepted=st.integers(0, 10**8), more=st.integers(1, 10**6))
def test_a_limit_refuses_what_was_refused_and_takes_what_was_accepted(
    accepted: int, more: int
) -> None:
    assert accepted < limit_below(accepted + more, accepted) <= accepted + more
    assert limit_above(accepted) > accepted


@given(accepted=st.integers(1024, 2**25), more=st.integers(1, 2**20))
def test_a_size_refuses_what_was_refused_and_takes_what_was_accepted(
    accepted: int, more: int
) -> None:
    assert accepted <= size_below(accepted + more, accepted) < accepted + more
    assert size_above(accepted) >= accepted
