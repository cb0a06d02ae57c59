"""Whom the control listener lets in: tests, and no web page."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from mock_sei.web.control.listener import refused_caller
from mock_sei.web.requests import announced_size
from tests.cases import every_case
from tests.support import control_client


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1:8044"])
def test_a_foreign_host_is_refused_on_loopback(control: httpx2.Client, host: str) -> None:
    assert control.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8044", "127.0.0.1", "[::1]:8044", "LOCALHOST"])
def test_this_machine_is_let_in(control: httpx2.Client, host: str) -> None:
    assert control.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(("host", "status"), [("mock-sei:8044", 200), ("mock-sei.evil", 403)])
def test_a_name_of_the_server_is_let_in(platform: Platform, host: str, status: int) -> None:
    """In a pod it leads to loopback."""
    platform.server_names = ["mock-sei", "*.evil"]
    control = control_client(platform)
    assert control.get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "http://[", "//"]
)
def test_a_foreign_origin_is_refused(control: httpx2.Client, origin: str) -> None:
    assert control.post("/reset", headers={"Origin": origin}).status_code == 403


def test_its_own_origin_is_let_in(control: httpx2.Client) -> None:
    headers = {"Origin": "http://127.0.0.1:8044"}

    assert control.post("/reset", headers=headers).status_code == 204


OUTSIDE = ("172.17.0.2", 8044)
"""Where a container's listener is reached through a mapped port."""
NAMES = (
    "localhost",
    "mock-sei",
    "api.seic.com",
    "*.api.seic.com",
    "Tests.Example.com",
    "192.0.2.9",
)


def why_refused(
    *hosts: str, server: tuple[str, int] | None = OUTSIDE, method: str = "GET", **headers: str
) -> str | None:
    """``headers`` are named with an underscore for each hyphen."""
    sent = [(b"host", each.encode("latin-1")) for each in hosts]
    sent += [(name.replace("_", "-").encode(), each.encode()) for name, each in headers.items()]
    scope = {"type": "http", "method": method, "path": "/", "headers": sent, "server": server}
    return refused_caller(scope, NAMES)


LOOPBACK_HOSTS = (
    *("localhost", "localhost:8044", "LOCALHOST", "localhost.", "sei.localhost:8044", "127.0.0.1"),
    *("127.8.9.1:80", "[::1]", "[::1]:8044", "[::ffff:127.0.0.1]:8044", "localhost:"),
)
SERVER_HOSTS = ("mock-sei:8044", "MOCK-SEI.", "tests.example.com", "api.seic.com:1", "192.0.2.9")
DOCKER_HOSTS = ("host.docker.internal:8044", "Host.Docker.Internal.", "host.containers.internal")
NETWORK_HOSTS = (
    *("sei", "mock_sei:8044", "MOCK--SEI", "docker:32768", "3f2a9c1d0b7e", "sei."),
    *("172.17.0.2:8044", "192.0.2.1", "[2001:db8::1]:8044", "[fe80::1%eth0]:8044", "[fe80::1%25e]"),
    *("printer.local", "sei.default.svc:8044", "sei.default.svc.cluster.local", "a.b.Local."),
    *("x.api.seic.com", "X.API.SEIC.COM.:8044"),
)
STRANGERS_HOSTS = (
    *("evil.example", "evil.example:8044", "EVIL.example.", "127.0.0.1.evil.example", "a.svc.com"),
    *("localhost.evil.example", "local.example", "internal.example", "evil.localhost.example"),
    *("xn--80ak6aa92e.com", "a.b.api.seic.com", "mock-sei.example", "seic.com", "1.2.3", "127.1.x"),
    *(
        "api.seic.com.evil.example",
        "evil-api.seic.com",
        "notlocal.x",
        "cluster.local.x",
        "1.2.3.4.5",
    ),
)
NO_HOSTS = (
    *(
        "a b",
        "evil.example/",
        "[evil",
        "user@localhost",
        "localhost/",
        "localhost:port",
        "[::1",
        " ",
    ),
    *("[evil]", "localhost:8044:1", "localhost\t", "127.0.0.1,evil.example", "m\xf6ck", "*", "."),
    *("localhost:-1", "localhost:123456", "%6c", "[::1]x", "a" * 254, "http://localhost", "::1"),
    *("[::1%]", "[fe80::1%/]", "localhost#", "localhost?", "\\localhost", "localhost\x00"),
)


def test_in_a_container_only_names_that_no_stranger_can_have_are_let_in() -> None:
    good = (*LOOPBACK_HOSTS, *SERVER_HOSTS, *DOCKER_HOSTS, *NETWORK_HOSTS)
    assert [each for each in good if why_refused(each)] == []
    assert [each for each in (*STRANGERS_HOSTS, *NO_HOSTS) if not why_refused(each)] == []


