"""One difference between an answer of the real platform and that of the mock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class DifferenceKind(StrEnum):
    """What differs."""

    STATUS = "status"
    ALERT = "alert"
    HEADER = "header"
    ADDED = "member added"
    """The real platform has a member that the mock does not have."""
    MISSING = "member missing"
    """The mock has a member that the real platform does not have."""
    TYPE = "type"
    VALUE = "value"
    PAGE = "page size"
    """Both have a further page, and this one has another number of records."""
    MEDIA_TYPE = "media type"


@dataclass(frozen=True, kw_only=True)
class AnswerDifference:
    """One difference."""

    kind: DifferenceKind
    where: str = ""
    """A JSON pointer, ``*`` for any item of an array; of a header its name."""
    theirs: Any = None
    """Of the real platform."""
    ours: Any = None
    """Of the mock."""

    @property
    def sentence(self) -> str:
        """What differs, without values."""
        return f"{self.kind} {self.where}".rstrip()


LONGEST_SHOWN = 200


def shown(value: object) -> str:
    """A value as a report shows it: one line, not too long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "an array"
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
