"""Parameter values are converted to their types, or refused with one entry for each wrong value."""

from __future__ import annotations

from typing import Any

import pytest

from mock_sei.apis.parameters import read_parameters
from mock_sei.apis.patterns import Budget
from mock_sei.rules.connection import Findings
from tests.apis.engine import LIST, Engine, operation
from tests.cases import every_case


def read(schema: str, query: str, more: str = "") -> Any:
    """The value of parameter ``a``."""
    engine = Engine.of(operation(LIST, f"[{{name: a, in: query, schema: {schema}{more}}}]"))
    (found,) = engine.catalogue.operations
    values = read_parameters(
        found, query=query, path={}, headers={}, findings=Findings(), budget=Budget()
    )
    return values.get(("query", "a"))


def refused(schema: str, query: str, more: str = "") -> str:
    engine = Engine.of(operation(LIST, f"[{{name: a, in: query, schema: {schema}{more}}}]"))
    ((field, location, reason),) = engine.faults(f"/v1/widgets?{query}")
    assert (field, location) == ("a", "query")
    return reason


GOOD = [
    ("{type: string}", "a=", ""),
    ("{type: string}", "a=%C3%A9%20+x", "é  x"),
    ("{}", "a=5", "5"),
    ("{type: integer}", "a=-5", -5),
    ("{type: integer, format: int64}", "a=9223372036854775807", 9223372036854775807),
    ("{type: number}", "a=1.5e3", 1500.0),
    ("{type: boolean}", "a=true", True),
    ("{type: boolean}", "a=false", False),
    ("{type: string, enum: [Red, Light Blue]}", "a=Light%20Blue", "Light Blue"),
    ("{type: integer, enum: [1, 2]}", "a=2", 2),
    ("{type: string, format: date}", "a=2024-02-29", "2024-02-29"),
    ("{type: string, format: local-date-time}", "a=2026-03-31", "2026-03-31"),
    ("{type: string, format: local-date-time}", "a=2026-03-31T09:30", "2026-03-31T09:30"),
    ("{type: string, format: local-date-time}", "a=2026-03-31T09:30:01.5", "2026-03-31T09:30:01.5"),
    ("{type: string, format: date-time}", "a=2026-03-31", "2026-03-31"),
    ("{type: string, format: date-time}", "a=2026-03-31T09:30:00Z", "2026-03-31T09:30:00Z"),
    ("{type: string, format: date-time}", "a=2026-03-31T09:30:00%2B02:00", None),
    ("{type: array, items: {type: integer}}", "a=1,2", (1, 2)),
    ("{type: array, items: {type: integer}}", "a=1&a=2", (1, 2)),
    ("{type: array, items: {type: string, enum: [x, y]}}", "a=x", ("x",)),
    ("{type: array}", "a=", ()),
    ("{anyOf: [{type: integer}, {type: 'null'}]}", "a=5", 5),
    ("{oneOf: [{type: boolean}, {type: string, minLength: 3}]}", "a=true", True),
    ("{oneOf: [{type: boolean}, {type: string, minLength: 3}]}", "a=long", "long"),
    ("{type: integer, default: 7}", "", 7),
    ("{type: array, default: [x, y]}", "", ("x", "y")),
]

BAD = [
    ("{type: integer}", "a=1.5", "must be a whole number, not '1.5'"),
    ("{type: integer}", "a=", "must be a whole number, not ''"),
    ("{type: integer}", "a=1_000", "must be a whole number, not '1_000'"),
    ("{type: integer}", "a=%2B5", "must be a whole number, not '+5'"),
    ("{type: integer}", "a=%205", "must be a whole number, not ' 5'"),
    ("{type: integer}", "a=%EF%BC%95", "must be a whole number, not '\uff15'"),
    ("{type: integer}", "a=" + "9" * 5000, "must be a whole number of at most 4300 digits"),
    ("{type: integer, format: int32}", "a=2147483648", "fits int32, not 2147483648"),
    ("{type: integer}", "a=9223372036854775808", "must fit int64"),
    ("{type: integer, minimum: 1}", "a=0", "0 is less than the minimum of 1"),
    ("{type: integer, enum: [1, 2]}", "a=3", "3 is not one of [1, 2]"),
    ("{type: number}", "a=nan", "must be a number, not 'nan'"),
    ("{type: number}", "a=1e999", "must be a number, not '1e999'"),
    ("{type: number}", "a=inf", "must be a number"),
    ("{type: boolean}", "a=True", "must be true or false, not 'True'"),
    ("{type: boolean}", "a=1", "must be true or false, not '1'"),
    ("{type: string, enum: [Red, Green]}", "a=red", "must be Red or Green, not 'red'"),
    ("{type: string, maxLength: 2}", "a=abc", "'abc' is too long"),
    ("{type: string, pattern: '^[a-z]+$'}", "a=A", "'A' does not match"),
    ("{type: string, format: date}", "a=2023-02-29", "must be a date such as"),
    ("{type: string, format: date}", "a=20230228", "must be a date such as"),
    ("{type: string, format: date}", "a=2026-03-31T00:00", "must be a date such as"),
    ("{type: string, format: local-date-time}", "a=2026-03-31T25:00", "must be a date or a time o"),
    ("{type: string, format: local-date-time}", "a=2026-03-31 09:30", "must be a date or a time o"),
    ("{type: string, format: date-time}", "a=2026-03-31T09:30:00+2", "must be a date or a time of"),
    ("{type: string, format: date-time}", "a=2026-W01-1T00:00Z", "must be a date or a time of"),
    ("{type: array, items: {type: integer}}", "a=1,x", "must be a whole number, not 'x'"),
    ("{type: array, items: {type: string, enum: [x]}}", "a=x&a=y", "must be x, not 'y'"),
    ("{type: array, items: {type: string, minLength: 2}}", "a=ab,c", "'c' is too short"),
    ("{type: array, maxItems: 1}", "a=x,y", "['x', 'y'] has more than 1 items"),
    ("{anyOf: [{type: integer}, {type: 'null'}]}", "a=x", "is not of type 'integer' or "),
    ("{type: string}", "a=1&a=2", "given more than once"),
]


