"""``docs/control.md``: a guide by task, and every call of the control API from the table of operations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.generator.calls import COMMANDS, EXAMPLES, LINES, PREPARATIONS, PYTHON
from docs.generator.markdown import block, table, value
from mock_sei.operations.answers import Files
from mock_sei.operations.schemas import descriptions
from mock_sei.operations.table import TABLE, Row
from mock_sei.web.control.app import control_app
from mock_sei.web.control.calls import status_of
from mock_sei.web.control.described import REFUSALS

URL = "http://127.0.0.1:8044"
"""The control listener, as ``mock-sei serve`` opens it."""

INTRODUCTION = f"""\
# The control API

<!-- `make tables` makes this page from docs/generator/guide.md and mock_sei/operations/. Change the texts there. -->

The control API is what a test can do to the platform from any language: over HTTP, at the control listener. The
command line and `mock_sei.Attached` use it too.

- [A test, step by step](#a-test-step-by-step) is a guide by task: what a test does, from its start to its end.
- [All calls](#all-calls) is the reference. The running server has it too: at `/docs`, and as an OpenAPI document at
  `/openapi.json`.

The server listens at `{URL}`, unless it is started with another `--control-host` or `--control-port`.

- **Bodies** are JSON, whatever the `Content-Type` of the request is. A field without a default must be given.
- **Errors** have one shape, whatever the status is: [errors and what they mean](#errors-and-what-they-mean).
- **A web page of another origin** is refused, and so is a request whose `Host` is not a name of this machine: 403.
"""

GUIDE = Path(__file__).parent / "guide.md"
"""The part of the page that is written by hand. Two places in it are filled in."""

REFERENCE = f"""\
## All calls

The examples are for `{URL}`. Each of them works when you paste it into a shell, one after the other or alone.

{{index}}
"""


def control_page() -> str:
    """The whole page."""
    document = control_app().openapi()
    problem = document["components"]["schemas"]["Problem"]["examples"][0]
    index = table(
        ["call", "what it does"],
        ([f"[{title(row)}](#{anchor(row)})", row.summary] for row in TABLE),
    )
    parts = [INTRODUCTION, guide(problem), REFERENCE.format(index=index)]
    group = None
    for row in TABLE:
        if row.group != group:
            group = row.group
            parts.append(f"## {group}\n")
        parts.append("\n\n".join(_entry(row, document)) + "\n")
    return "\n".join(parts)


def guide(problem: Mapping[str, Any]) -> str:
    """The guide by task, with an example of an error and the statuses of all errors."""
    statuses = "\n".join(f"| {status} | {text} |" for status, text in REFUSALS.items())
    text = GUIDE.read_text(encoding="utf-8")
    return text.replace("{problem}", block("json", json.dumps(problem, indent=2))).replace(
        "{statuses}", statuses
    )


def path_of(row: Row) -> str:
    """The path as the OpenAPI document has it."""
    return row.path.replace(":path}", "}")


def title(row: Row) -> str:
    return f"`{row.method} {path_of(row)}`"


def anchor(row: Row) -> str:
    """What GitHub and MyST make of the heading."""
    kept = re.sub(r"[^\w\- ]", "", title(row).lower())
    return kept.replace(" ", "-")


def _entry(row: Row, document: Mapping[str, Any]) -> Iterator[str]:
    operation = document["paths"][path_of(row)][row.method.lower()]
    yield f"### {title(row)}"
    yield row.description
    fields = list(fields_of(row, operation))
    if fields:
        head = ["field", "type", "where", "default", "what", "example"]
        yield table(head, fields)
    yield _answer(row, operation)
    yield block("sh", curl(row, operation))
    others = []
    if row.request in COMMANDS:
        others.append(f"On the command line: `{COMMANDS[row.request]}`.")
    others.append(f"In Python: `{PYTHON[row.request]}`.")
    yield " ".join(others)


def fields_of(row: Row, operation: Mapping[str, Any]) -> Iterator[list[str]]:
    """The row of each field: name, type, where it stands, default, what it is, an example."""
    for each in operation.get("parameters", ()):
        schema = each["schema"]
        yield _field(each["name"], schema | _told(each), each["in"], required=each["required"])
    body = operation.get("requestBody")
    if body is None:
        return
    schema = body["content"]["application/json"]["schema"]
    members = schema.get("properties")
    if members is None:
        about = descriptions(row.request)[row.placed.whole or ""]
        schema = schema | {"description": about}
        yield _field("(the body)", schema, "body", required=body["required"])
        return
    example = body["content"]["application/json"]["example"]
    for name, member in members.items():
        told = dict(member)
        if "examples" not in told and isinstance(example, dict) and name in example:
            told["examples"] = [example[name]]
        usual = "none"
        if row.method == "PATCH":
            told.pop("default", None)
            usual = "as it is"
        required = name in schema.get("required", ())
        yield _field(name, told, "body", required=required, usual=usual)


def _told(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": parameter["description"], "examples": [parameter["example"]]}


def _field(
    name: str, schema: Mapping[str, Any], where: str, *, required: bool, usual: str = "none"
) -> list[str]:
    default = value(schema["default"]) if "default" in schema else usual
    if required:
        default = "must be given"
    return [
        f"`{name}`",
        type_of(schema),
        where,
        default,
        sentence(schema.get("description", "")),
        value(_example(name, schema)),
    ]


def _example(name: str, schema: Mapping[str, Any]) -> Any:
    for each in schema.get("examples", ()):
        if each is not None:
            return each
    return EXAMPLES.get(name) or sample(schema)


def sentence(text: str) -> str:
    line = " ".join(text.split())
    return line[:1].upper() + line[1:]


def type_of(schema: Mapping[str, Any]) -> str:
    """The type of a field in words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(type_of, schema["anyOf"])))
    if "enum" in schema:
        return ", ".join(value(each) for each in schema["enum"])
    if "const" in schema:
        return value(schema["const"])
    kind = schema.get("type", "any JSON")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        items = schema.get("items") or {}
        return f"array of {type_of(items)}" if items else "array"
    bounds = _bounds(schema)
    return f"{kind}, {bounds}" if bounds else str(kind)


def _bounds(schema: Mapping[str, Any]) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    words = [] if low is None else [f"from {low:,}"]
    if high is not None and high < 2**31:
        words.append(f"to {high:,}")
    return " ".join(words)


def sample(schema: Mapping[str, Any]) -> Any:
    """A value for a field whose schema has no example: its first choice, or one of its type."""
    for name in ("enum", "examples"):
        if schema.get(name):
            return schema[name][0]
    if schema.get("default") is not None:
        return schema["default"]
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return sample(each)
    if "items" in schema:
        return [sample(schema["items"])]
    kind = schema.get("type", "string")
    if kind in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    return {"boolean": True, "object": {}, "array": []}.get(kind, "text")


def _answer(row: Row, operation: Mapping[str, Any]) -> str:
    status = str(status_of(row))
    refusals = sorted(each for each in operation["responses"] if each != status)
    errors = f"Errors: {', '.join(refusals)}."
    if isinstance(row.answer, Files):
        return f"Answers {status} with a file. {errors}"
    content = operation["responses"][status].get("content")
    if content is None:
        return f"Answers {status} without a body. {errors}"
    described = content["application/json"]
    example = json.dumps(described["example"], indent=2, ensure_ascii=False)
    members = described["schema"].get("properties") or described["schema"].get("items", {}).get(
        "properties", {}
    )
    told = [
        [f"`{name}`", type_of(member), sentence(member["description"])]
        for name, member in members.items()
        if "description" in member
    ]
    parts = [f"Answers {status}, such as:", block("json", example)]
    if told:
        parts.append(table(["in the answer", "type", "what"], told))
    return "\n\n".join([*parts, errors])


def curl(row: Row, operation: Mapping[str, Any]) -> str:
    """Lines for a shell that make the call, and make what it needs before."""
    name = operation["operationId"]
    if name in LINES:
        return LINES[name].format(url=URL)
    path = path_of(row)
    for each in operation.get("parameters", ()):
        path = path.replace(f"{{{each['name']}}}", str(each["example"]))
    words = ["curl"] if row.method == "GET" else ["curl", "-X", row.method]
    if isinstance(row.answer, Files):
        words.append("-O")
    words.append(f"{URL}{path}")
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        words.append(f"-d '{json.dumps(example)}'")
    before = PREPARATIONS.get(name, "").format(url=URL)
    return f"{before}{' '.join(words)}"
