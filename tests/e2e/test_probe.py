"""``mock-sei probe`` over sockets: a mock is the real platform, or a platform that misbehaves."""

from __future__ import annotations

import selectors
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_sei import MockSei
from mock_sei.assumptions.reading import read_file
from mock_sei.commands.probe import ProbeOptions, run
from mock_sei.recordings.exchanges import BLANK, RecordedExchange
from mock_sei.recordings.files import read_recording
from mock_sei.rules import machine
from mock_sei.testing.assumption_values import AssumptionValues
from tests.e2e.patients import saying, speaking
from tests.e2e.serving import MOCK_SEI, environment, run_mock_sei, wait_for
from tests.patience import PATIENCE

SECRETS = (
    *("demo-server-key", "demo-server-secret", "svc-demo-password"),
    *("demo-web-key", "demo-web-secret", "alice-password"),
)
OF_LOG_INS: dict[str, Any] = {
    "grant": "authorization_code",
    "end_user": "alice@example.com",
    "end_user_password": "alice-password",
    "redirect_uri": "https://localhost:9443/callback",
    "writing": True,
    "bodies": "full",
}
"""The options of a run as an application with a log-in."""


def options(server: MockSei, out: Path, account: str = "svc-demo", **changes: Any) -> ProbeOptions:
    """The options of a run against a server, as an application with a service account."""
    own, other = server.certificate(account), server.certificate("svc-limited")
    given = server.service_account(account)
    values: dict[str, Any] = {
        "upstream": server.url,
        "two_way_upstream": server.two_way_url,
        "out": out,
        "cacert": server.ca_file,
        "cert": own.cert_file,
        "key": own.key_file,
        "other_cert": other.cert_file,
        "other_key": other.key_file,
        "app_key": given.app_key,
        "app_secret": given.app_secret,
        "username": given.username,
        "password": given.password,
        "yes": ("localhost",),
        "pause": 0.0,
        "timeout": PATIENCE,
    }
    return ProbeOptions(**(values | changes))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture(autouse=True)
