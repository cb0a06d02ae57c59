"""The checks of each kind of call, in their order: one table.

Each check has a name. A check notes its name when the call passes it, and names itself when it
refuses the call. The journal shows both, and by this table the checks that the call did not reach.
``tests/test_checks.py`` compares the table with the checks that run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mock_sei.rules.standards import GrantType

TLS = "TLS"
"""Passed when client and server have agreed on a version and a cipher suite."""
CERTIFICATE = "client certificate"
PROXY_HEADER = "PROXY header"
"""Of a connection from a balancer: who its client is."""

SOURCE_ADDRESS = "source address"
LISTENER = "listener"
CERTIFICATE_NAME = "certificate name"
ACCESS_TOKEN = "access token"
APP_KEY = "AppKey"
SCOPE = "scope"
PARAMETERS = "parameters"
PATH = "path"
PARSING = "parse"
KEY_PAIR = "key pair"
GRANT = "row and grant"
ACCOUNT = "account"
CODE, PROOF = "authorization code", "code verifier"
REFRESH_TOKEN = "refresh token"
SESSION, SESSIONS, USER = "session", "concurrent sessions", "end user"
ASSERTION, SIGNATURE = "assertion", "assertion signature"
DATES, AUDIENCE, REPLAY = "assertion dates", "assertion audience", "assertion replay"
REVOCATION = "revocation"
AUTHORIZATION = "authorization request"
ORIGIN, CONSENT = "origin", "consent"
RECORDING = "recording"
"""Of a server that answers only what its recording has."""
PORTAL_FORM = "portal form"
PORTAL_CONTROLS = "portal controls"
LIVE_PAGES = "live pages"
CERTIFICATE_LINK = "certificate link"


@dataclass(frozen=True, kw_only=True)
class Course:
    """The checks of one kind of call."""

    order: tuple[str, ...] = ()
    """They come in this order. Each is noted when the call passed it."""
    others: tuple[str, ...] = ()
    """They concern only some calls of the kind, and are seen only when they refuse one."""


EVERY_CALL = Course(
    order=(TLS, CERTIFICATE),
    others=(
        *(
            PROXY_HEADER,
            "TLS of the listener",
            "TLS handshake",
            "HTTP",
            "Host",
            "request",
            "body size",
        ),
        *("state", "machine", "fault", "scripted answer", PATH, "method", PARSING),
    ),
)
"""Before and around the checks of each kind."""

UNKNOWN = Course()
"""A call that was answered before its kind was known, or that has no checks of its own."""

FUNCTIONAL = Course(
    order=(
        *(PATH, LISTENER, SOURCE_ADDRESS, APP_KEY, ACCESS_TOKEN, SCOPE, CERTIFICATE_NAME),
        PARAMETERS,
    ),
    others=("body values", "body copies", "bodies", "record", RECORDING),
)
TOKEN_INFORMATION = Course(
    order=(PARAMETERS, LISTENER, SOURCE_ADDRESS, APP_KEY, ACCESS_TOKEN, CERTIFICATE_NAME)
)

_CLIENT = (KEY_PAIR, SOURCE_ADDRESS, GRANT, LISTENER)

_GRANTS: Mapping[str, tuple[str, ...]] = {
    GrantType.CLIENT_CREDENTIALS: (ACCOUNT, CERTIFICATE_NAME, SCOPE),
    GrantType.AUTHORIZATION_CODE: (CERTIFICATE_NAME, CODE, PROOF),
    GrantType.PASSWORD: (CERTIFICATE_NAME, SCOPE, USER, SESSIONS),
    GrantType.REFRESH_TOKEN: (CERTIFICATE_NAME, REFRESH_TOKEN, SCOPE),
    GrantType.INVALIDATE_TOKEN: (CERTIFICATE_NAME, REVOCATION),
    GrantType.SESSION_TOKEN: (CERTIFICATE_NAME, SCOPE, SESSION),
    GrantType.SAML2_BEARER: (
        *(CERTIFICATE_NAME, SCOPE, ASSERTION, SIGNATURE, DATES, AUDIENCE, REPLAY, USER),
        SESSIONS,
    ),
}
"""After those of the client, by the grant."""

TOKEN = Course(order=(PARSING, *_CLIENT))
"""A token request whose grant is not known."""
TOKENS: Mapping[str, Course] = {
    grant: Course(order=(*TOKEN.order, *order)) for grant, order in _GRANTS.items()
}
REVOKE = Course(order=(PARSING, KEY_PAIR, SOURCE_ADDRESS, LISTENER, CERTIFICATE_NAME, REVOCATION))
LOG_IN = Course(order=(AUTHORIZATION,), others=(SCOPE, ORIGIN, CONSENT, SESSIONS))
PORTAL = Course(order=(ORIGIN, PORTAL_FORM), others=(PORTAL_CONTROLS, LIVE_PAGES))
LINK = Course(order=(CERTIFICATE_LINK,), others=(PARAMETERS,))

COURSES = (
    *(EVERY_CALL, FUNCTIONAL, TOKEN_INFORMATION, TOKEN, *TOKENS.values(), REVOKE, LOG_IN),
    *(PORTAL, LINK),
)
KNOWN: Mapping[str, str] = {
    name: name for course in COURSES for name in (*course.order, *course.others)
}
"""The name of every check, by itself: so a name that was read from JSON is kept once."""
