"""A machine without files, disk space or threads: a start reports it, a server keeps running."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.handshakes import tcp
from tests.e2e.hostile import watched_serve
from tests.e2e.hostile.tour import Tour
from tests.e2e.serving import FREE_PORTS, MOCK_SEI, THOROUGH, Serving, run, run_mock_sei, wait_for

FULL_AFTER_WRITES = """
import errno, os, sys
from mock_sei.cli import main

opened, left = os.open, int(sys.argv.pop(1))

def open_some(path, flags, *rest, **more):
    global left
    if flags & os.O_EXCL and ".part-" in str(path):
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    return opened(path, flags, *rest, **more)

os.open = open_some
main()
"""
WITHOUT_THREADS = """
import sys, threading
from mock_sei.cli import main

start, allowed = threading.Thread.start, int(sys.argv.pop(1))

def start_some(thread):
    global allowed
    if allowed == 0:
        raise RuntimeError("can't start new thread")
    allowed -= 1
    start(thread)

threading.Thread.start = start_some
main()
"""


SmallDisk = Callable[[str], contextlib.AbstractContextManager[Path]]


def limited(limit: str) -> tuple[object, ...]:
    """The command under a limit of the shell."""
    return ("sh", "-c", f'ulimit {limit} && exec "$0" "$@"', MOCK_SEI)


def refused(folder: Path, *command: object) -> str:
    """The one line of a start that says why it fails."""
    ended = run(*command, "serve", *FREE_PORTS, "--ready-file", "ready.json", cwd=folder)
    assert ended.returncode == 2, ended.stderr
    assert not (folder / "ready.json").exists()
    (line,) = ended.stderr.splitlines()
    assert line.startswith("mock-sei: ")
    return line


class TestFiles:
    def test_after_a_call_of_each_kind_no_request_opens_a_file(self, tmp_path: Path) -> None:
        command = (sys.executable, watched_serve.__file__)
        with Serving.start(tmp_path, command=command) as serving:
            with contextlib.ExitStack() as clients:
                tour = Tour(serving.ready, clients)
                assert [each for each in tour.answers() if each.status_code >= 500] == []
                serving.process.send_signal(signal.SIGUSR1)
                wait_for((tmp_path / "watching.txt").exists)
                assert [each for each in tour.answers() if each.status_code >= 500] == []
            assert serving.stop() == 0
        opened = (tmp_path / "opened.txt").read_text().splitlines()
        assert [each for each in opened if not is_justified(each)] == []

    @pytest.mark.parametrize("count", [12, 16, 20, 22] if THOROUGH else [12, 22])
    def test_a_start_with_too_few_says_so(self, tmp_path: Path, count: int) -> None:
        line = refused(tmp_path, *limited(f"-n {count}"))
        assert "this process cannot open any more files" in line
        assert "ulimit -n" in line

    def test_open_connections_are_answered_when_there_is_none_left(self, tmp_path: Path) -> None:
        with (
            Serving.start(tmp_path, command=limited("-n 40")) as serving,
            contextlib.ExitStack() as clients,
        ):
            tour = Tour(serving.ready, clients)
            tour.connect()
            with contextlib.ExitStack() as others:
                for _ in range(40):
                    others.enter_context(tcp(serving.ready["control_url"]))
                wait_for(lambda: "control listener: cannot accept: Too many open" in serving.errors)
                bad = [each for each in tour.answers() if each.status_code >= 500]
                assert [each for each in bad if not says_what_is_missing(each)] == []
                assert bad
            wait_for(tour.has_files)
            assert [each for each in tour.answers() if each.status_code >= 500] == []
            assert "Traceback" not in serving.errors
            assert "never awaited" not in serving.errors


def is_justified(opened: str) -> bool:
    """Sources, which FastAPI cites in a validation error and does without; files for OpenSSL."""
    return any(each in opened for each in (" linecache.py:", "/identity.pem", " tls.py:"))


def says_what_is_missing(answer: httpx2.Response) -> bool:
    return answer.status_code == 503 and "cannot open any more files" in answer.text


class TestDisk:
    @pytest.mark.parametrize("writes", [0, 1, 4, 5, 6, 7, 9] if THOROUGH else [0, 4, 9])
    def test_a_start_that_cannot_write_something_names_it(
        self, tmp_path: Path, writes: int
    ) -> None:
        """CA, signing key, truststore, server certificate, accounts' certificates."""
        line = refused(tmp_path, sys.executable, "-c", FULL_AFTER_WRITES, writes)
        assert f"mock-sei: {tmp_path / 'certs'}{os.sep}" in line
        assert "No space left" in line
        assert list(tmp_path.rglob(".part-*")) == []

    def test_a_ready_file_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        made = run_mock_sei("issue", "svc-demo", cwd=tmp_path)
        assert made.returncode == 0
        with Serving.start(tmp_path) as serving:
            assert serving.stop() == 0
        command = (sys.executable, "-c", FULL_AFTER_WRITES, 0)
        ended = run(*command, "serve", *FREE_PORTS, "--ready-file", "ready.json", cwd=tmp_path)
        assert ended.returncode == 2
        (line,) = ended.stderr.splitlines()
        assert "ready.json: cannot be written: No space left" in line

    @pytest.mark.parametrize("blocks", [1, 2, 4] if THOROUGH else [1])
    def test_files_that_may_not_become_large_enough_are_named(
        self, tmp_path: Path, blocks: int
    ) -> None:
        line = refused(tmp_path, *limited(f"-f {blocks}"))
        assert f"{tmp_path / 'certs'}{os.sep}" in line
        assert "cannot be written: File too large" in line

    @pytest.mark.parametrize("size", ["12k", "24k", "40k"] if THOROUGH else ["24k"])
    def test_a_full_disk_is_named(self, tmp_path: Path, small_disk: SmallDisk, size: str) -> None:
        with small_disk(size) as certs:
            ended = run_mock_sei(
                *("serve", *FREE_PORTS, "--certs-dir", certs),
                *("--ready-file", tmp_path / "ready.json"),
                cwd=tmp_path,
            )
        assert ended.returncode == 2, ended.stderr
        assert str(certs) in ended.stderr
        assert "No space left" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert not (tmp_path / "ready.json").exists()

    def test_what_is_issued_while_the_disk_is_full_is_answered(self, tmp_path: Path) -> None:
        """The folder is gone: calls go on, and what needs it says so."""
        with Serving.start(tmp_path) as serving, contextlib.ExitStack() as clients:
            tour = Tour(serving.ready, clients)
            shutil.rmtree(tmp_path / "certs")
            bad = [each for each in tour.answers() if each.status_code >= 500]
            assert bad == []
            assert "Traceback" not in serving.errors
            assert serving.stop() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> SmallDisk:
    """A file system in memory of a given size; skipped where this user may not mount one."""

    @contextlib.contextmanager
    def mounted(options: str) -> Iterator[Path]:
        folder = tmp_path / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={options}", "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
            pytest.skip("this user may mount nothing")
        try:
            yield folder
        finally:
            subprocess.run(["umount", str(folder)], check=True)

    return mounted


