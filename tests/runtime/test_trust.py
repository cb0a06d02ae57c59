"""The certificates that a listener accepts while clients' own ones are registered and removed."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from mock_sei.certificates.authority import Authority, load_key
from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.profiles import ServerVariant, Variant
from mock_sei.errors import ConfigurationError, MockSeiBug
from mock_sei.platform import Platform
from mock_sei.runtime.tls import CertificateRefused, ListenerContext
from mock_sei.runtime.trust import ListenerTrust, TrustUnavailable
from tests.certificates.client_ca import ClientCA, pem, request, rsa_key
from tests.operations import set_server_certificate
from tests.patience import PATIENCE
from tests.runtime.encounter import Encounter
from tests.support import registration

pytestmark = [pytest.mark.usefixtures("one_key"), pytest.mark.long]

TEAM = "svc-nightly"
UNKNOWN_CA = "TLSV1_ALERT_UNKNOWN_CA"


@pytest.fixture(scope="module")
def ca() -> ClientCA:
    return ClientCA.create("Client root")


@pytest.fixture
def trust(platform: Platform) -> ListenerTrust:
    platform.portal.register(registration(certificate="own"))
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    return ListenerTrust(platform, identity, client_certificates=True)


def context_of(trust: ListenerTrust) -> ListenerContext:
    """The context for a connection that is accepted now."""
    return asyncio.run(trust.context())


def told(trust: ListenerTrust, shown: Identity | None) -> str | None:
    """The alert that the client reads; None if the client is accepted."""
    return Encounter(context_of(trust), shown).shake_hands()


def register(platform: Platform, identity: Identity, ca: ClientCA) -> None:
    platform.certificates.register_own(TEAM, pem(identity.certificate), ca.pem)


def test_an_own_certificate_opens_the_door_once_registered_until_a_reset(
    trust: ListenerTrust, platform: Platform, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    assert told(trust, own) == UNKNOWN_CA
    assert platform.journal.last.certificate == own.peer

    register(platform, own, ca)

    assert told(trust, own) is None
    platform.reset()
    assert told(trust, own) == UNKNOWN_CA


def test_with_and_without_its_chain_and_below_an_intermediate(
    trust: ListenerTrust, platform: Platform, ca: ClientCA
) -> None:
    below = ClientCA.create("Client intermediate", parent=ca)
    own = below.identity(TEAM)
    alone = Identity(certificate=own.certificate, key=own.key)
    register(platform, own, below)

    assert told(trust, own) is None
    assert told(trust, alone) is None


def test_registering_one_lets_in_nobody_else_of_its_ca(
    trust: ListenerTrust, platform: Platform, ca: ClientCA
) -> None:
    own, twin = ca.identity(TEAM), ca.identity(TEAM)
    other = ca.identity("svc-demo")
    below = ClientCA.create("Client intermediate", parent=ca).identity(TEAM)
    register(platform, own, ca)

    for shown in (twin, other, below):
        assert told(trust, shown) == UNKNOWN_CA
    assert told(trust, own) is None


def test_the_ca_that_was_submitted_is_no_client(
    trust: ListenerTrust, platform: Platform, ca: ClientCA
) -> None:
    register(platform, ca.identity(TEAM), ca)
    as_client = Identity(certificate=ca.certificate, key=ca.key)
    assert told(trust, as_client) == UNKNOWN_CA


@pytest.mark.parametrize("registered", [False, True])
def test_the_others_stay_as_they_were_but_for_the_alert_of_a_revocation(
    trust: ListenerTrust, platform: Platform, ca: ClientCA, registered: bool
) -> None:
    if registered:
        register(platform, ca.identity(TEAM), ca)
    good, further = (
        platform.certificates.identity("svc-demo"),
        platform.certificates.issue("svc-demo").identity,
    )
    assert told(trust, good) is None
    assert told(trust, further) is None
    assert told(trust, None) == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    for variant, alert in (
        (Variant.UNTRUSTED, UNKNOWN_CA),
        (Variant.SELF_SIGNED, UNKNOWN_CA),
        (Variant.EXPIRED, "SSLV3_ALERT_CERTIFICATE_EXPIRED"),
        (Variant.NOT_YET_VALID, "SSLV3_ALERT_BAD_CERTIFICATE"),
    ):
        assert told(trust, platform.certificates.issue("svc-demo", variant).identity) == alert

    platform.certificates.revoke("svc-demo", further.serial_number)

    if registered:
        with pytest.raises(CertificateRefused, match="was revoked"):
            told(trust, further)
    else:
        assert told(trust, further) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert "was revoked" in str(platform.journal.last.refused_because)
    assert told(trust, good) is None


def test_a_revocation_reaches_the_next_connection_and_a_reset_takes_it_back(
    trust: ListenerTrust, platform: Platform
) -> None:
    identity = platform.certificates.identity("svc-demo")
    for _ in range(2):
        assert told(trust, identity) is None
        platform.certificates.revoke("svc-demo", identity.serial_number)
        assert told(trust, identity) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
        platform.reset()
    assert told(trust, identity) is None


def test_a_revoked_own_certificate_is_refused_by_our_own_check(
    trust: ListenerTrust, platform: Platform, ca: ClientCA
) -> None:
    own, second = ca.identity(TEAM), ca.identity(TEAM)
    register(platform, own, ca)
    register(platform, second, ca)
    assert told(trust, own) is None

    platform.certificates.revoke(TEAM, own.serial_number)

    with pytest.raises(CertificateRefused, match="was revoked"):
        told(trust, own)
    assert told(trust, second) is None


def test_an_own_certificate_ends_by_the_platforms_clock(
    trust: ListenerTrust, platform: Platform, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    register(platform, own, ca)
    platform.clock.set(own.not_after - timedelta(minutes=1))
    assert told(trust, own) is None

    platform.clock.advance(minutes=2)

    with pytest.raises(CertificateRefused, match="has expired"):
        told(trust, own)
    assert platform.journal.last.refused_by == "client certificate"


def test_a_deleted_application_s_own_certificate_opens_nothing(
    trust: ListenerTrust, platform: Platform, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    register(platform, own, ca)
    assert told(trust, own) is None

    platform.portal.remove("Nightly")
    platform.portal.register(registration(certificate="own"))

    assert told(trust, own) == UNKNOWN_CA


@pytest.mark.parametrize("end", ["reset", "delete"])
def test_a_connection_that_was_kept_open_is_refused_at_its_next_request(
    trust: ListenerTrust, platform: Platform, ca: ClientCA, end: str
) -> None:
    own = ca.identity(TEAM)
    register(platform, own, ca)
    assert told(trust, own) is None
    assert platform.judge_certificate(own.peer) is None

    if end == "reset":
        platform.reset()
    else:
        platform.portal.remove("Nightly")

    why = platform.judge_certificate(own.peer)
    assert why is not None
    assert "is not registered as a client's own certificate (any more)" in why.because
    assert (why.expected, why.actual) == (
        "a registered certificate",
        f"serial number {own.serial_number:x}",
    )


def test_a_signed_request_opens_the_door_with_the_clients_key(
    trust: ListenerTrust, platform: Platform
) -> None:
    key = rsa_key()
    signed = platform.certificates.sign(TEAM, pem(request(TEAM, key=key)))
    shown = Identity(certificate=signed.certificate, key=key)

    assert told(trust, shown) is None
    platform.certificates.revoke(TEAM, signed.serial_number)
    assert told(trust, shown) == "SSLV3_ALERT_CERTIFICATE_REVOKED"


def test_both_certificates_work_after_a_renewal_and_the_first_ends(
    trust: ListenerTrust, platform: Platform
) -> None:
    first = platform.certificates.identity("svc-demo")
    platform.clock.set(first.not_after - timedelta(days=1))
    platform.portal.renew("svc-demo")
    second = platform.certificates.identity("svc-demo")
    assert told(trust, first) is told(trust, second) is None

    platform.clock.advance(days=2)

    with pytest.raises(CertificateRefused, match="has expired"):
        told(trust, first)
    assert told(trust, second) is None


def test_the_context_is_made_again_only_when_the_certificates_changed(
    trust: ListenerTrust, platform: Platform, ca: ClientCA
) -> None:
    before = context_of(trust)
    platform.certificates.issue("svc-demo")
    platform.reset()
    assert context_of(trust) is before
    platform.portal.register(registration(certificate="own"))

    register(platform, ca.identity(TEAM), ca)

    after = context_of(trust)
    assert after is not before
    assert context_of(trust) is after
    platform.reset()
    assert context_of(trust) is not after


def test_the_one_way_listener_asks_nobody_whatever_is_registered(
    platform: Platform, ca: ClientCA
) -> None:
    platform.portal.register(registration(certificate="own"))
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    one_way = ListenerTrust(platform, identity, client_certificates=False)
    before = context_of(one_way)
    own = ca.identity(TEAM)
    register(platform, own, ca)

    assert context_of(one_way) is before
    for shown in (None, own, platform.certificates.issue("svc-demo", Variant.UNTRUSTED).identity):
        encounter = Encounter(context_of(one_way), shown)
        assert encounter.shake_hands() is None
        assert encounter.server.getpeercert(binary_form=True) is None


def test_revocations_do_not_pile_up_in_a_context(trust: ListenerTrust, platform: Platform) -> None:
    """A context cannot drop a revocation list, so each change of the list needs a new context."""
    shown = platform.certificates.issue("svc-demo").identity
    assert told(trust, shown) is None
    before = context_of(trust)
    assert context_of(trust) is before

    platform.certificates.revoke("svc-demo", shown.serial_number)

    after = context_of(trust)
    assert after is not before
    assert told(trust, shown) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert context_of(trust) is after
    platform.reset()
    assert context_of(trust) is not after


def test_a_revocation_is_no_matter_of_the_one_way_listener(platform: Platform) -> None:
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    one_way = ListenerTrust(platform, identity, client_certificates=False)
    before = context_of(one_way)
    shown = platform.certificates.issue("svc-demo").identity

    platform.certificates.revoke("svc-demo", shown.serial_number)

    assert context_of(one_way) is before


# A context that cannot be made


class Disk(OSError):
    """The system refuses to open a file."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Makes each new context fail from now on, or none."""
    create = ListenerContext.create.__func__  # type: ignore[attr-defined]  # of a class method
    fails = False

    def attempt(cls: type[ListenerContext], *args: Any, **how: Any) -> ListenerContext:
        if fails:
            raise Disk("No space left on device")
        made: ListenerContext = create(cls, *args, **how)
        return made

    monkeypatch.setattr(ListenerContext, "create", classmethod(attempt))

    def set_broken(now: bool) -> None:
        nonlocal fails
        fails = now

    return set_broken


