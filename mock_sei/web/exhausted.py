"""When the machine runs out of something: files, disk, threads, memory. The answer says which.

It is no answer of the platform and no bug either, so it says what to do, and ``check()`` knows it.
"""

from __future__ import annotations

import errno

from mock_sei.errors import ConfigurationError

_MISSING = {
    errno.EMFILE: "no further file can be opened by this process; raise its limit (ulimit -n)",
    errno.ENFILE: "no further file can be opened on this machine; close some",
    errno.ENOSPC: "no space is left on the disk; make some",
    errno.EDQUOT: "the disk quota of this user is used up; raise it or remove files",
    errno.EFBIG: "a file may not become as large as it has to; raise the limit (ulimit -f)",
    errno.ENOMEM: "no memory is left; give this machine or container more",
    errno.ENOBUFS: "no memory is left for connections; close some",
}
_NO_THREAD = "no further thread can be started; allow this user or container more (ulimit -u)"

KINDS = (OSError, MemoryError, RuntimeError, ConfigurationError)
"""What may be one of them; :func:`find_exhaustion` says whether it is."""


def find_exhaustion(error: BaseException) -> str | None:
    """What this machine has no more of, and what to do; None where that is not the trouble."""
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
