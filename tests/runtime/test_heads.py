"""Heads of requests: ``Host``, the forms of the target, unknown methods."""

from __future__ import annotations

import json

import pytest

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.runtime.heads import LONGEST_METHOD
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.limits import PATIENCE
from mock_sei.runtime.protocol import PinnedProtocol, PlatformProtocol
from mock_sei.web.app import platform_app
from mock_sei.web.control.listener import ControlListener
from mock_sei.web.listener import PlatformListener
from tests.operations import arm_fault, enqueue
from tests.runtime.still import StillLoop, Wire, configured, status
from tests.support import one_control_app

KEYS = "/.well-known/jwks.json"
METADATA = "/.well-known/oauth-authorization-server"


@pytest.fixture
def served(loop: StillLoop, wire: Wire, platform: Platform) -> PlatformProtocol:
    listener = PlatformListener(platform_app(), platform, Listener.ONE_WAY)
    protocol = PlatformProtocol(configured(listener), loop.state, {}, loop)
    protocol.platform, protocol.listener = platform, Listener.ONE_WAY
    protocol.connection_made(wire)
    return protocol


@pytest.fixture
def control(loop: StillLoop, wire: Wire, platform: Platform) -> PinnedProtocol:
    protocol = PinnedProtocol(
        configured(ControlListener(one_control_app(), platform)), loop.state, {}, loop
    )
    protocol.platform = platform
    protocol.connection_made(wire)
    return protocol


def ask(protocol: LimitedProtocol, loop: StillLoop, wire: Wire, *lines: str, size: int = 0) -> int:
    """Sends a head in pieces of ``size`` bytes, or at once. Returns the status of the answer."""
    data = "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")
    wire.sent = b""
    step = size or len(data)
    for start in range(0, len(data), step):
        protocol.data_received(data[start : start + step])
    for _ in range(20):
        loop.settle()
    return status(wire)


def body_of(wire: Wire) -> str:
    return wire.sent.partition(b"\r\n\r\n")[2].decode()


GOOD_HOSTS = [
    "localhost",
    "LOCALHOST:443",
    "localhost.",
    "my_service:8443",
    "api.seic.com",
    "127.0.0.1:1",
    "[::1]",
    "[::1]:443",
    "[fe80::1%25eth0]:443",
    "[v1.x]",
    "localhost:",
    "localhost:00443",
    "localhost:65535",
    "%6cocalhost",
    "xn--bcher-kva.example",
    "",
]
BAD_HOSTS = [
    "user@localhost",
    "user:password@localhost",
    "local host",
    "localhost:abc",
    "localhost:-1",
    "localhost:+443",
    "localhost:443:443",
    "localhost:65536",
    "localhost:" + "9" * 5000,
    "localhost/",
    "localhost/path",
    "https://localhost",
    "localhost?x",
    "localhost#x",
    "[::1",
    "::1",
    "[]",
    "[::1]x",
    "[::1::2]",
    "[12345::]",
    "[localhost]",
    "%zz",
    "b\xfccher.example",
    "a\\b",
    "<script>",
    '"localhost"',
]


@pytest.mark.long
@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_a_host_by_the_grammar_is_served(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, host: str
) -> None:
    for path in (KEYS, METADATA):
        assert ask(served, loop, wire, f"GET {path} HTTP/1.1", f"Host: {host}") == 200
    assert json.loads(body_of(wire))["issuer"].startswith("https://")


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_another_host_is_refused_with_its_reason(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform, host: str
) -> None:
    answered = ask(served, loop, wire, f"GET {KEYS} HTTP/1.1", f"Host: {host}")

    entry = platform.journal.last
    assert (answered, entry.status, entry.refused_by) == (400, 400, "Host")
    assert "not a valid host" in str(entry.refused_because)
    assert entry.request is not None
    assert (entry.request.method, entry.request.path) == ("GET", KEYS)
    assert json.loads(body_of(wire))["trackingId"] == entry.tracking_id