def test_a_context_that_cannot_be_made_leaves_the_former_one_to_nobody(
    trust: ListenerTrust, platform: Platform, broken: Callable[[bool], None]
) -> None:
    identity = platform.certificates.identity("svc-demo")
    assert told(trust, identity) is None
    broken(True)
    platform.certificates.revoke("svc-demo", identity.serial_number)

    for _ in range(2):
        with pytest.raises(TrustUnavailable, match=r"two-way listener .*No space left on device"):
            told(trust, identity)

    with pytest.raises(MockSeiBug, match="cannot be set up"):
        platform.check_result().check()
    assert len(platform.check_result().bugs) == 1
    broken(False)
    assert told(trust, identity) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert told(trust, platform.certificates.issue("svc-demo").identity) is None


def test_a_reset_ends_the_trouble_and_what_check_says_of_it(
    trust: ListenerTrust, platform: Platform, broken: Callable[[bool], None]
) -> None:
    shown = platform.certificates.issue("svc-demo").identity
    platform.certificates.revoke("svc-demo", shown.serial_number)
    broken(True)
    with pytest.raises(TrustUnavailable):
        context_of(trust)
    broken(False)

    platform.reset()

    assert told(trust, shown) is None
    platform.check_result().check()


@pytest.mark.parametrize("client_certificates", [True, False])
def test_the_usual_certificate_is_not_shown_where_another_was_asked_for(
    platform: Platform, broken: Callable[[bool], None], client_certificates: bool
) -> None:
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    trust = ListenerTrust(platform, identity, client_certificates=client_certificates)
    broken(True)
    set_server_certificate(platform, ServerVariant.EXPIRED)

    with pytest.raises(TrustUnavailable):
        context_of(trust)

    broken(False)
    encounter = Encounter(context_of(trust), platform.certificates.identity("svc-demo"))
    assert encounter.shake_hands() == "CERTIFICATE_VERIFY_FAILED"


