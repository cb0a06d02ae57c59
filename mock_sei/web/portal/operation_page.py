"""The page of one operation: what it takes and answers, and a form that calls it.

The portal makes the call as a client: over this server's own listener, with the application's
certificate, AppKey and a token that it gets first. Then the page shows the request, its way through
the checks and the answer. Trying is a control: see ``controls.py``.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from fastapi import Response

from mock_sei.apis.api_state import ApiState
from mock_sei.apis.documents import Product
from mock_sei.apis.example_answers import ExampleAnswer, ExampleData, example_answer
from mock_sei.apis.grades import grades_of_parameters
from mock_sei.apis.operations import Operation
from mock_sei.apis.records import AS_PUT_IN
from mock_sei.apis.trial_requests import (
    TrialBody,
    TrialField,
    TrialRequest,
    on_wire,
    trial_body,
    trial_fields,
    trial_request,
)
from mock_sei.errors import (
    NOT_FOUND,
    REQUEST_INVALID,
    Refusal,
    Rejected,
    StoreAway,
    UnknownApplication,
)
from mock_sei.journal.entries import Entry
from mock_sei.journal.hiding import Secrets, hide_values, show
from mock_sei.journal.highlighting import highlighted, highlighted_beginning
from mock_sei.journal.redaction import body_field, show_message
from mock_sei.rules.records import DEFAULT_USER, Application, CertificateSource
from mock_sei.rules.standards import GrantType, Listener
from mock_sei.values.texts import spelled
from mock_sei.web.misses import addresses_of
from mock_sei.web.portal.catalogue import (
    WORDS,
    address_of,
    address_of_product,
    grade_of,
    type_of,
)
from mock_sei.web.portal.controls import OPTION, are_allowed, require_allowed
from mock_sei.web.portal.journal import shown_entry
from mock_sei.web.portal.trial_lines import trial_lines
from mock_sei.web.portal.visit import FORM_CHECK, JOURNAL, Visit, path_of

if TYPE_CHECKING:
    from mock_sei.operations.own_calls import Attempt, OwnAnswer, SentStep

APPLICATIONS_LOOKED_AT = 200
"""Of more applications, the form has a field for a name instead of a choice."""
USERS_OFFERED = 50
CANNOT_SHOWN = 50
"""Applications that cannot make the call, and are shown with the reason."""
ENTRIES_LOOKED_AT = 5_000
"""The newest entries of the journal in which the requests of a call are looked for."""
LOOKS, PAUSE = 10, 0.05
"""How often the journal is looked at for a call without an answer, and the seconds between."""
ANSWER_SHOWN = 64 * 1024
"""Bytes of the answer's body that are shown."""
LARGEST_ESCAPED = 100_000
"""Characters of the answer's body, as they are escaped."""
HEADERS_SHOWN, VALUE_SHOWN = 100, 500
"""So many headers of the answer are shown, and so many characters of each."""
DESCRIPTION_SHOWN = 2_000
"""Characters of a description that are shown."""
FAVOURITES = ("demo-server", "demo-web", "demo-native")
"""Applications that the form has chosen at first, if they can make the call."""

APPLICATION, USER = "application", "user"
CONTENT_TYPE, BODY = "content_type", "body"

Problems = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ShownField:
    """A field of the form, with its label and what was typed."""

    field: TrialField
    value: str
    name: str
    place: str


