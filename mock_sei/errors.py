"""All exceptions that this package raises on purpose::

    MockSeiError
    ├── ConfigurationError     a wrong file, variable or option of the user
    ├── RegistryError          a record that is wrong, or that does not fit the others
    ├── UnknownAnswer          a scripted answer that was never set, or that was removed
    ├── UnknownApplication     an application that is not registered
    ├── UnknownAccount         a service account that is not registered
    ├── UnknownCertificate     a certificate that the account never had
    ├── UnknownCollection      a collection of records that no operation reads
    ├── UnknownFault           a fault that was never armed, or that was removed
    ├── UnknownMessage         a mail that is not in the mailbox
    ├── UnknownUser            an end user who does not exist
    ├── NoServer               no mock-sei server of this version answers at an address
    ├── Rejected               a registration, certificate or argument that is not acceptable
    ├── StoreAway              the store that keeps the state cannot be used now
    ├── MockSeiBug             mock-sei itself failed, which is never an answer of the platform
    └── Refusal                the platform refuses a request
        ├── NoToken            ... because it has no token at all
        ├── RedirectedRefusal  ... and reports that to the application's redirect address
        ├── MethodNotAllowed   ... because the path has other methods
        ├── UsedUp             ... because this machine has no more files, memory or threads
        └── MalformedRequest   ... because of wrong values in a functional call
            └── RepeatedMember  ... such as a JSON object that has a name twice

A :class:`Refusal` has two parts. Its :class:`RefusalKind` is public, a row of the table below: the
status and the words that SEI sends. Its :class:`Explanation` is only for the journal and the log.
Neither may have a secret or a whole token.

Sources: the error table of the error-handling FAQ, the sample of the API-standards FAQ, RFC 6749
section 5.2. The statuses are assumed; ``docs/fidelity.md`` says which words are documented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from mock_sei.values.texts import spelled


def one_line(text: str) -> str:
    """A text with its control characters escaped, so that a client cannot forge a log line."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


class MockSeiError(Exception):
    """The base class of all exceptions that this package raises on purpose."""


class ConfigurationError(MockSeiError):
    """A file, variable or option of the user is wrong. The command line then exits with status 2.

    ``source`` is the file, variable or option, ``key`` the place in it, ``value`` the wrong value.
    The message is one line.
    """

    def __init__(self, problem: str, *, source: object, key: str = "", value: object = None):
        self.problem, self.source, self.key = one_line(problem), str(source), key
        self.value = value
        self.faults: Sequence[ConfigurationError] = (self,)
        """All problems, if this error reports several of them."""
        place = f"{source}: {key}" if key else str(source)
        shown = "" if value is None else f" = {spelled(value)}"
        super().__init__(one_line(f"{place}{shown}: {problem}"))


_MOST_FAULTS = 20
"""One message lists so many problems of a user's files at most."""


def distinct(errors: Iterable[ConfigurationError]) -> list[ConfigurationError]:
    """The errors without duplicates, in the same order."""
    return list({str(each): each for each in errors}.values())


def raise_all(errors: Sequence[ConfigurationError]) -> None:
    """Raises one :class:`ConfigurationError` with all these problems, if there are any.

    Its source, key and value are those of the first.
    """
    if not errors:
        return
    faults = distinct(each for error in errors for each in error.faults)
    first, *others = faults
    if not others:
        raise first
    shown = "; ".join(str(each) for each in others[:_MOST_FAULTS])
    more = "" if len(others) <= _MOST_FAULTS else f"; and {len(others) - _MOST_FAULTS} more"
    problem = f"{first.problem}; further faults: {shown}{more}"
    found = ConfigurationError(problem, source=first.source, key=first.key, value=first.value)
    found.faults = faults
    raise found


class RegistryError(MockSeiError, ValueError):
    """A record that is wrong, or that does not fit the others.

    ``place`` is the path of the wrong record and key, ``value`` the wrong value.
    """

    def __init__(self, problem: str, *place: str | int, value: object = None):
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.value = value


class UnknownAnswer(MockSeiError):
    """A scripted answer that was never set, or that was removed."""


class UnknownApplication(MockSeiError):
    """No application has this name or AppKey. The message lists some that exist."""


class UnknownAccount(MockSeiError):
    """No service account has this user name. The message lists some that exist."""


class UnknownCertificate(MockSeiError):
    """The service account never had such a certificate, or the platform does not have its key."""


class UnknownCollection(MockSeiError):
    """No operation reads such a collection. The message suggests similar names."""


