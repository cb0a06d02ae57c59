"""Names the recorded calls nearest to a call that is not in the recording, and what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from mock_sei.errors import NOT_RECORDED, Refusal
from mock_sei.replay.recorded_calls import RecordedCall, RecordedPath
from mock_sei.replay.recordings import ReplayedRecordings
from mock_sei.replay.requests import (
    ComparedAs,
    ComparedBody,
    ComparedRequest,
    Fields,
    compared_body,
    shown_json,
)
from mock_sei.replay.templates import fits, template_of
from mock_sei.rules import checks
from mock_sei.values.texts import beginning

_COMPARED = 64
"""So many recorded calls of a path are compared with a call."""
_NAMED = 2
_DIFFERENCES = 4
_SHOWN = 200
"""Characters of a value that a sentence shows."""


def not_recorded(
    recordings: ReplayedRecordings, called: ComparedRequest, paths: Sequence[RecordedPath]
) -> Refusal:
    """The refusal of a call that is not in the recording."""
    because, expected = explain(recordings, called, paths)
    return Refusal(
        NOT_RECORDED,
        check=checks.RECORDING,
        because=f"The server answers only what its recording has (--recordings-only). {because}",
        expected=expected,
        actual=_call_text(called.method, called.path, called.query),
    )


def explain(
    recordings: ReplayedRecordings, called: ComparedRequest, paths: Sequence[RecordedPath]
) -> tuple[str, str | None]:
    """Which recorded calls are nearest and what differs, and the nearest one."""
    found = [(path, call) for path in paths for call in islice(path.calls(called.query), _COMPARED)]
    if not found:
        return _of_other_paths(recordings, called)
    near = nsmallest(2 * _NAMED, found, key=lambda each: _distance(each[1], called))
    path, call = near[0]
    differences = list(islice(_differences(recordings, call, called), _DIFFERENCES))
    # A call with placeholders is there twice: with their text, and for any text.
    texts = dict.fromkeys(f"{_text_of(*each)} ({each[1].answers[0]})" for each in near)
    named = ", ".join(islice(texts, _NAMED))
    because = f"The nearest recorded calls are: {named}."
    if differences:
        because += f" The first one differs: {'; '.join(differences)}."
    return because, _text_of(path, call)


def _of_other_paths(
    recordings: ReplayedRecordings, called: ComparedRequest
) -> tuple[str, str | None]:
    methods = recordings.calls.methods_of(called.path)
    if methods:
        named = ", ".join(methods)
        return f"The recording has this path only with another method: {named}.", named
    near = recordings.calls.nearest(called.method, called.path)
    return f"The recording has no such path. The nearest are: {', '.join(near)}.", near[0]


def _text_of(path: RecordedPath, call: RecordedCall) -> str:
    return _call_text(path.method, path.path, call.query)


def _call_text(method: str, path: str, query: Fields) -> str:
    pairs = [(name, value) for name, values in query.items() for value in values]
    target = f"{path}?{urlencode(pairs, safe='{}')}" if pairs else path
    return beginning(f"{method} {target}")


def _distance(call: RecordedCall, called: ComparedRequest) -> int:
    """Another value is nearer than a parameter that is missing."""
    here, there = called.query, call.query
    missing = len(here.keys() ^ there.keys())
    others = sum(set(here[name]) != set(there[name]) for name in here.keys() & there.keys())
    return 2 * missing + others + (call.kind is not called.body.kind)


def _differences(
    recordings: ReplayedRecordings, call: RecordedCall, called: ComparedRequest
) -> Iterator[str]:
    yield from _of_fields("the query's", call.query, called.query)
    if call.kind is not called.body.kind:
        if call.kind is not ComparedAs.ANY or called.body.kind is ComparedAs.NONE:
            yield f"it was recorded with {call.kind}, and came with {called.body.kind}"
    elif call.sent is not None:
        yield from _of_bodies(recordings, call, called.body)
    elif call.kind is not ComparedAs.NONE:
        yield "the body"


def _of_bodies(
    recordings: ReplayedRecordings, call: RecordedCall, here: ComparedBody
) -> Iterator[str]:
    if call.sent is None:
        return
    data = recordings.bodies.read(call.sent)
    there = compared_body(_MEDIA_TYPES[call.kind], len(data), lambda: iter([data]))
    if here.kind is ComparedAs.FORM:
        yield from _of_fields("the form's", there.fields, here.fields)
    else:
        yield from _of_values("", there.value, here.value)


_MEDIA_TYPES = {
    ComparedAs.JSON: "application/json",
    ComparedAs.FORM: "application/x-www-form-urlencoded",
}


def _of_fields(whose: str, there: Fields, here: Fields) -> Iterator[str]:
    for name in dict.fromkeys((*there, *here)):
        values, sent = there.get(name), here.get(name)
        if values is None or sent is None or not _are_alike(values, sent):
            yield f"{whose} {_shown(name)} was {_values(values)}, and came as {_values(sent)}"


def _are_alike(there: Sequence[str], here: Sequence[str]) -> bool:
    if len(there) != len(here):
        return False
    return set(there) == set(here) or all(map(_fits, there, here))


def _fits(there: str, here: str) -> bool:
    return fits(template_of(there), here)


def _values(values: Sequence[str] | None) -> str:
    return "nothing" if values is None else " and ".join(map(_shown, values))


def _of_values(pointer: str, there: Any, here: Any) -> Iterator[str]:
    """The first differences of two JSON values, with the place of each as a JSON pointer."""
    if isinstance(there, dict) and isinstance(here, dict):
        yield from _of_members(pointer, there, here)
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        for at, (one, other) in enumerate(zip(there, here, strict=True)):
            yield from _of_values(f"{pointer}/{at}", one, other)
    elif isinstance(there, list) and isinstance(here, list):
        yield f"{_at(pointer)} had {len(there)} items, and came with {len(here)}"
    elif not _is_equal(there, here):
        yield f"{_at(pointer)} was {_json(there)}, and came as {_json(here)}"


def _of_members(pointer: str, there: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*there, *here)):
        place = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in here:
            yield f"{_at(place)} was {_json(there[name])}, and is missing"
        elif name not in there:
            yield f"{_at(place)} was not there, and came as {_json(here[name])}"
        else:
            yield from _of_values(place, there[name], here[name])


def _is_equal(there: Any, here: Any) -> bool:
    if type(there) is str:
        template = template_of(there)
        return template == ("", "") or (type(here) is str and fits(template, here))
    return type(there) is type(here) and bool(there == here)


def _at(pointer: str) -> str:
    return f"the body's {_cut(pointer)}" if pointer else "the body"


def _json(value: Any) -> str:
    return _cut(shown_json(value))


def _shown(text: str) -> str:
    return _cut(json.dumps(text, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
