"""Forms, multipart bodies and texts of operations without a rule of ours."""

from __future__ import annotations

from typing import Any

import pytest

from mock_sei.apis.bodies import FORM_TYPE
from mock_sei.errors import MalformedRequest
from tests.apis.engine import Engine
from tests.cases import every_case

MULTIPART = "multipart/form-data; boundary=cut"
SCHEMA = """
{type: object, required: [name], additionalProperties: false, properties: {
  name: {type: string, maxLength: 5},
  age: {type: integer},
  tags: {type: array, maxItems: 2, items: {type: string}},
  at: {type: object, required: [x], properties: {x: {type: integer}}},
  born: {$ref: '#/components/schemas/Born'}}}
"""


def engine_of(media_type: str, schema: str = SCHEMA, more: str = "") -> Engine:
    return Engine.brought(f"""
paths:
  /rocks:
    post:
      requestBody: {{required: true, content: {{'{media_type}': {{schema: {schema} {more}}}}}}}
      responses: {{"200": {{description: good}}}}
components: {{schemas: {{Born: {{type: [string, 'null'], format: date}}}}}}
""")


def faults(engine: Engine, body: bytes | str, content_type: str) -> list[tuple[str, str]]:
    try:
        engine.call("/rocks", method="POST", body=body, headers={"content-type": content_type})
    except MalformedRequest as error:
        return [(each.field, each.reason) for each in error.faults]
    return []


GOOD_FORMS = [
    "name=a",
    "name=a&age=4",
    "name=a&tags=b&tags=c",
    "name=a&tags=b,c",
    "name=a&at[x]=1",
    "name=a&at=%7B%22x%22:1%7D",
    "name=a&born=2026-03-31",
    "name=a&born=",
    "name=a&x=1",
    "name=a&age=1E+2",
]
BAD_FORMS = [
    ("age=4", ("name", "required and missing")),
    ("name=a&age=x", ("age", "must be a whole number, not 'x'")),
    ("name=a&zzz=1", ("", "Additional properties are not allowed: 'zzz'")),
    ("name=a&name=b", ("name", "given more than once")),
    ("name=longer", ("name", "'longer' is too long")),
    ("name=a&tags=b&tags=c&tags=d", ("tags", "has more than 2 items")),
    ("name=a&at[y]=1", ("at.x", "required and missing")),
    ("name=a&x=k", ("at", "x: must be a whole number, not 'k'")),
    ("name=a&at=%7B%22x%22", ("at", "not valid JSON")),
    ("name=a&born=soon", ("born", "must be a date such as")),
    ("name=%FF", ("", "not a form")),
    ("name=a" + "&age=1" * 1000, ("", "more than 1000 fields")),
]


@every_case("form", GOOD_FORMS)
def test_a_form_that_fits_its_schema_passes(form: str) -> None:
    assert faults(engine_of(FORM_TYPE), form, FORM_TYPE) == []


@every_case(("form", "wanted"), BAD_FORMS)
def test_a_form_that_does_not_fit_is_refused(form: str, wanted: tuple[str, str]) -> None:
    ((field, reason),) = faults(engine_of(FORM_TYPE), form, FORM_TYPE)

    assert field == wanted[0]
    assert wanted[1] in reason


@every_case(
    ("encoding", "form", "fits"),
    [
        ("tags: {style: pipeDelimited}", "name=a&tags=b|c|d", False),
        ("tags: {style: pipeDelimited}", "name=a&tags=b|c", True),
        ("tags: {explode: false}", "name=a&tags=b,c", True),
        ("at: {contentType: application/json}", "name=a&at=nonsense", False),
        ("at: {style: deepObject}", "name=a&at[x]=k", False),
        ("at: {style: form, explode: false}", "name=a&at=x,1", True),
        ("at: {style: form, explode: false}", "name=a&at=x,k", False),
    ],
)
def test_the_encoding_of_a_form_is_heeded(encoding: str, form: str, *, fits: bool) -> None:
    engine = engine_of(FORM_TYPE, more=f", encoding: {{{encoding}}}")

    assert (faults(engine, form, FORM_TYPE) == []) is fits


