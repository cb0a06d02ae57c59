"""The journal: every exchange, and every handshake that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from mock_sei.journal.entries import Entry
from mock_sei.journal.journal import Told
from mock_sei.journal.search import NEAREST, Wanted, explain_absence, nearest_to
from mock_sei.operations.kinds import Operation
from mock_sei.operations.requests import Fields, Request
from mock_sei.rules.standards import Listener

if TYPE_CHECKING:
    from mock_sei.platform import Platform


class WantedEntries(Fields):
    """Which entries are meant: what is left out matches every entry."""

    operation: Operation | None = None
    """Method and path; ``{name}`` stands for one segment, ``*`` for any characters."""
    status: Annotated[int | None, Field(examples=[200])] = None
    """The status of the answer."""
    kind: Annotated[Literal["exchange", "handshake"] | None, Field(examples=["exchange"])] = None
    """An exchange, or a handshake that failed."""
    listener: Annotated[Listener | None, Field(examples=["two-way"])] = None
    """The listener that was called."""
    application: Annotated[str | None, Field(examples=["demo-server"])] = None
    """What concerns one application, by name, AppKey or service account: its exchanges, and the
    handshakes of its certificate."""
    service_account: Annotated[str | None, Field(examples=["svc-demo"])] = None
    """The service account that the exchange stands on."""
    refused_by: Annotated[str | None, Field(examples=["certificate name"])] = None
    """The name of the check that refused."""

    def wanted(self) -> Wanted:
        """What is looked for in the fields of an entry; the application is looked up apart."""
        return Wanted(
            operation=self.operation,
            status=self.status,
            kind=self.kind,
            listener=self.listener,
            service_account=self.service_account,
            refused_by=self.refused_by,
        )

    def find(self, platform: Platform, *, after: int = 0, limit: int | None = None) -> Told:
        """Raises :class:`~mock_sei.errors.UnknownApplication`."""
        of = self.application and platform.registry.require_application(self.application)
        return platform.journal.tell(self.wanted(), after, of=of or None, limit=limit)


class ReadJournal(WantedEntries, Request[Told]):
    """The entries of the journal, oldest first: exchanges, and handshakes that failed."""

    knows_its_query = True
    after: Annotated[int, Field(examples=[0])] = 0
    """Only entries with a higher number are given."""
    limit: Annotated[int | None, Field(ge=1, examples=[100])] = None
    """How many entries are given at most: the newest ones."""

    def perform(self, platform: Platform) -> Told:
        return self.find(platform, after=self.after, limit=self.limit)


class SearchJournal(ReadJournal):
    """The entries that fit, oldest first, as ``GET /journal`` gives them."""


class Verification(Fields):
    """Whether the journal has as many entries as were expected."""

    found: Annotated[int, Field(examples=[1])]
    """How many entries fit."""
    problem: Annotated[str | None, Field(examples=[None])] = None
    """Why the expectation is not met, with the nearest entries, as text."""
    nearest: Annotated[list[Any], Field(examples=[[]])] = []  # noqa: RUF012  # nobody changes it
    """The recorded exchanges that are most like the expected ones."""


class VerifyJournal(WantedEntries, Request[Verification]):
    """Checks that calls were made: 200, or 409 with the nearest recorded exchanges."""

    times: Annotated[int | None, Field(ge=0, examples=[1])] = None
    """How many entries must fit: 0 means that there is none; left out, at least one."""

    def perform(self, platform: Platform) -> Verification:
        wanted = self.wanted()
        found = [each for _, each in self.find(platform).entries]
        if len(found) == self.times or (self.times is None and found):
            return Verification(found=len(found))
        entries: list[Entry] = platform.journal.entries
        nearest = found[-NEAREST:] if found else nearest_to(wanted, entries)
        return Verification(
            found=len(found),
            problem=explain_absence(wanted, self.times, len(found), entries),
            nearest=nearest,
        )


class ClearJournal(Request[None]):
    """Removes every entry."""

    def perform(self, platform: Platform) -> None:
        with platform.before_reset() as is_now:
            if is_now:
                platform.journal.clear()
