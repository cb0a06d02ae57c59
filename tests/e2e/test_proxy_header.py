"""Connections from a trusted proxy: the client that its header names is the one that counts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import sys
from collections.abc import Callable, Iterator

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.operations.own_calls import OwnRequest, make_call
from mock_sei.runtime import limits
from tests.e2e.handshakes import answer, client_hello, everything_from, handshake_entry, port_of
from tests.e2e.serving import wait_for
from tests.patience import PATIENCE
from tests.proxy_headers import LOCAL, binary, binary_for, line
from tests.support import TICKETS

PROXY, STRANGER, CLIENT = "127.0.0.9", "127.0.0.1", "203.0.113.7"
UNKNOWN = b"PROXY UNKNOWN\r\n"

pytestmark = [
    pytest.mark.usefixtures("either_loop_at_night"),
    pytest.mark.skipif(sys.platform != "linux", reason="it calls from several loopback addresses"),
]


@pytest.fixture(scope="module")
def _server(either_loop_at_night: None) -> Iterator[MockSei]:  # noqa: ARG001  # it must be set before
    with MockSei(trusted_proxy=PROXY) as started:
        yield started


@pytest.fixture
def server(_server: MockSei) -> MockSei:
    _server.reset()
    return _server


@contextlib.contextmanager
def connection(url: str, source: str) -> Iterator[socket.socket]:
    place = ("127.0.0.1", port_of(url))
    with socket.create_connection(place, PATIENCE, source_address=(source, 0)) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield raw


def ask(raw: socket.socket, server: MockSei, account: str | None, request: bytes) -> int:
    context = server.ssl_context(account)
    with context.wrap_socket(raw, server_hostname="localhost") as connected:
        connected.sendall(request)
        return answer(connected)[0]


def call_with(server: MockSei, headers: bytes, token: str, source: str = PROXY) -> int:
    """The status of a call of demo-server on a connection that begins with these headers."""
    application = server.applications["demo-server"]
    fields = {
        "Host": "localhost",
        "AppKey": application.app_key,
        "Authorization": f"Bearer {token}",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    with connection(server.two_way_url, source) as raw:
        raw.sendall(headers)
        request = f"GET {TICKETS} HTTP/1.1\r\n{lines}\r\n".encode()
        return ask(raw, server, "svc-demo", request)


JWKS = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEADERS: dict[str, Callable[[str], bytes]] = {"v1": line, "v2": binary_for}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_the_source_address_check_judges_the_client_of_the_header(
    server: MockSei, header: Callable[[str], bytes]
) -> None:
    token = server.token("demo-server")
    server.applications.change("demo-server", source_addresses=[CLIENT])

    assert call_with(server, header(CLIENT), token) == 200
    assert server.journal.last.source_address == CLIENT
    assert call_with(server, header("203.0.113.8"), token) == 403
    refused = server.journal.last
    assert (refused.source_address, refused.refused_by) == ("203.0.113.8", "source address")
    assert "203.0.113.8" in str(refused.refused_because)


@pytest.mark.parametrize("header", [UNKNOWN, binary(command=LOCAL, protocol=0)])
def test_without_a_client_in_the_header_the_address_of_the_connection_counts(
    server: MockSei, header: bytes
) -> None:
    token = server.token("demo-server")
    server.applications.change("demo-server", source_addresses=[PROXY])

    assert call_with(server, header, token) == 200
    assert server.journal.last.source_address == PROXY


def test_a_failed_handshake_has_the_client_of_the_header(server: MockSei) -> None:
    with connection(server.two_way_url, PROXY) as raw:
        raw.sendall(line("2001:db8::7"))
        context = server.ssl_context(None)
        with (
            pytest.raises(ssl.SSLError),
            context.wrap_socket(raw, server_hostname="localhost") as s,
        ):
            s.recv(1)
    entry = handshake_entry(server)
    assert (entry.source_address, entry.refused_by) == ("2001:db8::7", "client certificate")


def test_a_header_may_come_in_pieces(server: MockSei) -> None:
    with connection(server.url, PROXY) as raw:
        for byte in binary_for(CLIENT):
            raw.sendall(bytes([byte]))
        assert ask(raw, server, None, JWKS) == 200
    assert server.journal.last.source_address == CLIENT


@pytest.mark.parametrize("header", [line(CLIENT), UNKNOWN, binary_for(CLIENT)])
def test_a_header_from_another_address_is_refused_and_explained(
    server: MockSei, header: bytes
) -> None:
    with connection(server.two_way_url, STRANGER) as raw:
        raw.sendall(header + client_hello(b"\x03\x03"))
        everything_from(raw)
    entry = handshake_entry(server)
    assert (entry.source_address, entry.refused_by) == (STRANGER, "PROXY header")
    assert entry.refused_because is not None
    assert (
        "begins with a PROXY protocol header, but 127.0.0.1 is not a --trusted-proxy"
        in entry.refused_because
    )
    assert "start this server with --trusted-proxy 127.0.0.1" in entry.refused_because


def test_a_header_without_trusted_proxies_is_explained_too() -> None:
    with MockSei() as server, connection(server.url, STRANGER) as raw:
        raw.sendall(line(CLIENT) + client_hello(b"\x03\x03"))
        everything_from(raw)
        assert "is not a --trusted-proxy" in str(handshake_entry(server).refused_because)


def test_a_trusted_proxy_must_send_a_header(server: MockSei) -> None:
    with connection(server.url, PROXY) as raw:
        raw.sendall(client_hello(b"\x03\x03"))
        assert everything_from(raw) == b""
    entry = handshake_entry(server)
    assert (entry.source_address, entry.refused_by) == (PROXY, "PROXY header")
    assert "must begin with a PROXY protocol header" in str(entry.refused_because)
    assert entry.actual == "TLS without a header"


def test_a_second_header_is_refused(server: MockSei) -> None:
    with connection(server.url, PROXY) as raw:
        raw.sendall(line(CLIENT) + line("203.0.113.8") + client_hello(b"\x03\x03"))
        everything_from(raw)
    entry = handshake_entry(server)
    assert entry.source_address == CLIENT
    assert "A second PROXY protocol header" in str(entry.refused_because)


def test_a_wrong_header_is_refused_and_shows_no_byte_of_it(server: MockSei) -> None:
    with connection(server.url, PROXY) as raw:
        raw.sendall(b"PROXY TCP4 hidden-word 1.2.3.4 1 2\r\n")
        assert everything_from(raw) == b""
    entry = handshake_entry(server)
    assert "an address that TCP4 does not have" in str(entry.refused_because)
    assert "hidden-word" not in json.dumps(entry.to_json())


@pytest.mark.parametrize("begun", [line(CLIENT)[:20], binary_for(CLIENT)[:20]])
def test_a_header_that_does_not_end_is_refused_in_time(
    server: MockSei, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROXY_HEADER_TIMEOUT", 0.05)
    with connection(server.url, PROXY) as raw:
        raw.sendall(begun)
        assert everything_from(raw) == b""
    assert "not complete after 0.05 seconds" in str(handshake_entry(server).refused_because)


def test_a_connection_without_a_byte_ends_in_time_and_leaves_no_entry(
    server: MockSei, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROXY_HEADER_TIMEOUT", 0.05)
    with connection(server.url, PROXY) as raw:
        assert everything_from(raw) == b""
    assert not server.journal.entries


@pytest.mark.parametrize("header", [UNKNOWN, binary(command=LOCAL, protocol=0), line(PROXY), b""])
def test_a_health_check_that_only_connects_leaves_no_entry_and_uses_up_no_fault(
    server: MockSei, header: bytes
) -> None:
    fault = server.faults.add(tls="close", times=1)
    with connection(server.url, PROXY) as raw:
        raw.sendall(header)
        raw.shutdown(socket.SHUT_WR)
        assert everything_from(raw) == b""
    assert not server.journal.entries
    assert fault.met == 0


def test_two_hundred_headers_that_do_not_come_stop_nobody() -> None:
    with MockSei(trusted_proxy=PROXY) as server, contextlib.ExitStack() as held:
        token = server.token("demo-server")
        for number in range(200):
            raw = held.enter_context(connection(server.two_way_url, PROXY))
            raw.sendall(binary_for(CLIENT)[: number % 28])
        assert call_with(server, line(CLIENT), token) == 200
        assert call_with(server, b"", token, source=STRANGER) == 200


def test_a_stop_ends_a_connection_whose_header_has_not_come() -> None:
    with MockSei(trusted_proxy=PROXY) as server, connection(server.url, PROXY) as raw:
        raw.sendall(b"PROXY")
        server.stop()
        assert everything_from(raw) == b""


HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("header", [b"", line(CLIENT), binary_for(CLIENT), UNKNOWN])
def test_the_control_listener_takes_a_header_of_a_trusted_proxy_and_does_not_need_one(
    server: MockSei, header: bytes
) -> None:
    with connection(server.control_url, PROXY) as raw:
        raw.sendall(header)
        raw.sendall(HEALTH)
        assert answer(raw)[0] == 200


def test_the_control_listener_waits_for_a_request_that_looks_like_a_header_at_first(
    server: MockSei,
) -> None:
    with connection(server.control_url, PROXY) as raw:
        raw.sendall(b"P")
        raw.sendall(b"UT /clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        assert answer(raw)[0] == 200


@pytest.mark.parametrize("header", [line(CLIENT), binary_for(CLIENT)])
def test_the_control_listener_refuses_a_header_of_another_address(
    server: MockSei, header: bytes
) -> None:
    with connection(server.control_url, STRANGER) as raw:
        raw.sendall(header + HEALTH)
        code, body = answer(raw)
    assert code == 400
    assert "127.0.0.1 is not a --trusted-proxy" in json.dumps(body)


def test_the_server_s_own_calls_reach_it_where_it_trusts_its_own_address() -> None:
    with MockSei(trusted_proxy="127.0.0.0/8", portal_controls=True) as server:
        for application in ("demo-server", "demo-web"):  # each of both listeners
            answered = httpx2.post(
                f"{server.control_url}/tokens",
                json={"application": application},
                trust_env=False,
            )
            assert answered.json()["access_token"]
        asked = OwnRequest(method="GET", target=TICKETS, headers={}, body=None)
        caller = server.platform.registry.require_application("demo-server")
        tried = asyncio.run(make_call(server.platform, caller, "", asked))
        assert tried.answer is not None, tried.problem
        assert tried.answer.status == 200
        assert {each.source_address for each in server.journal.entries} == {"127.0.0.1"}


def test_controls_of_the_portal_are_for_clients_over_loopback(server: MockSei) -> None:
    request = b"GET /portal HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    pages = []
    for client in ("127.0.0.1", CLIENT):
        with connection(server.url, PROXY) as raw:
            raw.sendall(line(client))
            context = server.ssl_context(None)
            with context.wrap_socket(raw, server_hostname="localhost") as connected:
                connected.sendall(request)
                pages.append(everything_from(connected))
    over_loopback, from_elsewhere = pages
    assert b'action="/portal/controls' in over_loopback
    assert b'action="/portal/controls' not in from_elsewhere
    wait_for(lambda: len(server.journal.entries) == 2)
