"""What a forked child shares with its parent, and must leave as it is.

A child of ``fork`` has a copy of every object and shares every open file, but only the thread that
forked lives on in it: a lock that another thread held stays held for good, and a server's thread is
gone. So a folder is removed only by the process that made it, and objects of a platform whose
server runs in the parent say so in the child instead of answering from a copy.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from mock_sei.errors import MockSeiError

_LOCKS = (type(threading.Lock()), type(threading.RLock()), threading.Condition)


class TemporaryFolder:
    """A folder that is removed by the process that made it, at the latest when that ends.

    A forked child has a folder of its own within; it goes with the whole.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="mock-sei-"))
        self._maker = os.getpid()
        self._remove = weakref.finalize(self, _remove_folder, self.path, self._maker)
        pools = sys.modules.get("multiprocessing.util")
        if pools is not None:
            # Its children end without running what ``atexit`` and ``weakref`` know.
            pools.Finalize(self, self._remove, exitpriority=0)

    @property
    def here(self) -> Path:
        """Where this process writes. Raises :class:`MockSeiError` once the folder is removed."""
        if not self.path.is_dir():
            raise MockSeiError("this MockSei was stopped, and its temporary folder is gone")
        if os.getpid() == self._maker:
            return self.path
        own = self.path / f"process-{os.getpid()}"
        own.mkdir(mode=0o700, exist_ok=True)
        return own

    def remove(self) -> None:
        """However often it is asked, and by whatever thread. A child removes its own part."""
        if os.getpid() == self._maker:
            self._remove()
        else:
            shutil.rmtree(self.path / f"process-{os.getpid()}", ignore_errors=True)


def _remove_folder(path: Path, maker: int) -> None:
    if os.getpid() == maker:
        shutil.rmtree(path, ignore_errors=True)


def after_fork(method: Callable[[], object]) -> None:
    """Calls a bound method in each child that is forked from now on, while its object lives."""
    if hasattr(os, "register_at_fork"):  # Windows has no fork
        still = weakref.WeakMethod(method)
        os.register_at_fork(after_in_child=lambda: _call(still))


def _call(still: weakref.WeakMethod[Callable[[], object]]) -> None:
    method = still()
    if method is not None:
        method()


def is_patched_by_gevent() -> bool:
    """Whether threads, sockets or what waits for them are gevent's in this process."""
    monkey = sys.modules.get("gevent.monkey")
    parts = ("socket", "ssl", "thread", "select")
    return monkey is not None and any(map(monkey.is_module_patched, parts))


class _ClosedLock:
    """Stands in place of a lock: whoever would take it gets an error, and never waits."""

    def __init__(self, because: str) -> None:
        self._because = because

    def acquire(self, *_: object, **__: object) -> NoReturn:
        raise MockSeiError(self._because)

    def __enter__(self) -> NoReturn:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        """Ends a ``with`` that another thread was in when the process was forked."""

    def __getattr__(self, name: str) -> Any:
        """The methods of a condition (``wait``, ``notify``) raise the error too."""
        return self.acquire


def close_off(objects: Collection[object], because: str, *, but: Collection[object] = ()) -> None:
    """Puts an error in place of every lock of these objects and of those that they are made of.

    An object is made of its attributes, and of what the containers among them hold. ``but`` are
    objects that other platforms of the process share.
    """
    seen = {id(each) for each in but}
    waiting = list(objects)
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        for name, value in list(vars(each).items()):
            if isinstance(value, _LOCKS):
                vars(each)[name] = _ClosedLock(because)
            elif _is_ours(value):
                waiting.append(value)
            elif isinstance(value, Mapping):
                waiting += filter(_is_ours, value.values())
            elif isinstance(value, _LISTS):
                waiting += filter(_is_ours, value)


_LISTS = (list, tuple, set, frozenset, deque)


def _is_ours(value: object) -> bool:
    return type(value).__module__.startswith("mock_sei.") and hasattr(value, "__dict__")
