"""Clients' own certificates that OpenSSL cannot read or accept are found before registration.

Each is also sent in a real handshake: the test before registration must predict it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Rejected
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.runtime.tls import CertificateRefused
from mock_sei.runtime.trial import Trial
from mock_sei.runtime.trust import ListenerTrust
from mock_sei.settings import Behaviour
from tests.certificates.client_ca import ClientCA, ec_key, pem, pem_of, rsa_key, signed, usage
from tests.growth import assert_linear
from tests.runtime.encounter import Encounter
from tests.support import control_client, registration

pytestmark = pytest.mark.long

TEAM = "svc-nightly"
ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
NETSCAPE_TYPE = ObjectIdentifier("2.16.840.1.113730.1.1")
PRINTABLE, IA5, VISIBLE = 19, 22, 26


@pytest.fixture(scope="module")
def ca() -> ClientCA:
    return ClientCA.create("Client root")


@pytest.fixture
def platform(shared_store: CertificateStore) -> Platform:
    """A platform that tests submitted certificates, as a server does."""
    platform = Platform(
        fixtures=load_fixtures(),
        store=shared_store,
        behaviour=Behaviour(seed=1),
        tls_problem=Trial(shared_store.authority).find_problem,
    )
    platform.portal.register(registration(certificate="own"))
    return platform


Make = Callable[[ClientCA], str]


def with_name_as(tag: int, text: bytes) -> Make:
    """The CN in another string type of ASN.1 (X.680 section 41)."""

    def make(ca: ClientCA) -> str:
        content = ca.sign(TEAM, extensions=(CLIENT,)).tbs_certificate_bytes
        end = content.rindex(TEAM.encode()) + len(TEAM)
        start = end - len(TEAM) - 2
        assert len(text) == len(TEAM)
        return resigned(ca, content[:start] + bytes([tag, len(text)]) + text + content[end:])

    return make


def resigned(ca: ClientCA, content: bytes) -> str:
    assert isinstance(ca.key, ec.EllipticCurvePrivateKey)
    signature = ca.key.sign(content, ec.ECDSA(hashes.SHA256()))
    return pem_of(signed(content, ECDSA_WITH_SHA256, signature), "CERTIFICATE")


def negative_serial_number(ca: ClientCA) -> str:
    content = ca.sign(TEAM, serial_number=0x55, extensions=(CLIENT,)).tbs_certificate_bytes
    return resigned(ca, content.replace(b"\x02\x01\x55", b"\x02\x01\xd5", 1))


def with_names(count: int) -> Make:
    names = [x509.DNSName(f"{'a' * 50}{number}.example") for number in range(count)]
    return lambda ca: pem(ca.sign(TEAM, extensions=(CLIENT, x509.SubjectAlternativeName(names))))


def of_type(bits: bytes) -> Make:
    """A certificate with Netscape's extension for its purpose, which OpenSSL still reads."""
    extension = x509.UnrecognizedExtension(NETSCAPE_TYPE, b"\x03\x02" + bits)
    return lambda ca: pem(ca.sign(TEAM, extensions=(CLIENT, extension)))


ODD: dict[str, tuple[Make, bool]] = {
    "as it should be": (lambda ca: pem(ca.sign(TEAM, extensions=(CLIENT,))), True),
    "without extensions": (lambda ca: pem(ca.sign(TEAM)), True),
    "an IA5String": (with_name_as(IA5, TEAM.encode()), True),
    "a PrintableString": (with_name_as(PRINTABLE, TEAM.encode()), True),
    "a VisibleString": (with_name_as(VISIBLE, TEAM.encode()), False),
    "a negative serial number": (negative_serial_number, False),
    "a thousand names": (with_names(1000), True),
    "more names than a handshake holds": (with_names(2500), False),
    "a client's by Netscape's extension": (of_type(b"\x07\x80"), True),
    "a server's by Netscape's extension": (of_type(b"\x06\x40"), False),
    "a P-521 key": (
        lambda ca: pem(
            ca.sign(TEAM, public_key=ec.generate_private_key(ec.SECP521R1()).public_key())
        ),
        True,
    ),
    "key agreement beside the signature": (
        lambda ca: pem(ca.sign(TEAM, extensions=(usage(digital_signature=True),))),
        True,
    ),
}


def submit(platform: Platform, certificate: str, ca: ClientCA) -> dict[str, str]:
    """What is wrong with the certificate; empty if it is registered."""
    try:
        platform.certificates.register_own(TEAM, certificate, ca.pem)
    except Rejected as error:
        return error.problems
    return {}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_certificate_is_registered_where_openssl_can_let_it_in(
    platform: Platform, ca: ClientCA, odd: str
) -> None:
    make, good = ODD[odd]
    problems = submit(platform, make(ca), ca)

    assert problems.keys() == (set() if good else {"certificate"})
    if not good:
        assert platform.certificates.of(TEAM) == []
        assert platform.certificates.trust_number == 0


