"""Arrays and objects in parameters, in every style, and the values that a schema reads from a
text."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from mock_sei.apis.parameters import read_parameters
from mock_sei.apis.patterns import Budget
from mock_sei.errors import MalformedRequest
from tests.apis.engine import Engine
from tests.cases import every_case

MORE = """
components:
  schemas:
    Count: {type: integer, minimum: 1}
    Shade: {type: string, enum: [dusk, dawn]}
    Counts: {type: array, items: {$ref: '#/components/schemas/Count'}}
    Point: {type: object, required: [x], properties: {x: {type: integer}, y: {type: integer}}}
    Tree: {type: object, properties: {inner: {$ref: '#/components/schemas/Tree'}}}
"""
COUNT = "{$ref: '#/components/schemas/Count'}"
COUNTS = "{$ref: '#/components/schemas/Counts'}"
POINT = "{$ref: '#/components/schemas/Point'}"
IN_JSON = f"content: {{application/json: {{schema: {POINT}}}}}"
NUMBERS = "{type: array, items: {type: integer}}"
N = "properties: {n: {type: integer}}"
CONDITIONAL = f"{{type: object, if: {{required: [n]}}, then: {{{N}}}}}"
DEPENDENT = f"{{type: object, dependentSchemas: {{k: {{{N}}}}}}}"
NUMBERS_BY_NAME = "{type: object, additionalProperties: {type: number}}"
WITH_POINTS = (
    f"{{type: object, properties: {{n: {{type: integer}}, t: {{type: array, items: {POINT}}}}}}}"
)


def engine_of(parameter: str, path: str = "/rocks", version: str = "3.1.0") -> Engine:
    """An engine with one operation that has this parameter ``a``."""
    return Engine.brought(
        f"paths: {{'{path}': {{get: {{parameters: [{{name: a, {parameter}}}], "
        f"responses: {{'200': {{description: good}}}}}}}}}}\n{MORE}",
        version=version,
    )


def read(
    parameter: str,
    target: str,
    *,
    path: str = "/rocks",
    headers: dict[str, str] | None = None,
    version: str = "3.1.0",
) -> Any:
    engine = engine_of(parameter, path, version)
    parts = urlsplit(target)
    found, values = engine.catalogue.find("GET", parts.path)
    read = read_parameters(
        found,
        query=parts.query,
        path=values,
        headers={name: [text] for name, text in (headers or {}).items()},
        findings=engine.findings,
        budget=Budget(),
    )
    assert engine.findings.notes == []
    return json.loads(
        json.dumps(found.find_value(read, "a") if found.find_key("a") in read else "not sent")
    )


def reason(parameter: str, target: str, *, path: str = "/rocks", **how: Any) -> str:
    (fault,) = engine_of(parameter, path).faults(target, **how)
    assert fault.field == "a"
    return fault.reason


QUERY = [
    # the usual style "form"
    (f"schema: {NUMBERS}", "a=1&a=2", [1, 2]),
    (f"schema: {NUMBERS}", "a=1,2", [1, 2]),
    (f"explode: false, schema: {NUMBERS}", "a=1,2", [1, 2]),
    (f"schema: {COUNTS}", "a=1,2", [1, 2]),
    (f"schema: {{type: array, items: {COUNT}}}", "a=3", [3]),
    (f"schema: {{allOf: [{COUNTS}, {{maxItems: 2}}]}}", "a=3&a=4", [3, 4]),
    ("schema: {type: array, maxItems: 1, items: {type: string}}", "a=x,y", ["x,y"]),
    ("schema: {type: array, items: {type: [integer, 'null']}}", "a=1,,2", [1, None, 2]),
    ("schema: {type: array, items: {anyOf: [{type: boolean}, {type: number}]}}", "a=true,2",
     [True, 2.0]),
    ("schema: {type: array, prefixItems: [{type: string}], items: {type: integer}}", "a=1,2",
     ["1", 2]),
    ("schema: {type: [array, 'null'], items: {type: integer}}", "a=7", [7]),
    ("schema: {oneOf: [{type: integer}, {type: array, items: {type: integer}}]}", "a=1&a=2",
     [1, 2]),
    ("schema: {}", "a=1&a=2", ["1", "2"]),
    (f"schema: {POINT}", "x=1&y=2", {"x": 1, "y": 2}),
    (f"explode: false, schema: {POINT}", "a=x,1,y,2", {"x": 1, "y": 2}),
    ("schema: {type: object, additionalProperties: {type: integer}}", "b=1&c=2", {"b": 1, "c": 2}),
    ("schema: {type: object}", "a=1", {"a": "1"}),
    # other styles
    (f"style: spaceDelimited, explode: false, schema: {NUMBERS}", "a=1%202", [1, 2]),
    (f"style: spaceDelimited, explode: false, schema: {NUMBERS}", "a=1+2", [1, 2]),
    (f"style: pipeDelimited, schema: {NUMBERS}", "a=1|2", [1, 2]),
    (f"style: pipeDelimited, schema: {NUMBERS}", "a=1%7C2", [1, 2]),
    (f"style: pipeDelimited, explode: true, schema: {NUMBERS}", "a=1&a=2", [1, 2]),
    (f"style: pipeDelimited, schema: {POINT}", "a=x|1|y|2", {"x": 1, "y": 2}),
    (f"style: spaceDelimited, schema: {POINT}", "a=x%201", {"x": 1}),
    (f"style: deepObject, schema: {POINT}", "a[x]=1&a%5By%5D=2", {"x": 1, "y": 2}),
    (f"style: deepObject, schema: {{allOf: [{POINT}]}}", "a[x]=1", {"x": 1}),
    (f"style: deepObject, schema: {{properties: {{of: {POINT}, t: {COUNTS}}}, type: object}}",
     "a[of][x]=1&a[t]=2&a[t]=3", {"of": {"x": 1}, "t": [2, 3]}),
    (f"style: deepObject, schema: {{properties: {{t: {COUNTS}}}, type: object}}",
     "a[t][]=2&a[t][]=3", {"t": [2, 3]}),
    (f"content: {{application/json: {{schema: {POINT}}}}}", "a=%7B%22x%22:1%7D", {"x": 1}),
    # the type of a text
    ("schema: {enum: [1, 2]}", "a=1", 1),
    ("schema: {const: 5}", "a=5", 5),
    ("schema: {enum: [true, null]}", "a=true", True),
    ("schema: {enum: [true, null]}", "a=null", None),
    ("schema: {enum: [x, 1.5]}", "a=x", "x"),
    ("schema: {type: [integer, 'null']}", "a=", None),
    ("schema: {type: [integer, string]}", "a=x1", "x1"),
    ("schema: {type: string, enum: ['1']}", "a=1", "1"),
    (f"schema: {{allOf: [{COUNT}]}}", "a=4", 4),
    (f"schema: {{anyOf: [{COUNT}, {{type: boolean}}]}}", "a=false", False),
    ("schema: {type: number, multipleOf: 0.01}", "a=19.99", 19.99),
    ("schema: {type: integer}", "a=" + "9" * 4300, int("9" * 4300)),
    ("schema: {type: integer}", "a=1.0", 1),
    ("schema: {type: integer}", "a=1e3", 1000),
    ("schema: {type: integer}", "a=25.50e1", 255),
    ("schema: {type: number}", "a=1E+2", 100.0),
    ("schema: {type: number}", "a=1e400", 10**400),
    ("schema: {type: number, multipleOf: 0.01}", "a=0.07", 0.07),
    ("schema: {type: number, multipleOf: 0.01}", "a=1e300", 1e300),
    ("schema: {type: integer, exclusiveMinimum: 100000000000000000000}",
     "a=100000000000000000001", 10**20 + 1),
    # values of an enumeration that are arrays and objects
    ("schema: {enum: [[1, 2], [3]]}", "a=1,2", [1, 2]),
    ("explode: false, schema: {enum: [{x: 1}, {y: true}]}", "a=y,true", {"y": True}),
    # schemas that apply only to some values
    (f"style: deepObject, schema: {CONDITIONAL}", "a[k]=x&a[n]=5", {"k": "x", "n": 5}),
    (f"style: deepObject, schema: {DEPENDENT}", "a[k]=x&a[n]=5", {"k": "x", "n": 5}),
    # empty and reserved values
    ("allowEmptyValue: true, schema: {type: integer}", "a=", ""),
    ("allowEmptyValue: true, schema: {type: integer}", "a", ""),
    ("allowEmptyValue: true, schema: {type: array, minItems: 1, items: {type: integer}}", "a=", ""),
    ("allowReserved: true, schema: {type: string, pattern: '^[0-9][+][0-9]$'}", "a=1+2", "1+2"),
    ("allowReserved: true, schema: {type: string}", "a=x/y?z:1", "x/y?z:1"),
    # arrays and objects in arrays and objects
    (f"style: deepObject, schema: {{type: array, items: {POINT}}}", "a[0][x]=1&a[1][x]=2",
     [{"x": 1}, {"x": 2}]),
    (f"style: deepObject, schema: {{type: array, items: {POINT}}}", "a[10][x]=1&a[9][x]=2",
     [{"x": 2}, {"x": 1}]),
    (f"style: deepObject, schema: {{type: array, items: {POINT}}}",
     "a[][x]=1&a[][y]=3&a[][x]=2&a[][y]=4", [{"x": 1, "y": 3}, {"x": 2, "y": 4}]),
    (f"style: deepObject, schema: {WITH_POINTS}", "a[t][0][x]=1", {"t": [{"x": 1}]}),
    (f"schema: {{type: array, items: {POINT}}}", "a=%7B%22x%22:1%7D&a=%7B%22x%22:2%7D",
     [{"x": 1}, {"x": 2}]),
    (f"schema: {{type: array, items: {NUMBERS}}}", "a=[1,2]&a=[3]", [[1, 2], [3]]),
    (f"schema: {{type: object, properties: {{p: {POINT}}}}}", "p=%7B%22x%22:1%7D", {"p": {"x": 1}}),
    # a comma within an item
    ("explode: false, schema: {type: array, maxItems: 2, items: {type: string}}", "a=x%2Cy,z",
     ["x,y", "z"]),
    ("explode: false, schema: {type: array, items: {type: integer}}", "a=1%2C2,3", [1, 2, 3]),
    ("style: pipeDelimited, schema: {type: array, maxItems: 2, items: {type: string}}", "a=x%7Cy|z",
     ["x|y", "z"]),
    ("explode: false, schema: {type: object, additionalProperties: {type: string}}", "a=k,x%2Cy",
     {"k": "x,y"}),
    ("schema: {type: number}", "a=1" + "0" * 400, 10**400),
]  # fmt: skip


@pytest.mark.long
@every_case(("parameter", "query", "value"), QUERY)
def test_a_query_is_read_by_its_style_and_schema(parameter: str, query: str, value: Any) -> None:
    assert read(f"in: query, {parameter}", f"/rocks?{query}") == value


PATHS = [
    (f"schema: {NUMBERS}", "1,2", [1, 2]),
    (f"schema: {POINT}", "x,1,y,2", {"x": 1, "y": 2}),
    (f"explode: true, schema: {POINT}", "x=1,y=2", {"x": 1, "y": 2}),
    ("style: label, schema: {type: integer}", ".5", 5),
    (f"style: label, schema: {NUMBERS}", ".1,2", [1, 2]),
    (f"style: label, schema: {NUMBERS}", ".1.2", [1, 2]),
    (f"style: label, explode: true, schema: {NUMBERS}", ".1.2", [1, 2]),
    (f"style: label, schema: {POINT}", ".x,1,y,2", {"x": 1, "y": 2}),
    (f"style: label, explode: true, schema: {POINT}", ".x=1.y=2", {"x": 1, "y": 2}),
    (f"style: label, explode: true, schema: {NUMBERS_BY_NAME}", ".x=1.5.y=2", {"x": 1.5, "y": 2.0}),
    ("style: label, schema: {type: array, maxItems: 1, items: {type: string}}", ".a.b", ["a.b"]),
    ("style: matrix, schema: {type: integer}", ";a=5", 5),
    ("style: matrix, schema: {type: string}", ";a", ""),
    (f"style: matrix, schema: {NUMBERS}", ";a=1,2", [1, 2]),
    (f"style: matrix, explode: true, schema: {NUMBERS}", ";a=1;a=2", [1, 2]),
    (f"style: matrix, schema: {POINT}", ";a=x,1,y,2", {"x": 1, "y": 2}),
    (f"style: matrix, explode: true, schema: {POINT}", ";x=1;y=2", {"x": 1, "y": 2}),
]


@every_case(("parameter", "text", "value"), PATHS)
def test_a_path_is_read_by_its_style_and_schema(parameter: str, text: str, value: Any) -> None:
    found = read(f"in: path, required: true, {parameter}", f"/rocks/{text}", path="/rocks/{a}")

    assert found == value


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (NUMBERS, "1, 2,3", [1, 2, 3]),
        (POINT, "x, 1", {"x": 1}),
        ("{type: string}", "one, two", "one, two"),
    ],
)
def test_a_header_may_have_blanks_behind_its_commas(schema: str, text: str, value: Any) -> None:
    assert read(f"in: header, schema: {schema}", "/rocks", headers={"a": text}) == value


@every_case(
    ("schema", "text", "value"),
    [
        ("{type: integer}", "b=x; a=5", 5),
        (NUMBERS, "a=1%2C2", [1, 2]),
        (NUMBERS, "a=1; a=2", [1, 2]),
        (NUMBERS, "b=x&y=z; a=1&a=2", [1, 2]),
        (POINT, "x=1; b=2", {"x": 1}),
        (POINT, "x=1&y=2", {"x": 1, "y": 2}),
        (POINT, "a=x=1,y=2", {"x": 1, "y": 2}),
        (POINT, "a=x,1", {"x": 1}),
        ("{type: string}", "a=x&y=z", "x&y=z"),
        ("{type: string}", 'a="x y"', "x y"),
        ("{type: string}, style: cookie", "a=%41", "%41"),
    ],
)
def test_a_cookie_is_read(schema: str, text: str, value: Any) -> None:
    assert read(f"in: cookie, schema: {schema}", "/rocks", headers={"cookie": text}) == value


BAD = [
    (f"in: query, schema: {COUNTS}", "/rocks?a=1,0", "0 is less than the minimum of 1"),
    (f"in: query, schema: {COUNTS}", "/rocks?a=1,x", "must be a whole number, not 'x'"),
    ("in: query, schema: {enum: [1, 2]}", "/rocks?a=3", "3 is not one of [1, 2]"),
    ("in: query, schema: {enum: [true, null]}", "/rocks?a=x", "'x' is not one of [true, null]"),
    ("in: query, schema: {const: 5}", "/rocks?a=6", "5 was expected"),
    ("in: query, schema: {type: boolean}", "/rocks?a=True", "must be true or false, not 'True'"),
    ("in: query, schema: {type: integer}", "/rocks?a=1&a=2", "given more than once"),
    ("in: query, schema: {type: string, pattern: '^\\d+$'}", "/rocks?a=x", r"match '^\d+$'"),
    (f"in: query, style: deepObject, schema: {POINT}", "/rocks?a[y]=1", "x: required and missing"),
    (f"in: query, style: deepObject, schema: {POINT}", "/rocks?a[x]=k", "x: must be a whole numb"),
    (f"in: query, schema: {POINT}", "/rocks?x=k", "x: must be a whole number, not 'k'"),
    (f"in: query, schema: {POINT}", "/rocks?x=1&x=2", "x: given more than once"),
    (f"in: query, explode: false, schema: {POINT}", "/rocks?a=x", "must be alternating names and"),
    (f"in: query, style: pipeDelimited, schema: {NUMBERS}", "/rocks?a=1,2", "'1,2'"),
    (f"in: query, {IN_JSON}", "/rocks?a=x", "must be JSON"),
    (f"in: query, {IN_JSON}", "/rocks?a={}", "x: required"),
    ("in: query, style: deepObject, schema: {type: object}", "/rocks?a" + "[b]" * 30 + "=1",
     "more than 10 levels"),
    ("in: query, schema: {type: number, multipleOf: 0.01}", "/rocks?a=1.115", "not a multiple of"),
    ("in: query, schema: {type: number, multipleOf: 0.01}", "/rocks?a=1e-7", "not a multiple of"),
    ("in: query, schema: {type: integer}", "/rocks?a=1.5", "must be a whole number, not '1.5'"),
    ("in: query, schema: {type: integer}", "/rocks?a=1e9999", "must be a whole number, not"),
    ("in: query, schema: {type: integer}", "/rocks?a=1e999999999999", "must be a whole"),
    ("in: query, schema: {type: number}", "/rocks?a=1e99999", "number of at most 4300 digits"),
    ("in: query, schema: {type: number}", "/rocks?a=NaN", "must be a number, not 'NaN'"),
    ("in: query, schema: {type: number}", "/rocks?a=Infinity", "must be a number, not 'Infinity'"),
    ("in: query, schema: {type: integer}", "/rocks?a=", "must be a whole number, not ''"),
    ("in: query, allowEmptyValue: true, schema: {type: integer}", "/rocks?a=x", "must be a whole"),
    ("in: query, schema: {type: string, pattern: '^[0-9][+][0-9]$'}", "/rocks?a=1+2", "match"),
    ("in: query, schema: {enum: [[1, 2], [3]]}", "/rocks?a=1", "[1] is not one of [[1, 2], [3]]"),
    (f"in: query, style: deepObject, schema: {{type: array, items: {POINT}}}",
     "/rocks?a[0][x]=k", "must be a whole number, not 'k'"),
    (f"in: query, schema: {WITH_POINTS}", "/rocks?n=k&t=1", "n: must be a whole number, not 'k'"),
    ("in: query, schema: {type: integer}", "/rocks?a=" + "9" * 4301, "number of at most 4300"),
]  # fmt: skip


@pytest.mark.long
@every_case(("parameter", "target", "wanted"), BAD)
def test_what_no_reading_makes_right_is_refused(parameter: str, target: str, wanted: str) -> None:
    assert wanted in reason(parameter, target)


@every_case(
    ("parameter", "text", "wanted"),
    [
        (f"style: label, schema: {NUMBERS}", "1,2", "must begin with . (style label)"),
        ("style: matrix, schema: {type: integer}", "5", "must begin with ;a= (style matrix)"),
        ("style: matrix, schema: {type: integer}", ";b=5", "must begin with ;a= (style matrix)"),
        (f"explode: true, schema: {POINT}", "x,1", "must be members such as x=1"),
    ],
)
def test_a_path_in_another_style_is_refused(parameter: str, text: str, wanted: str) -> None:
    target = f"in: path, required: true, {parameter}"

    assert wanted in reason(target, f"/rocks/{text}", path="/rocks/{a}")


@every_case(
    "parameter",
    [
        f"in: query, style: deepObject, schema: {POINT}",
        f"in: query, schema: {POINT}",
        f"in: query, style: pipeDelimited, schema: {NUMBERS}",
        f"in: query, {IN_JSON}",
        "in: cookie, schema: {type: string}",
    ],
)
def test_a_required_parameter_of_any_style_is_asked_for(parameter: str) -> None:
    assert reason(f"required: true, {parameter}", "/rocks") == "required and missing"


def test_what_is_read_is_not_noted_as_unknown() -> None:
    engine = engine_of(f"in: query, style: deepObject, schema: {POINT}")

    engine.call("/rocks?a[x]=1&b[x]=1")

    assert engine.findings.notes == ["GET /rocks has no parameter b[x]; ignored"]


def test_an_object_of_records_is_checked_and_picks_nothing() -> None:
    text = f"""
