"""The assumptions, a class for each group of rows: types, defaults, reasons, and what shows them.

The fields of these classes are the rows of the table in ``table.py``; a row's name is that of its
group and its field. The platform's parts get these objects when a platform begins and at each
reset, and read their attributes: no request looks a row up by its name.

``seen_by`` names the probe of a real platform that shows a value, ``unseen`` says why none does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from mock_sei.assumptions.kinds import (
    HEADER,
    KEYED_PATH,
    MEMBER,
    PATH,
    TOKEN_TYPE,
    Choice,
    Days,
    Flag,
    InOrder,
    Members,
    Optional,
    Seconds,
    ValueKind,
    Whole,
)

ROW = "row"
"""The key of a field's metadata that has its :class:`RowTexts`."""


@dataclass(frozen=True, kw_only=True)
class RowTexts:
    """What the table says of a row besides its name and default."""

    kind: ValueKind
    reason: str
    changes: str
    seen_by: str | None
    unseen: str | None


def _row(
    kind: ValueKind,
    *,
    reason: str,
    changes: str,
    seen_by: str | None = None,
    unseen: str | None = None,
) -> Mapping[str, RowTexts]:
    """The metadata of a field that is a row."""
    texts = RowTexts(kind=kind, reason=reason, changes=changes, seen_by=seen_by, unseen=unseen)
    return {ROW: texts}


STANDARD_MEMBERS = frozenset(
    {
        *("access_token", "token_type", "expires_in", "scope", "refresh_token"),
        *("refresh_token_expires_in", "redirect_url", "email", "state", "iss"),
    }
)
"""The members that a token response may have without an assumption, also at a redirect address."""

_UNKNOWN_PATH = "no page and no metadata gives the path, so a probe does not know what to ask for"


