"""Certificates of clients' own CAs: which are accepted, and the messages about refused ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.submitted import read_own_certificate
from mock_sei.errors import Rejected
from tests.cases import every_case
from tests.certificates.client_ca import (
    NOW,
    ClientCA,
    ec_key,
    pem,
    pem_of,
    refusal,
    request,
    rsa_key,
    signed_with_sha1,
    usage,
)

ACCOUNT = "svc-team"


@cache
def root() -> ClientCA:
    return ClientCA.create("Client root")


@cache
def intermediate() -> ClientCA:
    return ClientCA.create("Client intermediate", parent=root())


def read_own(
    certificate: x509.Certificate | str, ca: str | None = None, *, now: datetime = NOW
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    text = certificate if isinstance(certificate, str) else pem(certificate)
    return read_own_certificate(text, root().pem if ca is None else ca, ACCOUNT, now=now)


def own_problem(
    certificate: x509.Certificate | str, ca: str | None = None, *, now: datetime = NOW
) -> tuple[str, str]:
    """The field and the message of a refusal."""
    (problem,) = refusal(lambda: read_own(certificate, ca, now=now)).items()
    return problem


def test_a_certificate_with_its_root_is_good() -> None:
    certificate = root().sign(ACCOUNT)
    assert read_own(certificate) == (certificate, (root().certificate,))


@pytest.mark.parametrize("order", [1, -1])
def test_a_certificate_with_intermediate_and_root_is_good_in_any_order(order: int) -> None:
    certificate = intermediate().sign(ACCOUNT, public_key=rsa_key().public_key())
    chain = intermediate().chain
    assert read_own(certificate, pem(*chain[::order])) == (certificate, chain)


def test_what_else_was_pasted_below_the_certificate_is_not_taken_for_its_ca() -> None:
    certificate = root().sign(ACCOUNT)
    assert read_own(pem(certificate, root().certificate))[0] == certificate
    field, words = own_problem(
        pem(certificate, root().certificate), pem(intermediate().certificate)
    )
    assert field == "ca"
    assert "none of these signed" in words


def test_the_dates_are_judged_by_the_platforms_clock() -> None:
    start, end = NOW - timedelta(days=10), NOW + timedelta(days=10)
    certificate = root().sign(ACCOUNT, start=start, end=end)

    for good in (start, NOW, end):
        assert read_own(certificate, now=good)[0] == certificate
    field, expired = own_problem(certificate, now=end + timedelta(seconds=1))
    _, early = own_problem(certificate, now=start - timedelta(seconds=1))

    assert field == "certificate"
    assert expired.startswith(
        f"it expired on {end:%Y-%m-%d}; the platform's clock says {end:%Y-%m}"
    )
    assert early.startswith(f"it is not valid before {start:%Y-%m-%d %H:%M:%S} UTC; the platform's")


@pytest.mark.parametrize("names", [["svc-other"], [], [ACCOUNT, "svc-other"]])
def test_a_certificate_of_another_name_is_refused(names: list[str]) -> None:
    field, words = own_problem(root().sign(*names))
    assert field == "certificate"
    assert words.endswith(f"it must be {ACCOUNT}, the service account's user name")


EXTENSION_CASES: list[tuple[str, tuple[x509.ExtensionType, ...], str | None]] = [
    ("no extension at all", (), None),
    (
        "for clients and servers",
        (
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
        ),
        None,
    ),
    ("digitalSignature", (usage(digital_signature=True),), None),
    ("no CA", (x509.BasicConstraints(ca=False, path_length=None),), None),
    (
        "for servers",
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),),
        "its extended key usage lacks clientAuth",
    ),
    (
        "no digitalSignature",
        (usage(digital_signature=False),),
        "its key usage lacks digitalSignature, which TLS needs",
    ),
    (
        "a CA's",
        (x509.BasicConstraints(ca=True, path_length=None),),
        "it is a CA's; submit the account's certificate here",
    ),
]


@every_case(
    ("extensions", "problem"),
    [case[1:] for case in EXTENSION_CASES],
    ids=[case[0] for case in EXTENSION_CASES],
)
def test_a_certificate_is_for_clients(
    extensions: tuple[x509.ExtensionType, ...], problem: str | None
) -> None:
    certificate = root().sign(ACCOUNT, extensions=extensions)
    if problem is None:
        assert read_own(certificate)[0] == certificate
    else:
        assert own_problem(certificate) == ("certificate", problem)


def test_a_certificate_with_a_weak_or_foreign_key_is_refused() -> None:
    for key, words in (
        (rsa_key(1024).public_key(), "1024 bits, too few"),
        (ec.generate_private_key(ec.SECP256K1()).public_key(), "secp256k1; use secp256r1"),
        (ed25519.Ed25519PrivateKey.generate().public_key(), "neither RSA nor EC"),
    ):
        field, problem = own_problem(root().sign(ACCOUNT, public_key=key))
        assert field == "certificate"
        assert words in problem


def test_a_certificate_signed_with_a_broken_hash_is_refused() -> None:
    key = root().key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    text = pem_of(signed_with_sha1(root().sign(ACCOUNT), key), "CERTIFICATE")
    assert own_problem(text) == ("certificate", "it is signed with SHA-1; use SHA-256 or better")


def test_a_certificate_of_a_ca_that_was_not_submitted_is_refused() -> None:
    unrelated = ClientCA.create("Another CA")
    same_name = ClientCA.create("Client root")
    for ca in (unrelated, same_name):
        field, words = own_problem(root().sign(ACCOUNT), ca.pem)
        assert field == "ca"
        assert words.startswith("none of these signed the certificate, whose issuer is ")
        assert "CN=Client root" in words
        assert words.endswith("submit the CA that issued it")


def test_a_chain_without_its_root_is_refused() -> None:
    field, words = own_problem(intermediate().sign(ACCOUNT), pem(intermediate().certificate))
    assert field == "ca"
    assert re.search(
        r"the chain ends below .*CN=Client root.*; submit the CAs up to the root", words
    )


def test_a_signer_that_is_no_ca_is_refused_as_one() -> None:
    pretender = ClientCA.create("Pretender", parent=root(), is_ca=False)
    lone = ClientCA.create("Lone pretender", is_ca=False)
    for signer in (pretender, lone):
        field, words = own_problem(signer.sign(ACCOUNT), signer.pem)
        assert field == "ca"
        assert "retender" in words
        assert "is not a CA" in words


def test_a_self_signed_certificate_is_refused() -> None:
    own = ClientCA.create(ACCOUNT, is_ca=False).certificate
    field, words = own_problem(own, pem(own))
    assert field == "ca"
    assert f"CN={ACCOUNT}" in words
    assert "is not a CA" in words


def test_two_cas_that_sign_one_another_are_no_chain() -> None:
    first = ClientCA.create("First")
    second = ClientCA.create("Second", parent=first)
    crossed = second.sign(
        "First",
        public_key=first.key.public_key(),
        extensions=(x509.BasicConstraints(ca=True, path_length=None),),
    )
    field, words = own_problem(second.sign(ACCOUNT), pem(second.certificate, crossed))
    assert field == "ca"
    assert "the chain ends below" in words


def test_the_platforms_own_certificate_needs_its_ca_too() -> None:
    stranger = Authority(new_authority_pem())
    field, _ = own_problem(
        stranger.sign_request(ACCOUNT, ec_key().public_key(), now=NOW), root().pem
    )
    assert field == "ca"


@every_case(
    ("text", "words"),
    [
        ("", "not PEM text: no line -----BEGIN CERTIFICATE-----"),
        (pem(request(ACCOUNT)), "a CERTIFICATE REQUEST, not a CERTIFICATE"),
        (pem(root().sign(ACCOUNT))[:300], "cannot be read"),
        (pem_of(b"\x30\x00", "CERTIFICATE"), "cannot be read"),
    ],
)
@every_case("field", ["certificate", "ca"])
def test_what_is_no_certificate_is_refused_in_its_field(text: str, words: str, field: str) -> None:
    good = root().sign(ACCOUNT)
    named, problem = own_problem(text) if field == "certificate" else own_problem(good, text)
    assert named == field
    assert words in problem


@every_case(
    ("good", "bad"),
    [
        (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"),  # version
        (b"\x06\x03\x55\x1d\x25", b"\x06\x03\x55\x1d\x13"),  # two basicConstraints
        (b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x77"),
        (b"\x0c\x08svc-team", b"\x03\x08svc-team"),  # a name of bits
        (b"\x55\x1d\x25", b"\x55\x1d\x0f"),  # a key usage that is none
    ],
)
def test_a_certificate_with_an_unreadable_part_is_refused(good: bytes, bad: bytes) -> None:
    certificate = root().sign(
        ACCOUNT,
        extensions=(
            x509.BasicConstraints(ca=False, path_length=None),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
        ),
    )
    der = certificate.public_bytes(Encoding.DER)
    assert good in der
    field, _ = own_problem(pem_of(der.replace(good, bad), "CERTIFICATE"))
    assert field == "certificate"


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@given(position=st.integers(min_value=0), value=st.integers(0, 255), in_ca=st.booleans())
def test_a_certificate_with_one_changed_byte_is_never_more_than_refused(
    position: int, value: int, in_ca: bool
) -> None:
    leaf, ca = root().sign(ACCOUNT).public_bytes(Encoding.DER), root().certificate
    der = bytearray(ca.public_bytes(Encoding.DER) if in_ca else leaf)
    at = position % len(der)
    same = der[at] == value
    der[at] = value
    changed = pem_of(bytes(der), "CERTIFICATE")
    good = pem_of(leaf, "CERTIFICATE")
    try:
        read_own(good if in_ca else changed, changed if in_ca else None)
    except Rejected:
        assert not same


@given(text=st.one_of(st.text(), st.binary().map(lambda body: pem_of(body, "CERTIFICATE"))))
def test_whatever_is_no_certificate_is_refused_and_nothing_else(text: str) -> None:
    refusal(lambda: read_own(text))
    refusal(lambda: read_own(root().sign(ACCOUNT), text))


@pytest.mark.parametrize("format_", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_private_key_is_told_to_stay_where_it_is(format_: PrivateFormat) -> None:
    key = ec_key().private_bytes(Encoding.PEM, format_, NoEncryption()).decode()
    own, ca = pem(root().sign(ACCOUNT)), root().pem
    for certificate, above, field in ((own + key, ca, "certificate"), (own, ca + key, "ca")):
        named, words = own_problem(certificate, above)
        assert named == field
        assert words == "holds a private key, which you must keep; submit only the rest"


def rsa_public(bits: int, exponent: int = 65537) -> rsa.RSAPublicKey:
    """A large key without its private half: only the size is checked."""
    return rsa.RSAPublicNumbers(exponent, 2**bits - 1).public_key()


@every_case(
    ("key", "problem"),
    [
        (lambda: rsa_public(16385), "16385 bits, more than TLS can use; make one of 16384"),
        (lambda: rsa_public(4096, 2**65 + 1), "a public exponent of 66 bits"),
        (lambda: rsa_public(16384), None),
        (lambda: rsa_public(3072, 2**65 + 1), None),
    ],
)
def test_a_key_that_openssl_cannot_use_is_refused_and_the_largest_it_can_is_not(
    key: Callable[[], rsa.RSAPublicKey], problem: str | None
) -> None:
    certificate = root().sign(ACCOUNT, public_key=key())
    if problem is None:
        assert read_own(certificate)[0] == certificate
    else:
        assert problem in refusal(lambda: read_own(certificate))["certificate"]


def test_a_bundle_of_many_cas_is_looked_through() -> None:
    certificate = root().sign(ACCOUNT)
    others = "".join(ClientCA.create("Client root").pem for _ in range(40))

    assert read_own(certificate, others + root().pem)[0] == certificate
