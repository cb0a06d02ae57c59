"""The value of an answer: the document's example, or a value made from the schema.

Computed only once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from math import isfinite
from operator import is_
from typing import Any

from mock_sei.apis.bodies import is_json
from mock_sei.apis.combining import ways
from mock_sei.apis.directions import for_answers
from mock_sei.apis.misfits import find_problems
from mock_sei.apis.patterns import Budget
from mock_sei.apis.references import Document
from mock_sei.apis.samples import Sample, sample
from mock_sei.apis.written import is_xml

_MOST_WAYS = 20
"""How many choices of alternatives are tried to find one that takes a text."""
_MEMBERS = frozenset(
    ["value", "summary", "description", "externalValue", "dataValue", "serializedValue", "$ref"]
)
"""The members of an Example Object (OpenAPI 3.2.0 section 4.19)."""


def answer_value(media: Mapping[str, Any], document: Document, media_type: str) -> Sample:
    """The example of a media type as it is written, or else a value that is made from its schema.

    The problems of an example say where it does not fit its schema. ``media`` may also be a Header
    Object or a Parameter Object.
    """
    kind = "json" if is_json(media_type) else "xml" if is_xml(media_type) else "text"
    made = document.derived(
        f"{kind} value", media, lambda: {"made": _answer_value(media, document, kind)}
    )
    found: Sample = made["made"]
    return found


def schema_of(media: Mapping[str, Any], document: Document) -> Any:
    """The schema of the whole answer.

    If the document describes the items of a sequence, a list of them. Source: ``itemSchema`` of
    OpenAPI 3.2.0 section 4.14.3.
    """
    if "schema" in media or "itemSchema" not in media:
        return media.get("schema", True)

    def make() -> dict[str, Any]:
        return {"type": "array", "items": media["itemSchema"], "minItems": 1}

    return document.derived("sequence", media, make)


def _answer_value(media: Mapping[str, Any], whole: Document, kind: str) -> Sample:
    document, schema = for_answers(whole, schema_of(media, whole))
    for value in shown_values(media, whole, is_json=kind == "json"):
        if kind != "text" and isinstance(value, str):
            value = _as_json(value, schema, document)
        if kind != "json" and isinstance(value, str) and not _takes_texts(schema, document):
            return Sample(value=value, is_made=False)  # the example is sent as it is written
        return _shown(value, schema, document)
    made = sample(schema, document)
    problems = [
        f"made from its schema, but one keyword could not be satisfied: {each}"
        for each in made.problems
    ]
    return Sample(value=_finite(made.value), problems=tuple(problems))


def _takes_texts(schema: Any, document: Document) -> bool:
    return any(
        each.types is None or "string" in each.types
        for each in islice(ways((schema,), document), _MOST_WAYS)
    )


def _shown(value: Any, schema: Any, document: Document) -> Sample:
    """An example as it is written, with null in place of numbers that JSON does not have."""
    finite = _finite(value)
    problems = _problems(finite, schema, document)
    if finite is not value:
        problems = (f"an example with {_NOT_FINITE}", *problems)
    return Sample(value=finite, problems=problems, is_made=False)


_NOT_FINITE = "a number that JSON cannot express (.nan or .inf): null is answered in its place"


def _finite(value: Any) -> Any:
    """The value, if all its numbers are finite (RFC 8259 section 6)."""
    if isinstance(value, float) and not isfinite(value):
        return None
    if isinstance(value, list):
        items = list(map(_finite, value))
        return value if all(map(is_, items, value)) else items
    if isinstance(value, Mapping):
        members = {name: _finite(each) for name, each in value.items()}
        return value if all(map(is_, members.values(), value.values())) else members
    return value


def _problems(value: Any, schema: Any, document: Document) -> tuple[str, ...]:
    problems = find_problems(document, schema, value, Budget())
    return tuple(f"an example that does not fit its schema: {each}" for each in problems)


def _as_json(text: str, schema: Any, document: Document) -> Any:
    """The value that a JSON text spells, if the schema allows that value and no text.

    Otherwise the text.
    """
    checker = document.checker(schema)
    if checker.is_valid(text):
        return text
    value = read_json_text(text)
    return value if checker.is_valid(value) else text


def shown_values(
    media: Mapping[str, Any], document: Document, *, is_json: bool = False
) -> Iterator[Any]:
    """The values of ``example`` and ``examples``, the preferred ones first.

    Some people write the value directly instead of in ``value``, so that is read too.
    """
    if "example" in media:
        yield media["example"]
    for each in (media.get("examples") or {}).values():
        entry = document.follow(each, "examples")
        if not isinstance(entry, Mapping) or not (entry.keys() <= _MEMBERS):
            yield entry
            continue
        keys = _VALUES if is_json else _VALUES[::-1]
        key = next((each for each in keys if each in entry), None)
        if key == "serializedValue" and is_json:
            yield read_json_text(entry[key])
        elif key is not None:
            yield entry[key]


_VALUES = ("value", "dataValue", "serializedValue")


def read_json_text(text: Any) -> Any:
    """The value that a JSON text spells; the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return text
