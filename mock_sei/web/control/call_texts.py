"""What a reader is told about each call of the control API.

The page ``/docs`` and ``docs/control.md`` show these texts. They come from the table of operations
and from the OpenAPI document. Code in a text stands between backticks, as in Markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mock_sei.operations.answers import Files
from mock_sei.operations.schemas import descriptions
from mock_sei.operations.table import TABLE, Row
from mock_sei.web.control.call_lines import COMMANDS, EXAMPLES, LINES, PREPARATIONS, PYTHON
from mock_sei.web.control.calls import status_of


@dataclass(frozen=True, kw_only=True)
class FieldText:
    """One field of a call."""

    name: str
    type: str
    """Its type in words, with its bounds or its values."""
    place: str
    """``path``, ``query`` or ``body``."""
    default: str | None
    """None if the field must be given."""
    what: str
    example: str


@dataclass(frozen=True, kw_only=True)
class MemberText:
    """One member of an answer."""

    name: str
    type: str
    what: str


@dataclass(frozen=True, kw_only=True)
class CallText:
    """One call of the control API."""

    method: str
    path: str
    group: str
    """Its subject."""
    summary: str
    description: str
    fields: Sequence[FieldText]
    status: int
    """The status of the good answer."""
    is_file: bool
    """Whether the good answer is a file."""
    example: str | None
    """The JSON of a good answer, indented; None where the answer has no JSON."""
    members: Sequence[MemberText]
    refusals: Sequence[str]
    """The statuses of the refusals."""
    shell: str
    """Lines for a shell that make the call, and make what it needs before."""
    command: str | None
    python: str

    @property
    def title(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def anchor(self) -> str:
        """What GitHub and MyST make of the title as a heading."""
        kept = re.sub(r"[^\w\- ]", "", self.title.lower())
        return kept.replace(" ", "-")


def call_texts(document: Mapping[str, Any], url: str) -> list[CallText]:
    """Every call, in the order of the table.

    ``document`` is the OpenAPI document of the control API, ``url`` its address in the lines for a
    shell.
    """
    return [
        _call_text(row, document["paths"][path_of(row)][row.method.lower()], url) for row in TABLE
    ]


def path_of(row: Row) -> str:
    """The path as the OpenAPI document has it."""
    return row.path.replace(":path}", "}")


def _call_text(row: Row, operation: Mapping[str, Any], url: str) -> CallText:
    status = str(status_of(row))
    content = operation["responses"][status].get("content", {}).get("application/json")
    return CallText(
        method=row.method,
        path=path_of(row),
        group=row.group,
        summary=row.summary,
        description=row.description,
        fields=list(_fields_of(row, operation)),
        status=status_of(row),
        is_file=isinstance(row.answer, Files),
        example=json.dumps(content["example"], indent=2, ensure_ascii=False) if content else None,
        members=list(_members_of(content["schema"])) if content else (),
        refusals=sorted(each for each in operation["responses"] if each != status),
        shell=_shell(row, operation, url),
        command=COMMANDS.get(row.request),
        python=PYTHON[row.request],
    )


def _fields_of(row: Row, operation: Mapping[str, Any]) -> Iterator[FieldText]:
    for each in operation.get("parameters", ()):
        told = {"description": each["description"], "examples": [each["example"]]}
        yield _field(each["name"], each["schema"] | told, each["in"], required=each["required"])
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


def _field(
    name: str, schema: Mapping[str, Any], place: str, *, required: bool, usual: str = "none"
) -> FieldText:
    default = value(schema["default"]) if "default" in schema else usual
    return FieldText(
        name=name,
        type=type_of(schema),
        place=place,
        default=None if required else default,
        what=sentence(schema.get("description", "")),
        example=value(_example(name, schema)),
    )


def value(told: Any) -> str:
    """JSON, as code."""
    return f"`{json.dumps(told, ensure_ascii=False)}`"


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
    kind, bounds = _kind_of(schema), _bounds(schema)
    return f"{kind}, {bounds}" if bounds else kind


def _kind_of(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_alternative, schema["anyOf"])))
    if "enum" in schema:
        return ", ".join(value(each) for each in schema["enum"])
    if "const" in schema:
        return value(schema["const"])
    kind = schema.get("type", "any JSON")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        items = schema.get("items") or {}
        kind = f"array of {type_of(items)}" if items else "array"
    return str(kind)


def _alternative(schema: Mapping[str, Any]) -> str:
    """One of the types of a field."""
    kind, bounds = _kind_of(schema), _bounds(schema)
    return f"{kind} ({bounds})" if bounds else kind


_BOUNDS = {
    "minimum": "from {:,}",
    "exclusiveMinimum": "above {:,},",
    "maximum": "to {:,}",
    "exclusiveMaximum": "below {:,}",
    "minItems": "from {:,}",
    "maxItems": "to {:,} entries",
    "maxLength": "up to {:,} characters",
}


def _bounds(schema: Mapping[str, Any]) -> str:
    """The bounds of a value; those of the machine's numbers are left out."""
    return " ".join(
        words.format(int(schema[name]) if schema[name] == int(schema[name]) else schema[name])
        for name, words in _BOUNDS.items()
        if name in schema and schema[name] < 2**31
    )


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


def _members_of(schema: Mapping[str, Any]) -> Iterator[MemberText]:
    """The members of an answer, or of the entries of its list, that are described."""
    members = schema.get("properties") or schema.get("items", {}).get("properties", {})
    for name, member in members.items():
        if "description" in member:
            yield MemberText(name=name, type=type_of(member), what=sentence(member["description"]))


def _shell(row: Row, operation: Mapping[str, Any], url: str) -> str:
    name = operation["operationId"]
    if name in LINES:
        return LINES[name].format(url=url)
    path = path_of(row)
    for each in operation.get("parameters", ()):
        path = path.replace(f"{{{each['name']}}}", str(each["example"]))
    words = ["curl"] if row.method == "GET" else ["curl", "-X", row.method]
    if isinstance(row.answer, Files):
        words.append("-O")
    words.append(f"{url}{path}")
    if "requestBody" in operation:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        words.append(f"-d '{json.dumps(example)}'")
    before = PREPARATIONS.get(name, "").format(url=url)
    return f"{before}{' '.join(words)}"
