"""Operation patterns: what they match, which are allowed, and their cost."""

from __future__ import annotations

import re
from functools import cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.matching.targets import CallTarget, OperationPattern, OperationPatterns, Operations
from tests.cases import every_case
from tests.growth import Action, assert_flat, assert_linear

TEXTS = st.text(alphabet="ab/ ", max_size=12)
PATTERNS = st.lists(
    st.sampled_from(["*", "**", "{x}", "{}", "a", "b", "/", "ab", "{y", "}"]), max_size=9
).map("".join)


def slowly_matches(pattern: str, text: str) -> bool:
    """A slow reference that tries all possible matches."""
    parts = re.findall(r"\{[^}]*\}|.", pattern)

    @cache
    def rest(part: int, at: int) -> bool:
        if part == len(parts):
            return at == len(text)
        if parts[part] == "*":
            return any(rest(part + 1, end) for end in range(at, len(text) + 1))
        if len(parts[part]) > 1:
            ends = range(at + 1, len(text) + 1)
            return any(rest(part + 1, end) for end in ends if "/" not in text[at:end])
        return text[at : at + 1] == parts[part] and rest(part + 1, at + 1)

    return rest(0, 0)


@given(PATTERNS, TEXTS)
def test_a_pattern_matches_what_trying_everything_matches(pattern: str, text: str) -> None:
    assert OperationPattern(pattern).matches(text) == slowly_matches(pattern, text)


@given(st.lists(PATTERNS, max_size=12), TEXTS, st.data())
def test_of_many_patterns_those_that_match_are_found(
    texts: list[str], text: str, data: st.DataObject
) -> None:
    patterns = OperationPatterns()
    for each in texts:
        patterns.add(each)
    gone = data.draw(st.sets(st.sampled_from(texts))) if texts else set()
    for each in gone:
        patterns.remove(each)
    there = set(texts) - gone

    assert sorted(patterns.matching(text)) == sorted(
        each for each in there if slowly_matches(each, text)
    )
    assert len(patterns) == len(there)


@every_case(
    ("pattern", "hit", "missed"),
    [
        ("GET /v2/investors", "GET /v2/investors", "GET /v2/investors/"),
        ("GET /v2/investors/", "GET /v2/investors/", "GET /v2/investors"),
        ("GET /v1/{id}/x", "GET /v1/a b/x", "GET /v1/a/b/x"),
        ("GET /v1/{id}", "GET /v1/7", "GET /v1/"),
        ("GET /v1/p-{id}.json", "GET /v1/p-7.json", "GET /v1/p-.json"),
        ("GET /v1/{a}{b}", "GET /v1/ab", "GET /v1/a"),
        ("GET /v1/*", "GET /v1/", "GET /v1"),
        ("* /v1/*/x", "PATCH /v1/a/b/x", "PATCH /v1/x"),
        ("* *", "GET /", "GET"),
        ("GET *", "GET /a\nb", "POST /a"),
        ("GET /%2F", "GET /%2F", "GET /%2f"),
        ("GET /*?x=1", "GET /a?x=1", "GET /a"),
        ("GET /a.b", "GET /a.b", "GET /axb"),
        ("GET /Ä*", "GET /Äb", "GET /äb"),
    ],
)
def test_a_star_is_any_run_and_a_name_is_one_segment(pattern: str, hit: str, missed: str) -> None:
    target = CallTarget(operation=pattern)

    assert target.problems() == {}
    assert target.matches(hit)
    assert not target.matches(missed)


@every_case(
    ("operation", "problem"),
    [
        ("investors", "not a method and a path"),
        ("get /v2/investors", "not a method and a path"),
        ("GET v2/investors", "not a method and a path"),
        ("GET  /v2/investors", "not a method and a path"),
        ("GET /v2/in vestors", "not a method and a path"),
        ("GET /" + "a" * 2000, "at most 2000 characters, not 2005"),
        ("GET /" + "*a" * 1000, "at most 2000 characters"),
        ("GET /\ud800", "half a surrogate pair is no text"),
        ("", "not a method and a path"),
    ],
)
def test_what_is_no_operation_is_refused_with_its_reason(operation: str, problem: str) -> None:
    assert problem in CallTarget(operation=operation).problems()["operation"]


@pytest.mark.parametrize(
    ("application", "problem"),
    [("\udfff", "half a surrogate pair"), ("x" * 2001, "at most 2000 characters")],
)
def test_an_application_that_no_name_can_be_is_refused(application: str, problem: str) -> None:
    assert problem in CallTarget(application=application).problems()["application"]


@pytest.mark.slow
@every_case(
    "pattern",
    [
        "GET /*a*a*a*ab",
        "GET /" + "*a" * 900 + "b",
        "GET /" + "*" * 900 + "b",
        "GET /*/{a}/{b}/{c}/{d}b",
        "GET /*{a}a{b}a{c}a{d}ab*",
        "GET /" + "{a}" * 400 + "b",
    ],
)
@every_case("unit", ["a", "/a", "a/"])
def test_matching_takes_time_that_grows_with_the_path_only(pattern: str, unit: str) -> None:
    found = OperationPattern(pattern)

    def make(size: int) -> Action:
        text = "GET /" + unit * size
        return lambda: found.matches(text)

    assert_linear(make, 2000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "GET /v1/thing-{}",
        "GET /v1/thing-{}/*",
        "GET /v1/*/thing-{}/*",
        "* */thing-{}",
        "GET /v1/{{id}}/thing-{}",
    ],
    ids=["exact", "beginning", "middle", "end", "segment"],
)
def test_many_patterns_of_others_cost_a_call_nothing(name: str) -> None:
    def make(count: int) -> Action:
        patterns = OperationPatterns()
        for number in range(count):
            patterns.add(name.format(f"{number:05}"))
        return lambda: list(patterns.matching("GET /v1/investors/INV-1/accounts"))

    assert_flat(make, many=5000)


