"""``docs/control.md``: a guide by task, and every call of the control API from the table of operations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.generator.markdown import block, table
from mock_sei.web.control.app import control_app
from mock_sei.web.control.call_texts import CallText, FieldText, call_texts
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
    calls = call_texts(document, URL)
    index = table(
        ["call", "what it does"],
        ([f"[`{each.title}`](#{each.anchor})", each.summary] for each in calls),
    )
    parts = [INTRODUCTION, guide(problem), REFERENCE.format(index=index)]
    group = None
    for each in calls:
        if each.group != group:
            group = each.group
            parts.append(f"## {group}\n")
        parts.append("\n\n".join(_entry(each)) + "\n")
    return "\n".join(parts)


def guide(problem: Mapping[str, Any]) -> str:
    """The guide by task, with an example of an error and the statuses of all errors."""
    statuses = "\n".join(f"| {status} | {text} |" for status, text in REFUSALS.items())
    text = GUIDE.read_text(encoding="utf-8")
    return text.replace("{problem}", block("json", json.dumps(problem, indent=2))).replace(
        "{statuses}", statuses
    )


def _entry(call: CallText) -> Iterator[str]:
    yield f"### `{call.title}`"
    yield call.description
    if call.fields:
        head = ["field", "type", "where", "default", "what", "example"]
        yield table(head, map(_field, call.fields))
    yield _answer(call)
    yield block("sh", call.shell)
    others = [] if call.command is None else [f"On the command line: `{call.command}`."]
    yield " ".join([*others, f"In Python: `{call.python}`."])


def _field(field: FieldText) -> list[str]:
    default = "must be given" if field.default is None else field.default
    return [f"`{field.name}`", field.type, field.place, default, field.what, field.example]


def _answer(call: CallText) -> str:
    errors = f"Errors: {', '.join(call.refusals)}."
    if call.is_file:
        return f"Answers {call.status} with a file. {errors}"
    if call.example is None:
        return f"Answers {call.status} without a body. {errors}"
    parts = [f"Answers {call.status}, such as:", block("json", call.example)]
    if call.members:
        told = ([f"`{each.name}`", each.type, each.what] for each in call.members)
        parts.append(table(["in the answer", "type", "what"], told))
    return "\n\n".join([*parts, errors])
