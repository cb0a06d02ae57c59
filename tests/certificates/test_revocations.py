"""The revoked certificates of one platform state, and the revocation lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.revocations import Revocations
from mock_sei.rules.stored import Stored
from tests.growth import Action, assert_flat, assert_linear

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority(new_authority_pem())


@pytest.fixture
def revocations(authority: Authority) -> Revocations:
    return Revocations(authority)


def filled(authority: Authority, count: int) -> Revocations:
    made = Revocations(authority)
    for serial_number in range(1, count + 1):
        made.add(serial_number, now=NOW)
    return made


def crl(revocations: Revocations) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(revocations.crl_pem())


def serial_numbers(pem: bytes) -> set[int]:
    return {each.serial_number for each in x509.load_pem_x509_crl(pem)}


def test_a_fresh_list_is_empty_signed_and_past_any_clock(
    revocations: Revocations, authority: Authority
) -> None:
    fresh = crl(revocations)

    assert len(fresh) == len(revocations) == 0
    assert fresh.issuer == authority.issuing.subject
    key = authority.issuing.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert fresh.is_signature_valid(key)
    assert fresh.last_update_utc < datetime.now(UTC) - timedelta(days=364)
    assert fresh.next_update_utc is not None
    assert fresh.next_update_utc > datetime(2999, 1, 1, tzinfo=UTC)


def test_a_revoked_certificate_is_on_the_list_and_no_other(revocations: Revocations) -> None:
    revocations.add(17, now=NOW)

    assert revocations.is_revoked(17)
    assert not revocations.is_revoked(18)
    entry = crl(revocations).get_revoked_certificate_by_serial_number(17)
    assert entry is not None
    assert entry.revocation_date_utc == NOW
    assert serial_numbers(revocations.crl_pem()) == {17}


def test_each_change_makes_a_newer_list_even_within_a_second_and_across_states(
    authority: Authority,
) -> None:
    """Of two lists with the same date, OpenSSL keeps the older one."""
    lists, lasting = [], Stored()
    for _ in range(2):
        state = Revocations(authority, lasting=lasting)
        lists.append(crl(state))
        for serial_number in range(1, 6):
            state.add(serial_number, now=NOW)
            lists.append(crl(state))

    dates = [each.last_update_utc for each in lists]
    numbers = [
        each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for each in lists
    ]
    assert all(later > earlier for earlier, later in pairwise(dates))
    assert all(later > earlier for earlier, later in pairwise(numbers))


def test_what_is_revoked_twice_keeps_its_date_and_its_list(revocations: Revocations) -> None:
    revocations.add(17, now=NOW)
    before, number = revocations.crl_pem(), revocations.number

    revocations.add(17, now=NOW + timedelta(days=1))

    assert revocations.number == number
    assert revocations.crl_pem() is before


def test_a_list_is_signed_once_until_the_next_change(revocations: Revocations) -> None:
    revocations.add(17, now=NOW)
    before = revocations.crl_pem()
    assert revocations.crl_pem() is before
    revocations.add(18, now=NOW)
    assert serial_numbers(revocations.crl_pem()) == {17, 18}


def test_the_revocations_of_one_state_are_not_another_s(authority: Authority) -> None:
    lasting = Stored()
    first, second = (Revocations(authority, lasting=lasting) for _ in range(2))
    first.add(17, now=NOW)

    assert not second.is_revoked(17)
    assert first.number != second.number


def test_a_listener_s_list_is_bounded_and_holds_the_newest(
    revocations: Revocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.certificates.revocations.TOLD", 3)
    for serial_number in range(1, 4):
        revocations.add(serial_number, now=NOW)
    assert revocations.newest_pem() is revocations.crl_pem()

    revocations.add(4, now=NOW)

    assert serial_numbers(revocations.newest_pem()) == {2, 3, 4}
    assert serial_numbers(revocations.crl_pem()) == {1, 2, 3, 4}
    assert revocations.is_revoked(1)


@pytest.mark.slow
def test_revoking_costs_the_same_however_many_are_revoked(authority: Authority) -> None:
    def make(count: int) -> Action:
        revocations = filled(authority, count)
        numbers = iter(range(10**6, 10**9))
        return lambda: revocations.add(next(numbers), now=NOW)

    assert_flat(make, few=10, many=5000)


@pytest.mark.slow
def test_a_list_costs_what_it_holds(authority: Authority) -> None:
    def make(count: int) -> Action:
        entries = [
            x509.RevokedCertificateBuilder().serial_number(each).revocation_date(NOW).build()
            for each in range(1, count + 1)
        ]
        return lambda: authority.sign_revocations(entries, number=1)

    assert_linear(make, 10_000)


@pytest.mark.parametrize("serial_number", [0, -1, 2**160])
def test_a_number_that_no_list_can_hold_is_revoked_all_the_same(
    revocations: Revocations, serial_number: int
) -> None:
    """The certs folder has the issuing CA's key, so users can sign anything with it."""
    revocations.add(17, now=NOW)
    before = revocations.number

    revocations.add(serial_number, now=NOW)

    assert revocations.is_revoked(serial_number)
    assert revocations.number != before
    assert serial_numbers(revocations.crl_pem()) == {17}
