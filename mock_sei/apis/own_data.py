"""The own data of applications: each begins as the seed does, and only one application uses it.

It exists from the moment of the application's registration until its removal or a reset. Nothing is
copied: the tables of the seed are shared until a write replaces one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mock_sei.apis.api_state import ApiState
from mock_sei.rules.records import Application
from mock_sei.rules.stored import Stored, Table


class OwnData:
    """The own data of all applications that were registered with ``own_data``.

    A look-up takes no lock, and costs the same for any number of applications. Only
    :meth:`follow` changes what is found; the registry calls it, one change after the other.

    A store knows each data by a name of its own, which a new AppKey does not change.
    """

    def __init__(
        self,
        make: Callable[[str], ApiState],
        applications: Iterable[Application],
        *,
        stored: Stored | None = None,
    ) -> None:
        """``make`` makes the data of one application; it gets the name of the data.
        ``applications`` are those that have own data from the start."""
        self._make = make
        self._stored = Stored() if stored is None else stored
        self._data: dict[str, ApiState] = {}
        """By the name of the data."""
        self._names: dict[str, str] = {}
        """The name of the data, by AppKey."""
        self._keys: Table[str] = Table(
            self._stored,
            _TABLE,
            changed=self._key_changed,
            is_seeded=True,
            seeds={
                f"{_TABLE}/fixtures/{number}": each.app_key
                for number, each in enumerate(applications, 1)
            },
        )
        """The AppKey, by the name of the data."""

    def __len__(self) -> int:
        """The number of applications that have own data."""
        return len(self._data)

    def find(self, application: Application) -> ApiState | None:
        """The data of an application.

        None if the application has no own data, was removed, or has another AppKey now.
        """
        return self._data.get(self._names.get(application.app_key, ""))

    def follow(self, before: Application | None, after: Application | None) -> None:
        """An application was registered (``before`` is None), changed, or removed (``after`` is
        None). A new AppKey takes the data with it.

        If another server did that, the store brings what becomes of the data.
        """
        if self._stored.is_applying:
            return
        name = None if before is None else self._names.get(before.app_key)
        if after is not None and after.own_data:
            if name is None:
                name = f"{_TABLE}/{self._stored.next_number('own data')}"
            if self._keys.get(name) != after.app_key:
                self._keys[name] = after.app_key
        elif name is not None:
            self._data[name].leave_store()
            self._keys.pop(name)

    def end(self) -> None:
        """Removes the files of all: the platform state that they belong to has ended."""
        for each in self._data.copy().values():
            each.contents.end()

    def _key_changed(self, name: str, before: str | None, after: str | None) -> None:
        """The data began, or got another AppKey, or ended."""
        if before is None:
            self._data[name] = self._make(name)
        if after is not None:
            self._names[after] = name
        if before not in (None, after) and self._names[before] == name:
            del self._names[before]
        if after is None:
            self._end(self._data.pop(name))

    def _end(self, data: ApiState) -> None:
        data.contents.end()
        for each in data.table_names:
            self._stored.remove(each)


_TABLE = "apis/own"
"""The name of the table of the store, and the beginning of the name of each data."""