@dataclass(frozen=True, kw_only=True)
class OfferedApplication:
    """An application in the form."""

    name: str
    address: str
    why_not: str | None
    """Why it cannot make the call; None if it can."""
    is_of_users: bool


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The applications that the form offers."""

    able: Sequence[OfferedApplication]
    unable: Sequence[OfferedApplication]
    more: int
    """How many were not looked at."""
    chosen: str


@dataclass(frozen=True, kw_only=True)
class PreparedTrial:
    """A call that is about to be made."""

    application: Application
    user: str
    request: TrialRequest
    begun: float
    journal_before: int
    """The number of the newest entry of the journal."""


def operation(visit: Visit) -> Response:
    """The page of an operation, with its form."""
    return _page(visit, *_require(visit))


async def try_operation(visit: Visit) -> Response:
    """Makes the call that the form asks for, and shows what happened."""
    from mock_sei.operations.own_calls import OwnRequest, make_call

    found = await visit.work(lambda: _begin(visit))
    if isinstance(found, Response):
        return found
    platform = visit.platform.reloaded()
    asked = OwnRequest(
        method=found.request.method,
        target=found.request.target,
        headers=found.request.headers,
        body=found.request.body,
    )
    try:
        attempt = await make_call(platform, found.application, found.user, asked)
    finally:
        await _end(visit, found)
    if attempt.call is not None and attempt.answer is None:
        await _wait_for_entry(visit, attempt.call)
    return await visit.work(lambda: _page(visit, *_require(visit), trial=found, attempt=attempt))


async def _wait_for_entry(visit: Visit, call: SentStep) -> None:
    """Gives the server time to notice that its client has gone: then it records the call."""
    for _ in range(LOOKS):
        told = await visit.work(lambda: visit.platform.journal.stretch(count=ENTRIES_LOOKED_AT))
        if any(each.tracking_id == call.tracking_id for _, each in reversed(told.entries)):
            return
        await asyncio.sleep(PAUSE)


def _require(visit: Visit) -> tuple[Product, Operation]:
    """The operation that the address names. Raises :class:`Refusal` if there is none."""
    asked = visit.request.path_params
    product = visit.platform.catalogue.require_product(asked["product"])
    method, written = asked["method"], f"/{asked['path']}"
    found = product.operations.get((method, written))
    if found is None:
        because = (
            f"The product {product.name} has no operation {spelled(f'{method} {written}'[:200])}. "
            f"Its page is {address_of_product(product.name)}."
        )
        raise Refusal(NOT_FOUND, check="path", because=because)
    return product, found


def _begin(visit: Visit) -> PreparedTrial | Response:
    """Reads the form, and notes that a call begins. The page if the form has a wrong field."""
    require_allowed(visit)
    product, operation = _require(visit)
    if not visit.platform.has_listeners:
        raise Refusal(REQUEST_INVALID, check=FORM_CHECK, because=NO_LISTENER)
    try:
        application = _application(visit, product)
        user = _user(visit, application)
        request = _request(visit, operation)
    except Rejected as error:
        return _page(visit, product, operation, problems=error.problems)
    present = visit.platform.reloaded()
    return PreparedTrial(
        application=application,
        user=user,
        request=request,
        begun=present.state.tries.begin(application.app_key, application.name),
        journal_before=present.journal.stretch(count=1).last,
    )


async def _end(visit: Visit, trial: PreparedTrial) -> None:
    def end() -> None:
        tries = visit.platform.reloaded().state.tries
        tries.end(trial.application.app_key, trial.begun)

    try:
        await visit.work(end)
    except StoreAway:  # then the note counts only some seconds longer
        visit.exchange.entry.note("the state could not be reached when the call had ended")


NO_LISTENER = (
    "This platform runs without sockets, so there is no listener that the portal could call. Start "
    "it with mock-sei serve, or as a MockSei, and try the operation there."
)


def _application(visit: Visit, product: Product) -> Application:
    """The application that the form names. Raises :class:`Rejected` if it cannot make the call."""
    name = visit.value(APPLICATION).strip()
    registry = visit.platform.registry
    try:
        found = registry.require_application(name)
    except UnknownApplication as error:
        raise Rejected({APPLICATION: str(error)[:500]}) from None
    why = _why_not(visit, found, product)
    if why is not None:
        raise Rejected({APPLICATION: f"{found.name} cannot make this call: {why}"})
    return found


def _why_not(visit: Visit, application: Application, product: Product) -> str | None:
    if not application.approved:
        return "it is not approved yet, so its keys do not work"
    if not application.is_granted(product.name):
        return f"it is not granted the product {product.name}"
    if application.certificate is CertificateSource.OWN:
        return "its certificate is its team's own, so the server does not have the private key"
    if _is_of_users(application) and not visit.platform.registry.end_users:
        return "its users log in, and this server has no end user"
    return None


def _is_of_users(application: Application) -> bool:
    return application.standard.grant is not GrantType.CLIENT_CREDENTIALS


def _user(visit: Visit, application: Application) -> str:
    """The end user whose token is used, where the grant has one. Raises :class:`Rejected`."""
    asked = visit.value(USER).strip()
    if not _is_of_users(application):
        return asked or DEFAULT_USER
    users = visit.platform.registry.end_users
    if asked not in users:
        raise Rejected({USER: f"there is no end user {spelled(asked[:100])}"})
    return asked


def _request(visit: Visit, operation: Operation) -> TrialRequest:
    values = {name: text for name, text in visit.form if "." in name}
    body = None
    if "requestBody" in operation.raw:
        body = visit.value(CONTENT_TYPE).strip(), visit.value(BODY)
    return _as_sent(visit, operation, trial_request(operation, values, body))


def _as_sent(visit: Visit, operation: Operation, request: TrialRequest) -> TrialRequest:
    """The request as this platform's assumptions have it on the wire."""
    state = visit.platform.reloaded().state
    is_ours = operation.rule.action != "example"
    names = {own: wire for wire, own in state.apis.wire_names.items() if own} if is_ours else {}
    return on_wire(request, names, state.moved_paths)


