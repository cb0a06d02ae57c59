"""``remove``: removes the record that the path names, and its file if it has one."""

from __future__ import annotations

from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.templates import fill

ACTION = "remove"


def act(call: ApiCall) -> ApiAnswer:
    """Removes the record that the path names."""
    rule, status = call.operation.rule, call.operation.success
    record = call.require_record()
    call.state.collections.replace(rule.collection, record, None)
    call.state.contents.drop(str(record.get(rule.key)))
    if status == 204:
        return ApiAnswer(status=status, content=b"")
    return ApiAnswer(body=fill(rule.answer or {}, call.names(record=record)), status=status)
