"""Users' documents that would cost more than their size: they are left out with a reason, or
read."""

from __future__ import annotations

# ruff: noqa: E501  # documents in YAML
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import Engine, document
from tests.growth import assert_flat, assert_linear

pytestmark = pytest.mark.slow


HEAD = "openapi: 3.1.0\ninfo: {title: a, version: '1'}\n"
GOOD = HEAD + "paths: {/good: {get: {responses: {'200': {description: ok}}}}}\n"
SCHEMA = "{$ref: '#/components/schemas/S0'}"
ASKS = f"""
paths:
  /a:
    get: {{responses: {{'200': {{description: ok, content: {{application/json: {{schema: {SCHEMA}}}}}}}}}}}
"""


def chain(make: Callable[[str], str], count: int = 40) -> str:
    lines = [f"    S{each}: {make(f'#/components/schemas/S{each + 1}')}\n" for each in range(count)]
    return f"{ASKS}components:\n  schemas:\n{''.join(lines)}    S{count}: {{type: integer}}\n"


def aliases(levels: int) -> Iterable[str]:
    yield "x-0: &a0 [1, 2]\n"
    for each in range(1, levels):
        yield f"x-{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 10)}]\n"


HOSTILE = {
    "aliases": (HEAD + "".join(aliases(40)) + "paths: {}\n", "its aliases make more than"),
    "itself": (HEAD + "x-a: &a {b: [*a]}\npaths: {}\n", "an alias is inside its own value"),
    "merge": (
        HEAD
        + "x-0: &a0 {k: 1}\n"
        + "".join(
            f"x-{n}: &a{n} {{!!merge '<<': [{', '.join([f'*a{n - 1}'] * 9)}], k{n}: 1}}\n"
            for n in range(1, 9)
        )
        + "paths: {}\n",
        "",
    ),
    "alternatives": (
        HEAD + chain(lambda to: f"{{anyOf: [{{$ref: '{to}'}}, {{$ref: '{to}'}}]}}"),
        "one value is checked against more than 10000 schemas",
    ),
    "together": (
        HEAD + chain(lambda to: f"{{allOf: [{{$ref: '{to}'}}, {{$ref: '{to}'}}]}}"),
        "one value is checked against more than 10000 schemas",
    ),
    "deep": (HEAD + "x-a: " + "[" * 50_000 + "]" * 50_000 + "\npaths: {}\n", "not valid YAML"),
    "dashes": (HEAD + "x-a:\n  " + "- " * 50_000 + "1\npaths: {}\n", "not valid YAML"),
    "digits": (HEAD + "x-a: " + "9" * 1_000_000 + "\npaths: {}\n", ""),
    "scalar": (HEAD + "x-a: " + "-" * 1_000_000 + ".\npaths: {}\n", ""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_left_out_within_a_bound_and_the_others_load(
    name: str, tmp_path: Path
) -> None:
    text, problem = HOSTILE[name]
    (tmp_path / "hostile.yaml").write_text(text)
    (tmp_path / "good.yaml").write_text(GOOD)
    began = time.thread_time()

    fixtures = load_fixtures(apis=tmp_path)
    catalogue = Catalogue((), fixtures.brought)

    assert time.thread_time() - began < 10
    assert "GET /good" in [each.name for each in catalogue.operations]
    told = [*fixtures.problems, *catalogue.problems]
    assert len(told) == bool(problem)
    assert all("hostile.yaml" in each and problem in each and len(each) < 500 for each in told)


def test_an_alias_that_stands_for_little_is_no_bomb(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(HEAD + "".join(aliases(4)) + "paths: {}\n")

    assert load_fixtures(apis=tmp_path).problems == ()


def test_a_pattern_that_nobody_reads_is_told_and_the_rest_stays() -> None:
    text = """
paths:
  /a:
    post:
      requestBody:
        content:
          application/json:
            schema:
              {properties: {b: {type: string, pattern: "(b", maxLength: 1}}, patternProperties: {"[": {}}}
      responses: {"200": {description: ok}}
"""
    catalogue = Catalogue((), [document(text)])

    first, second = sorted(catalogue.problems)
    assert first.startswith("widgets.yaml: paths[/a].post.requestBody.content.application/json.")
    assert ".properties.b.pattern = '(b': not a regular expression of ECMA-262" in second
    assert ".patternProperties = '[': " in first
    assert [each.name for each in catalogue.operations] == ["POST /a"]


def test_a_sample_of_many_levels_of_required_members_is_small() -> None:
    text = chain(
        lambda to: (
            "{type: object, required: [a, b, c], properties: "
            f"{{a: {{$ref: '{to}'}}, b: {{$ref: '{to}'}}, c: {{$ref: '{to}'}}}}}}"
        )
    )

    assert len(str(Engine.brought(text).call("/a").body)) < 1_000_000


def test_a_sample_of_alternatives_within_alternatives_is_made_in_few_steps() -> None:
    """No value fits it, so every alternative of every level is tried."""
    again = ", ".join(
        f"{{type: object, required: [m{each}, never], properties: {{m{each}: {SCHEMA}, never: false}}}}"
        for each in range(8)
    )
    began = time.thread_time()

    Engine.brought(f"{ASKS}components: {{schemas: {{S0: {{oneOf: [{again}]}}}}}}").call("/a")

    assert time.thread_time() - began < 20


@pytest.mark.parametrize(
    "pattern",
    [
        "^[a-f0-9]{128}$",
        "^(?=.*[0-9])(?=.*[a-z])[a-z0-9]{8,12}$",
        r"^\p{L}{3}$",
        "^(?>ab|a)c$",
        "^(a)?(?(1)b|c)$",
        r"^(?P<q>[ab])x(?P=q)$",
        "(?i)^abc$",
        "^a++b$",
        r"^[^<>\s]{3,5}$",
        r"^\p{Script=Greek}+$",
        r"^(x|y)\1$",
        "^(?:|[A-Z]{3})$",
        r"^(?!00)[0-9]{2}(?<!99)$",
    ],
)
def test_a_sample_matches_its_pattern(pattern: str) -> None:
    from mock_sei.apis.patterns import compile_pattern

    text = ASKS.replace(SCHEMA, f"{{type: string, pattern: '{pattern}'}}")

    value = Engine.brought(text).call("/a").body

    assert compile_pattern(pattern).matches(value)


@pytest.mark.parametrize("pattern", ["^(?:(?:a{999}){999}){999}", "((((a*)*)*)*)*", "(?=a)b", "$a"])
def test_a_pattern_that_is_too_much_has_a_sample_all_the_same(pattern: str) -> None:
    text = ASKS.replace(SCHEMA, f"{{type: string, pattern: '{pattern}', minLength: 50}}")
    engine = Engine.of("paths: {}")
    engine.catalogue = Catalogue((), [document(text)])

    assert len(engine.call("/a").body) <= 10_000


def test_a_long_text_is_made_where_the_schema_asks_for_one() -> None:
    text = ASKS.replace(
        SCHEMA, "{type: string, pattern: '^[A-Z]+$', minLength: 150, maxLength: 200}"
    )

    assert 150 <= len(Engine.brought(text).call("/a").body) <= 200


def test_the_number_of_operations_does_not_matter_to_a_call_or_a_404() -> None:
    def make(count: int) -> Callable[[], object]:
        paths = "".join(
            f"  /v1/things{each}/{{id}}/parts: {{get: {{responses: {{'200': {{description: ok}}}}, "
            "parameters: [{name: id, in: path, required: true, schema: {type: string}}]}}\n"
            for each in range(count)
        )
        engine = Engine.brought(f"paths:\n{paths}")

        def ask() -> None:
            engine.catalogue.find("GET", "/v1/things7/1/parts")
            engine.refusal("/v1/thing7/1/parts")

        return ask

    assert_flat(make, few=60, many=700)


@pytest.mark.parametrize("unit", ["/", "/a", "a", "%2F", "{"])
def test_a_long_path_costs_what_its_length_is(unit: str) -> None:
    catalogue = Engine.of("paths: {}").catalogue
    engine = Engine.brought("paths: {/a/b: {get: {responses: {'200': {description: ok}}}}}")
    engine.catalogue = catalogue if catalogue.operations else engine.catalogue

    def make(size: int) -> Callable[[], object]:
        path = "/v1" + unit * size
        return lambda: engine.refusal(path)

    assert_linear(make, 30_000)
