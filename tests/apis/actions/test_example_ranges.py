"""Answers of a document that declares both ranges of media types and single media types."""

from __future__ import annotations

import pytest

from tests.apis.engine import Engine


@pytest.mark.parametrize("accept", ["*/*", "", "application/json"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_range_is_not_answered_in_place_of_the_media_type_beside_it(
    accept: str, *, is_first: bool
) -> None:
    whole = (
        "application/json: {schema: {type: object, required: [id], properties: {id: {const: 0}}}}"
    )
    some = "'*/*': {schema: {type: string}}"
    content = f"{some}, {whole}" if is_first else f"{whole}, {some}"
    answer = f"{{'200': {{description: ok, content: {{{content}}}}}}}"
    engine = Engine.brought(f"paths: {{/x: {{get: {{responses: {answer}}}}}}}")

    found = engine.call("/x", headers={"accept": accept})

    assert (found.body, found.media_type) == ({"id": 0}, "application/json")
