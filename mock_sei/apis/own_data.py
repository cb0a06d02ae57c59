"""The own data of applications: each begins as the seed does, and only one application uses it.

It exists from the moment of the application's registration until its removal or a reset. Nothing is
copied: the tables of the seed are shared until a write replaces one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mock_sei.apis.calls import ApiState
from mock_sei.rules.records import Application


class OwnData:
    """The own data of all applications that were registered with ``own_data``.

    A look-up takes no lock, and costs the same for any number of applications. Only
    :meth:`follow` changes what is found; the registry calls it, one change after the other.
    """

    def __init__(self, make: Callable[[], ApiState], applications: Iterable[Application]) -> None:
        """``make`` makes the data of one application. ``applications`` are those that have own data
        from the start."""
        self._make = make
        self._states = {each.app_key: make() for each in applications}

    def __len__(self) -> int:
        """The number of applications that have own data."""
        return len(self._states)

    def find(self, application: Application) -> ApiState | None:
        """The data of an application.

        None if the application has no own data, was removed, or has another AppKey now.
        """
        return self._states.get(application.app_key)

    def follow(self, before: Application | None, after: Application | None) -> None:
        """An application was registered (``before`` is None), changed, or removed (``after`` is
        None). A new AppKey takes the data with it."""
        data = None if before is None else self._states.get(before.app_key)
        if after is not None and after.own_data:
            self._states[after.app_key] = self._make() if data is None else data
            if before is not None and before.app_key != after.app_key:
                self._states.pop(before.app_key, None)
        elif before is not None and data is not None:
            del self._states[before.app_key]
            data.contents.end()

    def end(self) -> None:
        """Removes the files of all: the platform state that they belong to has ended."""
        for each in self._states.copy().values():
            each.contents.end()
