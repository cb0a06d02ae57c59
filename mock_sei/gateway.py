"""The gateway in front of all functional APIs: five checks, in this order.

1. The call came to the application's listener, with an accepted client certificate.
2. The source address is on the application's list.
3. The AppKey is known; its application is approved, may use this product in this environment, and
   owns the token.
4. The access token is valid, and its scope allows functional APIs.
5. The certificate's CN is the service account of the token.

The first check that fails refuses the call. Before all checks, a call with tokens in two places is
refused, since it is not clear which one is meant. Sources: two-way-TLS page (the conditions),
error-handling FAQ rows 1 to 5, RFC 6750 section 2. The order is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from mock_sei.errors import (
    API_KEY,
    REQUEST_INVALID,
    SCOPE_MISSING,
    TOKEN_INVALID,
    Check,
    NoToken,
    Refusal,
)
from mock_sei.reasons.tokens import WhatIs, explain_bad_token, explain_no_token, shown_scheme
from mock_sei.reasons.values import read_as_utf8
from mock_sei.rules import checks
from mock_sei.rules.caller_checks import (
    AccessToken,
    check_certificate_name,
    check_listener,
    check_source_address,
    explain_unknown_key,
)
from mock_sei.rules.connection import Connection, Findings
from mock_sei.rules.records import DEFAULT_SCOPE, Application, Environment
from mock_sei.rules.registry import Registry

APP_KEY_CHECK = checks.APP_KEY
_wrong_app_key = Check(name=APP_KEY_CHECK, kind=API_KEY).refusal
TOKEN_CHECK = checks.ACCESS_TOKEN

ACCESS_TOKEN = "access_token"
"""The parameter for a token in RFC 6750 sections 2.2 and 2.3. The gateway never uses its value."""
QUERY, FORM = "the query string", "the form"
"""The places where a token may be sent besides the ``Authorization`` header."""


class TokenJudge(Protocol):
    """The methods that the gateway needs to check tokens."""

    def read(self, text: str) -> AccessToken:
        """The content of a token. Raises :class:`Refusal` if this server did not sign it."""

    def require_live(self, token: AccessToken) -> None:
        """Raises :class:`Refusal` if a token is revoked, expired or was not used for too long."""

    def record_use(self, token: AccessToken) -> None:
        """Notes that a token was used now."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A functional call, with the parts that the gateway checks."""

    connection: Connection
    app_key: str | None
    authorization: str | None = field(repr=False)
    stray_token: str | None = None
    """The place of a token in a call without the header, such as ``the cookie token``."""
    product: str | None
    """The API product, None for an endpoint that belongs to no product."""
    findings: Findings
    tokens_elsewhere: Sequence[str] = ()
    """The places of access tokens outside the header: :data:`QUERY`, :data:`FORM`."""
    only_looks: bool = False
    """True for a HEAD, which does not count as a use of its token."""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The application and the token of an admitted call, as they were when they were checked."""

    application: Application
    token: AccessToken


def admit(
    call: Call,
    *,
    registry: Registry,
    tokens: TokenJudge,
    environment: Environment,
    what_is: WhatIs = lambda _: None,
) -> Admission:
    """Runs all checks. If a call passes, that counts as a use of its token.

    ``what_is`` says for the journal what was sent in place of a token. Raises :class:`Refusal` for
    the first check that fails.
    """
    application, findings = registry.applications.get(call.app_key or ""), call.findings
    if application is not None:
        findings.application = application.name
    check_token_places(call)
    if application is not None:
        check_listener(application, call.connection)
        findings.passes(checks.LISTENER)
        check_source_address(application, call.connection)
        findings.passes(checks.SOURCE_ADDRESS)
    application = check_app_key(application, call, environment, registry)
    findings.passes(APP_KEY_CHECK)
    token = read_token(call, tokens, what_is)
    check_ownership(application, token, registry)
    tokens.require_live(token)
    findings.passes(TOKEN_CHECK)
    if call.product is not None:
        check_scope(token)
        findings.passes(checks.SCOPE)
    if token.service_account is not None:
        findings.service_account = token.service_account
        check_certificate_name(token.service_account, call.connection)
        findings.passes(checks.CERTIFICATE_NAME)
    if not call.only_looks:
        tokens.record_use(token)
    return Admission(application=application, token=token)


def check_token_places(call: Call) -> None:
    """Raises :class:`Refusal` if there are tokens in several places (RFC 6750 sections 2, 3.1)."""
    scheme = (call.authorization or "").strip(" \t").partition(" ")[0].lower()
    in_header = ["the Authorization header"] if scheme in BEARER_SCHEMES else []
    places = [*in_header, *call.tokens_elsewhere]
    if len(places) > 1:
        raise Refusal(
            REQUEST_INVALID,
            check=TOKEN_CHECK,
            because=f"An access token was sent in {' and in '.join(places)}; send it only in the "
            "Authorization header (RFC 6750 section 2).",
            expected="one access token",
            actual=f"{len(places)}",
            description="The access token was sent in more than one place.",
        )


BEARER_SCHEMES = ("bearer", "bearertoken")
"""The schemes of a token, in lower case. Clients make the second from the documented
``token_type``; it is not a real scheme."""


def check_app_key(
    application: Application | None, call: Call, environment: Environment, registry: Registry
) -> Application:
    """The application, if it may use this product in this environment (FAQ, row 5).

    Raises :class:`Refusal`.
    """
    if application is None:
        if call.app_key is None:
            raise _wrong_app_key("No AppKey header was sent; every functional call needs one.")
        refuse_unknown_key(call.app_key, registry)
    if not application.approved:
        raise _wrong_app_key(f"The application {application.name} waits for approval.")
    if call.product is not None and not application.is_granted(call.product):
        raise _wrong_app_key(
            f"The application {application.name} is not granted the product {call.product}.",
            expected=", ".join(application.products),
            actual=call.product,
        )
    if environment not in application.environments:
        raise _wrong_app_key(
            f"The application {application.name} is not registered for the {environment} "
            "environment.",
            expected=", ".join(application.environments),
            actual=str(environment),
        )
    return application


def refuse_unknown_key(app_key: str, registry: Registry) -> NoReturn:
    """Raises the :class:`Refusal` of an AppKey that no application has, or has any more."""
    raise _wrong_app_key(explain_unknown_key(app_key, registry), actual=read_as_utf8(app_key))


def read_token(call: Call, tokens: TokenJudge, what_is: WhatIs) -> AccessToken:
    """The content of the token in the ``Authorization`` header. Raises :class:`Refusal`.

    The scheme may be in upper or lower case (RFC 9110 section 11.1).
    """
    header = (call.authorization or "").strip(" \t")
    scheme, _, text = header.partition(" ")
    token = text.strip(" \t")
    if scheme.lower() != "bearer" or not token:
        came = None if call.authorization is None else read_as_utf8(header)
        because = explain_no_token(came, call.stray_token)
        raise _no_token(because, actual=shown_scheme(header))
    try:
        return tokens.read(token)
    except Refusal as refusal:
        refusal.why = explain_bad_token(read_as_utf8(token), refusal.why, what_is)
        raise


def check_scope(token: AccessToken) -> None:
    """Raises :class:`Refusal` if a token's scope does not allow functional APIs (assumed).

    All products need the only scope that the vendor's pages know (RFC 6750 section 3.1).
    """
    if DEFAULT_SCOPE in token.scope.split():
        return
    raise Refusal(
        SCOPE_MISSING,
        check=checks.SCOPE,
        because=f"The token only has other scopes; functional calls need {DEFAULT_SCOPE}.",
        expected=DEFAULT_SCOPE,
        actual=token.scope,
    )


def check_ownership(application: Application, token: AccessToken, registry: Registry) -> None:
    """Raises :class:`Refusal` if a token was issued to another application."""
    if token.app_key == application.app_key:
        return
    owner = registry.applications.get(token.app_key)
    raise _wrong_app_key(
        "The access token was not issued to the application of the AppKey.",
        expected=owner.name if owner else token.app_key,
        actual=application.name,
    )


def _no_token(because: str, *, actual: str | None = None) -> NoToken:
    return NoToken(
        TOKEN_INVALID, check=TOKEN_CHECK, because=because, expected="Bearer", actual=actual
    )
