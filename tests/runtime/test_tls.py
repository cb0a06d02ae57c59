"""TLS without sockets: the certificate in a handshake message, handshakes between two buffers."""

from __future__ import annotations

import gc
import ssl
import weakref
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.profiles import Variant
from mock_sei.journal.diagnosis import HandshakeFailure, explain_handshake
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.runtime.tls import (
    NO_CHECK_TIME,
    TLS_1_2_SUITES,
    CertificateRefused,
    ListenerContext,
    PendingConnection,
    sent_chain,
)
from tests.certificates.client_ca import ClientCA, ec_key
from tests.runtime.encounter import Encounter

LEAF, ISSUER = b"the leaf", b"the issuing CA"


def vector(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width, "big") + content


def certificate_message(*certificates: bytes, context: bytes | None = None) -> bytes:
    """A Certificate message of RFC 5246 section 7.4.2, or RFC 8446 section 4.4.2 (with context)."""
    if context is None:
        body = vector(b"".join(vector(each, 3) for each in certificates), 3)
    else:
        entries = b"".join(vector(each, 3) + vector(b"", 2) for each in certificates)
        body = vector(context, 1) + vector(entries, 3)
    return b"\x0b" + vector(body, 3)


def test_a_client_without_a_suite_of_the_server_is_told_which_there_are() -> None:
    why = explain_handshake(HandshakeFailure(reason="NO_SHARED_CIPHER"), None, datetime.now(UTC))
    assert all(suite in str(why.expected) for suite in TLS_1_2_SUITES.split(":"))
    assert "key is EC" in why.because


class TestSentChain:
    @pytest.mark.parametrize("chain", [(), (LEAF,), (LEAF, ISSUER)])
    def test_of_tls_1_2(self, chain: tuple[bytes, ...]) -> None:
        assert sent_chain(certificate_message(*chain), with_context=False) == chain

    @pytest.mark.parametrize("chain", [(), (LEAF,), (LEAF, ISSUER)])
    @pytest.mark.parametrize("context", [b"", b"asked later"])
    def test_of_tls_1_3(self, chain: tuple[bytes, ...], context: bytes) -> None:
        assert sent_chain(certificate_message(*chain, context=context), with_context=True) == chain

    @pytest.mark.parametrize("kept", [12, 8, 7])
    def test_what_is_cut_short_is_left_out(self, kept: int) -> None:
        assert sent_chain(certificate_message(LEAF)[:kept], with_context=False) == ()
        whole = certificate_message(LEAF, ISSUER)
        assert sent_chain(whole[: len(whole) - kept], with_context=False) == (LEAF,)


@pytest.fixture
def context(platform: Platform) -> ListenerContext:
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    return ListenerContext.create(platform, identity, client_certificates=True)


def test_the_account_s_certificate_is_accepted(context: ListenerContext) -> None:
    assert (
        Encounter(context, context.platform.certificates.identity("svc-demo")).shake_hands() is None
    )
    assert not context.platform.journal.entries


def test_no_certificate_is_told_before_the_failure_is_raised(context: ListenerContext) -> None:
    encounter = Encounter(context, None)
    assert encounter.shake_hands() == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    (entry,) = context.platform.journal.entries
    assert entry.refused_by == "client certificate"
    with pytest.raises(ssl.SSLWantReadError):  # the loop goes on reading until the client leaves
        encounter.server.do_handshake()
    assert len(context.platform.journal) == 1


def test_a_refused_certificate_is_named_in_the_journal(context: ListenerContext) -> None:
    stranger = context.platform.certificates.issue("svc-demo", Variant.UNTRUSTED).identity
    assert Encounter(context, stranger).shake_hands() == "TLSV1_ALERT_UNKNOWN_CA"
    assert context.platform.journal.last.certificate == stranger.peer


@pytest.mark.long
def test_a_refused_client_is_let_go_of_without_the_collector(context: ListenerContext) -> None:
    gc.disable()
    try:
        encounter = Encounter(context, None)
        assert encounter.shake_hands()
        server = weakref.ref(encounter.server)
        del encounter
        assert server() is None
    finally:
        gc.enable()


