"""Checks of the files a client is given: the CA's, the certificate's, the key's."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from mock_sei.doctor.conversions import contents, from_pkcs12, to_pem
from mock_sei.doctor.findings import CA_FILE, CERTIFICATE_FILE, KEY_FILE, Finding, found, right
from mock_sei.doctor.material import (
    Form,
    KeyState,
    certificates_in,
    describe,
    fingerprint_of,
    fits,
    form_of,
    has_certificate,
    has_key,
    is_ca,
    key_file,
    key_in,
    key_is_encrypted,
    labels,
    own_certificate,
)
from mock_sei.doctor.setup import File, Setup

OTHERS = 0o077
"""Permission bits of group and others."""


def check_ca_file(setup: Setup) -> Iterator[Finding]:
    file = setup.ca
    if file is None:
        return
    unread = _unread(file, "--cacert", "ca-file", "give the CA's PEM file")
    if unread:
        yield unread
        return
    certificates = certificates_in(file)
    if not certificates:
        yield found(
            "ca-not-pem",
            "--cacert holds no PEM certificate.",
            expected="-----BEGIN CERTIFICATE-----",
            actual=contents(file),
            cure=to_pem(file, "ca.pem")
            or "give the PEM file of the CA that issued the server's "
            "certificate (mock-sei: ca.pem of the certs folder).",
        )
        return
    authorities = [each for each in certificates if is_ca(each)]
    if not authorities:
        yield found(
            "ca-is-leaf",
            "--cacert holds a certificate that is no CA's.",
            expected="a CA's certificate",
            actual=describe(certificates[0]),
            cure="give the certificate of the CA above it (mock-sei: ca.pem of the certs folder, "
            "not server.pem or certificate.crt).",
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
    yield right(CA_FILE, f"{file.path}: {_several(len(authorities))}{describe(authorities[0])}")


def check_certificate_file(setup: Setup) -> Iterator[Finding]:
    file = setup.certificate
    if file is None:
        if setup.key is not None:
            yield found(
                "certificate-file-not-given",
                "--key was given without --cert: TLS needs both.",
                cure="give the certificate too: --cert certificate.crt.",
            )
        return
    unread = _unread(file, "--cert", "certificate-file", "give the account's certificate.crt")
    if unread:
        yield unread
        return
    if are_swapped(setup):
        yield found(
            "certificate-and-key-swapped",
            "--cert holds the private key and --key the certificate.",
            expected="--cert a certificate, --key a private key",
            actual=f"--cert {contents(file)}, --key {contents(setup.key)}",
            cure="exchange the two.",
        )
        return
    certificates = certificates_in(file)
    if not certificates:
        yield _no_certificate(file)
        return
    yield from _check_order(setup, file)
    if has_key(file.content) and setup.key is not None and setup.key.path != file.path:
        yield found(
            "key-in-certificate-file",
            f"{file.path} holds a private key besides the certificate, and --key is another file.",
            cure="take the key out of the certificate's file: certificates are passed around, "
            "keys are not.",
        )


def _check_order(setup: Setup, file: File) -> Iterator[Finding]:
    certificates, own = certificates_in(file), own_certificate(setup)
    if own is None or certificates[0] == own:
        more = f" and {len(certificates) - 1} more" if len(certificates) > 1 else ""
        yield right(CERTIFICATE_FILE, f"{file.path}: {describe(certificates[0])}{more}")
        return
    yield found(
        "certificate-order",
        f"{file.path} holds {len(certificates)} certificates and the account's is not the first, "
        "which is the one that TLS clients show.",
        expected=describe(own),
        actual=describe(certificates[0]),
        cure="put the account's certificate first and its CAs after it, nearest first; the leaf "
        "alone is enough.",
    )


def check_key_file(setup: Setup) -> Iterator[Finding]:
    file = key_file(setup)
    if file is None:
        if setup.certificate is not None and setup.certificate.was_read:
            yield found(
                "key-file-not-given",
                "--cert was given without --key, and it holds no private key.",
                cure="give the key too: --key privatekey.key."
                if form_of(setup.certificate.content) is Form.PEM
                else "extract certificate and key as above, and give both.",
            )
        return
    unread = _unread(file, "--key", "key-file", "give the certificate's privatekey.key")
    if unread:
        yield unread
        return
    if are_swapped(setup):
        return
    state, key = key_in(file, setup.options.passphrase)
    if state is KeyState.READ:
        yield from _check_key(setup, file, key)
    else:
        yield _unusable_key(file, state)
    if file.mode is not None and file.mode & OTHERS:
        yield found(
            "key-readable-by-others",
            f"Other users of this machine have access to {file.path}.",
            expected="mode 600",
            actual=f"mode {file.mode:o}",
            cure=f"chmod 600 {shlex.quote(str(file.path))}",
        )


def _check_key(setup: Setup, file: File, key: object) -> Iterator[Finding]:
    if setup.options.passphrase and not key_is_encrypted(file):
        yield found(
            "passphrase-unused",
            f"A passphrase was given and the key in {file.path} is not encrypted.",
            cure="leave it out; some clients (Go, Node) refuse a passphrase for a plain key.",
        )
    own = own_certificate(setup)
    if own is not None and not fits(own, key):
        yield found(
            "key-not-of-certificate",
            "The private key does not belong to the certificate.",
            expected=f"public key {fingerprint_of(own)} (of --cert)",
            actual=f"public key {fingerprint_of(key)} (of --key)",
            cure="take certificate and key from one download; after a renewal both are new.",
        )
        return
    encrypted = "encrypted, the passphrase opens it" if key_is_encrypted(file) else "not encrypted"
    belongs = ", belongs to the certificate" if own is not None else ""
    yield right(KEY_FILE, f"{file.path}: {encrypted}{belongs}")


def _unusable_key(file: File, state: KeyState) -> Finding:
    path = shlex.quote(str(file.path))
    if state is KeyState.LOCKED:
        return found(
            "passphrase-missing",
            f"The key in {file.path} is encrypted and no passphrase was given.",
            cure="give --passphrase, or take the encryption off: openssl rsa -in "
            f"{path} -out privatekey.key",
        )
    if state is KeyState.WRONG_PASSPHRASE:
        return found(
            "passphrase-wrong",
            f"The passphrase does not open the key in {file.path}.",
            cure="use the one that was set when the file was exported (mock-sei: mock-sei).",
        )
    if form_of(file.content) is Form.PKCS12:
        return found(
            "key-is-pkcs12",
            "--key is a PKCS#12 file (.pfx, .p12), which holds certificate and key together.",
            expected="-----BEGIN PRIVATE KEY-----",
            actual=contents(file),
            cure=from_pkcs12(file),
        )
    if form_of(file.content) is Form.DER_KEY:
        return found(
            "key-is-der",
            f"{file.path} is a DER file; clients want PEM.",
            expected="-----BEGIN PRIVATE KEY-----",
            actual=contents(file),
            cure=f"openssl pkey -inform der -in {path} -out privatekey.key",
        )
    damaged = state is KeyState.DAMAGED
    return found(
        "key-not-pem",
        f"{file.path} holds {'a damaged private key' if damaged else 'no private key'}.",
        expected="-----BEGIN PRIVATE KEY-----",
        actual="a key that cannot be read: cut short or changed" if damaged else contents(file),
        cure="give the key that was made with the certificate.",
    )


def _no_certificate(file: File) -> Finding:
    names = {
        Form.PKCS12: "certificate-is-pkcs12",
        Form.PKCS7: "certificate-is-pkcs7",
        Form.DER_CERTIFICATE: "certificate-is-der",
    }
    form = form_of(file.content)
    if "PKCS7" in labels(file.content):
        form = Form.PKCS7
    damaged = form is Form.PEM and has_certificate(file.content)
    return found(
        names.get(form, "certificate-not-pem"),
        f"{file.path} is {form}; clients want .crt and .key, both PEM."
        if form in names
        else f"{file.path} holds {'a damaged' if damaged else 'no'} certificate.",
        expected="-----BEGIN CERTIFICATE-----",
        actual="a certificate that cannot be read: cut short or changed"
        if damaged
        else contents(file),
        cure=to_pem(file) or "give the account's certificate, PEM.",
    )


def are_swapped(setup: Setup) -> bool:
    if setup.certificate is None or setup.key is None:
        return False
    certificate, key = setup.certificate.content, setup.key.content
    return (
        has_key(certificate)
        and not has_certificate(certificate)
        and has_certificate(key)
        and not has_key(key)
    )


def _unread(file: File, option: str, name: str, cure: str) -> Finding | None:
    if file.missing:
        return found(
            f"{name}-missing",
            f"{option} {file.path} is not there.",
            cure=f"{cure}; a relative path starts at this folder.",
        )
    if file.problem:
        return found(
            f"{name}-unreadable",
            f"{option} {file.path} cannot be read: {file.problem}.",
            cure="let this user read the file.",
        )
    if form_of(file.content) is Form.EMPTY:
        return found(f"{name}-empty", f"{option} {file.path} is empty.", cure=f"{cure}.")
    return None


def _several(count: int) -> str:
    return "" if count == 1 else f"{count} CAs, the first "
