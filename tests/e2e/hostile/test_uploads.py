"""Uploads and large bodies over real sockets: what is refused at once, what is left of each."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mock_sei import MockSei
from mock_sei.apis.bodies import MOST_VALUES
from mock_sei.journal.entries import Entry
from mock_sei.runtime.limits import UNREAD_LIMIT
from mock_sei.web.exchange import READ_ON_LIMIT
from tests.e2e.handshakes import answer, everything_from, tls
from tests.e2e.serving import wait_for
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("either_loop")

MIB = 1024 * 1024
UPLOADS = "/v1/contentmanagement/folders/uploadfiles"
HEAD = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n\r\n'
END = b"\r\n--x--\r\n"
FORM = "multipart/form-data; boundary=x"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture(scope="module")
def server(either_loop: None) -> Iterator[MockSei]:  # noqa: ARG001  # its loop is chosen first
    """One whose uploads may have a megabyte."""
    with MockSei(upload_limit_mib=1) as running:
        yield running


@pytest.fixture
def token(server: MockSei) -> str:
    server.reset()
    return str(server.token("demo-server"))


@contextlib.contextmanager
def connected_to(server: MockSei) -> Iterator[socket.socket]:
    with tls(server.two_way_url, server.ssl_context("svc-demo")) as connected:
        yield connected


def head(token: str, *more: str, path: str = UPLOADS, content_type: str = FORM) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "AppKey: demo-server-key",
        f"Authorization: Bearer {token}",
        f"Content-Type: {content_type}",
        *more,
    )
    return "\r\n".join((*lines, "", "")).encode()


def last(server: MockSei) -> Entry:
    """The newest entry, once the server has made it."""
    wait_for(lambda: bool(server.journal.entries))
    return server.journal.last


def open_files() -> int:
    """Files without a name that this process, in which the server runs, has open."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found += str(each.readlink()).endswith("(deleted)")
    return found


def is_asked_again(connected: socket.socket, token: str) -> bool:
    """Whether a call on the same connection is answered."""
    connected.sendall(head(token, "Content-Length: 0", path="/v1/investors"))
    return answer(connected)[0] == 400


@pytest.mark.parametrize("expects", [True, False])
def test_an_announced_upload_over_the_limit_is_refused_before_it_is_sent(
    server: MockSei, token: str, expects: bool
) -> None:
    more = ["Expect: 100-continue"] if expects else []
    with connected_to(server) as connected:
        connected.sendall(head(token, f"Content-Length: {MIB + 1}", *more))
        assert answer(connected)[0] == 413
        assert everything_from(connected) == b""
    entry = last(server)
    assert entry.refused_by == "body size"
    assert (entry.expected, entry.actual) == (f"at most {MIB} bytes", f"{MIB + 1} bytes")


