"""Certificates on two servers of one platform: issued, registered, revoked, of deleted accounts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.held import AccountCertificate, Origin
from mock_sei.certificates.owners import CertificateOwner, CertificateOwners
from mock_sei.certificates.profiles import Variant
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Rejected, StoreAway, UnknownAccount
from mock_sei.fixtures import load_fixtures
from mock_sei.operations.server import DownloadRevocations
from mock_sei.platform import Platform
from mock_sei.rules.stored import Stored
from mock_sei.settings import Behaviour
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from tests.certificates.accounts import DEMO, TEAM, is_let_in
from tests.certificates.client_ca import ClientCA, pem, request, rsa_key
from tests.patience import PATIENCE
from tests.state.conftest import Servers, do, perform
from tests.support import registration

pytestmark = [pytest.mark.usefixtures("one_key"), pytest.mark.long]


@pytest.fixture
def ca() -> ClientCA:
    return ClientCA.create()


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Servers]:
    """Two servers on one store whose certs folders lie on two machines."""
    first = CertificateStore(tmp_path / "first")
    files = {each.name: each.read_bytes() for each in first.folder.iterdir() if each.is_file()}
    begun: list[Platform] = []

    def start() -> Platform:
        folder = tmp_path / f"certs-{len(begun)}"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        begun.append(
            Platform(
                fixtures=load_fixtures(),
                store=CertificateStore(folder),
                behaviour=Behaviour(),
                units=SharedUnits(SqliteStore(tmp_path / "platform.db")),
            )
        )
        return begun[-1]

    yield Servers(start(), start(), start)
    for each in begun:
        each.units.close()


def seen(platform: Platform) -> Platform:
    """The platform after it has seen what the other server did."""
    platform.units.refresh()
    return platform


def register(platform: Platform, name: str = "Nightly") -> None:
    """An application that has no certificate yet."""
    do(platform, lambda: platform.portal.register(registration(name=name, certificate="own")))


def issue(platform: Platform, account: str = TEAM, **options: Variant) -> AccountCertificate:
    return do(platform, lambda: platform.certificates.issue(account, **options))


def everywhere(servers: Servers) -> list[Platform]:
    """Both servers, with all that was done, and one that has just started."""
    return [seen(servers.one), seen(servers.other), servers.start()]


def serial_numbers(certificates: list[AccountCertificate]) -> list[int]:
    return [each.serial_number for each in certificates]


def crl(platform: Platform) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(perform(platform, DownloadRevocations()).content)


def crl_number(platform: Platform) -> int:
    return crl(platform).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_what_one_server_issued_and_signed_is_the_account_s_at_the_other(servers: Servers) -> None:
    register(servers.one)
    expired = issue(servers.one, variant=Variant.EXPIRED)
    stranger = issue(seen(servers.other), variant=Variant.UNTRUSTED)
    issued = issue(seen(servers.one))
    signed = do(servers.one, lambda: servers.one.certificates.sign(TEAM, pem(request(TEAM))))

    for each in everywhere(servers):
        known = each.certificates
        found = do(each, lambda known=known: known.of(TEAM))  # type: ignore[misc]
        assert serial_numbers(found) == serial_numbers([expired, stranger, issued, signed])
        assert [one.variant for one in found] == [
            Variant.EXPIRED,
            Variant.UNTRUSTED,
            Variant.VALID,
            Variant.VALID,
        ]
        assert [one.origin for one in found] == [Origin.ISSUED] * 3 + [Origin.SIGNED]
        assert [one.chain for one in found] == [
            one.chain for one in (expired, stranger, issued, signed)
        ]
        assert [one.has_key for one in found] == [True, True, True, False]
        assert known.current(TEAM) == found[-1]
        identity = do(each, lambda known=known: known.identity(TEAM))  # type: ignore[misc]
        assert identity.key_pem == issued.identity.key_pem
        assert identity.certificate == issued.certificate
        assert is_let_in(each, issued.peer)
        assert is_let_in(each, signed.peer)


def test_what_one_server_revoked_the_other_refuses(servers: Servers) -> None:
    register(servers.one)
    revoked, other = issue(servers.one), issue(servers.one)
    seen(servers.other)
    do(
        servers.other,
        lambda: servers.other.certificates.revoke(TEAM, revoked.serial_number),
    )

    for each in everywhere(servers):
        assert not is_let_in(each, revoked.peer)
        assert is_let_in(each, other.peer)
        assert each.certificates.current(TEAM) is not None
        trusted = x509.load_pem_x509_crl(each.certificates.trusted().crl_pem)
        assert [one.serial_number for one in trusted] == [revoked.serial_number]


def test_a_revocation_has_one_date_everywhere(servers: Servers) -> None:
    register(servers.one)
    made = issue(servers.one)
    do(servers.one, lambda: servers.one.certificates.revoke(TEAM, made.serial_number))

    (date,) = [each.revocation_date_utc for each in crl(servers.one)]
    for each in everywhere(servers):
        (entry,) = crl(each)
        assert entry.revocation_date_utc == date


def test_each_change_that_comes_from_the_other_server_has_a_new_number_of_trust(
    servers: Servers, ca: ClientCA
) -> None:
    register(servers.one)
    own = ca.identity(TEAM)
    numbers = [seen(servers.other).certificates.trust_number]
    assert numbers == [0]

    made = issue(servers.one)
    do(servers.one, lambda: servers.one.certificates.revoke(TEAM, made.serial_number))
    numbers.append(seen(servers.other).certificates.trust_number)
    do(
        servers.one,
        lambda: servers.one.certificates.register_own(TEAM, pem(own.certificate), ca.pem),
    )
    numbers.append(seen(servers.other).certificates.trust_number)
    do(servers.one, lambda: servers.one.portal.remove("Nightly"))
    assert len(set(numbers)) == len(numbers)
    assert seen(servers.other).certificates.trust_number != numbers[-1]

    servers.one.reset()
    assert seen(servers.other).certificates.trust_number == 0


def test_a_certificate_of_a_client_s_own_ca_is_let_in_everywhere(
    servers: Servers, ca: ClientCA
) -> None:
    register(servers.one)
    own = ca.identity(TEAM)

    def register_at(platform: Platform) -> AccountCertificate:
        return do(
            platform,
            lambda: platform.certificates.register_own(TEAM, pem(own.certificate), ca.pem),
        )

    register_at(servers.one)
    for each in everywhere(servers):
        assert is_let_in(each, own.peer)
        assert x509.load_pem_x509_certificates(each.certificates.trusted().own_pem) == [
            own.certificate
        ]
        assert each.certificates.chain_of(own.peer) == servers.one.certificates.chain_of(own.peer)
        assert serial_numbers([register_at(each)]) == [own.serial_number]
        assert len(each.certificates.of(TEAM)) == 1

    do(servers.other, lambda: servers.other.certificates.revoke(TEAM, own.serial_number))

    for each in everywhere(servers):
        assert not is_let_in(each, own.peer)
        with pytest.raises(Rejected, match="it was revoked here"):
            register_at(each)


def test_nothing_of_a_deleted_account_is_let_in_anywhere(servers: Servers, ca: ClientCA) -> None:
    register(servers.one)
    own = ca.identity(TEAM)
    do(
        servers.one,
        lambda: servers.one.certificates.register_own(TEAM, pem(own.certificate), ca.pem),
    )
    issued = issue(seen(servers.other))

    do(seen(servers.one), lambda: servers.one.portal.remove("Nightly"))

    for each in everywhere(servers):
        assert not is_let_in(each, issued.peer)
        assert not is_let_in(each, own.peer)
        assert each.certificates.trusted().own_pem == b""
    register(seen(servers.other))
    for each in everywhere(servers):
        assert do(each, lambda each=each: each.certificates.of(TEAM)) == []  # type: ignore[misc]
        assert not is_let_in(each, issued.peer)


def test_nothing_of_before_a_reset_is_let_in_after_it(servers: Servers, ca: ClientCA) -> None:
    """Also where another account has the name, and the same place in the registry."""
    register(servers.one)
    own = ca.identity(TEAM)
    do(
        servers.one,
        lambda: servers.one.certificates.register_own(TEAM, pem(own.certificate), ca.pem),
    )
    former = issue(servers.one)
    assert is_let_in(seen(servers.other), former.peer)

    servers.other.reset()

    for each in everywhere(servers):
        assert not is_let_in(each, former.peer)
        assert not is_let_in(each, own.peer)
    register(seen(servers.one))
    newer = issue(servers.one)
    for each in everywhere(servers):
        assert not is_let_in(each, former.peer)
        assert is_let_in(each, newer.peer)
        found = do(each, lambda each=each: each.certificates.of(TEAM))  # type: ignore[misc]
        assert serial_numbers(found) == [newer.serial_number]


def test_what_a_demo_account_was_issued_before_a_reset_is_let_in_after_it(
    servers: Servers,
) -> None:
    """Its account is the same in each state; its revocations end with the state."""
    kept, revoked = issue(servers.one, DEMO), issue(servers.one, DEMO)
    do(servers.one, lambda: servers.one.certificates.revoke(DEMO, revoked.serial_number))

    servers.one.reset()

    for each in everywhere(servers):
        assert is_let_in(each, kept.peer)
        assert is_let_in(each, revoked.peer)


def test_a_deleted_demo_account_is_back_after_a_reset_with_its_certificate(
    servers: Servers,
) -> None:
    seeded = do(servers.one, lambda: servers.one.certificates.identity(DEMO))
    do(seen(servers.other), lambda: servers.other.portal.remove("demo-server"))
    for each in everywhere(servers):
        assert not is_let_in(each, seeded.peer)
    do(
        servers.other,
        lambda: servers.other.portal.register(registration(name="demo", certificate="own")),
    )
    for each in everywhere(servers):
        assert not is_let_in(each, seeded.peer)
        found = do(each, lambda each=each: each.certificates.of(DEMO))  # type: ignore[misc]
        assert found == []

    servers.one.reset()

    for each in everywhere(servers):
        assert is_let_in(each, seeded.peer)


def test_a_certificate_that_is_issued_while_another_server_resets_is_never_let_in(
    servers: Servers,
) -> None:
    """The call works on the state that it began with, and no store keeps that any more."""
    register(servers.one)
    pinned = servers.one.pinned()
    servers.other.reset()
    seen(servers.one)

    with pytest.raises(UnknownAccount, match="ended with a reset by another server"):
        do(servers.one, lambda: pinned.certificates.issue(TEAM))
    issued = do(servers.one, lambda: pinned.certificates.issue(DEMO))
    assert is_let_in(servers.one, issued.peer)


def test_the_number_of_the_revocation_list_never_falls_and_is_common(servers: Servers) -> None:
    register(servers.one)
    numbers, dates = [crl_number(servers.one)], [crl(servers.one).last_update_utc]

    def look() -> None:
        numbers.append(crl_number(servers.one))
        dates.append(crl(servers.one).last_update_utc)
        assert crl_number(servers.other) == crl_number(servers.start()) == numbers[-1]

    for server in (servers.one, servers.other):
        made = issue(server)
        do(
            server,
            lambda server=server, made=made: server.certificates.revoke(  # type: ignore[misc]
                TEAM, made.serial_number
            ),
        )
        look()
    servers.other.reset()
    look()
    servers.one.reset()
    look()

    assert all(later > earlier for earlier, later in pairwise(numbers))
    assert all(later > earlier for earlier, later in pairwise(dates))


def test_of_two_servers_that_make_a_missing_certificate_both_get_the_same(
    servers: Servers,
) -> None:
    do(servers.one, lambda: servers.one.portal.register(registration()))
    (first,) = servers.one.certificates.of(TEAM)
    do(servers.one, lambda: servers.one.certificates.revoke(TEAM, first.serial_number))
    given: list[int] = []
    start = threading.Barrier(8, timeout=PATIENCE)

    def ask(platform: Platform) -> None:
        start.wait()
        given.append(do(platform, lambda: platform.certificates.provide(TEAM)).serial_number)

    threads = [
        threading.Thread(target=ask, args=((servers.one, servers.other)[index % 2],))
        for index in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert len(given) == 8
    assert len(set(given)) == 1
    for each in everywhere(servers):
        found = do(each, lambda each=each: each.certificates.of(TEAM))  # type: ignore[misc]
        assert serial_numbers(found) == [first.serial_number, given[0]]


def test_no_key_is_made_while_the_store_is_reserved(
    apart: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To make a key takes 100 ms, and other servers would wait."""
    one, other = apart.one, apart.other
    is_reserved: list[bool] = []

    def make() -> object:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("mock_sei.state.unit_of_work.PATIENCE", 0.0)
            try:
                do(other, lambda: other.state.stored.next_number("x"))
            except StoreAway:
                is_reserved.append(True)
            else:
                is_reserved.append(False)
        return rsa_key()

    monkeypatch.setattr("mock_sei.certificates.authority.new_identity_key", make)
    do(one, lambda: one.portal.register(registration()))
    issue(one)
    do(one, lambda: one.portal.renew(TEAM))
    identity(one, "svc-limited")

    assert len(is_reserved) >= 3
    assert not any(is_reserved)
    assert len(one.certificates.of(TEAM)) == 3


