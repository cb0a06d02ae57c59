"""Patterns that backtrack: no text keeps the server busy, wherever a document uses the pattern."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mock_sei.errors import Refusal
from tests.apis.engine import Engine
from tests.cases import every_case

TESTS_THE_BOUND = True

PATTERNS = ["^(a+)+$", "^(?=a)(a+)+$", r"^(a+)+\1$", "^(a|aa)+(?<!x)$", "(a*)*c(?!d)"]
TEXTS = ["a" * 28 + "b", "a" * 5000 + "b"]
SECONDS = 10.0
"""An engine that only backtracks would take far longer for each of these texts."""

DOCUMENT = """
paths:
  /rocks/{id}:
    post:
      parameters:
      - {name: id, in: path, required: true, schema: {type: string, pattern: 'P'}}
      - {name: q, in: query, schema: {type: string, pattern: 'P'}}
      - {name: l, in: query, schema: {type: array, items: {type: string, pattern: 'P'}}}
      - name: o
        in: query
        style: deepObject
        schema: {type: object, patternProperties: {'P': {type: integer}}}
      - {name: h, in: header, schema: {type: string, pattern: 'P'}}
      - {name: c, in: cookie, schema: {type: string, pattern: 'P'}}
      requestBody:
        content:
          application/json: {schema: &body {
            type: object,
            properties: {a: {type: string, pattern: 'P'}},
            patternProperties: {'P': {type: integer}},
            propertyNames: {pattern: 'P'}}}
          application/x-www-form-urlencoded: {schema: *body}
          text/plain: {schema: {type: string, pattern: 'P'}}
      responses:
        '200':
          description: ok
          headers: {X-A: {schema: {type: string, pattern: 'P'}}}
          content:
            application/json:
              schema:
                type: object
                required: [a]
                minProperties: 3
                properties: {a: {type: string, pattern: 'P', minLength: 200}}
                patternProperties: {'P': {type: integer}}
"""

PLACES: dict[str, dict[str, Any]] = {
    "path": {"target": "/rocks/TEXT"},
    "query": {"target": "/rocks/aa?q=TEXT"},
    "each of a list": {"target": f"/rocks/aa?l={','.join(['TEXT'] * 50)}"},
    "names of an object in the query": {
        "target": "/rocks/aa?" + "&".join(f"o[TEXT{each}]=1" for each in range(20))
    },
    "header": {"target": "/rocks/aa", "headers": {"h": "TEXT"}},
    "cookie": {"target": "/rocks/aa", "headers": {"cookie": "c=TEXT"}},
    "body": {
        "target": "/rocks/aa",
        "body": '{"a": "TEXT"}',
        "headers": {"content-type": "application/json"},
    },
    "names of members": {
        "target": "/rocks/aa",
        "body": "{" + ",".join(f'"TEXT{each}": 1' for each in range(50)) + "}",
        "headers": {"content-type": "application/json"},
    },
    "form": {
        "target": "/rocks/aa",
        "body": "a=TEXT" + "".join(f"&TEXT{each}=1" for each in range(20)),
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    },
    "text": {"target": "/rocks/aa", "body": "TEXT", "headers": {"content-type": "text/plain"}},
    "made answer": {"target": "/rocks/aa"},
}


def with_text(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: with_text(each, text) for key, each in value.items()}
    return value.replace("TEXT", text)


@pytest.mark.slow
@every_case("pattern", PATTERNS)
@every_case("place", PLACES)
def test_a_pattern_that_backtracks_is_searched_within_a_bound(place: str, pattern: str) -> None:
    for text in TEXTS:
        engine = Engine.brought(DOCUMENT.replace("P'", f"{pattern}'"))
        began = time.thread_time()
        try:
            engine.call(method="POST", **with_text(PLACES[place], text))
            is_refused = False
        except Refusal:
            is_refused = True

        assert time.thread_time() - began < SECONDS
        assert is_refused or place in ("made answer", "names of an object in the query")
