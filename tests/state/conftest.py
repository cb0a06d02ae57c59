"""Two servers on one store, in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

A = TypeVar("A")


class Servers(NamedTuple):
    """The platforms of two servers on one store, and a way to start a further one."""

    one: Platform
    other: Platform
    start: Callable[[], Platform]


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
