"""Service accounts and end users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mock_sei.errors import UnknownAccount
from mock_sei.operations.applications import page_of
from mock_sei.operations.kinds import MOST_LISTED, Limit, Username
from mock_sei.operations.requests import Fields, Request
from mock_sei.rules.records import Application, EndUser, ServiceAccount
from mock_sei.rules.tables import TablePage

if TYPE_CHECKING:
    from mock_sei.platform import Platform

Email = Annotated[str, Field(examples=["alice@example.com"])]


class ListAccounts(Request[TablePage[ServiceAccount]]):
    """The service accounts, in the order of registration.

    Raises :class:`~mock_sei.errors.UnknownAccount` where no account is called ``after``.
    """

    after: Annotated[str | None, Field(examples=["svc-demo"])] = None
    """Only the accounts that come after the one with this user name."""
    limit: Limit = MOST_LISTED
    """How many are listed at most."""

    def perform(self, platform: Platform) -> TablePage[ServiceAccount]:
        registry = platform.registry
        return page_of(registry.service_accounts, self.limit, self.after, registry.unknown_account)


class AccountOfApplication(Fields):
    """A service account, and whose it is."""

    username: Username
    """Its user name, which is the CN of its certificates."""
    password: Annotated[str, Field(examples=["svc-demo-password"])]
    """Its password."""
    application: Application
    """The application whose account it is."""


class FindAccount(Request[AccountOfApplication]):
    """One service account and its application.

    Raises :class:`~mock_sei.errors.UnknownAccount`.
    """

    username: Username
    """Its user name."""

    def perform(self, platform: Platform) -> AccountOfApplication:
        registry = platform.registry
        found = registry.require_account(self.username)
        application = registry.find_application_of(self.username)
        if application is None:
            raise UnknownAccount(f"no application has the service account {self.username}")
        return AccountOfApplication(
            username=found.username, password=found.password, application=application
        )


class ListUsers(Request[TablePage[EndUser]]):
    """The end users. Raises :class:`~mock_sei.errors.UnknownUser` where nobody has ``after``."""

    after: Annotated[str | None, Field(examples=["alice@example.com"])] = None
    """Only the users that come after the one with this e-mail address."""
    limit: Limit = MOST_LISTED
    """How many are listed at most."""

    def perform(self, platform: Platform) -> TablePage[EndUser]:
        registry = platform.registry
        return page_of(registry.end_users, self.limit, self.after, registry.unknown_user)


class FindUser(Request[EndUser]):
    """One end user. Raises :class:`~mock_sei.errors.UnknownUser`."""

    email: Email
    """The e-mail address, which is the user name."""

    def perform(self, platform: Platform) -> EndUser:
        return platform.registry.require_user(self.email)
