"""``submit-report``: accepts a request for a report and answers the key to collect it with.

Source: portfolio-management solution page (202 with ``requestId``); path and body are assumed.
"""

from __future__ import annotations

from datetime import timedelta

from mock_sei.apis.bodies import read_members
from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.jobs import Report
from mock_sei.apis.misfits import shown
from mock_sei.errors import InvalidValue, MalformedRequest

ACTION = "submit-report"


def act(call: ApiCall) -> ApiAnswer:
    """Starts a report. Raises :class:`MalformedRequest` for an unknown report."""
    operation, rule = call.operation, call.operation.rule
    body = read_members(operation, call.body, call.content_type, call.budget, call.notes)
    asked = body.get(rule.key)
    name = str(asked)
    if name not in rule.reports:
        reason = f"no report {shown(asked)}; the reports are {', '.join(rule.reports)}"
        raise MalformedRequest([InvalidValue(rule.key, "body", reason)])
    report = Report(
        name=name,
        collection=rule.reports[name],
        asked_at=call.now,
        polls_left=rule.polls,
        ready_after=timedelta(seconds=rule.seconds),
    )
    return ApiAnswer(body={"requestId": call.state.jobs.submit(report)}, status=operation.success)