class UnknownFault(MockSeiError):
    """A fault that was never armed, or that was removed."""


class UnknownMessage(MockSeiError):
    """No mail has this number."""


class UnknownUser(MockSeiError):
    """No end user has this e-mail address. The message lists some that exist."""


class NoServer(MockSeiError):
    """A running server is needed, and there is none that can be used. The message is one line."""


class Rejected(MockSeiError, ValueError, TypeError):
    """Arguments or fields are wrong. ``problems`` has one sentence for each of them.

    It is also a ``ValueError`` and a ``TypeError``, since callers in Python expect one of them for
    a wrong argument.
    """

    def __init__(self, problems: Mapping[str, str]):
        told = "; ".join(f"{field}: {problem}" for field, problem in problems.items())
        super().__init__(one_line(told) if len(told.splitlines()) > 1 else told)
        self.problems = dict(problems)


class StoreAway(MockSeiError):
    """The store that keeps the state cannot be used now. The message says why, in one line."""


class MockSeiBug(MockSeiError):
    """mock-sei itself failed. The message has the traceback."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RefusalKind:
    """The public part of a refusal: the status and the words that the client gets.

    Each kind is compared by its identity: a platform may answer it with other words.
    """

    status: int
    code: str
    message: str
    reason: str | None = None
    """The only entry of ``errors[]``, if there is one, as in the documented rows 2 and 3."""
    error: str | None = None
    """The error code of RFC 6749, if an OAuth endpoint can answer this."""
    description: str = ""
    """The default ``error_description``, in our words."""
    transient: bool = False
    """True if the same request may succeed a little later. A ``Retry-After`` says when."""


_ACCESS = "gateway.access.failure"
_PRECONDITIONS = "Preconditions not met. The security conditions for gateway access were not met"
_AUTHENTICATION = "gateway.authentication.failure"
_CREDENTIALS = "Gateway Authentication Failed, Please validate Credentials"


def _access(reason: str | None, description: str) -> RefusalKind:
    return RefusalKind(
        status=403,
        code=_ACCESS,
        message=_PRECONDITIONS,
        reason=reason,
        error="unauthorized_client",
        description=description,
    )


def _credentials(status: int, error: str, description: str) -> RefusalKind:
    return RefusalKind(
        status=status,
        code=_AUTHENTICATION,
        message=_CREDENTIALS,
        error=error,
        description=description,
    )


SOURCE_ADDRESS = _access(None, "The source address is not on the application's list.")
CERTIFICATE_NAME = _access(
    "Authorization Failed.", "The client certificate is not the one of the service account."
)
TRAFFIC_PATTERN = _access(
    "The incoming traffic pattern is invalid.", "The application must use its other listener."
)
SCOPE_MISSING = _access(None, "The token's scope does not reach this resource.")
API_KEY = RefusalKind(
    status=401,
    code=_AUTHENTICATION,
    message="Invalid ApiKey for given resource",
    error="invalid_client",
    description="The AppKey has no access to this API or environment.",
)
TOKEN_EXPIRED = RefusalKind(status=401, code=_AUTHENTICATION, message="Access Token expired")
TOKEN_INVALID = RefusalKind(status=401, code=_AUTHENTICATION, message=_CREDENTIALS)
KEY_PAIR = _credentials(401, "invalid_client", "AppKey and AppSecret are wrong or missing.")
GRANT_INVALID = _credentials(400, "invalid_grant", "The credentials of the grant are not valid.")
GRANT_NOT_ALLOWED = _credentials(
    400, "unauthorized_client", "The application may not use this grant_type."
)
GRANT_UNKNOWN = _credentials(400, "unsupported_grant_type", "The grant_type is not known.")
REQUEST_INVALID = _credentials(
    400, "invalid_request", "A parameter is missing, repeated or malformed."
)
RESPONSE_TYPE_UNKNOWN = _credentials(
    400, "unsupported_response_type", "The response_type is not known."
)
ACCESS_DENIED = _credentials(403, "access_denied", "The user or the platform denied the request.")
SCOPE_INVALID = _credentials(400, "invalid_scope", "The scope is not known or not granted.")

PARAMETER_INVALID = RefusalKind(
    status=400, code="request.validation.failure", message="The request has invalid values"
)
NOT_FOUND = RefusalKind(
    status=404, code="resource.not.found", message="The resource does not exist"
)
NOT_RECORDED = RefusalKind(
    status=404,
    code="resource.not.recorded",
    message="The recording of this test server has no such call",
)
NOT_AUTHORIZED = RefusalKind(
    status=404, code="resource.access.failure", message="Not authorized to perform the action"
)
"""The meaning of 404 on the eSign page, in our words."""
CONFLICT = RefusalKind(
    status=409,
    code="resource.state.failure",
    message="The request conflicts with the current state of the resource",
)
PAYLOAD_INVALID = RefusalKind(
    status=422, code="request.payload.failure", message="The payload of the request is not valid"
)
METHOD_NOT_ALLOWED = RefusalKind(
    status=405,
    code="request.method.failure",
    message="The method is not allowed on this resource",
    error="invalid_request",
    description="The endpoint takes another method.",
)
LINK_DEAD = RefusalKind(
    status=410,
    code="resource.gone",
    message="The certificate link is dead: it is good for one download, for a limited time",
    reason="Ask for a new link: on the application's page in the portal (/portal), or with "
    "POST /service-accounts/{username}/certificate-links of the control API.",
)
BODY_TOO_LARGE = RefusalKind(
    status=413,
    code="request.size.failure",
    message="The request body is too large",
    error="invalid_request",
    description="The request body is too large.",
)
NOT_HTTP = RefusalKind(
    status=400, code="request.syntax.failure", message="The request is not valid HTTP"
)
REQUEST_STALLED = RefusalKind(
    status=408, code="request.time.failure", message="The request did not come in time"
)
EXHAUSTED = RefusalKind(
    status=503,
    code="server.resource.failure",
    message="The test server's machine ran out of something",
)
STORE_AWAY = RefusalKind(
    status=503,
    code="server.resource.failure",
    message="The test server cannot reach its state",
    error="temporarily_unavailable",
    transient=True,
)
LIVE_PAGES_FULL = RefusalKind(
    status=503,
    code="server.resource.failure",
    message="So many pages are live that no other one can be",
)
HEAD_TOO_LARGE = RefusalKind(
    status=431, code="request.size.failure", message="The headers of the request are too large"
)

KINDS: Mapping[str, RefusalKind] = {
    name.lower(): each for name, each in list(globals().items()) if isinstance(each, RefusalKind)
}
"""The whole table, by the names of its rows in lower case: ``certificate_name``."""
REDIRECTED = frozenset({"response_type_unknown", "access_denied"})
"""Kinds that an OAuth client sees only at its redirect address, which has ``error`` and
``error_description`` and nothing else of a kind."""

ONLY_OURS = frozenset({"not_recorded", "live_pages_full"})
"""Kinds of what the real platform does not have, replay and live pages: nothing is assumed."""


class Words:
    """The public part of each kind of refusal, as one platform answers it."""

    def __init__(self, changed: Mapping[RefusalKind, RefusalKind] | None = None) -> None:
        """``changed`` has the kinds that are answered otherwise than in the table above."""
        self._changed = dict(changed or {})

    def of(self, refusal: Refusal) -> RefusalKind:
        """What the client gets of a refusal."""
        return self._changed.get(refusal.kind, refusal.kind)

    def description_of(self, refusal: Refusal) -> str:
        """The ``error_description``. It is the message of a kind that has no description."""
        changed = self._changed.get(refusal.kind)
        if changed is None or refusal.description != refusal.kind.message:
            return refusal.description
        return changed.message


AS_WRITTEN = Words()
"""The words of a platform that answers each kind as the table above has it."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """The private part of a refusal, for the journal and the log."""

    check: str
    """The name of the check that refused."""
    because: str
    """One or two sentences that say what is wrong and what to do."""
    expected: str | None = None
    actual: str | None = None
    """``expected`` and ``actual`` are the two values that differ, if there are two. They may have
    secrets: whoever stores or sends them must first hide the secrets, and then cut long values."""
    reasons: tuple[str, ...] = ()
    """All problems one by one, if there are several. ``because`` has them all, too."""


class Refusal(MockSeiError):
    """The platform refuses a request, by the first check that fails.

    ``description`` is the public ``error_description``. It must not repeat what the client sent,
    and it may only have the characters that RFC 6749 section 5.2 allows: printable ASCII without
    quote and backslash.
    """

    def __init__(
        self,
        kind: RefusalKind,
        *,
        check: str,
        because: str,
        expected: str | None = None,
        actual: str | None = None,
        description: str | None = None,
    ):
        super().__init__(because)
        self.kind = kind
        self.description = description or kind.description or kind.message
        self.why = Explanation(check=check, because=because, expected=expected, actual=actual)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check of the platform: its name in the journal, and the kind of its refusals."""

    name: str
    kind: RefusalKind
    description: str | None = None
    """The ``error_description`` of its refusals, if they do not have another one."""

    def refusal(
        self,
        because: str,
        *,
        kind: RefusalKind | None = None,
        expected: str | None = None,
        actual: str | None = None,
        description: str | None = None,
    ) -> Refusal:
        """A refusal by this check. :class:`Explanation` and :class:`Refusal` say what it needs."""
        return Refusal(
            kind or self.kind,
            check=self.name,
            because=because,
            expected=expected,
            actual=actual,
            description=description or self.description,
        )


