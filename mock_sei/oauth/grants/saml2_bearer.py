"""``grant_type=urn:ietf:params:oauth:client-assertion-type:saml2-bearer``: a signed SAML assertion.

The application signs the assertion with its private key. The platform has the certificate
(``saml_certificate`` of the application), and the assertion's subject is the end user. This grant
needs the extra ``[saml]``.

Source: create-token page for the parameters; RFC 7522 section 3 and SAML core section 2 for the
checks of an assertion (assumed).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from mock_sei.errors import GRANT_INVALID, GRANT_NOT_ALLOWED, GRANT_UNKNOWN, Check, Refusal
from mock_sei.oauth.client_auth import GRANT_CHECK, AuthenticatedClient
from mock_sei.oauth.saml import ROOTS, Assertion, Confirmation, Window, read_assertion
from mock_sei.oauth.scopes import granted_scope
from mock_sei.oauth.server import USER_CHECK, AuthorizationServer
from mock_sei.oauth.signed_xml import is_installed
from mock_sei.oauth.token_request import TokenRequest, malformed
from mock_sei.reasons.addresses import find_address_difference
from mock_sei.reasons.values import but_for, find_difference, in_other_case
from mock_sei.rules import checks
from mock_sei.rules.records import Application
from mock_sei.rules.standards import GrantType

GRANT_TYPE = GrantType.SAML2_BEARER

_wrong_dates = Check(
    name=checks.DATES,
    kind=GRANT_INVALID,
    description="The assertion is not valid at this time.",
).refusal
_wrong_audience = Check(
    name=checks.AUDIENCE,
    kind=GRANT_INVALID,
    description="Audience validation failed.",  # RFC 7522 section 3.1
).refusal
_used_before = Check(
    name=checks.REPLAY, kind=GRANT_INVALID, description="The assertion was used before."
).refusal
_unknown_user = Check(
    name=USER_CHECK,
    kind=GRANT_INVALID,
    description="The subject of the assertion is not a user.",
).refusal


def handle(
    request: TokenRequest, client: AuthenticatedClient, server: AuthorizationServer
) -> dict[str, Any]:
    check_installed()
    name, text = find_parameter(request)
    application = client.application
    certificate = require_certificate(application)
    scope = granted_scope(request.find("scope"), application)
    request.findings.passes(checks.SCOPE)
    end_others = request.flag("endOtherSessions")
    now = server.clock.now()
    assertion = read_assertion(name, text, certificate=certificate, now=now)
    passes = request.findings.passes
    passes(checks.ASSERTION)
    passes(checks.SIGNATURE)
    endpoints = {f"{request.issuer}{server.rules.assumptions.path.token}", request.endpoint}
    end = find_end(assertion)
    check_window(assertion.window, now, "Conditions")
    check_confirmations(assertion, now, endpoints)
    check_audience(assertion, {request.issuer, *endpoints})
    passes(checks.DATES)
    passes(checks.AUDIENCE)
    check_replay(assertion, application, server)
    passes(checks.REPLAY)
    user = require_subject(assertion, server)
    passes(USER_CHECK)
    session = server.start_session(user, end_others=end_others)
    passes(checks.SESSIONS)
    server.used_assertions.add(application.app_key, assertion.identifier, end=end)
    authorization = server.authorize(
        application, user=user, scope=scope, session=session.identifier
    )
    return server.user_token_response(application, authorization, scope, issuer=request.issuer)


def check_installed() -> None:
    if not is_installed():
        raise Refusal(
            GRANT_UNKNOWN,
            check=GRANT_CHECK,
            because="The SAML grant needs libraries that are not installed here: run pip install "
            "'.[saml]' in the source folder of mock-sei.",
        )


def find_parameter(request: TokenRequest) -> tuple[str, str]:
    """The name and the value of the assertion's parameter. Raises :class:`Refusal`."""
    sent = [name for name in ROOTS if request.find(name) is not None]
    if len(sent) > 1:
        both = f"{' and '.join(sent)} were both sent"
        raise malformed(f"{both}; send one of them.", description=f"{both}.")
    return (sent or [""])[0], request.require(*ROOTS)