@pytest.mark.parametrize("server", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_on_loopback_only_names_of_this_machine_are_let_in(server: str) -> None:
    """On somebody's desk any machine may answer for a name without a dot, or one in ``.local``."""
    here = (server, 8044)
    good = (*LOOPBACK_HOSTS, *SERVER_HOSTS, *DOCKER_HOSTS)
    bad = (*NETWORK_HOSTS, *STRANGERS_HOSTS, *NO_HOSTS)
    assert [each for each in good if why_refused(each, server=here)] == []
    assert [each for each in bad if not why_refused(each, server=here)] == []


@pytest.mark.parametrize("server", [OUTSIDE, ("127.0.0.1", 8044)])
def test_the_refusal_of_a_name_says_in_one_line_how_to_allow_it(server: tuple[str, int]) -> None:
    refusal = why_refused("Tests.corp.example:8044", server=server) or ""

    assert "--hostname tests.corp.example" in refusal
    assert "\n" not in refusal


def test_a_name_with_a_line_break_cannot_write_into_the_log() -> None:
    assert "\n" not in (why_refused("evil\n2026 INFO all is well") or "")


def test_a_program_that_sends_no_host_is_let_in() -> None:
    """As HTTP/1.0 allows; no browser leaves it out."""
    assert why_refused() is None
    assert why_refused("") is None


def test_two_hosts_are_refused() -> None:
    assert why_refused("localhost", "evil.example")
    assert why_refused("evil.example", "localhost")
    assert why_refused("localhost", "localhost")


def test_a_forwarded_host_counts_for_nothing() -> None:
    assert why_refused("evil.example", x_forwarded_host="localhost", forwarded="host=localhost")
    assert why_refused("localhost", x_forwarded_host="evil.example") is None


@pytest.mark.parametrize("server", [OUTSIDE, ("127.0.0.1", 8044)])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_only_the_very_origin_of_the_listener_may_call(
    server: tuple[str, int], method: str
) -> None:
    def refused(host: str, origin: str) -> bool:
        return why_refused(host, server=server, method=method, origin=origin) is not None

    for host, origin in (
        ("localhost:8044", "http://localhost:8044"),
        ("LocalHost:8044", "http://localhost:8044"),
        ("[::1]:8044", "http://[::1]:8044"),
        ("localhost", "http://localhost"),
        ("localhost:80", "http://localhost"),
    ):
        assert not refused(host, origin), origin
    for origin in (
        *("https://localhost:8044", "file://localhost:8044", "ftp://localhost:8044", "null", ""),
        *("http://localhost", "http://localhost:8045", "http://localhost:80440", "localhost:8044"),
        *(
            "http://127.0.0.1:8044",
            "http://evil.example",
            "http://localhost:8044/",
            "//",
            "http://[",
        ),
        *("http://user@localhost:8044", "http://localhost:8044 http://evil.example", "file://"),
        *("http://localhost:8044.evil.example", "chrome-extension://localhost:8044", "http://"),
    ):
        assert refused("localhost:8044", origin), origin


def test_of_several_origins_each_must_be_its_own(control: httpx2.Client) -> None:
    own, other = ("Origin", "http://127.0.0.1:8044"), ("Origin", "http://evil.example")
    for headers in ([own, other], [other, own]):
        assert control.post("/reset", headers=headers).status_code == 403


@every_case("site", ["cross-site", "same-site", "", "none, cross-site", "SAME-ORIGIN"])
def test_a_page_of_another_origin_is_refused_though_it_sends_no_origin(site: str) -> None:
    """An image, a script, a frame: a browser sends no ``Origin`` with them."""
    for dest, mode in (("image", "no-cors"), ("script", "no-cors"), ("iframe", "navigate")):
        assert why_refused(
            "localhost:8044", sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest
        )
    assert why_refused("localhost:8044", sec_fetch_site=site)


def test_a_link_from_a_page_elsewhere_may_be_followed() -> None:
    """To the reference at ``/docs``, from a README for one. A form may not be sent so."""

    def refused(host: str, method: str) -> bool:
        reason = why_refused(
            host,
            method=method,
            sec_fetch_site="cross-site",
            sec_fetch_mode="navigate",
            sec_fetch_dest="document",
        )
        return reason is not None

    assert not refused("localhost:8044", "GET")
    assert refused("localhost:8044", "POST")
    assert refused("evil.example", "GET")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_its_own_page_and_the_address_bar_are_let_in(site: str) -> None:
    assert why_refused("localhost:8044", sec_fetch_site=site) is None


def test_a_web_socket_of_another_page_is_refused() -> None:
    page = "http://evil.example"
    assert why_refused("localhost", upgrade="websocket", connection="Upgrade", origin=page)


def test_a_refusal_stands_in_the_log(
    control: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The control listener has no journal."""
    control.get("/", headers={"Host": "evil.example"})

    assert "control call refused" in caplog.text
    assert "--hostname evil.example" in caplog.text


def test_an_oversized_body_is_refused(control: httpx2.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b"x" * 1024

    assert control.post("/reset", content=b"x" * (1024 * 1024 + 1)).status_code == 413
    assert control.post("/reset", content=endless()).status_code == 413


@every_case(
    ("announced", "size"),
    [
        (b"0", 0),
        (b"007", 7),
        (b"1048577", 1048577),
        (b"9" * 5000, int("9" * 20)),
        (b"0" * 5000 + b"12", 12),
        (b"", 0),
        (b"-1", 0),
        (b"1e9", 0),
        ("²".encode(), 0),
    ],
)
def test_an_announced_size_is_a_number_however_long_it_is(announced: bytes, size: int) -> None:
    assert announced_size([(b"content-length", announced)]) == size


def test_one_application_serves_two_platformes_that_never_meet(
    shared_store: CertificateStore,
) -> None:
    one, two = (
        Platform(fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour())
        for _ in range(2)
    )

    control_client(one).post("/clock/advance", json={"seconds": 3600})

    assert not one.clock.is_machine
    assert two.clock.is_machine
    assert control_client(two).get("/clock").json()["is_machine"]
