"""The targets of ``$ref``, and validators that follow references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.references import Document
from mock_sei.errors import ConfigurationError
from tests.cases import every_case

CONTENT: dict[str, Any] = {
    "paths": {"/a/{id}": {"get": {"parameters": [{"name": "first"}]}}},
    "a~b": 1,
    "round": {"$ref": "#/about"},
    "about": {"$ref": "#/round"},
    "components": {
        "schemas": {
            "Node": {
                "type": "object",
                "properties": {
                    "next": {"$ref": "#/components/schemas/Node"},
                    "n": {"type": "integer"},
                },
            }
        }
    },
}
DOCUMENT = Document(source=Path("x.yaml"), content=CONTENT)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("#/paths/~1a~1{id}/get/parameters/0/name", "first"),
        ("#/paths/~1a~1%7Bid%7D/get/parameters/0/name", "first"),
        ("#/a~0b", 1),
    ],
)
def test_a_pointer_finds(reference: str, found: object) -> None:
    assert DOCUMENT.find(reference, "here") == found


@every_case(
    ("reference", "problem"),
    [
        ("#/nope", "leads nowhere"),
        ("#/paths/~1a~1{id}/get/parameters/1", "leads nowhere"),
        ("#/paths/~1a~1{id}/get/parameters/x", "leads nowhere"),
        ("#/a~0b/c", "leads nowhere"),
        ("other.yaml#/x", "only references within the document"),
        ("https://example.com/x", "only references within the document"),
        ("#anchor", "only references within the document"),
    ],
)
def test_a_pointer_to_nothing_is_told(reference: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        DOCUMENT.find(reference, "here")

    assert str(caught.value).startswith(f"x.yaml: here.$ref = '{reference}': {problem}")


def test_a_circle_of_references_is_told() -> None:
    with pytest.raises(ConfigurationError, match="here: a circle of references"):
        DOCUMENT.follow({"$ref": "#/round"}, "here")


def test_a_schema_may_contain_itself() -> None:
    validator = DOCUMENT.checker({"$ref": "#/components/schemas/Node"})

    assert validator.is_valid({"next": {"next": {"n": 1}}})
    assert not validator.is_valid({"next": {"next": {"n": "1"}}})


@pytest.mark.long
def test_every_schema_has_its_own_validator() -> None:
    """Also for a temporary schema: after it is gone, another schema may have its identity."""
    for _ in range(1000):
        assert DOCUMENT.checker({"type": "string"}).is_valid("x")
        assert not DOCUMENT.checker({"type": "integer"}).is_valid("x")
