"""The CA: its certificates, its revocation lists and its four files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import trustme
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from mock_sei.certificates.authority import (
    Authority,
    AuthorityPem,
    load_key,
    new_authority_pem,
    new_signing_key_pem,
    renew_issuing,
)
from mock_sei.certificates.profiles import Variant

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pem() -> AuthorityPem:
    return new_authority_pem()


@pytest.fixture
def authority(pem: AuthorityPem) -> Authority:
    return Authority(pem)


# The CAs


def test_the_issuing_ca_stands_below_the_root(authority: Authority) -> None:
    authority.issuing.verify_directly_issued_by(authority.root)
    authority.root.verify_directly_issued_by(authority.root)
    for ca in authority.chain:
        assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    lowest = authority.issuing.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert lowest.path_length == 0


def test_the_chain_is_both_cas_nearest_first(authority: Authority) -> None:
    assert authority.chain == (authority.issuing, authority.root)
    assert x509.load_pem_x509_certificates(authority.chain_pem) == list(authority.chain)


def test_an_authority_read_back_keeps_its_whole_chain(pem: AuthorityPem) -> None:
    """trustme's ``from_pem`` would forget that an intermediate CA has a parent."""
    read_back = Authority(AuthorityPem(**vars(pem)))

    assert read_back.chain == Authority(pem).chain
    identity = read_back.issue_server(["localhost"], now=NOW)
    assert identity.chain == Authority(pem).chain
    identity.certificate.verify_directly_issued_by(identity.chain[0])


def test_a_renewed_issuing_ca_stands_below_the_same_root(pem: AuthorityPem) -> None:
    renewed = renew_issuing(pem.root, pem.root_key)

    assert (renewed.root, renewed.root_key) == (pem.root, pem.root_key)
    assert renewed.issuing != pem.issuing
    assert Authority(renewed).root == Authority(pem).root


def test_files_that_do_not_belong_together_are_refused(pem: AuthorityPem) -> None:
    other = new_authority_pem()
    with pytest.raises(ValueError, match="does not belong to its certificate"):
        Authority(replace(pem, issuing_key=other.issuing_key))
    with pytest.raises((ValueError, InvalidSignature)):
        Authority(replace(pem, issuing=other.issuing, issuing_key=other.issuing_key))


def test_two_authorities_do_not_recognise_each_others_certificates(authority: Authority) -> None:
    stranger = Authority(new_authority_pem())
    ours, theirs = (each.issue_server(["x"], now=NOW).certificate for each in (authority, stranger))

    assert authority.signed(ours)
    assert not authority.signed(theirs)
    assert stranger.signed(theirs)


@pytest.mark.long
def test_a_certificate_of_another_kind_of_ca_is_not_ours(authority: Authority) -> None:
    by_rsa = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert("x").cert_chain_pems[0].bytes()

    assert not authority.signed(x509.load_pem_x509_certificate(by_rsa))


# Keys


def test_a_signing_key_is_a_p256_key() -> None:
    key = load_key(new_signing_key_pem())

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)


def private_pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey,
    encryption: serialization.KeySerializationEncryption | None = None,
) -> bytes:
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, encryption or serialization.NoEncryption()
    )


def test_keys_of_other_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="neither an RSA nor an EC key"):
        load_key(private_pem(ed25519.Ed25519PrivateKey.generate()))


def test_an_encrypted_key_is_called_so() -> None:
    encryption = serialization.BestAvailableEncryption(b"x")
    with pytest.raises(ValueError, match="encrypted"):
        load_key(private_pem(ec.generate_private_key(ec.SECP256R1()), encryption))


def test_a_strangers_certificate_is_anothers_each_time(authority: Authority) -> None:
    first, second = (
        authority.issue_server(["x"], now=NOW, variant=Variant.UNTRUSTED) for _ in range(2)
    )

    assert first.chain != second.chain


# Whose certificate it is


def test_who_signed_is_known_by_the_signature_and_not_by_the_name(authority: Authority) -> None:
    """All CAs of mock-sei have the same name, and a client's own CA may have any name."""
    stranger = Authority(new_authority_pem())
    ours, theirs = (each.issue_identity("svc-demo", now=NOW).peer for each in (authority, stranger))
    assert ours.issuer == theirs.issuer

    assert [authority.has_signed(each) for each in (ours, theirs, ours, theirs)] == [
        True,
        False,
        True,
        False,
    ]
    assert not authority.has_signed(replace(ours, fingerprint="00", der=b""))


def test_what_was_signed_is_remembered_within_a_bound(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.certificates.authority._REMEMBERED", 2)
    peer = authority.issue_identity("svc-demo", now=NOW).peer
    for number in range(5):
        assert authority.has_signed(replace(peer, fingerprint=str(number)))
    assert len(authority._signed) <= 2  # noqa: SLF001  # nothing else shows it