@pytest.mark.parametrize("odd", ODD)
def test_after_an_odd_one_the_listener_still_lets_in_whom_it_should(
    platform: Platform, ca: ClientCA, odd: str
) -> None:
    """One unreadable certificate once made the listener ignore all later changes."""
    submit(platform, ODD[odd][0](ca), ca)
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    trust = ListenerTrust(platform, identity, client_certificates=True)
    good, stranger = ca.identity(TEAM), ca.identity(TEAM)
    assert submit(platform, pem(good.certificate), ca) == {}

    assert told(trust, good) is None
    assert told(trust, platform.certificates.identity("svc-demo")) is None
    assert told(trust, stranger) == "TLSV1_ALERT_UNKNOWN_CA"


def told(trust: ListenerTrust, shown: Identity) -> str | None:
    return Encounter(asyncio.run(trust.context()), shown).shake_hands()


@pytest.mark.parametrize("key", ["RSA 2048", "RSA 4096", "P-256", "P-384", "P-521"])
def test_what_the_trial_finds_good_shakes_hands(platform: Platform, ca: ClientCA, key: str) -> None:
    makers: dict[str, Callable[[], rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]] = {
        "RSA 2048": rsa_key,
        "RSA 4096": lambda: rsa_key(4096),
        "P-256": ec_key,
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    }
    own_key = makers[key]()
    certificate = ca.sign(TEAM, public_key=own_key.public_key(), extensions=(CLIENT,))
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    trust = ListenerTrust(platform, identity, client_certificates=True)
    shown = Identity(certificate=certificate, key=own_key)
    assert told(trust, shown) == "TLSV1_ALERT_UNKNOWN_CA"

    assert submit(platform, pem(certificate), ca) == {}

    assert told(trust, shown) is None


def test_a_certificate_that_may_sign_others_lets_in_none_that_it_signed(
    platform: Platform, ca: ClientCA
) -> None:
    """At the end of a chain, OpenSSL accepts keyCertSign without basicConstraints as a CA."""
    signs = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        key_encipherment=False,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    own = ca.sign(TEAM, extensions=(CLIENT, signs))
    below = ClientCA(key=ec_key(), certificate=own).identity("svc-demo")
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    trust = ListenerTrust(platform, identity, client_certificates=True)
    assert submit(platform, pem(own), ca) == {}
    assert told(trust, Identity(certificate=own, key=ec_key())) is None

    try:
        refused = told(trust, below)
    except CertificateRefused as error:
        refused = str(error)

    assert refused is not None


def test_a_refusal_says_what_openssl_finds_in_the_field_s_own_words(
    platform: Platform, ca: ClientCA
) -> None:
    certificate = ODD["a server's by Netscape's extension"][0](ca)
    with control_client(platform) as http:
        answer = http.post(
            f"/service-accounts/{TEAM}/own-certificates",
            json={"certificate": certificate, "ca": ca.pem},
        )

    assert answer.status_code == 400
    assert answer.json()["problems"] == {
        "certificate": "TLS would refuse it: unsuitable certificate purpose"
    }


@pytest.mark.slow
def test_a_trial_costs_what_it_reads(shared_store: CertificateStore, ca: ClientCA) -> None:
    trial = Trial(shared_store.authority)

    def make(count: int) -> Callable[[], object]:
        text = with_names(count)(ca)
        return lambda: trial.find_problem(text)

    assert_linear(make, 600)


def test_dates_are_not_the_trial_s_to_judge(shared_store: CertificateStore, ca: ClientCA) -> None:
    """The platform's clock may have been moved; OpenSSL reads the machine's."""
    ended = ca.sign(
        TEAM,
        start=datetime(2001, 1, 1, tzinfo=UTC),
        end=datetime(2002, 1, 1, tzinfo=UTC),
        extensions=(CLIENT,),
    )
    assert Trial(shared_store.authority).find_problem(pem(ended)) is None


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_a_serial_number_that_is_not_positive_is_refused_with_or_without_warnings_as_errors(
    platform: Platform, ca: ClientCA
) -> None:
    (problem,) = submit(platform, negative_serial_number(ca), ca).values()
    assert "serial number is not positive" in problem


def test_without_files_the_refusal_says_so_and_the_next_attempt_succeeds(
    platform: Platform, ca: ClientCA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = pem(ca.sign(TEAM, extensions=(CLIENT,)))
    with monkeypatch.context() as patch:
        patch.setattr("mock_sei.runtime.tls._memory_file", lambda: None)
        patch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        (problem,) = submit(platform, certificate, ca).values()
    assert "cannot be tested at this moment" in problem
    assert "submit it again" in problem

    assert submit(platform, certificate, ca) == {}
