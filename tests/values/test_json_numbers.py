"""Numbers in documents and bodies: how large they may be, and which ones JSON cannot express."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.document_files import DocumentFile
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import load_fixtures
from mock_sei.values.core_yaml import load
from mock_sei.values.json_numbers import MOST_DIGITS, number, plain_reason, whole_number
from mock_sei.values.sendable import json_content
from tests.apis.engine import JSON, Engine
from tests.cases import every_case

LARGEST = 10**MOST_DIGITS - 1


@every_case(
    ("text", "value"),
    [
        ("1.5", 1.5),
        ("1e-7", 1e-7),
        ("1e300", 1e300),
        ("1e400", 10**400),
        ("-1.5e400", -15 * 10**399),
        ("1e-400", 0.0),
        ("1e4299", 10**4299),
        ("1e4300", "1e4300"),
        ("1e999999999", "1e999999999"),
        ("1e99999999999999999999", "1e99999999999999999999"),
        (".inf", ".inf"),
        ("NaN", "NaN"),
    ],
)
def test_a_number_is_what_json_can_carry(text: str, value: Any) -> None:
    assert number(text) == value


def test_whole_numbers_have_so_many_digits_and_no_more() -> None:
    assert whole_number("9" * MOST_DIGITS) == LARGEST
    assert whole_number("-" + "9" * MOST_DIGITS) == -LARGEST
    assert whole_number("9" * (MOST_DIGITS + 1)) == "9" * (MOST_DIGITS + 1)
    assert whole_number("0x" + "f" * 5000, 16) == "0x" + "f" * 5000


def test_a_reason_gives_none_of_pythons_advice() -> None:
    with pytest.raises(ValueError, match="digits") as caught:
        int("9" * 5000)

    assert plain_reason(caught.value) == "a whole number of more than 4300 digits"


def test_both_kinds_of_document_read_numbers_alike(tmp_path: Path) -> None:
    text = f'{{"a": 1e400, "b": 1e-7, "c": {"9" * 5000}, "d": 5}}'
    path = tmp_path / "a.json"
    path.write_text(f'{{"openapi": "3.1.0", "x-numbers": {text}}}')

    by_json = DocumentFile(path, bundled=False).content["x-numbers"]

    assert by_json == load(text) == {"a": 10**400, "b": 1e-7, "c": "9" * 5000, "d": 5}


def engine_of(tmp_path: Path, schema: str = "{}", example: str | None = None) -> Engine:
    """An engine from a JSON file: one path whose GET answers a schema, and whose POST accepts
    it."""
    media = f'{{"schema": {schema}' + (f', "example": {example}}}' if example else "}")
    content = f'{{"description": "good", "content": {{"application/json": {media}}}}}'
    get = f'{{"responses": {{"200": {content}}}}}'
    post = f'{{"requestBody": {content}, "responses": {{"200": {{"description": "good"}}}}}}'
    path = tmp_path / "big.json"
    path.write_text(
        f'{{"openapi": "3.1.0", "paths": {{"/big": {{"get": {get}, "post": {post}}}}}}}'
    )
    engine = Engine.of("paths: {}")
    engine.catalogue = Catalogue((), [DocumentFile(path, bundled=False)])
    assert engine.catalogue.problems == []
    return engine


@pytest.mark.parametrize("example", ["1e400", "NaN", "-Infinity", "9" * 5000, "9" * 4300])
def test_an_example_of_any_number_is_answered_as_json(tmp_path: Path, example: str) -> None:
    answer = engine_of(tmp_path, example=example).call("/big")

    assert json.loads(json_content(answer.body), parse_constant=pytest.fail) is not None


@pytest.mark.parametrize(
    "schema",
    [
        '{"type": "integer", "minimum": 1e400}',
        '{"type": "number", "minimum": 1e400}',
        '{"type": "number", "exclusiveMinimum": 1e308}',
        '{"type": "number", "exclusiveMaximum": -1e308}',
        f'{{"type": "integer", "exclusiveMinimum": {LARGEST}}}',
        f'{{"type": "integer", "minimum": {LARGEST - 1}, "multipleOf": 7}}',
        '{"type": "number", "multipleOf": 1e-300}',
        '{"type": "number", "multipleOf": 1e300, "minimum": 1}',
        '{"enum": [1e400]}',
        f'{{"const": {LARGEST}}}',
        '{"maxLength": 1e400}',
        '{"type": "array", "minItems": 1e400}',
    ],
)
def test_numbers_of_any_size_in_a_schema_break_no_answer(tmp_path: Path, schema: str) -> None:
    made = engine_of(tmp_path, schema).call("/big")

    assert json_content(made.body)


@pytest.mark.parametrize(
    ("schema", "body", "reason"),
    [
        ('{"type": "integer"}', "1.0", None),
        ('{"type": "integer"}', "1e3", None),
        ('{"type": "integer"}', "1.5", "1.5 is not of type 'integer'"),
        ('{"type": "integer"}', "9" * 4300, None),
        ('{"type": "integer"}', "9" * 4301, "not valid JSON: a whole number of more than 4300 dig"),
        (
            '{"type": "integer", "format": "int64"}',
            "9" * 4300,
            "that fits int64, not a whole numbe",
        ),
        (f'{{"type": "integer", "maximum": {LARGEST - 1}}}', "9" * 4300, "a whole number of man"),
        ('{"type": "number", "multipleOf": 0.01}', "19.99", None),
        ('{"type": "number", "multipleOf": 0.01}', "0.29", None),
        ('{"type": "number", "multipleOf": 0.01}', "1e300", None),
        ('{"type": "number", "multipleOf": 0.01}', "9" * 4300, None),
        ('{"type": "number", "multipleOf": 0.01}', "1e-7", "1e-07 is not a multiple of 0.01"),
        ('{"type": "number", "multipleOf": 1e-7}', "3e-7", None),
        ('{"type": "integer", "multipleOf": 3}', "1" + "0" * 4299, "is not a multiple of 3"),
        (f'{{"const": 1{"0" * 4299}}}', "1" + "0" * 4299, None),
        ('{"uniqueItems": true}', f"[{'9' * 4300}, {'9' * 4300}]", "has non-unique elements"),
        ('{"type": "number"}', "NaN", "NaN is not JSON"),
    ],
)
def test_a_body_may_hold_numbers_of_any_size(
    tmp_path: Path, schema: str, body: str, reason: str | None
) -> None:
    engine = engine_of(tmp_path, schema)
    if reason is None:
        engine.post(body, "/big")
    else:
        (fault,) = engine.faults("/big", method="POST", headers=JSON, body=body)
        assert reason in fault.reason


def test_huge_exponents_are_read_in_bounded_time() -> None:
    started = time.process_time()

    for text in ("1e999999999", "-9e-999999999", "1." + "1" * 100_000 + "e999999999"):
        number(text)
        load(f"a: {text}")

    assert time.process_time() - started < 5


def test_records_of_too_many_digits_are_refused_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="cannot be sent as JSON: a whole number of more than 4300"
    ):
        json_content({"n": 10**5000})
    data = tmp_path / "data"
    data.mkdir()
    (data / "widgets.json").write_text(f'[{{"id": {"9" * 5000}}}]')

    with pytest.raises(ConfigurationError, match="of more than 4300 digits"):
        load_fixtures(tmp_path)
