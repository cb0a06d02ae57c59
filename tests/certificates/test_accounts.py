"""An account's certificates, which one is current, and the platform's own check of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs7, pkcs12

from mock_sei.certificates.accounts import AccountCertificates
from mock_sei.certificates.authority import Authority
from mock_sei.certificates.bundles import BundleOptions, Identity
from mock_sei.certificates.held import AccountCertificate, Origin
from mock_sei.certificates.profiles import Variant
from mock_sei.certificates.seeded import SeededIdentities
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Rejected, UnknownAccount, UnknownCertificate
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.records import ServiceAccount
from mock_sei.rules.registry import Registry
from mock_sei.settings import Behaviour
from tests.certificates.accounts import DEMO, TEAM, is_let_in
from tests.certificates.client_ca import ClientCA, ec_key, pem, request
from tests.growth import assert_flat
from tests.support import registration

pytestmark = pytest.mark.usefixtures("one_key")


# Issued here


def test_a_seeded_account_has_the_certificate_on_file(
    platform: Platform, shared_store: CertificateStore
) -> None:
    identity = platform.certificates.identity(DEMO)

    (held,) = platform.certificates.of(DEMO)
    assert held.identity == identity
    on_file = shared_store.find_identity(DEMO)
    assert on_file is not None
    assert on_file.certificate == identity.certificate
    assert platform.certificates.current(DEMO) == held
    assert (held.origin, held.has_key, held.account) == (Origin.ISSUED, True, DEMO)
    platform.reset()
    assert platform.certificates.identity(DEMO) == identity


def test_a_seeded_account_has_none_before_anybody_asked(platform: Platform) -> None:
    assert platform.certificates.of("svc-limited") == []
    assert platform.certificates.current("svc-limited") is None
    assert platform.certificates.provide("svc-limited").account == "svc-limited"
    assert len(platform.certificates.of("svc-limited")) == 1


def test_a_registered_account_s_certificate_is_made_once_and_gone_after_a_reset(
    platform: Platform, shared_store: CertificateStore
) -> None:
    platform.portal.register(registration())
    identity = platform.certificates.identity(TEAM)

    assert platform.certificates.identity(TEAM) == identity
    assert len(platform.certificates.of(TEAM)) == 1
    assert shared_store.find_identity(TEAM) is None
    platform.reset()
    with pytest.raises(UnknownAccount):
        platform.certificates.identity(TEAM)


def test_an_issued_one_is_current_and_the_older_stays_good(platform: Platform) -> None:
    """A certificate is valid for two years on the platform's clock."""
    old = platform.certificates.identity(DEMO)
    platform.clock.advance(days=700)

    new = platform.certificates.issue(DEMO)

    assert platform.certificates.current(DEMO) == new
    assert platform.certificates.identity(DEMO) == new.identity
    assert platform.certificates.of(DEMO)[0].identity == old
    assert new.not_after == new.not_before.replace(year=new.not_before.year + 2)
    assert platform.clock.now() - new.not_before < timedelta(minutes=1)
    assert is_let_in(platform, old.peer)
    assert is_let_in(platform, new.peer)


@pytest.mark.parametrize("variant", [each for each in Variant if each is not Variant.VALID])
def test_a_wrong_one_is_held_and_never_current(platform: Platform, variant: Variant) -> None:
    good = platform.certificates.identity(DEMO)

    wrong = platform.certificates.issue(DEMO, variant)

    assert platform.certificates.of(DEMO)[-1] == wrong
    assert platform.certificates.identity(DEMO) == good
    assert platform.certificates.find(DEMO, wrong.serial_number) == wrong


@pytest.mark.parametrize(
    "call",
    [
        lambda known: known.of("nobody"),
        lambda known: known.current("nobody"),
        lambda known: known.identity("nobody"),
        lambda known: known.provide("nobody"),
        lambda known: known.issue("nobody"),
        lambda known: known.renew("nobody"),
        lambda known: known.sign("nobody", ""),
        lambda known: known.register_own("nobody", "", ""),
        lambda known: known.find("nobody", 1),
        lambda known: known.revoke("nobody", 1),
        lambda known: known.revoke_all("nobody"),
    ],
)
def test_an_unknown_account_names_those_there_are(
    certificates: AccountCertificates, call: Callable[[AccountCertificates], object]
) -> None:
    with pytest.raises(UnknownAccount, match=r"no service account 'nobody'; there are svc-demo,"):
        call(certificates)


