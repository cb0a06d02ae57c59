"""The soak runs, and fails for a server that breaks a promise."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.serving import environment
from tests.patience import PATIENCE

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(sys.platform != "linux", reason="the soak reads /proc"),
]

CHECKOUT = Path(__file__).parents[2]
START = """
from mock_sei.cli import main
main()
"""
NOT_HONOURED = "the server accepts no token that it must refuse"
MEGABYTES = 10
"""Megabytes of hostile traffic for each listener and round."""
LIES = {
    "revocations forgotten": (
        NOT_HONOURED,
        """
from mock_sei.oauth.tokens import Tokens
Tokens.revoke_family = lambda self, family: None
""",
    ),
    "sessions that never end": (
        NOT_HONOURED,
        """
from mock_sei.oauth.sessions import Sessions
kept = {}
start = Sessions.start
def started(self, user):
    session = start(self, user)
    return kept.setdefault(session.identifier, session)
Sessions.start = started
Sessions.find = lambda self, identifier: kept.get(identifier)
""",
    ),
    "assertions good for ever": (
        NOT_HONOURED,
        """
from mock_sei.oauth.used_assertions import UsedAssertions
UsedAssertions.__contains__ = lambda self, key: False
""",
    ),
    "entries lost": (
        "the journal has every answer",
        """
from mock_sei.journal.journal import ServerJournal
add, count = ServerJournal.add, iter(range(1 << 40))
ServerJournal.add = lambda self, entry: next(count) % 50 and add(self, entry)
""",
    ),
    "bugs": (
        "no answer is a 500",
        """
from mock_sei import platform as platform
answer, count = platform.answer, iter(range(1 << 40))
platform.answer = lambda *given: 1 / (next(count) % 20) and answer(*given)
""",
    ),
}
"""Faulty servers by name: the promise that each breaks, and the code that breaks it."""


HOSTILE_LIES = {
    "bodies kept for ever": (
        "a reset frees the memory that hostile traffic took",
        """
from mock_sei.runtime.limited import LimitedProtocol
kept, on_body = [], LimitedProtocol.on_body
def keep(self, body):
    kept.append(body)
    on_body(self, body)
LimitedProtocol.on_body = keep
""",
    ),
    "calls that fail after a while": (
        "a good client gets the right answers during hostile traffic",
        """
from mock_sei import platform as platform
answer, count = platform.answer, iter(range(1 << 40))
platform.answer = lambda *given: 1 / (next(count) < 3) and answer(*given)
""",
    ),
}
"""Faulty servers that only the part with hostile traffic detects."""


WORKERS_LIES = {
    "changes of others unseen": (
        "the server refuses revoked and wrong certificates",
        """
from mock_sei.state.unit_of_work import SharedUnits
SharedUnits._catch_up = lambda self: None
""",
    ),
    "applications not written": (
        "what was answered with success is there after a kill, at every worker",
        """
from mock_sei.state.sqlite import SqliteStore
commit = SqliteStore.commit
def without(self, changes):
    return commit(self, [each for each in changes if "applications" not in each.name])
SqliteStore.commit = without
""",
    ),
    "assertions good for ever": (
        "of several tries at the same time, over all workers, one wins",
        """
from mock_sei.oauth.used_assertions import UsedAssertions
UsedAssertions.__contains__ = lambda self, key: False
""",
    ),
    "entries lost": (
        "the journal has every answer",
        """
from mock_sei.state.unit_of_work import SharedUnits
add, count = SharedUnits.add_entry, iter(range(1 << 40))
SharedUnits.add_entry = lambda self, text: next(count) % 20 and add(self, text)
""",
    ),
    "workers without a parent": (
        "no process and no port of the server is left after its end",
        """
import threading
start = threading.Thread.start
threading.Thread.start = lambda self: self.name == "mock-sei-parent" or start(self)
""",
    ),
}
"""Faulty workers by name: the promise that each breaks, and the code that breaks it."""
ONLY_WORKERS = """
import sys
if any("mock_sei.commands.worker" in each for each in sys.orig_argv):
    from lie import *
"""
"""A module that every Python process of the soak imports at its start."""

SERVERS_LIES = {
    "changes of others unseen": (
        "of several tries at the same time, over all workers, one wins",
        """
