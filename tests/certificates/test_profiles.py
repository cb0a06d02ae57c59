"""Issued certificates: one purpose, exact dates, and variants that are wrong in one way only."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.bundles import Identity, common_name
from mock_sei.certificates.profiles import (
    SERVER_LIFETIME,
    Variant,
    identity_period,
    server_names,
    two_years_after,
)
from tests.cases import every_case

NOW = datetime(2026, 3, 31, 12, 0, 0, 123456, tzinfo=UTC)
NAMES = ["localhost", "127.0.0.1", "::1", "mock-sei", "*.api.seic.com"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(new_authority_pem())


@pytest.fixture(scope="module")
def identities(authority: Authority) -> dict[Variant, Identity]:
    """One certificate of each variant, made once, since RSA keys take long to make."""
    return {each: authority.issue_identity("svc-demo", now=NOW, variant=each) for each in Variant}


@pytest.fixture(scope="module")
def servers(authority: Authority) -> dict[Variant, Identity]:
    return {each: authority.issue_server(NAMES, now=NOW, variant=each) for each in Variant}


# Dates


@every_case(
    ("start", "end"),
    [
        ("2026-03-31", "2028-03-31"),
        ("2024-02-28", "2026-02-28"),
        ("2024-02-29", "2026-03-01"),
        ("2026-02-28", "2028-02-28"),
        ("2026-12-31", "2028-12-31"),
    ],
)
def test_two_years_end_on_the_same_day(start: str, end: str) -> None:
    """In a year without 29 February, the date is 1 March."""
    moment = datetime.fromisoformat(f"{start}T08:30:00+00:00")

    assert two_years_after(moment) == datetime.fromisoformat(f"{end}T08:30:00+00:00")


EVERY_DAY = [datetime(2023, 12, 31, 12, tzinfo=UTC) + timedelta(days=n) for n in range(1500)]


@pytest.mark.long
@every_case("variant", Variant)
def test_every_variant_is_valid_for_two_years_whatever_the_day(variant: Variant) -> None:
    for now in EVERY_DAY:
        start, end = identity_period(variant, now)
        assert end == two_years_after(start)
        assert (start <= now) is (variant is not Variant.NOT_YET_VALID)
        assert (now <= end) is (variant is not Variant.EXPIRED)


def test_a_certificate_is_valid_from_the_second_it_is_issued() -> None:
    start, _ = identity_period(Variant.VALID, NOW)

    assert start == NOW.replace(microsecond=0)


# Identities


def key_usage(certificate: x509.Certificate) -> set[str]:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    names = {"digital_signature", "key_encipherment", "content_commitment", "data_encipherment"}
    names |= {"key_agreement", "key_cert_sign", "crl_sign"}
    return {name for name in names if getattr(usage, name)}


def purposes(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


@pytest.mark.parametrize("variant", Variant)
def test_every_identity_is_for_clients_alone(
    identities: dict[Variant, Identity], variant: Variant
) -> None:
    certificate = identities[variant].certificate
    extensions = certificate.extensions

    assert purposes(certificate) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert key_usage(certificate) == {"digital_signature", "key_encipherment"}
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert not constraints.value.ca
    with pytest.raises(x509.ExtensionNotFound):
        extensions.get_extension_for_class(x509.SubjectAlternativeName)


@pytest.mark.parametrize("variant", Variant)
def test_every_identity_has_an_rsa_key_of_its_own(
    identities: dict[Variant, Identity], variant: Variant
) -> None:
    """The key is RSA, since the documented ``openssl rsa`` reads no other."""
    identity = identities[variant]

    assert isinstance(identity.key, rsa.RSAPrivateKey)
    assert identity.key.key_size == 2048
    assert identity.key.public_key() == identity.certificate.public_key()


@pytest.mark.parametrize("variant", Variant)
def test_every_identity_names_its_key_and_its_issuers(
    identities: dict[Variant, Identity], variant: Variant
) -> None:
    identity = identities[variant]
    extensions = identity.certificate.extensions
    issuer = identity.chain[0] if identity.chain else identity.certificate
    own = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    above = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    issuers = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value

    assert own == x509.SubjectKeyIdentifier.from_public_key(identity.certificate.public_key())
    assert above.key_identifier == issuers.digest


def faults(identity: Identity, authority: Authority) -> set[str]:
    """All differences between a certificate of svc-demo and a good one."""
    found = set()
    if identity.not_before > NOW:
        found.add("not yet valid")
    if identity.not_after < NOW:
        found.add("expired")
    if identity.common_name != "svc-demo":
        found.add("wrong CN")
    if identity.certificate.issuer == identity.certificate.subject:
        found.add("self-signed")
    elif not authority.signed(identity.certificate):
        found.add("stranger's")
    return found


@pytest.mark.parametrize(
    ("variant", "fault"),
    [
        (Variant.VALID, set()),
        (Variant.EXPIRED, {"expired"}),
        (Variant.NOT_YET_VALID, {"not yet valid"}),
        (Variant.UNTRUSTED, {"stranger's"}),
        (Variant.SELF_SIGNED, {"self-signed"}),
        (Variant.WRONG_CN, {"wrong CN"}),
    ],
)
def test_a_variant_is_wrong_in_its_one_way_alone(
    identities: dict[Variant, Identity], authority: Authority, variant: Variant, fault: set[str]
) -> None:
    assert faults(identities[variant], authority) == fault


def test_a_strangers_ca_looks_like_ours_and_is_another(
    identities: dict[Variant, Identity], authority: Authority
) -> None:
    stranger = identities[Variant.UNTRUSTED]

    assert stranger.certificate.issuer == authority.issuing.subject
    assert stranger.chain[0] != authority.issuing
    stranger.certificate.verify_directly_issued_by(stranger.chain[0])


def test_a_self_signed_certificate_is_signed_by_its_own_key(
    identities: dict[Variant, Identity],
) -> None:
    certificate = identities[Variant.SELF_SIGNED].certificate

    certificate.verify_directly_issued_by(certificate)
    assert identities[Variant.SELF_SIGNED].chain == ()


@pytest.mark.parametrize("variant", [Variant.VALID, Variant.WRONG_CN])
def test_the_longest_account_name_fits(authority: Authority, variant: Variant) -> None:
    longest = "a" * 64

    issued = authority.issue_identity(longest, now=NOW, variant=variant)
    assert (issued.common_name == longest) is (variant is Variant.VALID)


def test_serial_numbers_differ(identities: dict[Variant, Identity]) -> None:
    assert len({each.serial_number for each in identities.values()}) == len(identities)


# Servers


def test_the_servers_certificate_is_for_servers_alone(servers: dict[Variant, Identity]) -> None:
    server = servers[Variant.VALID]
    extensions = server.certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName)

    assert purposes(server.certificate) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert key_usage(server.certificate) == {"digital_signature"}
    assert not names.critical
    assert names.value.get_values_for_type(x509.DNSName) == [
        "localhost",
        "mock-sei",
        "*.api.seic.com",
    ]
    assert names.value.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]
    assert common_name(server.certificate) == "localhost"
    assert isinstance(server.key, ec.EllipticCurvePrivateKey)
    extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)


def test_the_servers_names_are_read_back(servers: dict[Variant, Identity]) -> None:
    assert server_names(servers[Variant.VALID].certificate) == set(NAMES)


def test_the_servers_certificate_lives_a_year(servers: dict[Variant, Identity]) -> None:
    server = servers[Variant.VALID]

    assert server.not_after - server.not_before == SERVER_LIFETIME
    assert timedelta(days=366) >= SERVER_LIFETIME
    assert server.not_before < NOW


def test_the_servers_variants_are_wrong_in_one_way(
    servers: dict[Variant, Identity], authority: Authority
) -> None:
    expired = servers[Variant.EXPIRED]
    assert expired.not_after < NOW
    assert expired.not_after - expired.not_before == SERVER_LIFETIME
    assert authority.signed(expired.certificate)

    untrusted = servers[Variant.UNTRUSTED]
    assert untrusted.not_before < NOW < untrusted.not_after
    assert not authority.signed(untrusted.certificate)

    own = servers[Variant.SELF_SIGNED].certificate
    assert own.issuer == own.subject
    own.verify_directly_issued_by(own)
