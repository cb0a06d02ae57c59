"""From a functional call that was let in to its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mock_sei.apis.actions import ACTS
from mock_sei.apis.bodies import read_form, refuse_many_values
from mock_sei.apis.calls import ApiAnswer, ApiCall, ApiState
from mock_sei.apis.operations import CHANGING, Operation
from mock_sei.apis.parameters import read_parameters
from mock_sei.apis.patterns import Budget
from mock_sei.apis.spooled import Body
from mock_sei.errors import InvalidValue, MalformedRequest, Refusal
from mock_sei.rules.connection import Findings


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """What came, as HTTP hands it over."""

    operation: Operation
    path: Mapping[str, str]
    """Values in the path."""
    query: str
    headers: Mapping[str, Sequence[str]]
    """The values of each in their order; names in lower case."""
    body: bytes = field(repr=False)
    """Empty where it is a file."""
    url: str
    """The absolute address that was called, without its query."""
    user: str
    """The end user of the token, else its service account."""
    findings: Findings
    only_looks: bool = False
    """Whether it is a HEAD, which changes nothing."""
    upload: Body | None = field(default=None, repr=False)
    """A body that is a file, or has one in it."""


def answer(request: ApiRequest, state: ApiState, now: datetime) -> ApiAnswer:
    """Raises :class:`~mock_sei.errors.Refusal` for what is not there or not right."""
    budget = Budget()
    try:
        if request.operation.alternatives:
            return _first_answer(request, state, now, budget)
        return _answer(request, state, now, budget)
    finally:
        request.findings.notes += budget.problems


def _first_answer(request: ApiRequest, state: ApiState, now: datetime, budget: Budget) -> ApiAnswer:
    """Of the first operation that a call fits; where it fits none, the first one refuses it."""
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
                notes.append(f"the call is taken as {each.method} {each.written}, which it fits")
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
    """A body has one media type (RFC 9110 section 8.3). Raises :class:`MalformedRequest`."""
    sent = request.headers.get("content-type", ())
    if len(sent) > 1 and request.body:
        raise MalformedRequest([InvalidValue("content-type", "header", "given more than once")])
    return sent[0] if sent else None
