"""Pages of strangers, in a browser and by hand, at the control listener and the log-in page."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page

from mock_sei import MockSei
from tests.e2e.browser import Bench, launch
from tests.patience import PATIENCE

REBOUND = "--host-resolver-rules=MAP *.example 127.0.0.1"
"""What the owner of a name does after his page was loaded: the name leads to this machine."""
OLDER = (
    "--disable-features=LocalNetworkAccessChecks,PrivateNetworkAccessRespectPreflightResults,"
    "BlockInsecurePrivateNetworkRequests"
)
"""As browsers are that do not yet keep pages from this machine by themselves."""

READ = """async ([url, method]) => {
  try {
    const answer = await fetch(url, { method });
    return [answer.status, (await answer.text()).slice(0, 2000)];
  } catch (error) { return [0, String(error)] }
}"""
SEND_BLINDLY = """async ([url, method]) => {
  const body = method == "POST" ? "{}" : null;
  return (await fetch(url, { method, mode: "no-cors", body })).type;
}"""
LOAD = """(src) => new Promise((done) => {
  const script = Object.assign(document.createElement("script"), { src });
  script.onload = () => done("loaded");
  script.onerror = () => done("refused");
  document.head.append(script);
})"""
SOCKET = """(url) => new Promise((done) => {
  const made = new WebSocket(url);
  made.onopen = () => done("open");
  made.onerror = () => done("refused");
})"""


@pytest.fixture
def rebound(bench: Bench) -> Iterator[Browser]:
    with launch(bench.playwright, None, REBOUND, OLDER) as browser:
        yield browser


def page_of(browser: Browser, address: str) -> Page:
    """A page with an origin of its own; only the page itself does not come from the server."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    page = context.new_page()
    page.route(
        "**/strangers-page",
        lambda route: route.fulfill(body="<title>a page</title>", content_type="text/html"),
    )
    page.goto(f"{address}/strangers-page")
    return page


def control_port(server: MockSei) -> int:
    return urlsplit(server.control_url).port or 80


SECRETS = ("/", "/service-accounts/svc-demo/privatekey.key", "/journal", "/applications")


@pytest.mark.needs("chromium")
def test_a_page_behind_a_rebound_name_reads_and_changes_nothing(
    bench: Bench, rebound: Browser
) -> None:
    server = bench.server
    server.clock.freeze()
    page = page_of(rebound, f"http://evil.example:{control_port(server)}")

    answers = [page.evaluate(READ, [path, "GET"]) for path in SECRETS]
    reset = page.evaluate(READ, ["/reset", "POST"])

    for status, text in (*answers, reset):
        assert status == 403
        assert "PRIVATE KEY" not in text
        assert "--hostname evil.example" in text
    assert server.clock.frozen
    server.clock.reset()


@pytest.mark.needs("chromium")
def test_a_page_of_the_listener_itself_may_read(bench: Bench, rebound: Browser) -> None:
    """The twin: the browser, the page and the calls are the same, but for the name."""
    page = page_of(rebound, f"http://localhost:{control_port(bench.server)}")

    assert [page.evaluate(READ, [path, "GET"])[0] for path in SECRETS] == [200] * len(SECRETS)


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("name", ["evil.example", "localhost"])
def test_a_page_of_another_origin_reads_and_changes_nothing(
    bench: Bench, rebound: Browser, name: str
) -> None:
    """Another name, or only another port of this machine: the developer's own application."""
    server = bench.server
    server.clock.freeze()
    control = f"http://127.0.0.1:{control_port(server)}"
    local = f"http://localhost:{control_port(server)}"
    page = page_of(rebound, f"http://{name}:9")

    for url in (control, local):
        for path in SECRETS:
            status, text = page.evaluate(READ, [f"{url}{path}", "GET"])
            assert (status, "Failed to fetch" in text) == (0, True)
        page.evaluate(SEND_BLINDLY, [f"{url}/reset", "POST"])
        assert page.evaluate(LOAD, f"{url}/ca.pem") == "refused"
        assert page.evaluate(SOCKET, f"{url}/".replace("http", "ws")) == "refused"
    assert server.clock.frozen
    server.clock.reset()


@pytest.mark.needs("chromium")
def test_a_rebound_name_does_not_reach_the_log_in_page(bench: Bench) -> None:
    """TLS keeps it out: the server's certificate does not name it, and its owner has no other."""
    port = urlsplit(bench.server.url).port
    with (
        launch(bench.playwright, None, REBOUND) as browser,
        pytest.raises(Error, match="ERR_CERT"),
    ):
        browser.new_page().goto(f"https://evil.example:{port}/portal")


def said(server: MockSei, request: bytes) -> bytes:
    """The first line that the control listener answers."""
    address = ("127.0.0.1", control_port(server))
    with socket.create_connection(address, PATIENCE) as connection:
        connection.sendall(request)
        return connection.makefile("rb").readline()


def get(*lines: bytes, version: bytes = b"1.1") -> bytes:
    return b"\r\n".join((b"GET /ca.pem HTTP/" + version, *lines, b"Connection: close", b"", b""))


def test_heads_that_no_browser_sends_open_nothing(mock_sei: MockSei) -> None:
    good = (get(b"Host: localhost"), get(b"host:localhost"), get(version=b"1.0"), get(b"Host:"))
    refused = (
        get(b"Host: evil.example"),
        get(b"Host: localhost", b"Host: evil.example"),
        get(b"Host: evil.example", b"Host: localhost"),
        get(b"Host: localhost", b"host: localhost"),
        get(b"Host: localhost, evil.example"),
        get(b"Host: localhost@evil.example"),
        get(b"Host: evil.example/localhost"),
        get(b"Host: [evil"),
        get(b"Host: a b"),
        get(b"Host: localhost\xff"),
        get(b"Host: evil.example", b"X-Forwarded-Host: localhost", b"Forwarded: host=localhost"),
        get(b"Host: localhost", b"Origin: null"),
        get(b"Host: localhost", b"Origin: https://localhost"),
        get(b"Host: localhost", b"Origin: http://localhost", b"Origin: http://evil.example"),
        get(b"Host: localhost", b"Sec-Fetch-Site: cross-site"),
        get(
            b"Host: localhost",
            b"Origin: http://evil.example",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            b"Sec-WebSocket-Version: 13",
        ),
    )
    assert [each for each in good if b" 200 " not in said(mock_sei, each)] == []
    let_in = [each for each in refused if b" 200 " in said(mock_sei, each)]
    assert let_in == []


def test_an_absolute_target_does_not_stand_in_for_the_host(mock_sei: MockSei) -> None:
    """As a proxy's client writes it: ``Host`` still decides."""
    target = (
        b"GET http://localhost/ca.pem HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )

    assert b" 200 " not in said(mock_sei, target)


def test_odd_bytes_at_the_control_listener_leave_no_bug(mock_sei: MockSei) -> None:
    body = b'{"externalId": "a", "a": ' + b"[" * 300 + b"]" * 300 + b"}"
    for path, content in (
        (b"/data/investors", body),
        (b"/faults", rb'{"application": "\ud800", "status": 503}'),
        (b"/answers", rb'{"operation": "GET /v2/investors", "text": "\ud800"}'),
        (b"/reset", b"[" * 100_000),
        (b"/applications/%ff%00/keys", b""),
        (b"/clock/advance", b'{"seconds": 1e999}'),
    ):
        head = b"POST %b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" % path
        size = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(content)
        assert said(mock_sei, head + size + content).split()[1][:1] == b"4", path
    assert len(mock_sei.data["investors"]) > 0
    assert len(mock_sei.faults) == 0
    mock_sei.check()
