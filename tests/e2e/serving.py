"""``mock-sei`` as a user runs it: the installed command, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.e2e.forked import Forked, run_forked
from tests.patience import PATIENCE, patient

THOROUGH = bool(os.environ.get("MOCK_SEI_TESTS_THOROUGH"))
"""Set by ``make nightly``: attacks at their full size, and every row of their tables."""

T = TypeVar("T")
Process = subprocess.Popen[bytes] | Forked

BIN = Path(sys.executable).parent
MOCK_SEI = BIN / "mock-sei"
COMPILERS_PATIENCE = patient(300)
"""Go compiles its standard library when it first needs it."""
SHORT_LIVED_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Halves what a JVM costs that ends after a second."""
FREE_PORTS = ("--one-way-port", "0", "--two-way-port", "0", "--control-port", "0")


def wait_for(what: Callable[[], T], *, still: Callable[[], bool] = lambda: True) -> T:
    """Waits for the first true value of ``what``. Fails if ``still`` is false or time is over."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        assert still(), "it ended before it happened"
        time.sleep(0.005)
    raise AssertionError("it did not happen")


def environment(*, on_path: bool = True) -> dict[str, str]:
    """This process's environment without its proxies, CAs and settings of ours.

    The commands of the virtual environment are found by name, or not.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy")
        and not name.startswith(("MOCK_SEI_", "SSL_CERT_"))
        and not name.endswith(("_CA_BUNDLE", "_CA_CERTS"))
    }
    folders = [each for each in kept["PATH"].split(os.pathsep) if Path(each) != BIN]
    if on_path:
        folders.insert(0, str(BIN))
    return kept | {"PATH": os.pathsep.join(folders), "JAVA_TOOL_OPTIONS": SHORT_LIVED_JAVA}


def run(
    *command: object,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    typed: str = "",
    patience: float = PATIENCE,
) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end; ``typed`` is what a user types at its prompts."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environ or environment(),
        input=typed,
        start_new_session=True,  # without a terminal openssl reads passphrases from its input
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )


def run_mock_sei(
    *words: object,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    typed: str = "",
) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end, in a process forked from one that has imported everything."""
    environ = environ or environment()
    return run_forked(MOCK_SEI, *words, folder=cwd, environ=environ, typed=typed)


class Serving:
    """A running ``mock-sei serve``; leaving the ``with`` stops it."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.ready_file = folder / "ready.json"
        self._output = folder / "output.txt"
        self._errors = folder / "errors.txt"

    @classmethod
    def launch(
        cls,
        folder: Path,
        *options: str,
        ports: Sequence[str] = FREE_PORTS,
        environ: Mapping[str, str] | None = None,
        command: Sequence[object] = (),
        verb: str = "serve",
    ) -> Self:
        """Starts the process and does not wait for it; its working folder is ``folder``.

        Without a command it is forked from one that has imported everything. ``verb`` is the
        command of ``mock-sei``.
        """
        words = [verb, *ports, "--ready-file", "ready.json", *options]
        if not command:
            forked = Forked(
                [MOCK_SEI, *words],
                folder=folder,
                environ=environ or environment(),
                output=folder / "output.txt",
                errors=folder / "errors.txt",
            )
            return cls(forked, folder)
        with (folder / "output.txt").open("wb") as out, (folder / "errors.txt").open("wb") as err:
            process = subprocess.Popen(
                [*map(str, command), *words],
                cwd=folder,
                env=environ or environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        return cls(process, folder)

    @classmethod
    def start(cls, folder: Path, *options: str, **how: Any) -> Self:
        """Starts the process and waits until all listeners answer."""
        serving = cls.launch(folder, *options, **how)
        try:
            wait_for(serving.ready_file.exists, still=lambda: serving.process.poll() is None)
        except BaseException:
            serving.kill()
            print(serving.errors)  # noqa: T201  # shown by pytest beside the failure
            raise
        return serving

    @property
    def ready(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.ready_file.read_text())
        return content

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    @property
    def curl_lines(self) -> list[str]:
        return [line for line in self.output.splitlines() if line.startswith("curl ")]

    def stop(self) -> int:
        """Stops the process with SIGTERM, as an orchestrator does. Returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.kill()
