"""A request of a probe as a value, and what a probe reads of its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from mock_sei.recordings.exchanges import Listener, RecordedHeaders, values_of

Pairs = tuple[tuple[str, str], ...]


class ProbeIdentity(StrEnum):
    """Which client certificate a request shows."""

    OWN = "own"
    NONE = "none"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class ProbeAsk:
    """One request of a probe."""

    method: str
    path: str
    query: Pairs = ()
    headers: Pairs = ()
    """Without ``Host`` and ``Content-Length``."""
    body: bytes = field(default=b"", repr=False)
    listener: Listener
    identity: ProbeIdentity = ProbeIdentity.OWN
    wait: timedelta = timedelta(0)
    """Passes before the request is sent."""
    is_cut: bool = False
    """Only a part of the head is sent, and the connection stays open."""
    patience: timedelta | None = None
    """How long the answer may take, if that is longer than usual."""

    @property
    def target(self) -> str:
        """Path and query as they are sent."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True, kw_only=True)
class ProbeAnswer:
    """The answer to a request of a probe."""

    status: int = 0
    """0 if none came."""
    headers: RecordedHeaders = ()
    body: bytes = field(default=b"", repr=False)
    is_imagined: bool = False
    """True in a dry run: each value that a probe needs is there, as the name of a placeholder."""

    @property
    def json(self) -> Any:
        """The body as a JSON value; None if it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def find_text(self, *path: str) -> str | None:
        """A text or number in the JSON of the body, such as ``paging``, ``next``."""
        if self.is_imagined:
            return placeholder(path[-1])
        value = self.json
        for each in path:
            value = value.get(each) if isinstance(value, dict) else None
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return str(value) or None

    def find_header(self, name: str) -> str | None:
        """The first value of a header."""
        if self.is_imagined:
            return placeholder(name.lower())
        return next(values_of(self.headers, name), None)


Steps = Generator[ProbeAsk, ProbeAnswer, None]
"""The requests of a probe, one after another; each gets its answer before the next one is made."""


def placeholder(name: str) -> str:
    """What a dry run shows in place of a value: ``{{token}}``."""
    return f"{{{{{re.sub('[^a-z]+', '-', name.lower()).strip('-')}}}}}"