def test_a_first_context_that_cannot_be_made_is_one_clear_error(
    platform: Platform, broken: Callable[[bool], None]
) -> None:
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    broken(True)
    with pytest.raises(ConfigurationError, match=r"one-way listener: .*No space left on device"):
        ListenerTrust(platform, identity, client_certificates=False)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_context_is_made_with_and_without_files_in_memory_and_leaves_none(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if not in_memory:
        monkeypatch.setattr("mock_sei.runtime.tls._memory_file", lambda: None)
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    trust = ListenerTrust(platform, identity, client_certificates=True)
    good, further = (
        platform.certificates.identity("svc-demo"),
        platform.certificates.issue("svc-demo").identity,
    )
    platform.certificates.revoke("svc-demo", further.serial_number)
    for _ in range(5):
        assert told(trust, further) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
        assert told(trust, good) is None
    assert list(tmp_path.iterdir()) == []


def test_without_files_in_memory_a_folder_that_is_gone_is_told_and_tried_again(
    trust: ListenerTrust, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.runtime.tls._memory_file", lambda: None)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    shown = platform.certificates.issue("svc-demo").identity
    platform.certificates.revoke("svc-demo", shown.serial_number)
    with pytest.raises(TrustUnavailable, match="No such file or directory"):
        context_of(trust)

    (tmp_path / "gone").mkdir()

    assert told(trust, shown) == "SSLV3_ALERT_CERTIFICATE_REVOKED"


# Many connections while one is made


@dataclass
class Slow:
    """Creates contexts in threads; each waits until the test allows it."""

    begun: threading.Event
    go_on: threading.Semaphore
    made: int = 0


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    create = ListenerContext.create.__func__  # type: ignore[attr-defined]  # of a class method
    state = Slow(begun=threading.Event(), go_on=threading.Semaphore(0))

    def attempt(cls: type[ListenerContext], *args: Any, **how: Any) -> ListenerContext:
        state.made += 1
        state.begun.set()
        made: ListenerContext = create(cls, *args, **how)
        assert state.go_on.acquire(timeout=PATIENCE)
        return made

    monkeypatch.setattr(ListenerContext, "create", classmethod(attempt))
    return state


def test_connections_that_come_while_a_context_is_made_share_it(
    trust: ListenerTrust, platform: Platform, slow: Slow
) -> None:
    shown = platform.certificates.issue("svc-demo").identity
    platform.certificates.revoke("svc-demo", shown.serial_number)

    async def connect() -> list[ListenerContext]:
        waiting = [asyncio.create_task(trust.context()) for _ in range(50)]
        await asyncio.to_thread(slow.begun.wait, PATIENCE)
        waiting += [asyncio.create_task(trust.context()) for _ in range(50)]
        await asyncio.sleep(0)
        slow.go_on.release(50)
        return await asyncio.gather(*waiting)

    contexts = asyncio.run(connect())

    assert len(set(map(id, contexts))) == 1
    assert slow.made == 1


def test_connections_that_come_together_fail_together_and_the_next_one_tries_again(
    trust: ListenerTrust, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 0

    def attempt(*_: Any, **__: Any) -> ListenerContext:
        nonlocal attempts
        attempts += 1
        raise Disk("No space left on device")

    monkeypatch.setattr(ListenerContext, "create", attempt)
    shown = platform.certificates.issue("svc-demo").identity
    platform.certificates.revoke("svc-demo", shown.serial_number)

    async def crowd() -> list[object]:
        waiting = [asyncio.create_task(trust.context()) for _ in range(50)]
        return await asyncio.gather(*waiting, return_exceptions=True)

    async def twice() -> None:
        for _ in range(2):
            before = attempts
            outcomes = await crowd()
            assert {type(each) for each in outcomes} == {TrustUnavailable}
            assert before < attempts <= before + 2  # for the first, and for those that came later

    asyncio.run(twice())


def test_a_connection_sees_what_was_revoked_before_it_came_though_another_is_being_made(
    trust: ListenerTrust, platform: Platform, slow: Slow
) -> None:
    first, second = (platform.certificates.issue("svc-demo").identity for _ in range(2))

    async def connect() -> ListenerContext:
        platform.certificates.revoke("svc-demo", first.serial_number)
        early = asyncio.create_task(trust.context())
        await asyncio.to_thread(slow.begun.wait, PATIENCE)
        platform.certificates.revoke("svc-demo", second.serial_number)
        late = asyncio.create_task(trust.context())
        await asyncio.sleep(0)
        slow.go_on.release(2)
        await early
        return await late

    context = asyncio.run(connect())

    for shown in (first, second):
        assert Encounter(context, shown).shake_hands() == "SSLV3_ALERT_CERTIFICATE_REVOKED"


def test_the_loop_goes_on_while_a_context_is_made(
    trust: ListenerTrust, platform: Platform, slow: Slow
) -> None:
    shown = platform.certificates.issue("svc-demo").identity
    platform.certificates.revoke("svc-demo", shown.serial_number)

    async def beside() -> bool:
        waiting = asyncio.create_task(trust.context())
        await asyncio.to_thread(slow.begun.wait, PATIENCE)
        was_done = waiting.done()
        slow.go_on.release()
        await waiting
        return was_done

    assert asyncio.run(beside()) is False


def test_revocations_beyond_the_listener_s_list_are_refused_by_our_own_check(
    trust: ListenerTrust, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise OpenSSL would read all of them at each handshake."""
    monkeypatch.setattr("mock_sei.certificates.revocations.TOLD", 2)
    shown = [platform.certificates.issue("svc-demo").identity for _ in range(3)]
    for each in shown:
        platform.certificates.revoke("svc-demo", each.serial_number)

    with pytest.raises(CertificateRefused, match="was revoked"):
        told(trust, shown[0])
    for each in shown[1:]:
        assert told(trust, each) == "SSLV3_ALERT_CERTIFICATE_REVOKED"


def under(authority: Authority, name: str) -> ClientCA:
    """A CA that the platform's root or issuing CA has signed, and that no listener trusts."""
    pems = {
        "root": (authority.root, authority.pem.root_key),
        "issuing": (authority.issuing, authority.pem.issuing_key),
    }
    certificate, key = pems[name][0], load_key(pems[name][1])
    assert isinstance(key, EllipticCurvePrivateKey)
    parent = ClientCA(name=name, key=key, certificate=certificate)
    return ClientCA.create("Another intermediate", parent=parent)


@pytest.mark.parametrize("with_root", [False, True])
def test_another_ca_below_the_platforms_root_lets_nobody_in_and_the_alert_says_so(
    trust: ListenerTrust, platform: Platform, with_root: bool
) -> None:
    other = under(platform.authority, "root")
    identity = other.identity("svc-demo")
    shown = replace(identity, chain=other.chain[: 2 if with_root else 1])

    for each in (shown, Identity(certificate=shown.certificate, key=shown.key)):
        assert told(trust, each) == UNKNOWN_CA
        assert platform.journal.last.refused_by == "client certificate"
        assert "CA" in str(platform.journal.last.refused_because)
    assert other.parent is not None
    assert told(trust, other.parent.identity("svc-demo")) == UNKNOWN_CA


def test_a_ca_below_the_issuing_one_lets_nobody_in_and_the_journal_says_why(
    trust: ListenerTrust, platform: Platform
) -> None:
    identity = under(platform.authority, "issuing").identity("svc-demo")

    assert told(trust, identity) == UNKNOWN_CA
    assert "below another CA that may not have CAs below it" in str(
        platform.journal.last.refused_because
    )


def test_the_certificate_of_the_issuing_ca_is_no_clients(
    trust: ListenerTrust, platform: Platform
) -> None:
    authority = platform.authority
    shown = Identity(certificate=authority.issuing, key=load_key(authority.pem.issuing_key))

    with pytest.raises(CertificateRefused):
        told(trust, shown)

    assert "that of this server's issuing CA" in str(platform.journal.last.refused_because)
    root = Identity(certificate=authority.root, key=load_key(authority.pem.root_key))
    assert told(trust, root) == UNKNOWN_CA
    assert "self-signed" in str(platform.journal.last.refused_because)


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_an_identity_is_let_in_with_any_part_of_its_chain(
    trust: ListenerTrust, platform: Platform, sent: int
) -> None:
    identity = platform.certificates.identity("svc-demo")

    assert told(trust, replace(identity, chain=identity.chain[:sent])) is None
    platform.certificates.revoke(
        "svc-demo", platform.certificates.issue("svc-demo").identity.serial_number
    )
    assert told(trust, replace(identity, chain=identity.chain[:sent])) is None