from mock_sei.state.unit_of_work import SharedUnits
SharedUnits._catch_up = lambda self: None
""",
    ),
    "records not written": (
        "what was answered with success is there after a kill, at every worker",
        """
from mock_sei.state.redis import RedisStore
commit = RedisStore.commit
def without(self, changes):
    return commit(self, [each for each in changes if "records" not in each.name])
RedisStore.commit = without
""",
    ),
    "entries lost": (
        "each answer is one entry of the journal, in all failures",
        """
from mock_sei.state.unit_of_work import SharedUnits
add, count = SharedUnits.add_entry, iter(range(1 << 40))
SharedUnits.add_entry = lambda self, text: next(count) % 20 and add(self, text)
""",
    ),
}
"""Faulty servers on Redis by name: the promise that each breaks, and the code that breaks it."""
ONLY_SERVERS = """
import sys
if any(each.endswith("mock-sei") for each in sys.orig_argv):
    from lie import *
"""

PARTS = ("seconds", "shared", "servers", "connections", "hostile", "kills")


def soak(
    *options: str, modules: Path | None = None, **sizes: int
) -> subprocess.CompletedProcess[str]:
    """Runs the soak with only the parts that have a size, with the modules of a folder."""
    parts = [f"--{part}={sizes.get(part, 0)}" for part in PARTS]
    return subprocess.run(
        [sys.executable, "-m", "performance.soak", "--seed", "1", *parts, *options],
        cwd=CHECKOUT,
        env=environment() | ({"PYTHONPATH": str(modules)} if modules else {}),
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )


def test_a_short_one_measures_everything() -> None:
    ended = soak(seconds=1, kills=2)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "answers in" in ended.stdout
    assert "killed at first start: 1, next start: 1" in ended.stdout
    assert ended.stdout.endswith("every promise was kept\n")


@pytest.mark.parametrize("lie", LIES)
def test_a_server_that_breaks_a_promise_is_caught(tmp_path: Path, lie: str) -> None:
    promise, text = LIES[lie]
    program = tmp_path / "lying.py"
    program.write_text(text + START)
    command = shlex.join([sys.executable, str(program)])
    ended = soak("--command", command, seconds=4)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"times: {promise}\n" in ended.stdout


def test_workers_are_killed_and_heal() -> None:
    ended = soak(shared=15)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "kills of a worker: " in ended.stdout
    assert "starts: " in ended.stdout


@pytest.mark.parametrize("lie", WORKERS_LIES)
def test_workers_that_break_a_promise_are_caught(tmp_path: Path, lie: str) -> None:
    promise, text = WORKERS_LIES[lie]
    (tmp_path / "lie.py").write_text(text)
    (tmp_path / "sitecustomize.py").write_text(ONLY_WORKERS)
    ended = soak(shared=15, modules=tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"times: {promise}\n" in ended.stdout


def test_servers_on_redis_fail_and_heal() -> None:
    ended = soak(servers=6)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "failures: " in ended.stdout


@pytest.mark.parametrize("lie", SERVERS_LIES)
def test_servers_that_break_a_promise_are_caught(tmp_path: Path, lie: str) -> None:
    promise, text = SERVERS_LIES[lie]
    (tmp_path / "lie.py").write_text(text)
    (tmp_path / "sitecustomize.py").write_text(ONLY_SERVERS)
    ended = soak(servers=6, modules=tmp_path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"times: {promise}\n" in ended.stdout


@pytest.mark.parametrize("lie", HOSTILE_LIES)
def test_a_server_that_hostile_traffic_harms_is_caught(tmp_path: Path, lie: str) -> None:
    promise, text = HOSTILE_LIES[lie]
    program = tmp_path / "lying.py"
    program.write_text(text + START)
    command = shlex.join([sys.executable, str(program)])
    ended = soak("--command", command, hostile=2 * MEGABYTES)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"times: {promise}\n" in ended.stdout


def test_hostile_traffic_is_sent_and_measured() -> None:
    ended = soak(hostile=MEGABYTES)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "round 3:" in ended.stdout


def test_the_hostile_connections_come_and_go() -> None:
    """How fast the good client is beside them is not a test's business."""
    ended = soak(connections=60)
    assert "60 hostile connections; the server held" in ended.stdout
    assert "leave no open file behind" not in ended.stdout
    assert "bug of its own" not in ended.stdout
