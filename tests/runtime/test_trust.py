"""Whom a listener lets in while clients' own certificates come and go: alerts and refusals."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.profiles import Variant
from mock_sei.runtime.tls import CertificateRefused, ListenerContext
from mock_sei.runtime.trust import ListenerTrust
from mock_sei.sandbox import Sandbox
from tests.certificates.client_ca import ClientCA, pem, request, rsa_key
from tests.runtime.encounter import Encounter
from tests.support import registration

pytestmark = pytest.mark.usefixtures("one_key")

TEAM = "svc-nightly"
UNKNOWN_CA = "TLSV1_ALERT_UNKNOWN_CA"


@pytest.fixture(scope="module")
def ca() -> ClientCA:
    return ClientCA.create("Client root")


@pytest.fixture
def trust(sandbox: Sandbox) -> ListenerTrust:
    sandbox.portal.register(registration(certificate="own"))
    identity = sandbox.authority.issue_server(["localhost"], now=datetime.now(UTC))
    return ListenerTrust(sandbox, identity, client_certificates=True)


def context_of(trust: ListenerTrust) -> ListenerContext:
    """What a connection gets that is accepted now."""
    return asyncio.run(trust.context())


def told(trust: ListenerTrust, shown: Identity | None) -> str | None:
    """The alert the client reads, None where it is let in."""
    return Encounter(context_of(trust), shown).shake_hands()


def register(sandbox: Sandbox, identity: Identity, ca: ClientCA) -> None:
    sandbox.certificates.register_own(TEAM, pem(identity.certificate), ca.pem)


def test_an_own_certificate_opens_the_door_once_registered_until_a_reset(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA
) -> None:
    """Acceptance rows A3, B10."""
    own = ca.identity(TEAM)
    assert told(trust, own) == UNKNOWN_CA
    assert sandbox.journal.last.certificate == own.peer

    register(sandbox, own, ca)

    assert told(trust, own) is None
    sandbox.reset()
    assert told(trust, own) == UNKNOWN_CA


def test_with_and_without_its_chain_and_below_an_intermediate(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA
) -> None:
    """Acceptance row A9."""
    below = ClientCA.create("Client intermediate", parent=ca)
    own = below.identity(TEAM)
    alone = Identity(certificate=own.certificate, key=own.key)
    register(sandbox, own, below)

    assert told(trust, own) is None
    assert told(trust, alone) is None


def test_registering_one_lets_in_nobody_else_of_its_ca(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA
) -> None:
    own, twin = ca.identity(TEAM), ca.identity(TEAM)
    other = ca.identity("svc-demo")
    below = ClientCA.create("Client intermediate", parent=ca).identity(TEAM)
    register(sandbox, own, ca)

    for shown in (twin, other, below):
        assert told(trust, shown) == UNKNOWN_CA
    assert told(trust, own) is None


def test_the_ca_that_was_submitted_is_no_client(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA
) -> None:
    register(sandbox, ca.identity(TEAM), ca)
    as_client = Identity(certificate=ca.certificate, key=ca.key)
    assert told(trust, as_client) == UNKNOWN_CA


@pytest.mark.parametrize("registered", [False, True])
def test_the_others_stay_as_they_were_but_for_the_alert_of_a_revocation(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA, registered: bool
) -> None:
    """Acceptance rows A1, A3 to A5, A7."""
    if registered:
        register(sandbox, ca.identity(TEAM), ca)
    good, further = sandbox.identity("svc-demo"), sandbox.issue_certificate("svc-demo")
    assert told(trust, good) is None
    assert told(trust, further) is None
    assert told(trust, None) == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    for variant, alert in (
        (Variant.UNTRUSTED, UNKNOWN_CA),
        (Variant.SELF_SIGNED, UNKNOWN_CA),
        (Variant.EXPIRED, "SSLV3_ALERT_CERTIFICATE_EXPIRED"),
        (Variant.NOT_YET_VALID, "SSLV3_ALERT_BAD_CERTIFICATE"),
    ):
        assert told(trust, sandbox.issue_certificate("svc-demo", variant)) == alert

    sandbox.certificates.revoke("svc-demo", further.serial_number)

    if registered:
        with pytest.raises(CertificateRefused, match="was revoked"):
            told(trust, further)
    else:
        assert told(trust, further) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert "was revoked" in str(sandbox.journal.last.refused_because)
    assert told(trust, good) is None


def test_a_revocation_reaches_the_next_connection_and_a_reset_takes_it_back(
    trust: ListenerTrust, sandbox: Sandbox
) -> None:
    identity = sandbox.identity("svc-demo")
    for _ in range(2):
        assert told(trust, identity) is None
        sandbox.certificates.revoke("svc-demo", identity.serial_number)
        assert told(trust, identity) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
        sandbox.reset()
    assert told(trust, identity) is None


def test_a_revoked_own_certificate_is_refused_by_our_own_check(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA
) -> None:
    own, second = ca.identity(TEAM), ca.identity(TEAM)
    register(sandbox, own, ca)
    register(sandbox, second, ca)
    assert told(trust, own) is None

    sandbox.certificates.revoke(TEAM, own.serial_number)

    with pytest.raises(CertificateRefused, match="was revoked"):
        told(trust, own)
    assert told(trust, second) is None


def test_an_own_certificate_ends_by_the_platforms_clock(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA
) -> None:
    """Acceptance row B8."""
    own = ca.identity(TEAM)
    register(sandbox, own, ca)
    sandbox.clock.set(own.not_after - timedelta(minutes=1))
    assert told(trust, own) is None

    sandbox.clock.advance(minutes=2)

    with pytest.raises(CertificateRefused, match="has expired"):
        told(trust, own)
    assert sandbox.journal.last.refused_by == "client certificate"


def test_a_deleted_application_s_own_certificate_opens_nothing(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA
) -> None:
    own = ca.identity(TEAM)
    register(sandbox, own, ca)
    assert told(trust, own) is None

    sandbox.portal.remove("Nightly")
    sandbox.portal.register(registration(certificate="own"))

    assert told(trust, own) == UNKNOWN_CA


@pytest.mark.parametrize("end", ["reset", "delete"])
def test_a_connection_that_was_kept_open_is_refused_at_its_next_request(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA, end: str
) -> None:
    own = ca.identity(TEAM)
    register(sandbox, own, ca)
    assert told(trust, own) is None
    assert sandbox.judge_certificate(own.peer) is None

    if end == "reset":
        sandbox.reset()
    else:
        sandbox.portal.remove("Nightly")

    why = sandbox.judge_certificate(own.peer)
    assert why is not None
    assert "is not registered (any more)" in why.because
    assert (why.expected, why.actual) == (
        "a registered certificate",
        f"serial number {own.serial_number:x}",
    )


def test_a_signed_request_opens_the_door_with_the_clients_key(
    trust: ListenerTrust, sandbox: Sandbox
) -> None:
    """Acceptance row B10."""
    key = rsa_key()
    signed = sandbox.certificates.sign(TEAM, pem(request(TEAM, key=key)))
    shown = Identity(certificate=signed.certificate, key=key)

    assert told(trust, shown) is None
    sandbox.certificates.revoke(TEAM, signed.serial_number)
    assert told(trust, shown) == "SSLV3_ALERT_CERTIFICATE_REVOKED"


def test_both_certificates_work_after_a_renewal_and_the_first_ends(
    trust: ListenerTrust, sandbox: Sandbox
) -> None:
    """Acceptance row B8."""
    first = sandbox.identity("svc-demo")
    sandbox.clock.set(first.not_after - timedelta(days=1))
    sandbox.portal.renew("svc-demo")
    second = sandbox.identity("svc-demo")
    assert told(trust, first) is told(trust, second) is None

    sandbox.clock.advance(days=2)

    with pytest.raises(CertificateRefused, match="has expired"):
        told(trust, first)
    assert told(trust, second) is None


def test_the_context_is_made_again_only_when_the_certificates_changed(
    trust: ListenerTrust, sandbox: Sandbox, ca: ClientCA
) -> None:
    before = context_of(trust)
    sandbox.issue_certificate("svc-demo")
    sandbox.reset()
    assert context_of(trust) is before
    sandbox.portal.register(registration(certificate="own"))

    register(sandbox, ca.identity(TEAM), ca)

    after = context_of(trust)
    assert after is not before
    assert context_of(trust) is after
    sandbox.reset()
    assert context_of(trust) is not after


def test_the_one_way_listener_asks_nobody_whatever_is_registered(
    sandbox: Sandbox, ca: ClientCA
) -> None:
    """Acceptance row A11."""
    sandbox.portal.register(registration(certificate="own"))
    identity = sandbox.authority.issue_server(["localhost"], now=datetime.now(UTC))
    one_way = ListenerTrust(sandbox, identity, client_certificates=False)
    before = context_of(one_way)
    own = ca.identity(TEAM)
    register(sandbox, own, ca)

    assert context_of(one_way) is before
    for shown in (None, own, sandbox.issue_certificate("svc-demo", Variant.UNTRUSTED)):
        encounter = Encounter(context_of(one_way), shown)
        assert encounter.shake_hands() is None
        assert encounter.server.getpeercert(binary_form=True) is None


def test_revocations_do_not_pile_up_in_a_context(trust: ListenerTrust, sandbox: Sandbox) -> None:
    """A context keeps every list it was given: each new list, and its end, makes a new one."""
    shown = sandbox.issue_certificate("svc-demo")
    assert told(trust, shown) is None
    before = context_of(trust)
    assert context_of(trust) is before

    sandbox.revoke_certificate("svc-demo", shown.serial_number)

    after = context_of(trust)
    assert after is not before
    assert told(trust, shown) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert context_of(trust) is after
    sandbox.reset()
    assert context_of(trust) is not after


def test_a_revocation_is_no_matter_of_the_one_way_listener(sandbox: Sandbox) -> None:
    identity = sandbox.authority.issue_server(["localhost"], now=datetime.now(UTC))
    one_way = ListenerTrust(sandbox, identity, client_certificates=False)
    before = context_of(one_way)
    shown = sandbox.issue_certificate("svc-demo")

    sandbox.revoke_certificate("svc-demo", shown.serial_number)

    assert context_of(one_way) is before
