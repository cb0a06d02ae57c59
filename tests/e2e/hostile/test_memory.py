"""What hostile traffic takes of a server's memory comes back: a reset and a collection later.

``MOCK_SEI_TESTS_THOROUGH=1`` sends a gigabyte to each listener in each of three rounds.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from tests.e2e.hostile import flood as flood_module
from tests.e2e.hostile.flood import KINDS, MEGABYTE, Kind, Target, flood, large_heads
from tests.e2e.hostile.flooded import GROWTH, ROUNDS, Flooded
from tests.e2e.serving import MOCK_SEI, Serving
from tests.e2e.test_serve import WITHOUT_UVLOOP

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads /proc; other systems keep other accounts"
)

THOROUGH = bool(os.environ.get("MOCK_SEI_TESTS_THOROUGH"))
SIZE = (1024 if THOROUGH else 48) * MEGABYTE
"""Bytes for each listener in a round."""


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([MOCK_SEI], id="uvloop"),
        pytest.param(WITHOUT_UVLOOP, id="asyncio", marks=pytest.mark.nightly),
    ],
)
def test_what_hostile_traffic_took_is_given_back(tmp_path: Path, command: Sequence[object]) -> None:
    with Serving.start(tmp_path, command=command) as serving:
        server = Flooded(serving)
        server.work()
        before = server.reset()
        after = []
        for _ in range(ROUNDS):
            for target in server.targets:
                flood(target, SIZE)
                assert not target.silent
                assert not target.statuses[500]
            assert server.is_well()
            after.append(server.reset())
        assert max(after) <= before + GROWTH, f"{before:.0f} MB, then {after}"
        assert serving.process.poll() is None
        assert "Traceback" not in serving.errors
        assert serving.stop() == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_good_client_beside_it_is_answered(running: Serving, kind: Kind) -> None:
    server = Flooded(running)
    for target in server.targets:
        flood(target, MEGABYTE, [kind])
        assert not target.silent
        assert server.is_well()
    checked = httpx2.get(f"{running.ready['control_url']}/check", trust_env=False).json()
    assert checked["bugs"] == []


def test_a_listener_that_says_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a request that is never answered would pass for one that is."""
    monkeypatch.setattr(flood_module, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Target(url=f"http://127.0.0.1:{silent.getsockname()[1]}", context=None)
        flood(target, 1, [large_heads])
    assert target.silent == {"large_heads": 1}
