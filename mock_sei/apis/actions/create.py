"""``create``: a record from the request body, beside what the document adds to it.

Source: investor, product, transfer, trade and SMA pages: 201 or 202 as each documents. A key that
is there already is refused (assumed).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_sei.apis.bodies import read_members
from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.jobs import COMPLETED
from mock_sei.apis.templates import fill
from mock_sei.errors import Fault, MalformedRequest

ACTION = "create"


def act(call: ApiCall) -> ApiAnswer:
    return write(call, read_members(call.operation, call.body, call.content_type))


def write(call: ApiCall, body: Mapping[str, Any], **more: Any) -> ApiAnswer:
    """Adds the record, and the further ones of the rule, and answers as the document says."""
    rule, state = call.operation.rule, call.state
    fresh, job = state.jobs.new_key(), state.jobs.new_key()
    names = call.names(body=body, job=job, key=fresh, **more)
    record = {**body, **fill(rule.fields, names)}
    key = record.setdefault(rule.key, fresh)
    names |= {"key": key, "record": record}
    further = [(each["collection"], fill(each["fields"], names)) for each in rule.records]
    if not state.collections.add_new(rule.collection, rule.key, record):
        raise MalformedRequest([Fault(rule.key, "body", f"{str(key)[:100]} exists already")])
    for name, each in further:
        state.collections.add(name, [each])
    state.jobs.finish(job, {"status": COMPLETED, rule.key: key})
    answer = record if rule.answer is None else fill(rule.answer, names)
    return ApiAnswer(body=answer, status=call.operation.success)
