"""Faulty connections, and the life of a server's sockets and threads."""

from __future__ import annotations

import contextlib
import gc
import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.runtime import limits
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.tls import Handshake
from mock_sei.web.exchange import BODY_LIMIT, READ_ON_LIMIT
from tests.e2e.handshakes import (
    alert,
    answer,
    both_versions,
    client_hello,
    everything_from,
    handshake_entry,
    is_let_in,
    only,
    port_of,
    status,
    tcp,
    tls,
)
from tests.e2e.serving import MOCK_SEI, Serving, run, wait_for
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("either_loop")

SILENT, HALF = b"", client_hello(b"\x03\x03")[:20]


@pytest.fixture
def server() -> Iterator[MockSei]:
    """A platform of the test's own, so that it cannot affect other tests."""
    with MockSei() as started:
        yield started


@pytest.mark.parametrize("said", [SILENT, HALF], ids=["silent", "half a hello"])
def test_two_hundred_unfinished_handshakes_do_not_stop_the_next_client(
    server: MockSei, said: bytes
) -> None:
    context = server.ssl_context("svc-demo")
    with contextlib.ExitStack() as stalled:
        for _ in range(200):
            stalled.enter_context(tcp(server.two_way_url)).sendall(said)
        assert is_let_in(server.two_way_url, context)
        assert is_let_in(server.url, context)
        assert [each.kind for each in server.journal.entries] == ["exchange", "exchange"]


def test_a_running_server_looks_for_connections_whose_time_is_over(
    monkeypatch: pytest.MonkeyPatch, server: MockSei
) -> None:
    monkeypatch.setattr(limits, "PATIENCE", 0.01)
    with tls(server.two_way_url, server.ssl_context("svc-demo")) as idle:
        assert idle.recv(1) == b""


def test_what_a_connection_held_is_let_go_of_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, server: MockSei
) -> None:
    """Not when the collector comes by: TLS and its buffers are a tenth of a megabyte each.

    Nor does the server hold the connection that it found last among those that are open.
    """
    looked = threading.Event()
    monkeypatch.setattr(LimitedProtocol, "end_overdue", lambda _: looked.set())
    context = server.ssl_context("svc-demo")
    gc.collect()
    gc.disable()
    try:
        before = handshakes_in_memory()
        for _ in range(3):
            assert is_let_in(server.two_way_url, context)
        with tls(server.two_way_url, context) as open_for_long:
            assert status(open_for_long) == 401
            looked.clear()
            assert looked.wait(PATIENCE)
        wait_for(lambda: set(handshakes_in_memory()) <= set(before))
    finally:
        gc.enable()


def handshakes_in_memory() -> dict[int, Handshake]:
    """By identity. Who keeps the answer keeps them, so no later one gets the same identity.

    A connection of an earlier test may be let go of, or be accepted, while this test counts. What
    an unfinished handshake held is let go of by the collector, which this test has switched off.
    """
    found = [each for each in gc.get_objects() if type(each) is Handshake]
    return {id(each): each for each in found if each.version() is not None}


@both_versions
def test_a_request_that_is_not_http_gets_the_platform_s_shape(
    server: MockSei, version: ssl.TLSVersion
) -> None:
    certificate = server.certificate("svc-demo")
    with tls(server.two_way_url, only(server.ssl_context(certificate), version)) as connected:
        connected.sendall(b"\x01\x02 this is not HTTP\r\n\r\n")
        code, body = answer(connected)
        assert everything_from(connected) == b""
    assert code == 400
    assert sorted(body) == ["code", "errors", "message", "trackingId", "transient"]
    assert body["code"] == "request.syntax.failure"
    entry = server.journal.last
    assert (entry.kind, entry.tracking_id) == ("exchange", body["trackingId"])
    assert entry.refused_by == "HTTP"
    assert "not HTTP/1.1" in str(entry.refused_because)
    assert entry.certificate == certificate.identity.peer
    assert is_let_in(server.two_way_url, server.ssl_context("svc-demo"))


