"""A network of a server's own, from which a Redis server on this machine can be cut off."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LEAST = 1
_MOST = 250


class CutOff:
    """A network namespace with a pair of devices to this machine (``ip-netns(8)``, ``veth(4)``)."""

    def __init__(self, number: int) -> None:
        """``number`` is from 1 to 250, and no other run on this machine has it. The addresses are
        for tests of networks (RFC 2544)."""
        self.name = f"mock-sei-{number}"
        self._device, self._inner = f"msei{number}", f"msei{number}i"
        self._here = f"198.18.{number}.1"
        self.redis_address = f"198.18.{number}.9"
        """Where a server in the namespace finds Redis."""
        self.address = f"198.18.{number}.2"
        """Where the server in the namespace is found."""

    @property
    def exists(self) -> bool:
        """Whether another run has it, or left it behind when it was killed."""
        return Path("/run/netns", self.name).exists()

    @property
    def inside(self) -> tuple[str, ...]:
        """Before a command that is to run in it."""
        return "ip", "netns", "exec", self.name

    def make(self) -> None:
        """Raises ``subprocess.CalledProcessError`` if that is not permitted."""
        _ip("netns", "add", self.name)
        _ip("link", "add", self._device, "type", "veth", "peer", self._inner, "netns", self.name)
        _ip("address", "add", f"{self._here}/30", "dev", self._device)
        _ip("address", "add", f"{self.redis_address}/32", "dev", self._device)
        _ip("link", "set", self._device, "up")
        within = ("-n", self.name)
        _ip(*within, "link", "set", "lo", "up")
        _ip(*within, "address", "add", f"{self.address}/30", "dev", self._inner)
        _ip(*within, "link", "set", self._inner, "up")
        self.join()

    def remove(self) -> None:
        for words in (("netns", "delete", self.name), ("link", "delete", self._device)):
            with suppress(subprocess.CalledProcessError):
                _ip(*words)

    def cut(self) -> None:
        """From now on nothing that is sent to Redis arrives."""
        _ip("-n", self.name, "route", "replace", "blackhole", f"{self.redis_address}/32")

    def join(self) -> None:
        """What is sent to Redis arrives."""
        way = (f"{self.redis_address}/32", "dev", self._inner)
        _ip("-n", self.name, "route", "flush", f"{self.redis_address}/32")
        _ip("-n", self.name, "route", "replace", *way)


@contextmanager
def cut_off() -> Iterator[CutOff | None]:
    """A network of a server's own; None where that is not permitted."""
    if os.geteuid() or shutil.which("ip") is None:
        yield None
        return
    numbers = (_LEAST + (os.getpid() + each) % _MOST for each in range(_MOST))
    network = next(each for each in map(CutOff, numbers) if not each.exists)
    try:
        try:
            network.make()
        except subprocess.CalledProcessError:
            yield None
        else:
            yield network
    finally:
        network.remove()


def _ip(*words: str) -> None:
    subprocess.run([shutil.which("ip") or "ip", *words], check=True, capture_output=True)
