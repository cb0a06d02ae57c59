"""Two servers on one Redis server: tests that two servers on one file pass, for its store."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.journal.log import written
from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.settings import Behaviour
from mock_sei.state.redis import RedisClock
from mock_sei.state.remote import RemoteUnits
from mock_sei.state.unit_of_work import SharedUnits
from tests.journal.entries import exchange
from tests.redis_server import RedisServer, open_redis
from tests.state.conftest import Servers, do
from tests.state.test_bench import (
    test_a_one_shot_fault_is_met_by_one_of_a_hundred_calls,
    test_an_answer_is_given_to_one_of_a_hundred_calls,
)
from tests.state.test_oauth import (
    log_in,
    redeem,
    refused,
    test_an_assertion_gives_tokens_once_whichever_server_gets_it,
    test_of_many_uses_of_a_code_one_wins_and_its_tokens_are_revoked,
    test_of_many_uses_of_a_refresh_token_one_wins_and_its_family_ends,
)
from tests.state.test_portal import (
    test_of_a_hundred_tries_on_both_servers_one_takes_a_link,
)
from tests.state.test_records import (
    test_generated_keys_are_unique_when_both_servers_create_at_once,
    test_of_two_changes_of_a_record_at_once_none_is_lost,
    test_what_one_server_did_to_records_is_at_every_server_in_one_order,
)
from tests.state.test_registry import (
    test_a_deleted_application_is_gone_everywhere_and_for_good,
    test_a_reset_of_one_server_takes_the_newcomers_of_both,
    test_of_two_servers_that_register_one_name_one_wins,
)
from tests.state.test_units import (
    test_a_hundred_threads_on_two_servers_count_without_a_gap,
    test_a_number_is_given_once_by_all_servers,
    test_a_refusal_keeps_what_was_changed_before_it,
    test_a_reset_of_one_server_begins_the_state_of_the_other_anew,
    test_work_on_a_state_that_was_reset_changes_nothing,
    test_work_that_meets_a_change_of_another_server_runs_again,
)

pytestmark = pytest.mark.long

__all__ = [
    "test_a_deleted_application_is_gone_everywhere_and_for_good",
    "test_a_hundred_threads_on_two_servers_count_without_a_gap",
    "test_a_number_is_given_once_by_all_servers",
    "test_a_one_shot_fault_is_met_by_one_of_a_hundred_calls",
    "test_a_refusal_keeps_what_was_changed_before_it",
    "test_a_reset_of_one_server_begins_the_state_of_the_other_anew",
    "test_a_reset_of_one_server_takes_the_newcomers_of_both",
    "test_an_answer_is_given_to_one_of_a_hundred_calls",
    "test_an_assertion_gives_tokens_once_whichever_server_gets_it",
    "test_generated_keys_are_unique_when_both_servers_create_at_once",
    "test_of_a_hundred_tries_on_both_servers_one_takes_a_link",
    "test_of_many_uses_of_a_code_one_wins_and_its_tokens_are_revoked",
    "test_of_many_uses_of_a_refresh_token_one_wins_and_its_family_ends",
    "test_of_two_changes_of_a_record_at_once_none_is_lost",
    "test_of_two_servers_that_register_one_name_one_wins",
    "test_what_one_server_did_to_records_is_at_every_server_in_one_order",
    "test_work_on_a_state_that_was_reset_changes_nothing",
    "test_work_that_meets_a_change_of_another_server_runs_again",
]


@pytest.fixture
def servers(redis_server: RedisServer, shared_store: CertificateStore) -> Iterator[Servers]:
    begun: list[Platform] = []
    url = redis_server.url()

    def start(**settings: Any) -> Platform:
        begun.append(
            Platform(
                fixtures=load_fixtures(),
                store=shared_store,
                behaviour=Behaviour(**settings),
                units=RemoteUnits(open_redis(url)),
            )
        )
        return begun[-1]

    yield Servers(start(), start(), start)
    for each in begun:
        each.units.close()


def test_requests_of_the_event_loop_on_two_servers_count_without_a_gap(servers: Servers) -> None:
    async def count() -> list[int]:
        async def one(platform: Platform) -> int:
            await platform.units.refresh_on_loop()
            return await platform.units.run_on_loop(lambda: platform.state.stored.next_number("x"))

        return await asyncio.gather(*(one(servers.both[n % 2]) for n in range(60)))

    assert sorted(asyncio.run(count())) == list(range(1, 61))


def test_entries_of_the_event_loop_are_written_before_the_answer(servers: Servers) -> None:
    async def record() -> None:
        for each in range(20):
            log = servers.both[each % 2].units.log
            assert log is not None
            log.add_entry(written(exchange()))
        for platform in servers.both:
            await platform.units.flush()

    asyncio.run(record())

    for each in servers.both:
        assert isinstance(each.units, SharedUnits)
        assert each.units.journal_head()[0] == 20


def test_the_event_loop_goes_on_while_redis_answers_late(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for Redis is held here until the loop has done something else."""
    units = servers.one.units
    assert isinstance(units, RemoteUnits)
    may_answer = threading.Event()
    begin = units._store.begin  # noqa: SLF001  # stands in for a late answer

    def late() -> object:
        assert may_answer.wait(180)
        return begin()

    monkeypatch.setattr(units._store, "begin", late)  # noqa: SLF001

    async def work() -> str:
        refresh = asyncio.create_task(units.refresh_on_loop())
        units.look_after()
        await asyncio.sleep(0)
        is_waiting = not refresh.done()
        may_answer.set()
        await refresh
        return "waited" if is_waiting else "did not wait"

    assert asyncio.run(work()) == "waited"