def part(name: str, content: str, more: str = "", head: str = "") -> str:
    return (
        f'--cut\r\nContent-Disposition: form-data; name="{name}"{more}\r\n{head}\r\n{content}\r\n'
    )


END = "--cut--\r\n"
FILES = """{type: object, required: [doc], properties: {
  doc: {type: string, format: binary, maxLength: 1}, note: {type: string, maxLength: 3},
  count: {type: integer}, about: {type: object, required: [a]},
  more: {type: array, items: {type: string, format: binary}}}}"""
DOC = part("doc", "%PDF", '; filename="a.pdf"', "Content-Type: application/pdf\r\n")
IN_JSON = "Content-Type: application/json\r\n"


@every_case(
    "body",
    [
        DOC + END,
        part("doc", "b") + END,
        DOC + part("note", "abc") + part("count", "4") + END,
        DOC + part("about", '{"a": 1}', head=IN_JSON) + END,
        DOC + part("about", '{"a": 1}') + END,
        DOC + part("more", "x", '; filename="b"') + END,
        DOC + part("more", "x", '; filename="b"') + part("more", "y", '; filename="c"') + END,
        "a preamble\r\n" + DOC + part("stranger", "1") + END + "an epilogue",
    ],
)
def test_a_multipart_body_that_fits_passes(body: str) -> None:
    assert faults(engine_of("multipart/form-data", FILES), body, MULTIPART) == []


@every_case(
    ("body", "content_type", "wanted"),
    [
        (part("note", "abc") + END, MULTIPART, ("doc", "required and missing")),
        (END, MULTIPART, ("doc", "required and missing")),
        (DOC + part("note", "abcd") + END, MULTIPART, ("note", "'abcd' is too long")),
        (DOC + part("count", "x") + END, MULTIPART, ("count", "must be a whole number")),
        (DOC + part("about", "{}", head=IN_JSON) + END, MULTIPART, ("about.a", "required and")),
        (DOC + part("about", "{", head=IN_JSON) + END, MULTIPART, ("about", "not valid JSON")),
        (DOC + END, "multipart/form-data", ("content-type", "with a boundary")),
        (DOC, MULTIPART, ("", "does not end with the boundary")),
        ("garbage", MULTIPART, ("", "does not end with the boundary")),
        (DOC + END, "multipart/form-data; boundary=other", ("", "does not end with the boundary")),
    ],
)
def test_a_multipart_body_that_does_not_fit_is_refused(
    body: str, content_type: str, wanted: tuple[str, str]
) -> None:
    ((field, reason),) = faults(engine_of("multipart/form-data", FILES), body, content_type)

    assert field == wanted[0]
    assert wanted[1] in reason


@every_case(
    ("schema", "text", "wanted"),
    [
        ("{type: string, maxLength: 3}", "abc", None),
        ("{type: string, maxLength: 3}", "abcd", "'abcd' is too long"),
        ("{type: integer}", "12", None),
        ("{type: integer}", "twelve", "must be a whole number, not 'twelve'"),
        ("{enum: [1, yes, null]}", "null", None),
        ("{type: object, required: [a]}", "whatever", None),
        ("{type: string}", b"\xff", "not a text in the character set utf-8"),
    ],
)
def test_a_text_is_held_against_its_schema(
    schema: str, text: bytes | str, wanted: str | None
) -> None:
    found = faults(engine_of("text/plain", schema), text, "text/plain")

    assert found == ([] if wanted is None else [("", wanted)])


@every_case(
    ("media_type", "schema", "wanted"),
    [
        (FORM_TYPE, "{type: object, properties: {a: {type: string}}}", []),
        (FORM_TYPE, "{required: [a]}", [("a", "required and missing")]),
        ("text/plain", "{type: string}", []),
        ("text/plain", "{type: string, minLength: 1}", [("", "'' is too short")]),
        ("application/json", "{}", [("", "required and missing")]),
        ("application/xml", "{}", [("", "required and missing")]),
    ],
)
def test_a_required_body_may_be_a_form_without_fields_or_an_empty_text(
    media_type: str, schema: str, wanted: list[tuple[str, str]]
) -> None:
    assert faults(engine_of(media_type, schema), "", media_type) == wanted


