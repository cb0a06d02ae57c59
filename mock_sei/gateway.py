"""The gateway in front of all functional APIs: five checks, usually in this order.

1. The call came to the application's listener, with an accepted client certificate.
2. The source address is on the application's list.
3. The AppKey is known; its application is approved, may use this product in this environment, and
   owns the token.
4. The access token is valid, and its scope allows functional APIs.
5. The certificate's CN is the service account of the token.

The first check that fails refuses the call. Before all checks, a call with tokens in two places is
refused, since it is not clear which one is meant. Sources: two-way-TLS page (the conditions),
error-handling FAQ rows 1 to 5, RFC 6750 section 2. The order is assumed; ``gateway.order`` of the
assumptions changes that of AppKey, token, scope and certificate name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn, Protocol

from mock_sei.assumptions.groups import APP_KEY, CERTIFICATE_NAME, SCOPE, TOKEN, GatewayRules
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
from mock_sei.rules.checks import Course
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


class _Admitting:
    """A call on its way through the checks."""

    __slots__ = ("application", "call", "environment", "registry", "token", "tokens", "what_is")

    token: AccessToken | None
    """None before the token was checked."""
    application: Application | None
    """None before the AppKey was checked."""

    def __init__(
        self,
        call: Call,
        registry: Registry,
        tokens: TokenJudge,
        environment: Environment,
        what_is: WhatIs,
    ) -> None:
        self.call, self.registry, self.tokens = call, registry, tokens
        self.environment, self.what_is = environment, what_is
        self.token = self.application = None

    def require_token(self) -> AccessToken:
        """The token; no order has a check of it before the check that reads it."""
        if self.token is None:
            raise AssertionError("a check of the token's content came before the token")
        return self.token


def _pass_app_key(admitting: _Admitting) -> None:
    call, registry = admitting.call, admitting.registry
    found = registry.applications.get(call.app_key or "")
    application = check_app_key(found, call, admitting.environment, registry)
    if admitting.token is not None:
        check_ownership(application, admitting.token, registry)
    admitting.application = application
    call.findings.passes(APP_KEY_CHECK)


def _pass_token(admitting: _Admitting) -> None:
    call, tokens = admitting.call, admitting.tokens
    token = read_token(call, tokens, admitting.what_is)
    if admitting.application is not None:
        check_ownership(admitting.application, token, admitting.registry)
    tokens.require_live(token)
    admitting.token = token
    call.findings.passes(TOKEN_CHECK)


def _pass_scope(admitting: _Admitting) -> None:
    if admitting.call.product is not None:
        check_scope(admitting.require_token())
        admitting.call.findings.passes(checks.SCOPE)


def _pass_certificate_name(admitting: _Admitting) -> None:
    account, findings = admitting.require_token().service_account, admitting.call.findings
    if account is not None:
        findings.service_account = account
        check_certificate_name(account, admitting.call.connection)
        findings.passes(checks.CERTIFICATE_NAME)


_Step = Callable[[_Admitting], None]
_STEPS: Mapping[str, tuple[str, _Step]] = {
    APP_KEY: (checks.APP_KEY, _pass_app_key),
    TOKEN: (checks.ACCESS_TOKEN, _pass_token),
    SCOPE: (checks.SCOPE, _pass_scope),
    CERTIFICATE_NAME: (checks.CERTIFICATE_NAME, _pass_certificate_name),
}
"""The checks whose order is assumed: the name of each in the journal, and what does it."""


@dataclass(frozen=True, kw_only=True)
class GatewayOrder:
    """The order of the checks that may come in another one, and the courses that follow from it."""

    steps: tuple[_Step, ...]
    functional: Course
    """The checks of a functional call."""
    token_information: Course
    """The checks of a call of the token information endpoint."""

    @classmethod
    def of(cls, order: Sequence[str]) -> GatewayOrder:
        """``order`` has each of the four checks once, and the token before what is read from it."""
        names = [_STEPS[each][0] for each in order]
        return cls(
            steps=tuple(_STEPS[each][1] for each in order),
            functional=_reordered(checks.FUNCTIONAL, names),
            token_information=_reordered(checks.TOKEN_INFORMATION, names),
        )


def _reordered(course: Course, names: Sequence[str]) -> Course:
    """A course whose checks of these names stand in the order of the names."""
    waiting = iter([each for each in names if each in course.order])
    order = tuple(next(waiting) if each in names else each for each in course.order)
    return replace(course, order=order)


USUAL_ORDER = GatewayOrder.of(GatewayRules().order)


def admit(
    call: Call,
    *,
    registry: Registry,
    tokens: TokenJudge,
    environment: Environment,
    order: GatewayOrder = USUAL_ORDER,
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
    admitting = _Admitting(call, registry, tokens, environment, what_is)
    for step in order.steps:
        step(admitting)
    token = admitting.require_token()
    if admitting.application is None:
        raise AssertionError("the AppKey was not checked")
    if not call.only_looks:
        tokens.record_use(token)
    return Admission(application=admitting.application, token=token)


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
