"""Faults of users' documents with their consequences, in the words of the log and of the
command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_sei.errors import ConfigurationError

if TYPE_CHECKING:
    from mock_sei.apis.reading import LeftOut

WHOLE = "the whole file is left out"

_MOST_NAMED = 3
"""How many operations a sentence names."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """A fault in a document, and what cannot be called because of it."""

    error: ConfigurationError
    operations: Sequence[str] = ()
    """The operations that cannot be called, each written as ``GET /v1/orders``."""
    is_whole: bool = False
    """True if the whole file is not read."""

    @property
    def consequence(self) -> str:
        """The consequence in words, such as ``GET /a and GET /b are left out``."""
        if self.is_whole:
            return WHOLE
        named = self.operations[:_MOST_NAMED]
        if not named:
            return "no operation is left out"
        more = len(self.operations) - len(named)
        if more:
            return f"{', '.join(named)} and {more} more operations are left out"
        *first, last = named
        return f"{', '.join(first)} and {last} are left out" if first else f"{last} is left out"

    @property
    def sentence(self) -> str:
        """One line with file, place, value, problem and consequence."""
        return f"{self.error}; {self.consequence}"


def costs_of(errors: Iterable[ConfigurationError], left_out: Iterable[LeftOut]) -> list[Cost]:
    """The faults of one document, each with its consequence."""
    names: dict[str, dict[str, None]] = {}
    for each in left_out:
        for reason in each.reasons:
            names.setdefault(str(reason), {})[each.written_name] = None
    return [Cost(error=each, operations=tuple(names.get(str(each), ()))) for each in errors]
