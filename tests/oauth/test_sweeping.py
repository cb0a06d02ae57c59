"""The OAuth stores delete expired entries: with each new entry a few of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.oauth.authorizations import Authorization, Authorizations
from mock_sei.oauth.codes import Codes
from mock_sei.oauth.sessions import Sessions
from mock_sei.oauth.sweeping import Ends
from mock_sei.oauth.tokens import KeyRing, Tokens, lifetime_of_request
from mock_sei.oauth.used_assertions import UsedAssertions
from mock_sei.platform import Platform
from mock_sei.rules.clock import PlatformClock
from mock_sei.rules.randomness import make_random
from tests.growth import Action, assert_flat
from tests.oauth.flows import ALICE, call, redeem
from tests.support import Served

pytestmark = pytest.mark.long

NUMBER = iter(range(10**9))


def granted(
    store: Authorizations, session: str = "s", *, refreshable: bool = True
) -> Authorization:
    return store.grant(
        family=f"family {next(NUMBER)}",
        app_key="key",
        user="alice@example.com",
        scope="ilservices",
        redirect_address=None,
        session=session,
        refreshable=refreshable,
    )


def issued(store: Codes) -> str:
    return store.issue(
        app_key="key",
        user="alice@example.com",
        scope="ilservices",
        redirect_address="https://localhost/",
        redirect_sent=True,
        challenge=None,
        session="s",
    )


class Stores:
    """One of each store, on a stopped clock."""

    def __init__(self) -> None:
        self.clock, random = PlatformClock(), make_random(1)
        self.clock.freeze()
        self.authorizations = Authorizations(clock=self.clock, random=random)
        self.sessions = Sessions(clock=self.clock, random=random)
        self.codes = Codes(clock=self.clock, random=random)
        self.assertions = UsedAssertions(clock=self.clock)


def assert_swept(clock: PlatformClock, add: Callable[[], object], size: Callable[[], int]) -> None:
    for _ in range(400):
        add()
    assert size() == 400
    clock.advance(days=31)
    for _ in range(100):
        add()
    assert size() == 100


@pytest.mark.slow
def test_what_has_ended_goes_while_new_entries_come() -> None:
    stores = Stores()
    clock = stores.clock

    def use_assertion() -> None:
        stores.assertions.add("key", str(next(NUMBER)), end=clock.now() + timedelta(minutes=5))

    assert_swept(clock, lambda: granted(stores.authorizations), lambda: len(stores.authorizations))
    assert_swept(clock, lambda: stores.sessions.start("alice"), lambda: len(stores.sessions))
    assert_swept(clock, lambda: issued(stores.codes), lambda: len(stores.codes))
    assert_swept(clock, use_assertion, lambda: len(stores.assertions))


def test_a_session_that_is_used_does_not_go_at_its_first_end() -> None:
    stores = Stores()
    used, idle = stores.sessions.start("alice"), stores.sessions.start("alice")
    stores.clock.advance(minutes=50)
    stores.sessions.keep_alive(used)
    stores.clock.advance(minutes=20)
    for _ in range(5):
        stores.sessions.start("bob")
    assert stores.sessions.find(used.identifier) is used
    assert stores.sessions.find(idle.identifier) is None

    stores.clock.advance(minutes=41)
    stores.sessions.start("bob")

    assert stores.sessions.live_of("alice") == []


def test_what_is_taken_out_early_leaves_nothing_behind() -> None:
    """The entry's end would be in an hour, which never passes on a stopped clock."""
    ends, stores = Ends[int](), Stores()
    for number in range(6000):
        ends.add(number, 3600)
        ends.discard(number)
    for _ in range(100):
        session = stores.sessions.start("alice")
        stores.authorizations.remove(granted(stores.authorizations, session.identifier).family)
        stores.sessions.end(session)

    assert len(ends) < 2000
    assert len(stores.sessions) == len(stores.authorizations) == 0
    assert stores.sessions.live_of("alice") == []


def test_a_key_that_is_added_again_has_the_new_end() -> None:
    ends = Ends[str]()
    ends.add("a", 10)
    ends.add("a", 30)
    assert list(ends.take(20, {"a": 30.0}.get)) == []
    assert list(ends.take(30, {"a": 30.0}.get)) == ["a"]


def test_many_rotations_of_one_consent_keep_nothing() -> None:
    store = Authorizations(clock=PlatformClock(), random=make_random(1))
    authorization, rotations = granted(store), 20_000
    store.rotate(authorization)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(rotations):
            store.rotate(authorization)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert grown < 25 * rotations  # the smallest object is larger; other threads take some too