class TestBodyLimit:
    """A body over the limit gets status 413, with and without ``Content-Length``."""

    HEAD = b"POST /v2/oauthtoken HTTP/1.1\r\nHost: localhost\r\n"
    FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"

    def test_an_announced_body_is_refused_before_it_is_sent(self, mock_sei: MockSei) -> None:
        with tls(mock_sei.two_way_url, mock_sei.ssl_context("svc-demo")) as connected:
            length = f"Content-Length: {BODY_LIMIT + 1}\r\n\r\n".encode()
            connected.sendall(self.HEAD + self.FORM + length)
            assert answer(connected)[0] == 413
            assert everything_from(connected) == b""
        assert mock_sei.journal.last.refused_by == "body size"

    def test_an_announced_body_within_the_limit_is_read(self, mock_sei: MockSei) -> None:
        with tls(mock_sei.two_way_url, mock_sei.ssl_context("svc-demo")) as connected:
            length = f"Content-Length: {BODY_LIMIT}\r\n\r\n".encode()
            connected.sendall(self.HEAD + self.FORM + length + b"x" * BODY_LIMIT)
            assert answer(connected)[0] in (400, 401)

    def test_a_chunked_body_is_refused_at_the_limit(self, mock_sei: MockSei) -> None:
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with tls(mock_sei.two_way_url, mock_sei.ssl_context("svc-demo")) as connected:
            connected.sendall(self.HEAD + self.FORM + b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(BODY_LIMIT // 0x10000 + 1):
                connected.sendall(chunk)
            assert answer(connected)[0] == 413
        entry = mock_sei.journal.last
        assert entry.refused_by == "body size"
        assert entry.request is not None
        assert len(entry.request.raw_body) < BODY_LIMIT

    def test_who_goes_on_sending_reads_the_answer_and_is_cut_off_in_the_end(
        self, mock_sei: MockSei
    ) -> None:
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        with tls(mock_sei.two_way_url, mock_sei.ssl_context("svc-demo")) as connected:
            connected.sendall(self.HEAD + self.FORM + b"Transfer-Encoding: chunked\r\n\r\n")
            for _ in range(4):
                connected.sendall(chunk)
            assert answer(connected)[0] == 413
            half = chunk * ((READ_ON_LIMIT + BODY_LIMIT) // 0x100000 // 2)
            connected.sendall(half)
            with pytest.raises(OSError, match=r"(?i)reset|pipe|eof|closed"):
                connected.sendall(half * 3)

    @pytest.mark.needs("curl")
    def test_curl_that_sends_all_of_it_at_once_reads_the_answer(
        self, mock_sei: MockSei, tmp_path: Path
    ) -> None:
        (tmp_path / "body").write_bytes(b"x" * 3 * BODY_LIMIT)
        certificate = mock_sei.certificate("svc-demo")
        finished = run(
            *("curl", "-sS", "--cacert", mock_sei.ca_file, "-H", "Expect:", "-w", "%{http_code}"),
            *("--cert", certificate.cert_file, "--key", certificate.key_file, "-o", "answer"),
            *("--data-binary", "@body", f"{mock_sei.two_way_url}/v2/oauthtoken"),
            cwd=tmp_path,
        )
        assert finished.stdout == "413", finished.stderr
        assert json.loads((tmp_path / "answer").read_text())["code"] == "request.size.failure"


class TestTwoServersInOneProcess:
    def test_a_token_of_one_is_refused_by_the_other_with_the_reason(
        self, mock_sei: MockSei, server: MockSei
    ) -> None:
        foreign, own = mock_sei.token("svc-demo"), server.token("svc-demo")
        with server.client("svc-demo", headers={"AppKey": "demo-server-key"}) as http:
            refused = call(http, foreign)
            assert refused.status_code == 401
            assert server.journal.last.refused_by == "access token"
            assert "a key that this server does not know" in str(
                server.journal.last.refused_because
            )
            assert call(http, own).status_code == 200

    def test_a_certificate_of_one_is_a_stranger_s_to_the_other(
        self, mock_sei: MockSei, server: MockSei
    ) -> None:
        context = server.ssl_context()
        certificate = mock_sei.certificate("svc-demo")
        context.load_cert_chain(certificate.cert_file, certificate.key_file)
        assert alert(server.two_way_url, context) == "TLSV1_ALERT_UNKNOWN_CA"
        assert handshake_entry(server).certificate == certificate.identity.peer
        assert not mock_sei.journal.entries

    def test_neither_clock_reset_nor_journal_of_one_reaches_the_other(
        self, mock_sei: MockSei, server: MockSei
    ) -> None:
        token = server.token("svc-demo")
        mock_sei.clock.advance(days=800)
        mock_sei.certificate("svc-demo").revoke()
        mock_sei.reset()
        mock_sei.clock.advance(days=800)
        with server.client("svc-demo", headers={"AppKey": "demo-server-key"}) as http:
            assert call(http, token).status_code == 200
        assert len(server.journal.entries) == 2


def call(http: httpx2.Client, token: str) -> httpx2.Response:
    return http.get("/v1/order/tradetickets", headers={"Authorization": f"Bearer {token}"})


class TestStopping:
    def test_it_leaves_no_thread_no_open_port_and_no_folder(self) -> None:
        before = set(threading.enumerate())
        server = MockSei()
        with server:
            context = server.ssl_context("svc-demo")
            assert is_let_in(server.two_way_url, context)
            urls = (server.url, server.two_way_url, server.control_url)
            folder = server.ca_file.parent
            assert all(listens(url, host) for url in urls for host in ("127.0.0.1", "::1"))
        assert set(threading.enumerate()) <= before
        assert not any(listens(url, host) for url in urls for host in ("127.0.0.1", "::1"))
        assert not folder.exists()

    def test_it_does_not_wait_for_clients_and_leaves_them_nothing(self) -> None:
        before = set(threading.enumerate())
        with contextlib.ExitStack() as clients:
            with MockSei() as server:
                context = server.ssl_context("svc-demo")
                kept = clients.enter_context(tls(server.two_way_url, context))
                assert status(kept) == 401
                half = clients.enter_context(tcp(server.two_way_url))
                half.sendall(HALF)
                asking = clients.enter_context(tls(server.two_way_url, context))
                asking.sendall(b"POST /v2/oauthtoken HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
            assert set(threading.enumerate()) <= before
            for connected in (kept, half, asking):
                assert ended(connected)

    def test_a_second_stop_does_nothing(self) -> None:
        server = MockSei().start()
        server.stop()
        server.stop()

    def test_a_certs_folder_of_the_user_s_stays_and_serves_again(self, tmp_path: Path) -> None:
        certs = tmp_path / "certs"
        with MockSei(certs_dir=certs) as first:
            context = first.ssl_context("svc-demo")
            assert is_let_in(first.two_way_url, context)
        with MockSei(certs_dir=certs) as second:
            assert is_let_in(second.two_way_url, context)  # the same CA, the same certificate


def test_a_bound_port_is_taken_from_nobody(server: MockSei) -> None:
    """A port in use raises an error at once, and no socket stays open."""
    taken = port_of(server.two_way_url)
    before = set(threading.enumerate())
    with pytest.raises(Exception, match=rf"--two-way-port.*{taken}.*in use"):
        MockSei(two_way_port=taken)
    assert set(threading.enumerate()) <= before


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no 127.0.0.2 unless told")
def test_a_listener_on_another_loopback_address_is_named_by_it() -> None:
    """On one port the listeners are told apart by their addresses; localhost is the one-way one."""
    with MockSei(two_way_host="127.0.0.2") as server:
        assert server.url.startswith("https://localhost:")
        assert server.two_way_url.startswith("https://127.0.0.2:")
        assert server.token("svc-demo")
        with pytest.raises(httpx2.TransportError), server.client() as stranger:
            stranger.get(f"{server.two_way_url}/v2/oauthtoken")


def test_ipv6_loopback_is_served_too(mock_sei: MockSei) -> None:
    port = port_of(mock_sei.two_way_url)
    with (
        socket.create_connection(("::1", port), timeout=PATIENCE) as raw,
        mock_sei.ssl_context("svc-demo").wrap_socket(raw, server_hostname="::1") as connected,
    ):
        assert status(connected) == 401
    assert mock_sei.journal.last.source_address == "::1"


def test_a_client_that_speaks_tls_to_the_control_listener_is_told_to_use_http(
    mock_sei: MockSei,
) -> None:
    with tcp(mock_sei.control_url) as connected:
        connected.sendall(client_hello(b"\x03\x03"))
        told = everything_from(connected)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"The client speaks TLS on a plain HTTP port; use http:// in the URL." in told


def test_a_client_that_speaks_tls_within_tls_is_not_told_to_use_http(server: MockSei) -> None:
    with tls(server.two_way_url, server.ssl_context("svc-demo")) as connected:
        connected.sendall(client_hello(b"\x03\x03"))
        assert answer(connected)[0] == 400
    because = str(server.journal.last.refused_because)
    assert "not HTTP/1.1" in because
    assert "http://" not in because


def test_a_failed_handshake_is_read_from_the_control_listener(mock_sei: MockSei) -> None:
    alert(mock_sei.two_way_url, mock_sei.ssl_context(mock_sei.certificate("svc-demo", "expired")))
    journal = httpx2.get(f"{mock_sei.control_url}/journal", trust_env=False).json()
    (entry,) = journal["entries"]
    assert (entry["kind"], entry["listener"]) == ("handshake", "two-way")
    assert entry["certificate"]["common_name"] == "svc-demo"
    assert entry["refused_by"] == "client certificate"
    assert entry["request"] is None
    assert httpx2.get(f"{mock_sei.control_url}/health", trust_env=False).status_code == 200


def listens(url: str, host: str) -> bool:
    try:
        with socket.create_connection((host, port_of(url)), timeout=PATIENCE):
            return True
    except ConnectionRefusedError:
        return False


def ended(connected: socket.socket) -> bool:
    """Whether the other side has closed the connection in any way."""

    def closed() -> bool:
        try:
            return connected.recv(1) == b""
        except OSError as error:
            return not isinstance(error, TimeoutError)

    return wait_for(closed)


def test_an_answer_is_one_tls_record(server: MockSei) -> None:
    with tls(server.url, server.ssl_context()) as connected:
        connected.sendall(
            b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        record = connected.recv(1 << 16)  # at most one record a call
    head, _, body = record.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert json.loads(body)["issuer"]


def test_a_server_out_of_files_says_so_and_serves_again_once_there_are_some(tmp_path: Path) -> None:
    few = ("sh", "-c", 'ulimit -n 40 && exec "$0" "$@"', MOCK_SEI)
    with Serving.start(tmp_path, command=few) as serving:
        url, ready = serving.ready["two_way_url"], serving.ready
        with contextlib.ExitStack() as idle:
            for _ in range(40):
                idle.enter_context(tcp(url))
            wait_for(lambda: "two-way listener: cannot accept: Too many open" in serving.errors)
        context = ssl.create_default_context(cafile=ready["ca_file"])
        identity = Path(ready["certs_dir"]) / "svc-demo"
        context.load_cert_chain(identity / "certificate.crt", identity / "privatekey.key")
        wait_for(lambda: is_let_in(url, context))
        assert serving.stop() == 0
