"""``unevaluatedProperties`` beside a pattern with a lookahead, which no linear engine searches."""

from __future__ import annotations

import json

from mock_sei.apis.documents import Catalogue
from mock_sei.errors import MalformedRequest
from tests.apis.engine import Engine, document
from tests.cases import every_case

DOCUMENT = """
paths:
  /v1/widgets:
    post:
      requestBody: {content: {application/json: {schema: SCHEMA}}}
      responses: {"200": {description: good}}
components:
  schemas:
    Slow: {patternProperties: {"^(?!x)a": {type: integer}}}
"""
BESIDE = """{properties: {known: {}}, patternProperties: {"^(?!x)a": {type: integer}, "^b": {}},
  unevaluatedProperties: UNEVALUATED}"""


def refused(schema: str, body: dict[str, object]) -> bool:
    engine = Engine.of(DOCUMENT.replace("SCHEMA", schema))
    try:
        engine.post(json.dumps(body), headers={"content-type": JSON})
    except MalformedRequest:
        return True
    return False


JSON = "application/json"


@every_case(
    ("unevaluated", "body", "wrong"),
    [
        ("false", {"known": 1, "a1": 1, "b": 1}, False),
        ("false", {"a1": "x"}, True),
        ("false", {"c": 1}, True),
        ("{type: integer}", {"c": 1}, False),
        ("{type: integer}", {"c": "x"}, True),
        ("true", {"c": 1}, False),
    ],
)
def test_members_that_no_keyword_names_are_checked(
    unevaluated: str, body: dict[str, object], wrong: bool
) -> None:
    assert refused(BESIDE.replace("UNEVALUATED", unevaluated), body) is wrong


@every_case(
    ("schema", "told"),
    [
        ('{allOf: [{$ref: "#/components/schemas/Slow"}], unevaluatedProperties: false}', 1),
        ('{allOf: [{$ref: "#/components/schemas/Slow"}], unevaluatedProperties: true}', 0),
        ('{allOf: [{$ref: "#/components/schemas/Slow"}]}', 0),
        (BESIDE.replace("UNEVALUATED", "false"), 0),
    ],
)
def test_where_it_is_not_checked_a_problem_says_so(schema: str, told: int) -> None:
    catalogue = Catalogue((), [document(DOCUMENT.replace("SCHEMA", schema))])

    assert len(catalogue.problems) == told
    assert all("unevaluatedProperties: is not checked" in each for each in catalogue.problems)
    assert all("Slow.patternProperties" in each for each in catalogue.problems)
