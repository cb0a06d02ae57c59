"""What a test does to the platform: reset, clock, journal, signing keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Body, FastAPI, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from mock_sei.errors import one_line
from mock_sei.journal.journal import Told, numbered
from mock_sei.journal.search import Wanted
from mock_sei.platform import LONGEST_NAME, Platform
from mock_sei.web.control.models import Flag, Here, Model, Moment, Number
from mock_sei.web.heads import only_looks

PIECE = 64 * 1024
"""Characters of an answer that are written together."""


class ClockState(Model):
    now: AwareDatetime
    frozen: bool
    is_machine: bool = Field(description="whether it is the machine's clock, not moved or stopped")


class ClockChange(Model):
    now: Moment | None = Field(None, description="moves the clock there")
    frozen: Flag | None = Field(None, description="stops the clock or lets it run on")


class ClockAdvance(Model):
    seconds: Number = Field(ge=0, le=timedelta(days=365_000).total_seconds())


class JournalQuery(Model):
    """What is left out matches everything."""

    after: int = Field(default=0, description="only entries with a higher number")
    limit: int | None = Field(default=None, ge=1, description="only the newest so many")
    operation: str | None = Field(default=None, description="METHOD and path; * for anything")
    status: int | None = None
    kind: Literal["exchange", "handshake"] | None = None
    listener: str | None = None
    application: str | None = Field(
        default=None,
        description="what concerns one, by name, AppKey or service account: its exchanges, and "
        "the handshakes of its certificate",
    )
    service_account: str | None = None
    refused_by: str | None = Field(default=None, description="name of the check")


class VerdictNow(Model):
    bugs: list[str] = Field(
        description="tracebacks of mock-sei's own failures, and what the machine lacked"
    )
    unmet_faults: list[str] = Field(description="required faults that nobody met")
    unscripted_calls: list[str] = Field(description="calls that wanted a script in strict mode")


class ResetChanges(BaseModel):
    """Behaviour until the next reset; the keywords of the pytest marker."""

    model_config = ConfigDict(extra="allow")


def add_bench_calls(app: FastAPI) -> None:
    @app.post("/reset", status_code=204, summary="Back to the state as seeded")
    async def reset(
        platform: Here,
        body: Annotated[ResetChanges | None, Body()] = None,
        by: Annotated[
            str | None, Query(max_length=LONGEST_NAME, description="name of the test that resets")
        ] = None,
    ) -> None:
        platform.reset(body.model_extra if body else None, by=None if by is None else one_line(by))

    @app.get("/clock", summary="The platform's time")
    async def clock(platform: Here) -> ClockState:
        return _clock_state(platform)

    @app.put("/clock", summary="Sets, stops or starts the clock")
    async def set_clock(platform: Here, body: ClockChange) -> ClockState:
        platform.set_clock(now=body.now, frozen=body.frozen)
        return _clock_state(platform)

    @app.post("/clock/advance", summary="Moves the clock forward")
    async def advance_clock(platform: Here, body: ClockAdvance) -> ClockState:
        platform.advance_clock(body.seconds)
        return _clock_state(platform)

    @app.delete("/clock", status_code=204, summary="Back to the machine's time")
    async def reset_clock(platform: Here) -> None:
        platform.reset_clock()

    @app.get("/check", summary="What speaks against the test that ran since the reset")
    async def check(platform: Here, request: Request) -> VerdictNow:
        verdict = platform.verdict(reported=not only_looks(request.scope))
        return VerdictNow(**asdict(verdict))

    # In a thread, piece by piece: a full journal takes seconds, and others are answered meanwhile.
    @app.get("/journal", summary="Exchanges and failed handshakes, oldest first")
    def journal(platform: Here, wanted: Annotated[JournalQuery, Query()]) -> Response:
        name = wanted.application
        told = platform.journal.tell(
            Wanted(**wanted.model_dump(exclude={"after", "limit", "application"})),
            wanted.after,
            of=None if name is None else platform.registry.require_application(name),
            limit=wanted.limit,
        )
        return StreamingResponse(_written(told), media_type="application/json")

    @app.delete("/journal", status_code=204, summary="Clears the journal")
    async def clear_journal(platform: Here) -> None:
        platform.clear_journal()


def add_signing_key_calls(app: FastAPI) -> None:
    @app.post("/signing-keys/rotate", status_code=201, summary="A new key signs tokens")
    async def rotate_signing_key(platform: Here) -> dict[str, str]:
        return {"kid": platform.rotate_signing_key()}

    @app.delete("/signing-keys/{kid}", status_code=204, summary="Retires a key that signs no more")
    async def retire_signing_key(platform: Here, kid: str) -> None:
        platform.retire_signing_key(kid)


def _written(told: Told) -> Iterator[str]:
    """The text of ``told.to_json()``, in pieces of about :data:`PIECE`."""
    piece = '{"entries":['
    for index, (number, entry) in enumerate(told.entries):
        piece += "," if index else ""
        piece += json.dumps(numbered(number, entry), separators=(",", ":"))
        if len(piece) >= PIECE:
            yield piece
            piece = ""
    yield f'{piece}],"dropped":{told.dropped},"last":{told.last}}}'


def _clock_state(platform: Platform) -> ClockState:
    clock = platform.clock
    return ClockState(now=clock.now(), frozen=clock.frozen, is_machine=clock.is_machine)