def replaced_at(platform: Platform) -> dict[str, int | None]:
    replaced = do(platform, platform.certificates.take_replaced)
    return {
        account: None if each is None else each.serial_number for account, each in replaced.items()
    }


def test_each_server_hears_which_current_certificates_changed(servers: Servers) -> None:
    register(servers.one)
    for each in everywhere(servers):
        replaced_at(each)

    older, newer = issue(servers.one), issue(servers.one)
    for server in (servers.one, servers.other):
        assert replaced_at(server) == {TEAM: newer.serial_number}
        assert replaced_at(server) == {}
    do(servers.other, lambda: servers.other.certificates.revoke(TEAM, newer.serial_number))
    for server in (servers.one, servers.other):
        assert replaced_at(server) == {TEAM: older.serial_number}
    assert replaced_at(servers.start())[TEAM] == older.serial_number
    do(servers.one, lambda: servers.one.portal.remove("Nightly"))
    assert replaced_at(servers.other) == {TEAM: None}


def test_each_server_hears_of_a_demo_account_s_certificate(apart: Servers) -> None:
    made = identity(apart.one)

    for each in everywhere(apart):
        assert replaced_at(each) == {DEMO: made.serial_number}


# The fixtures' accounts


def on_file(platform: Platform, account: str = DEMO) -> Identity:
    found = platform.store.find_identity(account)
    assert found is not None
    return found


