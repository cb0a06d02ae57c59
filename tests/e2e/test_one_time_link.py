"""The one-time certificate link over sockets: who gets the file, and where it is not shown."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from mock_sei import MockSei
from tests.e2e.handshakes import tls
from tests.e2e.registering import Team, control_of, mailed_link, new_link, register
from tests.e2e.serving import Serving, run, wait_for
from tests.patience import PATIENCE

CROWD = 100
SECRET = re.compile(r"[\w-]{40,}")


@pytest.fixture
def control(mock_sei: MockSei) -> Iterator[httpx2.Client]:
    with control_of(mock_sei.control_url) as client:
        yield client


@pytest.fixture
def team(control: httpx2.Client) -> Team:
    return register(control)


@pytest.fixture
def link(control: httpx2.Client, team: Team) -> str:
    return mailed_link(control, team)


def ask(connected: ssl.SSLSocket, link: str, method: str = "GET") -> None:
    connected.sendall(
        f"{method} {urlsplit(link).path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    )


def status_of(connected: ssl.SSLSocket) -> int:
    received = b""
    while b"\r\n" not in received:
        piece = connected.recv(1024)
        assert piece, "closed without an answer"
        received += piece
    return int(received.split()[1])


def test_of_a_hundred_gets_at_once_exactly_one_wins(mock_sei: MockSei, link: str) -> None:
    """All are connected before the first asks."""
    together = threading.Barrier(CROWD)

    def get(_: int) -> int:
        with tls(mock_sei.url, mock_sei.ssl_context()) as connected:
            together.wait(PATIENCE)
            ask(connected, link)
            return status_of(connected)

    with ThreadPoolExecutor(CROWD) as crowd:
        answers = Counter(crowd.map(get, range(CROWD)))
    assert answers == {200: 1, 410: CROWD - 1}


@pytest.mark.parametrize("heard", ["headers", "nothing"])
def test_a_get_broken_off_kills_the_link(mock_sei: MockSei, link: str, heard: str) -> None:
    with tls(mock_sei.url, mock_sei.ssl_context()) as connected:
        # What is read is a part of the body's first record at most; the rest is thrown away.
        ask(connected, link)
        received = b""
        while heard == "headers" and b"\r\n\r\n" not in received:
            received += connected.recv(1)
        wait_for(lambda: mock_sei.journal.entries)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    with mock_sei.client() as http:
        again = http.get(link)
    assert again.status_code == 410
    assert "it was used at" in str(mock_sei.journal.last.refused_because)


def test_a_head_before_it_does_not(mock_sei: MockSei, link: str) -> None:
    with mock_sei.client() as http:
        assert [http.head(link).status_code for _ in range(2)] == [200, 200]
        first, second = http.get(link), http.get(link)
        assert (first.status_code, second.status_code) == (200, 410)
        assert http.head(link).status_code == 410
    assert load_pkcs12(first.content, b"mock-sei").cert


def test_its_life_ends_by_the_platform_s_clock(
    mock_sei: MockSei, control: httpx2.Client, team: Team
) -> None:
    with mock_sei.client() as http:
        mock_sei.clock.freeze()
        link = new_link(control, team)
        mock_sei.clock.advance(days=7, seconds=-1)
        assert http.head(link).status_code == 200
        mock_sei.clock.advance(seconds=1)
        dead = http.get(link)
        assert dead.status_code == 410
        assert "it ended at" in str(mock_sei.journal.last.refused_because)
        assert http.get(new_link(control, team)).status_code == 200


def test_a_newer_link_takes_its_place(
    mock_sei: MockSei, control: httpx2.Client, team: Team, link: str
) -> None:
    newer = new_link(control, team)
    with mock_sei.client() as http:
        assert http.get(link).status_code == 410
        assert "a newer link" in str(mock_sei.journal.last.refused_because)
        assert http.get(newer).status_code == 200


def test_it_leads_nowhere_on_the_other_listeners(mock_sei: MockSei, link: str) -> None:
    path = urlsplit(link).path
    with mock_sei.client("svc-demo") as two_way, control_of(mock_sei.control_url) as control:
        assert two_way.get(path).status_code == 404
        assert control.get(path).status_code == 404
    with mock_sei.client() as http:
        assert http.get(link).status_code == 200


@pytest.mark.needs("curl")
@pytest.mark.parametrize("log", ["text", "json"])
def test_neither_log_nor_journal_of_a_running_server_has_the_whole_of_it(
    tmp_path: Path, log: str
) -> None:
    """Live, dead, mistaken, in the ``Referer``: only its beginning is written."""
    with (
        Serving.start(tmp_path, "--log-format", log) as serving,
        control_of(serving.ready["control_url"]) as control,
    ):
        link = mailed_link(control, register(control))
        (secret,) = SECRET.findall(link)
        curl = ("curl", "-sS", "--cacert", serving.ready["ca_file"], "-o", "saved")
        for options in (("-I",), (), (), ("-H", "Accept: text/html"), ("-H", f"Referer: {link}")):
            assert run(*curl, *options, link, cwd=tmp_path).returncode == 0
        lost = f"{serving.ready['url']}/nowhere?from={link}"
        assert run(*curl, "-H", f"Referer: {link}", lost, cwd=tmp_path).returncode == 0
        journal = control.get("/journal").json()
        assert len(journal["entries"]) == 6
        assert serving.stop() == 0
        written = serving.output + serving.errors
    assert secret[:6] in written
    assert secret not in written
    assert secret not in json.dumps(journal)
