"""The certificate pages: the platform's chain with every account, and each account's history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import Response

from mock_sei.certificates.accounts import AccountCertificates
from mock_sei.certificates.bundles import PathStep, path_down
from mock_sei.certificates.held import AccountCertificate, Origin
from mock_sei.certificates.profiles import Variant
from mock_sei.errors import UnknownCertificate
from mock_sei.journal.shell import shell_word
from mock_sei.rules.addresses import HOME
from mock_sei.rules.records import Application, CertificateSource
from mock_sei.web.portal.time_line import Axis, stamp
from mock_sei.web.portal.visit import PAGE, Visit, page_number, path_of, query_of

CERTIFICATES = f"{HOME}/certificates"

ISSUED_BY = {
    Origin.ISSUED: "mock-sei",
    Origin.SIGNED: "mock-sei, from your request",
    Origin.OWN: "your own CA",
}

VARIANTS = {
    Variant.VALID: "",
    Variant.EXPIRED: "A wrong one on purpose: its end is in the past.",
    Variant.NOT_YET_VALID: "A wrong one on purpose: its beginning is in the future.",
    Variant.UNTRUSTED: "A wrong one on purpose: a CA that the platform does not know signed it.",
    Variant.SELF_SIGNED: "A wrong one on purpose: its own key signed it, no CA.",
    Variant.WRONG_CN: "A wrong one on purpose: its CN is not the service account.",
}

COLOURS = {"current": "good", "superseded": "plain", "revoked": "bad", "expired": "bad"}
"""The colour of a state's word. A wrong variant has the one of ``not valid yet``."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A file, and the option or field of a client that gets it."""

    field: str = ""
    file: str


@dataclass(frozen=True, kw_only=True)
class ClientPlaces:
    """Which files a client needs, and where (docs/clients.md, docs/certificates.md)."""

    client: str
    own: tuple[Spot, ...]
    """The certificate and the private key of the account."""
    authority: Spot
    """The CA that signed the server's certificate."""


_PEM = (Spot(file="certificate.crt"), Spot(file="privatekey.key"))
_CA = Spot(file="ca.pem")
_STORE = "key store"

PLACES = (
    ClientPlaces(
        client="curl",
        own=(
            Spot(field="--cert", file="certificate.crt"),
            Spot(field="--key", file="privatekey.key"),
        ),
        authority=Spot(field="--cacert", file="ca.pem"),
    ),
    ClientPlaces(client="Python: requests, httpx2, aiohttp", own=_PEM, authority=_CA),
    ClientPlaces(client="Node", own=_PEM, authority=_CA),
    ClientPlaces(client="Go", own=_PEM, authority=_CA),
    ClientPlaces(
        client="Java",
        own=(Spot(field=_STORE, file="certificate.pfx"),),
        authority=Spot(field="trust store", file="truststore.p12"),
    ),
    ClientPlaces(client=".NET", own=(Spot(file="certificate.pfx"),), authority=_CA),
    ClientPlaces(
        client="Postman",
        own=(
            Spot(field="CRT file", file="certificate.crt"),
            Spot(field="KEY file", file="privatekey.key"),
        ),
        authority=Spot(field="CA certificates", file="ca.pem"),
    ),
    ClientPlaces(
        client="Windows, IIS", own=(Spot(field="Personal", file="certificate.pfx"),), authority=_CA
    ),
    ClientPlaces(
        client="Mac",
        own=(Spot(field="Keychain Access", file="certificate.pfx"),),
        authority=_CA,
    ),
)

ACCOUNT_FILES = ("certificate.crt", "privatekey.key", "certificate.pfx")
COMMON_FILES = ("ca.pem", "truststore.p12")


def download_lines(control: str, account: str | None) -> str:
    """Lines for a shell that download an account's files into the folder ``certs``, where the
    programs of docs/clients.md look for them. Without an account: only the server's CA."""
    common = [(each, each) for each in COMMON_FILES]
    files = ACCOUNT_FILES if account is not None else ()
    own = [(f"{account}/{each}", f"service-accounts/{account}/{each}") for each in files]
    return "\n".join(
        f"curl -sSf --create-dirs -o {shell_word([f'certs/{file}'])} "
        f"{shell_word([f'{control}/{path}'])}"
        for file, path in (*common, *own)
    )


BARS = {"current": "leaf", "superseded": "superseded"}
"""The colour of a certificate's bar. One that opens nothing has the colour ``lost``."""