def _no_signal_handlers() -> Iterator[None]:
    """A run takes over the signals of its process, which here is that of the tests."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def last_exchanges(out: Path, count: int) -> list[RecordedExchange]:
    return list(read_recording(out))[-count:]


class TestAgainstAMock:
    def test_all_probes_and_no_secret_on_disk(
        self, server: MockSei, out: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(options(server, out, large=True), typed=()) == 0
        assert run(options(server, out, "svc-web", **OF_LOG_INS), typed=()) == 0

        shown = capsys.readouterr().out
        assert f"mock-sei compare {out} --write assumptions.toml" in shown
        assert "log-in                    302, 200, 303, 200, 303, 200\n" in shown
        assert "no-certificate            refused with the TLS alert certificate_required" in shown
        texts = [each.read_text() for each in out.iterdir()]
        assert [each for each in SECRETS for text in texts if each in text] == []
        by_path = {each.request.path for each in read_recording(out)}
        assert {"/v2/oauthtoken", "/v2/oauth/login", "/v1/order/tradetickets"} <= by_path

    def test_what_only_sockets_show(self, server: MockSei, out: Path) -> None:
        wanted = ("broken-request", "large-head", "large-body", "no-certificate")
        assert run(options(server, out, large=True, probe=wanted), typed=()) == 0

        found = list(read_recording(out))
        alert = next(each for each in found if each.tls.alert)
        assert (alert.response, alert.tls.alert) == (None, "certificate_required")
        assert alert.tls.version == "TLSv1.3"
        broken = next(each for each in found if len(hosts(each)) == 2)
        assert broken.response is not None
        assert broken.response.status == 400
        statuses = [each.response.status for each in found if each.response]
        assert 431 in statuses
        assert statuses[-1] == 413
        assert found[-1].request.body.size == 9 * 1024 * 1024
        assert found[-1].request.body.left_out == BLANK

    def test_headers_are_sent_in_their_order_and_the_certificate_is_named(
        self, server: MockSei, out: Path
    ) -> None:
        run(options(server, out, probe=("first-page",)), typed=())

        call = last_exchanges(out, 1)[0]
        names = [name for name, _ in call.request.headers]
        assert names == ["Host", "User-Agent", "Accept", "AppKey", "Authorization", "Connection"]
        assert call.tls.client_common_name == "svc-demo"
        assert call.listener == "two-way"

    def test_the_alert_for_a_bad_certificate_is_recorded(self, server: MockSei, out: Path) -> None:
        expired = server.certificate("svc-demo", "expired")
        made = options(
            server, out, cert=expired.cert_file, key=expired.key_file, probe=("first-page",)
        )
        run(made, typed=())

        token = next(each for each in read_recording(out) if each.listener == "two-way")
        assert token.tls.alert == "certificate_expired"

    def test_an_application_without_a_secret(self, server: MockSei, out: Path) -> None:
        made = ProbeOptions(
            upstream=server.url,
            out=out,
            cacert=server.ca_file,
            app_key="demo-native-key",
            grant="authorization_code",
            end_user="alice@example.com",
            end_user_password="alice-password",
            redirect_uri="http://127.0.0.1/callback",
            writing=True,
            yes=("localhost",),
            pause=0.0,
            probe=("first-page", "refresh"),
        )
        run(made, typed=())

        statuses = [each.response and each.response.status for each in read_recording(out)]
        assert statuses[-3:] == [200, 200, 200]

    def test_a_lock_out_ends_the_run_and_keeps_what_came(
        self, server: MockSei, out: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        server.faults.add(operation="GET /v1/order/tradetickets", status=429)
        try:
            assert run(options(server, out), typed=()) == 1
        finally:
            server.faults.clear()

        assert "STOPPED: 429; the platform wants fewer requests" in capsys.readouterr().out
        last = last_exchanges(out, 1)[0]
        assert last.response is not None
        assert last.response.status == 429

    def test_through_a_proxy(
        self, server: MockSei, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connects: list[bytes] = []
        with speaking(tunnel(connects)) as port:
            monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{port}")
            monkeypatch.setenv("NO_PROXY", "elsewhere.example.com")
            assert run(options(server, out, probe=("metadata",)), typed=()) == 0
        first = next(iter(read_recording(out)))
        assert first.response is not None
        assert first.response.status == 200
        assert connects[0].startswith(b"CONNECT localhost:")
        assert b"Proxy-Authorization: Basic dXNlcjpwYXNz\r\n" in connects[0]

    def test_no_proxy_is_honoured(
        self, server: MockSei, out: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "localhost")
        assert run(options(server, out, probe=("metadata",)), typed=()) == 0


def hosts(exchange: RecordedExchange) -> list[str]:
    return [value for name, value in exchange.request.headers if name == "Host"]


def tunnel(connects: list[bytes]) -> Callable[[socket.socket], object]:
    """A proxy: one connection after the other, each of which ends with its upstream."""

    def answer(connection: socket.socket) -> None:
        head = connection.recv(65_536)
        connects.append(head)
        host, _, port = head.split(b" ")[1].rpartition(b":")
        with socket.create_connection((host.decode(), int(port)), timeout=PATIENCE) as there:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(connection, there)

    return answer


def relay(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, other)
        selector.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in selector.select(PATIENCE):
                assert isinstance(key.fileobj, socket.socket)
                piece = key.fileobj.recv(65_536)
                if not piece:
                    return
                key.data.sendall(piece)


@pytest.fixture(scope="module")
def server_context(server: MockSei) -> ssl.SSLContext:
    """A certificate of the mock's CA, for servers that are no mock."""
    folder = server.ca_file.parent
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def flooding(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65_536)


def hanging_up(words: bytes) -> Callable[[socket.socket], object]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(words)

    return answer


