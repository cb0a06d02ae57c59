"""A server that gets hostile traffic: its listeners and its memory."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx2

from performance.benchmarks.memory import MEGABYTE, resident
from tests.e2e.hostile.flood import Target
from tests.e2e.serving import THOROUGH, Serving, wait_for
from tests.patience import PATIENCE

ROUNDS = 3 if THOROUGH else 1
GROWTH = 20.0
"""Most megabytes that hostile traffic may leave behind after all rounds."""
ORDINARY_CALLS = 300


class Flooded:
    """A running server with its listeners, and the memory that it takes."""

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
        """Checks that each listener answers a good client."""
        for url, context in self._contexts.items():
            with httpx2.Client(base_url=url, verify=context, trust_env=False) as http:
                if http.get("/v1/order/tradetickets").status_code != 401:
                    return False
        return httpx2.get(f"{self._ready['control_url']}/health", trust_env=False).is_success

    def reset(self) -> float:
        """Megabytes in use after a reset, once the server had time to tidy up."""
        url = f"{self._ready['control_url']}/reset"
        httpx2.post(url, trust_env=False, timeout=PATIENCE).raise_for_status()
        sizes: list[float] = []

        def settled() -> bool:
            sizes.append(resident(self._ready["pid"]) / MEGABYTE)
            return len(sizes) > 800 and max(sizes[-200:]) - min(sizes[-200:]) < 1

        wait_for(settled)
        return sizes[-1]
