"""What mock-sei does not check is reported when a document is read."""

from __future__ import annotations

from mock_sei.apis.documents import Catalogue
from tests.apis.engine import document
from tests.cases import every_case


def unchecked(parameter: str = "{name: b, in: query}", body: str = "{}") -> list[str]:
    text = f"""
paths:
  /rocks:
    post:
      parameters: [{parameter}]
      requestBody: {{content: {body}}}
      responses: {{"200": {{description: good}}}}
"""
    catalogue = Catalogue((), [document(text)])
    assert catalogue.problems == []
    return [each.removeprefix("widgets.yaml: ") for each in catalogue.unchecked]


@every_case(
    "parameter",
    [
        "{name: a, in: query, style: deepObject, schema: {type: object}}",
        "{name: a, in: query, content: {application/json: {schema: {type: object}}}}",
        "{name: a, in: cookie, schema: {type: string, format: uuid}}",
        "{name: a, in: query, schema: {type: string, format: password}}",
        "{name: a, in: query, style: deepObject, schema: {type: array, items: {type: object}}}",
        "{name: a, in: query, schema: {type: array, items: {type: [string, integer]}}}",
        "{name: a, in: query, schema: {type: string, format: sf-token}}",
        "{name: a, in: query, schema: {properties: {format: {const: x}}}, example: {format: x}}",
    ],
)
def test_of_what_is_checked_nothing_is_reported(parameter: str) -> None:
    assert unchecked(parameter) == []


@every_case(
    ("parameter", "line"),
    [
        (
            "{name: a, in: query, style: matrix, schema: {}}",
            "POST /rocks: parameter a: a query cannot have the style matrix",
        ),
        (
            "{name: a, in: query, content: {application/xml: {schema: {}}}}",
            "POST /rocks: parameter a: its value is application/xml, which is not checked",
        ),
        (
            "{name: a, in: query, schema: {type: array, items: {type: array}}}",
            "POST /rocks: parameter a: its items are arrays or objects; OpenAPI does not",
        ),
        (
            "{name: a, in: header, schema: {properties: {b: {type: object}}, type: object}}",
            "POST /rocks: parameter a: its member b is an array or an object; OpenAPI does",
        ),
        (
            "{name: a, in: query, schema: {type: string, format: phone}}",
            "paths[/rocks].post.parameters[0].schema.format: the format phone is not checked",
        ),
    ],
)
def test_a_parameter_that_is_not_checked_is_reported(parameter: str, line: str) -> None:
    (found,) = unchecked(parameter)

    assert found.startswith(line)


@every_case(
    ("media_type", "schema", "is_reported"),
    [
        ("application/xml", "{type: object}", True),
        ("multipart/mixed", "{type: object}", True),
        ("text/csv", "{type: array}", True),
        ("text/plain", "{type: object}", True),
        ("application/octet-stream", "{type: string, format: binary}", False),
        ("image/*", "{type: string}", False),
        ("multipart/form-data", "{type: object}", False),
        ("application/x-www-form-urlencoded", "{type: object}", False),
        ("text/plain", "{type: string}", False),
        ("application/hal+json; charset=utf-8", "{type: object}", False),
    ],
)
def test_a_body_that_is_not_checked_is_reported(
    media_type: str, schema: str, *, is_reported: bool
) -> None:
    found = unchecked(body=f"{{'{media_type}': {{schema: {schema}}}}}")

    assert bool(found) is is_reported


@every_case(
    ("field", "declared", "is_reported"),
    [
        ("{type: object}", "application/xml", True),
        ("{type: array, items: {type: integer}}", "text/csv", True),
        ("{type: object}", "application/json", False),
        ("{type: integer}", "text/plain; charset=utf-8", False),
        ("{type: string, format: binary}", "'image/png, image/jpeg'", False),
        ("{type: string}", "application/octet-stream", False),
    ],
)
def test_a_field_that_is_not_checked_is_reported(
    field: str, declared: str, *, is_reported: bool
) -> None:
    schema = f"{{type: object, properties: {{f: {field}}}}}"
    media = f"{{schema: {schema}, encoding: {{f: {{contentType: {declared}}}}}}}"

    found = unchecked(body=f"{{multipart/form-data: {media}}}")

    place = "POST /rocks: requestBody.content[multipart/form-data].encoding.f: "
    assert found == ([f"{place}a field of this media type is not checked"] if is_reported else [])


def test_of_many_places_some_are_named_and_the_rest_counted() -> None:
    properties = ", ".join(f"m{each}: {{format: f{each}}}" for each in range(15))

    found = unchecked(body=f"{{application/json: {{schema: {{properties: {{{properties}}}}}}}}}")

    assert len(found) == 11
    assert found[-1] == "and 5 further places like the last one"
