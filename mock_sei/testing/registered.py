"""Who is registered at a platform: each look-up performs one operation and gives one record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from mock_sei.errors import UnknownAccount, UnknownApplication, UnknownUser
from mock_sei.operations.applications import FindApplication, ListApplications
from mock_sei.operations.kinds import MOST_LISTED
from mock_sei.operations.people import FindAccount, FindUser, ListAccounts, ListUsers
from mock_sei.operations.requests import Performer, Request
from mock_sei.rules.records import Application, EndUser, ServiceAccount
from mock_sei.rules.registry import NAMES_TOLD, absence, some_of
from mock_sei.rules.tables import TablePage

R = TypeVar("R")


def is_segment(text: str) -> bool:
    """Whether a text can be a part of a path between slashes; every name can."""
    return "/" not in text and bool(text.strip("."))


class Registered:
    """The registry of a platform in this process or elsewhere."""

    def __init__(self, performer: Performer) -> None:
        self._perform = performer.perform

    def applications(self) -> Iterator[Application]:
        """Every application, in the order of registration."""
        after = None
        while True:
            page = self._perform(ListApplications(after=after, limit=MOST_LISTED))
            yield from page.records
            if page.earlier + len(page.records) >= page.count or not page.records:
                return
            after = page.records[-1].app_key

    def count_applications(self) -> int:
        """How many applications there are."""
        return self._perform(ListApplications(limit=1)).count

    def find_application(self, name_or_key: str) -> Application | None:
        try:
            return self._perform(FindApplication(app_key=name_or_key))
        except UnknownApplication:
            return None

    def find_application_of(self, username: str) -> Application | None:
        """The application with this service account."""
        try:
            return self._perform(FindAccount(username=username)).application
        except UnknownAccount:
            return None

    def require_application(self, name: str) -> Application:
        """By its name, its AppKey or its service account. Raises :class:`UnknownApplication`."""
        try:
            return self._perform(FindApplication(app_key=name))
        except UnknownApplication:
            found = self.find_application_of(name)
            if found is None:
                raise
            return found

    def require_account(self, username: str) -> ServiceAccount:
        """Raises :class:`UnknownAccount`."""
        found = self._perform(FindAccount(username=username))
        return ServiceAccount(username=found.username, password=found.password)

    def require_user(self, email: str) -> EndUser:
        """Raises :class:`UnknownUser`."""
        return self._perform(FindUser(email=email))

    def application_names(self) -> str:
        """The first names, as a message lists them."""
        return some_of(*self._some(ListApplications(limit=NAMES_TOLD), lambda each: each.name))

    def account_names(self) -> str:
        """The first user names, as a message lists them."""
        return some_of(*self._some(ListAccounts(limit=NAMES_TOLD), lambda each: each.username))

    def absent_application(self, name: str) -> UnknownApplication:
        """Of a name that no path can have, so that a server elsewhere cannot be asked for it."""
        names, count = self._some(ListApplications(limit=NAMES_TOLD), lambda each: each.name)
        there = some_of(names, count)
        return UnknownApplication(absence("application", name, near=names, there=there))

    def absent_account(self, username: str) -> UnknownAccount:
        """Of a user name that no path can have."""
        names, count = self._some(ListAccounts(limit=NAMES_TOLD), lambda each: each.username)
        there = some_of(names, count)
        return UnknownAccount(absence("service account", username, near=names, there=there))

    def absent_user(self, email: str) -> UnknownUser:
        """Of an e-mail address that no path can have."""
        names, count = self._some(ListUsers(limit=NAMES_TOLD), lambda each: each.email)
        return UnknownUser(absence("end user", email, near=names, there=some_of(names, count)))

    def _some(
        self, request: Request[TablePage[R]], name_of: Callable[[R], str]
    ) -> tuple[list[str], int]:
        """The first names, and how many there are."""
        page: TablePage[Any] = self._perform(request)
        return list(map(name_of, page.records)), page.count
