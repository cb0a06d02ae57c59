"""The value of an answer, as a document shows it or as it is made from the schema; found once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mock_sei.apis.bodies import is_json
from mock_sei.apis.directions import for_answers
from mock_sei.apis.misfits import find_misfits
from mock_sei.apis.references import Document
from mock_sei.apis.samples import MOST_SHOWN, Sample, sample
from mock_sei.patterns import Budget

_MEMBERS = frozenset(
    ["value", "summary", "description", "externalValue", "dataValue", "serializedValue", "$ref"]
)
"""Of an Example Object (OpenAPI 3.2.0 section 4.19)."""


def answer_value(media: Mapping[str, Any], document: Document, media_type: str) -> Sample:
    """The value of a media type's example, as it stands, else one that is made from its schema.

    The problems of an example say where it does not fit its schema. A header's or a parameter's
    object is taken as well.
    """
    kind = "json value" if is_json(media_type) else "value"
    made = document.derived(kind, media, lambda: {"made": _answer_value(media, document, kind)})
    found: Sample = made["made"]
    return found


def _answer_value(media: Mapping[str, Any], document: Document, kind: str) -> Sample:
    document, schema = for_answers(document, media.get("schema", True))
    for value in shown_values(media, document):
        if kind == "json value" and isinstance(value, str):
            value = _as_json(value, schema, document)
        return Sample(value=value, problems=_problems(value, schema, document), is_made=False)
    made = sample(schema, document)
    problems = [
        f"made from its schema, of which one keyword could not be met: {each}"
        for each in made.problems
    ]
    return Sample(value=made.value, problems=tuple(problems))


def _problems(value: Any, schema: Any, document: Document) -> tuple[str, ...]:
    misfits = find_misfits(document, schema, value, Budget())[:MOST_SHOWN]
    return tuple(f"an example that does not fit its schema: {each.describe()}" for each in misfits)


def _as_json(text: str, schema: Any, document: Document) -> Any:
    """What a text says, where the schema wants no text, and what it says."""
    checker = document.checker(schema)
    if checker.is_valid(text):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if checker.is_valid(value) else text


def shown_values(media: Mapping[str, Any], document: Document) -> Iterator[Any]:
    """The values of ``example`` and ``examples``, in the order in which they count.

    People write values without ``value``.
    """
    if "example" in media:
        yield media["example"]
    for each in (media.get("examples") or {}).values():
        entry = document.follow(each, "examples")
        if not isinstance(entry, Mapping) or not (entry.keys() <= _MEMBERS):
            yield entry
        elif "value" in entry or "dataValue" in entry:
            yield entry.get("value", entry.get("dataValue"))
