"""Programs of PyPI that want other versions of libraries than those tested here: each has a virtual
environment of its own, beside its ``requirements.txt``."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import patient


def installed(folder: Path, program: str) -> Path:
    """The path of a program, installed by pip if need be. Skips the test without a registry."""
    environment = folder / ".venv"
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of pytest-xdist share the folder
        made_for = environment / "made-for.txt"
        requirements = folder / "requirements.txt"
        wanted = f"{sys.version}\n{requirements.read_text()}"
        if not made_for.exists() or made_for.read_text() != wanted:
            pip = [environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
            for command in (
                [sys.executable, "-m", "venv", "--clear", environment],
                [*pip, "install", "--quiet", "-r", requirements],
            ):
                done = subprocess.run(  # with this environment: pip may need a proxy
                    [str(part) for part in command],
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=patient(300),
                )
                if done.returncode:
                    pytest.skip(f"{program} could not be installed: {done.stderr.strip()[-500:]}")
            made_for.write_text(wanted)
    return environment / "bin" / program