# The page


def _page(
    visit: Visit,
    product: Product,
    operation: Operation,
    *,
    problems: Problems | None = None,
    trial: PreparedTrial | None = None,
    attempt: Attempt | None = None,
) -> Response:
    if problems:
        visit.exchange.entry.note(f"form refused: {Rejected(problems)}")
    platform = visit.platform.reloaded()
    fields = trial_fields(operation, _keys(operation, platform.state.apis))
    body = trial_body(operation)
    sent = dict(visit.form) if visit.form else None
    choices = _choices(visit, product, sent)
    request = trial.request if trial else _first_request(visit, operation, fields, body)
    path = {each.parameter.name: each.text for each in fields if each.parameter.place == "path"}
    shown = [_shown_field(each, sent) for each in fields]
    application = platform.registry.find_application(choices.chosen)
    users = [each.email for each in platform.registry.end_users.page(limit=USERS_OFFERED).records]
    user = (sent or {}).get(USER) or (DEFAULT_USER if DEFAULT_USER in users else "")
    lines = None
    if request is not None and application is not None:
        lines = trial_lines(addresses_of(visit.exchange), application, user, request)
    return visit.show(
        "operation.html",
        status=400 if problems else 200,
        product={"title": product.title, "address": address_of_product(product.name)},
        operation=operation,
        address=address_of(product, operation),
        query="&".join(f"{name}={value}" for name, value in operation.fixed),
        description=str(operation.raw.get("description") or "")[:DESCRIPTION_SHOWN],
        grade=grade_of(product, operation),
        words=WORDS,
        parameters=_parameters(operation),
        example=_example(operation, request if trial is None else None, fields, body, path, visit),
        allowed=are_allowed(visit),
        option=OPTION,
        has_listeners=platform.has_listeners,
        no_listener=NO_LISTENER,
        needed=[each for each in shown if each.field.is_required],
        optional=[each for each in shown if not each.field.is_required],
        optional_open=any(each.value for each in shown if not each.field.is_required),
        body=body,
        values={
            CONTENT_TYPE: sent.get(CONTENT_TYPE, "") if sent else body.content_type if body else "",
            BODY: sent.get(BODY, "") if sent else body.text if body else "",
        },
        choices=choices,
        users=users,
        user=user,
        problems=defaultdict(str, problems or {}),
        lines=lines,
        **_result(visit, trial, attempt),
    )


