"""``mock-sei``, pytest or a program, forked from a process that has imported everything.

To import everything costs a second, five times as much as most commands. What depends on how an
interpreter starts (its variables, OpenSSL's settings, limits of the shell) needs the real command.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.patience import PATIENCE

LATE = (
    "anyio._backends._asyncio",
    "jinja2",
    "jsonpatch",
    "jsonpointer",
    "jsonschema_rs",
    "lxml.etree",
    "mock_sei.apis.merged",
    "mock_sei.apis.product_reading",
    "mock_sei.values.core_yaml",
    "mock_sei.web.control.app",
    "re2",
    "regex",
    "signxml.verifier",
    "uvloop",
)
"""Modules that only some calls import."""

_WARM_UP = """
import socket
import uvicorn.protocols.http.httptools_impl
from mock_sei.rules.standards import Listener
from mock_sei.runtime.launch import launch
from mock_sei.settings import load_settings
from mock_sei.web.functional import load_calls
from mock_sei.web.portal.entrance import load_portal

for name in LATE:
    try:
        __import__(name)
    except ImportError:  # an extra is not installed
        pass

def warm_up():
    sockets = {each: [socket.create_server(("127.0.0.1", 0))] for each in Listener}
    with tempfile.TemporaryDirectory() as folder:
        launch(load_settings({"certs_dir": folder}, environ={}), sockets)
    load_calls()
    load_portal()
    for [each] in sockets.values():
        each.close()
""".replace("LATE", str(LATE))
"""Defines ``warm_up``, which prepares a server that is never started: it imports all that a server
and its calls need."""

COMMAND = (
    _WARM_UP
    + """
import asyncio, multiprocessing, pkgutil, runpy
import mock_sei.commands
from mock_sei import Attached, MockSei
from mock_sei.cli import main as command

for each in pkgutil.iter_modules(mock_sei.commands.__path__, "mock_sei.commands."):
    __import__(each.name)
warm_up()

def main():
    if not sys.argv[0].endswith(".py"):
        command()
    else:
        runpy.run_path(sys.argv[0], run_name="__main__")
    sys.exit()
"""
)
"""Imports what the command ``mock-sei`` needs, and a program that has a platform. ``main`` runs the
command, or the file of such a program."""

PYTEST = f"""
import contextlib, io, pytest

class Imports:
    def pytest_configure():  # pytest rewrites the assertions of its plugins' packages from now on
        exec({_WARM_UP + "warm_up()"!r}, globals())
        import httpx2, mock_sei.testing.attached

with tempfile.TemporaryDirectory() as empty, contextlib.redirect_stdout(io.StringIO()):
    others = ("anyio", "hypothesispytest", "schemathesis", "randomly", "cacheprovider")
    options = ("--rootdir", empty, "-s", *("-pno:" + each for each in others))
    pytest.main([empty, *options], plugins=[Imports])

def main():
    sys.path.insert(0, os.getcwd())
    sys.exit(pytest.main())
"""
"""Imports what pytest and the plugin need; ``main`` runs a suite as ``python -m pytest`` does."""

_PROGRAM = """
import gc, json, os, sys, tempfile, time

IMPORTS

def become(asked):
    os.setsid()  # without a terminal openssl reads passphrases from its input
    for number, (path, flags) in enumerate(asked["streams"]):
        opened = os.open(path, flags, 0o666)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, closefd=False)
    os.environ.clear()
    os.environ.update(asked["environ"])
    time.tzset()
    tempfile.tempdir = None
    os.chdir(asked["folder"])
    sys.argv = asked["words"]
    main()

ended = {}

def status(pid):
    if pid not in ended:
        found, code = os.waitpid(pid, os.WNOHANG)
        if not found:
            return None
        ended[pid] = os.waitstatus_to_exitcode(code)
    return ended[pid]

gc.freeze()
while line := sys.stdin.readline():
    asked = json.loads(line)
    if "pid" in asked:
        answer = status(asked["pid"])
    elif not (answer := os.fork()):
        become(asked)
    print(json.dumps(answer), flush=True)
"""


class _Forker:
    """The process that has imported everything; one for each worker of pytest-xdist."""

    def __init__(self, imports: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _PROGRAM.replace("IMPORTS", imports)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        self._lock = threading.Lock()

    def ask(self, **asked: object) -> int | None:
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            answer: int | None = json.loads(self._process.stdout.readline())
        return answer

    def end(self) -> None:
        self._process.communicate()


@functools.cache
def _forker(imports: str) -> _Forker:
    forker = _Forker(imports)
    atexit.register(forker.end)
    return forker


class Forked:
    """A running command, as :class:`subprocess.Popen` shows one."""

    def __init__(
        self,
        words: Sequence[object],
        *,
        folder: Path,
        environ: Mapping[str, str],
        output: Path,
        errors: Path,
        typed: Path | None = None,
        imports: str = COMMAND,
    ) -> None:
        written = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        streams = (
            (str(typed or os.devnull), os.O_RDONLY),
            (str(output), written),
            (str(errors), written),
        )
        self._forker = _forker(imports)
        pid = self._forker.ask(
            words=list(map(str, words)), folder=str(folder), environ=dict(environ), streams=streams
        )
        assert pid is not None
        self.pid = pid

    def poll(self) -> int | None:
        return self._forker.ask(pid=self.pid)

    def wait(self, timeout: float = PATIENCE) -> int:
        deadline = time.monotonic() + timeout
        if self.poll() is None and hasattr(os, "pidfd_open"):  # Linux: it need not be asked again
            ending = os.pidfd_open(self.pid)
            try:
                watched = select.poll()
                watched.register(ending, select.POLLIN)
                watched.poll(timeout * 1000)
            finally:
                os.close(ending)
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("mock-sei", timeout)
            time.sleep(0.005)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run_forked(
    *words: object,
    folder: Path | None,
    environ: Mapping[str, str],
    typed: str = "",
    imports: str = COMMAND,
    patience: float = PATIENCE,
) -> subprocess.CompletedProcess[str]:
    """Runs ``mock-sei``, pytest or a program to its end, as :func:`subprocess.run` does."""
    with tempfile.TemporaryDirectory() as streams:
        files = [Path(streams) / name for name in ("typed", "output", "errors")]
        files[0].write_text(typed, encoding="utf-8")
        forked = Forked(
            words,
            folder=folder or Path.cwd(),
            environ=environ,
            typed=files[0],
            output=files[1],
            errors=files[2],
            imports=imports,
        )
        try:
            status = forked.wait(patience)
        finally:
            forked.kill()
        said = [each.read_text(encoding="utf-8") for each in files[1:]]
    return subprocess.CompletedProcess(list(map(str, words)), status, *said)
