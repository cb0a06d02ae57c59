"""Describes the machine, and chooses the cores for server and load."""

from __future__ import annotations

import os
import platform
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("mock-sei", "fastapi", "uvicorn", "httptools", "uvloop", "python-jose", "cryptography")


class Cores(NamedTuple):
    """The cores of the server and of the load; None if processes cannot be pinned to cores."""

    server: int | None
    load: int | None

    @property
    def described(self) -> str:
        if self.server is None:
            return "not pinned: one core, or a system without sched_setaffinity"
        return f"server on core {self.server}, load on core {self.load}"


def choose_cores() -> Cores:
    """The first and the last core that this process may use."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], allowed[-1]) if len(allowed) > 1 else Cores(None, None)


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """A context manager: processes and threads started in it run only on this core."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def describe_machine(name: str | None, cores: Cores) -> list[tuple[str, str]]:
    """The facts that a reader needs to compare the results with others."""
    return [
        ("machine", name or platform.node()),
        ("cpu", f"{_cpu_model()}, {os.cpu_count()} cores; {cores.described}"),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("openssl", ssl.OPENSSL_VERSION),
        ("packages", ", ".join(f"{each} {version(each)}" for each in PACKAGES)),
    ]


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