def _keys(operation: Operation, state: ApiState) -> dict[str, str]:
    """Values of path parameters: the key of the first record of the collection that they name, or
    that of the newest job or report."""
    rule = operation.rule
    newest = {"job-status": state.jobs.newest_job, "collect-report": state.jobs.newest_report}
    found = {name: key for name, key in [(rule.key, newest.get(rule.action))] if key is not None}
    for parameter in operation.by_place.get("path", ()):
        known = rule.known.get(f"path.{parameter.name}", "")
        collection, _, field = known.partition(".")
        if not known:
            collection, field = rule.collection, parameter.field or rule.key
        records = state.collections.table(collection).between(AS_PUT_IN) if collection else ()
        value = records[0].get(field) if records and field else None
        if isinstance(value, str | int):
            found[parameter.name] = str(value)
    return found


def _first_request(
    visit: Visit, operation: Operation, fields: Sequence[TrialField], body: TrialBody | None
) -> TrialRequest | None:
    values = {each.name: each.text for each in fields}
    sent = (body.content_type, body.text) if body else None
    try:
        return _as_sent(visit, operation, trial_request(operation, values, sent))
    except Rejected:
        return None


def _example(
    operation: Operation,
    request: TrialRequest | None,
    fields: Sequence[TrialField],
    body: TrialBody | None,
    path: Mapping[str, str],
    visit: Visit,
) -> dict[str, Any]:
    platform = visit.platform.reloaded()
    first = request or _first_request(visit, operation, fields, body)
    found: ExampleAnswer = example_answer(
        operation,
        first,
        path,
        ExampleData(present=platform.state.apis, scratch=platform.scratch_data),
        platform.clock.now(),
    )
    return {"answer": found, "body": highlighted(found.text)}


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    grades = grades_of_parameters(operation)
    return [
        {
            "name": each.name,
            "place": "form" if each.place == "body" else each.place,
            "required": each.required,
            "type": type_of(each),
            "about": each.description[:DESCRIPTION_SHOWN],
            "grade": grades.get(each.key, ""),
        }
        for each in operation.parameters.values()
    ]


def _shown_field(field: TrialField, sent: Mapping[str, str] | None) -> ShownField:
    return ShownField(
        field=field,
        value=field.text if sent is None else sent.get(field.name, ""),
        name=field.name,
        place=field.parameter.place,
    )


def _choices(visit: Visit, product: Product, sent: Mapping[str, str] | None) -> Choices:
    page = visit.platform.registry.applications.page(limit=APPLICATIONS_LOOKED_AT)
    found = [
        OfferedApplication(
            name=each.name,
            address=path_of(each),
            why_not=_why_not(visit, each, product),
            is_of_users=_is_of_users(each),
        )
        for each in page.records
    ]
    able = [each for each in found if each.why_not is None]
    names = [each.name for each in able]
    usual = [each for each in FAVOURITES if each in names] + names
    return Choices(
        able=able,
        unable=[each for each in found if each.why_not is not None][:CANNOT_SHOWN],
        more=page.count - len(found),
        chosen=sent.get(APPLICATION, "") if sent else next(iter(usual), ""),
    )


# What happened


def _result(visit: Visit, trial: PreparedTrial | None, attempt: Attempt | None) -> dict[str, Any]:
    if trial is None or attempt is None:
        return {"attempt": None}
    entries = _entries(visit, trial)
    call = entries.get(attempt.call.tracking_id) if attempt.call else None
    last = attempt.call or (attempt.token_steps[-1] if attempt.token_steps else None)
    reached = last is not None and last.tracking_id in entries
    return {
        "attempt": {
            "application": trial.application.name,
            "user": trial.user if _is_of_users(trial.application) else None,
            "problem": _hidden(visit, attempt.problem) if attempt.problem else None,
            "has_faults": attempt.answer is None and not visit.platform.reloaded().faults.is_quiet,
            "token": [_step(visit, each, entries) for each in attempt.token_steps],
            "call": None if call is None else _shown_call(*call),
            "sent": None if attempt.call is None else _step(visit, attempt.call, entries),
            "answer": None if attempt.answer is None else _answer(visit, attempt.answer),
            "handshake": None if reached else _handshake(visit, trial),
        }
    }


