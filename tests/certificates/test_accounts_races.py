"""An account that is deleted while its certificate is made, and many calls at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from mock_sei.certificates.accounts import AccountCertificates
from mock_sei.certificates.authority import Authority, load_key
from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.profiles import Variant
from mock_sei.certificates.seeded import SeededIdentities
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import MockSeiError, UnknownAccount
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.certificates.accounts import DEMO, TEAM, is_let_in
from tests.certificates.client_ca import ClientCA, pem, request, rsa_key
from tests.certificates.slow_making import SlowMaking, slow
from tests.patience import PATIENCE
from tests.support import control_client, registration

KEYS = "mock_sei.certificates.authority.new_identity_key"
MANY = 6


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> SlowMaking:
    return slow(monkeypatch, KEYS, rsa_key)


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> list[Identity]:
    """All certificates that the CA issues, even if nobody gets them."""
    found: list[Identity] = []
    issue = Authority.issue_identity

    def noted(*args: Any, **kwargs: Any) -> Identity:
        found.append(issue(*args, **kwargs))
        return found[-1]

    monkeypatch.setattr(Authority, "issue_identity", noted)
    return found


def pending(platform: Platform) -> None:
    """An application whose account has no certificate yet."""
    platform.reset({"approval": "manual"})
    platform.portal.register(registration())


def successor(platform: Platform) -> None:
    """The application is deleted, and another one gets its name."""
    platform.portal.remove("Nightly")
    platform.portal.register(registration())


@pytest.mark.parametrize(
    "meanwhile", [successor, lambda platform: platform.portal.remove("Nightly")]
)
@pytest.mark.parametrize(
    "make",
    [
        lambda platform: platform.certificates.issue(TEAM),
        lambda platform: platform.certificates.issue(TEAM, Variant.WRONG_CN),
        lambda platform: platform.certificates.issue(TEAM, Variant.NOT_YET_VALID),
        lambda platform: platform.certificates.renew(TEAM),
        lambda platform: platform.certificates.provide(TEAM),
        lambda platform: platform.certificates.identity(TEAM),
    ],
    ids=["issue", "wrong name", "not valid yet", "renew", "provide", "identity"],
)
def test_what_is_made_for_an_application_that_goes_meanwhile_is_not_handed_out(
    platform: Platform,
    making: SlowMaking,
    issued: list[Identity],
    make: Callable[[Platform], object],
    meanwhile: Callable[[Platform], None],
) -> None:
    pending(platform)

    made = making.during(lambda: make(platform), lambda: meanwhile(platform))

    error = made.exception()
    assert isinstance(error, UnknownAccount)
    assert "was deleted meanwhile" in str(error)
    (lost,) = issued
    assert not is_let_in(platform, lost.peer)
    if meanwhile is successor:
        assert platform.certificates.of(TEAM) == []
        assert platform.certificates.identity(TEAM) != lost


@pytest.mark.parametrize("target", ["certificates", "own-certificates"])
def test_what_is_signed_or_registered_meanwhile_does_not_get_in(
    platform: Platform, ca: ClientCA, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    pending(platform)
    known = platform.certificates
    if target == "certificates":
        making = slow(
            monkeypatch,
            "mock_sei.certificates.accounts.read_request",
            lambda *_: rsa_key().public_key(),
        )
        made = making.during(
            lambda: known.sign(TEAM, pem(request(TEAM))), lambda: successor(platform)
        )
    else:
        own = ca.identity(TEAM)
        making = SlowMaking(lambda _: None)
        monkeypatch.setattr(known, "_tls_problem", making)
        made = making.during(
            lambda: known.register_own(TEAM, pem(own.certificate), ca.pem),
            lambda: successor(platform),
        )
        assert not is_let_in(platform, own.peer)
        assert known.trusted().own_pem == b""
    assert isinstance(made.exception(), UnknownAccount)
    assert known.of(TEAM) == []


@pytest.mark.usefixtures("one_key")
def test_between_the_revocation_and_the_end_of_the_account_nothing_slips_in(
    certificates: AccountCertificates, platform: Platform, ca: ClientCA
) -> None:
    """The registry forgets the account shortly after its certificates are revoked."""
    own = ca.identity(TEAM)
    certificates.revoke_all(TEAM)

    for call in (
        lambda: certificates.issue(TEAM),
        lambda: certificates.identity(TEAM),
        lambda: certificates.provide(TEAM),
        lambda: certificates.sign(TEAM, pem(request(TEAM))),
        lambda: certificates.register_own(TEAM, pem(own.certificate), ca.pem),
    ):
        with pytest.raises(UnknownAccount):
            call()
    assert not is_let_in(platform, own.peer)


@pytest.mark.usefixtures("one_key")
def test_an_account_that_left_the_registry_without_a_word_leaves_nothing_to_its_successor(
    certificates: AccountCertificates, platform: Platform
) -> None:
    before = certificates.issue(TEAM)
    platform.registry.remove(platform.portal.require("Nightly").app_key)
    platform.portal.register(registration())

    assert before not in certificates.of(TEAM)
    certificates.issue(TEAM)

    assert not is_let_in(platform, before.peer)


def test_by_the_control_api_too(platform: Platform, making: SlowMaking) -> None:
    """While the key is made, the application is deleted and registered again."""
    pending(platform)
    path = f"/service-accounts/{TEAM}/certificates"

    def call() -> tuple[int, Any]:
        with control_client(platform) as http:
            answer = http.post(path, json={})
            return answer.status_code, answer.json()

    status, body = making.during(call, lambda: successor(platform)).result()

    assert (status, body["error"]) == (404, "UnknownAccount")
    with control_client(platform) as http:
        assert http.get(path).json() == []


@pytest.mark.parametrize("call", ["renew", "send_link"])
def test_no_link_and_no_mail_of_the_predecessor_reaches_the_successor(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(KEYS, rsa_key)
        platform.portal.register(registration())
    (first,) = platform.certificates.of(TEAM)
    platform.certificates.revoke(TEAM, first.serial_number)
    making = slow(monkeypatch, KEYS, rsa_key)

    def newcomer() -> None:
        platform.portal.remove("Nightly")
        platform.portal.register(
            registration(distribution_list="newcomer@example.com", certificate="own")
        )

    made = making.during(lambda: getattr(platform.portal, call)(TEAM), newcomer)

    assert isinstance(made.exception(), UnknownAccount)
    assert platform.portal.links.of(TEAM) == []
    assert platform.certificates.of(TEAM) == []
    mails = platform.portal.mailbox.find(to="newcomer@example.com", about="Certificate for")
    assert mails == []


@pytest.mark.long
def test_certificate_and_key_that_are_fetched_side_by_side_fit(platform: Platform) -> None:
    """Calls at the same time get the same certificate; each once made its own."""
    pending(platform)
    files = iter(["certificate.crt", "privatekey.key"] * (MANY // 2))

    def fetch() -> bytes:
        with control_client(platform) as http:
            answer = http.get(f"/service-accounts/{TEAM}/{next(files)}")
            assert answer.status_code == 200
            return answer.content

    fetched = set(at_once(fetch))

    certificate, key = sorted(fetched)  # BEGIN CERTIFICATE, BEGIN PRIVATE KEY
    read = x509.load_pem_x509_certificate(certificate)
    assert load_key(key).public_key() == read.public_key()


# Those of the fixtures


@pytest.fixture
def fresh(tmp_path: Path) -> Platform:
    """A platform with its own certs folder, in which no account has a certificate."""
    store = CertificateStore(tmp_path / "certs")
    return Platform(fixtures=load_fixtures(), store=store, behaviour=Behaviour(seed=1))


def taken(platform: Platform) -> None:
    """Another application gets the name of a demo account."""
    platform.portal.remove("demo-server")
    platform.portal.register(registration(name="demo", certificate="own"))


def test_a_certificate_written_while_its_application_goes_opens_nothing_until_a_reset(
    fresh: Platform, making: SlowMaking
) -> None:
    made = making.during(lambda: fresh.certificates.identity(DEMO), lambda: taken(fresh))

    assert isinstance(made.exception(), UnknownAccount)
    on_file = fresh.store.find_identity(DEMO)
    assert on_file is not None
    assert not is_let_in(fresh, on_file.peer)
    assert fresh.certificates.of(DEMO) == []
    fresh.reset()
    assert fresh.certificates.identity(DEMO).certificate == on_file.certificate
    assert is_let_in(fresh, on_file.peer)


@pytest.mark.long
@pytest.mark.usefixtures("one_key")
def test_what_is_seeded_after_its_application_went_opens_nothing(fresh: Platform) -> None:
    """``serve`` makes the fixtures' certificates in another thread."""
    taken(fresh)

    fresh.seed_identities()

    on_file = fresh.store.find_identity(DEMO)
    assert on_file is not None
    assert not is_let_in(fresh, on_file.peer)
    fresh.reset()
    assert is_let_in(fresh, on_file.peer)


