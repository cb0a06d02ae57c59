"""What hostile traffic takes of a server's memory comes back: a reset and a collection later.

``MOCK_SEI_TESTS_THOROUGH=1`` sends a gigabyte to each listener in each of three rounds.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest

from tests.e2e.hostile.flood import KINDS, MEGABYTE, Target, flood
from tests.e2e.serving import MOCK_SEI, Serving, wait_for
from tests.e2e.test_serve import WITHOUT_UVLOOP

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="reads /proc; other systems keep other accounts"
)

THOROUGH = bool(os.environ.get("MOCK_SEI_TESTS_THOROUGH"))
SIZE = (1024 if THOROUGH else 48) * MEGABYTE
"""Bytes for each listener in a round."""
ROUNDS = 3
GROWTH = 20.0
"""Megabytes that a round may leave behind, all rounds together."""
ORDINARY_CALLS = 300


class Server:
    """A running one with its listeners, and what it takes."""

    def __init__(self, serving: Serving) -> None:
        ready = serving.ready
        identity = Path(ready["certs_dir"]) / "svc-demo"
        one_way = ssl.create_default_context(cafile=ready["ca_file"])
        two_way = ssl.create_default_context(cafile=ready["ca_file"])
        two_way.load_cert_chain(identity / "certificate.crt", identity / "privatekey.key")
        self._contexts = {ready["url"]: one_way, ready["two_way_url"]: two_way}
        self._ready = ready
        self.targets = [
            *(Target(url=url, context=context) for url, context in self._contexts.items()),
            Target(url=ready["control_url"], context=None),
        ]

    def work(self) -> None:
        """What any test does, so that memory is measured of a server that has worked."""
        control = httpx2.Client(base_url=self._ready["control_url"], trust_env=False)
        with control:
            for path in ("/", "/docs", "/openapi.json", "/apis/openapi.json", "/mailbox"):
                assert control.get(path).is_success
            for url, context in self._contexts.items():
                with httpx2.Client(base_url=url, verify=context, trust_env=False) as http:
                    for _ in range(ORDINARY_CALLS):
                        http.post("/v2/oauthtoken", data={"grant_type": "client_credentials"})
                        http.get("/v1/order/tradetickets", headers={"AppKey": "demo-server-key"})
                    http.get("/portal/apps")
            assert control.get("/journal").is_success

    def is_well(self) -> bool:
        """A good client is answered by every listener."""
        for url, context in self._contexts.items():
            with httpx2.Client(base_url=url, verify=context, trust_env=False) as http:
                if http.get("/v1/order/tradetickets").status_code != 401:
                    return False
        return httpx2.get(f"{self._ready['control_url']}/health", trust_env=False).is_success

    def reset(self) -> float:
        """Megabytes in use after a reset, once the server had time to tidy up."""
        url = f"{self._ready['control_url']}/reset"
        httpx2.post(url, trust_env=False).raise_for_status()
        sizes: list[float] = []

        def settled() -> bool:
            sizes.append(self._resident())
            return len(sizes) > 800 and max(sizes[-200:]) - min(sizes[-200:]) < 1

        wait_for(settled)
        return sizes[-1]

    def _resident(self) -> float:
        status = Path(f"/proc/{self._ready['pid']}/status").read_text()
        line = next(each for each in status.splitlines() if each.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@pytest.mark.parametrize("command", [[MOCK_SEI], WITHOUT_UVLOOP], ids=["uvloop", "asyncio"])
def test_what_hostile_traffic_took_is_given_back(tmp_path: Path, command: Sequence[object]) -> None:
    with Serving.start(tmp_path, command=command) as serving:
        server = Server(serving)
        server.work()
        before = server.reset()
        after = []
        for _ in range(ROUNDS):
            for target in server.targets:
                flood(target, SIZE)
            assert server.is_well()
            after.append(server.reset())
        assert max(after) <= before + GROWTH, f"{before:.0f} MB, then {after}"
        assert serving.process.poll() is None
        assert "Traceback" not in serving.errors
        assert serving.stop() == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_good_client_beside_it_is_answered(running: Serving, kind: object) -> None:
    server = Server(running)
    for target in server.targets:
        flood(target, MEGABYTE, [kind])  # type: ignore[list-item]  # parametrized
        assert server.is_well()
    checked = httpx2.get(f"{running.ready['control_url']}/check", trust_env=False).json()
    assert checked["bugs"] == []
