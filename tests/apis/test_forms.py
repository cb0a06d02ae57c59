"""The form of a ``list``: its fields select records, and only a form may contain them."""

from __future__ import annotations

import pytest

from mock_sei.apis.bodies import FORM_TYPE
from tests.apis.engine import Engine, complaint
from tests.cases import every_case

RULE = "{action: list, collection: widgets, key: id, form: {number: id, tag: tags}}"
BODY = f"content: {{{FORM_TYPE}: {{schema: {{properties: {{number: {{type: integer}}}}}}}}}}"
TEXT = f"""
paths:
  /v1/widgets:
    post:
      x-mock-sei: {RULE}
      requestBody: {{{BODY}}}
      responses: {{"200": {{description: good}}}}
"""
RECORDS = ({"id": 1, "tags": ["a"]}, {"id": 2, "tags": ["a", "b"]}, {"id": 3, "tags": []})
HEADERS = {"content-type": FORM_TYPE}


def engine() -> Engine:
    return Engine.of(TEXT, widgets=RECORDS)


@every_case(
    ("form", "ids"),
    [("", [1, 2, 3]), ("tag=a", [1, 2]), ("tag=a&number=2", [2]), ("number=3&tag=b", [])],
)
def test_every_field_picks(form: str, ids: list[int]) -> None:
    found = engine().post(form, headers=HEADERS).body["data"]

    assert [each["id"] for each in found] == ids


def test_a_field_has_the_type_of_the_schema() -> None:
    (fault,) = engine().faults(method="POST", body="number=two", headers=HEADERS)

    assert (fault.field, fault.location) == ("number", "body")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TEXT.replace(f"requestBody: {{{BODY}}}", "summary: x"), "requestBody: missing"),
        (TEXT.replace(FORM_TYPE, "application/json"), f"content[{FORM_TYPE}]: missing"),
        (
            TEXT.replace("form: {number: id, tag: tags}", "form: [number]"),
            "form: must be a mapping of form fields",
        ),
    ],
)
def test_a_form_that_is_not_there_is_told(text: str, problem: str) -> None:
    assert problem in complaint(text)
