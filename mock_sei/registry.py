"""Who the platform knows: applications, their service accounts, end users, and that they fit.

A platform's own copy can be changed while it runs. A change puts a whole new dictionary in place of
the old one, so that whoever is reading one is never disturbed. Where the records come from is
``fixtures.py``'s business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mock_sei.errors import UnknownAccount, UnknownApplication
from mock_sei.records import (
    ACCOUNT_NAME_RULE,
    Application,
    EndUser,
    RegistryError,
    ServiceAccount,
    is_account_name,
)
from mock_sei.secret_index import SecretIndex


class Registry:
    """Applications by AppKey, service accounts by user name, end users by e-mail address."""

    def __init__(
        self,
        *,
        applications: Iterable[Application] = (),
        service_accounts: Iterable[ServiceAccount] = (),
        end_users: Iterable[EndUser] = (),
    ) -> None:
        self.applications: dict[str, Application] = {}
        self.service_accounts: dict[str, ServiceAccount] = {}
        self.end_users: dict[str, EndUser] = {}
        self._secrets = SecretIndex()
        self._secrets_of: tuple[object, ...] = ({}, {}, {})
        for index, account in enumerate(service_accounts):
            self._add_account(account, index)
        for index, user in enumerate(end_users):
            self._add(self.end_users, user.email, user, "end_users", index, "email")
        for index, application in enumerate(applications):
            self._add_application(application, "applications", index)
        self._check_every_account_is_used()

    def __eq__(self, other: object) -> bool:
        """Registries are equal that know the same; their order tells nothing."""
        return isinstance(other, Registry) and self._known == other._known

    __hash__ = None  # type: ignore[assignment]  # what is changed has no hash

    @property
    def _known(self) -> tuple[dict[str, Any], ...]:
        return self.applications, self.service_accounts, self.end_users

    def copy(self) -> Registry:
        """A registry of its own with the same records; changes to one do not reach the other."""
        twin = Registry()
        twin.applications = dict(self.applications)
        twin.service_accounts = dict(self.service_accounts)
        twin.end_users = dict(self.end_users)
        twin._secrets = self.secrets.copy()  # of its own class
        twin._secrets_of = twin._known
        return twin

    @property
    def secrets(self) -> SecretIndex:
        """Every AppSecret and password: what no journal or log may show.

        Each line of the log asks; it is worked out when a dictionary was replaced.
        """
        of = self._known
        if any(now is not then for now, then in zip(of, self._secrets_of, strict=True)):
            secrets = {each.app_secret for each in self.applications.values() if each.app_secret}
            secrets |= {each.password for each in self.service_accounts.values()}
            secrets |= {each.password for each in self.end_users.values()}
            for each in secrets - set(self._secrets):
                self._secrets.add(each)
            for each in set(self._secrets) - secrets:
                self._secrets.discard(each)
            self._secrets_of = of
        return self._secrets

    def find_application(self, name_or_key: str) -> Application | None:
        """By AppKey, else by name."""
        found = self.applications.get(name_or_key)
        return found or next(
            (each for each in self.applications.values() if each.name == name_or_key), None
        )

    def require_application(self, name: str) -> Application:
        """By AppKey, name or service account. Raises :class:`~mock_sei.errors.UnknownApplication`
        naming the applications there are.
        """
        found = self.find_application(name) or self.find_application_of(name)
        if found is None:
            raise self.unknown_application(name)
        return found

    def unknown_application(self, name: str) -> UnknownApplication:
        names = ", ".join(each.name for each in self.applications.values())
        return UnknownApplication(f"no application {name[:100]!r}; there are {names or 'none'}")

    def require_account(self, username: str) -> ServiceAccount:
        """Raises :class:`~mock_sei.errors.UnknownAccount` naming the accounts there are."""
        found = self.service_accounts.get(username)
        if found is None:
            names = ", ".join(self.service_accounts)
            raise UnknownAccount(f"no service account {username!r}; there are {names}")
        return found

    def find_application_of(self, username: str) -> Application | None:
        """The application that a service account belongs to."""
        return next(
            (each for each in self.applications.values() if each.service_account == username), None
        )

    def register(self, application: Application, account: ServiceAccount | None) -> None:
        """Adds an application with its own service account, or without one.

        Raises :class:`RegistryError` and then adds nothing.
        """
        accounts = [account] if account is not None else []
        self._become(
            applications=[*self.applications.values(), application],
            service_accounts=[*self.service_accounts.values(), *accounts],
        )

    def replace(self, app_key: str, application: Application) -> None:
        """Puts a changed record in another's place; its AppKey may differ.

        Raises :class:`RegistryError` and then changes nothing.
        """
        self._become(
            applications=[
                application if key == app_key else each for key, each in self.applications.items()
            ],
            service_accounts=self.service_accounts.values(),
        )

    def remove(self, app_key: str) -> None:
        """An application and its service account."""
        gone = self.applications[app_key]
        self._become(
            applications=[each for each in self.applications.values() if each is not gone],
            service_accounts=[
                each
                for each in self.service_accounts.values()
                if each.username != gone.service_account
            ],
        )

    def _become(
        self, *, applications: Iterable[Application], service_accounts: Iterable[ServiceAccount]
    ) -> None:
        twin = Registry(applications=applications, service_accounts=service_accounts)
        self.service_accounts, self.applications = twin.service_accounts, twin.applications

    @staticmethod
    def _add(
        records: dict[str, Any], key: str, record: object, table: str, index: int, field: str
    ) -> None:
        if not key:
            raise RegistryError("empty", table, index, field, value=key)
        if key in records:
            holder = getattr(records[key], "name", "another entry")
            raise RegistryError(f"{holder} has it already", table, index, field, value=key)
        records[key] = record

    def _add_account(self, account: ServiceAccount, index: int) -> None:
        table = "service_accounts"
        if not is_account_name(account.username):
            raise RegistryError(ACCOUNT_NAME_RULE, table, index, "username", value=account.username)
        self._add(self.service_accounts, account.username, account, table, index, "username")

    def _add_application(self, application: Application, table: str, index: int) -> None:
        try:
            application.check()
        except RegistryError as error:
            raise RegistryError(
                error.problem, table, index, *error.place, value=error.value
            ) from None
        if any(application.name == each.name for each in self.applications.values()):
            raise RegistryError(
                "two applications have this name", table, index, "name", value=application.name
            )
        for each in self.applications.values():
            if application.name == each.app_key or application.app_key == each.name:
                raise RegistryError(
                    f"the AppKey or name of {each.name}: either would tell both applications",
                    table,
                    index,
                    "name",
                    value=application.name,
                )
        self._add(self.applications, application.app_key, application, table, index, "app_key")
        account = application.service_account
        if account is None:
            return
        if account not in self.service_accounts:
            raise RegistryError(
                "no such entry in service_accounts", table, index, "service_account", value=account
            )
        if sum(each.service_account == account for each in self.applications.values()) > 1:
            raise RegistryError(
                "two applications share this account",
                table,
                index,
                "service_account",
                value=account,
            )

    def _check_every_account_is_used(self) -> None:
        for index, username in enumerate(self.service_accounts):
            if self.find_application_of(username) is None:
                raise RegistryError(
                    "no application has this service account",
                    "service_accounts",
                    index,
                    "username",
                    value=username,
                )
