"""Applications: register, change, approve, refresh the keys of, delete; accounts and users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from fastapi import Body, FastAPI, Query, Response
from pydantic import Field
from starlette.responses import JSONResponse

from mock_sei.errors import UnknownAccount
from mock_sei.portal.registration import FIELDS, Registration
from mock_sei.rules.tables import OrderedTable, TablePage
from mock_sei.web.control.models import MOST_LISTED, Here, Limit, Model, Username, tell_counts

R = TypeVar("R")

After = Annotated[str | None, Query(description="an AppKey")]
Changes = Annotated[dict[str, Any], Body(description=f"some of {', '.join(FIELDS)}")]


class KnownAccount(Model):
    username: str
    password: str
    application: dict[str, Any] = Field(description="the application whose account it is")


class KnownUser(Model):
    email: str
    password: str


def add_application_calls(app: FastAPI) -> None:
    """``{app_key}`` may be the application's name as well."""

    @app.get(
        "/applications",
        response_model=list[dict[str, Any]],
        summary="The applications, in the order of registration",
    )
    def applications(
        platform: Here, after: After = None, limit: Limit = MOST_LISTED
    ) -> JSONResponse:
        """The first ones; with `after` the first ones that come after that AppKey.

        The header `X-Total-Count` says how many there are, `X-Earlier-Count` how many stand before
        those of this answer.
        """
        registry = platform.registry
        page = _page(registry.applications, limit, after, registry.unknown_application)
        # Written here, in a thread: the framework would do it on the loop, and take it apart first.
        answer = JSONResponse([each.as_dict() for each in page.records])
        tell_counts(answer, count=page.count, earlier=page.earlier)
        return answer

    @app.post(
        "/applications", status_code=201, summary="Registers one; approved at once or waiting"
    )
    def register(platform: Here, body: Registration) -> dict[str, Any]:
        return asdict(platform.portal.register(asdict(body)))

    @app.get("/applications/{app_key}", summary="One application, by AppKey or name")
    async def application(platform: Here, app_key: str) -> dict[str, Any]:
        return asdict(platform.portal.require(app_key))

    @app.patch("/applications/{app_key}", summary=f"Changes some of {', '.join(FIELDS)}")
    def change(platform: Here, app_key: str, body: Changes) -> dict[str, Any]:
        return asdict(platform.portal.change(app_key, body))

    @app.delete("/applications/{app_key}", status_code=204, summary="Deletes it with all it has")
    def remove(platform: Here, app_key: str) -> None:
        platform.portal.remove(app_key)

    @app.post("/applications/{app_key}/approve", summary="Lets it in and mails what it needs")
    def approve(platform: Here, app_key: str) -> dict[str, Any]:
        return asdict(platform.portal.approve(app_key))

    @app.post("/applications/{app_key}/keys", summary="A new key pair; the old one is dead")
    def refresh_keys(platform: Here, app_key: str) -> dict[str, Any]:
        return asdict(platform.portal.refresh_keys(app_key))


def add_account_calls(app: FastAPI) -> None:
    @app.get("/service-accounts", summary="The service accounts, in the order of registration")
    def accounts(
        platform: Here,
        answer: Response,
        after: Annotated[str | None, Query(description="a user name")] = None,
        limit: Limit = MOST_LISTED,
    ) -> list[dict[str, str]]:
        """The first ones; with `after` the first ones that come after that user name.

        The header `X-Total-Count` says how many there are, `X-Earlier-Count` how many stand before
        those of this answer.
        """
        registry = platform.registry
        page = _page(registry.service_accounts, limit, after, registry.unknown_account)
        tell_counts(answer, count=page.count, earlier=page.earlier)
        return [asdict(each) for each in page.records]

    @app.get("/service-accounts/{username}", summary="One service account and its application")
    async def account(platform: Here, username: Username) -> KnownAccount:
        registry = platform.registry
        found = registry.require_account(username)
        application = registry.find_application_of(username)
        if application is None:  # deleted in between
            raise UnknownAccount(f"the application of {username} was deleted just now")
        return KnownAccount(**asdict(found), application=asdict(application))

    @app.get("/end-users", summary="The end users")
    def users(
        platform: Here,
        answer: Response,
        after: Annotated[str | None, Query(description="an e-mail address")] = None,
        limit: Limit = MOST_LISTED,
    ) -> list[KnownUser]:
        """The first ones; with `after` the first ones that come after that e-mail address.

        The header `X-Total-Count` says how many there are, `X-Earlier-Count` how many stand before
        those of this answer.
        """
        registry = platform.registry
        page = _page(registry.end_users, limit, after, registry.unknown_user)
        tell_counts(answer, count=page.count, earlier=page.earlier)
        return [KnownUser(**asdict(each)) for each in page.records]

    @app.get("/end-users/{email}", summary="One end user")
    async def user(platform: Here, email: str) -> KnownUser:
        return KnownUser(**asdict(platform.registry.require_user(email)))


def _page(
    table: OrderedTable[R], limit: int, after: str | None, unknown: Callable[[str], Exception]
) -> TablePage[R]:
    """A part of a table. For a key that nobody has, raises what ``unknown`` makes of it."""
    try:
        return table.page(limit=limit, after=after)
    except KeyError:
        raise unknown(after or "") from None
