"""The state of one server, in its memory: work needs no store, and nothing is awaited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from mock_sei.state.units import Beginning, Target, Units

A = TypeVar("A")


class MemoryUnits(Units):
    """Units of work on a state that only this server has."""

    is_shared = False

    def __init__(self) -> None:
        self._target: Target | None = None

    def start(self, target: Target) -> None:
        self._target = target
        self._build(target, Beginning(is_new=True, lasting=()))

    def run(self, work: Callable[[], A], *, changes: bool = False) -> A:  # noqa: ARG002  # as its base
        return work()

    async def run_on_loop(self, work: Callable[[], A], *, changes: bool = False) -> A:  # noqa: ARG002
        return work()

    def begin_epoch(self, changes: Mapping[str, Any]) -> None:
        if self._target is not None:
            self._build(self._target, Beginning(is_new=True, changes=changes))

    def _build(self, target: Target, beginning: Beginning) -> None:
        target.build(beginning)
        for each in target.tables:
            each.begun.clear()
            each.is_being_built = False

    def refresh(self) -> None:
        """Nobody else changes this state."""

    async def flush(self) -> None:
        """The journal is in memory."""

    async def refresh_on_loop(self) -> None:
        """Nobody else changes this state."""

    def look_after(self) -> None:
        """Memory can always be used."""

    def close(self) -> None:
        """There is nothing to close."""
