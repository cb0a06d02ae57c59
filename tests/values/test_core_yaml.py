"""YAML by the core schema of YAML 1.2: plain words, tags, merge keys, aliases, keys that repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from mock_sei.values import core_yaml
from mock_sei.values.core_yaml import AliasError, YAMLError, load
from tests.cases import every_case
from tests.growth import assert_linear

PLAIN = {
    "NO": "NO",
    "y": "y",
    "2026-03-31": "2026-03-31",
    "12:30": "12:30",
    "1_000": "1_000",
    "0b1": "0b1",
    "=": "=",
    "-": ["-"],
    "0o17": 15,
    "010": 10,
    "0x1F": 31,
    "+1": 1,
    "-0": 0,
    "123456789012345678901234567890": 123456789012345678901234567890,
    "1e3": 1000.0,
    ".5": 0.5,
    "1.": 1.0,
    "1e400": 10**400,
    "-.inf": "-.inf",
    "~": None,
    "null": None,
    "Null": None,
    "nULL": "nULL",
    "": None,
    "TRUE": True,
    "tRUE": "tRUE",
    "false": False,
    "!!str 1": "1",
    "! 2": "2",
    "!!int '3'": 3,
    "!!float 4": 4.0,
    "!!float .inf": ".inf",
    "!!bool true": True,
    "!!null x": None,
    "!!map {a: 1}": {"a": 1},
    "!!seq [1]": [1],
    "'1'": "1",
    '"\\u00e9"': "é",
    "^[^<>\\s]{3,5}$": "^[^<>\\s]{3,5}$",
}


@pytest.fixture(params=["C", "Python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs with both of PyYAML's parsers, because not every platform has the C parser."""
    if request.param == "Python":
        monkeypatch.setattr(core_yaml, "_Parser", yaml.SafeLoader)


@every_case("text", PLAIN)
def test_a_value_is_read_by_the_core_schema(text: str) -> None:
    found = load(f"a: {text}\n") if text != "-" else load("a:\n- '-'\n")

    assert found == {"a": PLAIN[text]}
    assert type(found["a"]) is type(PLAIN[text])


def test_not_a_number_is_a_number() -> None:
    assert load(".nan") == ".nan"


@every_case(
    ("text", "value"),
    [
        ("", None),
        ("# nothing\n", None),
        ("--- 1\n", 1),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: &x k\n*x : 1\n", {"a": "k", "k": 1}),
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", {"a": 1, "b": 1, "c": 2, "d": 2}),
        ("{a: 1, b, c: }", {"a": 1, "b": None, "c": None}),
        ("200: a\n'404': b\ntrue: c\n? d\n", {200: "a", "404": "b", True: "c", "d": None}),
    ],
)
def test_a_document_is_read(text: str, value: Any) -> None:
    assert load(text) == value


MERGES = {
    "what is written wins": ("b: {x: 3, <<: *a}", {"x": 3, "y": 2}),
    "whatever its place": ("b: {<<: *a, x: 3}", {"x": 3, "y": 2}),
    "the first of a list wins": ("b: {<<: [*a, {y: 7, z: 4}]}", {"x": 1, "y": 2, "z": 4}),
    "one in another": ("c: &c {<<: *a, z: 5}\nb: {<<: *c}", {"x": 1, "y": 2, "z": 5}),
    "the tag says so too": ("b: {!!merge '<<': *a}", {"x": 1, "y": 2}),
    "in quotes it is a name": ("b: {'<<': 1}", {"<<": 1}),
    "the same many times": ("b: {<<: [*a, *a, *a]}", {"x": 1, "y": 2}),
    "two in one mapping": ("b: {<<: *a, <<: {z: 1}}", {"x": 1, "y": 2, "z": 1}),
}


@every_case("case", MERGES)
def test_a_merge_key_adds_members(case: str) -> None:
    text, value = MERGES[case]
    twice: dict[str, None] = {}

    found = load(f"a: &a {{x: 1, y: 2}}\n{text}\n", twice)

    assert found["b"] == value
    assert found["a"] == {"x": 1, "y": 2}
    assert not twice


def test_a_merged_mapping_that_has_an_anchor_is_whole_for_its_aliases() -> None:
    assert load("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: *b\n")["c"] == {"x": 1, "y": 2}


