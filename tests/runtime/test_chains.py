"""Chains of clients' own CAs: a handshake accepts what the upload accepts, and each refusal names
the wrong certificate."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sei.certificates.accounts import Trusted
from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Rejected
from mock_sei.fixtures import load_fixtures
from mock_sei.journal.entries import Entry
from mock_sei.platform import Platform
from mock_sei.runtime.tls import CertificateRefused, ListenerContext, trust_clients
from mock_sei.runtime.trial import Trial
from mock_sei.runtime.trust import ListenerTrust
from mock_sei.settings import Behaviour
from tests.certificates.chains import ACCOUNT, CHANGES, ONE_CHANGE, PLACES, Chain, chain_of
from tests.certificates.client_ca import NOW, ClientCA, pem
from tests.runtime.encounter import Encounter
from tests.support import registration

SUBJECTS = {
    "leaf": f"CN={ACCOUNT}",
    "intermediate": "CN=Client intermediate",
    "root": "CN=Client root",
}


def make_platform(store: CertificateStore) -> Platform:
    platform = Platform(
        fixtures=load_fixtures(),
        store=store,
        behaviour=Behaviour(seed=1),
        tls_problem=Trial(store.authority).find_problem,
    )
    platform.portal.register(registration(certificate="own"))
    return platform


@pytest.fixture
def platform(shared_store: CertificateStore) -> Platform:
    return make_platform(shared_store)


def submit(platform: Platform, chain: Chain) -> dict[str, str]:
    """What is wrong with the certificate; empty if it is registered."""
    identity = chain.identity
    try:
        platform.certificates.register_own(ACCOUNT, pem(identity.certificate), pem(*identity.chain))
    except Rejected as error:
        return error.problems
    return {}


def told(platform: Platform, identity: Identity) -> str | None:
    """The alert that the client gets, or the reason for a refusal without an alert."""
    server = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    trust = ListenerTrust(platform, server, client_certificates=True)
    try:
        return Encounter(asyncio.run(trust.context()), identity).shake_hands()
    except CertificateRefused as error:
        return str(error)


def alone(identity: Identity) -> Identity:
    return Identity(certificate=identity.certificate, key=identity.key)


@pytest.mark.long
@pytest.mark.parametrize(("name", "place"), ONE_CHANGE)
def test_a_chain_is_accepted_by_the_upload_and_then_by_a_handshake_or_by_neither(
    platform: Platform, name: str, place: str
) -> None:
    chain = chain_of({place: name})
    problems = submit(platform, chain)

    assert (problems == {}) is chain.is_good, problems
    if chain.is_good:
        assert told(platform, chain.identity) is None
        assert told(platform, alone(chain.identity)) is None
        return
    assert problems.keys() == {"certificate" if place == "leaf" else "ca"}
    if place != "leaf" and chain.changes[place].kind is not None:
        (words,) = problems.values()
        assert SUBJECTS[place] in words
        assert not any(SUBJECTS[each] in words for each in PLACES if each != place)


@pytest.mark.long
@settings(max_examples=settings().max_examples * 40 // 100)
@given(
    changes=st.dictionaries(
        st.sampled_from(PLACES), st.sampled_from(sorted(CHANGES)), min_size=1
    ).map(lambda changes: {k: v for k, v in changes.items() if k in CHANGES[v].places})
)
def test_whatever_the_upload_accepts_a_handshake_accepts(
    shared_store: CertificateStore, changes: dict[str, str]
) -> None:
    platform = make_platform(shared_store)
    chain = chain_of(changes)

    accepted = submit(platform, chain) == {}

    assert accepted is chain.is_good
    if accepted:
        assert told(platform, chain.identity) is None
        assert told(platform, alone(chain.identity)) is None


def handshake_with(platform: Platform, chain: Chain) -> Entry | None:
    """A handshake of a client whose certificate is trusted directly, with any chain."""
    server = platform.authority.issue_server(["localhost"], now=datetime.now(UTC))
    context = ListenerContext.create(platform, server, client_certificates=True)
    own = Trusted(pem(chain.identity.certificate).encode(), b"")
    trust_clients(context, b"", own)
    try:
        Encounter(context, chain.identity).shake_hands()
    except CertificateRefused:
        return None  # ours: it is not registered
    return platform.journal.last


@pytest.mark.parametrize(
    ("name", "place"),
    [(name, place) for name, place in ONE_CHANGE if CHANGES[name].kind is not None],
)
def test_the_journal_blames_the_certificate_that_is_wrong(
    platform: Platform, name: str, place: str
) -> None:
    chain = chain_of({place: name})
    entry = handshake_with(platform, chain)
    if entry is None:
        # OpenSSL does not take a CA without keyCertSign for the issuer: it leaves it out
        assert name in ("no keyCertSign", "no CA")
        return
    told_of = f"{entry.refused_because} {entry.expected} {entry.actual}"
    assert entry.refused_by == "client certificate"
    assert f"CN is {ACCOUNT}" in str(entry.refused_because)
    above = [each for each in PLACES[1:] if SUBJECTS[each] in told_of]
    assert above == ([] if place == "leaf" else [place])
    if place != "leaf":
        index = PLACES.index(place) - 1
        wrong = chain.identity.chain[index]
        assert "not the client certificate" in told_of or "may not have CAs below" in told_of
        assert f"{wrong.not_valid_after_utc:%Y-%m-%d}" in told_of


@pytest.mark.parametrize("sent", ["with its CAs", "without them"])
@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW + timedelta(days=400), "CN=Client intermediate,O=Client & Co, valid from"),
        (NOW - timedelta(days=20), "CN=Client intermediate,O=Client & Co, valid from"),
        (NOW + timedelta(days=50), None),
    ],
)
def test_the_platform_s_clock_judges_the_cas_above_a_registered_certificate_too(
    platform: Platform, sent: str, moment: datetime, words: str | None
) -> None:
    """A handshake refuses what the upload refuses at that moment."""
    chain = chain_of({"intermediate": "of one year"})
    assert submit(platform, chain) == {}
    shown = chain.identity if sent == "with its CAs" else alone(chain.identity)
    assert told(platform, shown) is None

    platform.clock.set(moment)

    refused = told(platform, shown)
    if words is None:
        assert refused is None
    else:
        assert refused is not None
        assert words in refused
        assert "Client root" not in refused
        assert platform.journal.last.refused_by == "client certificate"


@pytest.mark.long
def test_an_expired_ca_that_a_client_sends_beside_the_registered_one_is_refused_by_a_moved_clock(
    platform: Platform,
) -> None:
    """OpenSSL ignores the dates if the clock was moved."""
    root = ClientCA.create("Client root")
    issuing = ClientCA.create("Client intermediate", parent=root)
    ended = ClientCA.create(
        "Client intermediate", parent=root, key=issuing.key, end=NOW - timedelta(days=1)
    )
    own = issuing.identity(ACCOUNT)
    platform.certificates.register_own(ACCOUNT, pem(own.certificate), issuing.pem)
    platform.clock.advance(timedelta(minutes=5))
    with_ended = Identity(certificate=own.certificate, key=own.key, chain=ended.chain)

    assert told(platform, own) is None
    assert "CN=Client intermediate" in str(told(platform, with_ended))


def test_a_chain_that_cannot_be_refused_by_our_own_judgement_is_refused_in_openssl_s_words(
    platform: Platform,
) -> None:
    problems = submit(platform, chain_of({"root": "names that it may not sign"}))
    assert problems == {
        "ca": "TLS would refuse a client that sends this chain: excluded subtree violation"
    }
