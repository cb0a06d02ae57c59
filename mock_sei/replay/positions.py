"""How many answers of each recorded call were used: part of the state, which a reset replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_sei.rules.stored import Stored, Table

if TYPE_CHECKING:
    from mock_sei.replay.answers import RecordedAnswer
    from mock_sei.replay.recorded_calls import RecordedCall


class ReplayPositions:
    """The place in the answers of each recorded call."""

    def __init__(self, stored: Stored | None = None) -> None:
        self._used: Table[int] = Table(Stored() if stored is None else stored, "replay/positions")

    def take(self, call: RecordedCall) -> RecordedAnswer:
        """The next answer of a call. The last one stays."""
        used = self._used.get(call.key, 0)
        if used < len(call.answers) - 1:
            self._used[call.key] = used + 1
        return call.answers[used]

    def foresee(self, call: RecordedCall) -> RecordedAnswer:
        """The answer that :meth:`take` would give."""
        return call.answers[self._used.get(call.key, 0)]