def identity(platform: Platform, account: str = DEMO) -> Identity:
    return do(platform, lambda: platform.certificates.identity(account))


def test_a_demo_account_has_one_certificate_on_servers_with_folders_of_their_own(
    apart: Servers,
) -> None:
    made = identity(apart.one)

    for each in everywhere(apart):
        assert identity(each).certificate == made.certificate
        assert on_file(each).key_pem == made.key_pem
        assert is_let_in(each, made.peer)


def test_servers_that_make_all_certificates_ahead_make_each_once(apart: Servers) -> None:
    threads = [threading.Thread(target=each.seed_identities) for each in (apart.one, apart.other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    for account in apart.one.registry.service_accounts:
        made = identity(apart.one, account)
        for each in everywhere(apart):
            assert identity(each, account).certificate == made.certificate
            assert on_file(each, account).certificate == made.certificate
            assert len(do(each, lambda each=each: each.certificates.of(account))) == 1  # type: ignore[misc]  # noqa: B023


def test_a_file_that_somebody_replaced_at_one_server_is_current_at_the_other(
    apart: Servers,
) -> None:
    before = identity(apart.one)
    identity(apart.other)
    made = apart.one.authority.issue_identity(DEMO, now=datetime.now(UTC))
    apart.one.store.write_identity(DEMO, made)

    assert identity(apart.one).certificate == made.certificate
    for each in everywhere(apart):
        assert identity(each).certificate == made.certificate
        assert on_file(each).certificate == made.certificate
        assert is_let_in(each, before.peer)
    do(apart.other, lambda: apart.other.certificates.revoke(DEMO, before.serial_number))
    assert not is_let_in(seen(apart.one), before.peer)


def test_an_older_file_of_a_server_that_starts_again_does_not_become_current(
    servers: Servers, shared_store: CertificateStore
) -> None:
    first = identity(servers.one)
    second = shared_store.authority.issue_identity(DEMO, now=datetime.now(UTC))
    shared_store.write_identity(DEMO, second)
    assert identity(servers.one).certificate == second.certificate
    shared_store.write_identity(DEMO, first)

    assert identity(servers.start()).certificate == second.certificate


def test_a_demo_certificate_that_is_not_valid_is_made_anew_for_both(apart: Servers) -> None:
    past = datetime.now(UTC) - timedelta(days=3 * 365)
    old = apart.one.authority.issue_identity(DEMO, now=past)
    for each in (apart.one, apart.other):
        each.store.write_identity(DEMO, old)

    made = identity(apart.one)

    assert made.certificate != old.certificate
    for each in everywhere(apart):
        assert identity(each).certificate == made.certificate


# CertificateOwners


def test_owners_are_bounded_and_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mock_sei.certificates.owners.MOST_OWNERS", 3)
    stored = Stored()
    owners = CertificateOwners(stored)
    for number in range(1, 6):
        owners.note(number, CertificateOwner("svc-x", 1, number))

    assert [owners.find(each) is not None for each in range(1, 6)] == [False] * 2 + [True] * 3
    assert owners.find(5) == CertificateOwner("svc-x", 1, 5)
