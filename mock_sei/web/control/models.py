"""What more than one room of the control API knows: whose call it is, the bodies of calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from mock_sei.sandbox import Sandbox
from mock_sei.web.exchange import CONTROL_KEY


async def _here(request: Request) -> Sandbox:
    sandbox: Sandbox = request.scope[CONTROL_KEY]
    return sandbox


Here = Annotated[Sandbox, Depends(_here)]
"""The sandbox behind the listener that was called; its door put it into the scope."""


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
Passphrase = Annotated[str, Query(min_length=1, description="of an encrypted file")]
