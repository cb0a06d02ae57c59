"""``list``: the records that a call's parameters pick, a page of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mock_sei.apis.calls import ApiAnswer, ApiCall, enveloped, shaped
from mock_sei.apis.collections import Record, ordered
from mock_sei.apis.filters import choosers
from mock_sei.apis.paging import offset_page, page
from mock_sei.apis.times import eastern_now

ACTION = "list"

_NOT_PICKING = frozenset({"limit", "cursor", "encoded", "start", "count", "section", "include"})


def act(call: ApiCall) -> ApiAnswer:
    rule = call.operation.rule
    records = in_wanted_order(select(call), call)
    shown, paging = paged(records, call)
    body = enveloped([shaped(each, call) for each in shown], rule.envelope or "data")
    if paging is not None and isinstance(body, dict):
        body["paging"] = paging
    return ApiAnswer(body=body, status=call.operation.success)


def select(call: ApiCall) -> Sequence[Record]:
    """All records that fit, in the order of the operation's key."""
    operation, rule = call.operation, call.operation.rule
    steps = choosers(operation, call.values, call.now)

    def choose(records: Sequence[Record]) -> Sequence[Record]:
        for step in steps:
            records = step(records)
        return records

    wanted = tuple(
        (name, value)
        for name, value in sorted(call.values.items())
        if operation.parameters[name].use not in _NOT_PICKING
    )
    # Some filters know today, in either zone.
    memo = (operation.name, wanted, call.now.date(), eastern_now(call.now).date())
    return call.state.collections.select(rule.collection, rule.key, memo, choose)


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
