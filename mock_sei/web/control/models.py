"""What more than one room of the control API knows: whose call it is, the bodies of calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
)

from mock_sei.platform import Platform
from mock_sei.rules.clock import EARLIEST, LATEST
from mock_sei.web.exchange import CONTROL_KEY


async def _here(request: Request) -> Platform:
    platform: Platform = request.scope[CONTROL_KEY]
    return platform


YEARS = "^2(00[1-9]|0[1-9][0-9]|[1-8][0-9]{2}|9[0-8][0-9]|99[0-8])-"
"""The clock's years in ECMA's regular expressions, for who makes calls from the document."""

Here = Annotated[Platform, Depends(_here)]
"""The platform behind the listener that was called; its door put it into the scope."""


def _is_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    return value


def _is_number(value: object) -> object:
    """JSON's: neither true or false, nor a text that looks like a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return value


Flag = StrictBool
"""``true`` or ``false``, and not what could be read as one of them."""
Number = Annotated[float, BeforeValidator(_is_number)]
Whole = Annotated[int, BeforeValidator(_is_number)]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_is_text),
    Field(
        description=f"from {EARLIEST:%Y} on, before {LATEST:%Y}",
        json_schema_extra={"pattern": YEARS},
    ),
]
"""A time that the clock can be set to, as a text with its zone."""


class Model(BaseModel):
    """A body; a field it does not know is a mistake and is told."""

    model_config = ConfigDict(extra="forbid")


MOST_LISTED = 1000
"""Entries of one answer with a list; what is beyond comes with another call."""

Limit = Annotated[int, Query(ge=1, le=MOST_LISTED, description="how many are told at most")]

COUNT = "X-Total-Count"
EARLIER = "X-Earlier-Count"


def tell_counts(answer: Response, *, count: int, earlier: int) -> None:
    """How many entries a list has in all, and how many stand before the first one told."""
    answer.headers[COUNT] = str(count)
    answer.headers[EARLIER] = str(earlier)


Username = str
Passphrase = Annotated[
    str, Query(description="of an encrypted file; empty for a file that anybody can open")
]
