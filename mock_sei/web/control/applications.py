"""Applications: register, change, approve, refresh the keys of, delete."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Body, FastAPI

from mock_sei.portal.registration import FIELDS, Registration
from mock_sei.web.control.models import Here

Changes = Annotated[dict[str, Any], Body(description=f"some of {', '.join(FIELDS)}")]


def add_application_calls(app: FastAPI) -> None:
    """``{app_key}`` may be the application's name as well."""

    @app.get("/applications", summary="Every application")
    async def applications(sandbox: Here) -> list[dict[str, Any]]:
        return [asdict(each) for each in sandbox.state.registry.applications.values()]

    @app.post(
        "/applications", status_code=201, summary="Registers one; approved at once or waiting"
    )
    def register(sandbox: Here, body: Registration) -> dict[str, Any]:
        return asdict(sandbox.portal.register(asdict(body)))

    @app.get("/applications/{app_key}", summary="One application, by AppKey or name")
    async def application(sandbox: Here, app_key: str) -> dict[str, Any]:
        return asdict(sandbox.portal.require(app_key))

    @app.patch("/applications/{app_key}", summary=f"Changes some of {', '.join(FIELDS)}")
    def change(sandbox: Here, app_key: str, body: Changes) -> dict[str, Any]:
        return asdict(sandbox.portal.change(app_key, body))

    @app.delete("/applications/{app_key}", status_code=204, summary="Deletes it with all it has")
    def remove(sandbox: Here, app_key: str) -> None:
        sandbox.portal.remove(app_key)

    @app.post("/applications/{app_key}/approve", summary="Lets it in and mails what it needs")
    def approve(sandbox: Here, app_key: str) -> dict[str, Any]:
        return asdict(sandbox.portal.approve(app_key))

    @app.post("/applications/{app_key}/keys", summary="A new key pair; the old one is dead")
    def refresh_keys(sandbox: Here, app_key: str) -> dict[str, Any]:
        return asdict(sandbox.portal.refresh_keys(app_key))
