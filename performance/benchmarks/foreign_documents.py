"""Generates documents like those of users, and expensive ones. None is copied from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

TO = "#/components/schemas/"
HEAD = {"openapi": "3.1.0", "info": {"title": "Large", "version": "1"}}
_TEXT = "What this member of the record holds, and when a client must send it. "


def large_document(size: int) -> dict[str, Any]:
    """A document of about ``size`` bytes as indented JSON.

    Each path has two operations and one schema.

    Each schema refers to earlier ones, so that each operation needs nearly the whole document.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    count, each = 0, 0
    while each * count < size:
        paths[f"/area{count % 40}/records{count}/{{id}}"] = _path_item(count)
        schemas[f"Record{count}"] = _record(count)
        if not count:
            each = len(json.dumps([_path_item(count), _record(count)], indent=2))
        count += 1
    return {**HEAD, "paths": paths, "components": {"schemas": schemas}}


def _record(number: int) -> dict[str, Any]:
    kinds = ("string", "integer", "number", "boolean")
    members: dict[str, Any] = {
        f"member{each}": {"type": kinds[each % 4], "description": _TEXT} for each in range(10)
    }
    members["parent"] = {"$ref": f"{TO}Record{max(0, number - 1)}"}
    members["list"] = {"type": "array", "items": {"$ref": f"{TO}Record{number // 2}"}}
    return {"type": "object", "required": ["member0", "member1"], "properties": members}


def _path_item(number: int) -> dict[str, Any]:
    key = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    filters = [
        {"name": f"filter{each}", "in": "query", "schema": {"enum": ["a", "b"]}}
        for each in range(3)
    ]
    content = {"application/json": {"schema": {"$ref": f"{TO}Record{number}"}}}
    answers = {"200": {"description": _TEXT, "content": content}, "404": {"description": _TEXT}}
    return {
        "get": {"summary": _TEXT, "parameters": [key, *filters], "responses": answers},
        "put": {"parameters": [key], "requestBody": {"content": content}, "responses": answers},
    }


def many_operations(count: int) -> dict[str, Any]:
    """A document with ``count`` operations, two for each path."""
    key = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    operation = {"parameters": [key], "responses": {"204": {"description": "done"}}}
    paths = {
        f"/v1/area{each % 30}/collections/things{each}/{{id}}/members": {
            "get": operation,
            "post": operation,
        }
        for each in range(count // 2)
    }
    return {**HEAD, "paths": paths}


def with_aliases(levels: int = 8) -> str:
    """YAML with aliases, whose number of values grows by a factor of ten with each level."""
    lines = ["openapi: 3.1.0", "info: {title: Aliases, version: '1'}", "x-0: &a0 {v: 1}"]
    lines += [
        f"x-{each}: &a{each} [{', '.join([f'*a{each - 1}'] * 10)}]" for each in range(1, levels)
    ]
    return "\n".join([*lines, "paths: {}", ""])


def _graph(size: int, schema: Callable[[int], Any]) -> dict[str, Any]:
    return {f"S{each}": schema(each) for each in range(size)}


def _to(number: int, size: int) -> dict[str, str]:
    return {"$ref": f"{TO}S{number % size}"}


def _members(count: int, schema: Callable[[int], Any]) -> dict[str, Any]:
    return {f"m{each}": schema(each) for each in range(count)}


_START = {"$ref": f"{TO}S0"}

SLOW_SCHEMAS: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "20,000 items": ({"minItems": 20_000, "items": {"type": "integer"}}, {}),
    "1,000 different objects": (
        {
            "minItems": 1_000,
            "uniqueItems": True,
            "items": {"properties": _members(6, lambda _: {"type": "string"})},
        },
        {},
    ),
    "different items that there are not": (
        {
            "minItems": 2_000,
            "uniqueItems": True,
            "items": {"type": "integer", "minimum": 1, "maximum": 1_000},
        },
        {},
    ),
    "a text of a million characters": ({"type": "string", "minLength": 1_000_000}, {}),
    "1,000 members": ({"properties": _members(1_000, lambda _: {"type": "string"})}, {}),
    "names that no pattern gives": (
        {
            "minProperties": 1_000,
            "patternProperties": {"^[a-z]$": {}},
            "additionalProperties": False,
        },
        {},
    ),
    "60 patterns": (
        {"properties": _members(60, lambda each: {"pattern": f"^[a-z]{{{each + 3}}}\\p{{L}}+$"})},
        {},
    ),
    "60 patterns that look ahead": (
        {"properties": _members(60, lambda each: {"pattern": f"^(?=.*1)[a-z0-9]{{{each + 9}}}$"})},
        {},
    ),
    "a pattern that backtracks": ({"pattern": "^(a|aa)+(?<!a)$"}, {}),
    "a pattern that nothing matches": ({"pattern": "^(?=a)(?=b)[a-z]{2000}$"}, {}),
    "1,000 examples that do not fit": (
        {"properties": {"z": {"type": "integer"}}, "examples": [{"z": "x"}] * 1_000},
        {},
    ),
    "two lists of 2,000 values": (
        {"allOf": [{"enum": list(range(2_000))}, {"enum": list(range(1_999, 4_000))}]},
        {},
    ),
    "300 parts of allOf": (
        {
            "allOf": [
                {"required": [f"m{each}"], "properties": {f"m{each}": {"type": "integer"}}}
                for each in range(300)
            ]
        },
        {},
    ),
    "a wide graph": (
        _START,
        _graph(
            600,
            lambda at: {"properties": _members(20, lambda each: _to(at * 7 + each * 13 + 1, 600))},
        ),
    ),
    "alternatives within alternatives": (
        _START,
        _graph(
            60,
            lambda at: {
                "oneOf": [
                    {
                        "required": [f"m{each}"],
                        "properties": {f"m{each}": _to(at * 3 + each + 1, 60)},
                    }
                    for each in range(8)
                ]
            },
        ),
    ),
    "alternatives that nothing fits": (
        _START,
        _graph(
            60,
            lambda at: {
                "oneOf": [
                    {
                        "required": [f"m{each}", "never"],
                        "properties": {f"m{each}": _to(at * 3 + each + 1, 60), "never": False},
                    }
                    for each in range(8)
                ]
            },
        ),
    ),
    "required within required": (
        _START,
        _graph(
            30,
            lambda at: {
                "required": ["a", "b", "c"],
                "properties": {each: _to(at + 1, 31) for each in "abc"},
            },
        )
        | {"S30": {"type": "integer"}},
    ),
}
"""Schemas of answers that are expensive to generate, each with its document's components."""


