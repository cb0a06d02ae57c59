"""JSON is indented and divided into pieces, and nothing of it is changed."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.journal.highlighting import (
    LONGEST_SHOWN,
    MOST_PIECES,
    Piece,
    highlighted,
    highlighted_beginning,
)
from tests.cases import every_case
from tests.growth import assert_linear

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def text_of(pieces: list[Piece]) -> str:
    return "".join(each.text for each in pieces)


@pytest.mark.slow
@given(st.lists(ANY_JSON) | st.dictionaries(st.text(), ANY_JSON))
def test_any_json_is_indented_as_python_does_it(value: Any) -> None:
    for ensure_ascii in (True, False):
        sent = json.dumps(value, separators=(",", ":"), ensure_ascii=ensure_ascii)
        assert text_of(highlighted(sent)) == json.dumps(value, indent=2, ensure_ascii=ensure_ascii)


def test_each_piece_has_its_kind() -> None:
    pieces = highlighted('{"a":"b","c":[1.50,true,null,{}]}')

    assert [(each.kind, each.text) for each in pieces if each.kind] == [
        *(("name", '"a"'), ("text", '"b"'), ("name", '"c"'), ("number", "1.50")),
        *(("word", "true"), ("word", "null")),
    ]


@every_case("text", ["", "hello", "{", '{"a": }', "3", "grant_type=x", "<a/>", "[1,", '{"a" "b"}'])
def test_what_is_no_json_object_or_array_stays_as_it_is(text: str) -> None:
    assert text_of(highlighted(text)) == text
    assert all(not each.kind for each in highlighted(text))


def test_what_was_sent_stays_as_it_was_written() -> None:
    sent = '{"a":1.10,"a":1e999,"b":"\\u00e9\\/","c":-0}'

    assert text_of(highlighted(sent)).replace("\n  ", "").replace("\n", "") == (
        '{"a": 1.10,"a": 1e999,"b": "\\u00e9\\/","c": -0}'
    )


@pytest.mark.long
def test_of_a_long_text_the_beginning_is_indented() -> None:
    sent = json.dumps([{"name": "text " * 20}] * 2000)

    for text, is_whole in ((sent, True), (sent[: len(sent) // 2], False)):
        pieces, is_cut = highlighted_beginning(text, is_whole=is_whole)
        shown = text_of(pieces)
        assert is_cut
        assert json.dumps(json.loads(sent), indent=2).startswith(shown)
        assert len(shown) <= LONGEST_SHOWN
        assert any(each.kind == "name" for each in pieces)


@pytest.mark.long
@given(st.lists(ANY_JSON) | st.dictionaries(st.text(), ANY_JSON), st.integers(0, 200))
def test_a_beginning_loses_nothing(value: Any, end: int) -> None:
    sent = json.dumps(value)
    for text, is_whole in ((sent, True), (sent[:end], False)):
        pieces, is_cut = highlighted_beginning(text, is_whole=is_whole)
        assert not is_cut
        whole, shown = ("".join(each.split()) for each in (text, text_of(pieces)))
        assert whole.startswith(shown)
        assert is_whole is False or whole == shown


@every_case("text", ['{"a": }', '{"a', "[1, 2", "<a/>", "{a'b\"c}"])
def test_a_whole_text_that_is_no_json_stays_as_it_is(text: str) -> None:
    pieces, is_cut = highlighted_beginning(text, is_whole=True)
    assert (text_of(pieces), is_cut) == (text, False)


@pytest.mark.parametrize("text", ["[" * 3000 + "]" * 3000, "[" * 400 + "]" * 400 + " " * 9])
def test_a_deep_text_does_not_grow(text: str) -> None:
    assert len(text_of(highlighted(text))) <= max(len(text), LONGEST_SHOWN)


def test_a_text_with_many_values_has_few_pieces() -> None:
    assert len(highlighted(f"[{','.join('1' * 5000)}]")) <= 2 * MOST_PIECES + 1


def test_the_cost_is_linear() -> None:
    assert_linear(lambda count: lambda: highlighted("[" + '"",' * count + "1]"), 2000)


@pytest.mark.long
@given(st.lists(ANY_JSON) | st.dictionaries(st.text(), ANY_JSON), st.data())
def test_the_beginning_of_json_is_indented_and_nothing_of_it_is_changed(
    value: Any, data: st.DataObject
) -> None:
    sent = json.dumps(value, separators=(",", ":"))
    cut = sent[: data.draw(st.integers(1, len(sent)))]

    shown = text_of(highlighted(cut, is_cut=True))
    as_python = json.dumps(value, indent=2)
    assert re.sub(r"[\n ]", "", shown) == re.sub(r"[\n ]", "", cut)
    assert shown.rstrip() in as_python or as_python.startswith(shown.rstrip("\n ]}"))


def test_a_body_that_is_cut_in_a_text_keeps_its_kinds() -> None:
    pieces = highlighted('{"a":[1,{"b":"two th', is_cut=True)

    assert text_of(pieces) == '{\n  "a": [\n    1,\n    {\n      "b": "two th'
    assert [each.text for each in pieces if each.kind == "text"] == ['"two th']


@pytest.mark.parametrize("text", ["{hello world} and", "[section]\nname = value", '{"a" b c'])
def test_a_cut_text_that_is_no_json_stays_as_it_is(text: str) -> None:
    assert highlighted(text, is_cut=True) == [Piece("", text)]


@pytest.mark.long
@every_case("piece", ['"",', '"\\', "\\", '"a', "1 ", "*"])
def test_the_cost_of_a_cut_text_is_linear(piece: str) -> None:
    assert_linear(lambda count: lambda: highlighted("[" + piece * count, is_cut=True), 2000)
