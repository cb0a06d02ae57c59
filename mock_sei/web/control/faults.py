"""Trouble on purpose, scripted answers, and the server's own certificate."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException, Query
from pydantic import Field, WithJsonSchema

from mock_sei.certificates.profiles import ServerVariant
from mock_sei.faults.faults import EFFECTS, FIELDS, fault_schema
from mock_sei.faults.scripts import MOST_UNSCRIPTED
from mock_sei.web.control.models import Flag, Here, Model, Whole

MOST_SHOWN = 1000
"""Faults or scripted answers of one list."""

Limit = Annotated[int, Query(ge=1, le=MOST_SHOWN)]

_WHERE = [name for name in FIELDS if name not in EFFECTS]

FaultFields = Annotated[
    dict[str, Any],
    Body(description=f"where: {', '.join(_WHERE)}; what: {', '.join(EFFECTS)}"),
    WithJsonSchema(fault_schema()),
]


class Answer(Model):
    operation: str = Field(description="METHOD and path, such as GET /v2/investors")
    application: str | None = Field(default=None, description="only this application's call")
    status: Whole = 200
    json_: Any = Field(default=None, alias="json", description="body, JSON")
    text: str | None = Field(default=None, description="body, text, instead of json")
    headers: dict[str, str] = Field(default_factory=dict)


class Scripted(Model):
    strict: bool = Field(description="whether a call without a script fails the test")
    waiting: list[str] = Field(
        description="operations whose next call is scripted, oldest first, from start on"
    )
    unscripted: list[str] = Field(
        description=f"calls that wanted a script in strict mode, the newest {MOST_UNSCRIPTED}"
    )


class Strictness(Model):
    strict: Flag


class ServerCertificate(Model):
    variant: ServerVariant = Field(description="valid, or wrong in one way")


def add_fault_calls(app: FastAPI) -> None:
    @app.get("/faults", summary="Armed faults, oldest first, with how often each was met")
    def faults(
        platform: Here,
        limit: Limit = MOST_SHOWN,
        after: Annotated[int, Query(ge=0, description="id of the last one seen")] = 0,
    ) -> list[dict[str, Any]]:
        return [each.to_json() for each in platform.faults.page(after=after, limit=limit)]

    @app.post("/faults", status_code=201, summary="Arms a fault")
    def arm(platform: Here, body: FaultFields) -> dict[str, Any]:
        return platform.arm_fault(body).to_json()

    @app.get("/faults/{identifier}", summary="One fault, with how often it was met")
    async def fault(platform: Here, identifier: int) -> dict[str, Any]:
        found = platform.faults.find(identifier)
        if found is None:
            raise HTTPException(404, f"no fault {identifier}")
        return found.to_json()

    @app.delete("/faults", status_code=204, summary="Removes every fault")
    async def clear(platform: Here) -> None:
        platform.faults.clear()

    @app.delete("/faults/{identifier}", status_code=204, summary="Removes one fault")
    async def remove(platform: Here, identifier: int) -> None:
        if not platform.faults.remove(identifier):
            raise HTTPException(404, f"no fault {identifier}")

    @app.post("/answers", status_code=201, summary="Scripts the answer to an operation's next call")
    def enqueue(platform: Here, body: Answer) -> dict[str, int]:
        platform.enqueue(
            body.operation,
            application=body.application,
            status=body.status,
            json=body.json_,
            text=body.text,
            headers=body.headers,
        )
        return {"waiting": len(platform.scripts)}

    @app.get("/answers", summary="What is scripted, and the calls that wanted a script")
    def scripted(
        platform: Here, limit: Limit = MOST_SHOWN, start: Annotated[int, Query(ge=0, le=2**31)] = 0
    ) -> Scripted:
        scripts = platform.scripts
        return Scripted(
            strict=scripts.strict,
            waiting=[each.operation for each in scripts.page(start=start, limit=limit)],
            unscripted=scripts.unscripted,
        )

    @app.put(
        "/answers/strict",
        status_code=204,
        summary="Whether a functional call without a script fails the test, until a reset",
    )
    async def only_scripted(platform: Here, body: Strictness) -> None:
        platform.only_scripted(strict=body.strict)

    @app.put(
        "/server-certificate",
        status_code=204,
        summary="What both listeners show from the next connection on, until a reset",
    )
    def server_certificate(platform: Here, body: ServerCertificate) -> None:
        platform.set_server_certificate(body.variant)
