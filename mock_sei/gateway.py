"""What stands in front of every functional API: five checks that must agree, in this order.

1. TLS with an accepted client certificate, on the application's listener
2. source address on the application's list
3. AppKey known, application approved and granted this product in this environment, token its own
4. access token live, and of a scope that reaches functional APIs
5. the certificate's CN equals the service account the token stands on

The first that fails decides. Before them, a token that came in two places: nobody knows which of
them is meant. Sources: two-way-TLS page (the conditions), error-handling FAQ rows 1 to 5, RFC 6750
section 2; their order is assumed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mock_sei.errors import (
    API_KEY,
    REQUEST_INVALID,
    SCOPE_MISSING,
    TOKEN_INVALID,
    NoToken,
    Refusal,
)
from mock_sei.reasons.tokens import WhatIs, explain_bad_token, explain_no_token, shown_scheme
from mock_sei.reasons.values import read_as_utf8
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

APP_KEY_CHECK = "AppKey"
TOKEN_CHECK = "access token"

ACCESS_TOKEN = "access_token"
"""The parameter that RFC 6750 sections 2.2 and 2.3 have for a token. It is read from no call."""
QUERY, FORM = "the query string", "the form"
"""Where it came, beside the ``Authorization`` header or in its place."""


class TokenJudge(Protocol):
    """What the gateway asks about tokens; each method raises :class:`Refusal`."""

    def read(self, text: str) -> AccessToken: ...
    def require_live(self, token: AccessToken) -> None: ...
    def record_use(self, token: AccessToken) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Call:
    """A functional call as the gateway sees it."""

    connection: Connection
    app_key: str | None
    authorization: str | None = field(repr=False)
    stray_token: str | None = None
    """Where a token may stand in a call without the header, such as ``the cookie token``."""
    product: str | None
    """None for an endpoint that belongs to no product."""
    findings: Findings
    tokens_elsewhere: Sequence[str] = ()
    """The places of an access token but for the header: :data:`QUERY`, :data:`FORM`."""
    only_looks: bool = False
    """Whether it is a HEAD, which does not count as a use of its token."""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Who was let in: the records as they were checked, whatever became of them since."""

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
    """Lets a call through, which counts as a use of its token, or raises :class:`Refusal`.

    ``what_is`` names what was sent in place of a token, for the journal.
    """
    application = registry.applications.get(call.app_key or "")
    if application is not None:
        call.findings.application = application.name
    check_token_places(call)
    if application is not None:
        check_listener(application, call.connection)
        check_source_address(application, call.connection)
    application = check_app_key(application, call, environment, registry)
    token = read_token(call, tokens, what_is)
    check_ownership(application, token, registry)
    tokens.require_live(token)
    if call.product is not None:
        check_scope(token)
    if token.service_account is not None:
        call.findings.service_account = token.service_account
        check_certificate_name(token.service_account, call.connection)
    if not call.only_looks:
        tokens.record_use(token)
    return Admission(application=application, token=token)


def check_token_places(call: Call) -> None:
    """RFC 6750 section 2: a client uses one way to send its token; section 3.1: else it is 400."""
    scheme = (call.authorization or "").strip(" \t").partition(" ")[0].lower()
    in_header = ["the Authorization header"] if scheme in BEARER_SCHEMES else []
    places = [*in_header, *call.tokens_elsewhere]
    if len(places) > 1:
        raise Refusal(
            REQUEST_INVALID,
            check=TOKEN_CHECK,
            because=f"An access token came in {' and in '.join(places)}; send it in the "
            "Authorization header only (RFC 6750 section 2).",
            expected="one access token",
            actual=f"{len(places)}",
            description="The access token came in more than one place.",
        )


BEARER_SCHEMES = ("bearer", "bearertoken")
"""In lower case. The second is no scheme: clients make it of the documented ``token_type``."""


def check_app_key(
    application: Application | None, call: Call, environment: Environment, registry: Registry
) -> Application:
    """Documented row 5."""
    if application is None:
        if call.app_key is None:
            raise _wrong_app_key("No AppKey header came; every functional call needs one.")
        raise _wrong_app_key(
            explain_unknown_key(call.app_key, registry), actual=read_as_utf8(call.app_key)
        )
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


def read_token(call: Call, tokens: TokenJudge, what_is: WhatIs) -> AccessToken:
    """The bearer token of the ``Authorization`` header; the scheme in any case (RFC 9110, 11.1)."""
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
    """Every product wants the one scope the vendor's pages know (assumed; RFC 6750 section 3.1)."""
    if DEFAULT_SCOPE in token.scope.split():
        return
    raise Refusal(
        SCOPE_MISSING,
        check="scope",
        because=f"The token was narrowed to other scopes; functional calls need {DEFAULT_SCOPE}.",
        expected=DEFAULT_SCOPE,
        actual=token.scope,
    )


def check_ownership(application: Application, token: AccessToken, registry: Registry) -> None:
    if token.app_key == application.app_key:
        return
    owner = registry.applications.get(token.app_key)
    raise _wrong_app_key(
        "The access token was issued to another application than the AppKey names.",
        expected=owner.name if owner else token.app_key,
        actual=application.name,
    )


def _no_token(because: str, *, actual: str | None = None) -> NoToken:
    return NoToken(
        TOKEN_INVALID, check=TOKEN_CHECK, because=because, expected="Bearer", actual=actual
    )


def _wrong_app_key(
    because: str, *, expected: str | None = None, actual: str | None = None
) -> Refusal:
    return Refusal(API_KEY, check=APP_KEY_CHECK, because=because, expected=expected, actual=actual)
