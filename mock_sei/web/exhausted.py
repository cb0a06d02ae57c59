"""Errors of a machine that has no more files, disk space, threads or memory.

Such an error is neither an answer of the platform nor a bug. The answer says what is missing and
what to do, and ``check()`` reports it. A call that could not load what it needs can be made again
when the machine has more.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from mock_sei.errors import ConfigurationError

if TYPE_CHECKING:
    from mock_sei.platform import Platform

_MISSING = {
    errno.EMFILE: "this process cannot open any more files; raise its limit (ulimit -n)",
    errno.ENFILE: "this machine cannot open any more files; close some",
    errno.ENOSPC: "no space is left on the disk; free some",
    errno.EDQUOT: "the disk quota of this user is used up; raise it or remove files",
    errno.EFBIG: "a file would become larger than the limit; raise the limit (ulimit -f)",
    errno.ENOMEM: "no memory is left; give this machine or container more",
    errno.ENOBUFS: "no memory is left for connections; close some",
}
_NO_THREAD = "no more threads can be started; allow this user or container more (ulimit -u)"

KINDS = (OSError, MemoryError, RuntimeError, ImportError, ConfigurationError)
"""Classes of errors that may have this cause; :func:`find_exhaustion` tells whether one has."""


def find_exhaustion(error: BaseException) -> str | None:
    """What this machine has no more of, and what to do. None if the error has another cause."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        if isinstance(cause, MemoryError):
            return _MISSING[errno.ENOMEM]
        if isinstance(cause, OSError) and cause.errno in _MISSING:
            return _MISSING[cause.errno]
        if isinstance(cause, ImportError):
            missing = _find_missing_of_import(str(cause))
            if missing is not None:
                return missing
        if isinstance(cause, RuntimeError) and "start new thread" in str(cause):
            return _NO_THREAD
        cause = cause.__cause__ or cause.__context__
    return None


def _find_missing_of_import(text: str) -> str | None:
    """What was missing when a library could not be loaded. Of an extension module, the system's
    loader says so only with the words of the error number (``dlopen``)."""
    found = (missing for code, missing in _MISSING.items() if os.strerror(code) in text)
    return next(found, None)


def report(platform: Platform, missing: str) -> None:
    """Records what this machine has no more of, and lets what could not be loaded be loaded again.

    ``missing`` is what :func:`find_exhaustion` found.
    """
    _forget_parts()
    platform.record_exhaustion(missing)


def _forget_parts() -> None:
    """Forgets the modules of packages that could not be imported to their end.

    Python forgets such a package, but keeps the modules of it that were imported already. They
    would not become attributes of the package when it is imported again.
    """
    for name in sorted(sys.modules):  # a package before its modules
        package = name.rpartition(".")[0]
        if package and package not in sys.modules:
            sys.modules.pop(name, None)
