"""A real ``haproxy`` for tests: its file and what its variables say, on free ports of loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.patience import PATIENCE


def check(file: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What HAProxy says of a configuration file."""
    return subprocess.run(
        [_program(), "-c", "-f", str(file)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


class HAProxy:
    """A running HAProxy. Leaving the ``with`` ends it."""

    def __init__(self, file: Path, variables: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [_program(), "-db", "-f", str(file)],
                env={**os.environ, **variables},
                stdout=output,
                stderr=output,
            )

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def __enter__(self) -> HAProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(PATIENCE)


def _program() -> str:
    program = shutil.which("haproxy")
    assert program is not None, "mark the test with needs('haproxy')"
    return program
