"""``example``: the headers that a document declares for an answer."""

from __future__ import annotations

import pytest

from mock_sei.apis import headers
from tests.apis.engine import Engine

TEXT = """
paths:
  /orders:
    post:
      responses:
        "201":
          headers:
            Location: {required: true, schema: {type: string, format: uri}}
            X-Count: {schema: {type: integer}, example: 7}
            X-Named: {schema: {type: string}, examples: {a: {value: one}}}
            X-Made: {$ref: "#/components/headers/Made"}
            X-List: {schema: {type: array, items: {type: integer}}, example: [1, 2]}
            X-Json: {content: {application/json: {schema: {type: integer, minimum: 4}}}}
            Tracking: {schema: {type: string, format: uuid}}
            Content-Type: {schema: {type: string}, example: text/odd}
            Content-Length: {schema: {type: integer}}
            Cache-Control: {schema: {type: string}, example: no-store}
            ETag: {schema: {type: string}}
            Access-Control-Allow-Origin: {schema: {type: string}}
            X-Lines: {schema: {type: string}, example: "a\\nb"}
          content: {application/json: {schema: {type: object, properties: {id: {type: integer}}}}}
  /moved: {get: {responses: {"302": {headers: {Location: {example: /elsewhere}}}}}}
  /gone: {delete: {responses: {"204": {headers: {X-Count: {schema: {type: integer}}}}}}}
components:
  headers: {Made: {schema: {type: string, enum: [b, a]}}}
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.brought(TEXT)


def test_headers_are_those_of_the_examples_or_made(engine: Engine) -> None:
    sent = engine.post("", "/orders").headers

    assert sent == {
        "Location": "https://localhost/orders/0",
        "X-Count": "7",
        "X-Named": "one",
        "X-Made": "b",
        "X-List": "1,2",
        "X-Json": "4",
        "Tracking": "00000000-0000-4000-8000-000000000000",
        "Cache-Control": "no-store",
    }


def test_a_header_that_cannot_be_sent_is_noted(engine: Engine) -> None:
    engine.findings.notes.clear()

    engine.post("", "/orders")

    [note] = [each for each in engine.findings.notes if "X-Lines" in each]
    assert note.startswith("a header of the answer is left out: 'X-Lines': the value must be one")


def test_a_header_of_the_request_comes_back_where_it_fits(engine: Engine) -> None:
    mine = "7f0ac1b4-94a7-4b6f-a9d3-1d2f3a4b5c6d"
    asked = {"tracking": mine, "x-count": "12", "x-made": "neither", "cache-control": "no-cache"}

    sent = engine.post("", "/orders", headers=asked).headers

    assert (sent["Tracking"], sent["X-Count"]) == (mine, "12")
    assert (sent["X-Made"], sent["Cache-Control"]) == ("b", "no-store")


def test_answers_without_a_body_have_headers_too(engine: Engine) -> None:
    assert engine.call("/moved").headers == {"Location": "/elsewhere"}
    assert engine.call("/gone", method="DELETE").headers == {"X-Count": "0"}


def test_headers_are_made_at_the_first_call_only(engine: Engine) -> None:
    engine.post("", "/orders")
    made = []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(headers, "header_text", lambda *each, **_: made.append(each))
        sent = engine.post("", "/orders", headers={"x-count": "12"}).headers

    assert (sent["X-Count"], sent["X-Named"], made) == ("12", "one", [])
