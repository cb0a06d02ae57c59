"""``create``: makes a record from the request body and from what the document adds.

Source: investor, product, transfer, trade and SMA pages: 201 or 202 as each of them documents. A
trade initiation creates opportunities, so one body can make several records. An existing key is
refused (assumed).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_sei.apis.actions.named import refuse_mixed_names, refuse_second
from mock_sei.apis.bodies import read_members
from mock_sei.apis.calls import ApiAnswer, ApiCall, enveloped
from mock_sei.apis.jobs import COMPLETED
from mock_sei.apis.templates import fill
from mock_sei.errors import BODY_TOO_LARGE, InvalidValue, MalformedRequest, Refusal
from mock_sei.values.json_texts import json_text

ACTION = "create"


def act(call: ApiCall) -> ApiAnswer:
    """Makes the record or records that the body describes, and returns the answer."""
    body = read_members(call.operation, call.body, call.content_type, call.budget, call.notes)
    return write(call, body)


def write(call: ApiCall, body: Mapping[str, Any], **more: Any) -> ApiAnswer:
    """Adds a record, or one for each entry of a list in the body, and returns the answer."""
    operation, rule, state = call.operation, call.operation.rule, call.state
    if rule.each is not None:
        _refuse_many_copies(rule.each, body)
    known = call.known_records(body)
    refuse_mixed_names(rule, body, known)
    names = call.names(
        body=body,
        known=known,
        job=state.jobs.new_key(),
        next=lambda member: state.collections.next_value(rule.collection, member),
        **more,
    )
    if rule.each is None:
        written = [_add(call, body, names)]
    else:
        written = [_add(call, {}, {**names, "each": each}) for each in body[rule.each]]
    state.jobs.finish(names["job"], {"status": COMPLETED, rule.key: written[0]["key"]})
    answers = [
        each["record"] if rule.answer is None else fill(rule.answer, each) for each in written
    ]
    answer = answers[0] if rule.each is None else answers
    return ApiAnswer(body=enveloped(answer, rule.envelope or "none"), status=operation.success)


MOST_COPIED = 64 * 1024 * 1024
"""Characters of JSON that all records of one call may repeat. Each record repeats the body without
its list."""


def _refuse_many_copies(name: str, body: Mapping[str, Any]) -> None:
    """Raises a 413 :class:`~mock_sei.errors.Refusal` if the records repeat too much text.

    Each entry of the list makes a record that repeats the other members of the body.
    """
    count = len(body[name])
    size = len(json_text({key: value for key, value in body.items() if key != name}))
    if count > 1 and count * size > MOST_COPIED:
        raise Refusal(
            BODY_TOO_LARGE,
            check="body copies",
            because=f"Each entry of {name} makes records that repeat the other members of the "
            "body. Send shorter ones, or fewer entries in one call.",
            expected=f"at most {MOST_COPIED} characters, entries times other members",
            actual=f"{count} entries, {size} characters of other members",
        )


def _add(call: ApiCall, body: Mapping[str, Any], names: Mapping[str, Any]) -> Mapping[str, Any]:
    """Adds a new record and the rule's further records. Returns the names for templates."""
    rule, state = call.operation.rule, call.state
    fresh = state.jobs.new_key()
    names = {**names, "key": fresh}
    record = {**fill(rule.defaults, names), **body, **fill(rule.fields, names)}
    key = record.setdefault(rule.key, fresh)
    if not state.collections.add_new(
        rule.collection, rule.key, record, lambda table: refuse_second(rule, record, table)
    ):
        raise MalformedRequest([InvalidValue(rule.key, "body", f"{key!s} exists already")])
    names = {**names, "key": key, "record": record}
    for each in rule.records:
        state.collections.add(each["collection"], [fill(each.get("fields", {}), names)])
    return names
