"""The interface of a container engine and of a running container that the tests use."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from tests.e2e.serving import wait_for
from tests.patience import PATIENCE, patient

ROOT = Path(__file__).parents[2]
BUILDAH = {
    "STORAGE_DRIVER": "vfs",
    "BUILDAH_ISOLATION": "chroot",
    "BUILDAH_FORMAT": "docker",  # the other format has no health check
}
"""The script's own settings; a program that is not buildah does not look at them."""
BUILD_PATIENCE = patient(1500)
"""Most seconds for a build. The first one on a machine also creates the base image."""
PORTS = {"ONE_WAY": 443, "TWO_WAY": 444, "CONTROL": 8044}
"""The ports of the image."""


def call(*command: object, patience: float = PATIENCE * 4) -> subprocess.CompletedProcess[str]:
    """Runs a program of the machine, with the machine's own settings, to its end."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | BUILDAH,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )


def sound(*command: object, patience: float = PATIENCE * 4) -> str:
    """The output of a program, which must not fail."""
    finished = call(*command, patience=patience)
    assert finished.returncode == 0, f"{command}: {finished.stderr[-3000:]}"
    return finished.stdout


class Container(Protocol):
    """A running container. Leaving the ``with`` block stops and removes it."""

    control_url: str
    one_way_url: str
    two_way_url: str

    def execute(self, *command: object) -> subprocess.CompletedProcess[str]:
        """Runs another program in the container."""

    def running(self) -> bool: ...

    def stop(self) -> int:
        """Sends SIGTERM and nothing after it; returns the exit status."""

    def output(self) -> str:
        """The output so far, including errors."""

    def changed(self) -> set[str]:
        """Files that are not as in the image, volumes and memory apart."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Engine(Protocol):
    def build(self) -> None: ...

    def config(self) -> dict[str, Any]:
        """``Config`` of the image, as ``docker inspect`` shows it."""

    def volume(self, *, of_root: bool = False) -> str:
        """A new volume as the image creates it, or like a root-owned temporary one."""

    def start(
        self,
        *command: str,
        volume: str,
        environ: Mapping[str, str] | None = None,
        read_only: bool = False,
        low_ports: bool = True,
        user: str = "",
    ) -> Container:
        """Runs the image's entry point, with its own command or another one."""

    def once(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of the image instead of its entry point."""


def healthy(container: Container) -> Container:
    """Waits until the image's health check succeeds."""
    try:
        wait_for(
            lambda: container.execute("mock-sei", "healthcheck").returncode == 0,
            still=container.running,
        )
    except AssertionError:
        print(container.output())  # noqa: T201  # shown by pytest beside the failure
        raise
    return container


def attach_options(container: Container) -> list[str]:
    """The options by which a suite finds the container."""
    return [
        *("--mock-sei-url", container.control_url),
        *("--mock-sei-one-way-url", container.one_way_url),
        *("--mock-sei-two-way-url", container.two_way_url),
    ]


class Run:
    """What both kinds of container share."""

    control_url: str
    one_way_url: str
    two_way_url: str

    def remove(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def free_port() -> int:
    """A port that was free a moment ago, for a program that needs its port before it starts."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
    return port