# Many at once


def at_once(ask: Callable[[], Any], count: int = MANY) -> list[Any]:
    start = threading.Barrier(count, timeout=PATIENCE)

    def one() -> Any:
        start.wait()
        return ask()

    with ThreadPoolExecutor(count) as pool:
        return [each.result() for each in [pool.submit(one) for _ in range(count)]]


@pytest.mark.long
@pytest.mark.parametrize("ask", ["identity", "provide"])
def test_of_many_who_ask_for_the_first_certificate_all_get_the_same(
    platform: Platform, issued: list[Identity], ask: str
) -> None:
    pending(platform)

    given = at_once(lambda: getattr(platform.certificates, ask)(TEAM).serial_number)

    assert len(issued) == 1
    assert given == [issued[0].serial_number] * MANY
    assert len(platform.certificates.of(TEAM)) == 1


@pytest.mark.long
@pytest.mark.parametrize("ask", ["identity", "provide"])
def test_of_many_who_ask_for_a_seeded_one_all_get_the_one_on_file(
    fresh: Platform, issued: list[Identity], ask: str
) -> None:
    given = at_once(lambda: getattr(fresh.certificates, ask)(DEMO).serial_number)

    on_file = fresh.store.find_identity(DEMO)
    assert on_file is not None
    assert len(issued) == 1
    assert given == [on_file.serial_number] * MANY