def test_an_alias_is_the_same_object_each_time() -> None:
    found = load("a: &x [1]\nb: *x\n")

    assert found["a"] is found["b"]


def test_each_key_that_stands_twice_is_told_with_its_line_and_the_last_is_read() -> None:
    twice: dict[str, None] = {}

    found = load("a: 1\nb: {c: 1, d: 2,\n  c: 3}\na: 2\n'a': 3\n", twice)

    assert found == {"a": 3, "b": {"c": 3, "d": 2}}
    assert list(twice) == ["c (line 3)", "a (line 4)", "a (line 5)"]


WRONG = {
    "a: 1\n---\nb: 2\n": "expected a single document, but another one begins here.*line 2",
    "? [a]\n: 1\n": "a mapping or a list cannot be a key.*line 1",
    "? {a: 1}\n: 1\n": "a mapping or a list cannot be a key",
    "a: &a [1]\n*a : 2\n": "a mapping or a list cannot be a key.*line 2",
    "a:\n  b: *c\n": "there is no anchor 'c' before.*line 2",
    "a: !!timestamp 2026-01-01\n": "not of the core schema.*line 1",
    "a: !own 1\n": "the tag '!own' is not of the core schema",
    "a: !own {}\n": "the tag '!own' does not go with a mapping",
    "a: !!map []\n": "does not go with a list",
    "a: !!python/object:os.system {}\n": "does not go with a mapping",
    "a: !!int x\n": "'x' is not a whole number",
    "a: !!bool maybe\n": "'maybe' is neither true nor false",
    "a: !!float x\n": "'x' is not a number",
    "a: {<<: 1}\n": "must have a mapping or a list of mappings.*line 1",
    "a: {<<: [1]}\n": "must have a mapping or a list of mappings",
    "a:\n\tb: 1\n": "line 2",
    "a: [\n": "line 2",
}


@every_case("text", WRONG, ids=lambda text: text[:20])
def test_what_is_no_yaml_of_ours_is_told_with_its_line(text: str) -> None:
    with pytest.raises(YAMLError) as raised:
        load(text)

    assert_in_order(str(raised.value), WRONG[text].split(".*"))


def assert_in_order(text: str, parts: list[str]) -> None:
    for each in parts:
        assert each in text
        text = text.partition(each)[2]


ENDLESS = ("a: &a [*a]\n", "a: &a {b: [1, {c: *a}]}\n", "a: &a {<<: *a}\n", "&a [*a]\n")


@every_case("text", ENDLESS)
def test_a_value_that_contains_itself_is_refused(text: str) -> None:
    with pytest.raises(AliasError, match=r"an alias is inside its own value \(line 1\)"):
        load(text)


def laughs(levels: int, each: str) -> Iterator[str]:
    yield "l0: &a0 {v0: 1}\n"
    for level in range(1, levels):
        yield f"l{level}: &a{level} {each.format(before=f'*a{level - 1}', level=level)}\n"


@every_case(
    "each",
    [
        "[{before}, {before}, {before}, {before}, {before}, {before}, {before}, {before}]",
        "{{a: {before}, b: {before}, c: {before}, d: {before}}}",
        "{{<<: {before}, a{level}: {before}}}",
    ],
)
def test_aliases_that_multiply_are_refused_before_they_are_followed(each: str) -> None:
    with pytest.raises(AliasError, match=r"its aliases make more than [0-9]+ values from the"):
        load("".join(laughs(300, each)))


def test_aliases_may_add_ten_times_what_is_written_and_some_more() -> None:
    part = f"a: &a [{', '.join('1' for _ in range(1000))}]\n"

    assert len(load(f"{part}b: [{', '.join(['*a'] * 200)}]\n")["b"]) == 200
    with pytest.raises(AliasError, match=r"its aliases make 22\d+ values from the 12\d\d"):
        load(f"{part}b: [{', '.join(['*a'] * 225)}]\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "part",
    [
        "- {a: 1, b: [x, 'y', ~]}\n",
        "- &a {a: 1}\n- *a\n",
        "- {<<: {a: 1}, b: 2}\n",
        "- {<<: [{a: 1}, {b: 2}], <<: {c: 3}}\n",
        "- a\n",
    ],
)
def test_a_document_costs_what_it_is_long(part: str) -> None:
    def make(size: int) -> Callable[[], object]:
        text = part * size
        return lambda: load(text)

    assert_linear(make, 300)