class UsedUp(Refusal):
    """This machine has no more files, memory, disk space or threads. The body says which."""

    def __init__(self, missing: str):
        """``missing`` says what there is no more of, and what to do."""
        super().__init__(EXHAUSTED, check="machine", because=f"On this machine {missing}.")
        self.missing = missing


class NoToken(Refusal):
    """The call has no token. Then the challenge has no ``error`` (RFC 6750 section 3.1)."""


class RedirectedRefusal(Refusal):
    """A refused authorization request whose error goes to the redirect address ``location``."""

    def __init__(self, refusal: Refusal, location: str):
        why = refusal.why
        super().__init__(
            refusal.kind,
            check=why.check,
            because=why.because,
            expected=why.expected,
            actual=why.actual,
            description=refusal.description,
        )
        self.location = location


class MethodNotAllowed(Refusal):
    """The path exists, but not with this method. ``allowed`` goes into the ``Allow`` header.

    A path that has GET also has HEAD (RFC 9110 section 9.1).
    """

    def __init__(self, method: str, path: str, allowed: tuple[str, ...]):
        allowed = with_head(allowed)
        super().__init__(
            METHOD_NOT_ALLOWED,
            check="method",
            because=f"{path} takes {listed(allowed)}, not {method}.",
            expected=", ".join(allowed),
            actual=method,
        )
        self.allowed = allowed


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: ``GET, HEAD and POST``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def with_head(methods: Iterable[str]) -> tuple[str, ...]:
    """The methods of a path, with a HEAD after each GET."""
    named = ((each, "HEAD") if each == "GET" else (each,) for each in methods)
    return tuple(dict.fromkeys(chain.from_iterable(named)))