# Signed from a request


def test_a_signed_request_is_current_and_its_key_the_clients(
    certificates: AccountCertificates, platform: Platform
) -> None:
    signed = certificates.sign(TEAM, pem(request(TEAM)))

    assert certificates.current(TEAM) == signed
    assert (signed.origin, signed.has_key) == (Origin.SIGNED, False)
    assert signed.certificate.public_key() == ec_key().public_key()
    signed.certificate.verify_directly_issued_by(platform.authority.issuing)
    assert signed.chain == platform.authority.chain
    assert signed.peer.common_name == TEAM
    assert is_let_in(platform, signed.peer)
    with pytest.raises(UnknownCertificate, match="not known here: only the client has it"):
        _ = signed.identity


def test_the_identity_with_a_key_stays_when_a_request_is_signed(platform: Platform) -> None:
    before = platform.certificates.identity(DEMO)
    platform.certificates.sign(DEMO, pem(request(DEMO)))
    assert platform.certificates.identity(DEMO) == before


def test_a_refused_request_leaves_nothing(certificates: AccountCertificates) -> None:
    with pytest.raises(Rejected, match=f"request: its CN is {DEMO}; it must be {TEAM}"):
        certificates.sign(TEAM, pem(request(DEMO)))
    assert certificates.of(TEAM) == []


def test_without_the_key_there_are_the_files_without_it(certificates: AccountCertificates) -> None:
    signed = certificates.sign(TEAM, pem(request(TEAM)))
    options = BundleOptions()

    leaf, bundle = signed.download("pem", options), signed.download("p7s", options)

    assert (leaf.name, bundle.name) == ("certificate.crt", "certificate.p7s")
    assert x509.load_pem_x509_certificates(leaf.content) == [signed.certificate]
    assert set(pkcs7.load_der_pkcs7_certificates(bundle.content)) == {
        signed.certificate,
        signed.chain[0],
    }
    for asked in ("pfx", "p12"):
        with pytest.raises(UnknownCertificate, match=f"a {asked} holds the private key"):
            signed.download(asked, options)


@pytest.mark.long
def test_with_the_key_there_is_every_file(platform: Platform) -> None:
    issued = platform.certificates.issue(DEMO)
    file = issued.download("pfx", BundleOptions(passphrase="chosen-one"))

    assert file.name == "certificate.pfx"
    assert pkcs12.load_pkcs12(file.content, b"chosen-one").key is not None
    assert load_pem_private_key(issued.identity.key_pem, None) is not None


# Revoked, and what an account leaves behind


def test_a_revoked_one_is_current_no_more(platform: Platform) -> None:
    older, newer = platform.certificates.issue(DEMO), platform.certificates.issue(DEMO)

    platform.certificates.revoke(DEMO, newer.serial_number)

    assert platform.certificates.is_revoked(newer)
    assert not platform.certificates.is_revoked(older)
    assert platform.certificates.current(DEMO) == older
    assert not is_let_in(platform, newer.peer)
    assert is_let_in(platform, older.peer)


def test_where_all_are_revoked_another_is_made(platform: Platform) -> None:
    revoked = platform.certificates.provide(DEMO)
    platform.certificates.revoke(DEMO, revoked.serial_number)
    assert platform.certificates.current(DEMO) is None

    made = platform.certificates.provide(DEMO)

    assert made.serial_number != revoked.serial_number
    assert is_let_in(platform, made.peer)


def test_only_the_accounts_own_can_be_revoked(
    certificates: AccountCertificates, platform: Platform
) -> None:
    other = platform.certificates.identity(DEMO)
    with pytest.raises(UnknownCertificate, match=f"{TEAM} has no certificate with the serial"):
        certificates.revoke(TEAM, other.serial_number)
    assert is_let_in(platform, other.peer)


def test_nothing_an_account_had_is_let_in_after_it(platform: Platform, ca: ClientCA) -> None:
    known = platform.certificates
    own = ca.identity(DEMO)
    left = [
        platform.certificates.identity(DEMO).peer,
        known.issue(DEMO).peer,
        known.sign(DEMO, pem(request(DEMO))).peer,
        known.register_own(DEMO, pem(own.certificate), ca.pem).peer,
    ]
    other = platform.certificates.identity("svc-web").peer
    assert all(is_let_in(platform, each) for each in left)

    known.revoke_all(DEMO)

    assert not any(is_let_in(platform, each) for each in left)
    assert is_let_in(platform, other)
    assert known.trusted().own_pem == b""


