"""A program of its own, since a test process has threads and files that a child would inherit."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.patience import PATIENCE, patient

PROGRAMS_PATIENCE = patient(300)
"""Seconds for a program that takes two; one that hangs fails."""

_PRELUDE = f'''
import asyncio, atexit, gc, multiprocessing, os, pickle, signal, socket, subprocess, sys, tempfile
import threading, weakref
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from mock_sei import Attached, MockSei
from mock_sei.errors import MockSeiError

PATIENCE = {PATIENCE}


def ended(child):
    """A child's exit code; one that hangs is ended and is an error."""
    signal.alarm({int(PROGRAMS_PATIENCE) - 50})
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def folders():
    return sorted(Path(tempfile.gettempdir()).glob("mock-sei-*"))

'''


def run(temporary: Path, program: str) -> str:
    """What it prints. It must end well, without a traceback, and leave no temporary file."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _PRELUDE + _dedented(program)],
        env=os.environ | {"TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=PROGRAMS_PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr
    left = [each.name for each in temporary.iterdir()]
    assert not left, left
    return ran.stdout


def _dedented(program: str) -> str:
    return textwrap.dedent(program)
