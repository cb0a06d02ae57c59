"""Finds out which mock-sei of this machine uses a port, by asking its control listener.

Only loopback ports at which a control listener may be are asked. A request in plain HTTP would be
recorded as a failed handshake in the journal of another server's TLS listener.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from mock_sei.rules import machine

PATIENCE = 1.0
"""Most seconds for one server to answer."""
LARGEST_ANSWER = 256 * 1024
"""Most bytes of an answer that are read."""

ADDRESSES = ("url", "two_way_url", "control_url")
"""The members of the connection details whose URLs have the ports that a mock-sei uses."""


def whose_port(port: int, control_ports: Iterable[int]) -> str:
    """Who uses a port, as the end of the sentence "the port is in use".

    ``control_ports`` are asked. If no mock-sei reports the port, another program uses it.
    """
    for each in dict.fromkeys(control_ports):
        details = _connection_details(each) if each else None
        if details is not None and port in {each, *map(_port_of, _addresses(details))}:
            pid = details.get("pid")
            which = f" with pid {pid}" if isinstance(pid, int) and pid > 1 else ""
            return f"by the mock-sei{which} whose control URL is http://127.0.0.1:{each}"
    return "by another program"


def _connection_details(port: int) -> dict[str, Any] | None:
    """The connection details from a control listener on this port; None if none answers."""
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
    """The bytes of the answer. Raises ``OSError`` if there is no answer in time."""
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
    except ValueError:  # it is not a mock-sei that answers
        return None
