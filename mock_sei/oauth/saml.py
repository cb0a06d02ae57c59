"""SAML 2.0 assertions: it reads an :class:`Assertion`, only from the element that is signed.

This module checks the structure. The grant checks dates, audiences and users.

Sources: SAML core sections 2.3 to 2.5 and 3.2.2; RFC 7522 section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mock_sei.errors import GRANT_INVALID, Check
from mock_sei.oauth.signed_xml import (
    SIGNATURE,
    decode_parameter,
    local_name,
    parse_xml,
    require_signed,
)
from mock_sei.rules import checks

if TYPE_CHECKING:
    from lxml import etree

CHECK = checks.ASSERTION
_refused = Check(name=CHECK, kind=GRANT_INVALID, description="The assertion is not valid.").refusal

_ASSERTIONS = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
_ASSERTION = f"{_ASSERTIONS}Assertion"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

ROOTS = {"SAMLResponse": f"{_PROTOCOL}Response", "SAMLAssertion": _ASSERTION}
"""The root element that each parameter must hold, by the parameter's name."""

_CONDITIONS = {
    f"{_ASSERTIONS}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, kw_only=True)
class Window:
    """``NotBefore`` and ``NotOnOrAfter`` of one element; None if it has no such attribute."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """One bearer ``SubjectConfirmation``."""

    window: Window
    recipient: str | None


@dataclass(frozen=True, kw_only=True)
class Assertion:
    """The content of an assertion, read from the bytes that its signature covers."""

    identifier: str
    subject: str
    """The text of the Subject's NameID."""
    window: Window
    """The dates of its Conditions."""
    restrictions: tuple[tuple[str, ...], ...]
    """The audiences of each AudienceRestriction. Each restriction must be met."""
    confirmations: tuple[Confirmation, ...]
    """The SubjectConfirmations. If there are any, at least one must be met."""


def read_assertion(name: str, text: str, *, certificate: str, now: datetime) -> Assertion:
    """The assertion in the parameter ``name``, whose value is ``text``.

    Its signature is verified with a PEM ``certificate``, which must be valid at the time ``now``.
    Raises :class:`Refusal`.
    """
    root = parse_xml(name, decode_parameter(name, text))
    _require_root(name, root)

    def signed(holder: etree._Element) -> etree._Element:
        return require_signed(root, holder, certificate=certificate, now=now)

    if root.tag == _ASSERTION:
        return _record(signed(root))
    _check_status(root)  # before the signature: a report of a failure need not be signed
    if root.find(SIGNATURE) is not None:
        return _record(_only(signed(root), _ASSERTION))
    return _record(signed(_only(root, _ASSERTION)))


def _check_status(response: etree._Element) -> None:
    """Raises :class:`Refusal` if a Response does not report success (SAML core section 3.2.2)."""
    code = _only(_only(response, f"{_PROTOCOL}Status"), f"{_PROTOCOL}StatusCode")
    value = code.get("Value", "none")
    if value != _SUCCESS:
        raise _refused(
            "The Status of the Response is not Success.", expected=_SUCCESS, actual=value
        )


def _require_root(name: str, root: etree._Element) -> None:
    if root.tag != ROOTS[name]:
        raise _refused(
            f"{name} holds the wrong element; SAMLResponse must hold a Response, SAMLAssertion an "
            "Assertion.",
            expected=ROOTS[name],
            actual=root.tag,
        )


def _record(element: etree._Element) -> Assertion:
    """Reads a signed Assertion element (SAML core sections 2.3.3, 2.4.1 and 2.5.1)."""
    identifier = element.get("ID", "")
    if not identifier or element.get("Version") != "2.0":
        raise _refused(
            "The Assertion has no ID, or is not of version 2.0.",
            expected="2.0",
            actual=element.get("Version", "none"),
        )
    subject = _only(element, f"{_ASSERTIONS}Subject")
    conditions = element.findall(f"{_ASSERTIONS}Conditions")
    if len(conditions) > 1:
        raise _refused(f"The Assertion has {len(conditions)} Conditions elements.")
    held = [each for condition in conditions for each in condition]
    for each in held:
        if each.tag not in _CONDITIONS:
            raise _refused(
                "Conditions holds a condition that this server does not know, so the assertion "
                "cannot be accepted (SAML core section 2.5.1.1).",
                actual=str(each.tag),
            )
    return Assertion(
        identifier=identifier,
        subject=_text(_only(subject, f"{_ASSERTIONS}NameID")),
        window=_window(conditions),
        restrictions=tuple(
            tuple(_text(audience) for audience in each.findall(f"{_ASSERTIONS}Audience"))
            for each in held
            if each.tag == f"{_ASSERTIONS}AudienceRestriction"
        ),
        confirmations=tuple(_confirmations(subject)),
    )


def _confirmations(subject: etree._Element) -> Iterable[Confirmation]:
    for each in subject.findall(f"{_ASSERTIONS}SubjectConfirmation"):
        if each.get("Method") != _BEARER:
            raise _refused(
                "The Method of a SubjectConfirmation is not bearer.",
                expected=_BEARER,
                actual=each.get("Method", "none"),
            )
        data = each.findall(f"{_ASSERTIONS}SubjectConfirmationData")
        yield Confirmation(
            window=_window(data), recipient=data[0].get("Recipient") if data else None
        )


def _window(elements: list[etree._Element]) -> Window:
    """The dates of the first element; without an element, a window without start and end."""
    if not elements:
        return Window(start=None, end=None)
    return Window(start=_time(elements[0], "NotBefore"), end=_time(elements[0], "NotOnOrAfter"))


def _time(element: etree._Element, name: str) -> datetime | None:
    """The time in an ``xs:dateTime`` attribute. Without a zone it is UTC (SAML core, 1.3.3)."""
    text = element.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text) if _TIME.fullmatch(text) else None
    except ValueError:
        moment = None
    if moment is None:
        raise _refused(
            f"{name} of {local_name(element)} is not a time.",
            expected="a time such as 2026-01-31T12:00:00Z",
            actual=text,
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _only(parent: etree._Element, tag: str) -> etree._Element:
    found = parent.findall(tag)
    if len(found) != 1:
        name = tag.partition("}")[2]
        raise _refused(
            f"The {local_name(parent)} must hold one {name}, not encrypted.",
            expected="1",
            actual=f"{len(found)}",
        )
    return found[0]


def _text(element: etree._Element) -> str:
    """The text of an element that holds nothing else.

    A comment inside is refused: some XML readers would return only the text before it.
    """
    if len(element):
        raise _refused(f"{local_name(element)} holds something other than text.")
    return (element.text or "").strip()