def _entries(visit: Visit, trial: PreparedTrial) -> dict[str, tuple[int, Entry]]:
    """The journal's entries since the call began, by their tracking ids."""
    return {
        entry.tracking_id: (number, entry)
        for number, entry in _since(visit, trial)
        if entry.tracking_id is not None
    }


def _since(visit: Visit, trial: PreparedTrial) -> Iterator[tuple[int, Entry]]:
    told = visit.platform.journal.stretch(count=ENTRIES_LOOKED_AT)
    return ((number, each) for number, each in told.entries if number > trial.journal_before)


def _handshake(visit: Visit, trial: PreparedTrial) -> dict[str, Any] | None:
    """The newest handshake that failed on the application's listener since the call began."""
    two_way = trial.application.service_account is not None
    listener = Listener.TWO_WAY if two_way else Listener.ONE_WAY
    failed = [
        (number, each)
        for number, each in _since(visit, trial)
        if each.kind == "handshake" and each.listener == listener
    ]
    return _shown_call(*failed[-1]) if failed else None


def _shown_call(number: int, entry: Entry) -> dict[str, Any]:
    return {"number": number, "address": f"{JOURNAL}/{number}", **shown_entry(number, entry)}


def _step(visit: Visit, step: SentStep, entries: Mapping[str, tuple[int, Entry]]) -> dict[str, Any]:
    found = entries.get(step.tracking_id)
    return {
        "what": f"{step.method} {_hidden(visit, step.path)}"[:300],
        "entry": None if found is None else _shown_call(*found),
    }


def _hidden(visit: Visit, text: str) -> str:
    return hide_values(text, visit.platform.state.secrets())


def _answer(visit: Visit, answer: OwnAnswer) -> dict[str, Any]:
    """The answer as the client got it, with its secrets hidden."""
    secrets = visit.platform.reloaded().state.secrets()
    names = {name.lower(): value for name, value in answer.headers}
    media_type = names.get(b"content-type", b"").decode("latin-1")
    is_encoded = names.get(b"content-encoding", b"identity").strip().lower() != b"identity"
    text = _body_text(answer, media_type, secrets, is_encoded=is_encoded)
    cut = _fitting(text)
    is_all = answer.is_whole and answer.size == len(answer.body) and len(cut) == len(text)
    body, is_cut = highlighted_beginning(cut, is_whole=is_all)
    return {
        "status": answer.status,
        "headers": show_message((), answer.headers[:HEADERS_SHOWN], secrets, shown=VALUE_SHOWN)[1],
        "size": answer.size,
        "body": body,
        "is_cut": is_cut or not is_all,
        "is_whole": answer.is_whole,
    }


def _body_text(answer: OwnAnswer, media_type: str, secrets: Secrets, *, is_encoded: bool) -> str:
    name = media_type.partition(";")[0].strip().lower()
    if not is_encoded and (name.startswith("text/") or name.endswith("xml")):
        return hide_values(answer.body.decode("utf-8", "replace"), secrets)
    found = body_field(
        media_type,
        answer.body,
        encoded=is_encoded,
        of_answer=True,
        shown=ANSWER_SHOWN,
        size=answer.size,
    )
    return show([found], secrets)[0]


def _fitting(text: str) -> str:
    """The beginning of a text that keeps the page small when it is escaped."""
    while len(escape(text)) > LARGEST_ESCAPED:
        text = text[: len(text) // 2]
    return text
