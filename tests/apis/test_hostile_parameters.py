"""Parameters of the largest allowed size with hostile content: the time is linear in the size."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from mock_sei.errors import Refusal
from tests.apis.engine import Engine
from tests.growth import Action, assert_linear

pytestmark = pytest.mark.slow


DOCUMENT = """
paths:
  /v1/widgets:
    get:
      x-mock-sei: {collection: widgets, key: id}
      parameters:
        - {name: numbers, in: query, schema: {type: array, items: {type: integer}}}
        - {name: days, in: query, schema: {type: array, items: {type: string, format: date}}}
        - {name: kinds, in: query, schema:
            {type: array, uniqueItems: true, items: {type: string, enum: [a, b]}}}
        - {name: x-own, in: header, schema: {type: array, items: {type: string}}}
        - {name: integer, in: query, schema: {type: integer}}
        - {name: number, in: query, schema: {type: number}}
        - {name: time, in: query, schema: {type: string, format: date-time}}
        - {name: anything, in: query, schema: {}}
        - {name: deep, in: query, style: deepObject, schema: {$ref: '#/components/schemas/Node'}}
        - {name: choices, in: query, schema: {type: array, items: {anyOf: [
            {type: integer, minimum: 5}, {type: boolean}, {type: string, minLength: 9}]}}}
        - {name: session, in: cookie, schema: {type: array, items: {type: integer}}}
      responses: {"200": {description: good}}
  /v1/widgets/{id}:
    get:
      x-mock-sei: {action: read, collection: widgets, key: id}
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: good}}
components:
  schemas:
    Node:
      type: object
      anyOf:
        - {required: [x], properties: {c: {$ref: "#/components/schemas/Node"}}}
        - {required: [y], properties: {c: {$ref: "#/components/schemas/Node"}}}
"""
LIST = "/v1/widgets"


def repeated(piece: str, size: int) -> str:
    return piece * (size // len(piece))


CALLS: dict[str, Callable[[int], tuple[str, dict[str, str]]]] = {
    "numbers": lambda size: (f"{LIST}?numbers={repeated('1,', size)}1", {}),
    "number by number": lambda size: (f"{LIST}?{repeated('numbers=1&', size)}", {}),
    "commas": lambda size: (f"{LIST}?numbers={repeated(',', size)}", {}),
    "days": lambda size: (f"{LIST}?days={repeated('2026-01-01,', size)}2026-01-01", {}),
    "kinds that are one": lambda size: (f"{LIST}?kinds={repeated('a,', size)}a", {}),
    "list in a header": lambda size: (LIST, {"x-own": repeated("a,", size)}),
    "digits": lambda size: (f"{LIST}?integer={repeated('9', size)}", {}),
    "hyphens": lambda size: (f"{LIST}?integer={repeated('-', size)}", {}),
    "digits of a number": lambda size: (f"{LIST}?number={repeated('9', size)}.9e", {}),
    "digits of a time": lambda size: (f"{LIST}?time={repeated('9', size)}", {}),
    "digits of anything": lambda size: (f"{LIST}?anything={repeated('9', size)}", {}),
    "names": lambda size: (f"{LIST}?{'&'.join(f'{each:07}=' for each in range(size // 9))}", {}),
    "members": lambda size: (
        f"{LIST}?{'&'.join(f'deep[{each:07}]=' for each in range(size // 14))}",
        {},
    ),
    "members of members": lambda size: (f"{LIST}?{repeated('deep' + '[c]' * 9 + '=1&', size)}", {}),
    "wrong choices": lambda size: (f"{LIST}?choices={repeated('1,x,', size)}1", {}),
    "cookies": lambda size: (LIST, {"cookie": repeated("session=1;", size)}),
    "path": lambda size: (f"{LIST}/{repeated('a', size)}", {}),
    "slashes": lambda size: (f"{LIST}/{repeated('a/', size)}", {}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_parameter_costs_what_it_is_long(name: str) -> None:
    engine = Engine.of(DOCUMENT, widgets=[{"id": "1"}])

    def calling(size: int) -> Action:
        target, headers = CALLS[name](size)

        def call() -> None:
            engine.findings.notes.clear()
            with suppress(Refusal):
                engine.call(target, headers=headers)

        return call

    assert_linear(calling, 12_000)
