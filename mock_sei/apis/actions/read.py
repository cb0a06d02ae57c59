"""``read``: the one record that the path names."""

from __future__ import annotations

from mock_sei.apis.calls import ApiAnswer, ApiCall, enveloped, shape_of

ACTION = "read"


def act(call: ApiCall) -> ApiAnswer:
    """Answers the record that the path names."""
    rule = call.operation.rule
    body = shape_of(call).of(call.require_record())
    return ApiAnswer(body=enveloped(body, rule.envelope or "none"), status=call.operation.success)
