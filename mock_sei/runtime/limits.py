"""How much a client may send and how long it may take: the one table, and the count of a message.

uvicorn with httptools limits none of it: a head, a trailer or the size line of a chunk without an
end would fill the memory, so would requests that are sent without waiting for their answers, and a
connection that says nothing would stay for good.
"""

from __future__ import annotations

from mock_sei.errors import HEAD_TOO_LARGE, Refusal

HANDSHAKE_TIMEOUT = 10.0
"""Seconds a client has for its handshake."""
HELLO_LIMIT = 32 * 1024
"""Bytes of a client's first message, some hundreds usually; OpenSSL would keep 128 KiB of each."""
ALERT_LINGER = 1.0
"""Seconds a refused client has to read its alert before the connection is closed."""
END_PATIENCE = 10.0
"""Seconds for the answers to a client that said that it sends nothing more."""
KEEP_ALIVE = 65
"""Seconds an idle connection stays open; more than the 60 of common clients and proxies."""
PATIENCE = float(KEEP_ALIVE)
"""Seconds for a connection's first request to begin, for the head of each to be whole, for each
further piece of a body to come, and for a client to read on in an answer."""
HEAD_LIMIT = 64 * 1024
"""Bytes of a message that are no body: its request line, its headers and its trailers together."""
HEADER_LIMIT = 1000
"""Headers and trailers of a message; each costs more memory than its bytes."""
FRAMING_LIMIT = 64 * 1024
"""Bytes of chunk sizes and chunk extensions of a message, beside those its body pays for."""
FRAMING_A_BYTE = 8
"""Bytes of framing that each byte of a body pays for; in chunks of one byte it takes five."""
UNREAD_LIMIT = 32 * 1024 * 1024
"""Bytes beyond the largest body of its listener that still come after the answer; then the
connection is closed."""
SLICE = 4 * 1024
"""Bytes that are parsed at a time. A slice holds at most 227 requests; the next one is parsed when
they are answered."""

CHECK = "request"

_REQUEST_LINE = len("  HTTP/1.1\r\n")
_HEADER_LINE = len(": \r\n")
_END_OF_HEAD = len("\r\n")


class Meter:
    """What one message has taken of its limits."""

    __slots__ = ("_headers", "_line", "_pieces", "_size", "body")

    def __init__(self) -> None:
        self.body = 0
        """Bytes of the body so far."""
        self._size = _REQUEST_LINE + _END_OF_HEAD
        """Bytes of request line, headers and trailers, as they are usually written."""
        self._headers = 0
        self._line = 0
        """Bytes since the message began, or since its last piece of body."""
        self._pieces = 0
        """Bytes that came after the head: body and framing."""

    def add_request_line(self, size: int) -> None:
        """``size`` is the length of method, or of the address, or of a part of it."""
        self._size += size

    def add_header(self, name: bytes, value: bytes) -> None:
        self._headers += 1
        self._size += len(name) + len(value) + _HEADER_LINE

    def add_body(self, size: int) -> None:
        self.body += size
        self._line = 0

    def add_line(self, size: int) -> None:
        """``size`` bytes came that gave no piece of a body: they are of a line without an end."""
        self._line += size

    def add_after_head(self, size: int) -> None:
        self._pieces += size

    def find_excess(self) -> Refusal | None:
        """The first limit that the message is over."""
        if self._headers > HEADER_LIMIT:
            return _too_large(f"at most {HEADER_LIMIT} headers", f"{self._headers} headers")
        size = max(self._size, self._line)
        if size > HEAD_LIMIT:
            return _too_large(f"at most {HEAD_LIMIT} bytes", f"{size} bytes")
        framing = self._pieces - self.body
        if framing > FRAMING_LIMIT + FRAMING_A_BYTE * self.body:
            expected = f"at most {FRAMING_LIMIT} bytes of chunk sizes and extensions"
            return _too_large(expected, f"{framing} bytes for a body of {self.body}")
        return None


def _too_large(expected: str, actual: str) -> Refusal:
    return Refusal(
        HEAD_TOO_LARGE,
        check=CHECK,
        because="Request line, headers, trailers or chunk sizes are too large.",
        expected=expected,
        actual=f"{actual}; the rest is not read",
    )
