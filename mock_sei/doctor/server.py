"""Checks of the server's certificate: whether it is trusted, and its names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from cryptography import x509

from mock_sei.certificates.authority import ORGANIZATION
from mock_sei.certificates.soundness import find_chain_problems, path_of
from mock_sei.doctor.findings import SERVER, Finding, found, right
from mock_sei.doctor.identity import describe_fault
from mock_sei.doctor.material import certificates_in, describe, is_ca, read_der, readable
from mock_sei.doctor.observed import Observed, Trust
from mock_sei.doctor.setup import Setup
from mock_sei.rules.connection import ChainProblem, ChainProblemKind


def check_trust(setup: Setup, seen: Observed) -> Iterator[Finding]:
    """Checks whether the server's certificate is trusted."""
    chain = [each for each in map(read_der, seen.chain) if each]
    if not chain or seen.trust is None:
        return
    if seen.trust == Trust():
        trusted = setup.ca.name if setup.ca else "the system's CAs"
        yield right(SERVER, f"{describe(chain[0])}: trusted by {trusted}")
    elif seen.trust.failure:
        yield found(
            "server-not-verified",
            "The server could not be verified: a handshake with this machine's own TLS settings "
            f"failed ({readable(seen.trust.failure, 100)}), but one with default settings "
            "succeeded. Python clients on this machine fail in the same way.",
            expected="a handshake of TLS 1.2 or 1.3",
            actual=readable(seen.trust.failure, 100),
            cure="check the settings of OpenSSL here: OPENSSL_CONF, or the system's openssl.cnf.",
        )
    else:
        yield _distrust(setup, chain, seen.trust)


def _distrust(setup: Setup, chain: list[x509.Certificate], trust: Trust) -> Finding:
    server, top = chain[0], chain[-1]
    if trust.code in (9, 10):
        return _wrong_dates(setup, chain, late=trust.code == 10)
    if trust.code == 18:
        return found(
            "server-self-signed",
            "The server's certificate is self-signed.",
            expected="issued by a CA that is trusted here",
            actual=describe(server),
            cure="do not trust it: another server answers, or a proxy on the way decrypts TLS.",
        )
    trusted = [each for each in certificates_in(setup.ca) if is_ca(each)]
    if trust.code not in (2, 19, 20, 21):
        fault = next(iter(_faults(setup, chain)), None)
        return found(
            "server-refused",
            f"The server's certificate is refused: {readable(trust.message)}."
            + (f" Of {readable(fault.subject)}: {readable(fault.problem)}." if fault else ""),
            expected=readable(fault.expected) if fault else None,
            actual=describe_fault(fault) if fault else describe(server),
            cure="tell the operator of the server.",
        )
    if trusted and any(each in chain for each in trusted):
        return found(
            "ca-not-root",
            "--cacert holds an intermediate CA of the server's chain, but not the root above it; "
            "OpenSSL needs the root.",
            expected=f"the root: {describe(top) if is_ca(top) else _issuer(top)}",
            actual=describe(trusted[0]),
            cure="give the root CA's certificate, or both in one file (mock-sei: ca.pem of the "
            "certs folder).",
        )
    ours = [each for each in trusted if ORGANIZATION in each.subject.rfc4514_string()]
    if ours and is_ca(top) and ORGANIZATION in top.subject.rfc4514_string():
        return found(
            "ca-another-mock-sei",
            "--cacert is the CA of another mock-sei, or of an earlier certs folder.",
            expected=f"CA {_of(top)}",
            actual=f"CA {_of(ours[0])}",
            cure="give ca.pem of the certs folder that this server uses; the server prints it.",
        )
    return found(
        "ca-not-trusted",
        "The server's certificate is issued by a CA that is not trusted here."
        + (
            ""
            if is_ca(top)
            else " The server sends no CA: --cacert must hold the CA that issued the certificate."
        ),
        expected=f"the server's CA: {describe(top) if is_ca(top) else _issuer(top)}",
        actual="trusted: "
        + (describe(trusted[0]) if trusted else "the system's CAs; --cacert was not given"),
        cure="give the server's root CA with --cacert (mock-sei: ca.pem of the certs folder); if "
        "you do not know the expected CA, a proxy on the way may decrypt TLS.",
    )


def _faults(setup: Setup, chain: Sequence[x509.Certificate]) -> list[ChainProblem]:
    """The faults of the server's certificate and of the CAs above it.

    The purpose of the server's own certificate is not checked: that check is for client
    certificates.
    """
    path = path_of(chain[0], [*chain[1:], *certificates_in(setup.ca)], setup.now)
    return [
        each
        for each in find_chain_problems(path, setup.now)
        if each.kind is not ChainProblemKind.PURPOSE
    ]


def _wrong_dates(setup: Setup, chain: Sequence[x509.Certificate], *, late: bool) -> Finding:
    """The finding for wrong dates of the server's own certificate or of a CA above it.

    OpenSSL does not say which of them it is.
    """
    kind = ChainProblemKind.EXPIRED if late else ChainProblemKind.NOT_YET_VALID
    fault = next((each for each in _faults(setup, chain) if each.kind is kind), None)
    above = fault is not None and fault.position > 0
    return found(
        "server-expired" if late else "server-not-yet-valid",
        ("A CA above the server's certificate " if above else "The server's certificate ")
        + ("has expired." if late else "is not valid yet."),
        expected=f"valid at {setup.now.isoformat(timespec='seconds')} (this machine's clock)",
        actual=describe(chain[0]) if fault is None else describe_fault(fault),
        cure="give the CA's present certificate with --cacert, or tell the operator of the server; "
        "if the dates look right, set this machine's clock."
        if above
        else "tell the operator of the server; if the dates look right, set this machine's clock.",
    )


def _of(certificate: x509.Certificate) -> str:
    return f"{describe(certificate)}, serial {certificate.serial_number:x}"


def _issuer(certificate: x509.Certificate) -> str:
    return readable(certificate.issuer.rfc4514_string())


def check_host(setup: Setup, seen: Observed) -> Iterator[Finding]:
    """Checks whether the server's certificate contains the host."""
    chain = [each for each in map(read_der, seen.chain[:1]) if each]
    if not chain:
        return
    host, names = setup.target.host, names_of(chain[0])
    if any(matches(host, name) for name in names):
        yield right(SERVER, f"it contains the name {readable(host)}")
        return
    yield found(
        "host-not-in-certificate",
        "The host is not among the names of the server's certificate.",
        expected=readable(", ".join(names) or "(none)"),
        actual=readable(host),
        cure="call the server by one of its names (mock-sei serve --hostname adds one).",
    )


def names_of(certificate: x509.Certificate) -> list[str]:
    """The DNS names and addresses of a certificate. The CN is not used (RFC 9525 section 6.3)."""
    try:
        found_names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [
        str(name.value)
        for name in found_names.value
        if isinstance(name, x509.DNSName | x509.IPAddress)
    ]


def matches(host: str, name: str) -> bool:
    """Whether a host matches a certificate's name (RFC 9525 section 6.3).

    A wildcard replaces the whole first label. Addresses are compared as addresses.
    """
    address, named = _address(host), _address(name)
    if address or named:
        return address == named
    host, name = host.lower().rstrip("."), name.lower().rstrip(".")
    if name.startswith("*."):
        first, _, rest = host.partition(".")
        return bool(first) and rest == name[2:]
    return host == name


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
