"""Checks of a client's files: CA and certificate."""

from __future__ import annotations

from collections.abc import Iterator

from mock_sei.certificates.conversions import Role, find_commands, nth_certificate
from mock_sei.certificates.pem import blocks_of
from mock_sei.doctor.advice import CA, CERTIFICATE, contents, place_of
from mock_sei.doctor.file_findings import are_swapped, find_unread, with_reading
from mock_sei.doctor.findings import (
    CA_FILE,
    CERTIFICATE_FILE,
    Finding,
    found,
    note,
    right,
)
from mock_sei.doctor.keys import has_key
from mock_sei.doctor.material import (
    certificates_in,
    describe,
    is_ca,
    own_certificate,
)
from mock_sei.doctor.readers import (
    is_refused_for_servers,
    obstacles_of_certificates,
)
from mock_sei.doctor.setup import GivenFile, Setup
from mock_sei.doctor.shapes import find_obstacle


def check_ca_file(setup: Setup) -> Iterator[Finding]:
    """Checks the file of ``--cacert``."""
    file = setup.ca
    if file is None:
        return
    unread = find_unread(file, "--cacert", "ca-file", "give the CA's PEM file")
    if unread:
        yield unread
        return
    obstacle = find_obstacle(setup, file, CA)
    if obstacle:
        yield obstacle
        return
    findings = _check_authorities(setup, file)
    yield from with_reading(setup, file, CA, findings, obstacles_of_certificates(file.content))


def _check_authorities(setup: Setup, file: GivenFile) -> Iterator[Finding]:
    certificates = certificates_in(file)
    authorities = [each for each in certificates if is_ca(each)]
    if not certificates:
        yield _unknown_here(file)
        return
    if not authorities:
        yield found(
            "ca-is-leaf",
            "--cacert holds a certificate that is not a CA certificate.",
            expected="a CA's certificate",
            actual=describe(certificates[0]),
            cure="give the certificate of the CA that issued it (mock-sei: ca.pem of the certs "
            "folder, not server.pem or certificate.crt).",
        )
        return
    if all(each.not_valid_after_utc < setup.now for each in authorities):
        yield found(
            "ca-expired",
            "Every certificate in --cacert has expired.",
            expected=f"valid at {setup.now:%Y-%m-%d}",
            actual=describe(authorities[0]),
            cure="get the CA's current certificate.",
        )
        return
    blocks = [each for each in blocks_of(file.content) if each.is_certificate]
    if all(is_refused_for_servers(each) for each in blocks):
        (command,) = find_commands(file.content, place_of(setup, file, Role.CA))
        yield found(
            "ca-trust-settings",
            f"{file.path} is a TRUSTED CERTIFICATE whose settings do not trust it for servers.",
            expected="settings with serverAuth, or none",
            actual="settings without serverAuth",
            cure=command,
        )
        return
    yield right(CA_FILE, f"{file.path}: {_several(len(authorities))}{describe(authorities[0])}")


def _unknown_here(file: GivenFile) -> Finding:
    return note(
        CERTIFICATE_FILE,
        f"OpenSSL loads {file.path}, but this machine's Python library does not, so the "
        "certificate's content is not checked",
    )


def check_certificate_file(setup: Setup) -> Iterator[Finding]:
    """Checks the file of ``--cert``."""
    file = setup.certificate
    if file is None:
        if setup.key is not None:
            yield found(
                "certificate-file-not-given",
                "--key was given without --cert: TLS needs both.",
                cure="give the certificate too: --cert certificate.crt.",
            )
        return
    unread = find_unread(file, "--cert", "certificate-file", "give the account's certificate.crt")
    if unread:
        yield unread
        return
    if are_swapped(setup):
        yield found(
            "certificate-and-key-swapped",
            "--cert holds the private key and --key the certificate.",
            expected="--cert a certificate, --key a private key",
            actual=f"--cert {contents(file)}, --key {contents(setup.key)}",
            cure="exchange the two files.",
        )
        return
    obstacle = find_obstacle(setup, file, CERTIFICATE)
    if obstacle:
        yield obstacle
        return
    obstacles = obstacles_of_certificates(file.content)
    yield from with_reading(setup, file, CERTIFICATE, _check_order(setup, file), obstacles)
    if has_key(file.content) and setup.key is not None and setup.key.path != file.path:
        yield found(
            "key-in-certificate-file",
            f"{file.path} holds a private key and the certificate, but --key is another file.",
            cure="remove the key from the certificate's file: certificates are passed on, keys are "
            "not.",
        )


def _check_order(setup: Setup, file: GivenFile) -> Iterator[Finding]:
    certificates, own = certificates_in(file), own_certificate(setup)
    place = place_of(setup, file, Role.CERTIFICATE)
    if not certificates:
        yield _unknown_here(file)
        return
    if own is None or certificates[0] == own:
        more = f" and {len(certificates) - 1} more" if len(certificates) > 1 else ""
        yield right(CERTIFICATE_FILE, f"{file.path}: {describe(certificates[0])}{more}")
        return
    yield found(
        "certificate-order",
        f"{file.path} holds {len(certificates)} certificates, and the account's is not the first. "
        "TLS clients send the first one as their own.",
        expected=describe(own),
        actual=describe(certificates[0]),
        cure=f"{nth_certificate(certificates.index(own) + 1, place)}\n"
        "or put the account's certificate first and its CAs after it, nearest first; the "
        "account's certificate is enough.",
    )


def _several(count: int) -> str:
    return "" if count == 1 else f"{count} CAs, the first "
