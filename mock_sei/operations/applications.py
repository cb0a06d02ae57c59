"""Applications, as the portal's pages register, change, approve and delete them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote

from pydantic import Field

from mock_sei.errors import Rejected
from mock_sei.operations.kinds import MOST_LISTED, AppKey, Limit
from mock_sei.operations.requests import Fields, Place, Request, WholeBody
from mock_sei.portal.registration import Registration, read_registration
from mock_sei.rules.records import Application, CertificateSource
from mock_sei.rules.tables import OrderedTable, TablePage

if TYPE_CHECKING:
    from mock_sei.platform import Platform

R = TypeVar("R")


def page_of(
    table: OrderedTable[R], limit: int, after: str | None, unknown: Callable[[str], Exception]
) -> TablePage[R]:
    """A part of a table. Raises what ``unknown`` makes of a key that no record has."""
    try:
        return table.page(limit=limit, after=after)
    except KeyError:
        raise unknown(after or "") from None


class ListApplications(Request[TablePage[Application]]):
    """The applications, in the order of registration.

    Raises :class:`~mock_sei.errors.UnknownApplication` where no application has ``after``.
    """

    after: Annotated[str | None, Field(examples=["demo-server-key"])] = None
    """Only the applications that come after the one with this AppKey."""
    limit: Limit = MOST_LISTED
    """How many are listed at most."""

    def perform(self, platform: Platform) -> TablePage[Application]:
        registry = platform.registry
        return page_of(registry.applications, self.limit, self.after, registry.unknown_application)


class RegisteredApplication(Fields):
    """An application that was registered, and what its client needs."""

    application: Application
    password: str | None
    """Of its service account; None of an application without one."""
    certificate_files: list[str]
    """Addresses of the files of its certificate; none where the client brings its own."""

    def to_json(self) -> dict[str, Any]:
        more = {"password": self.password, "certificate_files": self.certificate_files}
        return asdict(self.application) | more


def registration_schema() -> dict[str, Any]:
    """The JSON Schema of the form."""
    from mock_sei.operations.schemas import schema_of

    return schema_of(Registration)


def changes_schema() -> dict[str, Any]:
    """The JSON Schema of some fields of the form."""
    schema = registration_schema()
    del schema["required"]
    return schema


class RegisterApplication(Request[RegisteredApplication]):
    """Registers an application. The setting ``approval`` says whether it is approved at once.

    Raises :class:`~mock_sei.errors.Rejected` naming every field at fault.
    """

    fields: Annotated[
        Mapping[str, Any],
        WholeBody(registration_schema),
        Field(examples=[{"name": "ledger", "type": "server-server", "actor": "server"}]),
    ]
    """The fields of the portal's form."""
    host: Annotated[str | None, Place.HOST] = None
    """The name by which the caller reaches this machine."""

    def check(self) -> None:
        read_registration(self.fields)

    def perform(self, platform: Platform) -> RegisteredApplication:
        application = platform.portal.register(self.fields)
        account = platform.registry.service_accounts.get(application.service_account or "")
        files: list[str] = []
        if account is not None and application.certificate is CertificateSource.SEI:
            control = platform.addresses.seen_by(self.host).control
            here = f"{control}/service-accounts/{quote(account.username)}"
            files = [f"{here}/{each}" for each in ("certificate.crt", "privatekey.key")]
        return RegisteredApplication(
            application=application,
            password=None if account is None else account.password,
            certificate_files=files,
        )


class FindApplication(Request[Application]):
    """One application. Raises :class:`~mock_sei.errors.UnknownApplication`."""

    app_key: AppKey
    """Its AppKey, or its name."""

    def perform(self, platform: Platform) -> Application:
        return platform.portal.require(self.app_key)


_SOUND = {"name": "x", "type": "server-server", "actor": "server"}
"""The fields that every registration has."""


class ChangeApplication(Request[Application]):
    """Changes some fields of an application. Raises :class:`~mock_sei.errors.Rejected`."""

    app_key: AppKey
    """Its AppKey, or its name."""
    fields: Annotated[
        Mapping[str, Any],
        WholeBody(changes_schema),
        Field(examples=[{"source_addresses": ["203.0.113.7"]}]),
    ]
    """The fields that change. Type, actor, owner and ``own_data`` cannot."""

    def check(self) -> None:
        try:
            read_registration({**_SOUND, **self.fields})
        except Rejected as error:
            problems = {name: each for name, each in error.problems.items() if name in self.fields}
            if problems:
                raise Rejected(problems) from None

    def perform(self, platform: Platform) -> Application:
        return platform.portal.change(self.app_key, self.fields)


class RemoveApplication(Request[None]):
    """Deletes an application with its keys, account, tokens and certificates."""

    app_key: AppKey
    """Its AppKey, or its name."""

    def perform(self, platform: Platform) -> None:
        platform.portal.remove(self.app_key)


class ApproveApplication(Request[Application]):
    """Approves an application, and mails user name, password and certificate link."""

    app_key: AppKey
    """Its AppKey, or its name."""

    def perform(self, platform: Platform) -> Application:
        return platform.portal.approve(self.app_key)


class RefreshKeys(Request[Application]):
    """Gives an application a new key pair; the old one stops working at once."""

    app_key: AppKey
    """Its AppKey, or its name."""

    def perform(self, platform: Platform) -> Application:
        return platform.portal.refresh_keys(self.app_key)
