"""Users' patterns: they have the meaning of ECMA-262, and run in linear or limited time."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.patterns import LONGEST_TEXT, Budget, PatternError, compile_pattern
from tests.cases import every_case
from tests.ecmascript_table import MATCHING, TEXTS
from tests.growth import assert_linear

pytestmark = pytest.mark.long


@every_case(("source", "matching"), MATCHING, ids=range(len(MATCHING)))
def test_a_pattern_means_what_node_says(source: str, matching: list[str] | None) -> None:
    if matching is None:
        with pytest.raises(PatternError):
            compile_pattern(source)
        return
    pattern = compile_pattern(source)

    assert [text for text in TEXTS if pattern.matches(text)] == matching


@every_case(
    ("source", "good", "bad"),
    [
        ("(?i)^abc$", "ABC", "abd"),
        (r"^(?P<q>[ab])x\k<q>$", "axa", "axb"),
        ("^(?>ab|a)c$", "abc", "bc"),
        ("^a++b$", "aab", "aa"),
        ("^(a)?(?(1)b|c)$", "ab", "ac"),
        ("^x{1001}$", "x" * 1001, "x" * 1000),
        (r"^(?!00)[0-9]{2}(?<!99)$", "42", "99"),
    ],
)
def test_forms_that_other_languages_or_engines_have_are_read(
    source: str, good: str, bad: str
) -> None:
    pattern = compile_pattern(source)

    assert pattern.matches(good)
    assert not pattern.matches(bad)


@every_case(
    "source",
    [
        "(",
        "[b-a]",
        "a{2,1}",
        "*a",
        r"\p{Nope}",
        "(" * 5000,
        "a" * 30_000,
        "a{99999999999}",
        "(?:(?:(?:a){1000}){1000}){1000}",
        "(?>a{90000}){90000}",
        "[",
        "\\",
        r"\k<n>(?<m>a)",
    ],
)
def test_what_no_engine_reads_is_said_at_once(source: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(source)

    assert len(str(caught.value)) < 200


@given(st.text(max_size=30) | st.text(alphabet="(?:=!<>)[]{}|*+^$\\abdwsku01,-.", max_size=20))
def test_any_text_is_a_pattern_or_an_error(source: str) -> None:
    try:
        pattern = compile_pattern(source)
    except PatternError:
        return
    pattern.matches("abc 12\n\ud800")
    pattern.matches_whole("")
    assert all(start <= end for start, end in pattern.spans("abab01"))


def test_spans_and_whole_matches() -> None:
    pattern = compile_pattern(r"\d+")

    assert list(pattern.spans("a1 😀22")) == [(1, 2), (4, 6)]
    assert pattern.matches_whole("12")
    assert not pattern.matches_whole("12a")
    assert list(compile_pattern(r"(?<=a)b").spans("ab b ab")) == [(1, 2), (6, 7)]


@pytest.mark.slow
@pytest.mark.parametrize("source", ["^(a+)+$", "(a|a)*b", "^(.*,){30}P", "^(?=(a+)+$)a+b?$"])
def test_a_nested_repeat_is_linear(source: str) -> None:
    pattern = compile_pattern(source)

    def make(size: int) -> Callable[[], object]:
        text = "a" * size + "!"
        return lambda: pattern.matches(text)

    assert_linear(make, 20_000)


def test_a_pattern_over_the_limit_counts_as_not_matched_and_is_named_once() -> None:
    pattern = compile_pattern("^(a|aa)+(?<!x)$")
    budget = Budget()
    began = time.thread_time()

    found = [pattern.matches("a" * 40 + "!", budget) for _ in range(1000)]

    assert not any(found)
    assert time.thread_time() - began < 2
    (problem,) = budget.problems
    assert "'^(a|aa)+(?<!x)$' counts as not matched" in problem


def test_texts_that_each_take_a_little_share_one_budget() -> None:
    pattern = compile_pattern("^(a|aa)+(?<!x)$")
    budget = Budget()
    began = time.thread_time()

    for number in range(20_000):
        pattern.matches("a" * 18 + f"!{number}", budget)

    assert budget.problems
    assert time.thread_time() - began < 5


@pytest.mark.slow
def test_harmless_texts_never_spend_the_budget() -> None:
    pattern, budget = compile_pattern(r"(?<=a)b$"), Budget()

    assert all(pattern.matches("ab", budget) for _ in range(100_000))
    assert budget.problems == []


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_more_patterns_mean_what_this_machines_node_says() -> None:
    pieces = [
        "a",
        "[ab]",
        r"\d",
        "(?:a|b)",
        "b?",
        "a*",
        "(?=b)",
        "(?!a)",
        r"\b",
        ".",
        "[^a]",
        "b{1,2}",
    ]
    sources = [f"^{one}{two}{three}$" for one in pieces for two in pieces for three in pieces[:6]]
    texts = ["", "a", "b", "ab", "ba", "aab", "abb", "1", "a1", "\n", "é"]
    program = (
        "const r=JSON.parse(require('fs').readFileSync(0));"
        "console.log(JSON.stringify(r[0].map(p=>{let x;try{x=new RegExp(p,'u')}catch(e)"
        "{try{x=new RegExp(p)}catch(e){return null}};return r[1].map(t=>x.test(t))})))"
    )

    ran = subprocess.run(
        ["node", "-e", program],
        input=json.dumps([sources, texts]),
        capture_output=True,
        text=True,
        check=True,
    )

    for source, expected in zip(sources, json.loads(ran.stdout), strict=True):
        if expected is not None:
            pattern = compile_pattern(source)
            assert [pattern.matches(text) for text in texts] == expected, source


def test_a_text_that_is_too_long_to_backtrack_in_counts_as_not_matched() -> None:
    pattern = compile_pattern(r"a+$(?!x)")
    assert not pattern.is_linear

    budget = Budget()
    assert pattern.matches("a" * LONGEST_TEXT, budget)
    assert budget.problems == []
    assert not pattern.matches("a" * (LONGEST_TEXT + 1), budget)
    (problem,) = budget.problems
    assert str(LONGEST_TEXT) in problem