def certificates(visit: Visit) -> Response:
    """The platform's chain, and one page of the applications with their current certificate."""
    registry, authority = visit.platform.registry, visit.platform.authority
    now = visit.platform.clock.now()
    number = page_number(visit.request.query_params.get("page"))
    start = (number - 1) * PAGE
    page = registry.applications.page(limit=PAGE, start=start)
    held = [(each, find_current(visit, each)) for each in page.records if each.service_account]
    axis = Axis.around(now, [each for _, each in held if each is not None])
    return visit.show(
        "certificates.html",
        now=stamp(now),
        moved=not visit.platform.clock.is_machine,
        axis=axis,
        chain=_chain(axis, path_down(authority.chain)),
        two_way_port=visit.platform.addresses.two_way_port,
        rows=[_row(visit, axis, *each) for each in held],
        others=len(page.records) - len(held),
        shown=f"{start + 1:,} to {start + len(page.records):,} of {page.count:,}",
        earlier=CERTIFICATES + query_of(page=number - 1) if number > 1 else None,
        later=CERTIFICATES + query_of(page=number + 1) if start + PAGE < page.count else None,
    )


def find_current(visit: Visit, application: Application) -> AccountCertificate | None:
    """The current certificate of an application, None without one. It makes none."""
    account = application.service_account
    return visit.platform.certificates.current(account) if account else None


def _row(
    visit: Visit, axis: Axis, application: Application, current: AccountCertificate | None
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account": application.service_account if application.approved else "",
        "application": application.name,
        "path": history_of(application),
        "bar": None,
    }
    if current is None:
        return row
    now = visit.platform.clock.now()
    return row | {
        "bar": axis.bar(current.not_before, current.not_after),
        "marks": _marks(visit, axis, current),
        "end": stamp(current.not_after),
        "left": in_words(current.not_after - now),
        "state": state_of(visit.platform.certificates, current, current, now),
    }


def history_of(application: Application) -> str:
    """The path of the page with an application's certificates."""
    return f"{path_of(application)}/certificates"


def account_certificates(visit: Visit) -> Response:
    """The history of an application's certificates, with the chain of the current one."""
    application = visit.application()
    current = provide_current(visit, application)
    held = visit.platform.certificates.of(application.service_account or "") if current else []
    return _history(visit, application, current or (held[-1] if held else None))


def account_certificate(visit: Visit) -> Response:
    """The page of one certificate: its chain, its dates, and what it is for."""
    application = visit.application()
    fingerprint = visit.request.path_params["fingerprint"]
    if application.service_account is None:
        raise UnknownCertificate(f"{application.name} has no service account and no certificate")
    found = visit.platform.certificates.find_by_fingerprint(
        application.service_account, fingerprint
    )
    return _history(visit, application, found)


def provide_current(visit: Visit, application: Application) -> AccountCertificate | None:
    """The current certificate. An account of the fixtures has none until it is looked at."""
    account, held = application.service_account, visit.platform.certificates
    if account is None:
        return None
    from_here = application.certificate is CertificateSource.SEI
    if from_here and application.approved and not held.of(account):
        held.provide(account)
    return held.current(account)


def _history(visit: Visit, application: Application, shown: AccountCertificate | None) -> Response:
    account = application.service_account
    held = visit.platform.certificates.of(account) if account else []
    now = visit.platform.clock.now()
    number = page_number(visit.request.query_params.get("page"))
    newest = held[::-1][(number - 1) * PAGE : number * PAGE]
    here = visit.request.url.path
    return visit.show(
        "account_certificates.html",
        status=200,
        application=application,
        account=account,
        path=path_of(application),
        history=history_of(application),
        now=stamp(now),
        moved=not visit.platform.clock.is_machine,
        certificate=_certificate(visit, shown) if shown else None,
        rows=certificate_rows(visit, application, newest),
        axis=Axis.around(now, newest),
        count=len(held),
        shown=f"{(number - 1) * PAGE + 1:,} to {(number - 1) * PAGE + len(newest):,} "
        f"of {len(held):,}",
        earlier=here + query_of(page=number - 1) if number > 1 else None,
        later=here + query_of(page=number + 1) if number * PAGE < len(held) else None,
        places=PLACES,
        downloads=download_lines(visit.addresses.control, account),
    )


def certificate_rows(
    visit: Visit, application: Application, shown: Sequence[AccountCertificate]
) -> list[dict[str, Any]]:
    """What tables say about some certificates of one application."""
    store, now = visit.platform.certificates, visit.platform.clock.now()
    current = find_current(visit, application)
    axis = Axis.around(now, shown)
    rows = []
    for each in shown:
        state = state_of(store, each, current, now)
        rows.append(
            {
                "serial": f"{each.serial_number:x}",
                "path": f"{history_of(application)}/{each.peer.fingerprint}",
                "not_before": stamp(each.not_before),
                "not_after": stamp(each.not_after),
                "first_day": f"{each.not_before:%Y-%m-%d}",
                "last_day": f"{each.not_after:%Y-%m-%d}",
                "issued_by": ISSUED_BY[each.origin],
                "state": state,
                "kind": BARS.get(state, "lost"),
                "bar": axis.bar(each.not_before, each.not_after),
            }
        )
    return rows