def test_one_on_file_that_nobody_read_yet_is_revoked_too(shared_store: CertificateStore) -> None:
    """The platform knows certificates of an earlier run with the same folder."""
    fixtures = load_fixtures()

    def started() -> Platform:
        return Platform(fixtures=fixtures, store=shared_store, behaviour=Behaviour(seed=1))

    on_file = started().certificates.identity(DEMO)
    later = started()

    later.portal.remove("demo-server")

    assert not is_let_in(later, on_file.peer)


def test_a_taken_name_does_not_bring_the_seeded_certificate_back(platform: Platform) -> None:
    seeded = platform.certificates.identity(DEMO)
    platform.portal.remove("demo-server")
    platform.portal.register(registration(name="demo"))

    assert platform.certificates.identity(DEMO) != seeded
    assert seeded.serial_number not in {
        each.serial_number for each in platform.certificates.of(DEMO)
    }
    platform.reset()
    assert platform.certificates.identity(DEMO) == seeded
    assert is_let_in(platform, seeded.peer)


def test_a_name_that_is_registered_again_after_a_reset_starts_with_nothing(
    platform: Platform,
) -> None:
    fields = registration(name="ghost")
    account = platform.portal.register(fields).service_account
    assert account is not None
    former = [
        platform.certificates.issue(account),
        platform.certificates.sign(account, pem(request(account))),
    ]
    of_the_fixtures = platform.certificates.issue("svc-demo")
    platform.reset()
    assert platform.portal.register(fields).service_account == account

    assert all(platform.judge_certificate(each.peer) for each in former)
    assert platform.judge_certificate(of_the_fixtures.peer) is None
    assert platform.judge_certificate(platform.certificates.issue(account).peer) is None


def test_what_became_current_is_handed_out_once(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    platform.certificates.identity(DEMO)
    renewed = platform.certificates.renew(DEMO)
    own = certificates.register_own(TEAM, pem(ca.sign(TEAM)), ca.pem)

    replaced = certificates.take_replaced()

    assert (replaced[DEMO], replaced[TEAM]) == (renewed, own)
    assert (renewed.is_renewed_here, own.is_renewed_here) == (True, False)
    signed = certificates.sign(TEAM, pem(request(TEAM)))
    assert certificates.take_replaced() == {TEAM: signed}
    assert certificates.take_replaced() == {}
    platform.portal.remove("demo-server")
    assert certificates.take_replaced() == {DEMO: None}


def test_in_place_of_a_revoked_one_the_one_before_is_current(
    certificates: AccountCertificates,
) -> None:
    older = certificates.issue(TEAM)
    newer = certificates.issue(TEAM)
    assert certificates.take_replaced()[TEAM] == newer

    certificates.revoke(TEAM, newer.serial_number)

    assert certificates.take_replaced() == {TEAM: older}


# A file that is replaced while the platform runs


@pytest.fixture
def issued_beside(
    shared_store: CertificateStore, platform: Platform
) -> Iterator[Callable[..., Identity]]:
    """Writes a certificate into an account's folder, as ``mock-sei issue --out`` does."""
    folder = shared_store.account_folder(DEMO)
    kept = platform.certificates.identity(DEMO)

    def issue(account: str = DEMO, variant: Variant = Variant.VALID, **files: bytes) -> Identity:
        before = platform.certificates.identity(DEMO)
        made = Authority(shared_store.authority.pem).issue_identity(
            account, now=datetime.now(UTC), variant=variant
        )
        assert made.certificate != before.certificate
        content = {"privatekey.key": made.key_pem, "certificate.crt": made.certificate_pem}
        shared_store.write_files(folder, content | files)
        return made

    yield issue
    shared_store.write_identity(DEMO, kept)


def test_a_certificate_that_takes_another_s_place_on_file_is_the_account_s(
    platform: Platform, issued_beside: Callable[..., Identity]
) -> None:
    before = platform.certificates.identity(DEMO)

    made = issued_beside()

    assert platform.certificates.identity(DEMO).certificate == made.certificate
    assert [each.certificate for each in platform.certificates.of(DEMO)][-2:] == [
        before.certificate,
        made.certificate,
    ]
    current = platform.certificates.current(DEMO)
    assert current is not None
    assert current.certificate == made.certificate
    platform.certificates.revoke(DEMO, made.serial_number)
    assert not is_let_in(platform, made.peer)
    assert is_let_in(platform, before.peer)
    platform.certificates.revoke(DEMO, before.serial_number)
    assert not is_let_in(platform, before.peer)


def test_all_that_lay_on_file_goes_with_the_account(
    platform: Platform, issued_beside: Callable[..., Identity]
) -> None:
    before = platform.certificates.identity(DEMO)
    made = issued_beside()

    platform.portal.remove("demo-server")

    assert not is_let_in(platform, before.peer)
    assert not is_let_in(platform, made.peer)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"variant": Variant.WRONG_CN},
        {"variant": Variant.UNTRUSTED},
        {"variant": Variant.EXPIRED},
        {"account": "svc-web"},
        {"certificate.crt": b"cut short"},
    ],
)
def test_what_is_no_certificate_of_the_account_is_not_taken_from_its_file(
    platform: Platform, issued_beside: Callable[..., Identity], spoilt: dict[str, Any]
) -> None:
    before = platform.certificates.identity(DEMO)

    issued_beside(**spoilt)

    assert platform.certificates.identity(DEMO) == before


