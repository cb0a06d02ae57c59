"""The log-in of an authorization request: its address, its pages, and what their forms lead to.

The address carries the parameters of the request, so nothing is kept for it: reload, back,
bookmarks and several tabs work, and each step checks the parameters again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from mock_sei.errors import REQUEST_INVALID, Refusal
from mock_sei.fixtures import demo_users
from mock_sei.oauth.authorize import CHECK, AuthorizationRequest, approve, deny, start_session
from mock_sei.oauth.metadata import LOGIN_PATH
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.sessions import Session
from mock_sei.rules.records import EndUser
from mock_sei.web.exchange import Exchange
from mock_sei.web.forms import Pairs, is_page_token, page_token, refuse_other_origin
from mock_sei.web.pages import PAGE_HEADERS, page
from mock_sei.web.requests import find_cookie

SESSION_COOKIE = "mock_sei_session"

CONSENT = "consent"
"""The page whose form may say yes."""

FORM_FIELDS = frozenset({"username", "password", "decision", "consent"})
"""What the forms of the pages send. A field of another name is a parameter nobody knows."""

LONGEST_ADDRESS = 60 * 1024
"""Characters of a log-in address: a request's head may have 64 KiB, other headers included."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request to authorize or to the log-in address whose authorization request is good."""

    request: Request
    exchange: Exchange
    server: AuthorizationServer
    asked: AuthorizationRequest
    parameters: Pairs
    """Those of the authorization request, as they came."""
    fields: Mapping[str, str]
    """Those of a page's form."""

    @property
    def login_address(self) -> str:
        """Where this authorization request is logged in for, from the path on.

        Raises :class:`Refusal` where the address would be longer than a request's head may be.
        """
        query = urlencode(self.parameters, errors="surrogateescape")
        address = f"{LOGIN_PATH}?{query}"
        if len(address) > LONGEST_ADDRESS:
            raise Refusal(
                REQUEST_INVALID,
                check=CHECK,
                because="The parameters are too long for the address of the log-in page; send a "
                "shorter state, for example.",
                expected=f"at most {LONGEST_ADDRESS} characters",
                actual=f"{len(address)} characters",
            )
        return address

    def note(self, sentence: str) -> None:
        self.exchange.entry.findings.notes.append(sentence)


def answer_log_in(visit: Visit) -> Response:
    answered = take_form(visit)
    if answered is not None:
        return answered
    session = _find_session(visit)
    if session is not None:
        visit.note(f"the consent page of {visit.asked.application.name} is shown to {session.user}")
        return _consent_page(visit, session)
    if "consent" in visit.fields:
        visit.note("the consent came without a live session, so the log-in page is shown again")
    visit.note(f"the log-in page for {visit.asked.application.name} is shown")
    return _login_page(visit, username=visit.asked.login_hint or "")


def take_form(visit: Visit) -> Response | None:
    """What a form leads to; None where none came, or a consent for a session that has ended."""
    fields = visit.fields
    if fields:
        refuse_other_origin(visit.request)
    if fields.get("decision") == "deny":
        raise deny(visit.asked)
    if "password" in fields:
        return _check_password(visit)
    session = _find_session(visit)
    if fields.get("decision") != "allow" or session is None:
        return None
    if not is_page_token(fields.get("consent", ""), session.identifier, CONSENT):
        raise Refusal(
            REQUEST_INVALID,
            check="consent",
            because="The consent did not come from the page this server showed.",
        )
    return finish(visit, session)


def _find_session(visit: Visit) -> Session | None:
    cookie = find_cookie(visit.request.scope["headers"], SESSION_COOKIE)
    return visit.server.sessions.find(cookie or "")


def _demo_users(server: AuthorizationServer) -> list[EndUser]:
    """Whom the page may name with the password: who came with mock-sei and is still the same."""
    known = server.registry.end_users
    return [each for each in demo_users() if known.get(each.email) == each]


def _check_password(visit: Visit) -> Response:
    server = visit.server
    username, password = visit.fields.get("username", ""), visit.fields["password"]
    user = server.find_user(username, password)
    if user is None:
        visit.note(f"log-in of {username} refused: {server.explain_log_in(username, password)}")
        return _login_page(
            visit,
            username=username,
            problem="E-mail address or password is wrong.",
            status=400,
        )
    consent_address = visit.login_address
    session = start_session(visit.asked, user.email, server)
    if visit.fields.get("decision") == "allow":
        return finish(visit, session)
    visit.note(f"{user.email} is logged in; the browser is sent on to the consent page")
    return _with_session(redirect_to(consent_address, visit.request), session)


def finish(visit: Visit, session: Session) -> Response:
    visit.note(
        f"{session.user} allowed {visit.asked.application.name}; the browser is sent back to the "
        "application"
    )
    location = approve(visit.asked, session, visit.server)
    return _with_session(redirect_to(location, visit.request), session)


def _login_page(
    visit: Visit, *, username: str, problem: str | None = None, status: int = 200
) -> Response:
    return page(
        "login.html",
        status=status,
        forms_lead_to=visit.asked.destination.address,
        application=visit.asked.application.name,
        action=visit.login_address,
        username=username,
        problem=problem,
        users=_demo_users(visit.server),
    )


def _consent_page(visit: Visit, session: Session) -> Response:
    return page(
        "consent.html",
        forms_lead_to=visit.asked.destination.address,
        application=visit.asked.application.name,
        user=session.user,
        scopes=visit.asked.scope.split(),
        action=visit.login_address,
        consent=page_token(session.identifier, CONSENT),
    )


def redirect_to(location: str, request: Request) -> RedirectResponse:
    """302 as documented, but after a form 303.

    Deviation: the vendor's page has 302 there too. A client may send a form on after a 302; after a
    303 every client sends a GET (RFC 9110 section 15.4.4, RFC 9700 section 4.12).
    """
    status = 303 if request.method == "POST" else 302
    return RedirectResponse(location, status, headers=PAGE_HEADERS)


def _with_session(response: Response, session: Session) -> Response:
    response.set_cookie(
        SESSION_COOKIE, session.identifier, secure=True, httponly=True, samesite="lax"
    )
    return response
