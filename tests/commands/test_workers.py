"""The parent of several workers: what it does when they report, end, or cannot be started."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mock_sei.commands import workers
from mock_sei.errors import ConfigurationError, MockSeiError
from mock_sei.rules import machine
from mock_sei.settings import Settings

END = workers.Event()


class Worker:
    """A worker without a process: each of its starts has the events of the next list."""

    def __init__(self, events: SimpleQueue[Any], *starts: Sequence[str | None]) -> None:
        self._events, self._starts = events, iter(starts)
        self.started = 0

    def try_to_start(self) -> None:
        self.started += 1
        for report in next(self._starts, ()):
            self._events.put(workers.Event(cast("workers.Worker", self), report))

    def how_it_ended(self) -> str:
        return "by signal 9"


@pytest.fixture
def events() -> SimpleQueue[Any]:
    return SimpleQueue()


@pytest.fixture
def watch(events: SimpleQueue[Any]) -> Callable[..., int]:
    """Watches workers until the last event; returns how often the server became ready."""

    def run(*watched: Worker) -> int:
        ready: list[None] = []
        workers.watch(cast("Any", list(watched)), events, lambda: ready.append(None))
        return len(ready)

    return run


@pytest.fixture(autouse=True)
def times(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(machine, "monotonic", lambda: now[0])
    return now


def test_it_is_ready_once_when_all_answer(
    events: SimpleQueue[Any], watch: Callable[..., int]
) -> None:
    one = Worker(events, [workers.READY, None], [workers.READY])
    other = Worker(events, [workers.READY])
    start = one.try_to_start

    def then_end() -> None:
        start()
        if one.started == 2:
            events.put(END)

    one.try_to_start = then_end  # type: ignore[method-assign]
    assert watch(one, other) == 1


def test_a_worker_that_cannot_begin_ends_the_start(
    events: SimpleQueue[Any], watch: Callable[..., int]
) -> None:
    with pytest.raises(ConfigurationError, match="a worker cannot start: certs: of another CA"):
        watch(Worker(events, ["certs: of another CA", None]))


def test_a_worker_that_cannot_begin_again_is_tried_again(
    events: SimpleQueue[Any], watch: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    one = Worker(events, [workers.READY, None], ["the disk is full", None], [workers.READY])
    start = one.try_to_start

    def then_end() -> None:
        start()
        if one.started == 3:
            events.put(END)

    one.try_to_start = then_end  # type: ignore[method-assign]
    assert watch(one) == 1
    assert one.started == 3
    assert "a worker cannot start again now: the disk is full" in caplog.text


def test_five_deaths_in_ten_seconds_end_the_server(
    events: SimpleQueue[Any], watch: Callable[..., int]
) -> None:
    one = Worker(events, *[[None]] * 9)
    with pytest.raises(MockSeiError, match="5 workers ended within 10 s, the last one by signal 9"):
        watch(one)
    assert one.started == 5


def test_deaths_with_time_between_them_do_not_end_the_server(
    events: SimpleQueue[Any], watch: Callable[..., int], times: list[float]
) -> None:
    one = Worker(events, *[[None]] * 19)
    start = one.try_to_start

    def later() -> None:
        times[0] += 3
        start()
        if one.started == 20:
            events.put(END)

    one.try_to_start = later  # type: ignore[method-assign]
    watch(one)
    assert one.started == 20


def test_a_machine_that_has_no_more_processes_counts_as_a_death(
    events: SimpleQueue[Any],
    watch: Callable[..., int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def none_left(*_: Any, **__: Any) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", none_left)
    server = cast("Any", SimpleNamespace(listening=[], listeners=[]))
    one = workers.Worker(Settings(), server, events, "")
    with pytest.raises(MockSeiError, match="5 workers ended"):
        watch(one)
    assert "no worker can be started: Resource temporarily unavailable" in caplog.text
