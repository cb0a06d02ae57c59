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


PARTS = ("seconds", "connections", "hostile", "kills")


def soak(*options: str, **sizes: int) -> subprocess.CompletedProcess[str]:
    """Runs the soak with only the parts that have a size."""
    parts = [f"--{part}={sizes.get(part, 0)}" for part in PARTS]
    return subprocess.run(
        [sys.executable, "-m", "performance.soak", "--seed", "1", *parts, *options],
        cwd=CHECKOUT,
        env=environment(),
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
