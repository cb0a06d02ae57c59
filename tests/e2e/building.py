"""The source distribution and the wheel, built from a checkout as a developer's is: littered."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mock_sei import __version__
from tests.e2e.serving import run
from tests.patience import patient

ROOT = Path(__file__).parents[2]
NAME = f"mock_sei-{__version__}"
PATIENCE = patient(300)
"""Most seconds for a command that uses a package index."""

LITTER = (
    ".venv/pyvenv.cfg",
    "build/wheel/README.md",
    "certs/ca.key",
    "certs/svc-demo/privatekey.key",
    "dist/mock_sei-0.0.1.tar.gz",
    "examples/dotnet/Ledger/obj/project.assets.json",
    "examples/java/target/classes/Ledger.class",
    "fixtures/__pycache__/books.pyc",
    "mock-sei.toml",
    "mock_sei/__pycache__/cli.pyc",
    "tests/.hypothesis/examples",
    ".mypy_cache/cache.json",
    ".pytest_cache/README.md",
    ".ruff_cache/cache",
    "tests/e2e/javascript/node_modules/axe-core/axe.js",
    "tests/e2e/javascript/.lock",
)
"""Files that are left in a checkout when the project runs."""


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that its first user fills; all workers of pytest-xdist share it."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def succeeds(*command: object, cwd: Path | None = None) -> str:
    """The output of a program that uses the package index of the developer's shell."""
    done = run(*command, cwd=cwd, environ=os.environ, patience=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path) -> None:
    """Into ``dist`` what ``make dist`` builds, into ``direct`` the wheel without the detour."""
    ignored = (".git", ".venv", "build", "dist", "node_modules", "__pycache__", ".*_cache")
    checkout = shutil.copytree(ROOT, folder / "checkout", ignore=shutil.ignore_patterns(*ignored))
    for each in LITTER:
        (checkout / each).parent.mkdir(parents=True, exist_ok=True)
        (checkout / each).touch()
    program = (sys.executable, "-m", "build", "--no-isolation", "--outdir")
    succeeds(*program, folder / "dist", cwd=checkout)
    succeeds(*program, folder / "direct", "--wheel", cwd=checkout)
