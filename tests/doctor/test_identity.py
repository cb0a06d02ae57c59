"""Checks of the client certificate's dates, name, issuer, purpose and strength."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from mock_sei.certificates.profiles import Variant
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.identity import (
    check_dates,
    check_issuer,
    check_name,
    check_purpose,
    check_strength,
)
from mock_sei.doctor.setup import Setup
from tests.cases import every_case
from tests.doctor.clients import NOW, Clients, certificate, file, names, only

CHECKS = (check_dates, check_name, check_issuer, check_purpose, check_strength)


def check(setup: Setup) -> list[Finding]:
    return [finding for each in CHECKS for finding in each(setup)]


def test_a_good_certificate_is_right(clients: Clients) -> None:
    assert names(check(clients.setup())) == []


def test_without_a_certificate_nothing_is_said(clients: Clients) -> None:
    assert check(clients.setup(certificate=None, key=None)) == []


@pytest.mark.long
@every_case(
    ("variant", "name"),
    [
        (Variant.EXPIRED, "certificate-expired"),
        (Variant.NOT_YET_VALID, "certificate-not-yet-valid"),
        (Variant.SELF_SIGNED, "certificate-self-signed"),
        (Variant.WRONG_CN, "certificate-name"),
    ],
)
def test_each_way_to_be_wrong_is_one_finding(clients: Clients, variant: Variant, name: str) -> None:
    found = check(clients.setup(clients.issue("svc-demo", variant)))
    assert names(found) == [name]
    assert only(found).expected
    assert only(found).actual


@pytest.mark.parametrize(("days", "expected"), [(91, []), (89, ["certificate-expires-soon"])])
def test_ninety_days_before_its_end_it_is_a_hint(
    clients: Clients, days: int, expected: list[str]
) -> None:
    end = clients.identity.not_after
    found = check(replace(clients.setup(), now=end - timedelta(days=days)))
    assert names(found) == expected
    assert Level.PROBLEM not in {each.level for each in found}


def test_the_days_are_counted(clients: Clients) -> None:
    late = replace(clients.setup(), now=clients.identity.not_after + timedelta(days=3, hours=1))
    assert only(check(late)).what == "The certificate expired 3 days ago."
    soon = replace(clients.setup(), now=clients.identity.not_after - timedelta(days=3, hours=1))
    assert only(check(soon)).what == "The certificate expires in 3 days."


def test_without_an_account_the_name_is_told(clients: Clients) -> None:
    found = check(clients.setup(options={"username": None}))
    assert names(found) == []
    assert any("its CN is svc-demo" in each.what and each.level is Level.NOTE for each in found)


def test_the_leaf_alone_is_a_detail(clients: Clients) -> None:
    identity = clients.identity
    (alone,) = check_issuer(clients.setup())
    assert (alone.level, alone.detail) == (Level.NOTE, True)
    chain = file(identity.certificate_pem + identity.chain_pem)
    assert list(check_issuer(clients.setup(certificate=chain))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)},
        {"purposes": (ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.TIME_STAMPING)},
        {"signature": False},
    ],
)
def test_a_certificate_for_another_purpose(clients: Clients, wrong: dict[str, Any]) -> None:
    assert names(check(shown(clients, certificate(**wrong)))) == ["certificate-purpose"]


def test_a_certificate_for_any_purpose_only_is_not_for_clients(clients: Clients) -> None:
    """OpenSSL does not accept anyExtendedKeyUsage as clientAuth."""
    found = only(
        check(shown(clients, certificate(purposes=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))))
    )
    assert found.name == "certificate-purpose"
    assert found.actual == "extended key usage anyExtendedKeyUsage"


@pytest.mark.parametrize(
    "purposes",
    [
        (),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, ExtendedKeyUsageOID.CLIENT_AUTH),
        (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
    ],
)
def test_a_certificate_that_is_for_clients_too(
    clients: Clients, purposes: tuple[x509.ObjectIdentifier, ...]
) -> None:
    assert names(check(shown(clients, certificate(purposes=purposes)))) == []


def test_a_ca_s_certificate_is_none_for_clients(clients: Clients) -> None:
    found = list(check_purpose(shown(clients, clients.authority.issuing)))
    assert only(found).actual == "a CA's certificate"


@pytest.mark.parametrize(
    ("wrong", "actual"),
    [
        ({"key": rsa.generate_private_key(65537, 1024)}, "RSA of 1024 bits"),  # noqa: S505  # the point
        ({"key": ec.generate_private_key(ec.SECP224R1())}, "EC on secp224r1"),
        ({"key": ed25519.Ed25519PrivateKey.generate()}, "neither RSA nor EC"),
    ],
)
def test_a_weak_certificate(clients: Clients, wrong: dict[str, Any], actual: str) -> None:
    found = check(shown(clients, certificate(**wrong)))
    assert names(found) == ["certificate-weak"]
    assert actual in (only(found).actual or "")


@pytest.mark.long
def test_a_certificate_signed_with_sha_1(clients: Clients) -> None:
    """No library creates such a certificate any more, so a valid one is changed."""
    der = certificate(signer=rsa.generate_private_key(65537, 2048)).public_bytes(Encoding.DER)
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    old = x509.load_der_x509_certificate(der.replace(sha256, sha1))
    found = check(shown(clients, old))
    assert names(found) == ["certificate-weak"]
    assert only(found).actual == "signed with SHA1"


def shown(clients: Clients, wrong: x509.Certificate) -> Setup:
    return clients.setup(certificate=file(wrong.public_bytes(Encoding.PEM)), key=None, now=NOW)
