"""Bodies of the largest allowed size with hostile content: the time is linear in the size."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable

import pytest

from mock_sei.apis.actions.change import patched
from mock_sei.apis.bodies import MOST_VALUES, parse_json
from mock_sei.apis.misfits import MOST, find_misfits
from mock_sei.apis.patterns import Budget
from mock_sei.errors import MalformedRequest
from mock_sei.rules.records import find_certificate_problem
from mock_sei.values.texts import MOST_REPEATED
from tests.apis.engine import Engine
from tests.apis.test_multipart import file_of
from tests.growth import assert_linear

pytestmark = pytest.mark.slow


DOCUMENT = """
paths:
  /v1/widgets:
    post:
      requestBody: {content: {application/json: {schema: SCHEMA}}}
      responses: {"200": {description: good}}
components:
  schemas:
    Node:
      anyOf:
        - {required: [x], properties: {c: {$ref: "#/components/schemas/Node"}}}
        - {required: [y], properties: {c: {$ref: "#/components/schemas/Node"}}}
"""


def engine_of(schema: str) -> Engine:
    return Engine.brought(DOCUMENT.replace("SCHEMA", schema))


def repeated(unit: str) -> Callable[[int], str]:
    return lambda size: f"[{','.join([unit] * size)}]"


def members(size: int) -> str:
    return "{" + ",".join(f'"{each:x}":1' for each in range(size)) + "}"


def twice(size: int) -> str:
    return members(size)[:-1] + f',"{size - 1:x}":1}}'


def distinct(size: int) -> str:
    return json.dumps([{"a": each} for each in range(size)])


@pytest.mark.parametrize(
    ("schema", "make"),
    [
        ("{items: {type: string}}", repeated("1")),
        ("{items: {required: [a]}}", repeated("{}")),
        ("{items: {type: number}}", repeated("1.5")),
        ("{items: {oneOf: [{type: integer, minimum: 2}, {type: string}]}}", repeated("1")),
        ("{uniqueItems: true}", distinct),
        ("{items: {pattern: '^(a+)+$'}}", repeated('"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"')),
        ("{items: {pattern: '^(?=.*b)(a+)+$'}}", repeated('"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"')),
        ("{additionalProperties: false}", members),
        ("{patternProperties: {'^[0-9a-f]+$': {type: string}}}", members),
        ("{patternProperties: {'^(?=(0+)+$)': {type: string}}}", members),
        ("{propertyNames: {maxLength: 1}}", members),
        ("{}", twice),
        ("{contains: {type: string}}", repeated("1")),
        ("{}", repeated("[" * 60 + "]" * 60)),
        ('{items: {$ref: "#/components/schemas/Node"}}', repeated('{"c":' * 40 + "{}" + "}" * 40)),
    ],
)
def test_twice_the_body_costs_about_twice(schema: str, make: Callable[[int], str]) -> None:
    engine = engine_of(schema)
    unit = len(make(1000)) / 1000

    def action(size: int) -> Callable[[], object]:
        body = make(int(size / unit)).encode()

        def post() -> None:
            with contextlib.suppress(MalformedRequest):
                engine.post(body)

        return post

    assert_linear(action, 60_000)


def test_the_last_of_many_items_is_named() -> None:
    engine = engine_of("{items: {type: integer}}")

    (fault,) = engine.faults(
        method="POST", body=repeated("1")(90_000)[:-1] + ',"x"]', headers=JSON_TYPE
    )

    assert fault == ("90000", "body", "'x' is not of type 'integer'")


JSON_TYPE = {"content-type": "application/json"}


def test_a_deep_value_of_many_alternatives_is_refused_with_a_reason() -> None:
    engine = engine_of('{$ref: "#/components/schemas/Node"}')
    began = time.thread_time()

    faults = engine.faults(method="POST", body='{"c":' * 90 + "{}" + "}" * 90, headers=JSON_TYPE)

    assert "'x': required and missing" in faults[0].reason
    assert time.thread_time() - began < 5


def test_messages_are_short_whatever_the_value() -> None:
    engine = engine_of("{type: object}")

    for body in (repeated("1")(90_000), json.dumps("x" * 500_000), "9" * 4000):
        (fault,) = engine.faults(method="POST", body=body, headers=JSON_TYPE)
        assert len(fault.reason) <= MOST_REPEATED


def test_a_pattern_over_its_limit_is_noted_in_the_journal() -> None:
    engine = engine_of(r"{pattern: '^(a|aa)+(?<!x)$'}")

    engine.faults(method="POST", body=json.dumps("a" * 60 + "!"), headers=JSON_TYPE)

    (note,) = engine.findings.notes
    assert "counts as not matched" in note


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (r"{pattern: '^(?=.*\d)[a-z\d]{3,}$'}", ['"ab1"', "5", "null"], ['"abc"']),
        (r"{pattern: '^(?!admin)'}", ['"user"', "5"], ['"admin1"']),
        (r"{pattern: '(?<=a)b$'}", ['"ab"', "5"], ['"cb"']),
        (
            "{properties: {z: {}}, additionalProperties: {type: string}, "  # noqa: ISC004
            "patternProperties: {'(?<=a)b$': {type: integer}}}",
            ['{"ab": 1, "z": 1, "c": "x"}', "5"],
            ['{"ab": "x"}', '{"c": 1}'],
        ),
        ("{multipleOf: 0.01}", ["19.99", "0.07"], ["0.071"]),
        ("{format: email}", ['"a@b"', "5"], ['"ab"']),
        ("{format: date-time}", ['"2026-03-31t13:30:00.5z"', "5"], ['"whatever"']),
        ("{format: no-such}", ['"whatever"'], []),
        ("{enum: [.inf, a]}", ['"a"'], ['"b"']),
        ("{required: [a, a], type: [object], minProperties: 0}", ['{"a": 1}'], ["{}"]),
        ("{type: integer, maximum: 100000000000000000000}", ["1", "1.0"], ["1" + "0" * 30]),
    ],
)
def test_what_the_engine_decides(schema: str, good: list[str], bad: list[str]) -> None:
    engine = engine_of(schema)

    for body in good:
        engine.post(body)
    for body in bad:
        assert engine.faults(method="POST", body=body, headers=JSON_TYPE)


def test_the_number_of_reasons_is_bounded() -> None:
    engine = engine_of("{items: {type: string}}")
    (operation,) = engine.catalogue.operations
    schema = operation.raw["requestBody"]["content"]["application/json"]["schema"]

    found = find_misfits(operation.document, schema, [1] * 100_000, Budget())

    assert len(found) == MOST


@pytest.mark.parametrize("unit", ['"\\"', '"', "[", '{"a":', "-", "1e", '["\\ud83d", ', "\\"])
def test_broken_json_is_read_in_linear_time(unit: str) -> None:
    def make(size: int) -> Callable[[], object]:
        body = (unit * (size // len(unit))).encode()

        def read() -> None:
            with pytest.raises(MalformedRequest):
                parse_json(body)

        return read

    assert_linear(make, 200_000)


def test_inserts_before_many_items_are_bounded() -> None:
    insert = {"op": "add", "path": "/a/0", "value": 1}
    began = time.thread_time()

    with pytest.raises(MalformedRequest, match="shifts too many items"):
        patched({"a": [1] * 300_000}, [insert] * 20_000)

    assert time.thread_time() - began < 5


def test_many_small_copies_are_no_attack() -> None:
    copies = [{"op": "copy", "from": "/a", "path": "/b"}] * 5000

    assert patched({"a": 1}, copies) == {"a": 1, "b": 1}


def test_thousands_of_unknown_parameters_are_noted_in_a_few_lines() -> None:
    engine = engine_of("{}")

    engine.post("{}", "/v1/widgets?" + "&".join(f"p{each}=1" for each in range(10_000)))

    assert len(engine.findings.notes) == 21
    assert (
        engine.findings.notes[-1]
        == "POST /v1/widgets has no parameters of 9980 further names; ignored"
    )


@pytest.mark.parametrize(
    "unit", ["--a\r\n\r\n", '--a\r\nContent-Disposition: form-data; filename=""\r\n\r\nx\r\n']
)
def test_thousands_of_parts_are_read_in_linear_time(unit: str) -> None:
    def make(size: int) -> Callable[[], object]:
        body = (unit * (size // len(unit)) + "--a--").encode()

        def read() -> None:
            with pytest.raises(MalformedRequest):
                file_of(body, "multipart/form-data; boundary=a")

        return read

    assert_linear(make, 300_000)


def test_a_file_behind_many_other_parts_is_found() -> None:
    fields = b'--a\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n' * 500
    file = b'--a\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nyes\r\n--a--'

    assert file_of(fields + file, "multipart/form-data; boundary=a").content.read() == b"yes"


def test_many_beginnings_of_certificates_are_read_in_linear_time() -> None:
    def make(size: int) -> Callable[[], object]:
        text = "-----BEGIN CERTIFICATE-----\n" * size
        return lambda: find_certificate_problem(text)

    assert_linear(make, 4000)


STORED = """
paths:
  /v1/widgets:
    post:
      x-mock-sei:
        collection: widgets
        key: id
        known: {body.owner: owners.name}
        fields: {id: $key, copy: $body.parts}
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Widget"}}}}
      responses: {"201": {description: made}}
  /v1/widgets/{id}:
    patch:
      x-mock-sei: {action: change, collection: widgets, key: id, schema: Widget}
      parameters: [{name: id, in: path}]
      requestBody:
        content:
          application/json: {schema: {$ref: "#/components/schemas/Widget"}}
          application/json-patch+json: {schema: {type: array}}
      responses: {"200": {description: changed}}
