"""Checks of the token endpoint's answer: recognises the vendor's errors and explains them.

An answer is recognised by its ``code``, ``message`` and ``errors[].reason``, which the vendor
documents. Its status is not documented. ``error`` (RFC 6749 section 5.2) is used only if several
causes have the same ``code`` and ``message``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mock_sei.certificates.bundles import common_name
from mock_sei.doctor.findings import TOKEN, Finding, found, note, right
from mock_sei.doctor.material import own_certificate, readable
from mock_sei.doctor.observed import Ended, Observed, ObservedAnswer, Trust
from mock_sei.doctor.setup import Setup
from mock_sei.errors import (
    API_KEY,
    CERTIFICATE_NAME,
    GRANT_INVALID,
    GRANT_NOT_ALLOWED,
    GRANT_UNKNOWN,
    KEY_PAIR,
    REQUEST_INVALID,
    SCOPE_INVALID,
    SOURCE_ADDRESS,
    TOKEN_EXPIRED,
    TRAFFIC_PATTERN,
    RefusalKind,
)
from mock_sei.rules.standards import STANDARDS, GrantType

_KINDS: Mapping[str, tuple[RefusalKind, ...]] = {
    "answer-certificate-name": (CERTIFICATE_NAME,),
    "answer-listener": (TRAFFIC_PATTERN,),
    "answer-source-address": (SOURCE_ADDRESS,),
    "answer-api-key": (API_KEY,),
    "answer-expired": (TOKEN_EXPIRED,),
    "answer-key-pair": (KEY_PAIR,),
    "answer-account": (GRANT_INVALID,),
    "answer-grant": (GRANT_NOT_ALLOWED,),
    "answer-request": (REQUEST_INVALID, GRANT_UNKNOWN, SCOPE_INVALID),
}
_SHARED_WORDS = frozenset({KEY_PAIR.message})
"""Messages that several causes share; for these, ``error`` of RFC 6749 decides."""


def name_of_answer(answer: ObservedAnswer) -> str | None:
    """The name of the finding for an answer; None if a token came."""
    if answer.failure:
        return "no-answer"
    body = _content(answer)
    if answer.status == 200 and isinstance(body.get("access_token"), str):
        return None
    for name, kinds in _KINDS.items():
        if any(_is(kind, body) for kind in kinds):
            return name
    if body.get("message") in _SHARED_WORDS and "error" not in body:
        return "answer-key-pair"
    return "answer-other"


def is_key_pair_refusal(answer: ObservedAnswer) -> bool:
    """Whether the token endpoint refused AppKey and AppSecret."""
    return name_of_answer(answer) == "answer-key-pair"


def _is(kind: RefusalKind, body: Mapping[str, Any]) -> bool:
    if (body.get("code"), body.get("message")) != (kind.code, kind.message):
        return False
    if kind.message in _SHARED_WORDS:
        return bool(body.get("error") == kind.error)
    return _reasons(body) == ([kind.reason] if kind.reason else [])


def _reasons(body: Mapping[str, Any]) -> list[str]:
    errors = body.get("errors")
    entries = errors if isinstance(errors, list) else []
    return [str(each["reason"]) for each in entries if isinstance(each, dict) and "reason" in each]


def check_answer(setup: Setup, seen: Observed) -> Iterator[Finding]:
    """Checks the answer of the token endpoint, or tells why no token was requested."""
    answer = seen.answer
    if answer is None:
        why = _why_not_asked(setup, seen)
        if why:
            yield note(TOKEN, f"no token was requested: {why}")
        return
    name = name_of_answer(answer)
    if name is None:
        body = _content(answer)
        kind, expires = (readable(str(body.get(each)), 40) for each in ("token_type", "expires_in"))
        yield right(TOKEN, f"the server issued a token: token_type {kind}, expires_in {expires}")
        return
    swapped = seen.swapped_answer
    if swapped is not None and not swapped.failure and not is_key_pair_refusal(swapped):
        yield _finding(
            "pair-swapped",
            setup,
            answer,
            "AppKey and AppSecret are swapped: the server accepts them the other way round.",
            "exchange --app-key and --app-secret.",
        )
        return
    what, cure = _MEANING[name]
    if name == "no-answer":
        what = f"{what} ({readable(answer.failure)})"
    yield _finding(name, setup, answer, what, cure)


def _why_not_asked(setup: Setup, seen: Observed) -> str:
    if not seen.speaks_tls:
        return ""
    if seen.trust is None or seen.trust.failure:
        return "credentials are not sent to a server whose certificate could not be verified"
    if seen.trust != Trust():
        return "credentials are not sent to a server that is not trusted"
    if not setup.can_ask_for_a_token:
        return "it needs --app-key, --app-secret, --username and --password"
    if Ended.ANSWERED in [each.ended for each in seen.handshakes]:
        return "credentials are not sent to a server whose certificate has another name"
    return "there is no connection to the token endpoint"


def _rows() -> str:
    return "; ".join(
        f"{', '.join(row.application_types)} with actor {row.actor} ({row.owner}): "
        f"{row.grant_label} on {row.port}"
        for row in STANDARDS
        if row.grant is not GrantType.CLIENT_CREDENTIALS
    )


class _Meaning(NamedTuple):
    what: str
    cure: str


_MEANING: Mapping[str, _Meaning] = {
    "answer-key-pair": _Meaning(
        "The key pair is refused: AppKey or AppSecret is wrong, or has been refreshed; they belong "
        "to two applications or to another environment; or the application is not approved yet.",
        "copy both again from one application's page in the portal.",
    ),
    "answer-account": _Meaning(
        "The account is refused: its name or password is wrong, or the AppKey belongs to another "
        "application.",
        "compare --username with the service account on the application's page, and its password.",
    ),
    "answer-grant": _Meaning(
        "The application may not use client_credentials, which is for server-based applications "
        "without an end user.",
        f"use the application's own grant and port: {_rows()}.",
    ),
    "answer-source-address": _Meaning(
        "The source address is not on the application's list.",
        "ask for this machine's address to be added to the application; behind NAT or a proxy, SEI "
        "sees another address.",
    ),
    "answer-certificate-name": _Meaning(
        "The gateway says that the certificate's CN is not the service account.",
        "use the certificate of this account, or the account of this certificate.",
    ),
    "answer-listener": _Meaning(
        "The gateway says that this is the wrong listener for the application.",
        "server-based applications use port 444 or the MTLS host, with a certificate; single-page "
        "and native ones 443.",
    ),
    "answer-api-key": _Meaning(
        "The application is not granted this environment or API.",
        "use the URL and keys of one environment, or have the application granted this one.",
    ),
    "answer-request": _Meaning(
        "The server says that the request is malformed.",
        "compare it with the token page; the journal of mock-sei shows the reason.",
    ),
    "answer-expired": _Meaning(
        "The gateway says that a token expired.",
        "get a new token: it expires after 60 minutes, or after 30 minutes without use.",
    ),
    "answer-other": _Meaning(
        "The token endpoint's answer is not a documented one.",
        "after a 5xx, try again later; after a page or a redirect, look for another server or a "
        "proxy that answered; after a 404, correct the URL.",
    ),
    "no-answer": _Meaning(
        "The connection ended without an answer to the token request.",
        "try again; if it happens again, a proxy or firewall may end the connection.",
    ),
}


def _finding(name: str, setup: Setup, answer: ObservedAnswer, what: str, cure: str) -> Finding:
    expected, actual = _difference(name, setup, answer)
    shown = _shown(setup, answer)
    return found(
        name, what + (f"\n{shown}" if shown else ""), expected=expected, actual=actual, cure=cure
    )


def _difference(name: str, setup: Setup, answer: ObservedAnswer) -> tuple[str | None, str | None]:
    given, own = setup.options, own_certificate(setup)
    if name == "answer-certificate-name":
        cn = readable(common_name(own), 64) if own else "(no certificate)"
        return f"CN {readable(given.username or '')}", f"CN {cn}"
    if name == "answer-source-address":
        return "an address on the application's list", f"{answer.source_address} (at this end)"
    if name == "answer-account":
        return None, f"account {readable(given.username or '')}"
    if name == "answer-grant":
        return "the grant of the application's row", "client_credentials"
    if name == "answer-other":
        actual = f"status {answer.status}"
        return "a token, or the platform's error", actual + (
            f", Location {readable(answer.location)}" if answer.location else ""
        )
    return None, None


def _shown(setup: Setup, answer: ObservedAnswer) -> str:
    """The answer's body on one line, without the secrets that were sent."""
    if answer.failure:
        return ""
    body, given = answer.body, setup.options
    # The AppKey is hidden too: if the two are swapped, it is the secret.
    for secret in (given.app_secret, given.app_key, given.password, given.passphrase):
        if secret:
            body = body.replace(secret, "(secret)")
    token = _content(answer).get("access_token")
    if isinstance(token, str) and token:
        body = body.replace(token, "(token)")
    tracking_id = _content(answer).get("trackingId") or answer.tracking_id
    shown = f"the answer: {answer.status} {readable(body, 600)}"
    return shown + (f"\ntracking id for SEI: {readable(str(tracking_id))}" if tracking_id else "")


def _content(answer: ObservedAnswer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
