"""A stop during all kinds of activity: status 0, an empty log, and no files left."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from mock_sei import MockSei
from tests.e2e.serving import MOCK_SEI, Serving, wait_for
from tests.e2e.test_serve import WITHOUT_UVLOOP
from tests.patience import PATIENCE

SOUNDS_OF_TROUBLE = ("Traceback", "Error", "never awaited", "destroyed", "is closed", "Exception")

GET = b"GET /v2/investors HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v2/oauthtoken HTTP/1.1\r\nHost: localhost\r\n"
SAID = {
    "stalled": GET + b"X-Fault: stall\r\n\r\n",
    "pipeline": (GET + b"\r\n") * 50,
    "body": POST + b"Content-Length: 500\r\n\r\nhalf",
    "chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhalf",
    "head": POST + b"X-Half: ",
    "nothing": b"",
}
"""What clients have said when the server stops."""


class Crowd:
    """Clients of all kinds at all listeners, who go on until they are stopped."""

    def __init__(
        self, *, url: str, two_way_url: str, control_url: str, context: ssl.SSLContext
    ) -> None:
        self._url, self._two_way_url, self._control_url = url, two_way_url, control_url
        self._context = context
        self._ended = threading.Event()
        self.calls = 0

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """While every kind is under way."""
        self._arm({"operation": "GET /v2/investors", "stall": True, "times": 3})
        self._arm({"operation": "GET /v1/accounts", "latency": 60})
        self._arm({"operation": "GET /v2/oauth/tokeninfo", "drip": 1})
        threads = [
            threading.Thread(target=self._again_and_again, args=(call,), daemon=True)
            for call in (self._issue, self._document, self._reset, self._wait, self._drip) * 2
        ]
        with contextlib.ExitStack() as connections:
            for said in SAID.values():
                for url in (self._url, self._two_way_url, self._control_url):
                    connections.enter_context(self._connection(url, tls=True)).sendall(said)
                    half = connections.enter_context(self._connection(url, tls=False))
                    half.sendall(b"\x16\x03\x01")
            for thread in threads:
                thread.start()
            wait_for(lambda: self.calls > len(threads))
            yield
            self._ended.set()
        for thread in threads:
            thread.join(PATIENCE)

    def _arm(self, fault: dict[str, Any]) -> None:
        answered = httpx2.post(f"{self._control_url}/faults", json=fault, trust_env=False)
        assert answered.is_success, answered.text

    def _connection(self, url: str, *, tls: bool) -> socket.socket:
        parts = urlsplit(url)
        connected = socket.create_connection(("127.0.0.1", parts.port or 0), timeout=PATIENCE)
        if tls and parts.scheme == "https":
            return self._context.wrap_socket(connected, server_hostname="localhost")
        return connected

    def _again_and_again(self, call: Callable[[httpx2.Client], object]) -> None:
        with httpx2.Client(verify=self._context, trust_env=False, timeout=PATIENCE) as http:
            while not self._ended.is_set():
                self.calls += 1
                try:
                    call(http)
                except httpx2.TransportError:
                    time.sleep(0.1)  # it has stopped; until the test knows

    def _issue(self, http: httpx2.Client) -> None:
        """Takes a thread of the server, and a while."""
        http.post(f"{self._control_url}/service-accounts/svc-demo/certificates", json={})

    def _document(self, http: httpx2.Client) -> None:
        http.get(f"{self._control_url}/apis/openapi.json")

    def _reset(self, http: httpx2.Client) -> None:
        http.put(f"{self._control_url}/server-certificate", json={"variant": "valid"})

    def _wait(self, http: httpx2.Client) -> None:
        http.get(f"{self._two_way_url}/v1/accounts")

    def _drip(self, http: httpx2.Client) -> None:
        http.get(f"{self._url}/v2/oauth/tokeninfo")


def crowd_of(serving: Serving) -> Crowd:
    ready = serving.ready
    folder = Path(ready["certs_dir"]) / "svc-demo"
    context = ssl.create_default_context(cafile=ready["ca_file"])
    context.load_cert_chain(folder / "certificate.crt", folder / "privatekey.key")
    return Crowd(
        url=ready["url"],
        two_way_url=ready["two_way_url"],
        control_url=ready["control_url"],
        context=context,
    )


def assert_quiet(log: str) -> None:
    loud = [line for line in log.splitlines() if any(each in line for each in SOUNDS_OF_TROUBLE)]
    assert not loud, log


ONE_SIGNAL = [signal.SIGTERM]
MANY_SIGNALS = [signal.SIGINT, *[signal.SIGTERM] * 3]


@pytest.mark.parametrize(
    ("command", "signals"),
    [
        pytest.param([], ONE_SIGNAL, id="uvloop, one"),
        pytest.param(WITHOUT_UVLOOP, MANY_SIGNALS, id="asyncio, many"),
        pytest.param([], MANY_SIGNALS, id="uvloop, many", marks=pytest.mark.nightly),
        pytest.param(WITHOUT_UVLOOP, ONE_SIGNAL, id="asyncio, one", marks=pytest.mark.nightly),
    ],
)
def test_a_busy_server_stops_without_a_sound(
    tmp_path: Path, command: Sequence[object], signals: list[signal.Signals]
) -> None:
    with Serving.start(tmp_path, command=command) as serving, crowd_of(serving).busy():
        for number in signals:
            serving.process.send_signal(number)
        assert serving.process.wait(timeout=PATIENCE) == 0
    assert not serving.ready_file.exists()
    assert_quiet(serving.errors)


@pytest.mark.parametrize(
    ("command", "files"),
    [
        pytest.param([MOCK_SEI], 8, id="uvloop, 8"),
        pytest.param(WITHOUT_UVLOOP, 0, id="asyncio, 0"),
        *(
            pytest.param(command, files, id=f"{name}, {files}", marks=pytest.mark.nightly)
            for name, command, others in (
                ("uvloop", [MOCK_SEI], [0, 1, 20]),
                ("asyncio", WITHOUT_UVLOOP, [1, 8, 20]),
            )
            for files in others
        ),
    ],
)
def test_a_stop_at_any_moment_of_the_start_ends_it_with_status_0(
    tmp_path: Path, command: Sequence[object], files: int
) -> None:
    """As soon as so many files were made; the later ones are made beside the RSA keys."""
    with Serving.launch(tmp_path, command=command) as serving:
        certs = tmp_path / "certs"
        wait_for(
            lambda: len(list(certs.rglob("*.*"))) >= files if files else "starting",
            still=lambda: serving.process.poll() is None,
        )
        if not files:
            wait_for(lambda: catches(serving.process.pid, signal.SIGTERM))
        serving.process.send_signal(signal.SIGTERM)
        serving.process.send_signal(signal.SIGINT)
        assert serving.process.wait(timeout=PATIENCE) == 0
        assert not serving.ready_file.exists()
        assert_quiet(serving.errors)


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process handles a signal; before it does, the signal kills it as any other."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


@pytest.mark.usefixtures("either_loop")
class TestInProcess:
    @pytest.mark.filterwarnings("error")
    def test_a_busy_platform_stops_without_a_sound(self, caplog: pytest.LogCaptureFixture) -> None:
        before = set(threading.enumerate())
        server = MockSei().start()
        crowd = Crowd(
            url=server.url,
            two_way_url=server.two_way_url,
            control_url=server.control_url,
            context=server.ssl_context("svc-demo"),
        )
        with crowd.busy():
            server.stop()
        assert not server.platform.check_result().bugs
        assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []
        wait_for(lambda: set(threading.enumerate()) <= before)