components:
  schemas:
    Widget:
      type: object
      properties:
        owner: {type: string}
        parts:
          type: array
          items:
            type: object
            properties:
              kind: {type: string, x-mock-sei: {values: [a, b, c], x-fidelity: assumed}}
              size: {type: string, x-mock-sei: {values: [s, m, l], x-fidelity: assumed}}
"""


@pytest.mark.parametrize(
    ("method", "target", "content_type"),
    [
        ("POST", "/v1/widgets", "application/json"),
        ("PATCH", "/v1/widgets/1", "application/json"),
        ("PATCH", "/v1/widgets/1", "application/json-patch+json"),
    ],
)
def test_what_is_stored_and_noted_of_a_body_costs_its_size(
    method: str, target: str, content_type: str
) -> None:
    def make(count: int) -> Callable[[], object]:
        parts = [{"kind": "a", "size": "s"}] * count
        body: object = {"owner": "x" * count, "parts": parts}
        if content_type != "application/json":
            body = [{"op": "add", "path": "/parts", "value": parts}]
        text = json.dumps(body)

        def call() -> None:
            engine = Engine.of(STORED, widgets=[{"id": 1}], owners=[{"name": "x" * count}])
            headers = {"content-type": content_type}
            assert engine.call(target, method=method, body=text, headers=headers).status < 300
            assert engine.findings.notes == []

        return call

    assert_linear(make, 10_000)


def test_a_stored_body_of_as_many_values_as_there_may_be_is_noted_once_a_member() -> None:
    engine = Engine.of(STORED, owners=[{"name": "x"}])
    parts = [{"kind": "?", "size": "?"}] * (MOST_VALUES // 3 - 10)

    made = engine.post(json.dumps({"owner": "x", "parts": parts}))

    assert made.body["copy"] == parts
    assert len(engine.findings.notes) == 2
