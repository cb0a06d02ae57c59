"""Trouble on purpose, scripted answers, and the server's own certificate."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI, HTTPException
from pydantic import Field

from mock_sei.bench.faults import EFFECTS, FIELDS
from mock_sei.bench.scripts import make_answer
from mock_sei.certificates.profiles import ServerVariant
from mock_sei.sandbox import Sandbox
from mock_sei.web.control.models import Model

_WHERE = [name for name in FIELDS if name not in EFFECTS]

FaultFields = Annotated[
    dict[str, Any],
    Body(description=f"where: {', '.join(_WHERE)}; what: {', '.join(EFFECTS)}"),
]


class Answer(Model):
    operation: str = Field(description="METHOD and path, such as GET /v2/investors")
    status: int = 200
    json_: Any = Field(default=None, alias="json", description="body, JSON")
    text: str | None = Field(default=None, description="body, text, instead of json")
    headers: dict[str, str] = Field(default_factory=dict)


class ServerCertificate(Model):
    variant: ServerVariant = Field(description="valid, or wrong in one way")


def add_fault_calls(app: FastAPI, sandbox: Sandbox) -> None:
    @app.get("/faults", summary="Armed faults, oldest first, with how often each was met")
    async def faults() -> list[dict[str, Any]]:
        return [each.to_json() for each in sandbox.faults.armed]

    @app.post("/faults", status_code=201, summary="Arms a fault")
    def arm(body: FaultFields) -> dict[str, Any]:
        return sandbox.arm_fault(body).to_json()

    @app.delete("/faults", status_code=204, summary="Removes every fault")
    async def clear() -> None:
        sandbox.faults.clear()

    @app.delete("/faults/{identifier}", status_code=204, summary="Removes one fault")
    async def remove(identifier: int) -> None:
        if not sandbox.faults.remove(identifier):
            raise HTTPException(404, f"no fault {identifier}")

    @app.post("/answers", status_code=201, summary="Scripts the answer to an operation's next call")
    async def enqueue(body: Answer) -> dict[str, int]:
        sandbox.scripts.enqueue(
            make_answer(
                body.operation,
                status=body.status,
                json_body=body.json_,
                text=body.text,
                headers=body.headers,
            )
        )
        return {"waiting": len(sandbox.scripts.waiting)}

    @app.put(
        "/server-certificate",
        status_code=204,
        summary="What both listeners show from the next connection on, until a reset",
    )
    def server_certificate(body: ServerCertificate) -> None:
        sandbox.set_server_certificate(body.variant)
