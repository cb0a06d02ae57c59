"""``list``: a page of the records that a call's parameters select."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, date
from typing import Any

from mock_sei.apis.calls import ApiAnswer, ApiCall, shape_of
from mock_sei.apis.filters import select, steps_of
from mock_sei.apis.paging import LEAST_SIZES, find_size_note, offset_page, page
from mock_sei.apis.records import Record, RecordTable, ordered
from mock_sei.values.json_texts import json_text

ACTION = "list"

_NOT_PICKING = frozenset({"limit", "cursor", "encoded", "start", "count", "section", "include"})

_LIMIT = ("query", "limit")
"""The key of the parameter whose name an assumption changes."""

_ENVELOPES = {"data": ('{"data":', ""), "results": ('{"data":{"results":', "}"), "none": ("", "")}
"""The text before and after the records in each envelope."""


def act(call: ApiCall) -> ApiAnswer:
    """Answers a page. The selection and the answer are remembered until the collection changes.

    A client that walks through the pages asks for the same selection repeatedly. If a record is
    written meanwhile, the answer may already contain it. Then it is remembered for a version of the
    collection that is not asked for again.
    """
    remember, collection = call.state.collections.remember, call.operation.rule.collection
    content = remember(
        collection,
        ("answer", call.url, call.operation.name, *sorted(call.values.items()), *_today(call)),
        lambda _: _content(
            remember(collection, _memo(call), lambda table: _selected(table, call)), call
        ),
    )
    _note_size(call)  # outside the remembered part, so that each call notes it
    return ApiAnswer(content=content, status=call.operation.success)


def _note_size(call: ApiCall) -> None:
    if call.operation.rule.paging == "none":
        return
    for use in LEAST_SIZES:
        for parameter in call.operation.find_parameters(use):
            value = call.values.get(parameter.key)
            rules = call.state.paging
            name = rules.limit if parameter.key == _LIMIT else parameter.name
            note = find_size_note(name, use, value, rules.maximum)
            if note is not None:
                call.notes.append(note)


def _content(selection: Sequence[Record], call: ApiCall) -> bytes:
    envelope, shape = call.operation.rule.envelope or "data", shape_of(call)
    shown, paging = paged(selection, call)
    before, behind = _ENVELOPES[envelope]
    text = f"{before}{json_text([shape.of(each) for each in shown])}{behind}"
    if envelope != "none":
        text += "}" if paging is None else f',"paging":{json_text(paging)}}}'
    return text.encode(errors="backslashreplace")


def _memo(call: ApiCall) -> Hashable:
    """Everything that a selection depends on, except the records."""
    parameters = call.operation.parameters
    wanted = tuple(
        (key, value)
        for key, value in sorted(call.values.items())
        if parameters[key].use not in _NOT_PICKING
    )
    return call.operation.name, wanted, *_today(call)


def _today(call: ApiCall) -> tuple[date, date]:
    """The dates in the zone of the records and in UTC, because some filters depend on them."""
    return call.now.date(), call.now.astimezone(UTC).date()


def _selected(table: RecordTable, call: ApiCall) -> Sequence[Record]:
    """All records that fit, in the requested order."""
    operation = call.operation
    steps = steps_of(operation, call.values, call.now)
    key, field = operation.rule.key, _value(call, "sort")
    if field is None:
        found = select(table, steps, (key,))
    elif operation.find_parameters("sort")[0].listed:
        found = select(table, steps, (str(field), key))
    else:  # a field that the caller chose: no order is kept for it
        found = ordered(select(table, steps, (key,)), str(field))
    return found[::-1] if _value(call, "order") == "desc" else found


def _is_reordered(call: ApiCall) -> bool:
    return _value(call, "sort") is not None or _value(call, "order") == "desc"


def paged(
    records: Sequence[Record], call: ApiCall
) -> tuple[Sequence[Record], dict[str, Any] | None]:
    """One page of the records, and its paging object if the rule has paging."""
    rule = call.operation.rule
    if rule.paging == "none":
        return records, None
    if rule.paging == "offset":
        start, count = _value(call, "start"), _value(call, "count")
        return offset_page(records, start=start, count=count, rules=call.state.paging)
    return page(
        records,
        key=rule.key,
        values=call.query_values(),
        url=call.url,
        is_ordered=not _is_reordered(call),
        encoded=_value(call, "encoded") not in (False, "false"),
        rules=call.state.paging,
    )


def _value(call: ApiCall, use: str) -> Any:
    found = call.operation.find_parameters(use)
    return call.values.get(found[0].key) if found else None
