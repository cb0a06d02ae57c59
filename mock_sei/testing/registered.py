"""Who is registered at a server elsewhere: each look-up is one call and gives one record."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from mock_sei.errors import UnknownAccount, UnknownApplication, UnknownUser
from mock_sei.rules.records import Application, EndUser, ServiceAccount, is_account_name
from mock_sei.rules.registry import NAMES_TOLD, absence, some_of
from mock_sei.testing.calls import ControlApi, segment

R = TypeVar("R")

_APPLICATION = TypeAdapter(Application)


def read_application(told: object) -> Application:
    """An application from its JSON, read by pydantic: JSON has text where the record has enums."""
    return _APPLICATION.validate_python(told)


def is_segment(text: str) -> bool:
    """Whether a text can be a part of a path between slashes; no name is anything else."""
    return "/" not in text and bool(text.strip("."))


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[R]):
    """How records of one kind are asked for."""

    path: str
    read: Callable[[Any], R]
    key: Callable[[R], str]


class AttachedTable(Mapping[str, R], Generic[R]):
    """The records of one kind; iterated they are fetched part by part."""

    def __init__(self, api: ControlApi, kind: Kind[R]) -> None:
        self._api = api
        self._kind = kind

    def __getitem__(self, key: str) -> R:
        found = self.find(key)
        if found is None or self._kind.key(found) != key:
            raise KeyError(key)
        return found

    def find(self, key: str) -> R | None:
        """The record with this key, or with another name that the server knows it by."""
        if not is_segment(key):
            return None
        answer = self._api.find(f"{self._kind.path}/{segment(key)}")
        return None if answer is None else self._kind.read(answer)

    def __len__(self) -> int:
        return self._api.page(self._kind.path, {"limit": 1}).count

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def values(self) -> ValuesView[R]:
        return self._all().values()

    def items(self) -> ItemsView[str, R]:
        return self._all().items()

    def first_names(self, name_of: Callable[[R], str]) -> str:
        """Some names, as a message lists them."""
        names, count = self.some_names(name_of)
        return some_of(names, count)

    def some_names(self, name_of: Callable[[R], str]) -> tuple[list[str], int]:
        """The first names, and how many there are."""
        page = self._api.page(self._kind.path, {"limit": NAMES_TOLD})
        return list(map(name_of, map(self._kind.read, page.content))), page.count

    def require(self, key: str) -> R:
        """As the server answers: where there is none, in its words, which say what it knows."""
        return self._kind.read(self._api.get(f"{self._kind.path}/{segment(key)}"))

    def _all(self) -> dict[str, R]:
        found: dict[str, R] = {}
        after = None
        while True:
            page = self._api.page(self._kind.path, {"after": after})
            records = [self._kind.read(each) for each in page.content]
            found |= {self._kind.key(each): each for each in records}
            if not records or page.earlier + len(records) >= page.count:
                return found
            after = self._kind.key(records[-1])


class AttachedRegistry:
    """:class:`~mock_sei.rules.registry.Registry` says what each does and raises."""

    def __init__(self, api: ControlApi) -> None:
        self._api = api
        self.applications = AttachedTable(
            api,
            Kind(path="/applications", read=read_application, key=lambda each: each.app_key),
        )
        self.service_accounts = AttachedTable(
            api, Kind(path="/service-accounts", read=_account, key=lambda each: each.username)
        )
        self.end_users = AttachedTable(
            api,
            Kind(path="/end-users", read=lambda told: EndUser(**told), key=lambda each: each.email),
        )

    def find_application(self, name_or_key: str) -> Application | None:
        return self.applications.find(name_or_key)

    def find_application_of(self, username: str) -> Application | None:
        if not is_account_name(username):
            return None
        told = self._api.find(f"/service-accounts/{segment(username)}")
        return None if told is None else read_application(told["application"])

    def require_application(self, name: str) -> Application:
        if not is_segment(name):
            raise self.unknown_application(name)
        try:
            return self.applications.require(name)
        except UnknownApplication:
            found = self.find_application_of(name)
            if found is None:
                raise
            return found

    def require_account(self, username: str) -> ServiceAccount:
        if is_segment(username):
            return self.service_accounts.require(username)
        names, count = self.service_accounts.some_names(lambda each: each.username)
        there = some_of(names, count)
        raise UnknownAccount(absence("service account", username, near=names, there=there))

    def require_user(self, email: str) -> EndUser:
        if is_segment(email):
            return self.end_users.require(email)
        names, count = self.end_users.some_names(lambda each: each.email)
        raise UnknownUser(absence("end user", email, near=names, there=some_of(names, count)))

    def unknown_application(self, name: str) -> UnknownApplication:
        """Of a name that no path can have, so that the server cannot be asked for it."""
        names, count = self.applications.some_names(lambda each: each.name)
        there = some_of(names, count)
        return UnknownApplication(absence("application", name, near=names, there=there))

    def application_names(self) -> str:
        return self.applications.first_names(lambda each: each.name)

    def account_names(self) -> str:
        return self.service_accounts.first_names(lambda each: each.username)


def _account(told: Mapping[str, Any]) -> ServiceAccount:
    return ServiceAccount(username=told["username"], password=told["password"])
