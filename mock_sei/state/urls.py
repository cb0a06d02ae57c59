"""Where a state is kept, as users write it: ``memory`` or ``sqlite:PATH``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mock_sei.errors import ConfigurationError
from mock_sei.values.paths import find_path_problem

MEMORY = "memory"
_SQLITE = "sqlite:"
_POSSIBLE = "write memory, or sqlite:PATH such as sqlite:state.db"


@dataclass(frozen=True, kw_only=True)
class StateUrl:
    """Where a state is kept."""

    path: Path | None = None
    """The SQLite file; None for the memory of one server."""

    def __str__(self) -> str:
        return MEMORY if self.path is None else f"{_SQLITE}{self.path}"


def read_state_url(text: str, *, source: object) -> StateUrl:
    """Raises :class:`ConfigurationError` that names the source and what is possible."""
    if text == MEMORY:
        return StateUrl()
    problem = _find_problem(text)
    if problem is not None:
        raise ConfigurationError(problem, source=source, value=_without_password(text))
    return StateUrl(path=Path(text.removeprefix(_SQLITE)))


def _find_problem(text: str) -> str | None:
    kind, colon, rest = text.partition(":")
    if kind in ("redis", "rediss"):
        return "this version of mock-sei keeps states in memory and in SQLite files, not in Redis"
    if kind != "sqlite" or not colon:
        return f"no place for a state; {_POSSIBLE}"
    if not rest or rest == ":memory:":
        return f"a file is missing; {_POSSIBLE}"
    if rest.startswith("//"):
        return "the path begins after the colon: sqlite:state.db, or sqlite:/var/lib/state.db"
    return find_path_problem(Path(rest))


def _without_password(text: str) -> str:
    """A Redis address may have a password before the ``@``."""
    before, at, rest = text.rpartition("@")
    return f"{before.partition(':')[0]}:***@{rest}" if at else text
