"""How a message writes a value."""

from __future__ import annotations

from mock_sei.apis.patterns import shortened
from mock_sei.errors import ConfigurationError
from mock_sei.values.sendable import shown
from mock_sei.values.texts import MOST_REPEATED, spelled
from tests.cases import every_case


@every_case(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        ([False, None, (1, 2)], "[false, null, [1, 2]]"),
        ({"a": None}, "{'a': null}"),
        ("a\\d", "'a\\d'"),
        (1.5, "1.5"),
        ([10**5000, -(10**5000)], "[a whole number of many digits, a whole number of many digits]"),
    ],
)
def test_a_value_is_spelled_in_jsons_words(value: object, text: str) -> None:
    assert spelled(value) == text


def test_a_long_value_is_shortened_and_a_text_keeps_its_middle() -> None:
    assert spelled(list(range(9))) == "[0, 1, 2, 3, ...]"
    assert spelled("ab" * MOST_REPEATED) == f"'{'ab' * (MOST_REPEATED // 2)}'"


def test_every_kind_of_message_spells_values_so() -> None:
    assert str(ConfigurationError("wrong", source="a.yaml", key="k", value=True)) == (
        "a.yaml: k = true: wrong"
    )
    assert shown(True) == "true"
    assert shortened("^\\d+$") == "'^\\d+$'"
