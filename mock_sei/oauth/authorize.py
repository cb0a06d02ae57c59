"""The authorization endpoint without its pages: requests, consents and answers.

A page shows errors about the application and its redirect address. Every other error goes to the
redirect address (RFC 6749 section 4.1.2.1), in the query or the fragment, where a client expects
the answer for its ``response_type``. A parameter without a value counts as absent (RFC 6749 section
3.1). Sources: the authorize page for the vendor's parameters; RFC 6749 sections 4.1 and 4.2, RFC
7636, RFC 9207, RFC 8252.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mock_sei.errors import (
    ACCESS_DENIED,
    GRANT_NOT_ALLOWED,
    REQUEST_INVALID,
    RESPONSE_TYPE_UNKNOWN,
    Check,
    RedirectedRefusal,
    Refusal,
)
from mock_sei.oauth.metadata import RESPONSE_TYPES
from mock_sei.oauth.proof_key import Challenge, make_challenge
from mock_sei.oauth.redirects import is_registered, with_fragment, with_query
from mock_sei.oauth.scopes import granted_scope
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.sessions import Session
from mock_sei.reasons.addresses import find_address_difference
from mock_sei.reasons.names import did_you_mean, explain_absence
from mock_sei.reasons.values import but_for
from mock_sei.rules import checks
from mock_sei.rules.caller_checks import explain_unknown_key
from mock_sei.rules.records import Application
from mock_sei.rules.standards import GrantType

PARAMETERS = (
    "client_id",
    "response_type",
    "redirect_uri",
    "redirect_url",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "endOtherSessions",
    "login_hint",
)
"""The parameters that this endpoint reads. It ignores all others (RFC 6749 section 3.1)."""

CHECK = checks.AUTHORIZATION
_refused = Check(name=CHECK, kind=REQUEST_INVALID).refusal

Pairs = Sequence[tuple[str, str]]

IN_QUERY = frozenset({"code", "none"})
IN_FRAGMENT = frozenset({"token", "id_token"})
"""The words of a ``response_type`` whose answer goes into the query, and into the fragment. One
word of ``IN_FRAGMENT`` is enough for the fragment. Only ``code`` and ``token`` are supported; the
other words say where the error goes. Sources: RFC 6749 sections 4.1.2 and 4.2.2, OAuth 2.0 Multiple
Response Type Encoding Practices sections 3 to 5."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """The redirect address that an answer goes to, and the members that every answer has."""

    address: str
    in_fragment: bool
    state: str | None
    issuer: str

    def location(self, members: Mapping[str, str]) -> str:
        """The address of an answer with these members, ``state`` and ``iss`` (RFC 9207)."""
        answer = dict(members)
        if self.state is not None:
            answer["state"] = self.state
        answer["iss"] = self.issuer
        put = with_fragment if self.in_fragment else with_query
        return put(self.address, answer)


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """A valid authorization request, about which the user can be asked."""

    application: Application
    destination: Destination
    redirect_sent: bool
    scope: str
    challenge: Challenge | None = field(repr=False)
    end_other_sessions: bool
    login_hint: str | None


def redirected(refusal: Refusal, destination: Destination) -> RedirectedRefusal:
    """A refusal, and the redirect address that reports it to the application."""
    members = {
        "error": refusal.kind.error or "invalid_request",
        "error_description": refusal.description,
    }
    return RedirectedRefusal(refusal, destination.location(members))


def read_request(pairs: Pairs, server: AuthorizationServer, *, issuer: str) -> AuthorizationRequest:
    """Checks an authorization request: first what a page must report, then the rest.

    ``pairs`` are all its parameters, in their order. Raises :class:`RedirectedRefusal` for an error
    that goes to the redirect address, and :class:`Refusal` for one that a page shows.
    """
    sent = own_parameters(pairs)
    counts, values = Counter(name for name, _ in sent), dict(sent)
    application = find_application(values, counts, server, [name for name, _ in pairs])
    address, redirect_sent = find_redirect_address(values, counts, application)
    destination = Destination(
        address=address,
        in_fragment=is_answered_in_fragment(different(sent, "response_type"), application),
        state=values.get("state") if len(different(sent, "state")) == 1 else None,
        issuer=issuer,
    )
    try:
        check_repeated(counts)
        check_response_type(values, application, server)
        return AuthorizationRequest(
            application=application,
            destination=destination,
            redirect_sent=redirect_sent,
            scope=granted_scope(values.get("scope"), application),
            challenge=find_challenge(values, application),
            end_other_sessions=find_flag(values, "endOtherSessions"),
            login_hint=values.get("login_hint"),
        )
    except Refusal as refusal:
        raise redirected(refusal, destination) from None


def own_parameters(pairs: Pairs) -> Pairs:
    """The parameters that this endpoint reads, without those that have no value (section 3.1)."""
    return [(name, value) for name, value in pairs if name in PARAMETERS and value]


def different(pairs: Pairs, wanted: str) -> set[str]:
    """The different values of the parameter ``wanted``."""
    return {value for name, value in pairs if name == wanted}


def is_answered_in_fragment(sent: Collection[str], application: Application) -> bool:
    """True if the answer goes into the fragment, where the client expects it.

    ``sent`` are the values of ``response_type``. They decide, whatever type the application may
    use. If there is none, or an unknown one, or if they contradict each other, the type of the
    application's row decides.
    """
    places = {_is_in_fragment(each) for each in sent}
    own = RESPONSE_TYPES.get(application.standard.grant) in IN_FRAGMENT
    known = places.pop() if len(places) == 1 else None
    return own if known is None else known


def _is_in_fragment(response_type: str) -> bool | None:
    """True or False if this ``response_type`` says where its answer goes, None if it does not."""
    words = set(response_type.split())
    if words & IN_FRAGMENT:
        return True
    return False if words and words <= IN_QUERY else None


def find_application(
    values: Mapping[str, str],
    counts: Mapping[str, int],
    server: AuthorizationServer,
    names: Sequence[str],
) -> Application:
    """The application that ``client_id`` names, if it is approved for this environment.

    ``names`` are the names of all parameters in the request, known or not. Raises
    :class:`Refusal`.
    """
    client_id = values.get("client_id")
    if client_id is None:
        because = "client_id is missing; it is the application's AppKey."
        raise _refused(f"{because}{explain_absence(('client_id',), names, counts)}")
    if counts["client_id"] > 1:
        raise _refused("client_id is repeated.")
    application = server.registry.applications.get(client_id)
    if application is None:
        raise _refused(explain_unknown_key(client_id, server.registry), actual=client_id)
    if not application.approved:
        raise _refused(f"The application {application.name} waits for approval.")
    environment = server.rules.environment
    if environment not in application.environments:
        raise _refused(
            f"The application {application.name} is not registered for the {environment} "
            "environment.",
            expected=", ".join(application.environments),
            actual=str(environment),
        )
    return application


def find_redirect_address(
    values: Mapping[str, str], counts: Mapping[str, int], application: Application
) -> tuple[str, bool]:
    """The redirect address, and True if the request named it.

    The request may leave it out if exactly one is registered. Raises :class:`Refusal`.
    """
    registered = application.redirect_addresses
    named = {values[name] for name in ("redirect_uri", "redirect_url") if name in values}
    if max(counts["redirect_uri"], counts["redirect_url"]) > 1 or len(named) > 1:
        raise _refused("redirect_uri is repeated, or differs from redirect_url.")
    if not registered:
        raise _refused(
            f"The application {application.name} has no redirect address registered; it uses "
            f"{application.standard.grant_label}."
        )
    if not named:
        if len(registered) > 1:
            raise _refused(
                "redirect_uri is missing; it can be left out only if exactly one is registered.",
                expected=", ".join(registered),
            )
        return registered[0], False
    address = named.pop()
    if not is_registered(address, registered):
        raise _refused(
            "redirect_uri is not registered for the application"
            f"{but_for(find_address_difference(address, registered))}; every character must be the "
            "same, except the port of a loopback address.",
            expected=", ".join(registered),
            actual=address,
        )
    return address, True


def check_repeated(counts: Mapping[str, int]) -> None:
    """Raises :class:`Refusal` if a parameter is repeated (RFC 6749 section 3.1)."""
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if repeated:
        names = ", ".join(repeated)
        raise _refused(f"{names}: repeated.", description=f"{names} came more than once.")


def check_response_type(
    values: Mapping[str, str], application: Application, server: AuthorizationServer
) -> None:
    """Raises :class:`Refusal` if the application may not use this ``response_type``.

    In the ``sei`` dialect it may be absent: then the type of the application's row is meant.
    """
    sent = values.get("response_type")
    own = RESPONSE_TYPES.get(application.standard.grant)
    if sent is None and server.rules.dialect == "rfc":
        missing = "response_type is missing."
        raise _refused(missing, expected=own, description=missing)
    if sent is not None and sent not in RESPONSE_TYPES.values():
        raise _refused(
            f"response_type is neither code nor token{did_you_mean(sent, RESPONSE_TYPES.values())}",
            kind=RESPONSE_TYPE_UNKNOWN,
            expected=own,
            actual=sent,
        )
    if own is None or sent not in (None, own):
        raise _refused(
            f"A {application.type} application uses {application.standard.grant_label}.",
            kind=GRANT_NOT_ALLOWED,
            expected=own,
            actual=sent,
            description="The application may not use this response_type.",
        )


def find_challenge(values: Mapping[str, str], application: Application) -> Challenge | None:
    """The code challenge of a request, None if it has none or if the grant has no code.

    Native applications must send one (RFC 8252 section 6). Raises :class:`Refusal`.
    """
    if application.standard.grant is GrantType.IMPLICIT:
        return None
    value, method = values.get("code_challenge"), values.get("code_challenge_method")
    if value is None:
        if application.standard.proof_key or method is not None:
            raise _refused(
                "code challenge required: send code_challenge (RFC 7636 section 4.4.1).",
                description="code challenge required",
            )
        return None
    try:
        return make_challenge(value, method)
    except ValueError as error:
        raise _refused(f"{error}.", description=f"{error}") from None


def find_flag(values: Mapping[str, str], name: str) -> bool:
    """The value of a parameter that is ``true`` or ``false``; False if it is absent.

    Raises :class:`Refusal` for any other value.
    """
    value = values.get(name, "false")
    if value not in ("true", "false"):
        wrong = f"{name} is neither true nor false"
        raise _refused(
            f"{wrong}{did_you_mean(value, ('true', 'false'))}",
            actual=value,
            description=f"{wrong}.",
        )
    return value == "true"


def approve(request: AuthorizationRequest, session: Session, server: AuthorizationServer) -> str:
    """The address to which a consent leads: it has a code, or a token in its fragment."""
    application, destination = request.application, request.destination
    if application.standard.grant is GrantType.IMPLICIT:
        authorization = server.authorize(
            application,
            user=session.user,
            scope=request.scope,
            session=session.identifier,
            redirect_address=destination.address,
        )
        token = server.mint(application, authorization, request.scope, issuer=destination.issuer)
        members = server.token_members(token, request.scope)
        return destination.location({name: _as_text(value) for name, value in members.items()})
    code = server.codes.issue(
        app_key=application.app_key,
        user=session.user,
        scope=request.scope,
        redirect_address=destination.address,
        redirect_sent=request.redirect_sent,
        challenge=request.challenge,
        session=session.identifier,
    )
    return destination.location({"code": code})


def _as_text(value: object) -> str:
    """A member of a token response, as a redirect address has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def start_session(request: AuthorizationRequest, user: str, server: AuthorizationServer) -> Session:
    """Logs a user in for a request. Raises :class:`RedirectedRefusal` if that is refused."""
    try:
        return server.start_session(user, end_others=request.end_other_sessions)
    except Refusal as refusal:
        why = refusal.why
        denied = Refusal(
            ACCESS_DENIED,
            check=why.check,
            because=why.because,
            expected=why.expected,
            actual=why.actual,
            description=refusal.description,
        )
        raise redirected(denied, request.destination) from None


def deny(request: AuthorizationRequest) -> RedirectedRefusal:
    """The answer to a request that the user denied."""
    refusal = Refusal(
        ACCESS_DENIED,
        check=checks.CONSENT,
        because="The user cancelled the log-in or denied access.",
        description="The user denied the request.",
    )
    return redirected(refusal, request.destination)
