"""Two servers on one store, in one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.operations.requests import Request
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.unit_of_work import SharedUnits
from tests.redis_server import redis_server

__all__ = ["redis_server"]

A = TypeVar("A")


class Servers(NamedTuple):
    """The platforms of two servers on one store, and a way to start a further one."""

    one: Platform
    other: Platform
    start: Callable[[], Platform]

    @property
    def both(self) -> tuple[Platform, Platform]:
        """The two platforms."""
        return self.one, self.other


@pytest.fixture
def servers(tmp_path: Path, shared_store: CertificateStore) -> Iterator[Servers]:
    begun: list[Platform] = []

    def start(**settings: Any) -> Platform:
        units = SharedUnits(SqliteStore(tmp_path / "platform.db"))
        begun.append(
            Platform(
                fixtures=load_fixtures(),
                store=shared_store,
                behaviour=Behaviour(**settings),
                units=units,
            )
        )
        return begun[-1]

    yield Servers(start(), start(), start)
    for each in begun:
        each.units.close()


def do(platform: Platform, work: Callable[[], A]) -> A:
    """Runs work on a platform as its listeners do: in a unit of work."""
    return platform.units.run(work)


def perform(platform: Platform, request: Request[A]) -> A:
    """Performs an operation as the control listener does."""
    return platform.units.run(lambda: request.perform(platform.pinned()))


def race(servers: Servers, work: Callable[[Platform, int], object], *, count: int) -> None:
    """Runs work in many threads at once, on both servers in turn. Raises what one of them raises.

    ``work`` gets a platform and the number of the thread.
    """
    together = threading.Barrier(count)

    def begin(number: int) -> None:
        together.wait()
        work((servers.one, servers.other)[number % 2], number)

    with ThreadPoolExecutor(count) as threads:
        list(threads.map(begin, range(count)))
