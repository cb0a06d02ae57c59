"""Examples of answers, as a page shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.example_answers import (
    SIZE_SHOWN,
    ExampleAnswer,
    ExampleData,
    example_answer,
)
from mock_sei.apis.operations import Operation
from mock_sei.apis.trial_requests import TrialRequest, trial_body, trial_fields, trial_request
from mock_sei.platform import Platform
from tests.apis.engine import Document


def answer_of(
    platform: Platform, operation: Operation, request: TrialRequest, path: Mapping[str, str]
) -> ExampleAnswer:
    data = ExampleData(present=platform.state.apis, scratch=platform.scratch_data)
    return example_answer(operation, request, path, data, platform.clock.now())


def example(platform: Platform, name: str, **values: str) -> ExampleAnswer:
    """The example answer of a bundled operation. A value is that of a path parameter."""
    operation = next(
        each
        for product in platform.catalogue.products.values()
        for each in product.operations.values()
        if each.name == name
    )
    fields = trial_fields(operation, {})
    first = {each.parameter.name: each.text for each in fields if each.parameter.place == "path"}
    path = first | values
    body = trial_body(operation)
    request = trial_request(
        operation,
        {each.name: each.text for each in fields},
        (body.content_type, body.text) if body else None,
    )
    return answer_of(platform, operation, request, path)


def test_what_reads_answers_from_the_records_of_now(platform: Platform) -> None:
    name = "GET /v1/trade/users/{userId}"
    before = example(platform, name, userId="user-001")
    assert before.is_of_call
    assert json.loads(before.text)["userId"] == "user-001"

    missing = example(platform, name, userId="nobody")
    assert not missing.is_of_call
    assert missing.status == 200


def test_a_long_list_is_shortened(platform: Platform) -> None:
    found = example(platform, "GET /v2/investors")
    assert found.is_cut
    assert len(json.loads(found.text)["data"]) == 2
    assert len(found.text) <= SIZE_SHOWN


def test_what_changes_something_works_on_records_of_its_own(platform: Platform) -> None:
    before = platform.state.apis.collections.table("trade-tickets").records
    for _ in range(2):  # the record that the first one made is gone
        found = example(platform, "POST /v1/order/tradetickets")
        assert (found.status, found.is_of_call) == (201, True)
        assert json.loads(found.text)["status"] == "Original"
    assert platform.state.apis.collections.table("trade-tickets").records == before


def of_document(platform: Platform, content: dict[str, Any], status: str = "200") -> ExampleAnswer:
    described = {"responses": {status: {"description": "", "content": content}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/v1/own": {"get": described}},
    }
    catalogue = Catalogue([], [Document(content=document)])
    operation = next(iter(catalogue.products["widgets"].operations.values()))
    request = trial_request(operation, {})
    return answer_of(platform, operation, request, {})


def test_an_own_document_answers_with_its_example_or_a_made_value(platform: Platform) -> None:
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    shown = of_document(platform, {"application/json": {"schema": schema, "example": {"n": 3}}})
    assert json.loads(shown.text) == {"n": 3}
    made = of_document(platform, {"application/json": {"schema": schema}})
    assert isinstance(json.loads(made.text)["n"], int)
    text = of_document(platform, {"text/csv": {"example": "a,b"}})
    assert (text.media_type, text.text) == ("text/csv", "a,b")


def test_however_large_the_example_what_is_shown_is_bounded(platform: Platform) -> None:
    wide = {f"m{number}": "x" * 1000 for number in range(2000)}
    deep: Any = "end"
    for _ in range(60):
        deep = {"inner": [deep]}
    for value in (wide, deep):
        found = of_document(platform, {"application/json": {"example": value}})
        assert found.is_cut
        assert len(found.text.encode()) <= SIZE_SHOWN


def test_an_answer_without_a_body_has_no_text(platform: Platform) -> None:
    found = of_document(platform, {}, status="204")
    assert (found.status, found.text, found.media_type) == (204, "", "")
