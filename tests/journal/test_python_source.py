"""Python source of values: it is read back as the value, and is written as the formatter does."""

from __future__ import annotations

import ast
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mock_sei.journal.python_source import Name, Names, call, joined, literal, source_of
from tests.cases import every_case

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.binary(),
    lambda each: st.lists(each) | st.dictionaries(TEXTS, each),
    max_leaves=10,
)


@given(VALUES)
def test_a_value_is_read_back(value: Any) -> None:
    assert ast.literal_eval(source_of(value)) == value


@given(st.lists(TEXTS | st.just(Name("token"))))
def test_a_text_with_variables_is_read_back(parts: list[str | Name]) -> None:
    token = "{'\"\\secret"
    expected = "".join(token if isinstance(each, Name) else each for each in parts)
    code = source_of(joined(parts))
    assert eval(code, {"token": token}) == expected  # noqa: S307  # our own code is what is tested


@given(TEXTS)
def test_a_literal_has_one_line_that_a_terminal_shows(text: str) -> None:
    assert literal(text).isprintable()


@every_case(
    ("value", "source"),
    [
        ("plain", '"plain"'),
        ('say "hi"', "'say \"hi\"'"),
        ("it's", '"it\'s"'),
        ("a\n\x00\u202e", '"a\\n\\x00\\u202e"'),
        (b"\xff\n'", 'b"\\xff\\n\'"'),
        ((Name("a.b"), "c"), '(a.b, "c")'),
        ({}, "{}"),
        ([], "[]"),
        ({"a": [1]}, '{\n    "a": [\n        1,\n    ],\n}'),
    ],
)
def test_it_is_written_as_the_formatter_writes_it(value: object, source: str) -> None:
    assert source_of(value) == source


def test_a_call_has_a_line_for_each_argument() -> None:
    assert call("http.get", ["/x"], {"headers": {"a": "b"}}, 1) == (
        'http.get(\n        "/x",\n        headers={\n            "a": "b",\n        },\n    )'
    )


def test_names_are_identifiers_and_each_is_another_one() -> None:
    names = Names(["mock_sei"])
    made = [
        names.new(each)
        for each in ("demo-web", "demo web", "7", "class", "", "mock_sei", "é", "import os; x()")
    ]

    assert made == [
        "demo_web",
        "demo_web_2",
        "x_7",
        "x_class",
        "x",
        "mock_sei_2",
        "x_2",
        "import_os_x",
    ]
    assert all(each.isidentifier() for each in made)
