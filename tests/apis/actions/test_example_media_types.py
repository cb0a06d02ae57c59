"""``example``: examples as people write them, and answers that are not JSON."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest

from mock_sei.apis.calls import ApiAnswer
from tests.apis.engine import Engine


def answered(
    content: str, more: str = "{}", accept: str = "*/*", told: Sequence[str] = ()
) -> tuple[ApiAnswer, list[str]]:
    """The answer of an operation with this content, and the notes of the journal."""
    engine = Engine.brought(
        f"""
paths: {{/v1/x: {{get: {{responses: {{"200": {{description: good, content: {content}}}}}}}}}}}
components: {more}
""",
        told=told,
    )
    return engine.call("/v1/x", headers={"accept": accept}), engine.findings.notes


OBJECT = "schema: {type: object, properties: {id: {type: integer}}}"


@pytest.mark.parametrize(
    "media",
    [
        f"{{{OBJECT}, example: '{{\"id\": 4}}'}}",
        f"{{{OBJECT}, examples: {{a: {{value: '{{\"id\": 4}}'}}}}}}",
        f"{{{OBJECT}, examples: {{a: {{summary: no value}}, b: {{value: {{id: 4}}}}}}}}",
        f"{{{OBJECT}, examples: {{a: {{id: 4}}}}}}",
        f"{{{OBJECT}, examples: {{a: {{$ref: '#/components/examples/A'}}}}}}",
    ],
)
def test_examples_are_read_as_people_write_them(media: str) -> None:
    found, notes = answered(f"{{application/json: {media}}}", "{examples: {A: {value: {id: 4}}}}")

    assert (found.body, notes) == ({"id": 4}, [])


@pytest.mark.parametrize("examples", ["[{id: 4}, {id: 5}]", "[{value: {id: 4}}]"])
def test_a_list_of_examples_is_reported_and_its_first_is_answered(examples: str) -> None:
    found, notes = answered(
        f"{{application/json: {{{OBJECT}, examples: {examples}}}}}",
        told=["must be examples by their names"],
    )

    assert (found.body, notes) == ({"id": 4}, [])


@pytest.mark.parametrize("text", ["no JSON", '{"id": "x"}', "[1"])
def test_a_text_that_is_no_fitting_json_stays_a_text_and_is_noted(text: str) -> None:
    found, notes = answered(f"{{application/json: {{{OBJECT}, example: '{text}'}}}}")

    assert found.body == text
    assert len(notes) == 1
    assert notes[0].startswith(
        "the answer of GET /v1/x is an example that does not fit its schema: "
    )


def test_a_text_that_the_schema_wants_stays_one() -> None:
    found, notes = answered("{application/json: {schema: {type: string}, example: '{\"id\": 4}'}}")

    assert (found.body, notes) == ('{"id": 4}', [])


def test_what_cannot_be_met_is_noted_at_each_call() -> None:
    schema = "{type: string, format: date, minLength: 12}"
    found, notes = answered(f"{{application/json: {{schema: {schema}}}}}")

    assert found.body == "2026-01-31"
    assert notes == [
        (
            "the answer of GET /v1/x is made from its schema, of which one keyword could not be "
            "met: '2026-01-31' is too short"
        )
    ]


ROWS = """schema: {type: array, minItems: 2, items: {properties:
 {id: {type: integer}, b: {enum: ['x,y']}}}}"""
XML = """{application/xml: {schema: {$ref: '#/components/schemas/Order'}}}"""
SCHEMAS = """{schemas: {Order: {type: object, xml: {name: order, namespace: 'urn:x', prefix: p},
 properties: {id: {type: integer, xml: {attribute: true}}, note: {enum: [a<b]},
 tags: {type: array, xml: {wrapped: true}, items: {enum: [t], xml: {name: tag}}},
 sizes: {type: array, minItems: 2, items: {type: integer}}}}}}"""


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (f"{{text/csv: {{{ROWS}}}}}", b'id,b\r\n0,"x,y"\r\n0,"x,y"\r\n'),
        ("{text/plain: {schema: {type: string}}}", b"text"),
        ("{text/plain: {schema: {type: integer, minimum: 3}}}", b"3"),
        (f"{{application/x-ndjson: {{{OBJECT}}}}}", b'{"id": 0}\n'),
        (f"{{text/event-stream: {{{OBJECT}}}}}", b'data: {"id": 0}\n\n'),
        (f"{{application/x-www-form-urlencoded: {{{OBJECT}}}}}", b"id=0"),
        ("{application/octet-stream: {}}", b""),
        ("{application/octet-stream: {schema: {type: string, format: binary}}}", b"text"),
        ("{image/png: {schema: {type: string, format: binary}, example: mine}}", b"mine"),
        ("{text/xml: {schema: {type: object}, example: <a/>}}", b"<a/>"),
        (
            XML,
            (
                b"<?xml version='1.0' encoding='utf-8'?>\n"
                b'<p:order xmlns:p="urn:x" id="0"><note>a&lt;b</note><tags><tag>t</tag></tags>'
                b"<sizes>0</sizes><sizes>0</sizes></p:order>"
            ),
        ),
    ],
)
def test_other_media_types_have_their_own_form(content: str, sent: bytes) -> None:
    assert answered(content, SCHEMAS)[0].content == sent


@pytest.mark.parametrize("content", ["{image/png: {}}", "{image/*: {schema: {format: binary}}}"])
def test_an_image_is_one(content: str) -> None:
    found = answered(content)[0]

    assert found.media_type == "image/png"
    data = found.content or b""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert zlib.decompress(data[data.index(b"IDAT") + 4 : data.index(b"IEND") - 8]) == b"\0\x80"


def test_any_media_type_is_json() -> None:
    found = answered(f"{{'*/*': {{{OBJECT}}}}}")[0]

    assert (found.body, found.media_type) == ({"id": 0}, "application/json")


def test_xml_comes_where_it_is_asked_for() -> None:
    content = f"{{application/xml: {{{OBJECT}}}, application/json: {{{OBJECT}}}}}"

    assert answered(content)[0].body == {"id": 0}
    found = answered(content, accept="application/xml")[0]
    assert (found.content or b"").endswith(b"<root><id>0</id></root>")
