"""A server frees the memory that hostile traffic took, after a reset.

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

from mock_sei import Attached
from tests.e2e.hostile import flood as flood_module
from tests.e2e.hostile.flood import KINDS, MEGABYTE, Kind, Target, flood, large_heads
from tests.e2e.hostile.flooded import GROWTH, ROUNDS, Flooded
from tests.e2e.serving import MOCK_SEI, Serving
from tests.e2e.test_serve import WITHOUT_UVLOOP
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads /proc; other systems keep other accounts"
)

THOROUGH = bool(os.environ.get("MOCK_SEI_TESTS_THOROUGH"))
SIZE = (1024 if THOROUGH else 16) * MEGABYTE
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
        flood(target, MEGABYTE if THOROUGH else MEGABYTE // 4, [kind])
        assert not target.silent
        assert server.is_well()
    checked = httpx2.get(f"{running.ready['control_url']}/check", trust_env=False).json()
    assert checked["bugs"] == []


def test_a_listener_that_says_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a request without an answer would count as answered."""
    monkeypatch.setattr(flood_module, "PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Target(url=f"http://127.0.0.1:{silent.getsockname()[1]}", context=None)
        flood(target, 1, [large_heads])
    assert target.silent == {"large_heads": 1}


def test_an_upload_of_the_largest_size_takes_little_memory(running: Serving) -> None:
    """Three megabytes were measured; the bound leaves room for what else a process may take."""
    size = 64 * MEGABYTE
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'
    end = b"\r\n--x--\r\n"
    with (
        Attached(running.ready["control_url"]) as attached,
        attached.client("svc-demo", timeout=PATIENCE) as http,
    ):
        headers = {
            "AppKey": "demo-server-key",
            "Authorization": f"Bearer {attached.token('demo-server')}",
            "Content-Type": "multipart/form-data; boundary=x",
        }

        def upload(size: int) -> int:
            """Kilobytes: the most memory that the server ever had."""
            content = b"".join((head, bytes(size - len(head) - len(end)), end))
            answer = http.post(
                "/v1/contentmanagement/folders/uploadfiles", content=content, headers=headers
            )
            assert answer.status_code == 200, answer.text
            assert answer.json()["size"] == size - len(head) - len(end)
            status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="ascii")
            return int(status.partition("VmHWM:")[2].split()[0])

        before = upload(MEGABYTE)
        assert upload(size) - before < 24 * 1024