paths:
  /v1/widgets:
    get:
      x-mock-sei: {{collection: widgets, key: id}}
      parameters:
        - {{name: a, in: query, required: true, style: deepObject, schema: {POINT}}}
      responses: {{"200": {{description: good}}}}
{MORE}"""
    engine = Engine.of(text, widgets=[{"id": 1}])

    assert engine.ids("a[x]=1") == [1]
    assert engine.faults("/v1/widgets?a[x]=k")


def test_an_object_in_the_path_of_records_names_one_by_its_text() -> None:
    text = f"""
paths:
  /v1/widgets/{{a}}:
    get:
      x-mock-sei: {{action: read, collection: widgets, key: id}}
      parameters: [{{name: a, in: path, required: true, schema: {POINT}}}]
      responses: {{"200": {{description: good}}}}
{MORE}"""
    engine = Engine.of(text, widgets=[{"id": "x,1"}])

    assert engine.call("/v1/widgets/x,1").body == {"id": "x,1"}


def test_a_schema_that_contains_itself_is_read() -> None:
    found = read(
        "in: query, style: deepObject, schema: {$ref: '#/components/schemas/Tree'}",
        "/rocks?a[inner][inner][b]=1",
    )

    assert found == {"inner": {"inner": {"b": "1"}}}


@pytest.mark.long
@pytest.mark.parametrize("key", ["anyOf", "oneOf"])
def test_one_of_very_many_schemas_is_found(key: str) -> None:
    consts = ", ".join(f"{{const: v{each}}}" for each in range(100))
    schema = f"schema: {{{key}: [{consts}, {{const: 7}}]}}"

    assert read(f"in: query, {schema}", "/rocks?a=v99") == "v99"
    assert read(f"in: query, {schema}", "/rocks?a=7") == 7
    assert reason(f"in: query, {schema}", "/rocks?a=v100")


def test_nullable_of_3_0_takes_null() -> None:
    schema = "schema: {type: array, items: {type: integer, minimum: 1, nullable: true}}"

    assert read(f"in: query, {schema}", "/rocks?a=1,null", version="3.0.3") == [1, None]


@pytest.mark.parametrize(
    ("schema", "query"),
    [
        (f"{{type: array, items: {POINT}}}", "a=anything"),
        (f"{{type: array, items: {{type: array, minItems: 2, items: {COUNT}}}}}", "a=1;2&a=x"),
        (f"{{type: object, properties: {{p: {POINT}}}}}", "p=1:2"),
    ],
)
def test_what_openapi_has_no_way_to_write_is_taken_in_any(schema: str, query: str) -> None:
    engine = engine_of(f"in: query, schema: {schema}")

    assert engine.call(f"/rocks?{query}").status == 200
    (line,) = engine.catalogue.unchecked
    assert line.endswith("OpenAPI does not say how that is written, so any text is accepted")


def test_a_json_text_in_a_cookie_may_have_lost_its_quotes() -> None:
    declared = "in: cookie, content: {application/json: {schema: {type: string}}}"

    assert read(declared, "/rocks", headers={"cookie": 'a="x"'}) == "x"
    assert read(declared, "/rocks", headers={"cookie": "a=%22x%22"}) == "x"


def test_repeated_headers_are_one_list() -> None:
    found = engine_of(f"in: header, schema: {NUMBERS}")
    operation, _ = found.catalogue.find("GET", "/rocks")

    values = read_parameters(
        operation,
        query="",
        path={},
        headers={"a": ["1", "2 , 3"]},
        findings=found.findings,
        budget=Budget(),
    )

    assert values == {("header", "a"): (1, 2, 3)}


def test_huge_numbers_take_no_longer_than_their_texts() -> None:
    started = time.process_time()

    for text in ("1e999999999", "9" * 4300 + "." + "9" * 4000 + "e999999999", "-1e-999999999"):
        with suppress(MalformedRequest):
            engine_of("in: query, schema: {type: [integer, number]}").call(f"/rocks?a={text}")

    assert time.process_time() - started < 5