def test_a_file_is_left_as_it_is_while_somebody_writes_it(
    platform: Platform, shared_store: CertificateStore
) -> None:
    """While its files are replaced, no new certificate is made."""
    before = platform.certificates.identity(DEMO)
    file = shared_store.account_folder(DEMO) / "certificate.crt"
    content = file.read_bytes()
    file.unlink()

    assert platform.certificates.identity(DEMO) == before

    assert not file.exists()
    file.write_bytes(content)
    assert platform.certificates.identity(DEMO) == before
    assert len(platform.certificates.of(DEMO)) == 1


# What it costs


def crowded(store: CertificateStore, count: int) -> AccountCertificates:
    """A platform with so many accounts, each with a certificate, and ten times as many
    revocations."""
    accounts = [
        ServiceAccount(username=f"svc-{number}", password="secret") for number in range(count)
    ]
    registry = Registry()
    for each in accounts:
        registry.service_accounts[each.username] = each
    made = AccountCertificates(
        store=store, seeded=SeededIdentities(store, {}), registry=registry, clock=PlatformClock()
    )
    for each in accounts:
        made.issue(each.username)
    for number in range(10 * count):
        made.revocations.add(2**100 + number, now=datetime.now(UTC))
    return made


Cost = Callable[[AccountCertificates, AccountCertificate], object]
COSTS: dict[str, Cost] = {
    "current": lambda known, _: known.current("svc-5"),
    "identity": lambda known, _: known.identity("svc-5"),
    "list": lambda known, _: known.of("svc-5"),
    "find": lambda known, held: known.find("svc-5", held.serial_number),
    "replaced": lambda known, _: known.take_replaced(),
    "judge": lambda known, held: (known.admits(held.peer), known.has_revoked(held.peer)),
    "trust": lambda known, _: known.trust_number,
    "issue and revoke": lambda known, _: known.revoke("svc-5", known.issue("svc-5").serial_number),
}


@pytest.mark.slow
def test_what_is_asked_of_an_account_costs_the_same_however_many_there_are(
    shared_store: CertificateStore,
) -> None:
    crowds = {count: crowded(shared_store, count) for count in (10, 1000)}
    problems = []
    for what, act in COSTS.items():

        def make(count: int, act: Cost = act) -> Callable[[], object]:
            known = crowds[count]
            held = known.issue("svc-5")
            return lambda: act(known, held)

        try:
            assert_flat(make, few=10, many=1000)
        except AssertionError as error:
            problems.append(f"{what}: {error}")
    assert problems == []


@pytest.mark.slow
def test_of_one_account_with_many_certificates_the_current_is_found_at_once(
    shared_store: CertificateStore,
) -> None:
    def make(count: int) -> Callable[[], object]:
        known = crowded(shared_store, 6)
        held = [known.issue("svc-5") for _ in range(count)]
        return lambda: (known.current("svc-5"), known.find("svc-5", held[3].serial_number))

    assert_flat(make, few=10, many=600)
