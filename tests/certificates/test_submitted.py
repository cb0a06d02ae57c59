"""CSRs that clients submit: which are signed, and the messages about refused ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.certificates.submitted import read_request
from mock_sei.errors import Rejected
from tests.cases import every_case
from tests.certificates.client_ca import (
    SHA1_WITH_EC,
    ClientCA,
    ec_key,
    pem,
    pem_of,
    refusal,
    request,
    rsa_key,
    signed,
    tlv,
)

ACCOUNT = "svc-team"
CSR = "CERTIFICATE REQUEST"
MD5_WITH_RSA = bytes.fromhex("300d06092a864886f70d0101040500")
SHA1_WITH_RSA = bytes.fromhex("300d06092a864886f70d0101050500")


def request_problem(text: str) -> str:
    problems = refusal(lambda: read_request(text, ACCOUNT))
    assert problems.keys() == {"request"}
    return problems["request"]


@pytest.mark.parametrize(
    "key",
    [
        ec_key(),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
    ],
    ids=lambda key: str(key.curve.name),
)
def test_a_request_with_an_ec_key_is_good(key: ec.EllipticCurvePrivateKey) -> None:
    assert read_request(pem(request(ACCOUNT, key=key)), ACCOUNT) == key.public_key()


def test_a_request_with_an_rsa_key_is_good() -> None:
    key = rsa_key()
    assert read_request(pem(request(ACCOUNT, key=key)), ACCOUNT) == key.public_key()


def test_old_tools_label_a_request_otherwise() -> None:
    text = pem(request(ACCOUNT)).replace(CSR, f"NEW {CSR}")
    assert read_request(text, ACCOUNT) == ec_key().public_key()


@every_case(
    ("names", "shown"),
    [
        (["svc-other"], "svc-other"),
        ([], "missing"),
        ([ACCOUNT, "svc-other"], "svc-team, svc-other"),
        ([ACCOUNT, ACCOUNT], "svc-team, svc-team"),
        ([ACCOUNT.upper()], "SVC-TEAM"),
        ([f"{ACCOUNT} "], "svc-team "),
        (["<script>"], "<script>"),
    ],
)
def test_the_cn_of_a_request_is_the_account_and_it_alone(names: list[str], shown: str) -> None:
    problem = request_problem(pem(request(*names)))
    assert problem == (f"its CN is {shown}; it must be {ACCOUNT}, the service account's user name")


DSA_REQUEST = """-----BEGIN CERTIFICATE REQUEST-----
MIICLTCCAeoCAQAwKTEUMBIGA1UECgwLQ2xpZW50ICYgQ28xETAPBgNVBAMMCHN2
Yy10ZWFtMIIBtjCCASsGByqGSM44BAEwggEeAoGBAIruVx2EmOMYckVDXKTZ3Zqv
/K0ub1wgnhenjV2JX4U/zIJUobcMMW2wAveTQIWXs5SkVdnPM2ySASPieTkLzP0W
KaJZf6iP77cUhsyKH1lzwppe/FCnixfUrIKCntM3x5iMaPAeYnqGThsrP0wd2ar6
VEftve7xeDzuZws5o1itAhUAxhM3Xhvmgl5jM40CYcbQEaw+fd8CgYAQfkKVHCfB
sKCfeyGWJlu2gSsSSmlIJtufY6kGekT1X3GdP0aRzNWbUMtyTIaeBbQh7rn2VROk
xWF3k0vN+b42gQor7Z3hdr8J6T+dYk3J/pspoM1SFKRgMbtdpv9HjrzWf9yZfVrp
RSmTg2B/tEsDEuH983AJFBxnhD+087/AoAOBhAACgYBduYIhUrzi70OdFNiTDEfY
h6UkT7WeOLpN6j/prJR4Ld348yLBjMVCfqEGc1SuIRJ4RgNT3CpvndQQfGZR+2D6
Gia/g26X4Rq4TThI0OQ43xIrFeKEkPKBOPGyJY8oHtzUM16bW/bqYYibYOAoxNwk
S/E2+tUw8GfkX/wy6950dqAAMAsGCWCGSAFlAwQDAgMwADAtAhQWkiYASc0ex1ZR
HVJJWxCQFX9B9AIVALuACdecKLe9U5xi0JiqOHrCw3Ok
-----END CERTIFICATE REQUEST-----
"""

WEAK_REQUESTS: list[tuple[str, Callable[[], x509.CertificateSigningRequest | str], str]] = [
    ("RSA 1024", lambda: request(ACCOUNT, key=rsa_key(1024)), "1024 bits, too few; make one of"),
    (
        "secp256k1",
        lambda: request(ACCOUNT, key=ec.generate_private_key(ec.SECP256K1())),
        "secp256k1; use secp256r1",
    ),
    (
        "secp192r1",
        lambda: request(ACCOUNT, key=ec.generate_private_key(ec.SECP192R1())),
        "secp192r1; use secp256r1",
    ),
    (
        "Ed25519",
        lambda: request(ACCOUNT, key=ed25519.Ed25519PrivateKey.generate(), algorithm=None),
        "neither RSA nor EC",
    ),
    ("DSA", lambda: DSA_REQUEST, "neither RSA nor EC"),
]


@every_case(
    ("make", "words"), [case[1:] for case in WEAK_REQUESTS], ids=[case[0] for case in WEAK_REQUESTS]
)
def test_a_request_with_a_weak_or_foreign_key_is_refused(
    make: Callable[[], x509.CertificateSigningRequest | str], words: str
) -> None:
    weak = make()
    assert words in request_problem(weak if isinstance(weak, str) else pem(weak))


@pytest.mark.parametrize(
    ("algorithm", "name"), [(MD5_WITH_RSA, "MD5"), (SHA1_WITH_RSA, "SHA1"), (SHA1_WITH_EC, "SHA1")]
)
def test_a_request_signed_with_a_broken_hash_is_refused(algorithm: bytes, name: str) -> None:
    digest = {"MD5": hashes.MD5(), "SHA1": hashes.SHA1()}[name]  # noqa: S303  # refused
    key = ec_key() if algorithm == SHA1_WITH_EC else rsa_key()
    content = request(ACCOUNT, key=key).tbs_certrequest_bytes
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(content, padding.PKCS1v15(), digest)
    else:
        signature = key.sign(content, ec.ECDSA(digest))
    text = pem_of(signed(content, algorithm, signature), CSR)
    assert request_problem(text) == f"it is signed with {name}; use SHA-256 or better"


def test_a_request_that_was_changed_is_refused() -> None:
    good = request(ACCOUNT)
    for der in (
        good.public_bytes(Encoding.DER).replace(b"Client & Co", b"Client + Co"),
        signed(
            good.tbs_certrequest_bytes,
            bytes.fromhex("300a06082a8648ce3d040302"),
            ec_key().sign(b"something else", ec.ECDSA(hashes.SHA256())),
        ),
    ):
        assert request_problem(pem_of(der, CSR)) == (
            "its signature does not fit: the file was changed"
        )


@every_case(
    ("text", "words"),
    [
        ("", "not PEM text: no line -----BEGIN CERTIFICATE REQUEST-----"),
        ("   \n", "not PEM text"),
        ("no request", "not PEM text"),
        ("<script>alert(1)</script>", "not PEM text"),
        (f"-----BEGIN {CSR}-----\n-----END {CSR}-----\n", "cannot be read"),
        (f"-----BEGIN {CSR}-----", "cannot be read"),
        (pem_of(b"", CSR), "cannot be read"),
        (pem_of(b"no DER", CSR), "cannot be read"),
        (f"-----BEGIN {CSR}-----\n*not Base64*\n-----END {CSR}-----\n", "cannot be read"),
        (f"-----BEGIN {CSR}-----\n\ud800\n-----END {CSR}-----\n", "cannot be read"),
        (pem(ClientCA.create().certificate), "a CERTIFICATE, not a CERTIFICATE REQUEST"),
    ],
)
def test_what_is_no_request_is_refused_by_what_it_is(text: str, words: str) -> None:
    assert words in request_problem(text)


@every_case("kept", [40, 100, 250, -30])
def test_a_request_cut_short_is_refused(kept: int) -> None:
    assert "cannot be read" in request_problem(pem(request(ACCOUNT))[:kept])


def test_a_request_of_another_version_is_refused() -> None:
    der = request(ACCOUNT).public_bytes(Encoding.DER)
    changed = der.replace(b"\x02\x01\x00", b"\x02\x01\x07", 1)
    assert "cannot be read" in request_problem(pem_of(changed, CSR))


@pytest.mark.parametrize("format_", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_private_key_is_told_to_stay_where_it_is(format_: PrivateFormat) -> None:
    key = ec_key().private_bytes(Encoding.PEM, format_, NoEncryption()).decode()
    for text in (key, pem(request(ACCOUNT)) + key):
        assert "holds a private key, which you must keep" in request_problem(text)


def test_a_public_key_is_no_request() -> None:
    key = ec_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert "a PUBLIC KEY, not a CERTIFICATE REQUEST" in request_problem(key.decode())


@given(
    text=st.one_of(
        st.text(),
        st.text().map(lambda body: f"-----BEGIN {CSR}-----\n{body}\n-----END {CSR}-----\n"),
        st.binary().map(lambda body: pem_of(body, CSR)),
        st.binary(max_size=200).map(lambda body: pem_of(tlv(0x30, body), CSR)),
    )
)
def test_whatever_is_no_request_is_refused_and_nothing_else(text: str) -> None:
    refusal(lambda: read_request(text, ACCOUNT))


@given(position=st.integers(min_value=0), value=st.integers(0, 255), cut=st.booleans())
def test_a_request_with_one_changed_byte_is_refused_or_the_same(
    position: int, value: int, cut: bool
) -> None:
    der = bytearray(request(ACCOUNT).public_bytes(Encoding.DER))
    at = position % len(der)
    der[at] = value
    changed = bytes(der[: at if cut else None])
    try:
        assert read_request(pem_of(changed, CSR), ACCOUNT) == ec_key().public_key()
    except Rejected as error:
        assert error.problems.keys() == {"request"}  # noqa: PT017  # either is good
