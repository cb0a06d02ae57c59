"""The error messages about a wrong name or value."""

from __future__ import annotations

import pytest

from mock_sei.errors import Rejected
from mock_sei.rules.arguments import (
    MOST_COMPARED,
    MOST_PROBLEMS,
    find_nearest,
    kind_of,
    named_plainly,
    plain_problem,
    refuse_unknown,
    suggestion,
    unknown_names,
)
from mock_sei.rules.departed import MOST_REMEMBERED, Departed
from tests.cases import every_case


class Example:
    @named_plainly
    def call(self, first: int, /, second: int = 0, *, third: int = 0) -> int:
        """Adds."""
        if third < 0:
            raise TypeError("from inside")
        return first + second + third


def test_the_nearest_name_does_not_mind_case_or_underscores() -> None:
    assert find_nearest("Two_Way", ["one-way", "two-way"]) == "two-way"
    assert find_nearest("xyz", ["one-way", "two-way"]) is None


def test_where_no_name_is_near_all_are_listed() -> None:
    assert suggestion("xyz", ["one", "two"]) == "there are one, two"
    assert suggestion("xyz", []) == "there are none"


def test_however_many_names_there_are_a_bounded_number_is_compared_and_named() -> None:
    many = [f"name-{number}" for number in range(100_000)]
    assert find_nearest("name-99999x", iter(many[:MOST_COMPARED])) != "name-99999"
    problems = unknown_names(many, ["status"], what="field")
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems["and so on"] == f"only the first {MOST_PROBLEMS} unknown names are listed"


def test_a_known_name_is_no_problem() -> None:
    refuse_unknown(["status"], ["status"], what="field")


@every_case(
    ("arguments", "keywords", "words"),
    [
        ((), {}, "first: missing"),
        ((1,), {"secnd": 2}, "secnd: no such keyword; did you mean second?"),
        ((1,), {"first": 2}, "first: no such keyword; there are second, third"),
        ((1, 2, 3), {}, "arguments: only first, second can be given without a keyword"),
        ((1, 2), {"second": 2}, "arguments: multiple values for argument 'second'"),
    ],
)
def test_a_call_that_does_not_fit_is_one_sentence(
    arguments: tuple[int, ...], keywords: dict[str, int], words: str
) -> None:
    with pytest.raises(Rejected) as caught:
        Example().call(*arguments, **keywords)
    assert words in str(caught.value)


def test_a_call_that_fits_is_made_and_its_own_errors_are_its_own() -> None:
    assert Example().call(1, second=2, third=3) == 6
    with pytest.raises(TypeError, match=r"^from inside$") as caught:
        Example().call(1, third=-1)
    assert not isinstance(caught.value, Rejected)
    assert Example.call.__doc__ == "Adds."


def test_a_value_is_called_by_its_type() -> None:
    assert [kind_of(each) for each in (None, 5, int)] == ["None", "int", "the class int"]


def test_a_problem_of_pydantic_is_one_sentence() -> None:
    message = "Input should be a valid integer, unable to parse string as an integer"
    assert plain_problem({"type": "int_parsing", "msg": message}) == (
        "input should be a valid integer"
    )


def test_names_of_applications_that_are_gone_are_remembered_within_a_bound() -> None:
    departed = Departed()
    for number in range(MOST_REMEMBERED + 1):
        departed.note([f"name-{number}", None], f"name-{number}", "deleted")
    assert departed.find("name-0") is None
    assert departed.find("name-1") == "it was deleted"
    departed.note(["key"], "shared", "removed by the reset of test_two")
    assert departed.find("key") == (
        "it belonged to shared, which was removed by the reset of test_two"
    )


def test_a_name_with_a_line_break_forges_no_line() -> None:
    with pytest.raises(Rejected) as caught:
        refuse_unknown(["a\nb"], ["status"], what="field")
    assert "\n" not in str(caught.value)
    assert caught.value.problems.keys() == {"a\nb"}
