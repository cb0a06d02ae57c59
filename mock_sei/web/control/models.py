"""What more than one room of the control API knows: whose call it is, the bodies of calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
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


Username = str
Passphrase = Annotated[str, Query(min_length=1, description="of an encrypted file")]
