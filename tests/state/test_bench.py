"""What a test did at one server holds at all: faults, scripted answers, the clock, what a check
reports."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from mock_sei.certificates.profiles import ServerVariant
from mock_sei.certificates.store import CertificateStore
from mock_sei.certificates.stored_identities import IDENTITY
from mock_sei.errors import Rejected, StoreAway
from mock_sei.faults.answer_checks import make_answer
from mock_sei.faults.check_result import KEPT
from mock_sei.faults.faults import RULE, FaultRule
from mock_sei.faults.scripts import GivenAnswer
from mock_sei.faults.stored_answers import ANSWER
from mock_sei.fixtures import load_fixtures
from mock_sei.operations.applications import RemoveApplication
from mock_sei.operations.clock import AdvanceClock, ResetClock, SetClock, ShowClock
from mock_sei.operations.faults import AddFault, ClearFaults, FindFault, ListFaults, RemoveFault
from mock_sei.operations.scripts import (
    ClearAnswers,
    EnqueueAnswer,
    EnqueueFunction,
    FindAnswer,
    RemoveAnswer,
    RequireScripts,
    ShowScripts,
)
from mock_sei.operations.server import CheckTest, SetServerCertificate
from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.rules.randomness import make_random
from mock_sei.rules.standards import Listener
from mock_sei.runtime.trust import ListenerTrust
from mock_sei.settings import Behaviour
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from mock_sei.web.faults import FaultyExchange
from tests.faults.test_faults import call
from tests.patience import PATIENCE
from tests.state.conftest import Servers, do, perform

pytestmark = pytest.mark.long

A = TypeVar("A")
OPERATION = "GET /v2/investors"
NOON = datetime(2027, 5, 1, 12, tzinfo=UTC)
Start = Callable[..., Platform]


@pytest.fixture
def start(tmp_path: Path, shared_store: CertificateStore) -> Iterator[Start]:
    """Starts servers on one store, with faults and behaviour of the settings."""
    begun: list[Platform] = []

    def start(faults: Sequence[Mapping[str, Any]] = (), **settings: Any) -> Platform:
        begun.append(
            Platform(
                fixtures=load_fixtures(),
                store=shared_store,
                behaviour=Behaviour(**settings),
                faults=faults,
                units=SharedUnits(SqliteStore(tmp_path / "seeded.db")),
            )
        )
        return begun[-1]

    yield start
    for each in begun:
        each.units.close()


def meet(platform: Platform, **how: Any) -> FaultRule | None:
    return do(platform, lambda: platform.faults.meet(call(**how)))


def take(platform: Platform, **how: Any) -> GivenAnswer | None:
    return do(platform, lambda: platform.scripts.take(call(**how)))


def status_of(given: GivenAnswer | None) -> int | None:
    return None if given is None else given.answer.ready.status


def arm(platform: Platform, **fields: Any) -> int:
    return perform(platform, AddFault(fields=fields)).identifier


def script(platform: Platform, **fields: Any) -> int:
    return perform(platform, EnqueueAnswer(operation=OPERATION, **fields)).id


def race(servers: Servers, work: Callable[[Platform], A], count: int = 100) -> list[A]:
    """What the threads got, which did the same at two servers by turns."""
    got: list[A] = []

    def run(index: int) -> None:
        got.append(work((servers.one, servers.other)[index % 2]))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert len(got) == count
    return got


# Faults


def test_a_fault_armed_at_one_server_is_met_at_the_other(servers: Servers) -> None:
    number = arm(servers.one, operation=OPERATION, status=503, times=2)

    assert meet(servers.other) == FaultRule(operation=OPERATION, status=503, times=2)
    assert perform(servers.one, FindFault(identifier=number)).met == 1
    assert meet(servers.one)
    assert meet(servers.other) is None
    assert do(servers.other, lambda: servers.other.faults.is_quiet)


def test_faults_of_both_servers_are_numbered_in_one_row_and_the_oldest_is_met(
    servers: Servers,
) -> None:
    numbers = [arm(each, status=500 + index) for index, each in enumerate(servers[:2] * 2)]

    assert numbers == [1, 2, 3, 4]
    met = meet(servers.start())
    assert met is not None
    assert met.status == 500
    perform(servers.other, RemoveFault(identifier=1))
    met = meet(servers.one)
    assert met is not None
    assert met.status == 501
    listed = perform(servers.one, ListFaults(after=2, limit=1))
    assert [each.identifier for each in listed] == [3]


def test_a_one_shot_fault_is_met_by_one_of_a_hundred_calls(servers: Servers) -> None:
    arm(servers.one, operation=OPERATION, status=503, times=1)

    got = race(servers, meet)

    assert len([each for each in got if each is not None]) == 1


def test_a_handshake_meets_the_fault_of_another_server(servers: Servers) -> None:
    arm(servers.one, listener="two-way", tls="close", times=1)

    def shake(platform: Platform) -> FaultRule | None:
        return do(platform, lambda: platform.faults.meet_connection(Listener.TWO_WAY))

    assert shake(servers.other) is not None
    assert shake(servers.one) is None


def test_what_became_of_faults_survives_a_restart(servers: Servers) -> None:
    twice = arm(servers.one, operation=OPERATION, status=503, times=2)
    once = arm(servers.one, operation=OPERATION, status=500, times=1, required=True)
    meet(servers.one)

    later = servers.start()

    assert perform(later, FindFault(identifier=twice)).met == 1
    assert len(later.faults.unmet) == 1
    assert [each.status for each in (meet(later), meet(later)) if each] == [503, 500]
    assert meet(later) is None
    assert perform(later, FindFault(identifier=once)).is_over
    assert later.faults.unmet == []


def test_removed_and_cleared_faults_are_gone_at_each_server(servers: Servers) -> None:
    number = arm(servers.one, status=503, required=True)
    arm(servers.one, status=500)

    perform(servers.other, RemoveFault(identifier=number))
    assert [each.fault.status for each in perform(servers.one, ListFaults())] == [500]

    perform(servers.one, ClearFaults())
    assert meet(servers.other) is None
    assert servers.start().faults.armed == []


def test_a_deleted_application_withdraws_its_faults_and_answers_everywhere(
    servers: Servers,
) -> None:
    number = arm(servers.one, application="demo-server", status=503, times=2)
    answer = script(servers.one, application="demo-server", required=True)

    perform(servers.one, RemoveApplication(app_key="demo-server"))
    for each in (servers.other, servers.start()):
        assert perform(each, FindFault(identifier=number)).withdrawn
        assert do(each, lambda each=each: each.faults.is_quiet)  # type: ignore[misc]
        assert len(each.scripts) == 0
        assert [queued.identifier for queued in each.scripts.unused] == [answer]


def test_only_the_newest_faults_that_are_over_are_kept_by_all_servers(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.faults.server_faults.MOST_OVER", 2)
    for status in (500, 501, 502, 503):
        arm(servers.one, operation=f"GET /v2/*{status}", status=status, times=1)
    for platform, status in zip(
        (servers.other, servers.one, servers.start(), servers.other),
        (503, 500, 502, 501),
        strict=True,
    ):
        assert meet(platform, operation=f"GET /v2/{status}")

    for each in (servers.one, servers.other, servers.start()):
        do(each, lambda: None)
        assert [armed.fault.status for armed in each.faults.armed] == [501, 502]


def test_the_order_of_ends_survives_a_restart(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for status in (500, 501, 502):
        arm(servers.one, operation=f"GET /v2/*{status}", status=status, times=2)
    for status in (500, 501, 502, 502, 501):  # the rows are in the order of their first meeting
        meet(servers.other, operation=f"GET /v2/{status}")
    monkeypatch.setattr("mock_sei.faults.server_faults.MOST_OVER", 2)

    later = servers.start()
    meet(later, operation="GET /v2/500")

    assert [armed.fault.status for armed in later.faults.armed] == [500, 501]


SEEDED = [
    {"operation": OPERATION, "status": 503, "times": 2},
    {"operation": OPERATION, "status": 500, "times": 1, "required": True},
]


def test_meetings_of_the_faults_of_the_settings_are_counted_together(start: Start) -> None:
    one, other = start(SEEDED), start(SEEDED)

    assert [arm(other, status=599, times=1)] == [3]
    met = [meet(each) for each in (one, other, one, other, one)]

    assert [each.status if each else None for each in met] == [503, 503, 500, 599, None]
    later = start(SEEDED)
    assert meet(later) is None
    assert [each.met for each in later.faults.armed] == [2, 1, 1]
    assert later.faults.unmet == []


def test_a_removed_fault_of_the_settings_stays_removed_until_a_reset(start: Start) -> None:
    one, other = start(SEEDED), start(SEEDED)
    perform(one, RemoveFault(identifier=1))

    assert [each.identifier for each in perform(other, ListFaults())] == [2]
    later = start(SEEDED)
    assert [each.identifier for each in later.faults.armed] == [2]

    later.reset()
    assert [each.identifier for each in perform(one, ListFaults())] == [1, 2]
    assert meet(other) == one.faults.armed[0].fault


def test_a_reset_of_one_server_ends_what_was_armed_and_scripted_at_all(servers: Servers) -> None:
    arm(servers.one, status=503)
    script(servers.one, then={"step": "done"}, times=None)
    take(servers.other)
    perform(servers.other, RequireScripts(strict=True))

    servers.other.reset()

    assert meet(servers.one) is None
    shown = perform(servers.one, ShowScripts())
    assert (shown.strict, shown.answers, shown.states) == (False, [], {})
    assert arm(servers.one, status=503) == 1
    assert script(servers.other) == 1


def test_a_fault_s_probability_repeats_under_a_seed_over_all_servers(start: Start) -> None:
    servers = [start(seed=7), start(seed=7)]
    arm(servers[0], operation=OPERATION, status=503, probability=0.5)

    met = [meet(servers[index % 2]) is not None for index in range(40)]
    servers[1].reset()
    arm(servers[0], operation=OPERATION, status=503, probability=0.5)
    again = [meet(servers[(index // 3) % 2]) is not None for index in range(40)]

    assert met == again
    assert len(set(met)) == 2


def test_the_spread_of_a_latency_repeats_under_a_seed_over_all_servers(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = start(seed=7), start(seed=7)
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    async def answer(platform: Platform) -> None:
        exchange: Any = SimpleNamespace(
            platform=platform, entry=SimpleNamespace(fault=None), work=platform.units.run_on_loop
        )
        faulty = FaultyExchange(FaultRule(latency=1, spread=0.5), exchange, {"method": "GET"})

        async def ignore(*_: object) -> Any:
            """The application, its client and its server: only the waiting matters."""

        await faulty.answer(ignore, ignore, ignore)

    monkeypatch.setattr("mock_sei.web.faults.asyncio.sleep", wait)
    for each in (one, other, one, other):
        asyncio.run(answer(each))
    one.reset()
    for each in (other, other, one, one):
        asyncio.run(answer(each))

    assert waited[:4] == waited[4:]
    assert len(set(waited)) == 4
    assert all(0.5 <= each <= 1.5 for each in waited)


def test_the_chance_of_faults_changes_no_other_random_value(start: Start) -> None:
    one = start(seed=7)

    def first_value() -> float:
        one.reset()
        arm(one, operation=OPERATION, status=503, probability=0.5)
        for _ in range(tries):
            meet(one)
        return do(one, lambda: make_random(7, stored=one.state.stored).random())

    tries = 0
    expected = first_value()
    tries = 3
    assert first_value() == expected


def test_a_fault_s_probability_is_stored_nowhere_without_a_seed(servers: Servers) -> None:
    arm(servers.one, operation=OPERATION, status=503, probability=1e-9)
    before = dict(servers.one.state.stored.numbers.items())

    assert meet(servers.one) is None

    assert dict(servers.one.state.stored.numbers.items()) == before


def test_a_fault_is_read_from_a_store_as_it_was_written() -> None:
    rule = FaultRule(
        operation=OPERATION,
        application="demo-server",
        listener=Listener.ONE_WAY,
        query={"a": ["b", 1, True], "c": None},
        headers={"X-A": {"matches": "^b"}},
        json={"a": [1.5, None, {"b": "é"}]},
        times=3,
        probability=0.25,
        required=True,
        latency=0.5,
        status=429,
        retry_after=7,
        cut="in-body",
        token_lifetime=60,
    )

    assert RULE.read(RULE.write(rule)) == rule
    assert RULE.read(RULE.write(FaultRule(tls="stall"))) == FaultRule(tls="stall")


# Scripted answers


def test_an_answer_scripted_at_one_server_is_given_once_at_the_other(servers: Servers) -> None:
    number = script(servers.one, status=202, json={"id": 7}, headers={"X-A": "b"})

    given = take(servers.other)

    assert given is not None
    assert (given.answer.ready.status, given.answer.ready.content) == (202, b'{"id": 7}')
    assert given.answer.ready.headers == {"X-A": "b"}
    assert take(servers.one) is None
    found = perform(servers.one, FindAnswer(identifier=number))
    assert (found.used, found.is_used) == (1, True)


def test_an_answer_is_given_to_one_of_a_hundred_calls(servers: Servers) -> None:
    script(servers.one, status=202)

    got = race(servers, take)

    assert [status_of(each) for each in got if each is not None] == [202]


def test_answers_of_both_servers_are_given_in_their_order(servers: Servers) -> None:
    numbers = [script(each, status=200 + index) for index, each in enumerate(servers[:2] * 2)]

    assert numbers == [1, 2, 3, 4]
    got = [take(each) for each in (servers.other, servers.one, servers.start(), servers.one)]
    assert list(map(status_of, got)) == [200, 201, 202, 203]


def test_states_and_counters_are_common_and_survive_a_restart(servers: Servers) -> None:
    counted: dict[str, Any] = {"times": None, "text": "{{counter.n}} {{state.step}}"}
    script(servers.one, **counted, when={"step": None}, then={"step": "two"})
    script(servers.one, **counted, when={"step": "two"}, then={"step": None, "seen": "yes"})

    got = [take(each) for each in (servers.one, servers.other, servers.start())]

    assert [dict(each.counters) for each in got if each] == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [dict(each.states) for each in got if each] == [{}, {"step": "two"}, {}]
    assert perform(servers.other, ShowScripts()).states == {"step": "two", "seen": "yes"}


def test_counted_answers_count_without_a_gap_over_both_servers(servers: Servers) -> None:
    script(servers.one, times=None, text="{{counter.n}}")

    got = race(servers, take)

    assert sorted(each.counters["n"] for each in got if each) == list(range(1, 101))


def test_how_often_an_answer_was_used_survives_a_restart(servers: Servers) -> None:
    number = script(servers.one, times=3, required=True)
    take(servers.one)

    later = servers.start()

    assert perform(later, FindAnswer(identifier=number)).used == 1
    assert [queued.used for queued in later.scripts.unused] == [1]
    assert [status_of(take(later)) for _ in range(3)] == [200, 200, None]
    assert do(servers.one, lambda: servers.one.scripts.unused) == []
    assert perform(servers.start(), FindAnswer(identifier=number)).used == 3


def test_a_used_up_answer_is_kept_without_its_body_in_the_store_too(servers: Servers) -> None:
    number = script(servers.one, text="large " * 100)
    take(servers.other)

    (kept,) = [servers.start().scripts.find(number)]

    assert kept is not None
    assert kept.answer.ready.content == b""
    assert do(servers.one, lambda: servers.one.scripts.find(number)) == kept


def test_removed_and_cleared_answers_are_gone_at_each_server(servers: Servers) -> None:
    number = script(servers.one)
    script(servers.one, times=None, then={"step": "one"})

    perform(servers.other, RemoveAnswer(identifier=number))
    take(servers.one)
    perform(servers.one, ClearAnswers())

    assert take(servers.other) is None
    shown = perform(servers.start(), ShowScripts())
    assert (shown.answers, shown.states) == ([], {"step": "one"})


def test_the_room_for_answers_is_common_and_given_back(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.faults.scripts.MOST_CONTENT", 1500)
    script(servers.one)
    for each in (servers.other, servers.start()):
        with pytest.raises(Rejected, match="1024 bytes of answers wait already"):
            script(each)

    take(servers.other)

    script(servers.one)


def test_strict_mode_is_common_and_calls_of_all_servers_are_reported(servers: Servers) -> None:
    perform(servers.one, RequireScripts(strict=True))

    take(servers.other, operation="GET /v2/accounts")
    take(servers.one)
    take(servers.start())

    expected = ["GET /v2/accounts", OPERATION, OPERATION]
    for each in (servers.one, servers.other, servers.start()):
        assert perform(each, CheckTest()).unscripted_calls == expected
    perform(servers.other, RequireScripts(strict=False))
    take(servers.one)
    assert perform(servers.one, ShowScripts()).unscripted == expected


def test_the_newest_calls_without_a_script_are_kept_over_all_servers(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mock_sei.faults.scripts.MOST_UNSCRIPTED", 3)
    perform(servers.one, RequireScripts(strict=True))

    for index in range(5):
        take((servers.one, servers.other)[index % 2], operation=f"GET /v2/{index}")

    for each in (servers.one, servers.start()):
        assert perform(each, ShowScripts()).unscripted == ["GET /v2/2", "GET /v2/3", "GET /v2/4"]


@pytest.mark.parametrize("seed", [None, 5])
def test_a_uuid_that_a_look_showed_is_given_by_the_other_server(
    start: Start, seed: int | None
) -> None:
    one, other = start(seed=seed), start(seed=seed)
    script(one, times=None, text="{{random.uuid}}")

    seen = do(one, lambda: one.scripts.foresee(call()))
    first, second = take(other), take(one)

    assert seen is not None
    assert first is not None
    assert second is not None
    assert seen.uuids == first.uuids
    assert second.uuids != first.uuids


def test_a_function_is_refused_in_a_state_that_servers_share(servers: Servers) -> None:
    request = EnqueueFunction(operation=OPERATION, function=lambda _: {"a": 1})

    with pytest.raises(Rejected, match="a function works only with a state in memory"):
        perform(servers.one, request)

    assert len(servers.one.scripts) == 0
    assert script(servers.other) == 1


def test_an_answer_is_read_from_a_store_as_it_was_written() -> None:
    plain = make_answer(OPERATION, status=204, times=None, template=False)
    filled = make_answer(
        "POST /v1/accounts/{id}",
        application="demo-server",
        listener="two-way",
        query={"a": [1, "b"], "c": {"matches": "^d"}},
        request={"headers": {"X-A": "b"}, "json": {"a": [None, "é"]}},
        status=201,
        json_body={
            "all": "{{request.json}}",
            "one": 'a "{{request.json/a~1b/0}}" \\ {{request.path.id}}',
            "é": "{{counter.n}}{{random.uuid}}{{state.s}}{{clock.now}}",
        },
        headers={"X-B": "{{request.headers.X-A}}", "X-C": "plain"},
        times=7,
        when={"s": "1", "t": None},
        then={"s": None},
        required=True,
    )

    for answer in (plain, filled):
        read = ANSWER.read(ANSWER.write(answer))
        assert read == answer
        assert read.size == answer.size


# The clock


def test_all_servers_follow_one_clock(servers: Servers) -> None:
    one, other = servers.one, servers.other

    perform(one, AdvanceClock(days=400))
    away = perform(other, ShowClock())
    assert not away.is_machine
    assert timedelta(days=399) < away.now - machine.now() < timedelta(days=401)

    perform(other, SetClock(now=NOON, frozen=True))
    assert perform(one, ShowClock()).now == NOON
    perform(one, AdvanceClock(hours=1))
    assert perform(other, ShowClock()).now == NOON + timedelta(hours=1)

    perform(other, SetClock(frozen=False))
    shown = perform(one, ShowClock())
    assert not shown.frozen
    assert shown.now >= NOON + timedelta(hours=1)

    perform(one, ResetClock())
    assert perform(other, ShowClock()).is_machine


def test_the_clock_survives_a_restart_and_a_reset_puts_it_back_everywhere(
    servers: Servers,
) -> None:
    perform(servers.one, SetClock(now=NOON, frozen=True))
    later = servers.start()
    assert later.clock.now() == NOON
    assert later.clock.frozen

    servers.other.reset()

    for each in (servers.one, later, servers.other, servers.start()):
        assert perform(each, ShowClock()).is_machine


def test_hours_of_both_servers_add_up(servers: Servers) -> None:
    perform(servers.one, SetClock(now=NOON, frozen=True))

    race(servers, lambda each: perform(each, AdvanceClock(hours=1)), count=40)

    assert perform(servers.one, ShowClock()).now == NOON + timedelta(hours=40)


def test_work_on_a_state_that_was_reset_moves_no_clock(servers: Servers) -> None:
    past = servers.one.pinned()
    servers.other.reset()
    do(servers.one, lambda: None)

    do(servers.one, lambda: AdvanceClock(hours=1).perform(past))

    assert perform(servers.one, ShowClock()).is_machine
    assert perform(servers.other, ShowClock()).is_machine


# The server's certificate


def test_every_server_shows_the_wrong_certificate_that_a_test_asked_for(
    servers: Servers, shared_store: CertificateStore
) -> None:
    usual = shared_store.server_identity(["localhost"], now=machine.now())
    trust = ListenerTrust(servers.other, usual, client_certificates=False)

    def shown() -> object:
        do(servers.other, lambda: None)
        return asyncio.run(trust.context())

    before = shown()
    perform(servers.one, SetServerCertificate(variant=ServerVariant.EXPIRED))
    wrong = servers.one.state.server_identity
    assert wrong is not None

    changed = shown()
    assert changed is not before
    assert shown() is changed  # and is not made anew for each connection
    for each in (servers.other, servers.start()):
        found = each.state.server_identity
        assert found is not None
        assert IDENTITY.write(found) == IDENTITY.write(wrong)

    perform(servers.other, SetServerCertificate(variant=ServerVariant.VALID))
    assert do(servers.one, lambda: servers.one.state.server_identity) is None


# What a check reports


def test_a_failure_of_one_server_fails_the_check_at_the_other(servers: Servers) -> None:
    servers.one.record_bug("Traceback: a")
    servers.other.record_bug("Traceback: b")
    servers.one.record_exhaustion("no memory is left")
    servers.one.record_tls_failure("no files")
    servers.other.record_tls_failure("no files")

    expected = [
        "Traceback: a",
        "Traceback: b",
        "a call was not answered as it should be: on this machine no memory is left",
        "no files",
    ]
    for each in (servers.other, servers.one, servers.start()):
        assert perform(each, CheckTest()).bugs == expected


def test_a_failure_that_one_server_reported_is_handed_on_by_no_reset(servers: Servers) -> None:
    servers.one.record_bug("Traceback: seen")
    do(servers.other, lambda: None)
    perform(servers.one, CheckTest())

    servers.one.reset()

    for each in (servers.other, servers.one, servers.start()):
        assert perform(each, CheckTest()).bugs == []


def test_a_failure_that_one_server_reported_is_not_handed_on_by_another(servers: Servers) -> None:
    servers.one.record_bug("Traceback: seen")
    perform(servers.one, CheckTest())

    servers.other.reset()

    assert perform(servers.one, CheckTest()).bugs == []


def test_a_reset_of_any_server_hands_an_unreported_failure_on_once(servers: Servers) -> None:
    servers.one.record_bug("Traceback: seen")
    assert perform(servers.other, CheckTest()).bugs == ["Traceback: seen"]
    servers.one.record_bug("Traceback: not seen")

    servers.other.reset()
    servers.one.reset()

    for each in (servers.other, servers.one, servers.start()):
        (bug,) = perform(each, CheckTest()).bugs
        assert bug.endswith("\nTraceback: not seen")
        assert bug.count("before the last reset") == 1
    servers.one.reset()
    assert perform(servers.other, CheckTest()).bugs == []


def test_a_look_at_the_check_that_nobody_reads_reports_nothing(servers: Servers) -> None:
    servers.one.record_bug("Traceback: not seen")
    perform(servers.other, CheckTest(reads=False))

    servers.one.reset()

    assert len(perform(servers.other, CheckTest()).bugs) == 1


def test_many_failures_are_counted_over_all_servers(servers: Servers) -> None:
    for number in range(KEPT + 4):
        (servers.one, servers.other)[number % 2].record_bug(f"{number}")

    expected = [*(f"{number}" for number in range(KEPT)), "and 4 more"]
    for each in (servers.one, servers.other, servers.start()):
        assert perform(each, CheckTest()).bugs == expected


def test_failures_of_many_threads_are_all_kept(servers: Servers) -> None:
    race(servers, lambda each: each.record_bug("x"), count=KEPT + 10)

    assert perform(servers.one, CheckTest()).bugs == [*["x"] * KEPT, "and 10 more"]


def test_a_failure_within_a_unit_of_work_is_a_part_of_it(servers: Servers) -> None:
    do(servers.one, lambda: servers.one.record_bug("Traceback: within"))

    assert perform(servers.other, CheckTest()).bugs == ["Traceback: within"]


def test_unmet_faults_and_unused_answers_of_one_server_fail_the_check_at_the_other(
    servers: Servers,
) -> None:
    arm(servers.one, operation=OPERATION, status=503, times=1, required=True)
    script(servers.one, required=True)

    found = perform(servers.other, CheckTest())
    assert found.unmet_faults == [f"{OPERATION}: status 503"]
    assert found.unused_answers == [f"{OPERATION}: used 0 of 1 times"]

    meet(servers.other)
    take(servers.other)
    found = perform(servers.one, CheckTest())
    assert (found.unmet_faults, found.unused_answers) == ([], [])


@pytest.mark.parametrize(
    "record",
    [
        lambda platform: platform.record_bug("Traceback: a"),
        lambda platform: platform.record_exhaustion("no memory is left"),
        lambda platform: platform.record_tls_failure("no files"),
    ],
)
def test_a_store_that_fails_stops_no_handling_of_an_error(
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    record: Callable[[Platform], None],
) -> None:
    def fail(*_: object) -> int:
        raise StoreAway("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "commit", fail)
        record(servers.one)

    assert "the store failed (the disk is full), so that no check will report this" in caplog.text
    assert perform(servers.one, CheckTest()).bugs == []
    record(servers.one)
    assert len(perform(servers.other, CheckTest()).bugs) == 1