@every_case(("schema", "query", "value"), GOOD)
def test_a_good_value_has_its_type(schema: str, query: str, value: object) -> None:
    found = read(schema, query)
    if value is None:
        assert found
    else:
        assert found == value
        assert type(found) is type(value)


@pytest.mark.long
@every_case(("schema", "query", "reason"), BAD)
def test_a_wrong_value_is_refused_with_the_reason(schema: str, query: str, reason: str) -> None:
    assert reason in refused(schema, query)


def test_every_fault_has_an_entry_of_its_own() -> None:
    text = """
paths:
  /v1/widgets/{id}:
    get:
      x-mock-sei: {collection: widgets, key: id, requires: [[d, e]]}
      parameters:
        - {name: id, in: path, schema: {type: integer}}
        - {name: a, in: query, schema: {type: integer}}
        - {name: b, in: query, required: true}
        - {name: X-C, in: header, schema: {type: boolean}}
        - {name: d, in: query}
        - {name: e, in: query}
"""
    faults = Engine.of(text).faults("/v1/widgets/x?a=y", headers={"x-c": "z"})

    assert [(each.field, each.location) for each in faults] == [
        ("id", "path"),
        ("a", "query"),
        ("X-C", "header"),
        ("b", "query"),
        ("d", "query"),
    ]
    assert [each.reason for each in faults[3:]] == ["required and missing", "d or e is required"]


def test_a_required_parameter_that_is_wrong_is_not_missing_too() -> None:
    assert "whole number" in refused("{type: integer}", "a=x", ", required: true")


def test_a_default_counts_as_sent() -> None:
    assert read("{type: integer, default: 7}", "", ", required: true") == 7


REQUIRES = """[
  {name: name, in: query}, {name: code, in: query}, {name: start, in: query},
  {name: kind, in: query, schema: {type: string, default: created}},
]"""


@every_case(
    ("query", "fields"),
    [
        ("", ["name"]),
        ("name=x", []),
        ("code=x", []),
        ("name=x&kind=created", ["start"]),
        ("code=x&kind=created&start=y", []),
        ("start=y", ["name"]),
    ],
)
def test_groups_of_which_one_must_come(query: str, fields: list[str]) -> None:
    """``[["kind?start"]]`` applies only beside ``kind``. A default of ``kind`` does not count."""
    rule = '{collection: widgets, key: id, requires: [[name, code], ["kind?start"]]}'
    engine = Engine.of(operation(rule, REQUIRES))

    if fields:
        assert [each.field for each in engine.faults(f"/v1/widgets?{query}")] == fields
    else:
        assert engine.ids(query) == []


def test_what_no_document_names_is_ignored_and_noted() -> None:
    engine = Engine.of(operation(LIST, "[{name: a, in: header}]"), widgets=[{"id": 1}])

    assert engine.ids("colour=red&a=1") == [1]
    assert [note.rpartition(" has ")[2] for note in engine.findings.notes] == [
        "no parameter colour; ignored",
        "no parameter a; ignored",
    ]


def test_members_of_an_object_come_under_names_of_their_own() -> None:
    text = operation(
        LIST, "[{name: a, in: query, required: true, style: deepObject, schema: {type: object}}]"
    )

    assert Engine.of(text).ids("a%5Bb%5D=1") == []
