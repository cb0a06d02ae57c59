"""A value made for any schema is valid, or a problem names what does not fit. The work is
limited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis import combining
from mock_sei.apis.plain import Plain, identity, put_together
from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample

MOST_WORK = 20_000
"""The most schemas that may be combined for one value."""

NAMES = st.sampled_from(["a", "b", "c", "x1"])
COUNTS = st.integers(0, 4)
ATOMS: st.SearchStrategy[Any] = st.sampled_from(
    [0, 1, 1.0, -3, 2.5, "a", "text", True, False, None, [], [1], {}, {"a": 1}]
)
KINDS = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
REFERENCES = st.sampled_from(["#/components/schemas/A", "#/components/schemas/B"])
OF_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "type": KINDS | st.lists(KINDS, min_size=1, max_size=2, unique=True),
    "enum": st.lists(ATOMS, min_size=1, max_size=3),
    "const": ATOMS,
    "example": ATOMS,
    "default": ATOMS,
    "minLength": COUNTS,
    "maxLength": st.integers(0, 12),
    "pattern": st.sampled_from(["^[a-z]+$", "^[A-Z]{3}-\\d{4}$", "a", "^x", "^$"]),
    "format": st.sampled_from(["date", "time", "uuid", "email", "uri", "byte", "int32", "odd"]),
    "minimum": st.sampled_from([-5, 0, 0.1, 2.5, 10]),
    "maximum": st.sampled_from([-2, 0, 0.2, 7.5, 100]),
    "exclusiveMinimum": st.sampled_from([-1, 0, 3]),
    "multipleOf": st.sampled_from([2, 3, 0.5, 0.01]),
    "minItems": COUNTS,
    "maxItems": COUNTS,
    "uniqueItems": st.booleans(),
    "minContains": COUNTS,
    "maxContains": COUNTS,
    "required": st.lists(NAMES, max_size=2, unique=True),
    "minProperties": COUNTS,
    "maxProperties": COUNTS,
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2), max_size=2),
}
PATTERNS = st.sampled_from(["^x", "^[a-c]$", "1$"])


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas that contain these schemas."""
    some = st.lists(inner, min_size=1, max_size=3)
    of_schemas = {
        "items": inner,
        "prefixItems": some,
        "contains": inner,
        "unevaluatedItems": inner,
        "properties": st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
        "additionalProperties": inner,
        "unevaluatedProperties": inner,
        "propertyNames": inner,
        "dependentSchemas": st.dictionaries(NAMES, inner, max_size=2),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), some),
        **dict.fromkeys(("not", "if", "then", "else"), inner),
    }
    return st.booleans() | st.fixed_dictionaries({}, optional={**OF_VALUES, **of_schemas})


LEAVES = st.fixed_dictionaries({}, optional=OF_VALUES) | st.builds(
    lambda reference: {"$ref": reference}, REFERENCES
)
SCHEMAS = st.recursive(LEAVES, around, max_leaves=8)
OF_MEMBERS = st.fixed_dictionaries(
    {"type": KINDS}, optional={"properties": st.dictionaries(NAMES, SCHEMAS, max_size=3)}
)


@pytest.mark.slow
@given(SCHEMAS, OF_MEMBERS, OF_MEMBERS)
def test_a_value_is_valid_or_its_problems_are_said(schema: Any, one: Any, other: Any) -> None:
    schemas = {"A": one, "B": other}
    document = Document(source=Path("x.yaml"), content={"components": {"schemas": schemas}})
    work = 0

    def counted(plain: Plain, each: Any) -> Plain:
        nonlocal work
        work += 1
        return put_together(plain, each)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(combining, "put_together", counted)
        made = sample(schema, document)

    assert document.checker(schema).is_valid(made.value) == (not made.problems)
    assert all(made.problems)
    assert work < MOST_WORK


@given(ATOMS, ATOMS)
def test_values_are_one_where_they_are_equal_as_json(one: Any, other: Any) -> None:
    document = Document(source=Path("x.yaml"), content={})

    assert (identity(one) == identity(other)) == document.checker({"const": one}).is_valid(other)
