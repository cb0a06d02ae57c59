"""The files of each format, read with a library that did not write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)

from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.bundles import (
    FORMATS,
    LONGEST_SHOWN_NAME,
    BundleOptions,
    Identity,
    describe,
    describe_der,
    describe_pem,
    pkcs7_bundle,
    pkcs12_bundle,
    trusted_certificates,
    truststore,
)

pytestmark = pytest.mark.long

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
OPTIONS = BundleOptions()
SHROUDED_3DES = bytes.fromhex("060a2a864886f70d010c0103")
"""DER of pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C)."""
AES_256 = bytes.fromhex("060960864801650304012a")
"""DER of aes256-CBC (RFC 3565)."""


@pytest.fixture(scope="module")
def identity() -> Identity:
    return Authority(new_authority_pem()).issue_identity("svc-demo", now=NOW)


def write(
    identity: Identity, format_name: str, options: BundleOptions = OPTIONS
) -> dict[str, bytes]:
    return {name: writer(identity, options) for name, writer in FORMATS[format_name].items()}


def open_pkcs12(content: bytes, passphrase: str = "mock-sei") -> pkcs12.PKCS12KeyAndCertificates:
    return pkcs12.load_pkcs12(content, passphrase.encode())


def test_the_formats_and_their_files_are_the_documented_ones() -> None:
    assert {name: set(files) for name, files in FORMATS.items()} == {
        "pem": {"certificate.crt", "privatekey.key"},
        "pfx": {"certificate.pfx"},
        "p12": {"certificate.p12", "privatekey.p12"},
        "p7s": {"certificate.p7s", "privatekey.key"},
    }


def test_pem_is_the_leaf_alone_and_an_unencrypted_key(identity: Identity) -> None:
    files = write(identity, "pem")

    assert x509.load_pem_x509_certificates(files["certificate.crt"]) == [identity.certificate]
    key = load_pem_private_key(files["privatekey.key"], None)
    assert key.public_key() == identity.certificate.public_key()
    assert files["privatekey.key"].startswith(b"-----BEGIN PRIVATE KEY-----")


def test_pfx_is_key_leaf_and_whole_chain(identity: Identity) -> None:
    bundle = open_pkcs12(write(identity, "pfx")["certificate.pfx"])

    assert bundle.cert is not None
    assert bundle.cert.certificate == identity.certificate
    assert bundle.cert.friendly_name == b"svc-demo"
    assert [each.certificate for each in bundle.additional_certs] == list(identity.chain)
    assert len(identity.chain) == 2
    assert bundle.key is not None
    assert bundle.key.public_key() == identity.certificate.public_key()


@pytest.mark.parametrize("name", ["certificate.p12", "privatekey.p12"])
def test_both_p12_files_carry_key_and_leaf(identity: Identity, name: str) -> None:
    """Without the key there is no localKeyID, and the documented ``-clcerts`` would write
    nothing."""
    bundle = open_pkcs12(write(identity, "p12")[name])

    assert bundle.cert is not None
    assert bundle.cert.certificate == identity.certificate
    assert bundle.key is not None
    assert bundle.key.public_key() == identity.certificate.public_key()
    assert bundle.additional_certs == []


def test_p7s_is_der_with_leaf_and_intermediate(identity: Identity) -> None:
    files = write(identity, "p7s")
    found = pkcs7.load_der_pkcs7_certificates(files["certificate.p7s"])

    assert {each.serial_number for each in found} == {
        identity.serial_number,
        identity.chain[0].serial_number,
    }
    assert files["certificate.p7s"] == pkcs7_bundle(identity.certificate, identity.chain)
    key = load_pem_private_key(files["privatekey.key"], None)
    assert key.public_key() == identity.certificate.public_key()


def test_a_self_signed_identity_has_no_chain_to_carry(identity: Identity) -> None:
    alone = Identity(certificate=identity.certificate, key=identity.key)

    assert pkcs7.load_der_pkcs7_certificates(pkcs7_bundle(alone.certificate, alone.chain)) == [
        identity.certificate
    ]
    assert open_pkcs12(pkcs12_bundle(alone, OPTIONS)).additional_certs == []
    assert alone.chain_pem == b""


@pytest.mark.parametrize("passphrase", ["correct horse", "p\xe4ss", "x"])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_bundle_opens_with_its_passphrase_and_no_other(
    identity: Identity, passphrase: str, *, legacy: bool
) -> None:
    content = pkcs12_bundle(identity, BundleOptions(passphrase=passphrase, legacy=legacy))

    assert open_pkcs12(content, passphrase).key is not None
    with pytest.raises(ValueError, match="Invalid password"):
        open_pkcs12(content, "another")


def test_encryption_is_modern_unless_an_old_importer_is_named(identity: Identity) -> None:
    modern = pkcs12_bundle(identity, OPTIONS)
    legacy = pkcs12_bundle(identity, BundleOptions(legacy=True))

    assert AES_256 in modern
    assert SHROUDED_3DES not in modern
    assert SHROUDED_3DES in legacy
    assert AES_256 not in legacy
    bundle = open_pkcs12(legacy)
    assert bundle.cert is not None
    assert bundle.cert.certificate == identity.certificate


@pytest.mark.slow
@pytest.mark.parametrize(("legacy", "cipher"), [(False, AES_256), (True, SHROUDED_3DES)])
@pytest.mark.parametrize("passphrase", [b"", None])
def test_a_file_with_an_empty_passphrase_is_encrypted_and_anybody_can_open_it(
    identity: Identity, *, legacy: bool, cipher: bytes, passphrase: bytes | None
) -> None:
    """keytool finds no key in an unencrypted file."""
    for name, write_file in (*FORMATS["pfx"].items(), *FORMATS["p12"].items()):
        content = write_file(identity, BundleOptions(passphrase="", legacy=legacy))
        assert cipher in content, name
        found = pkcs12.load_pkcs12(content, passphrase)
        assert found.cert is not None
        assert found.cert.certificate == identity.certificate
        assert found.key is not None


def test_the_usual_passphrase_does_not_open_a_file_with_an_empty_one(identity: Identity) -> None:
    content = pkcs12_bundle(identity, BundleOptions(passphrase=""))
    with pytest.raises(ValueError, match=r"(?i)invalid password"):
        open_pkcs12(content)


def test_an_empty_passphrase_does_not_open_a_file_with_another_one(identity: Identity) -> None:
    with pytest.raises(ValueError, match=r"(?i)invalid password"):
        open_pkcs12(pkcs12_bundle(identity, BundleOptions()), "")


def test_a_truststore_with_an_empty_passphrase_is_read_with_it(identity: Identity) -> None:
    content = truststore(identity.chain, "")
    assert AES_256 not in content
    assert trusted_certificates(content, "") == set(identity.chain)


def test_an_encrypted_key_opens_with_its_passphrase_and_no_other(identity: Identity) -> None:
    content = identity.encrypted_key_pem("open sesame")

    assert content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert load_pem_private_key(content, b"open sesame")
    with pytest.raises(ValueError, match=r"."):  # one key in 256 passes the padding, so other words
        load_pem_private_key(content, b"close sesame")


def test_a_key_is_not_left_open_by_an_empty_passphrase(identity: Identity) -> None:
    with pytest.raises(ValueError, match="assword"):
        identity.encrypted_key_pem("")


def test_a_truststore_holds_the_cas_with_names_and_no_key(identity: Identity) -> None:
    content = truststore(identity.chain, "mock-sei")
    bundle = open_pkcs12(content)

    assert bundle.key is None
    assert [each.certificate for each in bundle.additional_certs] == list(identity.chain)
    assert [each.friendly_name for each in bundle.additional_certs] == [
        b"mock-sei-0",
        b"mock-sei-1",
    ]
    assert trusted_certificates(content, "mock-sei") == set(identity.chain)


def test_a_truststore_with_another_passphrase_is_not_read(identity: Identity) -> None:
    with pytest.raises(ValueError, match="Invalid password"):
        trusted_certificates(truststore(identity.chain, "another"), "mock-sei")


def test_a_certificate_is_described_alike_from_every_encoding(identity: Identity) -> None:
    certificate = identity.certificate
    described = describe(certificate)

    assert described == identity.peer
    assert described == describe_pem(identity.certificate_pem.decode())
    assert described == describe_der(certificate.public_bytes(Encoding.DER))
    assert described.common_name == "svc-demo"
    assert described.serial_number == certificate.serial_number
    assert (described.not_before, described.not_after) == (identity.not_before, identity.not_after)
    assert described.fingerprint == certificate.fingerprint(hashes.SHA256()).hex()
    assert described.not_before == NOW


def test_what_is_no_certificate_is_said_so() -> None:
    with pytest.raises(ValueError, match=r"."):
        describe_der(b"no certificate")
    with pytest.raises(ValueError, match=r"."):
        describe_pem("no certificate")


def test_a_key_is_in_no_representation(identity: Identity) -> None:
    assert "PRIVATE" not in repr(identity)


def test_long_names_of_a_shown_certificate_are_cut() -> None:
    """Long names are cut, since the journal stores them. No account has so long a name."""
    long = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "o" * 64)] * 100)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime(2026, 3, 31, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(long)
        .issuer_name(long)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now)
        .sign(key, hashes.SHA256())
    )

    assert len(describe(certificate).issuer) == LONGEST_SHOWN_NAME + 1
