"""The registered applications, their service accounts and the end users; how they fit together.

Any thread can change a registry while the platform runs. Only one change is made at a time, and a
change is complete or not made at all. A look-up takes no lock and is correct during a change. The
cost of both does not grow with the number of records: each change also updates the indexes for
look-ups. ``fixtures.py`` reads the records from files.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from mock_sei.errors import RegistryError, UnknownAccount, UnknownApplication, UnknownUser
from mock_sei.rules.addresses import origin_of
from mock_sei.rules.arguments import LONGEST_COMPARED, find_nearest
from mock_sei.rules.departed import MOST_REMEMBERED, Departed
from mock_sei.rules.records import (
    ACCOUNT_NAME_RULE,
    Application,
    EndUser,
    ServiceAccount,
    is_account_name,
)
from mock_sei.rules.secret_index import SecretIndex
from mock_sei.rules.standards import ApplicationType
from mock_sei.rules.stored import Stored
from mock_sei.rules.tables import Counts, OrderedTable
from mock_sei.values.codecs import codec_of
from mock_sei.values.texts import spelled

_APPLICATION = codec_of(tuple[str, Application])
_ACCOUNT = codec_of(tuple[str, ServiceAccount])
_USER = codec_of(tuple[str, EndUser])

NAMES_TOLD = 10
"""A message lists so many names at most."""


def some_of(first: Iterable[str], count: int) -> str:
    """The first of ``count`` names, as a message lists them: ``one, two and 4,998 more``.

    ``first`` are the names, at least as many as the message lists.
    """
    told = ", ".join(islice(first, NAMES_TOLD))
    return f"{told} and {count - NAMES_TOLD:,} more" if count > NAMES_TOLD else told or "none"


def absence(
    what: str, name: str, *, near: Iterable[str], there: str, hint: str | None = None
) -> str:
    """The message of an error that says that ``name`` does not exist.

    ``what`` is the word for such a thing. ``near`` are the names among which a similar one is
    searched. ``there`` is the list of existing names that the message shows. ``hint`` is what is
    known about ``name``; it replaces the similar name.
    """
    if hint is None:
        nearest = find_nearest(name, near)
        hint = None if nearest is None else f"did you mean {nearest}?"
    told = f" ({hint})" if hint else ""
    return f"no {what} {spelled(name[:LONGEST_COMPARED])}{told}; there are {there}"


class Registry:
    """Applications by AppKey, service accounts by user name, end users by e-mail address.

    Any code may read the three tables. Only the methods of this class change them, after checks.
    """

    def __init__(
        self,
        *,
        applications: Iterable[Application] = (),
        service_accounts: Iterable[ServiceAccount] = (),
        end_users: Iterable[EndUser] = (),
    ) -> None:
        """Raises :class:`RegistryError` for the first record that is wrong or does not fit."""
        self.applications: OrderedTable[Application] = OrderedTable(self._application_changed)
        self.service_accounts: OrderedTable[ServiceAccount] = OrderedTable(self._person_changed)
        self.end_users: OrderedTable[EndUser] = OrderedTable(self._person_changed)
        self._lock = threading.Lock()
        self._by_name: dict[str, Application] = {}
        self._by_account: dict[str, Application] = {}
        self._origins = Counts()
        self._scopes = Counts()
        self._app_secrets = Counts()
        self._secrets = SecretIndex()
        self._newcomers: deque[Application] = deque(maxlen=MOST_REMEMBERED)
        """The newest records that were registered or changed in this registry."""
        self.departed = Departed()
        """Names that were removed. A copy starts without any; its owner may replace this."""
        self.follow: Callable[[Application | None, Application | None], None] = lambda *_: None
        """Called with the old and the new record at each change of an application, one change after
        the other; None for the old record of a new application, and for the new record of a
        removed one. A copy starts without it; its owner may replace this."""
        for index, account in enumerate(service_accounts):
            self._check_account(account, index)
            self.service_accounts[account.username] = account
        for index, user in enumerate(end_users):
            _check_free(self.end_users, user.email, ("end_users", index, "email"))
            self.end_users[user.email] = user
        for index, application in enumerate(applications):
            self._check_application(application, index)
            self.applications[application.app_key] = application
        for index, username in enumerate(self.service_accounts):
            if username not in self._by_account:
                raise _unused_account(username, index)
        self._newcomers.clear()

    def __eq__(self, other: object) -> bool:
        """True if both registries have the same records, in any order."""
        return isinstance(other, Registry) and self._known == other._known

    __hash__ = None  # type: ignore[assignment]  # a registry can change, so it has no hash

    @property
    def _known(self) -> tuple[Any, ...]:
        return self.applications, self.service_accounts, self.end_users

    def copy(self) -> Registry:
        """A copy of this registry. Later changes of one do not change the other."""
        twin = Registry()
        with self._lock:
            twin.applications = self.applications.copy(twin._application_changed)
            twin.service_accounts = self.service_accounts.copy(twin._person_changed)
            twin.end_users = self.end_users.copy(twin._person_changed)
            twin._by_name = self._by_name.copy()
            twin._by_account = self._by_account.copy()
            twin._origins = self._origins.copy()
            twin._scopes = self._scopes.copy()
            twin._app_secrets = self._app_secrets.copy()
            twin._secrets = self._secrets.copy()
        return twin

    def keep_in(self, stored: Stored) -> None:
        """Notes each change from now on for the store, and takes over what the store has. The
        records that are here already are those that every server has from its start."""
        self.service_accounts.keep_in(stored, "registry/accounts", _ACCOUNT, self._lock)
        self.end_users.keep_in(stored, "registry/users", _USER, self._lock)
        self.applications.keep_in(stored, "registry/applications", _APPLICATION, self._lock)

    @property
    def unchanging(self) -> AbstractContextManager[object]:
        """For ``with``: no application changes meanwhile, so all that is known of it fits."""
        return self._lock

    @property
    def secrets(self) -> SecretIndex:
        """Every AppSecret and password. No journal and no log may show them."""
        return self._secrets

    def is_app_secret(self, text: str) -> bool:
        """True if an application has this AppSecret."""
        return text in self._app_secrets

    def is_page_origin(self, origin: str) -> bool:
        """True if a single-page application runs at this origin, written as browsers write it."""
        return origin in self._origins

    @property
    def scopes(self) -> list[str]:
        """All scopes that at least one application may ask for, sorted."""
        return sorted(self._scopes)

    def find_application(self, name_or_key: str) -> Application | None:
        """The application with this AppKey or name, None if there is none."""
        return self.applications.get(name_or_key) or self._by_name.get(name_or_key)

    def require_application(self, name: str) -> Application:
        """The application with this AppKey, name or service account.

        Raises :class:`~mock_sei.errors.UnknownApplication`, which lists some existing names.
        """
        found = self.find_named(name)
        if found is None:
            raise self.unknown_application(name)
        return found

    def find_named(self, name: str) -> Application | None:
        """The application with this AppKey, name or service account, None if there is none."""
        return self.find_application(name) or self.find_application_of(name)

    def unknown_application(self, name: str) -> UnknownApplication:
        """The error for an application that does not exist. It suggests names."""
        near = [
            name
            for each in self._likely()
            for name in (each.name, each.service_account)
            if name is not None
        ]
        there, hint = self.application_names(), self.departed.find(name)
        return UnknownApplication(absence("application", name, near=near, there=there, hint=hint))

    def _likely(self) -> list[Application]:
        """The applications that a misspelt name probably means: the first ones and the newest."""
        first = (each for _, _, each in islice(self.applications.rows(), NAMES_TOLD))
        newest = islice(reversed(self._newcomers.copy()), NAMES_TOLD)
        return [*first, *(each for each in newest if self._by_name.get(each.name) is each)]

    def application_names(self) -> str:
        """Some names of applications, as a message lists them."""
        rows = self.applications.rows()
        return some_of((each.name for _, _, each in rows), len(rows))

    def account_names(self) -> str:
        """Some user names of service accounts, as a message lists them."""
        rows = self.service_accounts.rows()
        return some_of((username for _, username, _ in rows), len(rows))

    def require_account(self, username: str) -> ServiceAccount:
        """The service account with this user name.

        Raises :class:`~mock_sei.errors.UnknownAccount`, which lists some existing names.
        """
        found = self.service_accounts.get(username)
        if found is None:
            raise self.unknown_account(username)
        return found

    def unknown_account(self, username: str) -> UnknownAccount:
        """The error for a service account that does not exist. It suggests names."""
        hint = self.departed.find(username)
        application = self.find_application(username)
        if application is not None:
            has = application.service_account
            hint = f"{application.name} is an application"
            hint += f"; its service account is {has}" if has else " without a service account"
        near = [each.service_account for each in self._likely() if each.service_account]
        there = self.account_names()
        return UnknownAccount(
            absence("service account", username, near=near, there=there, hint=hint)
        )

    def require_user(self, email: str) -> EndUser:
        """The end user with this e-mail address.

        Raises :class:`~mock_sei.errors.UnknownUser`, which lists some existing addresses.
        """
        found = self.end_users.get(email)
        if found is None:
            raise self.unknown_user(email)
        return found

    def unknown_user(self, email: str) -> UnknownUser:
        """The error for an end user who does not exist. It suggests addresses."""
        rows = self.end_users.rows()
        names = [each for _, each, _ in islice(rows, NAMES_TOLD)]
        there = some_of(names, len(rows))
        return UnknownUser(absence("end user", email, near=names, there=there))

    def find_application_of(self, username: str) -> Application | None:
        """The application that a service account belongs to, None if the account is unknown."""
        return self._by_account.get(username)

    def register(self, application: Application, account: ServiceAccount | None) -> None:
        """Adds an application and its service account, if it has one.

        Raises :class:`RegistryError` if one of them does not fit; then neither is added.
        """
        with self._lock:
            if account is not None:
                place = len(self.service_accounts)
                self._check_account(account, place)
                if application.service_account != account.username:
                    raise _unused_account(account.username, place)
            self._check_application(application, len(self.applications), account)
            if account is not None:
                self.service_accounts[account.username] = account
            self.applications[application.app_key] = application

    def newcomers(self) -> list[Application]:
        """The newest applications that were registered or changed, if they are still registered.

        A changed application is listed once, as it is now.
        """
        with self._lock:
            return [each for each in self._newcomers if self._by_name.get(each.name) is each]

    def replace(self, app_key: str, application: Application) -> None:
        """Replaces the application that has ``app_key``. The new record may have another AppKey.

        Raises :class:`~mock_sei.errors.UnknownApplication` if no application has ``app_key``, and
        :class:`RegistryError` if the new record does not fit. Then nothing is changed.
        """
        with self._lock:
            before = self._require_key(app_key)
            self._check_application(application, application.name, before=before)
            if before.service_account not in (None, application.service_account):
                raise _unused_account(before.service_account, application.name)
            self.applications.replace(app_key, application, new_key=application.app_key)
            if application.name != before.name:
                self.departed.note([before.name], before.name, f"renamed to {application.name}")

    def remove(self, app_key: str) -> ServiceAccount | None:
        """Removes an application and its service account. Returns the account, if there was one.

        Raises :class:`~mock_sei.errors.UnknownApplication` if no application has the AppKey.
        """
        with self._lock:
            username = self._require_key(app_key).service_account
            del self.applications[app_key]
            return None if username is None else self.service_accounts.pop(username)

    # Indexes that every change updates

    def _application_changed(self, before: Application | None, after: Application | None) -> None:
        """Adds the new record before it removes the old one, so that a look-up always finds one."""
        if before is after:
            return
        if after is not None:
            self._enter(after)
            self._newcomers.append(after)
        if before is not None:
            self._leave(before)
        self.follow(before, after)
        self._secrets_changed(added=_secrets_of(after), removed=_secrets_of(before))

    def _person_changed(
        self, before: ServiceAccount | EndUser | None, after: ServiceAccount | EndUser | None
    ) -> None:
        self._secrets_changed(added=_secrets_of(after), removed=_secrets_of(before))

    def _secrets_changed(self, added: Iterable[str], removed: Iterable[str]) -> None:
        """The only place that adds secrets to the index and removes them."""
        for each in added:
            self._secrets.add(each)
        for each in removed:
            self._secrets.discard(each)

    def _enter(self, application: Application) -> None:
        """Adds an application to every index but the one by AppKey."""
        self._by_name[application.name] = application
        if application.service_account is not None:
            self._by_account[application.service_account] = application
        for counts, texts in self._counted(application):
            for each in texts:
                counts.add(each)

    def _leave(self, application: Application) -> None:
        """Undoes :meth:`_enter`, but keeps what now belongs to another record."""
        if self._by_name.get(application.name) is application:
            del self._by_name[application.name]
        account = application.service_account
        if account is not None and self._by_account.get(account) is application:
            del self._by_account[account]
        for counts, texts in self._counted(application):
            for each in texts:
                counts.discard(each)

    def _counted(self, application: Application) -> tuple[tuple[Counts, Iterable[str]], ...]:
        return (
            (self._origins, _page_origins(application)),
            (self._scopes, application.scopes),
            (self._app_secrets, _secrets_of(application)),
        )

    # Checks

    def _require_key(self, app_key: str) -> Application:
        found = self.applications.get(app_key)
        if found is None:
            raise self.unknown_application(app_key)
        return found

    def _check_account(self, account: ServiceAccount, index: int) -> None:
        place = ("service_accounts", index, "username")
        if not is_account_name(account.username):
            raise RegistryError(ACCOUNT_NAME_RULE, *place, value=account.username)
        _check_free(self.service_accounts, account.username, place)

    def _check_application(
        self,
        application: Application,
        index: int | str,
        account: ServiceAccount | None = None,
        *,
        before: Application | None = None,
    ) -> None:
        """Raises :class:`RegistryError` if an application does not fit the other records.

        The check treats ``account`` as if it were registered, and ``before`` as if it were not.
        """

        def fault(problem: str, field: str, value: object) -> RegistryError:
            return RegistryError(problem, "applications", index, field, value=value)

        try:
            application.check()
        except RegistryError as error:
            raise RegistryError(
                error.problem, "applications", index, *error.place, value=error.value
            ) from None
        name, app_key = application.name, application.app_key

        def another(holder: Application | None) -> Application | None:
            return None if holder is before else holder

        if another(self._by_name.get(name)):
            raise fault("two applications have this name", "name", name)
        confused = another(self.applications.get(name)) or another(self._by_name.get(app_key))
        if confused is not None:
            problem = f"the AppKey or name of {confused.name}: it would name both applications"
            raise fault(problem, "name", name)
        if before is None or before.app_key != app_key:
            _check_free(self.applications, app_key, ("applications", index, "app_key"))
        username = application.service_account
        if username is None:
            return
        new = account is not None and account.username == username
        if not new and username not in self.service_accounts:
            raise fault("no such entry in service_accounts", "service_account", username)
        if another(self._by_account.get(username)):
            raise fault("two applications share this account", "service_account", username)


def _check_free(records: Mapping[str, object], key: str, place: tuple[str | int, ...]) -> None:
    if not key:
        raise RegistryError("empty", *place, value=key)
    if key in records:
        holder = getattr(records[key], "name", "another entry")
        raise RegistryError(f"{holder} already has it", *place, value=key)


def _unused_account(username: str | None, index: int | str) -> RegistryError:
    return RegistryError(
        "no application has this service account",
        "service_accounts",
        index,
        "username",
        value=username,
    )


def _secrets_of(record: Application | ServiceAccount | EndUser | None) -> list[str]:
    if record is None:
        return []
    secret = record.app_secret if isinstance(record, Application) else record.password
    return [secret] if secret else []


def _page_origins(application: Application) -> list[str]:
    """The origins of a single-page application's redirect addresses: its page runs there."""
    if application.type is not ApplicationType.SINGLE_PAGE:
        return []
    found = map(origin_of, application.redirect_addresses)
    return [each for each in found if each is not None]
