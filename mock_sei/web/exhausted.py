"""Errors of a machine that has no more files, disk space, threads or memory.

Such an error is neither an answer of the platform nor a bug. The answer says what is missing and
what to do, and ``check()`` reports it.
"""

from __future__ import annotations

import errno

from mock_sei.errors import ConfigurationError

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

KINDS = (OSError, MemoryError, RuntimeError, ConfigurationError)
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
        if isinstance(cause, RuntimeError) and "start new thread" in str(cause):
            return _NO_THREAD
        cause = cause.__cause__ or cause.__context__
    return None
