"""A program of its own, since a test process has threads and files that a child would inherit."""

from __future__ import annotations

import json
import os
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.forked import run_forked
from tests.patience import PATIENCE, patient

PROGRAMS_PATIENCE = patient(300)
"""Seconds for a program that takes two; one that hangs fails."""

_PRELUDE = f'''
import asyncio, atexit, gc, multiprocessing, os, pickle, signal, socket, subprocess, sys, tempfile
import json, shutil, threading, warnings, weakref
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from mock_sei import Attached, MockSei
from mock_sei.errors import MockSeiError

PATIENCE = {PATIENCE}
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads


def ended(child):
    """A child's exit code; one that hangs is ended and is an error."""
    signal.alarm({int(PROGRAMS_PATIENCE) - 50})
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def folders():
    return sorted(Path(tempfile.gettempdir()).glob("mock-sei-*"))

'''


_EACH = """
failures = {}

def attempt(name, program):
    folder = Path(tempfile.mkdtemp())
    report = folder.with_suffix(".txt")
    child = os.fork()
    if not child:
        with report.open("w") as errors:
            os.dup2(errors.fileno(), 2)
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
        exec(compile(program, name, "exec"), globals())
        raise SystemExit
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    errors, left = report.read_text(), sorted(each.name for each in folder.iterdir())
    report.unlink()
    shutil.rmtree(folder)
    if status or left or "Traceback" in errors:
        failures[name] = f"status {status}, left {left}, {errors}"

for name, program in json.loads(sys.stdin.read()).items():
    attempt(name, program)
print(json.dumps(failures))
"""


def run_each(temporary: Path, programs: Mapping[str, str]) -> dict[str, str]:
    """The programs, by name, that :func:`run` would fail for, and why.

    Each has a process of its own, forked from one that imported everything and did nothing.
    """
    dedented = {name: _dedented(program) for name, program in programs.items()}
    failures: dict[str, str] = json.loads(run(temporary, _EACH, typed=json.dumps(dedented)))
    return failures


def run(temporary: Path, program: str, *, typed: str = "") -> str:
    """What it prints. It must end well, without a traceback, and leave no temporary file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.py"
        file.write_text(_PRELUDE + _dedented(program), encoding="utf-8")
        ran = run_forked(
            file,
            folder=None,
            environ=os.environ | {"TMPDIR": str(temporary)},
            typed=typed,
            patience=PROGRAMS_PATIENCE,
        )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
    left = [each.name for each in temporary.iterdir()]
    assert not left, left
    return ran.stdout


def _dedented(program: str) -> str:
    return textwrap.dedent(program)
