"""A mapped port, as a container engine makes one: another port that leads to the same listener."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


class _Mapped(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Carried)
        self.leads_to = ("127.0.0.1", port)


class _Carried(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Mapped)
        with socket.create_connection(self.server.leads_to) as inside:
            back = threading.Thread(target=_carry, args=(inside, self.request), daemon=True)
            back.start()
            _carry(self.request, inside)
            back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Copies what comes until the source has ended, and ends the target."""
    with contextlib.suppress(OSError):  # one of both was closed
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def mapped(address: str) -> Iterator[str]:
    """The address of another port on this machine, by which a listener is reached."""
    parts = urlsplit(address)
    assert parts.port
    with _Mapped(parts.port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"{parts.scheme}://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()
