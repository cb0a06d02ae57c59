"""The authorization endpoint over HTTP: log-in page, consent page, redirects.

On the one-way listener alone. A POST with the log-in's fields works without a page before it, for
tests that have no browser; a browser's POST from another origin is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from mock_sei.errors import (
    REQUEST_INVALID,
    MethodNotAllowed,
    RedirectedRefusal,
    Refusal,
)
from mock_sei.fixtures import demo_users
from mock_sei.oauth.authorize import (
    CHECK,
    PARAMETERS,
    AuthorizationRequest,
    approve,
    deny,
    own_parameters,
    read_request,
    start_session,
)
from mock_sei.oauth.metadata import AUTHORIZE_PATH
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.sessions import Session
from mock_sei.reasons.names import find_spoilt
from mock_sei.records import EndUser
from mock_sei.web.exchange import Exchange
from mock_sei.web.forms import (
    Pairs,
    is_form,
    is_page_token,
    page_token,
    read_pairs,
    refuse_other_origin,
)
from mock_sei.web.heads import only_looks
from mock_sei.web.misses import refuse_on_two_way
from mock_sei.web.pages import PAGE_HEADERS, page
from mock_sei.web.refusals import functional_refusal
from mock_sei.web.requests import (
    exchange_of,
    find_cookie,
    header_text,
    refuse_announced_size,
)
from mock_sei.web.routing import AnyMethod

SESSION_COOKIE = "mock_sei_session"

CONSENT = "consent"
"""The page whose form may say yes."""


def authorize_routes() -> APIRouter:
    router = APIRouter(include_in_schema=False)
    router.routes.append(AnyMethod(AUTHORIZE_PATH, authorize))
    return router


async def authorize(request: Request) -> Response:
    exchange = exchange_of(request)
    try:
        refuse_on_two_way(exchange, "The log-in page", AUTHORIZE_PATH)
        if request.method not in ("GET", "POST"):
            raise MethodNotAllowed(request.method, AUTHORIZE_PATH, ("GET", "POST"))
        refuse_announced_size(request.scope["headers"])
    except Refusal as refusal:
        return functional_refusal(exchange, refusal)
    try:
        return await _answer(request, exchange)
    except RedirectedRefusal as refusal:
        exchange.entry.refuse(refusal.why)
        return _redirect(refusal.location, request)
    except Refusal as refusal:
        exchange.entry.refuse(refusal.why)
        return page(
            "error.html",
            status=refusal.kind.status,
            because=exchange.entry.refused_because,
            tracking_id=exchange.tracking_id,
        )


async def _answer(request: Request, exchange: Exchange) -> Response:
    server = exchange.sandbox.state.oauth
    headers = request.scope["headers"]
    query = read_pairs(request.scope["query_string"], check=CHECK)
    form = read_pairs(await request.body(), check=CHECK) if is_form(request) else []
    exchange.entry.findings.notes += find_spoilt((name for name, _ in query), PARAMETERS)
    asked = read_request(
        query + form,
        server,
        issuer=exchange.sandbox.addresses.issuer(header_text(headers, b"host")),
    )
    exchange.entry.findings.application = asked.application.name
    fields = {name: value for name, value in form if name not in PARAMETERS}
    action = _action(query + form)
    if fields:
        refuse_other_origin(request)
    if fields.get("decision") == "deny":
        raise deny(asked)
    if "password" in fields:
        return _log_in(fields, asked, action, request, server)
    session = server.sessions.find(find_cookie(headers, SESSION_COOKIE) or "")
    if fields.get("decision") == "allow" and session is not None:
        if not is_page_token(fields.get("consent", ""), session.identifier, CONSENT):
            raise Refusal(
                REQUEST_INVALID,
                check="consent",
                because="The consent did not come from the page this server showed.",
            )
        return _finish(asked, session, request, server)
    logs_in = server.rules.auto_login and asked.login_hint in server.registry.end_users
    if logs_in and not only_looks(request.scope):  # a HEAD starts no session and gets no code
        session = start_session(asked, asked.login_hint or "", server)
        return _finish(asked, session, request, server)
    if session is not None:
        return _consent_page(asked, session, action)
    return _login_page(asked, action, username=asked.login_hint or "", users=_demo_users(server))


def _demo_users(server: AuthorizationServer) -> list[EndUser]:
    """Whom the page may name with the password: who came with mock-sei and is still the same."""
    known = server.registry.end_users
    return [each for each in demo_users() if known.get(each.email) == each]


def _log_in(
    fields: dict[str, str],
    asked: AuthorizationRequest,
    action: str,
    request: Request,
    server: AuthorizationServer,
) -> Response:
    username = fields.get("username", "")
    user = server.find_user(username, fields["password"])
    if user is None:
        exchange_of(request).entry.notes.append(
            f"log-in of {username} refused: {server.explain_log_in(username, fields['password'])}"
        )
        return _login_page(
            asked,
            action,
            username=username,
            users=_demo_users(server),
            problem="E-mail address or password is wrong.",
            status=400,
        )
    session = start_session(asked, user.email, server)
    if fields.get("decision") == "allow":
        return _finish(asked, session, request, server)
    return _with_session(_redirect(action, request), session)


def _finish(
    asked: AuthorizationRequest, session: Session, request: Request, server: AuthorizationServer
) -> Response:
    return _with_session(_redirect(approve(asked, session, server), request), session)


def _login_page(
    asked: AuthorizationRequest,
    action: str,
    *,
    username: str,
    users: Sequence[EndUser],
    problem: str | None = None,
    status: int = 200,
) -> Response:
    return page(
        "login.html",
        status=status,
        forms_lead_to=asked.destination.address,
        application=asked.application.name,
        action=action,
        username=username,
        problem=problem,
        users=users,
    )


def _consent_page(asked: AuthorizationRequest, session: Session, action: str) -> Response:
    return page(
        "consent.html",
        forms_lead_to=asked.destination.address,
        application=asked.application.name,
        user=session.user,
        scopes=asked.scope.split(),
        action=action,
        consent=page_token(session.identifier, CONSENT),
    )


def _redirect(location: str, request: Request) -> RedirectResponse:
    """302 as documented; after a form 303, so that it is not sent on (RFC 9700 section 4.12)."""
    status = 303 if request.method == "POST" else 302
    return RedirectResponse(location, status, headers=PAGE_HEADERS)


def _with_session(response: Response, session: Session) -> Response:
    response.set_cookie(
        SESSION_COOKIE, session.identifier, secure=True, httponly=True, samesite="lax"
    )
    return response


def _action(pairs: Pairs) -> str:
    """This very request, for the form of its page."""
    return f"{AUTHORIZE_PATH}?{urlencode(own_parameters(pairs), errors='surrogateescape')}"
