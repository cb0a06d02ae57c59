"""Checks of the connection, the handshakes and the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from cryptography import x509

from mock_sei.doctor.alerts import ALERTS, BLAMED
from mock_sei.doctor.containers import has_store
from mock_sei.doctor.findings import (
    CLOCK,
    CONNECTION,
    HANDSHAKE,
    Finding,
    found,
    note,
    right,
)
from mock_sei.doctor.identity import CHAIN_CURE, chain_faults, describe_fault
from mock_sei.doctor.material import (
    certificates_in,
    describe,
    own_certificate,
    readable,
)
from mock_sei.doctor.observed import Ended, Observed, ObservedHandshake, Reached
from mock_sei.doctor.setup import Setup
from mock_sei.doctor.wire import readable_name
from mock_sei.rules.connection import ChainProblem
from mock_sei.rules.standards import DOCUMENTED_PORTS, Listener

MOST_SKEW = timedelta(minutes=1)

_PORTS = (
    f"{DOCUMENTED_PORTS[Listener.TWO_WAY]} with a client certificate, "
    f"{DOCUMENTED_PORTS[Listener.ONE_WAY]} without (mock-sei without privileges: 8444 and 8443)"
)
_BLOCKED = (
    "ask if a firewall or proxy is on the way, and if this machine's address is registered with "
    "SEI."
)


def check_connection(setup: Setup, seen: Observed) -> Iterator[Finding]:
    """Checks whether the server can be reached, and whether its port supports TLS."""
    target = setup.target
    where = f"{readable(target.host)} port {target.port}"
    if seen.reached is Reached.UNRESOLVED:
        yield found(
            "name-unresolved",
            f"The name {readable(target.host)} does not resolve: {seen.problem}.",
            cure="check its spelling; it may be known only in another network's DNS (VPN).",
        )
    elif seen.reached is Reached.REFUSED:
        yield found(
            "port-closed",
            f"Nothing listens on {where}.",
            expected=_PORTS,
            actual=str(target.port),
            cure="correct the port, or start the server.",
        )
    elif seen.reached is Reached.TIMED_OUT:
        yield found("connection-timeout", f"No connection to {where} in time.", cure=_BLOCKED)
    elif seen.reached is Reached.UNREACHABLE:
        yield found("unreachable", f"{where} cannot be reached: {seen.problem}.", cure=_BLOCKED)
    elif seen.is_control:
        yield found(
            "port-control",
            f"{where} is mock-sei's control listener: plain HTTP, only for tests.",
            expected=_PORTS,
            actual=str(target.port),
            cure="use the two-way URL that `mock-sei serve` prints.",
        )
    elif seen.plain is not None:
        yield found(
            "port-plain-http",
            f"{where} speaks plain HTTP.",
            expected="TLS",
            actual=readable(seen.plain, 100),
            cure=f"use the platform's port: {_PORTS}.",
        )
    elif any(each.ended is Ended.NOT_TLS for each in seen.handshakes):
        yield found(
            "port-not-tls",
            f"{where} speaks neither TLS nor HTTP.",
            expected=_PORTS,
            actual=str(target.port),
            cure="correct the port.",
        )
    else:
        does = "speaks TLS" if seen.speaks_tls else "takes connections"
        yield right(CONNECTION, f"{where} is {', '.join(seen.addresses)} and {does}")
        yield from _check_listener(setup, seen)


def _check_listener(setup: Setup, seen: Observed) -> Iterator[Finding]:
    if seen.wants_certificate is not False:
        return
    if setup.certificate is None and setup.key is None:
        yield note(
            CONNECTION,
            "the server does not ask for a client certificate: it is the one-way listener",
        )
        return
    yield found(
        "one-way-listener",
        "The server does not ask for a client certificate: this is the one-way listener.",
        expected=_PORTS,
        actual=str(setup.target.port),
        cure="use the two-way listener: port 444, or the MTLS host.",
    )


def check_handshake(setup: Setup, seen: Observed) -> Iterator[Finding]:
    """Checks how the handshakes ended."""
    refused = False
    for finding in _handshake_findings(setup, seen):
        refused = True
        yield finding
    admitted = [each for each in seen.handshakes if each.ended is Ended.ANSWERED]
    if not admitted or refused:
        return
    versions = " and ".join(
        dict.fromkeys(each.version for each in reversed(admitted) if each.version)
    )
    shown = any(each.showed_certificate for each in admitted) and seen.wants_certificate
    yield right(HANDSHAKE, versions + (", the client certificate is accepted" if shown else ""))


def _handshake_findings(setup: Setup, seen: Observed) -> Iterator[Finding]:
    """Findings about the handshake that gives most details, which is usually that of TLS 1.3.

    TLS 1.3 names a missing certificate, TLS 1.2 does not.
    """
    failed = [each for each in seen.handshakes if each.ended is not Ended.ANSWERED]
    answered = len(failed) < len(seen.handshakes)
    if not failed or not (seen.speaks_tls or seen.plain is None) or _is_not_tls(seen):
        return
    versions = [each for each in failed if each.ended is not Ended.NO_COMMON_VERSION]
    if answered and not versions:
        return  # it is enough if one of the two handshakes succeeds
    first = next(iter(versions), failed[0])
    if first.ended is Ended.ALERT:
        yield _alert(setup, seen, first)
    elif first.ended is Ended.NO_COMMON_VERSION:
        yield found(
            "tls-version",
            "The server and this machine have no TLS version in common.",
            expected="TLS 1.2 or 1.3",
            actual=first.alert.replace("_", " ") or "another",
            cure="the platform supports TLS 1.2 and 1.3; something older answers on the way, or on "
            "this port.",
        )
    elif first.ended is Ended.TIMED_OUT:
        yield found(
            "handshake-timeout",
            "The server accepted the connection, but did not finish the handshake in time.",
            cure=_BLOCKED,
        )
    else:
        yield found(
            "handshake-closed",
            "The connection ended during or after the handshake, without an alert with the reason"
            + (f" ({first.alert.replace('_', ' ')})." if first.alert else "."),
            cure="check the certificate's findings; the journal of a mock-sei shows the reason. "
            "Otherwise a proxy or firewall may have ended it: " + _BLOCKED,
        )


def _is_not_tls(seen: Observed) -> bool:
    return any(each.ended is Ended.NOT_TLS for each in seen.handshakes)


def _alert(setup: Setup, seen: Observed, handshake: ObservedHandshake) -> Finding:
    own = own_certificate(setup)
    bare = not handshake.showed_certificate and seen.wants_certificate is not False
    name = handshake.alert
    if bare and name in ("handshake_failure", "bad_certificate"):
        name = "certificate_required"  # TLS 1.2 sends another alert for it
    if name == "certificate_required" and has_store(setup):
        return note(
            HANDSHAKE, "not tried with a certificate: the doctor could not read one from --cert"
        )
    accepted = [readable_name(each) for each in handshake.flight.accepted_cas]
    accepted = accepted or [readable_name(each) for each in _accepted(seen)]
    if name == "unknown_ca" and own is not None and accepted and not _is_accepted(setup, seen):
        return found(
            "certificate-other-ca",
            "The server names the CAs of the client certificates it accepts, and the CA of this "
            "one is not among them.",
            expected=readable("; ".join(accepted)),
            actual=f"issued by {_issuer(own)}",
            cure="use the certificate that this platform issued for the account.",
        )
    blamed = _blamed_ca(setup, name) if handshake.showed_certificate else None
    if blamed is not None:
        return found(
            ALERTS[name].finding if name in ALERTS else "alert-other",
            "The server refuses a CA that is sent with the client certificate, not the client "
            f"certificate: {readable(blamed.subject)}: {blamed.problem}. (alert {handshake.alert})",
            expected=readable(blamed.expected),
            actual=describe_fault(blamed),
            cure=CHAIN_CURE,
        )
    if name not in ALERTS:
        return found(
            "alert-other",
            f"The server ended the handshake with the alert {readable(name)}.",
            cure="RFC 8446 section 6.2 explains the alert; mock-sei's journal shows the reason.",
        )
    row, what, cure = ALERTS[name]
    actual = None
    if name == "certificate_required":
        actual = "none" if setup.certificate is None else "none that can be used (see above)"
    elif own is not None:
        actual = f"{describe(own)}, issued by {_issuer(own)}"
    return found(
        row,
        f"{what} (alert {handshake.alert})",
        expected="a client certificate" if name == "certificate_required" else None,
        actual=actual,
        cure=cure,
    )


def _blamed_ca(setup: Setup, alert: str) -> ChainProblem | None:
    """The fault of the CA in ``--cert`` that the alert is about.

    None if the alert may be about the client's own certificate.
    """
    kinds = BLAMED.get(alert, frozenset())
    fault = next((each for each in chain_faults(setup) if each.kind in kinds), None)
    return fault if fault is not None and fault.position else None


def _accepted(seen: Observed) -> tuple[bytes, ...]:
    return next(
        (each.flight.accepted_cas for each in seen.handshakes if each.flight.accepted_cas), ()
    )


def _is_accepted(setup: Setup, seen: Observed) -> bool:
    accepted = _accepted(seen)
    return any(
        each.issuer.public_bytes() in accepted for each in certificates_in(setup.certificate)
    )


def _issuer(certificate: x509.Certificate) -> str:
    return readable(certificate.issuer.rfc4514_string())


def check_clock(setup: Setup, seen: Observed) -> Iterator[Finding]:
    """Compares this machine's clock with the ``Date`` header of the server."""
    date, after = seen.dated or ("", timedelta(0))
    server, here = _moment(date), setup.now + after
    if server is None:
        return
    skew = here - server
    if abs(skew) <= MOST_SKEW:
        yield right(CLOCK, f"it differs by {abs(round(skew.total_seconds()))} s from the server's")
        return
    late = skew > timedelta(0)
    yield found(
        "clock-skew",
        f"This machine's clock is {abs(round(skew.total_seconds()))} s "
        f"{'ahead of' if late else 'behind'} the server's.{_consequence(setup, server)}",
        expected=f"{server.isoformat()} (the server's Date)",
        actual=f"{here.isoformat(timespec='seconds')} (here)",
        cure="set this machine's clock; containers and virtual machines drift after a sleep.",
    )


def _consequence(setup: Setup, server: datetime) -> str:
    """A sentence if the client's certificate is valid by only one of the two clocks."""
    own = own_certificate(setup)
    if own is None:
        return ""
    here, there = (
        own.not_valid_before_utc <= moment <= own.not_valid_after_utc
        for moment in (setup.now, server)
    )
    if here == there:
        return ""
    return f" The certificate is valid only by {'this machine' if here else 'the server'}'s clock."


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
