"""``job-status``: the result of a write, by the key in the write's answer.

Source: pending-transactions pages; the members of the answer are assumed.
"""

from __future__ import annotations

from mock_sei.apis.calls import ApiAnswer, ApiCall, enveloped, not_there

ACTION = "job-status"


def act(call: ApiCall) -> ApiAnswer:
    """Answers the result of the write that started the job."""
    rule = call.operation.rule
    key = str(call.operation.find_value(call.values, rule.key))
    found = call.state.jobs.find(key)
    if found is None:
        raise not_there(call.operation, rule.key, key)
    body = {"jobStatusQueryKey": key, **found}
    return ApiAnswer(body=enveloped(body, rule.envelope or "none"))
