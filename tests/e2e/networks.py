"""A network of the test's own: nothing but its loopback, every port for everybody, names as given.

That is what a container finds in an engine's network, but for the other containers.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE

ADDRESS = "192.0.2.1"
SET_UP = (
    f"ip link set lo up && ip address add {ADDRESS}/32 dev lo"
    " && echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start && echo up && exec cat"
)


@contextmanager
def own_network() -> Iterator[Network]:
    """Gone with the process that holds it."""
    if os.geteuid() or not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        pytest.skip("a network of its own needs root, unshare, nsenter and ip")
    with subprocess.Popen(
        ["unshare", "--net", "sh", "-c", SET_UP], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"up\n", "no network of its own here"
        yield Network(holder.pid)
        holder.stdin.close()
        holder.wait(PATIENCE)


class Network:
    address = ADDRESS
    """Its own that is not loopback (RFC 5737)."""

    def __init__(self, pid: int) -> None:
        self.inside: tuple[str, ...] = ("nsenter", f"--net=/proc/{pid}/ns/net")
        """Before a command that is to run in it."""

    def knowing(self, folder: Path, address: str, *names: str) -> Sequence[str]:
        """The same, and the names lead to that address."""
        hosts = folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost\n{address} {' '.join(names)}\n")
        script = 'mount --bind "$0" /etc/hosts && exec "$@"'
        return (*self.inside, "unshare", "--mount", "sh", "-c", script, str(hosts))