@dataclass(frozen=True, kw_only=True)
class TokenRules:
    """Access tokens and the answer that brings one."""

    lifetime: timedelta = field(
        default=timedelta(minutes=60),
        metadata=_row(
            Seconds(),
            reason="documented (token page): 60 minutes in all",
            changes="how long an access token is accepted, and expires_in",
            seen_by="token",
        ),
    )
    idle_limit: timedelta = field(
        default=timedelta(minutes=30),
        metadata=_row(
            Seconds(),
            reason="documented (token page): 30 minutes; from the last use is assumed",
            changes="how long an access token is accepted without being used",
            seen_by="idle-token",
        ),
    )
    type: str | None = field(
        default=None,
        metadata=_row(
            Optional(text=TOKEN_TYPE, none="BearerToken, or Bearer in the rfc dialect"),
            reason="the create-token page shows BearerToken, RFC 6750 wants Bearer",
            changes="token_type in answers of the token endpoint and of token information",
            seen_by="token",
        ),
    )
    format: Literal["jwt", "opaque"] = field(
        default="jwt",
        metadata=_row(
            Choice("jwt", "opaque"),
            reason="no page shows a token of this platform",
            changes="whether an access token is a JWT, or the same in one word without dots",
            unseen="a recording has placeholders in place of tokens",
        ),
    )
    expires_in: Literal["integer", "string"] = field(
        default="integer",
        metadata=_row(
            Choice("integer", "string"),
            reason="RFC 6749 section 5.1; no page shows the answer of this endpoint",
            changes="whether expires_in and refresh_token_expires_in are numbers or texts",
            seen_by="token",
        ),
    )
    scope_named: bool = field(
        default=True,
        metadata=_row(
            Flag(),
            reason="RFC 6749 section 5.1 allows both",
            changes="whether the answer of the token endpoint names the scope",
            seen_by="token",
        ),
    )
    extra_members: Mapping[str, Any] = field(
        default_factory=dict,
        metadata=_row(
            Members(taken=STANDARD_MEMBERS),
            reason="no page shows the answer of this endpoint",
            changes="further members of each answer of the token endpoint that brings a token",
            seen_by="token",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class CodeRules:
    """Authorization codes."""

    lifetime: timedelta = field(
        default=timedelta(seconds=20),
        metadata=_row(
            Seconds(),
            reason="documented (authorization steps): 20 seconds",
            changes="how long an authorization code can be exchanged for a token",
            seen_by="late-code",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class RefreshTokenRules:
    """Refresh tokens."""

    lifetime: timedelta = field(
        default=timedelta(days=30),
        metadata=_row(
            Seconds(),
            reason="documented (get-token page): 30 days; from the first token is assumed",
            changes="how long the refresh tokens of a consent are accepted, and "
            "refresh_token_expires_in",
            seen_by="log-in",
        ),
    )
    rotates: bool = field(
        default=True,
        metadata=_row(
            Flag(),
            reason="the get-token page shows a new refresh token; RFC 6749 section 6 allows both",
            changes="whether each use of a refresh token gives a new one and ends the old one",
            seen_by="refresh",
        ),
    )
    reuse_ends_family: bool = field(
        default=True,
        metadata=_row(
            Flag(),
            reason="RFC 9700 section 4.14.2",
            changes="whether the second use of a refresh token ends every token of its consent",
            seen_by="used-refresh-token",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class SessionRules:
    """Sessions of end users."""

    lifetime: timedelta = field(
        default=timedelta(minutes=60),
        metadata=_row(
            Seconds(),
            reason="no page says it; as long as a token",
            changes="how long a log-in of an end user lives after it last gave a token",
            unseen="a probe would have to keep a browser's session for an hour",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Paths as clients call them. Operations keep the name that the default gives them."""

    token: str = field(
        default="/v2/oauthtoken",
        metadata=_row(
            PATH,
            reason="documented (token page)",
            changes="the path of the token endpoint; the other two token paths stay",
            seen_by="metadata",
        ),
    )
    authorize: str = field(
        default="/v2/oauth/authorize",
        metadata=_row(
            PATH,
            reason="no page gives the path",
            changes="the path of the authorization endpoint",
            seen_by="metadata",
        ),
    )
    login: str = field(
        default="/v2/oauth/login",
        metadata=_row(
            PATH,
            reason="no page gives the path",
            changes="the path of the log-in page, to which authorize sends the browser",
            seen_by="authorize",
        ),
    )
    token_information: str = field(
        default="/v2/oauth/tokeninfo",
        metadata=_row(
            PATH,
            reason="no page gives the path",
            changes="the path of the token information endpoint",
            unseen=_UNKNOWN_PATH,
        ),
    )
    revoke: str = field(
        default="/v2/oauth/revoke",
        metadata=_row(
            PATH,
            reason="no page gives the path",
            changes="the path of the revocation endpoint",
            seen_by="metadata",
        ),
    )
    insight_status: str = field(
        default="/v1/insight/status/{key}",
        metadata=_row(
            KEYED_PATH,
            reason="the page of pending transactions gives the path without its beginning",
            changes="the path under which the job of a write has its status",
            unseen=_UNKNOWN_PATH,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class PagingRules:
    """Pages of functional APIs that have a ``paging`` object."""

    total: str = field(
        default="totalCount",
        metadata=_row(
            MEMBER,
            reason="documented (portfolio pages)",
            changes="the member of paging with the number of all records",
            seen_by="first-page",
        ),
    )
    limit: str = field(
        default="limit",
        metadata=_row(
            MEMBER,
            reason="documented (portfolio pages); assumed for other products",
            changes="the member of paging with the size of a page, and its parameter",
            seen_by="first-page",
        ),
    )
    previous: str = field(
        default="previous",
        metadata=_row(
            MEMBER,
            reason="documented (portfolio pages)",
            changes="the member of paging with the link to the page before",
            seen_by="first-page",
        ),
    )
    next: str = field(
        default="next",
        metadata=_row(
            MEMBER,
            reason="the sample of the page is cut",
            changes="the member of paging with the link to the page behind",
            seen_by="first-page",
        ),
    )
    cursor: str = field(
        default="cursor",
        metadata=_row(
            MEMBER,
            reason="the sample of the page is cut",
            changes="the parameter that names the first record of a page, in links too",
            seen_by="first-page",
        ),
    )
    default: int = field(
        default=50,
        metadata=_row(
            Whole(least=1, most=10_000),
            reason="no page says it; as the largest page",
            changes="the records of a page if a call does not say how many it wants",
            seen_by="first-page",
        ),
    )
    maximum: int = field(
        default=50,
        metadata=_row(
            Whole(least=1, most=10_000),
            reason="documented (portfolio pages); assumed for other products",
            changes="the most records of a page, whatever a call asks for",
            seen_by="limit-500",
        ),
    )
    absolute_links: bool = field(
        default=True,
        metadata=_row(
            Flag(),
            reason="the sample of the page is cut",
            changes="whether previous and next are whole URLs, or begin with the path",
            seen_by="first-page",
        ),
    )


_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class RequestRules:
    """What a request may hold."""

    unknown_parameter: Literal["ignore", "refuse"] = field(
        default="ignore",
        metadata=_row(
            Choice("ignore", "refuse"),
            reason="no page says it; as in OAuth (RFC 6749 section 3.1)",
            changes="whether a functional call with a parameter that no document names is refused",
            seen_by="unknown-parameter",
        ),
    )
    repeated_parameter: Literal["refuse", "first", "last"] = field(
        default="refuse",
        metadata=_row(
            Choice("refuse", "first", "last"),
            reason="no page says it; as in OAuth (RFC 6749 section 3.1)",
            changes="what a functional call gets that has a query parameter of one value twice: "
            "a refusal, or the answer for its first or last value",
            seen_by="parameter-twice",
        ),
    )
    body_limit: int = field(
        default=8 * _MEBIBYTE,
        metadata=_row(
            Whole(least=1024, most=32 * _MEBIBYTE, unit=" of bytes"),
            reason="the API-standards page knows no limit; this server must stay in its memory",
            changes="the largest body of a functional call that is not an upload",
            seen_by="large-body",
        ),
    )
    tracking_header: str = field(
        default="RequestTrackingId",
        metadata=_row(
            HEADER,
            reason="the API-standards page gives the name; that it is a header is derived",
            changes="the header with the tracking id, of requests and of every answer",
            seen_by="first-page",
        ),
    )


APP_KEY, TOKEN, SCOPE, CERTIFICATE_NAME = "AppKey", "token", "scope", "certificate name"
_FROM_TOKEN = "it is read from the token"


@dataclass(frozen=True, kw_only=True)
class GatewayRules:
    """The gateway in front of the functional APIs."""

    order: tuple[str, ...] = field(
        default=(APP_KEY, TOKEN, SCOPE, CERTIFICATE_NAME),
        metadata=_row(
            InOrder(
                *(APP_KEY, TOKEN, SCOPE, CERTIFICATE_NAME),
                needs={
                    SCOPE: (TOKEN, _FROM_TOKEN),
                    CERTIFICATE_NAME: (TOKEN, "the service account is read from the token"),
                },
            ),
            reason="no page says which check comes first",
            changes="which refusal a call gets that has several mistakes",
            seen_by="two-mistakes",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class LinkRules:
    """Certificate links and renewal mails of the portal."""

    link_lifetime: timedelta = field(
        default=timedelta(days=7),
        metadata=_row(
            Seconds(),
            reason="no page says it; setting certificate_link_days",
            changes="how long a one-time certificate link works",
            unseen="the link comes by mail, and a probe would have to wait for days",
        ),
    )
    renewal_notices: tuple[int, ...] = field(
        default=(90, 30, 7),
        metadata=_row(
            Days(Whole(least=1, most=730)),
            reason="no page says when; setting renewal_notices",
            changes="how many days before a certificate's end a renewal mail comes",
            unseen="the mails come months before a certificate's end",
        ),
    )
