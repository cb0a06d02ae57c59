"""What a recording has of one exchange: a request, its answer, and the TLS connection.

Headers have their order and the case of their names, one pair for each line. Bodies are kept
decoded: without ``Transfer-Encoding`` and without ``Content-Encoding``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from mock_sei.recordings.shapes import Shape

Listener = Literal["one-way", "two-way"]
RecordedHeaders = tuple[tuple[str, str], ...]


class BodyKind(StrEnum):
    """What a recording has of a body."""

    NONE = "none"
    """The message has no body."""
    FULL = "full"
    """All of its bytes, with placeholders for secrets."""
    SHAPE = "shape"
    """The shape of a JSON body: its members, types and lengths."""
    LEFT_OUT = "left out"
    """Only media type and size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedBody:
    """A body, or what is known of it. At most one of ``data``, ``shape``, ``left_out`` is set."""

    media_type: str = ""
    """As ``Content-Type`` says, with its parameters; empty if nothing says it."""
    size: int = 0
    """Bytes of the whole body, decoded, before secrets were replaced; -1 if nobody knows."""
    data: bytes | None = None
    """The body. In a recording that was read or redacted, secrets are placeholders."""
    shape: Shape | None = None
    left_out: str | None = None
    """Why neither the body nor its shape is there."""

    @property
    def kind(self) -> BodyKind:
        if self.data:
            return BodyKind.FULL
        if self.shape is not None:
            return BodyKind.SHAPE
        return BodyKind.NONE if self.left_out is None else BodyKind.LEFT_OUT

    @property
    def is_json(self) -> bool:
        """True if the media type says JSON, ``application/problem+json`` included."""
        name = self.media_type.partition(";")[0].strip().lower()
        return name.endswith(("/json", "+json"))

    @property
    def is_form(self) -> bool:
        """True if the media type is that of a form."""
        name = self.media_type.partition(";")[0].strip().lower()
        return name.endswith("form-urlencoded")

    @property
    def text(self) -> str:
        """The bytes as UTF-8; bytes that are no UTF-8 become U+FFFD. Empty without ``data``."""
        return (self.data or b"").decode("utf-8", "replace")

    def find_json(self) -> Any:
        """The body as a JSON value; None if it is no JSON, or only its shape is there."""
        try:
            return json.loads(self.data) if self.data else None
        except (ValueError, RecursionError):
            return None

    def fields(self) -> list[tuple[str, str]]:
        """The parameters of a form, decoded, in their order; none if the body is no form."""
        return parse_qsl(self.text, keep_blank_values=True) if self.is_form else []


NO_BODY = RecordedBody()

BLANK = "it has nothing but blanks"
"""Why a body is left out that ``mock-sei probe`` sent: its size is enough to send it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedRequest:
    """A request as the platform got it."""

    method: str
    url: str
    """Absolute, with the origin of the real platform, and without a fragment."""
    http_version: str = "HTTP/1.1"
    headers: RecordedHeaders = ()
    body: RecordedBody = NO_BODY

    @property
    def origin(self) -> str:
        """Scheme, host and port: ``https://test.example.com:444``."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        """The path, with its percent escapes; ``/`` if the URL has none."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters of the query, decoded, in their order."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)

    def find_header(self, name: str) -> str | None:
        """The first value of a header, whose name may have any case; None if it was not sent."""
        return next(values_of(self.headers, name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedResponse:
    """An answer of the real platform, or of the recorder in its place."""

    status: int
    reason: str = ""
    http_version: str = "HTTP/1.1"
    headers: RecordedHeaders = ()
    body: RecordedBody = NO_BODY

    def find_header(self, name: str) -> str | None:
        """The first value of a header, whose name may have any case; None if it was not sent."""
        return next(values_of(self.headers, name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedTls:
    """What is known of the TLS connections of an exchange; None where it is unknown."""

    client_common_name: str | None = None
    """The CN of the client certificate: the service account."""
    version: str | None = None
    """Of the connection to the real platform, as in ``TLSv1.3``."""
    alert: str | None = None
    """The alert with which the real platform refused, as in ``certificate_required``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedExchange:
    """One exchange of a recording."""

    started: datetime
    """With a time zone."""
    milliseconds: float
    listener: Listener
    """In a recording that does not say it: two-way if the port is 444 or the host is ``mtls.``."""
    request: RecordedRequest
    response: RecordedResponse | None
    """None if none came. Then ``failure`` says why, or ``tls.alert``."""
    tls: RecordedTls = field(default_factory=RecordedTls)
    failure: str | None = None
    """What went wrong on the way to the real platform or back, in words."""
    recorder_answered: str | None = None
    """Why the recorder answered in place of the real platform, such as an unknown CN; None if the
    answer is the real platform's own. Such an exchange says nothing about the real platform."""
    placeholders: tuple[str, ...] = ()
    """Names that ``--redact`` gave: values of these names are placeholders, too."""
    number: int = 0
    """Its place in the whole recording, from 1; 0 until it is written."""
    source: str = ""
    """The file that it was read from."""


def values_of(headers: RecordedHeaders, name: str) -> Iterator[str]:
    """All values of a header, in their order. Its name may have any case."""
    wanted = name.lower()
    return (value for each, value in headers if each.lower() == wanted)


def listener_of(url: str) -> Listener:
    """The listener that an address names, where the recording itself does not say it."""
    parts = urlsplit(url)
    is_two_way = parts.port == _TWO_WAY_PORT or "mtls" in (parts.hostname or "").split(".")
    return "two-way" if is_two_way else "one-way"


_TWO_WAY_PORT = 444