def test_a_text_may_be_in_another_character_set() -> None:
    engine = engine_of("text/plain", "{type: string, maxLength: 1}")

    assert faults(engine, b"\xe9", "text/plain; charset=iso-8859-1") == []
    assert faults(engine, b"x", "text/plain; charset=no-such-one")


@every_case(
    ("body", "content_type", "fits"),
    [
        ('{"a": 1}', "application/json", True),
        ("{}", "application/json", False),
        ("a=1", FORM_TYPE, True),
        ("b=1", FORM_TYPE, False),
        ("anything", "application/octet-stream", True),
    ],
)
def test_a_range_of_media_types_is_held_against_what_was_sent(
    body: Any, content_type: str, *, fits: bool
) -> None:
    found = faults(engine_of("*/*", "{type: object, required: [a]}"), body, content_type)

    assert (found == []) is fits


@every_case("charset", ["punycode", "idna", "unicode-escape", "zip", "no\0ne"])
def test_what_is_no_character_set_of_http_is_refused_at_once(charset: str) -> None:
    engine = engine_of("text/plain", "{type: string}")
    long = b"a" * 100_000 + b"-" + b"aaaa" * 50_000

    ((_, reason),) = faults(engine, long, f"text/plain; charset={charset}")

    assert reason.startswith("not a text in the character set")


BIG = "x" * (1024 * 1024)


def notes_of(engine: Engine, body: str, content_type: str) -> list[str]:
    assert faults(engine, body, content_type) == []
    return engine.findings.notes


def test_a_text_that_is_too_long_to_be_checked_is_noted() -> None:
    engine = engine_of("text/plain", "{type: string, maxLength: 3}")

    (note,) = notes_of(engine, f"{BIG}x", "text/plain")

    assert note == (
        "the body has 1048577 bytes; a text of more than 1048576 bytes is not checked "
        "against its schema"
    )


def test_fields_that_are_not_checked_are_noted() -> None:
    body = DOC + part("stranger", BIG) + part("count", "x") + part("count", "y") + END

    (note,) = notes_of(engine_of("multipart/form-data", FILES), body, MULTIPART)

    assert note.endswith("not checked against the schema: count")


def test_a_large_file_leaves_the_fields_behind_it_checked() -> None:
    body = part("doc", BIG * 2, '; filename="a.pdf"') + part("count", "x") + END

    ((field, reason),) = faults(engine_of("multipart/form-data", FILES), body, MULTIPART)

    assert (field, reason) == ("count", "must be a whole number, not 'x'")


@every_case(
    ("declared", "is_noted"),
    [
        ("image/png, image/jpeg", True),
        ("image/*", True),
        ("application/pdf", False),
        ("text/plain, application/*", False),
        ("*/*", False),
    ],
)
def test_a_file_of_another_media_type_than_declared_is_noted(
    declared: str, *, is_noted: bool
) -> None:
    encoding = f", encoding: {{doc: {{contentType: '{declared}'}}}}"
    engine = engine_of("multipart/form-data", FILES, encoding)

    notes = notes_of(engine, DOC + END, MULTIPART)

    assert bool(notes) is is_noted
    if is_noted:
        assert "the part doc has the media type application/pdf; the document declares" in notes[0]


@pytest.mark.long
@every_case(
    ("head", "wanted"),
    [
        ("X-Page: 4\r\n", None),
        ("x-page:5\r\n", None),
        ("", "its header X-Page is required and missing"),
        ("X-Page: four\r\n", "its header X-Page: must be a whole number, not 'four'"),
    ],
)
def test_the_declared_headers_of_a_part_are_checked(head: str, wanted: str | None) -> None:
    header = "X-Page: {required: true, schema: {type: integer}}, Content-Type: {schema: false}"
    engine = engine_of(
        "multipart/form-data", FILES, f", encoding: {{doc: {{headers: {{{header}}}}}}}"
    )
    body = part("doc", "%PDF", '; filename="a.pdf"', head) + END

    found = faults(engine, body, MULTIPART)

    assert found == ([] if wanted is None else [("doc", wanted)])
