"""Types of fields that several operations have."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, StrictBool

from mock_sei.rules.clock import EARLIEST, LATEST

MOST_LISTED = 1000
"""Entries of one answer with a list; another call gives what follows."""

YEARS = "^2(00[1-9]|0[1-9][0-9]|[1-8][0-9]{2}|9[0-8][0-9]|99[0-8])-"
"""The years of the clock as an ECMA regular expression."""


def _require_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _require_number(value: object) -> object:
    """A JSON number: neither true nor false, nor a text that looks like a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return value


Flag = StrictBool
"""``true`` or ``false``, and no text or number that stands for one."""
Number = Annotated[float, BeforeValidator(_require_number)]
Whole = Annotated[int, BeforeValidator(_require_number)]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_require_text),
    Field(
        json_schema_extra={"pattern": YEARS},
        examples=["2027-01-31T09:00:00Z"],
        description=f"a time with its zone, from {EARLIEST:%Y} on, before {LATEST:%Y}",
    ),
]
"""A time that the clock can be set to, as a text with its zone."""
Limit = Annotated[int, Field(ge=1, le=MOST_LISTED, examples=[100])]
"""How many entries an answer has at most."""
Start = Annotated[int, Field(ge=0, le=2**31, examples=[0])]
"""How many entries are passed over."""
Username = Annotated[str, Field(examples=["svc-demo"])]
AppKey = Annotated[str, Field(examples=["demo-server-key"])]
"""An AppKey, or the name of an application."""
SerialNumber = Annotated[str, Field(examples=["5f3c0a9b"])]
Passphrase = Annotated[str, Field(examples=["mock-sei"])]
Operation = Annotated[str, Field(examples=["GET /v2/investors"])]
