"""A user's own suite, run by pytest in a process of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

import httpcore2  # noqa: F401  # pytester forgets what a test is first to import; httpx2 does not
import pytest

from tests.e2e.forked import PYTEST, run_forked
from tests.patience import patient

IN_RANDOM_ORDER = [
    option
    for plugin in ("anyio", "hypothesispytest", "schemathesis")
    for option in ("-p", f"no:{plugin}")
]
"""Options of pytest that leave out what only we installed, and what takes longer than a suite."""
USERS_PLUGINS = [*IN_RANDOM_ORDER, "-p", "no:randomly"]
"""These options, and the tests run in the order in which they are written."""

PATIENT = f"""
from httpx2._config import DEFAULT_TIMEOUT_CONFIG as waits

waits.connect = waits.read = waits.write = waits.pool = {patient(300)}
"""
"""In a suite: a client that names no time-out waits as long as the suite may take."""


def run_suite(
    pytester: pytest.Pytester, suite: str, *options: str, conftest: str = ""
) -> pytest.RunResult:
    """Runs a user's suite, warnings as errors, with the plugin that is installed.

    Forked: what the suite imports may be imported already.
    """
    pytester.makepyfile(test_suite=suite)
    if conftest:
        pytester.makeconftest(conftest)
    return run_pytest(pytester, "-W", "error", *USERS_PLUGINS, *options)


def run_in(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs pytest in a folder, forked from a process that has imported it."""
    done = run_forked(
        "pytest",
        "--basetemp=temporary",
        *options,
        folder=folder,
        environ=os.environ,
        imports=PYTEST,
        patience=patient(300),
    )
    print(done.stdout, done.stderr)  # noqa: T201  # shown by pytest beside a failure
    return done


def run_pytest(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """As ``pytester.runpytest_subprocess`` does, by :func:`run_in`."""
    begin = time.monotonic()
    done = run_in(pytester.path, *options)
    status: int | pytest.ExitCode = done.returncode
    with contextlib.suppress(ValueError):
        status = pytest.ExitCode(status)
    return pytest.RunResult(
        status, done.stdout.splitlines(), done.stderr.splitlines(), time.monotonic() - begin
    )
