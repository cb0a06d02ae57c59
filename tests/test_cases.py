"""``every_case``: no case is lost, each failure is named, and cases cannot hide one another."""

from __future__ import annotations

import pytest

from tests.cases import every_case

FAILS_TWICE = """
import pytest
from tests.cases import every_case

ran = set()

@every_case(("number", "half"), [(2, 1), pytest.param(3, 1, id="odd"), (4, 2), (6, 2)])
def test_half(number, half, tmp_path):
    ran.add(number)
    assert number / 2 == half

def teardown_module():
    assert ran == {2, 3, 4, 6}
"""


@pytest.mark.long
def test_all_cases_run_and_each_failure_is_shown_with_its_case(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILS_TWICE)

    # The plugin of schemathesis, which the suite switches off too, merges failures of one line.
    result = pytester.runpytest_inprocess("-p", "no:schemathesis")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines_random(
        [
            "*2 of 4 cases fail*",
            "*AssertionError: assert (3 / 2) == 1*",
            "*in the case odd*",
            "*AssertionError: assert (6 / 2) == 2*",
            "*in the case 3: (6, 2)*",
        ]
    )


def outcomes(test: object) -> set[str]:
    """The notes of all failures of a test that must fail."""
    assert callable(test)
    try:
        test()
    except BaseExceptionGroup as group:
        return {note for failure in group.exceptions for note in failure.__notes__}
    except BaseException as failure:
        return set(failure.__notes__)
    raise AssertionError("no case failed")


def test_a_case_that_skips_or_lacks_its_error_fails() -> None:
    @every_case("ends", [pytest.skip, pytest.fail], ids=["skips", "fails"])
    def test(ends: object) -> None:
        assert callable(ends)
        ends("whatever")

    assert outcomes(test) == {"in the case skips", "in the case fails"}


def test_two_decorators_run_every_pair() -> None:
    seen = set()

    @every_case("left", "ab", ids=str)
    @every_case("right", [1, 2])
    def test(left: str, right: int) -> None:
        seen.add((left, right))
        assert (left, right) != ("b", 2)

    assert outcomes(test) == {"in the case 1: (2,)", "in the case b"}
    assert seen == {("a", 1), ("a", 2), ("b", 1), ("b", 2)}


def test_marks_of_a_case_and_an_empty_table_are_mistakes() -> None:
    with pytest.raises(ValueError, match="has marks"):
        every_case("x", [pytest.param(1, marks=pytest.mark.slow)])
    with pytest.raises(ValueError, match="no case"):
        every_case("x", [])