class TestReadOnly:
    def test_a_whole_folder_serves_and_an_incomplete_one_is_refused(
        self, tmp_path: Path, small_disk: SmallDisk
    ) -> None:
        with small_disk("1m") as certs:
            options = ("--certs-dir", str(certs))
            with Serving.start(tmp_path, *options) as first:
                assert first.stop() == 0
            remounted = ["mount", "-o", "remount,ro", str(certs)]
            subprocess.run(remounted, check=True)
            with Serving.start(tmp_path, *options) as second, contextlib.ExitStack() as clients:
                tour = Tour(second.ready, clients)
                assert [each for each in tour.answers() if each.status_code >= 500] == []
                assert second.stop() == 0
            subprocess.run(["mount", "-o", "remount,rw", str(certs)], check=True)
            (certs / "svc-demo" / "privatekey.key").unlink()
            subprocess.run(remounted, check=True)
            ended = run_mock_sei("serve", *FREE_PORTS, *options, cwd=tmp_path)
        assert ended.returncode == 2, ended.stderr
        assert f"{certs}{os.sep}svc-demo" in ended.stderr
        assert "Read-only file system" in ended.stderr
        assert "Traceback" not in ended.stderr


REDIRECTED = (">/dev/full", "2>/dev/full", ">&-", "2>&-", ">/dev/full 2>&1", ">&- 2>&-")


class TestOutput:
    @pytest.mark.parametrize("redirected", REDIRECTED if THOROUGH else REDIRECTED[-1:])
    def test_output_that_cannot_be_written_stops_nothing(
        self, tmp_path: Path, redirected: str
    ) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("this system has no /dev/full")
        command = ("sh", "-c", f'exec "$0" "$@" {redirected}', MOCK_SEI)
        with Serving.start(tmp_path, command=command) as serving:
            with contextlib.ExitStack() as clients:
                tour = Tour(serving.ready, clients)
                assert [each for each in tour.answers() if each.status_code >= 500] == []
            assert serving.stop() == 0
        assert "Traceback" not in serving.errors


class TestThreads:
    def test_a_start_without_one_says_so(self, tmp_path: Path) -> None:
        line = refused(tmp_path, sys.executable, "-c", WITHOUT_THREADS, 0)
        assert "no more threads can be started" in line

    def test_a_call_that_wants_one_is_answered(self, tmp_path: Path) -> None:
        command = (sys.executable, "-c", WITHOUT_THREADS, 1)
        with Serving.start(tmp_path, command=command) as serving:
            control = serving.ready["control_url"]
            issued = httpx2.post(
                f"{control}/service-accounts/svc-demo/certificates", json={}, trust_env=False
            )
            checked = httpx2.get(f"{control}/check", trust_env=False).json()
            assert httpx2.get(f"{control}/health", trust_env=False).is_success
            assert serving.stop() == 0
        assert issued.status_code == 503
        assert "no more threads can be started" in issued.json()["detail"]
        assert "no more threads can be started" in json.dumps(checked["bugs"])
        assert "Traceback" not in serving.errors
