"""Finds the records that members of a body name, and checks whether they are still in progress.

The rule's ``names`` are these members. The rule's ``state`` has the members of a record in
progress. An order of the collection finds the records, so finished records cost no time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mock_sei.apis.calls import not_authorized
from mock_sei.apis.misfits import shown
from mock_sei.apis.operations import Rule
from mock_sei.apis.records import Order, Record, RecordTable
from mock_sei.errors import CONFLICT, InvalidValue, Refusal


def refuse_mixed_names(rule: Rule, body: Mapping[str, Any], known: Mapping[str, Record]) -> None:
    """Refuses a body whose names belong to different records.

    The record that one name finds must have the values of the other names. Raises
    :class:`~mock_sei.errors.Refusal`.
    """
    for other in rule.names:
        for name in rule.names:
            if other in known and name in body and known[other].get(name, body[name]) != body[name]:
                reason = f"{shown(body[name])} does not belong to the {other} {shown(body[other])}"
                raise not_authorized([InvalidValue(name, "body", reason)])


def refuse_second(rule: Rule, record: Record, table: RecordTable) -> None:
    """Refuses a second record with the names of a record in progress.

    Raises a 409 :class:`~mock_sei.errors.Refusal`.
    """
    if not rule.state or not any(name in record for name in rule.names):
        return
    for found in records_in_progress(rule, table, {name: record.get(name) for name in rule.names}):
        about = ", ".join(f"{name} {record[name]}" for name in rule.names if name in record)
        raise Refusal(
            CONFLICT,
            check="state",
            because=f"{rule.collection} has a record with {about} in progress. End it first.",
            expected=f"none with {_shown(rule, rule.state)}",
            actual=f"{rule.key} {found.get(rule.key)}",
        )


def not_in_progress(rule: Rule, record: Record) -> Refusal:
    """The 409 refusal for records with these names that are all finished."""
    return Refusal(
        CONFLICT,
        check="state",
        because=f"The record of {rule.collection} with {rule.key} {record.get(rule.key)} is in "
        "another state than the operation is for.",
        expected=_shown(rule, rule.state),
        actual=_shown(rule, record),
    )


def records_in_progress(
    rule: Rule, table: RecordTable, wanted: Mapping[str, Any]
) -> Iterable[Record]:
    """Records in the rule's state that have all these values, the oldest first."""
    order = Order(_in_state, (tuple(wanted), tuple(rule.state.items())))
    return (record for _, record in table.with_key(order, _key(wanted.values())))


def _in_state(
    record: Record, names: tuple[str, ...], state: tuple[tuple[str, Any], ...]
) -> Iterable[str]:
    if all(record.get(name) == value for name, value in state):
        yield _key(record.get(name) for name in names)


def _key(values: Iterable[Any]) -> str:
    return json.dumps([None if each is None else str(each) for each in values])


def _shown(rule: Rule, record: Record) -> str:
    return ", ".join(f"{name} {record.get(name)}" for name in rule.state)
