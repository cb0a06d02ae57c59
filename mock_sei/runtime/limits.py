"""How much a client may send and how long it may take: all limits, and the count for a message.

uvicorn with httptools has no such limits. A head, a trailer or the size line of a chunk without an
end would fill the memory, and so would requests that are sent without reading their answers. A
connection that sends nothing would stay open forever.
"""

from __future__ import annotations

from mock_sei.errors import HEAD_TOO_LARGE, Refusal

HANDSHAKE_TIMEOUT = 10.0
"""Most seconds for a client's TLS handshake."""
PROXY_HEADER_TIMEOUT = 10.0
"""Most seconds for the PROXY header of a trusted proxy. The specification asks for at least 3."""
HELLO_LIMIT = 32 * 1024
"""Most bytes of a client's first TLS message, which usually has some hundreds. OpenSSL itself would
keep up to 128 KiB."""
ALERT_LINGER = 1.0
"""Seconds from a TLS alert to the end of the connection, so that the client can read the alert."""
END_PATIENCE = 10.0
"""Most seconds to finish the answers after a client has closed its sending side."""
DRAIN = 6.0
"""Most seconds that a server which ends gives to requests and handshakes in progress. Docker kills
after 10, and what is cut in the end needs a moment too."""
BEGINNING = 1.0
"""Seconds in which a client that has just connected may begin, while the server ends."""
LEAVING = 1.0
"""Seconds in which a client that got its last answer may leave, while the server ends."""
KEEP_ALIVE = 65
"""Seconds that an idle connection stays open, more than the 60 of common clients and proxies."""
PATIENCE = float(KEEP_ALIVE)
"""Most seconds until the first request of a connection begins, until the head of a request is
complete, between two pieces of a body, and between two reads of an answer by the client."""
HEAD_LIMIT = 64 * 1024
"""Most bytes of a message's request line, headers and trailers together."""
HEADER_LIMIT = 1000
"""Most headers and trailers of a message. Each needs more memory than its bytes."""
FRAMING_LIMIT = 64 * 1024
"""Most bytes of chunk sizes and chunk extensions of a message, in addition to the bytes that
``FRAMING_A_BYTE`` allows."""
FRAMING_A_BYTE = 8
"""Bytes of framing that are allowed for each byte of a body. Chunks of one byte need five."""
UNREAD_LIMIT = 32 * 1024 * 1024
"""Most bytes, beyond the largest body of a listener, that a client may still send after its request
was answered. Then the connection is closed."""
SLICE = 4 * 1024
"""Bytes that are parsed at a time. A slice holds at most 227 requests. The next slice is parsed
after they are answered."""

CHECK = "request"

_REQUEST_LINE = len("  HTTP/1.1\r\n")
_HEADER_LINE = len(": \r\n")
_END_OF_HEAD = len("\r\n")


class Meter:
    """Counts how much of its limits one message has used."""

    __slots__ = ("_headers", "_line", "_pieces", "_size", "body")

    def __init__(self) -> None:
        self.body = 0
        """Bytes of the body so far."""
        self._size = _REQUEST_LINE + _END_OF_HEAD
        """Bytes of request line, headers and trailers in their usual spelling."""
        self._headers = 0
        self._line = 0
        """Bytes since the message began, or since its last piece of body."""
        self._pieces = 0
        """Bytes that came after the head: body and framing."""

    def add_request_line(self, size: int) -> None:
        """Counts the method or a part of the target; ``size`` is its length in bytes."""
        self._size += size

    def add_header(self, name: bytes, value: bytes) -> None:
        """Counts a header or trailer."""
        self._headers += 1
        self._size += len(name) + len(value) + _HEADER_LINE

    def add_body(self, size: int) -> None:
        """Counts ``size`` bytes of the body."""
        self.body += size
        self._line = 0

    def add_line(self, size: int) -> None:
        """Counts ``size`` bytes of a line that has not ended."""
        self._line += size

    def add_after_head(self, size: int) -> None:
        """Counts ``size`` bytes that came after the head: body and framing."""
        self._pieces += size

    def find_excess(self) -> Refusal | None:
        """A refusal for the first limit that the message exceeds; None if it exceeds none."""
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
