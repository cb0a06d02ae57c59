"""Who has a port that is in use: another mock-sei of this machine is asked at its control listener.

Only loopback is asked, and only ports at which a control listener may be: a question in plain HTTP
would stand as a failed handshake in the journal of another server's TLS listener.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from mock_sei.rules import machine

PATIENCE = 1.0
"""Seconds for one server to answer."""
LARGEST_ANSWER = 256 * 1024
"""Bytes of an answer that are read."""

ADDRESSES = ("url", "two_way_url", "control_url")
"""Members of the connection details, and whose ports a mock-sei has."""


def whose_port(port: int, control_ports: Iterable[int]) -> str:
    """Who has it, to go on after ``in use``; what no mock-sei says it has is another program's."""
    for each in dict.fromkeys(control_ports):
        details = _connection_details(each) if each else None
        if details is not None and port in {each, *map(_port_of, _addresses(details))}:
            pid = details.get("pid")
            which = f" with pid {pid}" if isinstance(pid, int) and pid > 1 else ""
            return f"by the mock-sei{which} whose control URL is http://127.0.0.1:{each}"
    return "by another program"


def _connection_details(port: int) -> dict[str, Any] | None:
    """What a control listener on this port says, None where none answers."""
    try:
        _, _, body = _ask(port).partition(b"\r\n\r\n")
        details = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return None
    is_ours = isinstance(details, dict) and all(
        isinstance(each, str) for each in _addresses(details)
    )
    return details if is_ours else None


def _addresses(details: dict[str, Any]) -> list[Any]:
    return [details.get(name) for name in ADDRESSES]


def _ask(port: int) -> bytes:
    """The answer's bytes. Raises ``OSError`` where there is none in time."""
    end = machine.monotonic() + PATIENCE
    request = f"GET /?limit=1 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(request.encode())
        while len(answer) < LARGEST_ANSWER:
            connection.settimeout(max(end - machine.monotonic(), 0.001))
            received = connection.recv(64 * 1024)
            if not received:
                return answer
            answer += received
    raise OSError("the answer is too long")


def _port_of(address: str) -> int | None:
    try:
        parts = urlsplit(address)
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:  # what says so is no mock-sei
        return None
