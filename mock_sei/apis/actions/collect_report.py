"""``collect-report``: ``In Progress`` until a report is ready, then its records as JSON or CSV.

Source: portfolio-management solution page; that ``Accept: text/csv`` asks for CSV is assumed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from mock_sei.apis.calls import ApiAnswer, ApiCall, not_there
from mock_sei.apis.collections import Record
from mock_sei.apis.jobs import COMPLETED, IN_PROGRESS

ACTION = "collect-report"


def act(call: ApiCall) -> ApiAnswer:
    """Answers the state of a report, or its records when it is ready."""
    name = call.operation.rule.key
    key = str(call.operation.find_value(call.values, name))
    found = call.state.jobs.collect(key, call.now, counts=not call.only_looks)
    if found is None:
        raise not_there(call.operation, name, key)
    report, ready = found
    if not ready:
        return ApiAnswer(body={"requestId": key, "status": IN_PROGRESS})
    records = call.state.collections.all(report.collection)
    if "text/csv" in call.accept:
        return ApiAnswer(content=as_csv(records), media_type="text/csv; charset=utf-8")
    members = {"requestId": key, "status": COMPLETED, "reportName": report.name}
    return ApiAnswer(body={**members, "data": list(records)})


def as_csv(records: Sequence[Record]) -> bytes:
    """Records as CSV.

    The columns are the members of the first record that are not arrays or objects.
    """
    first = records[0] if records else {}
    columns = [name for name, value in first.items() if not isinstance(value, dict | list)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(dict(each) for each in records)
    return text.getvalue().encode()
