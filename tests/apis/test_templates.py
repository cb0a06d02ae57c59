"""Templates of documents: every name, and names without a value."""

from __future__ import annotations

from mock_sei.apis.templates import MISSING, fill, names_in
from tests.cases import every_case

NAMES = {
    "body": {"name": "x", "deep": {"er": [1]}, "none": None, "$": 1},
    "path": {"id": "7"},
    "key": "K",
    "now": "2026-03-31T12:00:00.000",
    "now.utc": "2026-03-31T16:00:00.000Z",
}


@every_case(
    ("template", "filled"),
    [
        ("$key", "K"),
        ("$now", "2026-03-31T12:00:00.000"),
        ("$now.utc", "2026-03-31T16:00:00.000Z"),
        ("$path.id", "7"),
        ("$body", NAMES["body"]),
        ("$body.deep.er", [1]),
        ("$body.none", None),
        ("$body.nothing", MISSING),
        ("$body.name.x", MISSING),
        ("$nothing", MISSING),
        ("$", MISSING),
        ("plain $key", "plain $key"),
        (5, 5),
        (None, None),
        ({"a": "$key", "b": "$nothing", "c": ["$nothing", "$key", 1]}, {"a": "K", "c": ["K", 1]}),
        ({"a": {"b": "$nothing"}}, {"a": {}}),
    ],
)
def test_a_name_stands_for_its_value(template: object, filled: object) -> None:
    assert fill(template, NAMES) == filled


def test_a_value_is_no_template() -> None:
    """What a client sends is never read as a template."""
    assert fill({"a": "$body.name"}, {"body": {"name": "$key"}, "key": "K"}) == {"a": "$key"}


def test_every_name_of_a_template_is_found() -> None:
    template = {"a": "$key", "b": ["$body.x", {"c": "$path.id"}], "d": "plain", "e": 1}

    assert sorted(names_in(template)) == ["body.x", "key", "path.id"]
