"""``mock_sei.faults``: what goes wrong on purpose, until the next reset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mock_sei.errors import UnknownFault
from mock_sei.faults.faults import ArmedFault
from mock_sei.matching.parts import PARTS, plain_part
from mock_sei.operations.faults import AddFault, ClearFaults, FindFault, ListFaults, RemoveFault
from mock_sei.operations.kinds import MOST_LISTED
from mock_sei.operations.requests import Performer
from mock_sei.rules.arguments import named_plainly_throughout
from mock_sei.testing.owners import Owner, name_of

if TYPE_CHECKING:
    from typing import Unpack

    from mock_sei.testing.inputs import FaultFields


@named_plainly_throughout
class Fault:
    """One fault that was added."""

    def __init__(self, performer: Performer, armed: ArmedFault) -> None:
        self._performer = performer
        self._armed = armed

    @property
    def met(self) -> int:
        """How often the fault happened. After a reset, or when it was removed, the last number
        that was read."""
        found = self._find()
        if found is not None:
            self._armed = found
        return self._armed.met

    def remove(self) -> None:
        """Removes the fault; does nothing where it is gone already."""
        if self._find() is not None:
            try:
                self._performer.perform(RemoveFault(identifier=self._armed.identifier))
            except UnknownFault:  # somebody was quicker
                return

    def _find(self) -> ArmedFault | None:
        """None after a reset too, which gives the number to another fault."""
        try:
            found = self._performer.perform(FindFault(identifier=self._armed.identifier))
        except UnknownFault:
            return None
        return found if found.fault == self._armed.fault else None


@named_plainly_throughout
class Faults:
    """The faults of the platform: ``faults.add("GET /v2/investors", status=503, times=2)``."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    def add(
        self,
        operation: str | None = None,
        *,
        application: Owner | None = None,
        **fields: Unpack[FaultFields],
    ) -> Fault:
        """Adds a fault: ``faults.add("GET /v2/investors", status=503, times=2)``.

        Without ``operation`` every call meets it; with ``application`` only the calls of that
        application; with ``query``, ``headers``, ``json`` or ``body`` only the calls that have
        these: ``query={"cursor": re.compile(".+")}``. Raises
        :class:`~mock_sei.errors.Rejected` naming every field that is wrong.
        """
        where: dict[str, Any] = {} if operation is None else {"operation": operation}
        if application is not None:
            where["application"] = name_of(application)
        given = where | fields
        parts = {name: plain_part(given[name]) for name in PARTS if name in given}
        return Fault(self._performer, self._performer.perform(AddFault(fields=given | parts)))

    def remove(self, identifier: int) -> None:
        """Removes one fault, by the number that ``mock-sei faults list`` and the portal show.

        Raises :class:`~mock_sei.errors.UnknownFault`.
        """
        self._performer.perform(RemoveFault(identifier=identifier))

    def clear(self) -> None:
        """Removes every fault."""
        self._performer.perform(ClearFaults())

    def __len__(self) -> int:
        """How many faults can still happen."""
        return sum(not each.is_over for each in self._armed())

    def assert_met(self, *, application: Owner | None = None) -> None:
        """Raises ``AssertionError`` naming the faults that nobody met.

        With ``application`` only its faults count.
        """
        asked = None if application is None else name_of(application)
        unmet = [
            each.fault
            for each in self._armed()
            if not each.met and asked in (None, each.fault.application)
        ]
        if unmet:
            lines = [f"  {each.target}: {each}" for each in unmet]
            raise AssertionError("never met:\n" + "\n".join(lines))

    def remove_of(self, applications: set[str]) -> None:
        """Removes the faults of some applications, by their names."""
        for each in self._armed() if applications else ():
            if each.fault.application in applications:
                Fault(self._performer, each).remove()

    def _armed(self) -> Iterator[ArmedFault]:
        """Page by page."""
        after = 0
        while True:
            page = self._performer.perform(ListFaults(after=after, limit=MOST_LISTED))
            yield from page
            if len(page) < MOST_LISTED:
                return
            after = page[-1].identifier
