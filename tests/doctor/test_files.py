"""A client's files: each mistake is reported with what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
)

from mock_sei.certificates.bundles import BundleOptions, pkcs7_bundle, pkcs12_bundle
from mock_sei.certificates.store import CertificateStore
from mock_sei.doctor.files import check_ca_file, check_certificate_file
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.key_files import check_key_file
from mock_sei.doctor.setup import GivenFile, Setup
from tests.cases import every_case
from tests.doctor.clients import NOW, Clients, certificate, file, levels, names, only

CHECKS = (check_ca_file, check_certificate_file, check_key_file)


def check(setup: Setup) -> list[Finding]:
    return [finding for each in CHECKS for finding in each(setup)]


def test_good_files_are_right(clients: Clients) -> None:
    found = check(clients.setup())
    assert levels(found) == {Level.RIGHT}
    assert [each.check for each in found] == ["CA file", "certificate file", "private key"]


def test_without_files_nothing_is_said(clients: Clients) -> None:
    assert check(clients.setup(ca=None, certificate=None, key=None)) == []


MISSING = GivenFile(path=Path("x.pem"), missing=True, problem="not there")
UNREADABLE = GivenFile(path=Path("x.pem"), problem="Permission denied")
EMPTY = file(b" \n", "x.pem")


@every_case(
    ("field", "broken", "name"),
    [
        ("ca", MISSING, "ca-file-missing"),
        ("ca", UNREADABLE, "ca-file-unreadable"),
        ("ca", EMPTY, "ca-file-empty"),
        ("certificate", MISSING, "certificate-file-missing"),
        ("certificate", UNREADABLE, "certificate-file-unreadable"),
        ("certificate", EMPTY, "certificate-file-empty"),
        ("key", MISSING, "key-file-missing"),
        ("key", UNREADABLE, "key-file-unreadable"),
        ("key", EMPTY, "key-file-empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    clients: Clients, field: str, broken: GivenFile, name: str
) -> None:
    found = check(replace(clients.setup(), **{field: broken}))  # type: ignore[arg-type]  # a field of three
    assert names(found) == [name]
    assert "x.pem" in only(found).what


@pytest.mark.parametrize("content", [b"hello", b"\x30\x03\x02\x01\x03"])
def test_a_ca_file_of_no_known_form(clients: Clients, content: bytes) -> None:
    found = check(clients.setup(ca=file(content, "ca.pem")))
    assert names(found) == ["ca-not-pem"]


def test_a_ca_file_in_another_form_comes_with_the_conversion(
    clients: Clients, shared_store: CertificateStore
) -> None:
    root = clients.authority.root
    forms = {
        "ca.der": (root.public_bytes(Encoding.DER), "openssl x509 -inform der -in ca.der"),
        "ca.p7b": (pkcs7_bundle(root, [root]), "openssl pkcs7 -inform der -in ca.p7b"),
        "truststore.p12": (
            (shared_store.ca_file.parent / "truststore.p12").read_bytes(),
            "openssl pkcs12 -in truststore.p12 -nokeys -out ca.pem",
        ),
    }
    for name, (content, command) in forms.items():
        found = only(check(clients.setup(ca=file(content, name))))
        assert found.name == "ca-not-pem"
        assert found.cure is not None
        assert found.cure.startswith(command)


def test_a_leaf_where_the_ca_belongs(clients: Clients) -> None:
    found = only(check(clients.setup(ca=file(clients.identity.certificate_pem, "ca.pem"))))
    assert found.name == "ca-is-leaf"
    assert found.actual is not None
    assert "CN=svc-demo" in found.actual


def test_a_ca_that_has_expired(clients: Clients) -> None:
    late = replace(clients.setup(certificate=None, key=None), now=NOW.replace(year=3500))
    assert names(check(late)) == ["ca-expired"]


def test_a_key_without_a_certificate_and_a_certificate_without_a_key(clients: Clients) -> None:
    assert names(check(clients.setup(certificate=None))) == ["certificate-file-not-given"]
    assert names(check(clients.setup(key=None))) == ["key-file-not-given"]


def test_a_file_with_certificate_and_key_needs_no_second(clients: Clients) -> None:
    identity = clients.identity
    both = file(identity.certificate_pem + identity.key_pem, "both.pem")
    assert names(check(clients.setup(certificate=both, key=None))) == []
    assert names(check(clients.setup(certificate=both, key=both))) == []


def test_a_private_key_passed_around_with_the_certificate_is_a_hint(clients: Clients) -> None:
    identity = clients.identity
    both = file(identity.certificate_pem + identity.key_pem)
    found = only(check(clients.setup(certificate=both)))
    assert (found.name, found.level) == ("key-in-certificate-file", Level.HINT)


def test_a_pfx_comes_with_the_two_commands_of_the_faq(clients: Clients) -> None:
    pfx = file(pkcs12_bundle(clients.identity, BundleOptions()), "my certificate.pfx")
    found = [each for each in check(clients.setup(certificate=pfx, key=pfx)) if each.name]
    assert names(found) == ["certificate-is-pkcs12", "key-is-pkcs12"]
    for each in found:
        assert each.cure is not None
        assert each.cure.splitlines()[:2] == [
            "openssl pkcs12 -in 'my certificate.pfx' -clcerts -nokeys -out certificate.crt",
            "openssl pkcs12 -in 'my certificate.pfx' -nodes -out privatekey.key -nocerts",
        ]


@pytest.mark.long
def test_a_pfx_alone_is_known_by_its_content_not_its_name(clients: Clients) -> None:
    for legacy in (False, True):
        content = pkcs12_bundle(clients.identity, BundleOptions(legacy=legacy))
        found = check(clients.setup(certificate=file(content, "certificate.crt"), key=None))
        assert names(found) == ["certificate-is-pkcs12", "key-file-not-given"]


def test_pkcs7_and_der_come_with_their_conversion(clients: Clients) -> None:
    identity = clients.identity
    bundle = pkcs7_bundle(identity.certificate, identity.chain)
    text = pkcs7.serialize_certificates([identity.certificate], Encoding.PEM)
    der = identity.certificate.public_bytes(Encoding.DER)
    for content, name, command in (
        (bundle, "certificate-is-pkcs7", "openssl pkcs7 -inform der -in certificate.crt"),
        (text, "certificate-is-pkcs7", "openssl pkcs7 -in certificate.crt"),
        (der, "certificate-is-der", "openssl x509 -inform der -in certificate.crt"),
    ):
        found = only(check(clients.setup(certificate=file(content))))
        assert found.name == name
        assert found.cure is not None
        assert found.cure.startswith(command)


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_der_key_comes_with_its_conversion(clients: Clients, encrypted: bool) -> None:
    encryption = BestAvailableEncryption(b"x") if encrypted else NoEncryption()
    der = clients.identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)
    found = only(check(clients.setup(key=file(der, "privatekey.key"))))
    assert found.name == "key-is-der"
    assert found.cure == "openssl pkey -inform der -in privatekey.key -out new-privatekey.key"


def test_what_is_no_certificate_or_key_and_what_is_damaged(clients: Clients) -> None:
    identity = clients.identity
    for content in (b"hello", cut_short(identity.certificate_pem)):
        assert names(check(clients.setup(certificate=file(content)))) == ["certificate-not-pem"]
    for content in (b"hello", cut_short(identity.key_pem)):
        assert names(check(clients.setup(key=file(content)))) == ["key-not-pem"]


def test_certificate_and_key_exchanged_are_one_finding(clients: Clients) -> None:
    good = clients.setup()
    found = check(replace(good, certificate=good.key, key=good.certificate))
    assert names(found) == ["certificate-and-key-swapped"]
    assert only(found).actual == "--cert a private key, --key a certificate"


def test_the_leaf_comes_first(clients: Clients) -> None:
    identity = clients.identity
    right = file(identity.certificate_pem + identity.chain_pem)
    wrong = file(identity.chain_pem + identity.certificate_pem)
    assert names(check(clients.setup(certificate=right))) == []
    found = only(check(clients.setup(certificate=wrong)))
    assert found.name == "certificate-order"
    assert found.expected is not None
    assert "CN=svc-demo" in found.expected


def test_an_encrypted_key_wants_its_passphrase(clients: Clients) -> None:
    locked = file(clients.identity.encrypted_key_pem("open sesame"), "privatekey.key")
    for given, expected in (
        (None, ["passphrase-missing"]),
        ("", ["passphrase-missing"]),
        ("sesame", ["passphrase-wrong"]),
        ("open sesame", []),
    ):
        setup = clients.setup(key=locked, options={"passphrase": given})
        assert names(check(setup)) == expected


def test_a_key_encrypted_the_old_way_is_read_too(clients: Clients) -> None:
    """A key written by ``openssl rsa -aes256``, with its encryption in the PEM headers."""
    old = clients.identity.key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"pass")
    )
    assert b"ENCRYPTED" in old
    for given, expected in ((None, ["passphrase-missing"]), ("pass", [])):
        setup = clients.setup(key=file(old), options={"passphrase": given})
        assert names(check(setup)) == expected


def test_a_passphrase_for_an_open_key_is_a_hint(clients: Clients) -> None:
    found = only(check(clients.setup(options={"passphrase": "mock-sei"})))
    assert (found.name, found.level) == ("passphrase-unused", Level.HINT)


@pytest.mark.long
def test_the_key_of_another_certificate(clients: Clients) -> None:
    other = clients.issue("svc-web")
    found = only(check(clients.setup(key=file(other.key_pem, "privatekey.key"))))
    assert found.name == "key-not-of-certificate"
    assert found.expected != found.actual


def test_a_key_that_others_can_read_is_a_hint(clients: Clients) -> None:
    key = file(clients.identity.key_pem, "privatekey.key", mode=0o644)
    found = only(check(clients.setup(key=key)))
    assert (found.name, found.level) == ("key-readable-by-others", Level.HINT)
    assert (found.expected, found.actual) == ("mode 600", "mode 644")
    unknown = replace(key, mode=None)  # a system without such bits
    assert names(check(clients.setup(key=unknown))) == []


def test_comments_around_the_pem_do_no_harm(clients: Clients) -> None:
    """What the documented openssl commands leave in the files."""
    bag = b"Bag Attributes\n    localKeyID: 01\nsubject=CN = svc-demo\n"
    identity = clients.identity
    setup = clients.setup(
        certificate=file(bag + identity.certificate_pem), key=file(bag + identity.key_pem)
    )
    assert names(check(setup)) == []


@pytest.mark.long
def test_a_certificate_of_an_unusual_ca_is_a_certificate(clients: Clients) -> None:
    pem = certificate().public_bytes(Encoding.PEM)
    assert names(check(clients.setup(certificate=file(pem), key=None))) == ["key-file-not-given"]


def cut_short(pem: bytes) -> bytes:
    lines = pem.splitlines(keepends=True)
    return b"".join([*lines[:3], lines[-1]])
