"""``example``: examples as people write them, and answers that are not JSON."""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Sequence

import pytest

from mock_sei.apis.calls import ApiAnswer
from mock_sei.apis.files import FILES
from tests.apis.engine import Engine
from tests.cases import every_case


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


ID = "type: object, properties: {id: {type: integer}}"
OBJECT = f"schema: {{{ID}}}"


@every_case(
    "media",
    [
        f"{{{OBJECT}, example: '{{\"id\": 4}}'}}",
        f"{{{OBJECT}, examples: {{a: {{value: '{{\"id\": 4}}'}}}}}}",
        f"{{{OBJECT}, examples: {{a: {{summary: no value}}, b: {{value: {{id: 4}}}}}}}}",
        f"{{{OBJECT}, examples: {{a: {{id: 4}}}}}}",
        f"{{{OBJECT}, examples: {{a: {{serializedValue: '{{\"id\": 4}}'}}}}}}",
        f"{{{OBJECT}, examples: {{a: {{serializedValue: '5', dataValue: {{id: 4}}}}}}}}",
        f"{{{OBJECT}, examples: {{a: {{$ref: '#/components/examples/A'}}}}}}",
    ],
)
def test_examples_are_read_as_people_write_them(media: str) -> None:
    found, notes = answered(f"{{application/json: {media}}}", "{examples: {A: {value: {id: 4}}}}")

    assert (found.body, notes) == ({"id": 4}, [])


def test_an_example_elsewhere_is_reported_and_the_next_one_is_answered() -> None:
    examples = "{a: {externalValue: 'https://example.com/4'}, b: {id: 4}}"
    found, notes = answered(
        f"{{application/json: {{{OBJECT}, examples: {examples}}}}}", told=["externalValue"]
    )

    assert (found.body, notes) == ({"id": 4}, [])


@pytest.mark.parametrize("examples", ["[{id: 4}, {id: 5}]", "[{value: {id: 4}}]"])
def test_a_list_of_examples_is_reported_and_its_first_is_answered(examples: str) -> None:
    found, notes = answered(
        f"{{application/json: {{{OBJECT}, examples: {examples}}}}}",
        told=["must be a mapping of names to examples"],
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
            "the answer of GET /v1/x is made from its schema, but one keyword could not be "
            "satisfied: '2026-01-31' is too short"
        )
    ]


ROWS = """schema: {type: array, minItems: 2, items: {properties:
 {id: {type: integer}, b: {enum: ['x,y']}}}}"""
XML = """{application/xml: {schema: {$ref: '#/components/schemas/Order'}}}"""
SCHEMAS = """{schemas: {Order: {type: object, xml: {name: order, namespace: 'urn:x', prefix: p},
 properties: {id: {type: integer, xml: {attribute: true}}, note: {enum: [a<b]},
 tags: {type: array, xml: {wrapped: true}, items: {enum: [t], xml: {name: tag}}},
 sizes: {type: array, minItems: 2, items: {type: integer}}}}}}"""


@pytest.mark.long
@every_case(
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
        (f"{{text/tab-separated-values: {{{ROWS}}}}}", b"id\tb\r\n0\tx,y\r\n0\tx,y\r\n"),
        (f"{{'text/csv; header=absent': {{{ROWS}}}}}", b'0,"x,y"\r\n0,"x,y"\r\n'),
        ("{text/event-stream: {schema: {type: string}}}", b'data: "text"\n\n'),
        ("{application/jsonl: {schema: {type: string}}}", b'"text"\n'),
        ("{text/event-stream: {schema: {type: string}, example: 'data: x'}}", b"data: x"),
        (f"{{application/jsonl: {{itemSchema: {{{ID}}}}}}}", b'{"id": 0}\n'),
        (f"{{application/json-seq: {{itemSchema: {{{ID}}}}}}}", b'\x1e{"id": 0}\n'),
        (
            (
                "{text/event-stream: {itemSchema: {required: [data], properties:"
                ' {data: {enum: ["a\\nb"]}, event: {enum: [tick]}, more: {}}}}}'
            ),
            b"event: tick\ndata: a\ndata: b\n\n",
        ),
        ("{'text/plain; charset=iso-8859-1': {schema: {enum: [Gr\u00fcn]}}}", b"Gr\xfcn"),
        ("{'text/plain; charset=punycode': {schema: {enum: [Gr\u00fcn]}}}", b"Gr\xc3\xbcn"),
        ("{'text/plain; charset=unheard-of': {schema: {enum: [Gr\u00fcn]}}}", b"Gr\xc3\xbcn"),
        (
            "{'text/xml; charset=us-ascii': {schema: {enum: [Gr\u00fcn]}}}",
            b"<?xml version='1.0' encoding='us-ascii'?>\n<root>Gr&#252;n</root>",
        ),
        (
            "{image/gif: {schema: {type: string, contentEncoding: base64}}}",
            b64encode(FILES["image/gif"]),
        ),
        ("{image/svg+xml: {schema: {type: string, format: binary}}}", FILES["image/svg+xml"]),
        (f"{{text/plain: {{{OBJECT}, example: '{{\"id\":   4}}'}}}}", b'{"id":   4}'),
        (
            f"{{application/xml: {{{OBJECT}, example: '{{\"id\": 4}}'}}}}",
            b"<?xml version='1.0' encoding='utf-8'?>\n<root><id>4</id></root>",
        ),
        (
            "{application/xml: {examples: {a: {dataValue: 1, serializedValue: <one/>}}}}",
            b"<one/>",
        ),
    ],
)
def test_other_media_types_have_their_own_form(content: str, sent: bytes) -> None:
    found, notes = answered(content, SCHEMAS)

    assert (found.content, notes) == (sent, [])


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


def test_an_accept_that_nothing_fits_is_noted_and_answered_all_the_same() -> None:
    content = f"{{text/csv: {{{OBJECT}}}, application/json: {{{OBJECT}}}}}"
    found, notes = answered(content, accept="application/xml")

    assert found.body == {"id": 0}
    assert notes == [
        (
            "GET /v1/x is answered in application/json, since its document has no media type that "
            "the header Accept asks for, only 'text/csv, application/json'"
        )
    ]


def test_an_answer_is_written_once() -> None:
    engine = Engine.brought(
        f"""
paths: {{/v1/x: {{get: {{responses: {{"200": {{content: {{text/csv: {{{ROWS}}}}}}}}}}}}}}}
"""
    )

    assert engine.call("/v1/x").content is engine.call("/v1/x").content


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("{example: .nan}", None),
        ("{example: {a: [1, .inf, -.inf], b: 2}}", {"a": [1, None, None], "b": 2}),
    ],
)
def test_a_number_that_json_has_not_is_null_and_noted(media: str, body: object) -> None:
    found, notes = answered(f"{{application/json: {media}}}")

    assert found.body == body
    assert found.content == json.dumps(body, separators=(",", ":")).encode()
    assert notes == [
        (
            "the answer of GET /v1/x is an example with a number that JSON cannot express (.nan or "
            ".inf): null is answered in its place"
        )
    ]


@pytest.mark.parametrize("offered", ["default: .inf", "example: .nan", "examples: [.nan, 0]"])
def test_a_schema_offers_no_number_that_json_has_not(offered: str) -> None:
    schema = f"{{type: object, properties: {{a: {{type: number, {offered}}}}}}}"
    found, notes = answered(f"{{application/json: {{schema: {schema}}}}}")

    assert (found.body, notes) == ({"a": 0}, [])
