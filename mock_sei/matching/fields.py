"""Keywords that say which requests are meant, for editors and type checkers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

PartValue = str | int | float | bool | re.Pattern[str] | Mapping[str, str] | None
"""A value that is looked for in a query or in headers. None: it is not there."""
PartValues = Mapping[str, PartValue | Sequence[PartValue]]
"""Names with the values that they have, possibly among others."""
BodyValue = str | bytes | re.Pattern[str] | Mapping[str, str]
"""A whole body."""


class RequestFields(TypedDict, total=False):
    """Which requests are meant, by what the client sent."""

    query: PartValues | None
    """Parameters that the query has: ``{"cursor": "abc"}``."""
    headers: PartValues | None
    """Headers that it has, by names in upper or lower case."""
    json: Any
    """A part of its JSON body: members that are there."""
    body: BodyValue | None
    """The whole body."""
