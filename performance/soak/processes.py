"""The processes of a server: its parent, its workers, and the connections that each of them holds.

It reads ``/proc``, so the server reports nothing of this itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection
from pathlib import Path

_STOPPED = "T"
_ENDED = "ZX"
PATIENCE = 5.0
"""Most seconds until a process has stopped after SIGSTOP."""


def children(pid: int) -> set[int]:
    """The processes that this one started and that have not ended."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found |= {int(each) for each in (thread / "children").read_text().split()}
    return {each for each in found if is_running(each)}


def is_running(pid: int) -> bool:
    return _status(pid) not in _ENDED


def stop(pid: int) -> None:
    """Stops a process with SIGSTOP. Returns when it stands still, or has ended."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + PATIENCE
    while _status(pid) not in _STOPPED + _ENDED and time.monotonic() < deadline:
        time.sleep(0.0005)


def client_ports(pid: int, server_ports: Collection[int]) -> set[int]:
    """The clients' ports of the accepted connections of a process."""
    held = set()
    with contextlib.suppress(OSError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                held.add(str(each.readlink()))
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, *rest = line.split()
        if int(local.partition(":")[2], 16) in server_ports and f"socket:[{rest[6]}]" in held:
            found.add(int(remote.partition(":")[2], 16))
    return found


def _status(pid: int) -> str:
    """The letter of a process's state; ``X`` if it does not exist."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "X"
    return text.rpartition(")")[2].split()[0]