def require_certificate(application: Application) -> str:
    if application.saml_certificate is None:
        raise Refusal(
            GRANT_NOT_ALLOWED,
            check=GRANT_CHECK,
            because=f"No SAML certificate is registered for {application.name}; add it as "
            "saml_certificate to its entry in platform.toml.",
            expected="saml_certificate",
            actual="none",
            description="The application has no certificate for SAML assertions.",
        )
    return application.saml_certificate


def find_end(assertion: Assertion) -> datetime:
    """The time after which the assertion cannot be valid (RFC 7522 section 3).

    Raises :class:`Refusal` if it never ends.
    """
    if assertion.window.end is not None:
        return assertion.window.end
    ends = [each.window.end for each in assertion.confirmations]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        raise _wrong_dates(
            "The assertion never ends: Conditions or each SubjectConfirmationData needs a "
            "NotOnOrAfter.",
            expected="NotOnOrAfter",
            actual="none",
        )
    return max(known)


def check_window(window: Window, now: datetime, place: str) -> None:
    """Raises :class:`Refusal` if ``now`` is outside the dates. ``place`` is the element's name."""
    stamp = now.isoformat(timespec="seconds")
    if window.start is not None and now < window.start:
        raise _wrong_dates(
            f"NotBefore of {place} is later than the platform's clock.",
            expected=f"not before {window.start.isoformat()}",
            actual=stamp,
        )
    if window.end is not None and now >= window.end:
        raise _wrong_dates(
            f"NotOnOrAfter of {place} is past on the platform's clock; make a new assertion.",
            expected=f"before {window.end.isoformat()}",
            actual=stamp,
        )


def check_confirmations(assertion: Assertion, now: datetime, endpoints: Collection[str]) -> None:
    """Raises :class:`Refusal` if no SubjectConfirmation is met; the error is that of the first.

    One that is met is enough (SAML core section 2.4).
    """
    refusals = []
    for each in assertion.confirmations:
        try:
            check_confirmation(each, now, endpoints)
        except Refusal as refusal:
            refusals.append(refusal)
        else:
            return
    if refusals:
        raise refusals[0]


def check_confirmation(
    confirmation: Confirmation, now: datetime, endpoints: Collection[str]
) -> None:
    check_window(confirmation.window, now, "SubjectConfirmationData")
    recipient = confirmation.recipient
    if recipient is not None and recipient not in endpoints:
        raise _wrong_audience(
            "Recipient of SubjectConfirmationData is not the token endpoint's URL"
            f"{but_for(find_address_difference(recipient, sorted(endpoints)))}.",
            expected=_listed(endpoints),
            actual=recipient,
        )


def check_audience(assertion: Assertion, names: Collection[str]) -> None:
    for audiences in assertion.restrictions:
        if not set(audiences) & set(names):
            raise _wrong_audience(
                "An AudienceRestriction names neither the issuer nor the token endpoint"
                f"{_explain_audiences(audiences, names)}.",
                expected=_listed(names),
                actual=", ".join(audiences) or "none",
            )


def check_replay(
    assertion: Assertion, application: Application, server: AuthorizationServer
) -> None:
    if (application.app_key, assertion.identifier) in server.used_assertions:
        raise _used_before(
            "The assertion was used before; it gives tokens once, so make one with a new ID.",
            expected="a new ID",
            actual=assertion.identifier,
        )


def require_subject(assertion: Assertion, server: AuthorizationServer) -> str:
    user = server.registry.end_users.get(assertion.subject)
    if user is None:
        raise _unknown_user(
            "The subject's NameID is not the e-mail address of an end user"
            f"{but_for(_explain_subject(assertion.subject or '', server))}.",
            expected="a known e-mail address",
            actual=assertion.subject or "none",
        )
    return user.email


def _explain_audiences(audiences: Collection[str], names: Collection[str]) -> str:
    """The end of a sentence about a wrong audience; empty if there are several audiences."""
    if len(audiences) != 1:
        return ""
    return but_for(find_address_difference(next(iter(audiences)), sorted(names)))


def _explain_subject(subject: str, server: AuthorizationServer) -> str | None:
    find = server.registry.end_users.get
    return find_difference(
        subject, lambda each: find(each) is not None, fits_in_other_case=in_other_case(find)
    )


def _listed(names: Collection[str]) -> str:
    return " or ".join(sorted(names))
