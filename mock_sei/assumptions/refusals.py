"""The rows of refusals: five for each kind in the error table of ``errors.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from mock_sei.assumptions.kinds import LINE, Flag, Optional, ValueKind, Whole
from mock_sei.errors import KINDS, ONLY_OURS, REDIRECTED, RefusalKind, Words

MEMBERS: Mapping[str, ValueKind] = MappingProxyType(
    {
        "status": Whole(least=400, most=599),
        "code": LINE,
        "message": LINE,
        "reason": Optional(
            text=LINE, none="errors[] is empty, or has an entry for each wrong value"
        ),
        "transient": Flag(),
    }
)
"""What of a kind can be changed."""
CHANGES: Mapping[str, str] = MappingProxyType(
    {
        "status": "the status of the answer",
        "code": "the member code of the body",
        "message": "the member message of the body",
        "reason": "the only entry of errors[] in the body",
        "transient": "the member transient of the body",
    }
)


@dataclass(frozen=True, kw_only=True)
class RefusalSource:
    """Where a kind of refusal is from, and what shows it."""

    when: str
    """When a client gets it."""
    reason: str
    seen_by: str | None = None
    unseen: str | None = None

    def reason_of(self, member: str) -> str:
        """Why a member of the kind is what it is."""
        is_assumed = member == "status" and self.reason.startswith(_DOCUMENTED)
        return _STATUS if is_assumed else self.reason


_DOCUMENTED = "documented (error"
_STATUS = "no page gives it; 403 for access, 401 for authentication"
_FAQ = "documented (error-handling FAQ, row {})"
_ESIGN = "the status is documented (eSign page), the words are assumed"
_OWN = "only this test server has it"
_OAUTH = "the status is that of RFC 6749 section 5.2, the words are those of rows 4 and 5"
_HTTP = "the status is that of RFC 9110, the words are assumed"

SOURCES: Mapping[str, RefusalSource] = MappingProxyType(
    {
        "source_address": RefusalSource(
            when="the source address is not on the application's list",
            reason=_FAQ.format(1),
            unseen="a probe would have to call from an address that is not registered",
        ),
        "certificate_name": RefusalSource(
            when="the certificate is not the one of the service account",
            reason=_FAQ.format(2),
            seen_by="other-certificate",
        ),
        "traffic_pattern": RefusalSource(
            when="the application must use its other listener",
            reason=_FAQ.format(3),
            seen_by="wrong-listener",
        ),
        "scope_missing": RefusalSource(
            when="the token's scope does not reach the resource",
            reason="status and code as in row 1 of the error-handling FAQ; RFC 6750 section 3.1",
            unseen="a probe would need an application that may ask for another scope",
        ),
        "api_key": RefusalSource(
            when="the AppKey has no access to the API or environment",
            reason=_FAQ.format(5),
            seen_by="no-app-key",
        ),
        "token_expired": RefusalSource(
            when="the access token is too old, or was not used for too long",
            reason=_FAQ.format(4),
            seen_by="idle-token",
        ),
        "token_invalid": RefusalSource(
            when="there is no access token, or it is wrong or revoked",
            reason=_FAQ.format(4),
            seen_by="garbled-token",
        ),
        "key_pair": RefusalSource(
            when="AppKey and AppSecret are wrong or missing",
            reason=_OAUTH,
            seen_by="no-key-pair",
        ),
        "grant_invalid": RefusalSource(
            when="the password, code, refresh token or assertion is not valid",
            reason=_OAUTH,
            seen_by="wrong-password",
        ),
        "grant_not_allowed": RefusalSource(
            when="the application may not use the grant_type",
            reason=_OAUTH,
            seen_by="forbidden-grant",
        ),
        "grant_unknown": RefusalSource(
            when="the grant_type is not known", reason=_OAUTH, seen_by="unknown-grant"
        ),
        "request_invalid": RefusalSource(
            when="a parameter of an OAuth request is missing, repeated or malformed",
            reason=_OAUTH,
            seen_by="no-grant-type",
        ),
        "scope_invalid": RefusalSource(
            when="the scope is not known or not granted", reason=_OAUTH, seen_by="unknown-scope"
        ),
        "parameter_invalid": RefusalSource(
            when="a functional call has wrong values",
            reason="the status is documented (API-standards FAQ), the words are assumed",
            seen_by="garbled-cursor",
        ),
        "not_found": RefusalSource(
            when="there is no such path or record", reason=_HTTP, seen_by="unknown-path"
        ),
        "not_authorized": RefusalSource(
            when="a trade is not the caller's", reason=_ESIGN, seen_by="unknown-opportunity"
        ),
        "conflict": RefusalSource(
            when="the resource is not in the right state",
            reason=_ESIGN,
            unseen="a probe would have to start a ceremony, whose mail goes to a person",
        ),
        "payload_invalid": RefusalSource(
            when="the JSON of a body does not fit", reason=_ESIGN, seen_by="invalid-payload"
        ),
        "method_not_allowed": RefusalSource(
            when="the path exists, but not with this method", reason=_ESIGN, seen_by="wrong-method"
        ),
        "link_dead": RefusalSource(
            when="a certificate link is used up or too old",
            reason="the status is that of RFC 9110 section 15.5.11; no page says what comes",
            unseen="the link comes by mail",
        ),
        "body_too_large": RefusalSource(
            when="the body is larger than this server accepts", reason=_HTTP, seen_by="large-body"
        ),
        "not_http": RefusalSource(
            when="what came is not valid HTTP", reason=_HTTP, seen_by="broken-request"
        ),
        "request_stalled": RefusalSource(
            when="the head of a request does not come in time", reason=_HTTP, seen_by="slow-head"
        ),
        "exhausted": RefusalSource(
            when="the test server's machine has no memory, disk space or files left",
            reason=_OWN,
            unseen=_OWN,
        ),
        "store_away": RefusalSource(
            when="the test server cannot reach its state", reason=_OWN, unseen=_OWN
        ),
        "head_too_large": RefusalSource(
            when="the headers are larger than this server accepts",
            reason="the status is that of RFC 6585 section 5, the words are assumed",
            seen_by="large-head",
        ),
    }
)
"""All kinds but those that only a redirect address gets, by name."""


def changeable() -> Iterator[tuple[str, RefusalKind]]:
    """The kinds that have rows, by name."""
    return ((name, kind) for name, kind in KINDS.items() if name not in REDIRECTED | ONLY_OURS)


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """The kinds of refusals that are answered otherwise, and the words for all of them."""

    changed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By the name of the kind, its changed members."""
    words: Words = field(default_factory=Words, compare=False)

    @classmethod
    def of(cls, changed: Mapping[str, Mapping[str, Any]]) -> Refusals:
        """``changed`` has what differs from the error table."""
        words = {KINDS[name]: replace(KINDS[name], **each) for name, each in changed.items()}
        return cls(changed=changed, words=Words(words))
