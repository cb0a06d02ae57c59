"""``list``: the records that a call's parameters pick, a page of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import date
from typing import Any

from mock_sei.apis.calls import ApiAnswer, ApiCall, json_text, shape_of
from mock_sei.apis.collections import Record, ordered
from mock_sei.apis.filters import choosers
from mock_sei.apis.paging import offset_page, page
from mock_sei.apis.times import eastern_now

ACTION = "list"

_NOT_PICKING = frozenset({"limit", "cursor", "encoded", "start", "count", "section", "include"})

_ENVELOPES = {"data": ('{"data":', ""), "results": ('{"data":{"results":', "}"), "none": ("", "")}
"""What stands before and behind the records of each envelope."""


def act(call: ApiCall) -> ApiAnswer:
    """The text of an answer is remembered while the collection is the same.

    What is written meanwhile may be in it already: it is then remembered for records that nobody
    asks for again.
    """
    content = call.state.collections.remember(
        call.operation.rule.collection,
        ("answer", call.url, call.operation.name, *sorted(call.values.items()), *_today(call)),
        lambda _: _content(select(call), call),
    )
    return ApiAnswer(content=content, status=call.operation.success)


def _content(selection: Sequence[Record], call: ApiCall) -> bytes:
    envelope, shape = call.operation.rule.envelope or "data", shape_of(call)
    shown, paging = paged(in_wanted_order(selection, call), call)
    before, behind = _ENVELOPES[envelope]
    text = f"{before}{json_text([shape.of(each) for each in shown])}{behind}"
    if envelope != "none":
        text += "}" if paging is None else f',"paging":{json_text(paging)}}}'
    return text.encode(errors="backslashreplace")


def _memo(call: ApiCall) -> Hashable:
    """What a selection depends on beside the records."""
    parameters = call.operation.parameters
    wanted = tuple(
        (name, value)
        for name, value in sorted(call.values.items())
        if parameters[name].use not in _NOT_PICKING
    )
    return call.operation.name, wanted, *_today(call)


def _today(call: ApiCall) -> tuple[date, date]:
    """Some filters know it, in either zone."""
    return call.now.date(), eastern_now(call.now).date()


def select(call: ApiCall) -> Sequence[Record]:
    """All records that fit, in the order of the operation's key."""
    operation, rule = call.operation, call.operation.rule

    def choose(records: Sequence[Record]) -> Sequence[Record]:
        for step in choosers(operation, call.values, call.now):
            records = step(records)
        return records

    return call.state.collections.select(rule.collection, rule.key, _memo(call), choose)


def in_wanted_order(records: Sequence[Record], call: ApiCall) -> Sequence[Record]:
    """By the field that a parameter names, where one does."""
    field, descending = _value(call, "sort"), _value(call, "order") == "desc"
    if not _is_reordered(call):
        return records
    found = list(records) if field is None else ordered(records, str(field))
    return found[::-1] if descending else found


def _is_reordered(call: ApiCall) -> bool:
    return _value(call, "sort") is not None or _value(call, "order") == "desc"


def paged(
    records: Sequence[Record], call: ApiCall
) -> tuple[Sequence[Record], dict[str, Any] | None]:
    rule = call.operation.rule
    if rule.paging == "none":
        return records, None
    if rule.paging == "offset":
        return offset_page(records, start=_value(call, "start"), count=_value(call, "count"))
    return page(
        records,
        key=rule.key,
        values=call.query_values(),
        url=call.url,
        is_ordered=not _is_reordered(call),
        encoded=_value(call, "encoded") not in (False, "false"),
    )


def _value(call: ApiCall, use: str) -> Any:
    found = call.operation.find_parameters(use)
    return call.values.get(found[0].name) if found else None
