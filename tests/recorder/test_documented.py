"""Which values a shape may keep: those of the documents' enumerations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mock_sei.recorder.documented import DocumentedValues
from mock_sei.recordings.exchanges import RecordedRequest

STATUS = {"type": "string", "enum": ["OPEN", "CLOSED"]}
NODE = {
    "type": "object",
    "properties": {
        "status": STATUS,
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        "either": {"oneOf": [{"enum": ["A", 1]}, {"enum": ["B"]}]},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Own", "version": "1"},
    "paths": {
        "/v1/own/nodes/{id}": {
            "put": {
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "requestBody": {
                    "content": {"application/json": {"schema": {"type": "array", "items": STATUS}}}
                },
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Node"}}
                        },
                    }
                },
            }
        }
    },
    "components": {"schemas": {"Node": NODE}},
}


def request(path: str, method: str = "GET") -> RecordedRequest:
    return RecordedRequest(method=method, url=f"https://test.example.com:444{path}")


@pytest.fixture
def find(tmp_path: Path) -> DocumentedValues:
    (tmp_path / "own.json").write_text(json.dumps(DOCUMENT))
    return DocumentedValues(tmp_path)


def test_enumerations_of_an_answer_are_found_by_the_place_of_their_member(
    find: DocumentedValues,
) -> None:
    found = find(request("/v1/own/nodes/7?x=1", "PUT"), 200)

    assert found["/status"] == {"OPEN", "CLOSED"}
    assert found["/children/*/children/*/status"] == {"OPEN", "CLOSED"}
    assert found["/either"] == {"A", "B"}


def test_enumerations_of_a_request_are_found(find: DocumentedValues) -> None:
    assert find(request("/v1/own/nodes/7", "PUT"), None) == {"/*": {"OPEN", "CLOSED"}}


def test_what_no_document_names_keeps_no_values(find: DocumentedValues) -> None:
    assert find(request("/v9/nothing"), 200) == {}
    assert find(request("/v2/investors", "DELETE"), None) == {}
    assert find(request("/v1/own/nodes/7", "PUT"), 500) == {}