class InvalidValue(NamedTuple):
    """One wrong value in a functional call: an entry of ``errors[]``."""

    field: str
    location: str
    reason: str


class MalformedRequest(Refusal):
    """A functional call has wrong values. ``errors[]`` has an entry for each of them."""

    def __init__(self, faults: Sequence[InvalidValue], kind: RefusalKind = PARAMETER_INVALID):
        reasons = tuple(f"{fault.location} {fault.field}: {fault.reason}" for fault in faults)
        because = "; ".join(reasons)
        super().__init__(kind, check="parameters", because=because)
        self.why = Explanation(check="parameters", because=because, reasons=reasons)
        self.faults = tuple(faults)


class RepeatedMember(MalformedRequest):
    """A JSON object has a name twice, so it is not clear which value is meant (RFC 8259, 4)."""


def error_body(refusal: Refusal, tracking_id: str, words: Words = AS_WRITTEN) -> dict[str, object]:
    """The body of every refusal (API-standards FAQ).

    ``transient`` is a boolean and ``errors`` is always present, as on the error-handling page. The
    sample of the API-standards FAQ has the string ``"false"``. ``words`` are those of the platform
    that answers.
    """
    kind = words.of(refusal)
    errors: list[dict[str, str]] = []
    if kind.reason:
        errors = [{"reason": kind.reason}]
    elif isinstance(refusal, MalformedRequest):
        errors = [fault._asdict() for fault in refusal.faults]
    elif isinstance(refusal, UsedUp):
        errors = [{"reason": refusal.missing}]
    return {
        "code": kind.code,
        "message": kind.message,
        "trackingId": tracking_id,
        "transient": kind.transient,
        "errors": errors,
    }


def oauth_error_body(
    refusal: Refusal, tracking_id: str, words: Words = AS_WRITTEN
) -> dict[str, object]:
    """The body of an OAuth endpoint's refusal: :func:`error_body` and the members of RFC 6749
    section 5.2, which OAuth libraries read.
    """
    return error_body(refusal, tracking_id, words) | {
        "error": refusal.kind.error or "invalid_request",
        "error_description": words.description_of(refusal),
    }