def test_an_upload_that_waits_to_be_asked_for_is_asked_for(server: MockSei, token: str) -> None:
    content = b"x" * (MIB // 2)
    body = HEAD + content + END
    with connected_to(server) as connected:
        connected.sendall(head(token, f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert connected.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connected.sendall(body)
        status, made = answer(connected)
        assert status == 200
        assert is_asked_again(connected, token)
    assert server.platform.state.apis.contents[made["id"]].read() == content


def test_an_upload_in_chunks_needs_no_length(server: MockSei, token: str) -> None:
    body = HEAD + os.urandom(MIB // 2) + END
    with connected_to(server) as connected:
        connected.sendall(head(token, "Transfer-Encoding: chunked"))
        for begin in range(0, len(body), 30_000):
            piece = body[begin : begin + 30_000]
            connected.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        connected.sendall(b"0\r\n\r\n")
        status, made = answer(connected)
        assert status == 200
        assert is_asked_again(connected, token)
    content = server.platform.state.apis.contents[made["id"]].read()
    assert content == body[len(HEAD) : -len(END)]


def test_an_upload_in_chunks_is_refused_at_the_limit(server: MockSei, token: str) -> None:
    chunk = b"%x\r\n%s\r\n" % (MIB // 4, b"x" * (MIB // 4))
    with connected_to(server) as connected:
        connected.sendall(head(token, "Transfer-Encoding: chunked"))
        connected.sendall(chunk * 5)
        assert answer(connected)[0] == 413
    entry = last(server)
    assert entry.actual == f"more than {MIB} bytes"
    assert entry.request is not None
    assert entry.request.raw_body == b""


@linux
@pytest.mark.parametrize("content_type", [FORM, "application/json"])
@pytest.mark.parametrize("path", [UPLOADS, "/v1/investors"])
def test_nothing_is_left_of_a_body_that_breaks_off(
    server: MockSei, token: str, path: str, content_type: str
) -> None:
    """Its length said more than came."""
    before = open_files()
    with connected_to(server) as connected:
        connected.sendall(
            head(token, f"Content-Length: {MIB}", path=path, content_type=content_type)
        )
        connected.sendall(HEAD + b"x" * (MIB // 2))
        wait_for(lambda: open_files() > before)
    wait_for(lambda: last(server).called == f"POST {path}")
    assert "the client left" in (last(server).refused_because or "")
    wait_for(lambda: open_files() == before)
    assert not server.platform.state.apis.contents


def test_what_comes_behind_the_announced_end_is_no_part_of_it_and_ends_the_connection(
    server: MockSei, token: str
) -> None:
    body = HEAD + b"short" + END
    with connected_to(server) as connected:
        connected.sendall(head(token, f"Content-Length: {len(body)}") + body + b"and more\r\n\r\n")
        answers = everything_from(connected)
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200"]
    assert b'"size":5' in answers


def test_a_connection_goes_on_after_a_413_to_a_body_that_came_whole(
    server: MockSei, token: str
) -> None:
    body = b"[" * (MOST_VALUES + 1)
    with connected_to(server) as connected:
        connected.sendall(
            head(
                token,
                f"Content-Length: {len(body)}",
                path="/v1/investors",
                content_type="application/json",
            )
        )
        connected.sendall(body)
        assert answer(connected)[0] == 413
        assert is_asked_again(connected, token)


def test_who_sends_all_of_a_refused_upload_reads_the_answer(server: MockSei, token: str) -> None:
    """By a token that is over as well: the file is sent before anything is read."""
    size = READ_ON_LIMIT // 4
    for bearer, status in ((token, 413), ("none", 401)):
        length = size if status == 413 else MIB
        with connected_to(server) as connected:
            connected.sendall(head(bearer, f"Content-Length: {length}"))
            connected.sendall(b"x" * length)
            assert answer(connected)[0] == status


def test_more_than_an_upload_may_have_is_read_on_after_an_early_answer(
    server: MockSei, token: str
) -> None:
    """Otherwise a client with an old token would get a reset connection and not its 401."""
    with connected_to(server) as connected:
        connected.sendall(head("none", "Transfer-Encoding: chunked"))
        assert answer(connected)[0] == 401
        chunk = b"%x\r\n%s\r\n" % (MIB, b"x" * MIB)
        for _ in range((UNREAD_LIMIT + MIB) // MIB - 1):
            connected.sendall(chunk)
        connected.sendall(b"0\r\n\r\n")
        assert is_asked_again(connected, token)


@linux
def test_a_reset_and_a_stop_drop_the_files_of_uploads(server: MockSei, token: str) -> None:
    before = open_files()

    def upload(to: MockSei, bearer: str) -> None:
        with to.client("svc-demo", timeout=PATIENCE) as http:
            headers = {"AppKey": "demo-server-key", "Authorization": f"Bearer {bearer}"}
            file = {"f": ("a.bin", b"x" * (MIB // 2), "application/pdf")}
            assert http.post(UPLOADS, headers=headers, files=file).status_code == 200

    upload(server, token)
    assert open_files() == before + 1
    server.reset()
    assert open_files() == before

    with MockSei() as other:
        upload(other, str(other.token("demo-server")))
        assert open_files() == before + 1
    assert open_files() == before
