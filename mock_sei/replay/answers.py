"""A recorded answer as this server sends it.

Headers of the connection to the real platform are left out, and those that this server makes anew.
RecordedOrigins of the recording become those of this server, where a client follows them.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from mock_sei.recordings.exchanges import RecordedBody, RecordedHeaders, RecordedResponse
from mock_sei.replay.kept_bodies import ReplayBody
from mock_sei.rules.addresses import origin_of
from mock_sei.rules.standards import Listener
from mock_sei.values.sendable import is_token

RawHeaders = tuple[tuple[bytes, bytes], ...]

_OF_THE_CONNECTION = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "proxy-authenticate"),
        *("proxy-authentication-info", "te", "trailer", "transfer-encoding", "upgrade"),
        *("alt-svc", "strict-transport-security", "public-key-pins"),
    }
)
"""Headers of one connection, or of all connections to one host (RFC 9110 section 7.6.1)."""
_MADE_ANEW = frozenset(
    {"content-length", "content-encoding", "date", "requesttrackingid", "content-md5", "digest"}
)
"""What this server says itself, or what was said of bytes before they were decoded."""
_CROSS_ORIGIN = "access-control-"
"""This server decides which web pages may call it."""
_LINKS = frozenset({"location", "content-location", "link"})
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_CHARSET = re.compile(r'(?i);\s*charset="?([A-Za-z0-9._:-]{1,40})')
_ORIGIN_IN_HEADER = re.compile(rb"(?i)(?:(?<=^)|(?<=<))https?://[^/?#\s\"<>;,\\]{1,300}")
_ORIGIN_IN_JSON = re.compile(rb'(?i)(?<!\\)"https?:(?:\\?/){2}([^/?#\s"<>\\]{1,300})(?=["/?#\\])')
"""At the beginning of a text. A quotation mark within a text has a backslash before it."""

Own = Callable[[Listener], str]
"""The origin of a listener of this server, as the client reaches it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedAnswer:
    """One recorded answer."""

    file: str
    """The name of its file."""
    number: int
    """Its place in the file, from 1."""
    status: int
    headers: RawHeaders
    body: ReplayBody | None
    is_json: bool
    origin: str | None
    """Of the real platform, at its own listener."""
    unseen: str | None = None
    """Why the recording does not have the body of the request. Then every body fits."""

    def __str__(self) -> str:
        """The exchange, as the journal names it."""
        return f"exchange {self.number} of {self.file}"


class BadAnswer(ValueError):
    """A recorded answer cannot be sent. The message says why."""


def sendable_headers(response: RecordedResponse) -> RawHeaders:
    """The headers of an answer that are sent again. Raises :class:`BadAnswer`."""
    dropped = {*_OF_THE_CONNECTION, *_MADE_ANEW}
    if is_compressed(response):
        dropped.remove("content-encoding")
    for name, value in response.headers:
        if name.lower() == "connection":
            dropped.update(each.strip().lower() for each in value.split(","))
    kept = [
        (name, value)
        for name, value in _lines(response.headers)
        if name.lower() not in dropped and not name.lower().startswith(_CROSS_ORIGIN)
    ]
    media_type = response.body.media_type
    if response.body.data and media_type and not any(_is_type(name) for name, _ in kept):
        kept.append(("Content-Type", media_type))
    return tuple(_raw(name, value) for name, value in kept)


def is_compressed(response: RecordedResponse) -> bool:
    """Whether a tool recorded a body as it was on the wire, and did not decode it."""
    coding = response.find_header("content-encoding") or ""
    is_archive = "zip" in response.body.media_type.lower()
    starts = (response.body.data or b"").startswith(_GZIP)
    return "gzip" in coding.lower() and starts and not is_archive


_GZIP = b"\x1f\x8b"


def _is_type(name: str) -> bool:
    return name.lower() == "content-type"


def _lines(headers: RecordedHeaders) -> Iterator[tuple[str, str]]:
    """Browsers write the values of several headers of one name with line ends between them."""
    for name, value in headers:
        yield from ((name, each) for each in value.split("\n"))


def _raw(name: str, value: str) -> tuple[bytes, bytes]:
    if not is_token(name):
        raise BadAnswer(f"{name!r:.100} is no name of a header")
    text = value.strip(" \t\r")
    if _BAD_VALUE.search(text):
        raise BadAnswer(f"the value of {name} has a control character")
    try:
        return name.encode("ascii"), text.encode("latin-1")
    except UnicodeEncodeError:
        return name.encode("ascii"), text.encode("utf-8", "surrogateescape")


def sendable_body(body: RecordedBody) -> bytes:
    """The bytes of a body. A tool that recorded a text gave it in UTF-8, whatever its charset."""
    data = body.data or b""
    found = _CHARSET.search(body.media_type)
    if found is None or data.isascii():
        return data
    try:
        codec = codecs.lookup(found[1]).name
        return data if codec == "utf-8" else data.decode().encode(codec)
    except (LookupError, ValueError):
        return data


class RecordedOrigins:
    """The origins of a recording, each with the listener that it is at the real platform."""

    def __init__(self) -> None:
        self._listeners: dict[str, Listener] = {}

    def add(self, url: str, listener: Listener) -> str | None:
        """Notes the origin of a recorded call, and returns it in one spelling."""
        origin = _origin(url)
        if origin is not None:
            self._listeners.setdefault(origin, listener)
        return origin

    def own_headers(self, answer: RecordedAnswer, here: Listener, own: Own) -> RawHeaders:
        """The headers of an answer to a call that came to the listener ``here``."""

        def replaced(value: bytes) -> bytes:
            def put(found: re.Match[bytes]) -> bytes:
                made = self._own(found[0].decode("latin-1"), answer, here, own)
                return found[0] if made is None else made.encode()

            return _ORIGIN_IN_HEADER.sub(put, value)

        return tuple(
            (name, replaced(value) if name.lower().decode() in _LINKS else value)
            for name, value in answer.headers
        )

    def own_body(self, data: bytes, answer: RecordedAnswer, here: Listener, own: Own) -> bytes:
        """The body of an answer, with links of this server if it is JSON."""
        if not answer.is_json:
            return data

        def put(found: re.Match[bytes]) -> bytes:
            escaped = b"\\/" in found[0]
            url = found[0][1:].replace(b"\\/", b"/").decode("latin-1")
            made = self._own(url, answer, here, own)
            if made is None:
                return found[0]
            return b'"' + (made.replace("/", "\\/") if escaped else made).encode()

        return _ORIGIN_IN_JSON.sub(put, data)

    def _own(self, url: str, answer: RecordedAnswer, here: Listener, own: Own) -> str | None:
        """A call's own origin is the listener that the client calls now, whatever its port is."""
        origin = _origin(url)
        if origin is not None and origin == answer.origin:
            return own(here)
        listener = self._listeners.get(origin or "")
        return None if listener is None else own(listener)


def _origin(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        return origin_of(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower())
    except ValueError:
        return None