@pytest.mark.long
def test_without_the_library_s_private_hook_only_the_certificate_s_name_is_lost(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.runtime.tls._watch_certificates", lambda _: None)
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    context = ListenerContext.create(platform, identity, client_certificates=True)
    stranger = platform.certificates.issue("svc-demo", Variant.UNTRUSTED).identity
    assert Encounter(context, stranger).shake_hands() == "TLSV1_ALERT_UNKNOWN_CA"
    assert platform.journal.last.certificate is None
    assert "server does not know" in str(platform.journal.last.refused_because)
    assert Encounter(context, platform.certificates.identity("svc-demo")).shake_hands() is None


@pytest.mark.long
def test_dates_are_openssl_s_to_judge_while_the_clock_is_the_machine_s(
    context: ListenerContext,
) -> None:
    platform = context.platform
    identity = platform.certificates.identity("svc-demo")
    assert Encounter(context, identity).shake_hands() is None
    assert not context.verify_flags & NO_CHECK_TIME
    platform.clock.set(identity.not_after + timedelta(seconds=1))
    with pytest.raises(CertificateRefused, match="has expired"):
        Encounter(context, identity).shake_hands()
    assert context.verify_flags & NO_CHECK_TIME
    renewed = platform.certificates.issue("svc-demo").identity
    assert Encounter(context, renewed).shake_hands() is None
    platform.reset()
    assert Encounter(context, renewed).shake_hands() == "SSLV3_ALERT_BAD_CERTIFICATE"
    assert Encounter(context, identity).shake_hands() is None
    assert not context.verify_flags & NO_CHECK_TIME


def test_a_one_way_context_asks_for_no_certificate(platform: Platform) -> None:
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    context = ListenerContext.create(platform, identity, client_certificates=False)
    expired = platform.certificates.issue("svc-demo", Variant.EXPIRED).identity
    for shown in (None, expired):
        encounter = Encounter(context, shown)
        assert encounter.shake_hands() is None
        assert encounter.server.getpeercert(binary_form=True) is None


@pytest.mark.parametrize("client_certificates", [True, False])
def test_versions_below_1_2_and_tickets_are_off(
    platform: Platform, client_certificates: bool
) -> None:
    identity = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    context = ListenerContext.create(platform, identity, client_certificates=client_certificates)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.num_tickets == 0
    assert context.options & ssl.OP_NO_TICKET


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionResetError(), "ended the connection during the handshake"),
        (ConnectionAbortedError(), "did not finish the handshake in time"),
        (TimeoutError(), "did not finish the handshake in time"),
    ],
)
def test_a_handshake_that_just_ends_is_explained_once_something_was_heard(
    platform: Platform, error: OSError, words: str
) -> None:
    pending = PendingConnection(platform, Listener.TWO_WAY, "127.0.0.1")
    pending.closed(error)
    assert not platform.journal.entries  # a bare connect
    pending.heard = True
    pending.closed(error)
    pending.closed(error)
    (entry,) = platform.journal.entries
    assert words in str(entry.refused_because)


@pytest.mark.parametrize(("names", "shown"), [(10, True), (600, False)])
def test_of_a_stranger_s_certificate_the_journal_keeps_a_bounded_part(
    context: ListenerContext, names: int, shown: bool
) -> None:
    """With 100 KB in each entry, a journal of a thousand entries would take 100 MB."""
    many = x509.SubjectAlternativeName(
        [x509.DNSName(f"{'a' * 50}{number}.example") for number in range(names)]
    )
    certificate = ClientCA.create("A stranger" * 6).sign("svc-demo", extensions=(many,))
    stranger = Identity(certificate=certificate, key=ec_key())

    assert Encounter(context, stranger).shake_hands() == "TLSV1_ALERT_UNKNOWN_CA"

    entry = context.platform.journal.last
    assert "server does not know" in str(entry.refused_because)
    assert (entry.certificate == stranger.peer) is shown
    assert entry.certificate is None or entry.certificate.der == b""
