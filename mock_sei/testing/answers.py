"""``mock_sei.answers``: the scripted answers that ``enqueue`` set."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from mock_sei.errors import UnknownAnswer
from mock_sei.operations.kinds import MOST_LISTED
from mock_sei.operations.requests import Performer
from mock_sei.operations.scripts import (
    ClearAnswers,
    FindAnswer,
    ListedAnswer,
    RemoveAnswer,
    ShowScripts,
)
from mock_sei.rules.arguments import named_plainly_throughout
from mock_sei.testing.owners import Owner, name_of


@named_plainly_throughout
class EnqueuedAnswer:
    """One scripted answer that was set."""

    def __init__(self, performer: Performer, identifier: int, digest: str) -> None:
        self._performer = performer
        self._identifier = identifier
        self._digest = digest
        self._used = 0

    @property
    def used(self) -> int:
        """How many calls got the answer. After a reset, or when it was removed, the last number
        that was read."""
        self._find()
        return self._used

    def remove(self) -> None:
        """Removes the answer; does nothing where it is gone already."""
        if self._find():
            with contextlib.suppress(UnknownAnswer):  # somebody was quicker
                self._performer.perform(RemoveAnswer(identifier=self._identifier))

    def _find(self) -> bool:
        """Reads how many calls got it. False if it is gone, also after a reset, which gives its
        identifier to another answer."""
        try:
            found = self._performer.perform(FindAnswer(identifier=self._identifier))
        except UnknownAnswer:
            return False
        if found.digest != self._digest:
            return False
        self._used = found.used
        return True


@named_plainly_throughout
class Answers:
    """The scripted answers that wait for calls: ``len(mock_sei.answers)``."""

    def __init__(self, performer: Performer) -> None:
        self._performer = performer

    def clear(self) -> None:
        """Removes every scripted answer. States and counters stay until a reset."""
        self._performer.perform(ClearAnswers())

    def __len__(self) -> int:
        """How many answers wait."""
        return sum(1 for _ in self._listed())

    def __iter__(self) -> Iterator[EnqueuedAnswer]:
        """The answers that wait, the oldest first."""
        for each in list(self._listed()):
            yield EnqueuedAnswer(self._performer, each.id, each.digest)

    @property
    def states(self) -> dict[str, str]:
        """The states that the ``then`` of answers has set, with their values."""
        return dict(self._performer.perform(ShowScripts(limit=1)).states)

    def assert_used(self, *, application: Owner | None = None) -> None:
        """Raises ``AssertionError`` naming the answers that calls did not get as often as their
        ``times`` says; an answer until it is removed must have been used once.

        With ``application`` only its answers count.
        """
        asked = None if application is None else name_of(application)
        unused = [
            each
            for each in self._listed()
            if not each.is_used and asked in (None, each.application)
        ]
        if unused:
            raise AssertionError("not used:\n" + "\n".join(f"  {each}" for each in unused))

    def remove_of(self, applications: set[str]) -> None:
        """Removes the answers of some applications, by their names."""
        for each in list(self._listed()) if applications else ():
            if each.application in applications:
                EnqueuedAnswer(self._performer, each.id, each.digest).remove()

    def _listed(self) -> Iterator[ListedAnswer]:
        """Page by page."""
        after = 0
        while True:
            request = ShowScripts(after=after, limit=MOST_LISTED)
            page = self._performer.perform(request).answers
            yield from page
            if len(page) < MOST_LISTED:
                return
            after = page[-1].id
