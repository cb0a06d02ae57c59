"""Certificates of clients' own CAs: only the registered certificate itself is accepted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from mock_sei.certificates.accounts import AccountCertificates
from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.held import Origin
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Rejected
from mock_sei.platform import Platform
from tests.certificates.accounts import DEMO, TEAM, is_let_in
from tests.certificates.client_ca import ClientCA, pem
from tests.support import registration

pytestmark = pytest.mark.usefixtures("one_key")


def test_an_own_certificate_is_admitted_once_registered_and_not_before(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    assert not certificates.admits(own.peer)
    assert not is_let_in(platform, own.peer)
    assert certificates.trusted().own_pem == b""

    held = certificates.register_own(TEAM, pem(own.certificate), ca.pem)

    assert (held.origin, held.has_key, held.chain) == (Origin.OWN, False, ca.chain)
    assert certificates.current(TEAM) == held
    assert is_let_in(platform, own.peer)
    assert x509.load_pem_x509_certificates(certificates.trusted().own_pem) == [own.certificate]
    platform.reset()
    assert not platform.certificates.admits(own.peer)
    assert "is not registered" in str(platform.judge_certificate(own.peer))


def test_registering_one_lets_in_no_other_of_its_ca(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    registered, other = ca.identity(TEAM), ca.identity(TEAM)
    certificates.register_own(TEAM, pem(registered.certificate), ca.pem)
    assert is_let_in(platform, registered.peer)
    assert not is_let_in(platform, other.peer)


def test_one_that_is_registered_again_is_held_once(
    certificates: AccountCertificates, ca: ClientCA
) -> None:
    own = pem(ca.sign(TEAM))
    first = certificates.register_own(TEAM, own, ca.pem)

    assert certificates.register_own(TEAM, own, ca.pem) == first
    assert certificates.of(TEAM) == [first]
    assert certificates.trusted().own_pem.count(b"BEGIN") == 1


def test_a_refused_one_leaves_nothing(certificates: AccountCertificates, ca: ClientCA) -> None:
    with pytest.raises(Rejected):
        certificates.register_own(TEAM, pem(ca.sign("svc-other")), ca.pem)
    assert certificates.of(TEAM) == []
    assert certificates.trusted().own_pem == b""


def test_its_dates_are_the_platforms_clocks(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    platform.clock.freeze()
    platform.clock.set(own.not_after + timedelta(seconds=1))
    with pytest.raises(Rejected, match="it expired on"):
        certificates.register_own(TEAM, pem(own.certificate), ca.pem)
    platform.clock.set(own.not_after)
    certificates.register_own(TEAM, pem(own.certificate), ca.pem)
    assert is_let_in(platform, own.peer)
    platform.clock.advance(seconds=1)
    assert "has expired" in str(platform.judge_certificate(own.peer))


def test_a_revoked_own_certificate_is_refused_as_revoked_and_not_taken_again(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    certificates.register_own(TEAM, pem(own.certificate), ca.pem)

    certificates.revoke(TEAM, own.serial_number)

    assert "was revoked" in str(platform.judge_certificate(own.peer))
    assert certificates.current(TEAM) is None
    with pytest.raises(Rejected, match="certificate: it was revoked here; submit another one"):
        certificates.register_own(TEAM, pem(own.certificate), ca.pem)
    certificates.register_own(TEAM, pem(ca.sign(TEAM)), ca.pem)


def test_cas_that_count_alike_do_not_revoke_one_anothers(platform: Platform) -> None:
    """Serial numbers are unique below one CA only (RFC 5280 section 4.1.2.2)."""
    known, cas, owns = platform.certificates, [], []
    for name in ("one", "two"):
        platform.portal.register(registration(name=name, certificate="own"))
        client_ca = ClientCA.create(f"CA of {name}")
        own = client_ca.identity(f"svc-{name}", serial_number=1)
        known.register_own(f"svc-{name}", pem(own.certificate), client_ca.pem)
        cas.append(client_ca)
        owns.append(own)

    known.revoke("svc-one", 1)

    assert not is_let_in(platform, owns[0].peer)
    assert is_let_in(platform, owns[1].peer)
    assert not known.revocations.is_revoked(1)


def test_an_own_certificate_can_be_submitted_again_by_who_registers_again(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    certificates.register_own(TEAM, pem(own.certificate), ca.pem)
    platform.portal.remove("Nightly")
    platform.portal.register(registration(certificate="own"))
    assert not is_let_in(platform, own.peer)

    certificates.register_own(TEAM, pem(own.certificate), ca.pem)

    assert is_let_in(platform, own.peer)


def test_a_stranger_with_our_cas_fingerprint_of_nothing_is_not_admitted(
    platform: Platform,
) -> None:
    peer = replace(platform.certificates.identity(DEMO).peer, issuer="O=Stranger", fingerprint="00")
    assert not platform.certificates.admits(peer)


@pytest.fixture(scope="module")
def namesake(shared_store: CertificateStore) -> Authority:
    """Another CA with the name of ours: all CAs of mock-sei have the same name."""
    stranger = Authority(new_authority_pem())
    assert stranger.issuing.subject == shared_store.authority.issuing.subject
    return stranger


@pytest.mark.parametrize("end", ["reset", "delete"])
def test_a_client_s_ca_with_the_name_of_ours_lets_nobody_in_after_the_end(
    certificates: AccountCertificates, platform: Platform, namesake: Authority, end: str
) -> None:
    """The certificate of an open connection is checked again at each request."""
    own = namesake.issue_identity(TEAM, now=datetime.now(UTC))
    chain = own.chain_pem.decode()
    assert not is_let_in(platform, own.peer)
    certificates.register_own(TEAM, own.certificate_pem.decode(), chain)
    assert is_let_in(platform, own.peer)

    if end == "reset":
        platform.reset()
    else:
        platform.portal.remove("Nightly")

    assert not is_let_in(platform, own.peer)


def test_a_revoked_certificate_of_our_ca_does_not_come_back_as_a_client_s_own(
    certificates: AccountCertificates, platform: Platform
) -> None:
    issued = certificates.issue(TEAM)
    certificates.revoke(TEAM, issued.serial_number)

    with pytest.raises(Rejected, match="it was revoked here"):
        certificates.register_own(TEAM, issued.certificate_pem, issued.chain_pem)

    assert not is_let_in(platform, issued.peer)


@pytest.mark.parametrize("end", ["revoke", "delete"])
def test_a_certificate_of_our_ca_that_was_registered_as_own_ends_as_both(
    certificates: AccountCertificates, platform: Platform, end: str
) -> None:
    """``mock-sei issue`` makes a certificate that no server has registered."""
    made = platform.authority.issue_identity(TEAM, now=datetime.now(UTC))
    certificates.register_own(TEAM, made.certificate_pem.decode(), made.chain_pem.decode())
    assert is_let_in(platform, made.peer)

    if end == "revoke":
        certificates.revoke(TEAM, made.serial_number)
    else:
        platform.portal.remove("Nightly")

    assert not is_let_in(platform, made.peer)


def test_of_two_cas_of_one_client_that_count_alike_both_are_revoked(
    certificates: AccountCertificates, platform: Platform
) -> None:
    """Revoking by serial number revokes all certificates of the account that have it."""
    owns = []
    for name in ("old", "new"):
        client_ca = ClientCA.create(f"{name} CA")
        own = client_ca.identity(TEAM, serial_number=1)
        certificates.register_own(TEAM, pem(own.certificate), client_ca.pem)
        owns.append(own)
    assert certificates.find(TEAM, 1).certificate == owns[1].certificate

    certificates.revoke(TEAM, 1)

    assert not any(is_let_in(platform, each.peer) for each in owns)


def test_an_own_certificate_with_the_number_of_a_revoked_one_is_let_in_and_the_revoked_is_not(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    revoked = certificates.issue(TEAM)
    certificates.revoke(TEAM, revoked.serial_number)
    own = ca.identity(TEAM, serial_number=revoked.serial_number)

    certificates.register_own(TEAM, pem(own.certificate), ca.pem)

    assert is_let_in(platform, own.peer)
    assert not is_let_in(platform, revoked.peer)


def test_a_revoked_own_certificate_stays_out_for_whoever_takes_the_name(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    certificates.register_own(TEAM, pem(own.certificate), ca.pem)
    certificates.revoke(TEAM, own.serial_number)
    platform.portal.remove("Nightly")
    platform.portal.register(registration(certificate="own"))

    with pytest.raises(Rejected, match="it was revoked here"):
        certificates.register_own(TEAM, pem(own.certificate), ca.pem)


def test_whom_to_trust_has_a_number_that_changes_with_each_change_only(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    numbers = [certificates.trust_number]
    assert numbers == [0]
    issued = certificates.issue(TEAM)
    assert certificates.trust_number == 0
    certificates.revoke(TEAM, issued.serial_number)
    numbers.append(certificates.trust_number)
    own = ca.identity(TEAM)
    for _ in range(2):
        certificates.register_own(TEAM, pem(own.certificate), ca.pem)
    numbers.append(certificates.trust_number)
    certificates.revoke(TEAM, own.serial_number)
    assert certificates.trust_number == numbers[-1]  # it is still shown, and refused as revoked
    platform.reset()
    assert platform.certificates.trust_number == 0
    further = platform.certificates.issue(DEMO)
    platform.certificates.revoke(DEMO, further.serial_number)
    numbers.append(platform.certificates.trust_number)
    assert len(set(numbers)) == len(numbers)


def test_an_account_has_a_limit_of_own_certificates_and_another_its_own(
    certificates: AccountCertificates,
    platform: Platform,
    ca: ClientCA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OpenSSL searches through all certificates of one name, so their number is limited."""
    monkeypatch.setattr("mock_sei.certificates.accounts.MOST_OWN", 2)
    first = pem(ca.sign(TEAM))
    certificates.register_own(TEAM, first, ca.pem)
    certificates.register_own(TEAM, pem(ca.sign(TEAM)), ca.pem)

    with pytest.raises(Rejected, match=f"{TEAM} has 2 certificates of its own already"):
        certificates.register_own(TEAM, pem(ca.sign(TEAM)), ca.pem)

    certificates.register_own(TEAM, first, ca.pem)  # is there
    platform.certificates.register_own(DEMO, pem(ca.sign(DEMO)), ca.pem)