BAD_ANSWERS: dict[str, tuple[Callable[[socket.socket], object], str]] = {
    "nonsense": (saying(b"\x00\x01 nonsense\r\n\r\n"), "what came is not HTTP"),
    "nothing": (hanging_up(b""), "closed without an answer"),
    "half a head": (saying(b"HTTP/1.1 200 OK\r\nContent-Le"), "no answer in time"),
    "a head cut off": (hanging_up(b"HTTP/1.1 200 OK\r\nContent-Le"), "closed without an answer"),
    "a silent one": (saying(b""), "no answer in time"),
    "half a body": (
        hanging_up(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
        "200 the connection was closed in the middle of the answer",
    ),
    "no end": (flooding, "200"),
    "a head without end": (saying(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 400_000), "not HTTP"),
    "a coded body": (
        saying(b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nab"),
        "200",
    ),
}


class TestPlatformsThatMisbehave:
    @pytest.mark.parametrize(("answer", "told"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
    def test_each_ends_within_its_bounds_and_is_recorded(
        self,
        server: MockSei,
        server_context: ssl.SSLContext,
        out: Path,
        capsys: pytest.CaptureFixture[str],
        answer: Callable[[socket.socket], object],
        told: str,
    ) -> None:
        with speaking(answer, context=server_context) as port:
            made = ProbeOptions(
                upstream=f"https://localhost:{port}",
                out=out,
                cacert=server.ca_file,
                yes=("localhost",),
                pause=0.0,
                timeout=0.5 if told == "no answer in time" else PATIENCE,
                probe=("metadata",),
            )
            assert run(made, typed=()) == 0

        assert told in capsys.readouterr().out
        recorded = last_exchanges(out, 1)[0]
        if not told.startswith("200"):
            assert recorded.response is None
            assert recorded.failure is not None
        elif recorded.response is not None:
            assert recorded.response.body.data is None

    def test_a_certificate_of_somebody_else_gets_nothing(
        self, server: MockSei, out: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with MockSei() as stranger:
            made = options(server, out, upstream=stranger.url)
            assert run(made, typed=()) == 1
            assert [each for each in stranger.journal.entries if each.kind == "exchange"] == []

        assert "is not accepted" in capsys.readouterr().out
        assert list(out.glob("*.har")) == []

    def test_a_platform_that_is_not_there(
        self, server: MockSei, out: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        made = options(server, out, upstream=f"https://localhost:{port}")

        assert run(made, typed=()) == 1
        assert "STOPPED: " in capsys.readouterr().out


class TestTheCommand:
    def test_a_run_in_a_process_of_its_own(self, server: MockSei, out: Path) -> None:
        environ = environment() | {
            "MOCK_SEI_APP_SECRET": "demo-server-secret",
            "MOCK_SEI_PASSWORD": "svc-demo-password",
        }
        finished = run_mock_sei(*words(server, out), "--probe", "first-page", environ=environ)

        assert finished.returncode == 0, finished.stderr
        lines = finished.stdout.splitlines()
        assert lines[0].split() == ["metadata", "200"]
        assert lines[-1] == f"Next: mock-sei compare {out} --write assumptions.toml"
        assert [each for each in SECRETS if each in finished.stdout + finished.stderr] == []

    def test_ctrl_c_keeps_what_is_there(self, server: MockSei, out: Path) -> None:
        began = machine.monotonic()
        command = [str(MOCK_SEI), *words(server, out)[:-2], "--pause", "3600"]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE) as process:
            wait_for(lambda: list(out.glob("*.har")), still=lambda: process.poll() is None)
            process.send_signal(signal.SIGINT)
            shown, _ = process.communicate(timeout=PATIENCE)

        assert process.returncode == 130
        assert b"1 exchanges are recorded" in shown
        assert len(list(read_recording(out))) == 1
        assert machine.monotonic() - began < 3600

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device")
    def test_a_disk_that_is_full(self, server: MockSei, out: Path) -> None:
        out.mkdir()
        (out / ".exchanges-0001.har.part").symlink_to("/dev/full")
        finished = run_mock_sei(*words(server, out))

        assert finished.returncode == 2
        assert finished.stderr.count("\n") == 1
        assert "No space left on device" in finished.stderr
        assert list(out.glob(".*")) == []  # the last try had room again, and wrote a whole file
        assert len(list(read_recording(out))) == 1


def words(server: MockSei, out: Path) -> list[str]:
    """The command as it is typed; the last two words are the pause."""
    own = server.certificate("svc-demo")
    return [
        *("probe", "--upstream", server.url, "--two-way-upstream", server.two_way_url),
        *("--out", str(out), "--cacert", str(server.ca_file)),
        *("--cert", str(own.cert_file), "--key", str(own.key_file)),
        *("--app-key", "demo-server-key", "--username", "svc-demo"),
        *("--yes", "localhost", "--pause", "0"),
    ]


CHANGED: AssumptionValues = {
    "refusal.not_http.status": 418,
    "refusal.head_too_large.code": "too.large",
    "refusal.token_invalid.message": "Another message",
    "refusal.certificate_name.transient": True,
    "token.lifetime": 1800,
    "paging.next": "following",
    "path.token": "/oauth/token",
    "request.tracking_header": "x-correlation",
    "refresh_token.rotates": False,
}


def test_what_differs_is_found_and_a_mock_with_the_written_file_is_the_same(
    out: Path, tmp_path: Path
) -> None:
    """From nothing to a compared mock, over sockets."""
    written = tmp_path / "assumptions.toml"
    with MockSei(assumptions=CHANGED) as real:
        run(options(real, out, bodies="full", large=True), typed=())
        run(options(real, out, "svc-web", **OF_LOG_INS), typed=())

    first = run_mock_sei("compare", out, "--write", written)
    assert first.returncode == 1, first.stdout + first.stderr
    assert read_file(written) == CHANGED
    again = run_mock_sei("compare", out, "--assumptions", written)
    assert again.returncode == 0, again.stdout
