"""Checks of the token endpoint's answer: the vendor's words, and what they mean.

An answer is told by its ``code``, ``message`` and ``errors[].reason``, which are documented; its
status is not, and ``error`` (RFC 6749 section 5.2) only helps where the platform's words are
shared by several causes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mock_sei.certificates.bundles import common_name
from mock_sei.doctor.findings import TOKEN, Finding, found, note, right
from mock_sei.doctor.material import own_certificate, readable
from mock_sei.doctor.observed import Answer, Ended, Observed, Trust
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
"""Messages that do not tell a cause alone: the RFC's code decides."""


def name_of_answer(answer: Answer) -> str | None:
    """The finding an answer is, None where a token came."""
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


def is_key_pair_refusal(answer: Answer) -> bool:
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
    answer = seen.answer
    if answer is None:
        why = _why_not_asked(setup, seen)
        if why:
            yield note(TOKEN, f"not tried: {why}")
        return
    name = name_of_answer(answer)
    if name is None:
        body = _content(answer)
        kind, expires = (readable(str(body.get(each)), 40) for each in ("token_type", "expires_in"))
        yield right(TOKEN, f"a token came: token_type {kind}, expires_in {expires}")
        return
    swapped = seen.swapped_answer
    if swapped is not None and not swapped.failure and not is_key_pair_refusal(swapped):
        yield _finding(
            "pair-swapped",
            setup,
            answer,
            "AppKey and AppSecret are swapped: exchanged, the pair is accepted.",
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
        return "it wants --app-key, --app-secret, --username and --password"
    if Ended.ANSWERED in [each.ended for each in seen.handshakes]:
        return "credentials are not sent to a server of another name"
    return "no connection got through to the token endpoint"


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
        "The key pair is refused: AppKey or AppSecret is wrong, of two applications, refreshed "
        "since, of another environment, or the application waits for approval.",
        "copy both anew from one application's page in the portal.",
    ),
    "answer-account": _Meaning(
        "The account is refused: its name or password is wrong, or it is the account of another "
        "application than the AppKey's.",
        "compare --username with the service account on the application's page, and its password.",
    ),
    "answer-grant": _Meaning(
        "The application may not use client_credentials, which is for server-based applications "
        "without an end user.",
        f"use the application's own grant and port: {_rows()}.",
    ),
    "answer-source-address": _Meaning(
        "The source address is not on the application's list.",
        "have this machine's address as SEI sees it, behind NAT or proxy another one, added to the "
        "application.",
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
        "The request is refused as malformed.",
        "compare it with the token page; mock-sei has the reason in its journal.",
    ),
    "answer-expired": _Meaning(
        "The gateway says that a token expired.",
        "get a new one: tokens live 60 minutes, 30 of them idle.",
    ),
    "answer-other": _Meaning(
        "The token endpoint's answer is none of the documented ones.",
        "a 5xx: try again later; a page or a redirect: another server or a proxy answered; 404: "
        "the URL.",
    ),
    "no-answer": _Meaning(
        "The connection ended without an answer to the token request.",
        "try again; if it stays, a proxy or firewall may have cut it.",
    ),
}


def _finding(name: str, setup: Setup, answer: Answer, what: str, cure: str) -> Finding:
    expected, actual = _difference(name, setup, answer)
    shown = _shown(setup, answer)
    return found(
        name, what + (f"\n{shown}" if shown else ""), expected=expected, actual=actual, cure=cure
    )


def _difference(name: str, setup: Setup, answer: Answer) -> tuple[str | None, str | None]:
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


def _shown(setup: Setup, answer: Answer) -> str:
    """The body as it came, on one line, without what was sent as a secret."""
    if answer.failure:
        return ""
    body, given = answer.body, setup.options
    # The AppKey too: where the two are swapped it is the secret.
    for secret in (given.app_secret, given.app_key, given.password, given.passphrase):
        if secret:
            body = body.replace(secret, "(secret)")
    token = _content(answer).get("access_token")
    if isinstance(token, str) and token:
        body = body.replace(token, "(token)")
    tracking_id = _content(answer).get("trackingId") or answer.tracking_id
    shown = f"the answer: {answer.status} {readable(body, 600)}"
    return shown + (f"\ntracking id for SEI: {readable(str(tracking_id))}" if tracking_id else "")


def _content(answer: Answer) -> dict[str, Any]:
    try:
        content = json.loads(answer.body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