def slow_answers() -> list[dict[str, Any]]:
    """A document for each of these schemas. ``GET /a`` returns an answer of the schema."""
    return [
        {
            **HEAD,
            "paths": {
                "/a": {
                    "get": {
                        "responses": {
                            "200": {
                                "description": "made",
                                "content": {"application/json": {"schema": schema}},
                            }
                        }
                    }
                }
            },
            "components": {"schemas": components},
        }
        for schema, components in SLOW_SCHEMAS.values()
    ]


BACKTRACKING = ("^(a+)+$", "^(?=a)(a+)+$", r"^(a+)+\1$", "^(a|aa)+(?<!x)$")


def patterned(pattern: str) -> dict[str, Any]:
    """A document with the pattern in path, query, header, body and member names."""
    schema = {"type": "string", "pattern": pattern}
    body = {
        "properties": {"a": schema},
        "patternProperties": {pattern: {"type": "integer"}},
        "propertyNames": {"pattern": pattern},
    }
    parameters = [
        {"name": name, "in": place, "required": place == "path", "schema": schema}
        for place, name in (("path", "id"), ("query", "q"), ("header", "h"))
    ]
    return {
        **HEAD,
        "paths": {
            "/a/{id}": {
                "post": {
                    "parameters": parameters,
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": {"204": {"description": "done"}},
                }
            }
        },
    }


def write_json(folder: Path, *documents: Mapping[str, Any]) -> Path:
    """Writes documents as indented JSON, as common tools do."""
    folder.mkdir()
    for number, each in enumerate(documents):
        text = json.dumps(each, indent=2)
        (folder / f"own-{number:02}.json").write_text(text, encoding="utf-8")
    return folder


def write_yaml(folder: Path, document: Mapping[str, Any]) -> Path:
    """Writes a document as YAML in block style without aliases."""
    import yaml

    class Plain(yaml.CSafeDumper):
        def ignore_aliases(self, _: Any) -> bool:
            return True

    folder.mkdir()
    text = yaml.dump(document, Dumper=Plain, sort_keys=False, width=120)
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    return folder
