"""Answers a functional call that passed all checks of its caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mock_sei.apis.actions import ACTS
from mock_sei.apis.api_state import ApiState
from mock_sei.apis.bodies import read_form, refuse_many_values
from mock_sei.apis.calls import RECORD_CHECK, ApiAnswer, ApiCall
from mock_sei.apis.operations import CHANGING, Operation
from mock_sei.apis.parameters import NO_NAMES, read_parameters
from mock_sei.apis.patterns import Budget
from mock_sei.apis.spooled import Body
from mock_sei.errors import InvalidValue, MalformedRequest, Refusal
from mock_sei.rules import checks
from mock_sei.rules.connection import Findings

NOT_SHARED = (
    "the application has its own data (own_data): what mock_sei.data or another application wrote "
    "is not in it; mock_sei.data.of(application) shows and changes it, and so does ?application= "
    "of the control API"
)
"""The remark about a record that is missing in the own data of an application."""


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """A functional call as the HTTP layer received it."""

    operation: Operation
    path: Mapping[str, str]
    """The values in the path, by their names in the path's template."""
    query: str
    headers: Mapping[str, Sequence[str]]
    """The values of each header in their order. The names are in lower case."""
    body: bytes = field(repr=False)
    """Empty if the body is a file: then ``upload`` has it."""
    url: str
    """The absolute URL of the call, without its query."""
    user: str
    """The end user of the token, or its service account if the token has no end user."""
    findings: Findings
    only_looks: bool = False
    """True for a HEAD request, which changes nothing."""
    upload: Body | None = field(default=None, repr=False)
    """The body if it is a file or contains a file."""


def answer(request: ApiRequest, state: ApiState, now: datetime) -> ApiAnswer:
    """Answers a call.

    Raises :class:`~mock_sei.errors.Refusal` if a record is missing or a value is wrong.
    """
    budget = Budget()
    try:
        answering = _first_answer if request.operation.alternatives else _answer
        answered = answering(request, state, now, budget)
        request.findings.passes(checks.PARAMETERS)
    except Refusal as refusal:
        if state.is_own and refusal.why.check == RECORD_CHECK:
            request.findings.notes.append(NOT_SHARED)
        raise
    finally:
        request.findings.notes += budget.problems
    return answered


def _first_answer(request: ApiRequest, state: ApiState, now: datetime, budget: Budget) -> ApiAnswer:
    """The answer of the first operation that the call fits.

    If it fits none, the first one refuses it.
    """
    notes, before = request.findings.notes, list(request.findings.notes)
    refusals: list[Refusal] = []
    for each in (request.operation, *request.operation.alternatives):
        try:
            found = _answer(replace(request, operation=each), state, now, budget)
        except Refusal as refusal:
            refusals.append(refusal)
            notes[:] = before
        else:
            if refusals:
                notes.append(f"the call counts as {each.method} {each.written}, which it fits")
            return found
    raise refusals[0]


def _answer(request: ApiRequest, state: ApiState, now: datetime, budget: Budget) -> ApiAnswer:
    operation = request.operation
    refuse_many_values(request.body)
    values = read_parameters(
        operation,
        query=request.query,
        path=request.path,
        headers=request.headers,
        findings=request.findings,
        budget=budget,
        form=read_form(operation, request.body, _content_type(request)),
        rules=state.requests,
        names=state.wire_names if operation.rule.action != "example" else NO_NAMES,
    )
    call = ApiCall(
        operation=operation,
        values=values,
        url=request.url,
        body=request.body,
        content_type=_content_type(request),
        accept=", ".join(request.headers.get("accept", ())),
        user=request.user,
        now=now.astimezone(state.zone),
        state=state,
        budget=budget,
        only_looks=request.only_looks,
        notes=request.findings.notes,
        upload=request.upload,
        headers=request.headers,
    )
    call.known_records()
    if request.only_looks and operation.rule.action in CHANGING:
        return ApiAnswer(status=operation.success, content=b"")
    return ACTS[operation.rule.action](call)


def _content_type(request: ApiRequest) -> str | None:
    """The one media type of the body (RFC 9110 section 8.3). Raises :class:`MalformedRequest`."""
    sent = request.headers.get("content-type", ())
    if len(sent) > 1 and request.body:
        raise MalformedRequest([InvalidValue("content-type", "header", "given more than once")])
    return sent[0] if sent else None
