"""A certificate that is not valid by the machine's clock is replaced."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mock_sei.certificates.profiles import Variant
from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.settings import Behaviour
from tests.certificates.accounts import DEMO

pytestmark = pytest.mark.usefixtures("one_key")

FAR = [timedelta(days=-4000), timedelta(days=-800), timedelta(hours=1), timedelta(days=4000)]
"""Start times, from now, with which a two-year certificate is not valid now."""


@pytest.fixture
def store(tmp_path: Path) -> CertificateStore:
    return CertificateStore(tmp_path / "certs")


@pytest.fixture
def platform(store: CertificateStore) -> Platform:
    return Platform(fixtures=load_fixtures(), store=store, behaviour=Behaviour())


def is_now(platform: Platform) -> bool:
    found = platform.certificates.identity(DEMO)
    return found.not_before <= machine.now() < found.not_after


@pytest.mark.parametrize("away", FAR, ids=str)
def test_one_on_file_is_replaced_when_it_is_first_asked_for(
    platform: Platform, store: CertificateStore, away: timedelta
) -> None:
    wrong = store.authority.issue_identity(DEMO, now=machine.now() + away)
    store.write_identity(DEMO, wrong)

    assert is_now(platform)
    on_file = store.find_identity(DEMO)
    assert on_file is not None
    assert on_file.certificate == platform.certificates.identity(DEMO).certificate


@pytest.mark.parametrize("away", FAR, ids=str)
def test_one_that_is_put_in_the_place_of_a_good_one_is_not_taken(
    platform: Platform, store: CertificateStore, away: timedelta
) -> None:
    good = platform.certificates.identity(DEMO)
    store.write_identity(DEMO, store.authority.issue_identity(DEMO, now=machine.now() + away))

    assert platform.certificates.identity(DEMO) == good
    platform.reset()
    assert platform.certificates.identity(DEMO) == good


@pytest.mark.parametrize("away", FAR, ids=str)
@pytest.mark.parametrize("reset", [True, False])
def test_one_that_was_made_while_the_machine_s_clock_was_wrong_is_made_anew(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, away: timedelta, *, reset: bool
) -> None:
    true = machine.now()
    with monkeypatch.context() as patch:
        patch.setattr(machine, "now", lambda: true + away)
        wrong = platform.certificates.identity(DEMO)
    if reset:
        platform.reset()
        assert platform.certificates.of(DEMO) == []

    assert is_now(platform)
    assert platform.certificates.identity(DEMO) != wrong
    assert [each.identity for each in platform.certificates.of(DEMO)][
        -1
    ] == platform.certificates.identity(DEMO)


def test_a_clock_that_is_a_little_behind_replaces_nothing(store: CertificateStore) -> None:
    """Machines that share the folder must not replace each other's certificates."""
    ahead = store.authority.issue_identity(DEMO, now=machine.now() + timedelta(seconds=20))
    store.write_identity(DEMO, ahead)
    platform = Platform(fixtures=load_fixtures(), store=store, behaviour=Behaviour())

    assert platform.certificates.identity(DEMO).certificate == ahead.certificate


def test_a_reset_keeps_what_is_valid(platform: Platform) -> None:
    identity = platform.certificates.identity(DEMO)
    platform.clock.advance(days=800)
    platform.reset()

    assert platform.certificates.identity(DEMO) == identity


@pytest.mark.parametrize("variant", [Variant.EXPIRED, Variant.NOT_YET_VALID])
def test_one_that_is_asked_for_stays_wrong(platform: Platform, variant: Variant) -> None:
    wrong = platform.certificates.issue(DEMO, variant).identity
    now: datetime = machine.now()

    assert not wrong.not_before <= now < wrong.not_after


@pytest.mark.parametrize("away", FAR, ids=str)
def test_the_server_s_own_is_made_anew(store: CertificateStore, away: timedelta) -> None:
    now = machine.now()
    wrong = store.server_identity(["localhost"], now=now + away)

    found = store.server_identity(["localhost"], now=now)

    assert found.not_before <= now < found.not_after
    if away != FAR[2]:  # a server's is dated an hour back
        assert found != wrong