def test_each_refresh_asks_redis_anew(servers: Servers) -> None:
    """One that has begun is too old for a request that comes now."""

    async def follow() -> list[int]:
        seen = []
        for _ in range(200):
            await servers.one.units.run_on_loop(
                lambda: servers.one.state.stored.next_number("x"), changes=True
            )
            await servers.other.units.refresh_on_loop()
            seen.append(servers.other.state.stored.numbers.get("x") or 0)
        return seen

    assert asyncio.run(follow()) == list(range(1, 201))


@contextmanager
def clock_ahead(seconds: float) -> Iterator[None]:
    """What is done meanwhile is done on a machine whose clock is ahead."""
    real = machine.timestamp
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "timestamp", lambda: real() + seconds)
        yield


HOUR = 3600.0


class TestTime:
    """All servers go by the clock of Redis, whatever the clocks of their machines show."""

    @pytest.fixture
    def ahead(self, servers: Servers, caplog: pytest.LogCaptureFixture) -> Platform:
        """A server on a machine whose clock is an hour ahead."""
        with clock_ahead(HOUR), caplog.at_level(logging.WARNING, "mock_sei"):
            started = servers.start()
        assert "the clock of this machine is 3600.0 s ahead of" in caplog.text
        return started

    def test_servers_whose_machines_differ_show_one_time(
        self, servers: Servers, ahead: Platform
    ) -> None:
        with clock_ahead(HOUR):
            shown = do(ahead, ahead.clock.timestamp)
        assert abs(do(servers.one, servers.one.clock.timestamp) - shown) < HOUR / 2

        with clock_ahead(HOUR):
            moved = do(ahead, lambda: ahead.clock.advance(days=1)).timestamp()
        assert abs(do(servers.one, servers.one.clock.timestamp) - moved) < HOUR / 2

    def test_a_code_is_good_for_its_time_whichever_machine_gave_it(
        self, servers: Servers, ahead: Platform
    ) -> None:
        """A code lives 20 seconds; the platform's clock is stopped, so that they pass at once."""
        one = servers.one
        with clock_ahead(HOUR):
            do(ahead, ahead.clock.freeze)
            of_ahead = [log_in(ahead)[0] for _ in range(2)]
        of_one = [log_in(one)[0] for _ in range(2)]

        with clock_ahead(HOUR):
            assert redeem(ahead, of_one[0])["access_token"]
        assert redeem(one, of_ahead[0])["access_token"]
        do(one, lambda: one.clock.advance(seconds=21))
        with clock_ahead(HOUR):
            assert "older than 20 seconds" in refused(redeem, ahead, of_one[1])
        assert "older than 20 seconds" in refused(redeem, one, of_ahead[1])

    def test_an_unmoved_clock_counts_a_code_s_seconds_at_both(
        self, servers: Servers, ahead: Platform
    ) -> None:
        code, _ = log_in(servers.one)
        with clock_ahead(HOUR):
            assert redeem(ahead, code)["access_token"]  # not an hour old

    def test_openssl_judges_dates_only_where_its_clock_is_right(self, servers: Servers) -> None:
        clock = servers.one.clock
        assert clock.is_openssls
        with clock_ahead(-2):
            assert (clock.is_machine, clock.is_openssls) == (True, False)
        do(servers.one, lambda: clock.advance(hours=1))
        assert not clock.is_openssls


def test_the_clock_of_redis_is_followed_within_what_its_answers_say() -> None:
    clock = RedisClock()
    begun = machine.monotonic()
    clock.learn(1000.0, sent=begun - 0.2, received=begun)  # it showed that within these 0.2 s
    assert clock.earliest() <= clock.timestamp() <= clock.earliest() + 0.2
    before = clock.timestamp() - machine.monotonic()

    clock.learn(1000.0 + 5, sent=begun + 4.0, received=begun + 6.0)  # as known: nothing changes
    assert clock.timestamp() - machine.monotonic() == pytest.approx(before, abs=0.05)
    clock.learn(2000.0, sent=begun + 7.0, received=begun + 7.1)  # Redis was set
    assert clock.timestamp() - machine.monotonic() == pytest.approx(1993.0 - begun, abs=0.15)
