"""Which entries of the journal a test means, and what it says where they are not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Protocol

from mock_sei.bench.targets import Target

NEAREST = 3
"""Recorded exchanges that a failed assertion shows."""


class Searched(Protocol):
    """What an entry is searched by."""

    @property
    def kind(self) -> str: ...
    @property
    def listener(self) -> Any: ...
    @property
    def application(self) -> str | None: ...
    @property
    def service_account(self) -> str | None: ...
    @property
    def refused_by(self) -> str | None: ...
    @property
    def operation(self) -> str | None: ...
    @property
    def status(self) -> int | None: ...


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is left out matches everything."""

    operation: str | None = None
    """``METHOD /path``; ``{name}`` stands for a segment, ``*`` for anything."""
    status: int | None = None
    kind: str | None = None
    """``exchange`` or ``handshake``."""
    listener: str | None = None
    application: str | None = None
    service_account: str | None = None
    refused_by: str | None = None
    """Name of the check that refused."""

    def fits(self, entry: Searched) -> bool:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is None or each.name == "operation":
                continue
            if getattr(entry, each.name) != value:
                return False
        if self.operation is None:
            return True
        return entry.operation is not None and self._target.matches(entry.operation)

    @cached_property
    def _target(self) -> Target:
        """Read once for all entries."""
        return Target(operation=self.operation)

    def __str__(self) -> str:
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return ", ".join(f"{name}={value}" for name, value in shown.items() if value is not None)


def explain_absence(
    wanted: Wanted, times: int | None, found: int, entries: Sequence[Searched]
) -> str:
    """The sentence of a failed assertion, with the recorded exchanges that are most like it."""
    expected = "at least one" if times is None else f"{times}"
    lines = [f"expected {expected} of: {wanted or 'anything'}", f"recorded: {found}"]
    if not entries:
        return "\n".join([*lines, "the journal is empty: the server saw no request"])
    if found and times is not None:
        nearest: Iterable[Searched] = [each for each in entries if wanted.fits(each)][-NEAREST:]
        lines.append("the last of them:")
    else:
        texts = [f"{each.operation or each.kind} {each.status or ''}" for each in entries]
        asked = f"{wanted.operation or wanted.kind or ''} {wanted.status or ''}"
        chosen = difflib.get_close_matches(asked, texts, n=NEAREST, cutoff=0.0)
        nearest = [
            entries[len(texts) - 1 - texts[::-1].index(text)] for text in dict.fromkeys(chosen)
        ]
        lines.append("the nearest recorded:")
    return "\n".join([*lines, *(f"  {each}" for each in nearest)])