@pytest.mark.parametrize(
    ("hosts", "reason"),
    [
        ([], "no Host header"),
        (["localhost", "localhost"], "more than one Host"),
        (["localhost", "evil.example"], "more than one Host"),
        (["", "localhost"], "more than one Host"),
    ],
)
def test_http_1_1_wants_exactly_one_host(
    served: PlatformProtocol,
    loop: StillLoop,
    wire: Wire,
    platform: Platform,
    caplog: pytest.LogCaptureFixture,
    hosts: list[str],
    reason: str,
) -> None:
    """RFC 9112 section 3.2."""
    lines = [f"Host: {each}" for each in hosts]

    assert ask(served, loop, wire, f"GET {KEYS} HTTP/1.1", *lines) == 400
    assert reason in str(platform.journal.last.refused_because)
    assert reason in caplog.text
    assert not wire.is_closing()  # the next request of the connection is judged by itself
    assert ask(served, loop, wire, f"GET {KEYS} HTTP/1.1", "Host: localhost") == 200
    assert ask(served, loop, wire, f"GET {KEYS} HTTP/1.1", *lines) == 400


def test_no_fault_and_no_script_is_used_up_by_a_request_without_a_host(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform
) -> None:
    fault = arm_fault(platform, {"status": 503, "times": 1})
    enqueue(platform, f"GET {KEYS}", status=202)

    assert ask(served, loop, wire, f"GET {KEYS} HTTP/1.1") == 400
    assert (fault.met, len(platform.scripts)) == (0, 1)


@pytest.mark.parametrize(("hosts", "expected"), [([], 200), (["a"], 200), (["a", "b"], 400)])
def test_http_1_0_needs_no_host(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, hosts: list[str], expected: int
) -> None:
    lines = [f"Host: {each}" for each in hosts]
    assert ask(served, loop, wire, f"GET {KEYS} HTTP/1.0", *lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["GET /health HTTP/1.1"], 400),
        (["GET /health HTTP/1.1", "Host: 127.0.0.1", "Host: 127.0.0.1"], 400),
        (["GET /health HTTP/1.1", "Host: u@127.0.0.1"], 400),
        (["GET /health HTTP/1.1", "Host: 127.0.0.1"], 200),
        (["GET /health HTTP/1.1", "Host:"], 200),
        (["GET /health HTTP/1.0"], 200),
        (["GET http://127.0.0.1:8044/health HTTP/1.1", "Host: evil.example"], 403),
        (["GET http://127.0.0.1:8044/health HTTP/1.1", "Host: 127.0.0.1"], 200),
        (["GET http://u@127.0.0.1/health HTTP/1.1", "Host: 127.0.0.1"], 400),
        (["FOO /health HTTP/1.1", "Host: 127.0.0.1"], 405),
        (["FOO /nowhere HTTP/1.1", "Host: 127.0.0.1"], 404),
        (["get /health HTTP/1.1", "Host: 127.0.0.1"], 405),
        (["HEAD /health HTTP/1.1", "Host: 127.0.0.1"], 200),
    ],
)
def test_the_control_listener_reads_heads_alike(
    control: PinnedProtocol, loop: StillLoop, wire: Wire, lines: list[str], expected: int
) -> None:
    assert ask(control, loop, wire, *lines) == expected
    if expected == 405:
        assert b"allow: GET, HEAD\r\n" in wire.sent
    if expected == 400:
        assert "Host" in json.loads(body_of(wire))["detail"]
    if lines[0].startswith("HEAD"):
        assert body_of(wire) == ""


@pytest.mark.parametrize(
    "target",
    [
        f"https://api.seic.com{METADATA}",
        f"HTTPS://api.seic.com:443{METADATA}",
        f"http://api.seic.com{METADATA}?x=1",
    ],
)
def test_a_target_in_absolute_form_counts_instead_of_the_host(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform, target: str
) -> None:
    """RFC 9112 section 3.2.2."""
    assert ask(served, loop, wire, f"GET {target} HTTP/1.1", "Host: localhost") == 200
    assert json.loads(body_of(wire))["issuer"].startswith("https://api.seic.com")
    request = platform.journal.last.request
    assert request is not None
    assert request.path == METADATA

    assert ask(served, loop, wire, f"GET {target} HTTP/1.1") == 400  # it is still to come


