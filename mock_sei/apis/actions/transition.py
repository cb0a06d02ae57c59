"""``transition``: changes the state of records that the body names.

Source: eSign pages: a ceremony in progress is cancelled by tracking number or by group; 409 is a
conflict with the current state, 422 a wrong payload, 404 what the caller is not authorized for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_sei.apis.actions.named import not_in_progress, records_in_progress
from mock_sei.apis.bodies import misfit, read_members
from mock_sei.apis.calls import ApiAnswer, ApiCall, enveloped, not_authorized
from mock_sei.apis.misfits import shown
from mock_sei.apis.templates import fill
from mock_sei.errors import InvalidValue, Refusal

ACTION = "transition"


def act(call: ApiCall) -> ApiAnswer:
    """Answers with the first of the changed records. The name of a group may find several."""
    operation, rule, collections = call.operation, call.operation.rule, call.state.collections
    body = read_members(operation, call.body, call.content_type, call.budget, call.notes)
    wanted = {name: body[name] for name in rule.names if name in body}
    if not wanted:
        reason = f"{' or '.join(rule.names)} is required"
        raise misfit(operation, [InvalidValue(rule.names[0], "body", reason)])
    found = list(records_in_progress(rule, collections.table(rule.collection), wanted))
    if not found:
        raise _refusal(call, wanted)
    fields = fill(rule.fields, call.names(body=body))
    changed = [(each, {**each, **fields}) for each in found]
    done = [new for old, new in changed if collections.replace(rule.collection, old, new)]
    if not done:
        return act(call)  # another call changed them meanwhile: repeat with the current records
    answer: Any = done[0]
    if rule.answer is not None:
        answer = fill(rule.answer, call.names(body=body, record=done[0]))
    return ApiAnswer(body=enveloped(answer, rule.envelope or "none"), status=operation.success)


def _refusal(call: ApiCall, wanted: Mapping[str, Any]) -> Refusal:
    """The 409 refusal for a record in another state, or the 404 refusal if there is no record."""
    rule, collections = call.operation.rule, call.state.collections
    for name, value in wanted.items():
        record = collections.find(rule.collection, name, value)
        if record is not None and all(record.get(one) == each for one, each in wanted.items()):
            return not_in_progress(rule, record)
    reasons = [
        InvalidValue(name, "body", f"no record of {rule.collection} has {shown(value)}")
        for name, value in wanted.items()
    ]
    return not_authorized(reasons)