def test_every_used_refresh_token_of_a_living_consent_is_known() -> None:
    store = Authorizations(clock=PlatformClock(), random=make_random(1))
    authorization, other = granted(store), granted(store)
    tokens = []
    for _ in range(2000):
        tokens.append(str(authorization.refresh_token))
        store.rotate(authorization)

    assert len({*tokens, authorization.refresh_token, other.refresh_token}) == 2002
    assert {len(each) for each in tokens} == {43}
    assert all(store.find_by_refresh_token(each) is authorization for each in tokens)
    store.remove(authorization.family)
    assert all(store.find_by_refresh_token(each) is None for each in tokens)
    assert all(store.has_issued(each) for each in tokens)


def test_no_other_text_is_a_refresh_token() -> None:
    """Forged refresh tokens: a number not issued yet, another signature, a changed character."""
    store, twin = (
        Authorizations(clock=PlatformClock(), random=make_random(seed)) for seed in (1, 2)
    )
    token = str(granted(store).refresh_token)
    other = str(granted(store).refresh_token)
    changed = [
        token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(43)
    ]
    tried = [
        *changed,
        *(token[:22] + other[22:], token[:16] + other[16:], str(granted(twin).refresh_token)),
        *(f"{token}=", f"{token}!", token[:-1], "", "A" * 43, "é" * 43, "\ud800" * 43, " " + token),
        *(f"{token[:-1]}{each}" for each in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if each != token[-1]),
        *("!" * 43, token[:20] + "=" + token[21:], token + token),
    ]

    for each in tried:
        assert not store.has_issued(each), each
        assert store.find_by_refresh_token(each) is None, each


def test_the_first_of_many_refresh_tokens_ends_the_family(served: Served) -> None:
    first = redeem(served, "demo-internal", grant_type="password", **ALICE).json()
    token = first["refresh_token"]
    for _ in range(30):
        answer = redeem(served, "demo-internal", grant_type="refresh_token", refresh_token=token)
        token = answer.json()["refresh_token"]
    last = answer.json()
    assert call(served, last["access_token"], "demo-internal") == 200

    again = redeem(
        served, "demo-internal", grant_type="refresh_token", refresh_token=first["refresh_token"]
    )

    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert "used before" in (served.platform.journal.last.refused_because or "")
    assert call(served, last["access_token"], "demo-internal") == 401
    after = redeem(served, "demo-internal", grant_type="refresh_token", refresh_token=token)
    assert after.status_code == 400


def filled_sessions(count: int) -> Stores:
    stores = Stores()
    for number in range(count):
        session = stores.sessions.start(f"user {number}")
        granted(stores.authorizations, session.identifier)
        issued(stores.codes)
        stores.assertions.add("key", str(number), end=datetime(2900, 1, 1, tzinfo=UTC))
    return stores


def log_in(count: int) -> Action:
    sessions = filled_sessions(count).sessions

    def act() -> None:
        sessions.live_of("user 1")
        sessions.end(sessions.start("user 1"))

    return act


def consent(count: int) -> Action:
    store = filled_sessions(count).authorizations

    def act() -> None:
        granted(store, "mine")
        (authorization,) = store.of_sessions({"mine"})
        store.find_by_refresh_token(str(authorization.refresh_token))
        store.remove(authorization.family)

    return act


def issue_code(count: int) -> Action:
    codes = filled_sessions(count).codes
    return lambda: codes.find(issued(codes))


def use_assertion(count: int) -> Action:
    store = filled_sessions(count).assertions
    end = datetime(2900, 1, 1, tzinfo=UTC)

    def act() -> None:
        assert ("key", "1") in store
        store.add("key", "again", end=end)

    return act


def revoke_token(platform: Platform, count: int) -> Action:
    tokens = Tokens(
        keys=KeyRing(platform.signing_key),
        clock=PlatformClock(),
        random=make_random(1),
        lifetime=lifetime_of_request,
    )
    text = tokens.mint(
        issuer="https://localhost", app_key="key", service_account=None, user=None, scope="x"
    )
    token = tokens.read(text)
    for number in range(count):
        tokens.revoke_family(f"family {number}")
        tokens.record_use(replace(token, identifier=str(number)))

    def act() -> None:
        tokens.revoke_family("mine")
        tokens.record_use(token)

    return act


@pytest.mark.slow
@pytest.mark.parametrize("make", [log_in, consent, issue_code, use_assertion])
def test_what_is_stored_does_not_matter(make: Callable[[int], Action]) -> None:
    assert_flat(make, 10, 3000)


@pytest.mark.slow
def test_what_was_revoked_does_not_matter(platform: Platform) -> None:
    assert_flat(lambda count: revoke_token(platform, count), 10, 3000)