def state_of(
    store: AccountCertificates,
    certificate: AccountCertificate,
    current: AccountCertificate | None,
    now: datetime,
) -> str:
    """What becomes of a client that presents this certificate, in a word."""
    if store.is_revoked(certificate):
        return "revoked"
    if now > certificate.not_after:
        return "expired"
    if now < certificate.not_before:
        return "not valid yet"
    if certificate.variant is not Variant.VALID:
        return str(certificate.variant)
    is_current = certificate is current or certificate == current
    return "current" if is_current else "superseded"


def _certificate(visit: Visit, each: AccountCertificate) -> dict[str, Any]:
    store, now = visit.platform.certificates, visit.platform.clock.now()
    axis = Axis.around(now, [each])
    state = state_of(store, each, store.current(each.account), now)
    revoked_at = store.revocations.find_date(each.serial_number)
    is_ours = each.origin is not Origin.OWN
    return {
        "state": state,
        "colour": COLOURS.get(state, "waiting"),
        "variant": VARIANTS[each.variant],
        "serial": f"{each.serial_number:x}",
        "fingerprint": each.peer.fingerprint,
        "issued_by": ISSUED_BY[each.origin],
        "subject": each.certificate.subject.rfc4514_string(),
        "issuer": each.issuer,
        "not_before": stamp(each.not_before),
        "not_after": stamp(each.not_after),
        "left": in_words(each.not_after - now),
        "revoked_at": stamp(revoked_at) if revoked_at and is_ours and state == "revoked" else None,
        "axis": axis,
        "chain": _chain(axis, path_down((each.certificate, *each.chain)), is_account=True),
        "marks": _marks(visit, axis, each),
        "notices": _notices(visit, each, now),
        "has_key": each.has_key,
        "own": each.origin is Origin.OWN,
        "is_current": state == "current",
    }


def _chain(
    axis: Axis, steps: Sequence[PathStep], *, is_account: bool = False
) -> list[dict[str, Any]]:
    """The certificates from the root down, as the picture of the chain shows them."""
    last = len(steps) - 1
    return [
        {
            "role": _role(each, is_leaf=is_account and number == last),
            "is_leaf": is_account and number == last,
            "name": each.subject,
            "serial": f"{each.serial_number:x}",
            "not_before": stamp(each.not_before),
            "not_after": stamp(each.not_after),
            "bar": axis.bar(each.not_before, each.not_after),
        }
        for number, each in enumerate(steps)
    ]


def _role(step: PathStep, *, is_leaf: bool) -> str:
    is_root = step.is_self_issued
    if is_leaf:
        return "Certificate of the account" + (", signed by itself" if is_root else "")
    return "Root CA" if is_root else "Issuing CA"


def _marks(visit: Visit, axis: Axis, each: AccountCertificate) -> list[str]:
    """The places of the renewal notices on a bar. The platform renews no certificate of an own
    CA."""
    if each.origin is Origin.OWN or each.variant is not Variant.VALID:
        return []
    days = visit.portal.notice_days
    return [axis.at(each.not_after - timedelta(days=ahead)) for ahead in days]


def _notices(visit: Visit, each: AccountCertificate, now: datetime) -> list[dict[str, str]]:
    if not _marks(visit, Axis.around(now, [each]), each):
        return []
    return [
        {
            "days": f"{ahead} {'day' if ahead == 1 else 'days'}",
            "at": stamp(each.not_after - timedelta(days=ahead)),
            "state": _notice_state(visit, each, ahead, now),
        }
        for ahead in visit.portal.notice_days
    ]


def _notice_state(visit: Visit, each: AccountCertificate, ahead: int, now: datetime) -> str:
    if visit.portal.has_notified(each, ahead):
        return "sent"
    due = each.not_after - timedelta(days=ahead)
    if find_successor(visit, each) is not None:
        return "not sent: a newer certificate took its place"
    return in_words(due - now) if due > now else "not sent"


def find_successor(visit: Visit, each: AccountCertificate) -> AccountCertificate | None:
    """The certificate that took the place of this one, None if this one is current."""
    current = visit.platform.certificates.current(each.account)
    return None if current is None or current == each else current


_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)


def in_words(span: timedelta) -> str:
    """A time from now in words: ``in 30 days``, ``2 hours ago``."""
    length = abs(span)
    name, unit = next((each for each in _UNITS if length >= each[1]), ("", length))
    if not name:
        return "now"
    count = length // unit
    words = f"{count:,} {name}{'' if count == 1 else 's'}"
    return f"in {words}" if span > timedelta() else f"{words} ago"
