"""Scripted answers: which call gets which answer."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

import pytest

from mock_sei.errors import Rejected
from mock_sei.faults.answer_checks import make_answer
from mock_sei.faults.answers import ScriptedAnswer
from mock_sei.faults.scripts import GivenAnswer, Scripts
from tests.cases import every_case
from tests.faults.test_faults import APPLICATION, call
from tests.growth import Action, assert_flat
from tests.patience import PATIENCE

pytestmark = pytest.mark.long

DEEP = json.loads("[" * 300 + "]" * 300)


def test_answers_are_given_once_each_in_their_order() -> None:
    scripts = Scripts()
    for number in (1, 2):
        scripts.enqueue(make_answer("GET /v2/investors", json_body={"number": number}))

    taken = [scripts.take(call()) for _ in range(3)]

    assert [each and each.answer.ready.content for each in taken] == [
        b'{"number": 1}',
        b'{"number": 2}',
        None,
    ]
    assert scripts.waiting == []


def test_another_operations_answer_waits_for_its_own_call() -> None:
    scripts = Scripts()
    scripts.enqueue(make_answer("POST /v1/investors", status=202))

    assert scripts.take(call("GET /v2/investors")) is None
    found = scripts.take(call("POST /v1/investors"))
    assert found is not None
    assert found.answer.ready.status == 202


def test_strict_mode_keeps_calls_without_a_script() -> None:
    scripts = Scripts()
    scripts.strict = True
    scripts.enqueue(make_answer("GET /v2/investors"))

    scripts.take(call())
    scripts.take(call())
    scripts.take_for_oauth(call("POST /v2/oauthtoken"))

    assert scripts.unscripted == ["GET /v2/investors"]


@every_case(
    ("operation", "fields", "problem"),
    [
        ("investors", {}, "operation: 'investors': not a method and a path"),
        ("GET /x", {"status": 99}, "status: 99"),
        ("GET /x", {"json_body": {1, 2}}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": float("nan")}, "json: cannot be sent as JSON"),
        ("GET /x", {"headers": {"X": "a\r\nY: b"}}, "headers: 'X'"),
        ("GET /x", {"status": 204, "json_body": {}}, "json: an answer with status 204 has no body"),
        ("GET /x", {"status": 304, "text": "a"}, "text: an answer with status 304 has no body"),
        ("GET /x", {"status": 205, "text": "a"}, "text: an answer with status 205 has no body"),
        ("GET /x", {"status": True}, "status: true: must be a whole number"),
        ("GET /x", {"status": 200.0}, "status: 200.0: must be a whole number"),
        ("GET /x", {"status": "200"}, "status: '200': must be a whole number"),
        (
            "GET /x",
            {"status": 10**5000},
            "status: a whole number of many digits: must be a status from 200 to 599",
        ),
        ("GET /x", {"status": 20000}, "status: 20000: must be a status"),
        ("GET /x", {"json_body": "\ud800"}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": {"\udfff": 1}}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": {(1, 2): 3}}, "json: cannot be sent as JSON"),
        ("GET /x", {"json_body": DEEP}, "json: cannot be sent as JSON: more than 100 levels"),
        ("GET /x", {"json_body": 1, "text": "a"}, "text: either json or text, not both"),
        ("GET /x", {"text": "\ud800"}, "text: cannot be sent"),
        ("GET /x", {"text": b"a"}, "text: must be a text, not bytes"),
        ("GET /x", {"text": "a" * (16 * 1024 * 1024 + 1)}, "text: 16777217 bytes; at most"),
        ("GET /x", {"application": "\ud800"}, "application: half a surrogate pair"),
        ("GET /\ud800", {}, "operation: half a surrogate pair"),
        ("GET /x", {"headers": ["X"]}, "headers: must be names with their values, not list"),
    ],
)
def test_what_cannot_be_sent_is_refused(
    operation: str, fields: dict[str, Any], problem: str
) -> None:
    with pytest.raises(Rejected) as caught:
        make_answer(operation, **fields)

    assert problem in str(caught.value)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_has_no_media_type_either(status: int) -> None:
    answer = make_answer("GET /x", status=status, headers={"ETag": '"1"'})

    assert (answer.ready.content, answer.ready.media_type) == (b"", None)


def test_the_oldest_answer_is_given_whatever_it_is_scripted_for() -> None:
    scripts = Scripts()
    for number, (operation, application) in enumerate(
        [
            ("* /v2/*", "svc-demo"),
            ("GET /v2/investors", "demo-web"),
            ("GET /v2/investors", None),
            ("GET /v2/{name}", "demo-server"),
        ]
    ):
        scripts.enqueue(make_answer(operation, application=application, json_body=number))

    taken = [scripts.take(call()) for _ in range(4)]

    assert [each and each.answer.ready.content for each in taken] == [b"0", b"2", b"3", None]
    assert [each.answer.ready.content for each in scripts.waiting] == [b"1"]
    assert len(scripts) == 1


@pytest.mark.parametrize("name", ["demo-server", "demo-server-key", "svc-demo"])
def test_an_application_takes_its_answers_with_it(name: str) -> None:
    scripts = Scripts()
    scripts.enqueue(make_answer("GET /v2/investors", application=name))
    scripts.enqueue(make_answer("GET /v2/investors", application="demo-web"))

    scripts.drop_application(APPLICATION)

    assert scripts.take(call()) is None
    assert scripts.take(call(app_key="demo-web-key")) is not None


def test_answers_that_wait_together_are_bounded_and_room_is_given_back() -> None:
    scripts = Scripts()
    large = make_answer("GET /v2/investors", text="a" * (16 * 1024 * 1024))
    for _ in range(4):
        scripts.enqueue(large)

    with pytest.raises(Rejected, match="text: 67108864 bytes of answers wait already"):
        scripts.enqueue(make_answer("GET /x", text="a"))
    with pytest.raises(Rejected, match="json: 67108864 bytes of answers wait already"):
        scripts.enqueue(make_answer("GET /x", status=204))
    scripts.take(call())
    scripts.enqueue(large)

    assert len(scripts) == 4


def test_the_newest_calls_without_a_script_are_kept_and_cut() -> None:
    scripts = Scripts()
    scripts.strict = True
    for number in range(1100):
        scripts.take(call(f"GET /{number}/{'a' * 5000}"))

    assert len(scripts.unscripted) == 1000
    assert max(map(len, scripts.unscripted)) == 2000
    assert scripts.unscripted[-1].startswith("GET /1099/")


OTHERS: dict[str, Callable[[int], dict[str, Any]]] = {
    "applications": lambda number: {"operation": "* *", "application": f"app-{number}"},
    "paths": lambda number: {"operation": f"GET /v1/thing/{number}"},
    "patterns": lambda number: {"operation": f"GET /v1/{{id}}/thing-{number}/*"},
}


@pytest.mark.slow
@pytest.mark.parametrize("others", OTHERS)
def test_answers_for_others_cost_a_call_nothing(others: str) -> None:
    caller = call()

    def make(count: int) -> Action:
        scripts = Scripts()
        for number in range(count):
            scripts.enqueue(make_answer(**OTHERS[others](number)))
        return lambda: scripts.take(caller)

    assert_flat(make, many=1500)


@pytest.mark.slow
def test_an_answer_is_put_in_and_taken_beside_many_as_beside_few() -> None:
    caller, answer = call(), make_answer("GET /v2/investors")

    def make(count: int) -> Action:
        scripts = Scripts()
        for number in range(count):
            scripts.enqueue(make_answer("GET /v2/investors", application=f"app-{number}"))

        def one() -> None:
            scripts.enqueue(answer)
            taken = scripts.take(caller)
            assert taken is not None
            assert taken.answer is answer
            assert len(scripts) == count

        return one

    assert_flat(make, many=1500)


# How often, in which order, and in which state


def numbered(number: int, **fields: Any) -> ScriptedAnswer:
    return make_answer("GET /v2/investors", json_body=number, **fields)


def number_of(given: GivenAnswer | None) -> int | None:
    return None if given is None else int(given.answer.ready.content)


def taken(scripts: Scripts, count: int) -> list[int | None]:
    return [number_of(scripts.take(call())) for _ in range(count)]


def test_answers_for_a_number_of_calls_come_first_then_the_newest_until_removed() -> None:
    scripts = Scripts()
    default = scripts.enqueue(numbered(0, times=None))
    scripts.enqueue(numbered(1, times=2))
    newer = scripts.enqueue(numbered(2, times=None))
    scripts.enqueue(numbered(3))

    assert taken(scripts, 5) == [1, 1, 3, 2, 2]
    assert scripts.remove(newer.identifier)
    assert taken(scripts, 2) == [0, 0]
    assert scripts.remove(default.identifier)
    assert taken(scripts, 1) == [None]
    assert (default.used, newer.used) == (2, 2)
    assert not scripts.remove(default.identifier)


def test_an_answer_that_is_used_up_leaves_and_can_still_be_looked_up() -> None:
    scripts = Scripts()
    queued = scripts.enqueue(numbered(1, times=2, query=None, then={"a": "b"}))
    taken(scripts, 1)
    assert (len(scripts), queued.used, queued.is_over) == (1, 1, False)
    taken(scripts, 1)

    assert (len(scripts), scripts.waiting) == (0, [])
    found = scripts.find(queued.identifier)
    assert found is not None
    assert (found.used, found.answer.ready.content, found.answer.then) == (2, b"", {"a": "b"})
    assert scripts.remove(queued.identifier)
    assert scripts.find(queued.identifier) is None


def test_the_newest_answers_that_were_used_up_are_kept_without_large_matchers() -> None:
    scripts = Scripts()
    answer = numbered(1, request={"body": {"matches": "|".join(map(str, range(400)))}})
    assert answer.size < 4096
    large = numbered(2, query={"a": "b" * 60_000})
    for each in [large] * 5 + [answer] * 10_001:
        queued = scripts.enqueue(each)
        scripts._note(queued, used=1, is_over=True)  # noqa: SLF001  # in place of 10,000 calls

    assert [scripts.find(number) is not None for number in (6, 7, 10_006)] == [False, True, True]


def test_an_answer_is_given_only_in_its_state_and_moves_it() -> None:
    scripts = Scripts()
    scripts.enqueue(numbered(1, times=None, when={"step": None}, then={"step": "one"}))
    scripts.enqueue(numbered(2, times=None, when={"step": "one"}, then={"step": "two"}))
    scripts.enqueue(
        numbered(3, times=None, when={"step": "two"}, then={"step": None, "seen": "yes"})
    )
    scripts.enqueue(numbered(4, times=None, when={"step": None, "seen": "yes"}))

    assert taken(scripts, 5) == [1, 2, 3, 4, 4]
    assert scripts.states == {"seen": "yes"}


def test_a_call_in_another_state_gets_the_next_answer() -> None:
    scripts = Scripts()
    scripts.enqueue(numbered(1, when={"step": "never"}))
    scripts.enqueue(numbered(2, when={"step": None}))

    assert taken(scripts, 2) == [2, None]
    assert len(scripts) == 1


def test_a_look_moves_no_state_counts_nothing_and_draws_nothing() -> None:
    scripts = Scripts(Random(1))  # noqa: S311  # repeatable on purpose
    body = ["{{state.a}}", "{{counter.c}}", "{{random.uuid}}"]
    scripts.enqueue(make_answer("GET /v2/investors", then={"a": "b"}))
    scripts.take(call())
    for _ in range(2):
        scripts.enqueue(make_answer("GET /v2/investors", json_body=body, then={"a": "c"}))

    seen = [scripts.foresee(call()) for _ in range(3)]
    first = scripts.take(call())

    assert seen == [first] * 3
    assert first is not None
    assert (first.states, first.counters) == ({"a": "b"}, {"c": 1})
    second = scripts.take(call())
    assert second is not None
    assert (second.states, second.counters) == ({"a": "c"}, {"c": 2})
    assert second.uuids != first.uuids


def test_uuids_are_repeated_under_a_seed() -> None:
    def uuids(seed: int) -> list[str]:
        scripts = Scripts(Random(seed))  # noqa: S311  # repeatable on purpose
        answer = make_answer("GET /v2/investors", text="{{random.uuid}}{{random.uuid}}")
        scripts.enqueue(answer)
        given = scripts.take(call())
        assert given is not None
        return list(given.uuids)

    assert uuids(1) == uuids(1) != uuids(2)
    assert [UUID(each).version for each in uuids(1)] == [4, 4]


def test_required_answers_are_unused_until_they_were_given_so_often() -> None:
    scripts = Scripts()
    scripts.enqueue(numbered(1, times=2, required=True))
    scripts.enqueue(make_answer("GET /x", times=None, required=True, when={"a": "b"}))
    removed = scripts.enqueue(make_answer("GET /y", required=True))
    scripts.enqueue(make_answer("GET /z"))
    taken(scripts, 1)
    scripts.remove(removed.identifier)

    assert list(map(str, scripts.unused)) == [
        "GET /v2/investors: used 1 of 2 times",
        "GET /x, when {'a': 'b'}: never used",
    ]
    taken(scripts, 1)
    assert list(map(str, scripts.unused)) == ["GET /x, when {'a': 'b'}: never used"]
    scripts.clear()
    assert (scripts.unused, len(scripts)) == ([], 0)


def test_a_required_answer_of_an_application_that_was_removed_stays_unused() -> None:
    scripts = Scripts()
    queued = scripts.enqueue(
        make_answer("GET /v2/investors", application="demo-server", required=True)
    )
    scripts.drop_application(APPLICATION)

    assert scripts.take(call()) is None
    assert list(map(str, scripts.unused)) == ["GET /v2/investors of demo-server: used 0 of 1 times"]
    assert scripts.remove(queued.identifier)
    assert scripts.unused == []


def test_states_and_counters_are_bounded() -> None:
    scripts = Scripts()
    for part in range(10):
        names = {f"{part}-{each}": "a" for each in range(100)}
        scripts.enqueue(numbered(part, then=names))
        scripts.enqueue(
            make_answer("GET /x", text="".join(f"{{{{counter.{name}}}}}" for name in names))
        )

    for rejected, field in (
        (numbered(1, then={"new": "a"}), "then"),
        (numbered(1, when={"new": "a"}), "when"),
        (make_answer("GET /x", text="{{counter.new}}"), "template"),
    ):
        with pytest.raises(Rejected, match=f"{field}: at most 1000"):
            scripts.enqueue(rejected)
    scripts.enqueue(numbered(1, when={"0-1": "a"}, then={"0-2": None}))
    taken(scripts, 10)
    assert len(scripts.states) == 1000
    scripts.clear()
    with pytest.raises(Rejected, match="then: at most 1000"):
        scripts.enqueue(numbered(1, then={"new": "a"}))
    scripts.enqueue(numbered(1, then={"0-1": None}))
    taken(scripts, 1)
    scripts.enqueue(numbered(1, then={"new": "a"}))


def test_many_small_answers_are_bounded_too() -> None:
    scripts = Scripts()
    answer = make_answer("GET /x")
    for _ in range(64 * 1024):
        scripts.enqueue(answer)

    with pytest.raises(Rejected, match="json: 67108864 bytes of answers wait already"):
        scripts.enqueue(answer)
    scripts.clear()
    scripts.enqueue(answer)


def in_threads(work: Callable[[], object], count: int) -> list[Any]:
    """What each of some threads got that began at once."""
    barrier, results = threading.Barrier(count), []

    def run() -> None:
        barrier.wait(PATIENCE)
        results.append(work())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    return results


def test_three_times_are_three_of_many_calls_at_once() -> None:
    for _ in range(20):
        scripts = Scripts()
        queued = scripts.enqueue(numbered(1, times=3))

        got = in_threads(partial(scripts.take, call()), 8)

        assert len([each for each in got if each is not None]) == 3
        assert queued.used == 3


def test_a_state_is_moved_by_one_of_two_calls_at_once() -> None:
    for _ in range(20):
        scripts = Scripts()
        scripts.enqueue(numbered(1, times=None, when={"step": None}, then={"step": "done"}))
        scripts.enqueue(numbered(2, times=None, when={"step": "done"}))

        got = in_threads(partial(scripts.take, call()), 4)

        assert Counter(map(number_of, got)) == {1: 1, 2: 3}


STATES: dict[str, Callable[[int], dict[str, Any]]] = {
    "other values of a state": lambda number: {"when": {"step": str(number)}},
    "other values beside a common one": lambda number: {
        "when": {"common": None, "step": str(number)}
    },
    "other queries": lambda number: {"query": {"cursor": str(number)}},
    "other queries until removed": lambda number: {
        "query": {"cursor": str(number)},
        "times": None,
    },
    "defaults": lambda _: {"times": None},
}


@pytest.mark.slow
@pytest.mark.parametrize("others", STATES)
def test_answers_of_the_operation_that_do_not_fit_cost_a_call_nothing(others: str) -> None:
    caller = call()

    def make(count: int) -> Action:
        scripts = Scripts()
        for number in range(count):
            scripts.enqueue(numbered(number, **STATES[others](number)))
        return lambda: scripts.take(caller)

    assert_flat(make, many=1500)
