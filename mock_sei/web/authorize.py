"""The authorization endpoint over HTTP, and the log-in address to which it sends the browser.

Both endpoints are on the one-way listener only. They read the same parameters and refuse the same
requests. A test without a browser may POST the fields of the log-in form to either of them without
opening the page first. A browser's POST from another origin is refused.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response
from starlette.routing import BaseRoute

from mock_sei.errors import REQUEST_INVALID, MethodNotAllowed, RedirectedRefusal, Refusal
from mock_sei.oauth.authorize import CHECK, PARAMETERS, own_parameters, read_request, start_session
from mock_sei.oauth.metadata import AUTHORIZE_PATH, LOGIN_PATH
from mock_sei.reasons.names import find_spoilt
from mock_sei.rules import checks
from mock_sei.web.exchange import Exchange
from mock_sei.web.forms import is_form, read_pairs
from mock_sei.web.heads import only_looks
from mock_sei.web.login import (
    FORM_FIELDS,
    LoginRequest,
    answer_log_in,
    finish,
    redirect_to,
    take_form,
)
from mock_sei.web.misses import refuse_on_two_way
from mock_sei.web.pages import page
from mock_sei.web.refusals import functional_refusal, refusal_headers
from mock_sei.web.requests import exchange_of, header_text, refuse_announced_size
from mock_sei.web.routing import AnyMethod

Step = Callable[[LoginRequest], Response]


def authorize_routes() -> list[BaseRoute]:
    """The routes of the authorization endpoint and the log-in address."""
    return [AnyMethod(AUTHORIZE_PATH, authorize), AnyMethod(LOGIN_PATH, log_in)]


async def authorize(request: Request) -> Response:
    """Sends the browser to the log-in page, or back to the application with an error."""
    return await _answer(request, AUTHORIZE_PATH, "The authorization endpoint", _begin)


async def log_in(request: Request) -> Response:
    """Shows the log-in page or the consent page, and takes their forms."""
    return await _answer(request, LOGIN_PATH, "The log-in page", answer_log_in)


async def _answer(request: Request, path: str, what: str, step: Step) -> Response:
    exchange = exchange_of(request)
    try:
        refuse_on_two_way(exchange, what, exchange.called_path)
        if request.method not in ("GET", "POST"):
            raise MethodNotAllowed(request.method, path, ("GET", "POST"))
        refuse_announced_size(request.scope["headers"])
    except Refusal as refusal:
        return functional_refusal(exchange, refusal)
    try:
        login = await _read(request, exchange, path)
        return await exchange.work(lambda: step(login))
    except RedirectedRefusal as refusal:
        exchange.entry.refuse(refusal.why)
        return redirect_to(refusal.location, request)
    except Refusal as refusal:
        kind = exchange.refuse(refusal)
        answer = page(
            "error.html",
            status=kind.status,
            because=exchange.entry.refused_because,
            tracking_id=exchange.tracking_id,
        )
        answer.headers.update(refusal_headers(exchange, refusal))
        return answer


async def _read(request: Request, exchange: Exchange, path: str) -> LoginRequest:
    """The checked authorization request, with the fields of a form if one was sent.

    Raises what :func:`~mock_sei.oauth.authorize.read_request` raises.
    """
    server = exchange.platform.state.oauth
    paths = server.rules.assumptions.path
    findings = exchange.entry.findings
    findings.course = checks.LOG_IN
    query = read_pairs(request.scope["query_string"], check=CHECK)
    form = read_pairs(await request.body(), check=CHECK) if is_form(request) else []
    findings.notes += find_spoilt((name for name, _ in query), PARAMETERS)
    if path == LOGIN_PATH and not own_parameters(query + form):
        raise Refusal(
            REQUEST_INVALID,
            check=CHECK,
            because="The log-in page was opened without an authorization request. Start the log-in "
            f"in the application, or open {paths.authorize} with the application's client_id.",
        )
    host = header_text(request.scope["headers"], b"host")
    asked = read_request(query + form, server, issuer=exchange.platform.addresses.issuer(host))
    findings.application = asked.application.name
    findings.passes(CHECK)
    return LoginRequest(
        request=request,
        exchange=exchange,
        server=server,
        asked=asked,
        parameters=list(own_parameters(query + form)),
        fields={name: value for name, value in form if name in FORM_FIELDS},
    )


def _begin(login: LoginRequest) -> Response:
    paths = login.server.rules.assumptions.path
    if login.fields:
        login.note(
            "the log-in form's fields were sent to the authorization endpoint, which accepts them "
            f"for tests without a browser; the page itself sends its form to {paths.login}"
        )
    answered = take_form(login) or _log_in_by_itself(login)
    if answered is not None:
        return answered
    host = header_text(login.request.scope["headers"], b"host")
    address = f"{login.exchange.platform.addresses.as_called(host)}{login.login_address}"
    login.note(f"the request is valid; the browser is sent to the log-in page, {paths.login}")
    return redirect_to(address, login.request)


def _log_in_by_itself(login: LoginRequest) -> Response | None:
    """Logs in the user whom ``login_hint`` names, without a page.

    None if ``auto_login`` is off, or no registered user is named.
    """
    server, hint = login.server, login.asked.login_hint or ""
    if not server.rules.auto_login or hint not in server.registry.end_users:
        return None
    if only_looks(login.request.scope):  # a HEAD starts no session and gets no code
        return None
    login.note(f"auto_login: {hint}, whom login_hint names, is logged in without a page")
    return finish(login, start_session(login.asked, hint, server))
