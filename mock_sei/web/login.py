"""The log-in of an authorization request: its address, its pages and the handling of their forms.

The address carries the parameters of the request, so the server stores nothing for it: reload,
back, bookmarks and several tabs work. Each step checks the parameters again.
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
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.sessions import Session
from mock_sei.rules import checks
from mock_sei.rules.records import DEFAULT_SCOPE, EndUser
from mock_sei.web.exchange import Exchange
from mock_sei.web.forms import Pairs, is_page_token, page_token, refuse_other_origin
from mock_sei.web.pages import PAGE_HEADERS, page
from mock_sei.web.requests import find_cookie

SESSION_COOKIE = "mock_sei_session"

CONSENT = "consent"
"""The purpose of the token in the consent page's form."""

FORM_FIELDS = frozenset({"username", "password", "decision", "consent"})
"""The fields that the forms of the pages send. Any other name is an unknown parameter."""

LONGEST_ADDRESS = 60 * 1024
"""Most characters of a log-in address. A request's head may have 64 KiB with all its headers."""


@dataclass(frozen=True, kw_only=True)
class LoginRequest:
    """A request to the authorization endpoint or the log-in address; its parameters are valid."""

    request: Request
    exchange: Exchange
    server: AuthorizationServer
    asked: AuthorizationRequest
    parameters: Pairs
    """The parameters of the authorization request, unchanged."""
    fields: Mapping[str, str]
    """The fields of a page's form; empty if no form was sent."""

    @property
    def login_address(self) -> str:
        """Path and query string of the log-in page for this authorization request.

        Raises :class:`Refusal` if the address would be too long for a request's head.
        """
        query = urlencode(self.parameters, errors="surrogateescape")
        address = f"{self.server.rules.assumptions.path.login}?{query}"
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
        """Adds a note to the journal entry."""
        self.exchange.entry.findings.notes.append(sentence)


def answer_log_in(login: LoginRequest) -> Response:
    """The answer to a request at the log-in address: a page, or a redirect after its form."""
    answered = take_form(login)
    if answered is not None:
        return answered
    session = _find_session(login)
    if session is not None:
        login.note(f"the consent page of {login.asked.application.name} is shown to {session.user}")
        return _consent_page(login, session)
    if "consent" in login.fields:
        login.note("the consent came without a live session, so the log-in page is shown again")
    login.note(f"the log-in page for {login.asked.application.name} is shown")
    return _login_page(login, username=login.asked.login_hint or "")


def take_form(login: LoginRequest) -> Response | None:
    """The answer to a form. None if no form came, or if the session of a consent has ended."""
    fields = login.fields
    if fields:
        refuse_other_origin(login.request)
    if fields.get("decision") == "deny":
        raise deny(login.asked)
    if "password" in fields:
        return _check_password(login)
    session = _find_session(login)
    if fields.get("decision") != "allow" or session is None:
        return None
    if not is_page_token(fields.get("consent", ""), session.identifier, CONSENT):
        raise Refusal(
            REQUEST_INVALID,
            check=checks.CONSENT,
            because="The consent did not come from the page this server showed.",
        )
    return finish(login, session)


def _find_session(login: LoginRequest) -> Session | None:
    cookie = find_cookie(login.request.scope["headers"], SESSION_COOKIE)
    return login.server.sessions.find(cookie or "")


def _demo_users(server: AuthorizationServer) -> list[EndUser]:
    """The users whose password the page may show: they come with mock-sei and are unchanged."""
    known = server.registry.end_users
    return [each for each in demo_users() if known.get(each.email) == each]


def _check_password(login: LoginRequest) -> Response:
    server = login.server
    username, password = login.fields.get("username", ""), login.fields["password"]
    user = server.find_user(username, password)
    if user is None:
        login.note(f"log-in of {username} refused: {server.explain_log_in(username, password)}")
        return _login_page(
            login,
            username=username,
            problem="E-mail address or password is wrong.",
            status=400,
        )
    consent_address = login.login_address
    session = start_session(login.asked, user.email, server)
    if login.fields.get("decision") == "allow":
        return finish(login, session)
    login.note(f"{user.email} is logged in; the browser is sent on to the consent page")
    return _with_session(redirect_to(consent_address, login.request), session)


def finish(login: LoginRequest, session: Session) -> Response:
    """Redirects the browser to the application with a code or a token."""
    login.note(
        f"{session.user} allowed {login.asked.application.name}; the browser is sent back to the "
        "application"
    )
    location = approve(login.asked, session, login.server)
    return _with_session(redirect_to(location, login.request), session)


def _login_page(
    login: LoginRequest, *, username: str, problem: str | None = None, status: int = 200
) -> Response:
    return page(
        "login.html",
        status=status,
        forms_lead_to=login.asked.destination.address,
        application=login.asked.application.name,
        action=login.login_address,
        username=username,
        problem=problem,
        users=_demo_users(login.server),
    )


def _consent_page(login: LoginRequest, session: Session) -> Response:
    return page(
        "consent.html",
        forms_lead_to=login.asked.destination.address,
        application=login.asked.application.name,
        user=session.user,
        scopes=login.asked.scope.split(),
        usual=DEFAULT_SCOPE,
        action=login.login_address,
        consent=page_token(session.identifier, CONSENT),
    )


def redirect_to(location: str, request: Request) -> RedirectResponse:
    """A redirect with the documented status 302, or 303 after a form.

    Deviation: the vendor's page has 302 after a form too. A client may send the form again after a
    302; after a 303 every client sends a GET (RFC 9110 section 15.4.4, RFC 9700 section 4.12).
    """
    status = 303 if request.method == "POST" else 302
    return RedirectResponse(location, status, headers=PAGE_HEADERS)


def _with_session(response: Response, session: Session) -> Response:
    response.set_cookie(
        SESSION_COOKIE, session.identifier, secure=True, httponly=True, samesite="lax"
    )
    return response
