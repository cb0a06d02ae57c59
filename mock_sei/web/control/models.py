"""The bodies of calls and answers that more than one room of the control API knows."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A body; a field it does not know is a mistake and is told."""

    model_config = ConfigDict(extra="forbid")


Username = str
Passphrase = Annotated[str, Query(min_length=1, description="of an encrypted file")]
