"""The server under test: its process, its control API, and what is known of its clock."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from mock_sei.rules.standards import Listener
from performance.benchmarks.load import Plan
from performance.benchmarks.processes import ClientFiles
from performance.benchmarks.requests import TOKEN_REQUEST
from performance.soak.oracle import Span
from tests.e2e.serving import MOCK_SEI, Serving

BUG_SIGNS = ("Traceback", "exception was never retrieved", "mock-sei failed", "Exception ignored")
"""Texts that a server without bugs never writes to its log."""


class KnownClock:
    """The platform's clock, as far as it is known: each time is a span."""

    def __init__(self) -> None:
        self.frozen_at: float | None = None
        self._offset = Span(0, 0)

    def span(self, began: float, ended: float) -> Span:
        if self.frozen_at is not None:
            return Span(self.frozen_at, self.frozen_at)
        return Span(began + self._offset.early, ended + self._offset.late)

    def read(self) -> float:
        """The approximate time of the platform's clock now; the real time is not later."""
        return self.span(time.time(), time.time()).late

    def set(self, moment: float, began: float, ended: float, *, frozen: bool) -> None:
        """The clock was set between the machine's moments ``began`` and ``ended``."""
        self.frozen_at = moment if frozen else None
        self._offset = Span(moment - ended, moment - began)

    def reset(self) -> None:
        self.__init__()  # type: ignore[misc]  # as at the beginning


class Platform:
    """A running ``mock-sei serve``, with calls of its control API."""

    workers = 1
    """How many processes answer."""

    def __init__(self, serving: Serving) -> None:
        ready = serving.ready
        self.serving = serving
        self.pid = serving.process.pid
        self.ports = {
            Listener.ONE_WAY: urlsplit(ready["url"]).port or 443,
            Listener.TWO_WAY: urlsplit(ready["two_way_url"]).port or 444,
            Listener.CONTROL: urlsplit(ready["control_url"]).port or 80,
        }
        self.certs = Path(ready["certs_dir"])
        self.clock = KnownClock()
        self._control_url: str = ready["control_url"]
        self._http = self._new_http()
        self._log_read = 0

    @classmethod
    @contextmanager
    def running(
        cls, folder: Path, *options: str, command: Sequence[str] = (str(MOCK_SEI),)
    ) -> Iterator[Platform]:
        with Serving.start(folder, *options, command=command) as serving:
            platform = cls(serving)
            try:
                yield platform
            finally:
                platform._http.close()

    def _new_http(self) -> httpx2.Client:
        return httpx2.Client(base_url=self._control_url, trust_env=False, timeout=30)

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """Makes a call of the control API. Raises ``httpx2.HTTPStatusError``."""
        answer = self._http.request(method, path, json=content)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def once(self, method: str, path: str, content: Any = None) -> Any:
        """As :meth:`control`, which may make a call again after a kill."""
        return self.control(method, path, content)

    def context(self, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
        """A client's TLS context; without files, it has no client certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=self.certs / "ca.pem")
        if certificate is not None:
            context.load_cert_chain(certificate, key)
        return context

    def context_of(self, account: str) -> ssl.SSLContext:
        folder = self.certs / account
        return self.context(folder / "certificate.crt", folder / "privatekey.key")

    def token_plan(self) -> Plan:
        """A plan with token requests of the demo account, with the identity on file."""
        files = ClientFiles.of(self.certs)
        return Plan(
            port=self.ports[Listener.TWO_WAY],
            ca_file=files.ca_file,
            cert_file=files.cert_file,
            key_file=files.key_file,
            request=TOKEN_REQUEST,
            count=1,
            seconds=0,
        )

    def set_clock(self, moment: float, *, frozen: bool) -> None:
        told = {"now": datetime.fromtimestamp(moment, UTC).isoformat(), "frozen": frozen}
        began = time.time()
        self.control("PUT", "/clock", told)
        self.clock.set(moment, began, time.time(), frozen=frozen)

    def reset(self) -> None:
        self.control("POST", "/reset")
        self.clock.reset()

    def recorded(self) -> int:
        """The number of entries that the journal got since it was cleared."""
        return int(self.control("GET", "/journal?limit=1")["last"])

    def why(self, tracking_id: str) -> str:
        """The reason in the journal why an exchange was refused."""
        for each in self.control("GET", "/journal")["entries"]:
            if each["tracking_id"] == tracking_id:
                return str(each["refused_because"])
        return "not in the journal:"

    def new_bugs(self) -> list[str]:
        """New lines of the log, since the last call, that report a bug."""
        lines = self.new_log_lines()
        found = [number for number, line in enumerate(lines) if any(t in line for t in BUG_SIGNS)]
        return [" | ".join(lines[number : number + 12]) for number in found]

    def new_log_lines(self) -> list[str]:
        """New lines of the log, since the last call."""
        with (self.serving.folder / "errors.txt").open("rb") as log:
            log.seek(self._log_read)
            text = log.read()
            self._log_read += len(text)
        return text.decode(errors="replace").splitlines()


def issued_files(issued: dict[str, str], folder: Path, name: str) -> tuple[Path, Path]:
    """Writes certificate and key, from an answer of the control API, to files."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    certificate.write_text(issued["certificate"] + issued["chain"])
    key.touch(mode=0o600)
    key.write_text(issued["private_key"])
    return certificate, key


def as_json(content: Any) -> bytes:
    return json.dumps(content).encode()