def test_an_absolute_target_may_have_no_path(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform
) -> None:
    assert ask(served, loop, wire, "GET https://localhost HTTP/1.1", "Host: localhost") == 404
    assert platform.journal.last.request is not None
    assert platform.journal.last.request.path == "/"
    answered = ask(served, loop, wire, "GET https://u@localhost/ HTTP/1.1", "Host: localhost")
    assert answered == 400


@pytest.mark.long
@pytest.mark.parametrize("size", [0, 1, 2, 5])
@pytest.mark.parametrize("method", ["FOO", "get", "PROPFIND", "M-SEARCH", "GETX", "GE", "PRI", "x"])
def test_a_method_that_nobody_knows_is_told_what_the_path_takes(
    served: PlatformProtocol,
    loop: StillLoop,
    wire: Wire,
    platform: Platform,
    method: str,
    size: int,
) -> None:
    lines = ["Host: localhost", "Content-Length: 0"]

    assert ask(served, loop, wire, f"{method} {KEYS} HTTP/1.1", *lines, size=size) == 405
    assert b"allow: GET, HEAD\r\n" in wire.sent
    entry = platform.journal.last
    assert entry.request is not None
    assert entry.request.method == method
    assert method in str(entry.refused_because)
    assert ask(served, loop, wire, f"{method} /nowhere HTTP/1.1", *lines, size=size) == 404
    assert ask(served, loop, wire, f"GET {KEYS} HTTP/1.1", *lines, size=size) == 200


def test_an_unknown_method_may_come_behind_another_request(
    served: PlatformProtocol, loop: StillLoop, wire: Wire
) -> None:
    """The body of a request with an unknown method is read as usual."""
    lines = ["Host: localhost", "Content-Length: 3"]
    wire.sent = b""
    head = "\r\n".join([f"FOO {KEYS} HTTP/1.1", *lines, "", "abc"]).encode()
    for _ in range(3):
        served.data_received(head)
    for _ in range(30):
        loop.settle()

    assert wire.sent.count(b"HTTP/1.1 405 ") == 3


@pytest.mark.parametrize(
    "line",
    [
        "G\xe9T / HTTP/1.1",
        "GE(T / HTTP/1.1",
        " / HTTP/1.1",
        "GET  / HTTP/1.1 x",
        "M" * (LONGEST_METHOD + 1) + " / HTTP/1.1",
        "\x16\x03\x01\x02\x00\x01\x00",
        "PRI * HTTP/2.0",
        "FOO / HTTP/9.9",
        "FOO /",
        "FOO",
        "GET / HTTP/2.0",
        "GET /",
    ],
)
def test_what_is_no_request_line_is_no_http(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform, line: str
) -> None:
    assert ask(served, loop, wire, line, "Host: localhost") == 400
    assert platform.journal.last.refused_by == "HTTP"


@pytest.mark.parametrize("said", ["\x16\x03\x01\x02", "garbage", "GET /health HTTP/1.1"])
def test_the_log_has_its_own_lines_only(
    control: PinnedProtocol,
    loop: StillLoop,
    wire: Wire,
    caplog: pytest.LogCaptureFixture,
    said: str,
) -> None:
    """A line of uvicorn's own would be plain text between lines of JSON."""
    assert ask(control, loop, wire, said) == 400

    assert {record.name for record in caplog.records} == {"mock_sei"}
    assert control.logger.name.startswith("mock_sei")


def test_a_method_must_be_whole_in_time(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform
) -> None:
    for byte in b"FOOBAR":
        served.data_received(bytes([byte]))
        loop.pass_seconds(1)
    assert not wire.is_closing()

    loop.pass_seconds(PATIENCE - 6)

    assert wire.is_closing()
    assert status(wire) == platform.journal.last.status == 408


def test_an_unknown_method_behind_another_request_in_one_packet_ends_the_connection(
    served: PlatformProtocol, loop: StillLoop, wire: Wire, platform: Platform
) -> None:
    """A limit of the parser: it only says that these bytes are not one of its methods."""
    head = f"{KEYS} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    served.data_received(f"GET {head}FOO {head}".encode())
    for _ in range(20):
        loop.settle()

    assert wire.sent.startswith(b"HTTP/1.1 200 ")
    assert wire.is_closing()
    assert sorted(entry.refused_by or "" for entry in platform.journal.entries) == ["", "HTTP"]