def test_where_the_one_on_file_was_revoked_all_get_one_other(
    platform: Platform, issued: list[Identity]
) -> None:
    revoked = platform.certificates.provide(DEMO)
    platform.certificates.revoke(DEMO, revoked.serial_number)
    issued.clear()

    given = at_once(lambda: platform.certificates.provide(DEMO).serial_number)

    assert len(issued) == 1
    assert given == [issued[0].serial_number] * MANY


@pytest.mark.long
def test_servers_that_start_at_once_on_a_fresh_folder_hold_the_same_identities(
    tmp_path: Path, issued: list[Identity]
) -> None:
    accounts = load_fixtures().registry.service_accounts

    def start() -> tuple[object, ...]:
        store = CertificateStore(tmp_path / "certs")
        seeded = SeededIdentities(store, accounts)
        held = seeded.require(accounts[DEMO])
        server = store.server_identity(["localhost"], now=held.not_before)
        return (
            held.certificate,
            store.authority.issuing,
            store.signing_key_pem,
            server.certificate,
        )

    first, *others = at_once(start, 8)

    assert all(each == first for each in others)
    assert len(issued) == 1
    on_file = CertificateStore(tmp_path / "certs").find_identity(DEMO)
    assert on_file is not None
    assert on_file.certificate == first[0]


def test_an_unknown_account_is_refused_before_anything_is_made(
    platform: Platform, issued: list[Identity]
) -> None:
    with pytest.raises(MockSeiError):
        platform.certificates.issue("nobody")
    assert issued == []