def test_what_can_be_called_is_known_by_template_name_and_value() -> None:
    known = Operations(["GET /v2/investors", "PATCH /v1/investors/{externalId}"])

    assert known.has("GET /v2/investors")
    assert known.has("PATCH /v1/investors/{externalId}")
    assert known.has("PATCH /v1/investors/{id}")
    assert known.has("PATCH /v1/investors/INV-1")
    assert known.has("GET /nothing/*")
    assert not known.has("PATCH /v1/investors/INV-1/x")
    assert not known.has("POST /v2/investors")


CALLED = (
    "GET /v2/investors",
    "GET /v1/orders/{id}",
    "GET /v1/{kind}/status/{key}",
    "GET /v1/files/{name}.{form}",
    "POST /v1/orders/{id}:close",
    "GET /",
    "GET /v1/odd/{with/slash}/x",
)


@every_case(
    ("operation", "call"),
    [
        ("GET /v2/{anything}", "GET /v2/investors"),
        ("GET /{version}/investors", "GET /v2/investors"),
        ("GET /v1/{a}/7", "GET /v1/orders/7"),
        ("GET /v1/orders/status/{x}", "GET /v1/orders/status/7"),
        ("GET /v1/{x}/{y}/{z}", "GET /v1/a/status/b"),
        ("GET /v1/files/{x}.csv", "GET /v1/files/a.csv"),
        ("GET /v1/files/{x}", "GET /v1/files/a.csv"),
        ("GET /v1/files/report.2026.csv", "GET /v1/files/report.2026.csv"),
        ("POST /v1/orders/7:close", "POST /v1/orders/7:close"),
        ("POST /v1/orders/{x}", "POST /v1/orders/7:close"),
        ("GET /v1/odd/{other}/x", "GET /v1/odd/a/x"),
        ("HEAD /v1/orders/{x}", "GET /v1/orders/7"),
        ("GET /", "GET /"),
    ],
)
def test_what_some_call_meets_is_known_whatever_the_parameters_are_called(
    operation: str, call: str
) -> None:
    method, _, path = operation.partition(" ")
    asked = CallTarget(operation=f"GET {path}" if method == "HEAD" else operation)

    assert asked.matches(call)
    assert any(OperationPattern(each.replace("with/slash", "")).matches(call) for each in CALLED)
    assert Operations(CALLED).has(operation)


@every_case(
    "operation",
    [
        "GET /v2/investors/",
        "GET /v2//investors",
        "GET /V2/investors",
        "GET /v2/{x}/investors",
        "POST /v2/{anything}",
        "GET /v1/orders/",
        "GET /v1/orders",
        "GET /v1/files/report",
        "GET /v1/files/.",
        "POST /v1/orders/7:open",
        "POST /v1/orders/:close",
        "GET /v1/inv{x}/investors",
        "HEAD /v1/orders/7:close/x",
        "GET /{x}",
        "DELETE /",
    ],
)
def test_what_no_call_meets_is_not_known(operation: str) -> None:
    assert not Operations(CALLED).has(operation)


def test_what_any_operation_is_called_by_is_known_and_what_is_near_is_named() -> None:
    known = Operations(["GET /v2/investors", "POST /v2/reports", "GET /v1/accounts", "GET /x"])

    assert known.find_problem("GET /v2/investors") is None
    problem = known.find_problem("GET /v2/investrs")
    assert problem is not None
    assert problem.startswith("there is no GET /v2/investrs, so it would never be met; the nearest")
    assert "are GET /v2/investors, " in problem


@every_case(
    "operation",
    ["GET /" + "{a}" * 600, "GET " + "/{a}" * 400, "GET /" + "/" * 1500, "GET /" + "a" * 1900],
)
def test_what_is_said_of_an_odd_operation_is_short_and_costs_no_more_than_its_size(
    operation: str,
) -> None:
    problem = Operations(CALLED).find_problem(operation)

    assert problem is not None
    assert len(problem) < len(operation) + 300


@pytest.mark.slow
def test_a_misspelt_operation_costs_the_same_whatever_can_be_called() -> None:
    def make(count: int) -> Action:
        known = Operations(f"GET /v1/thing{number:05}/{{id}}" for number in range(count))
        return lambda: known.find_problem("GET /v1/thnig00007/INV-1")

    assert_flat(make, few=200, many=5000)


@pytest.mark.slow
def test_whether_an_operation_is_known_costs_the_same_whatever_can_be_called() -> None:
    def make(count: int) -> Action:
        known = Operations(f"GET /v1/thing{number:05}/{{id}}" for number in range(count))
        return lambda: known.has("GET /v1/thing00007/INV-1")

    assert_flat(make, many=5000)


@pytest.mark.long
def test_hostile_patterns_and_paths_made_at_random_end() -> None:
    random = Random(7)  # noqa: S311
    for _ in range(200):
        pattern = "GET /" + "".join(random.choices(["*", "{x}", "a", "/", "ab"], k=300))
        path = "GET /" + "".join(random.choices("ab/", k=2000))
        OperationPattern(pattern).matches(path)
