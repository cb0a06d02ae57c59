"""One form for recorded requests and for calls, in which equal requests are equal.

ComparedAs are the method, the path, the query as a set of pairs, and the body: JSON as a value, a
form as its fields, anything else as bytes. An access token and an AppKey are never compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl, unquote

from mock_sei.apis.bodies import MOST_VALUES, count_values
from mock_sei.recordings.exchanges import BodyKind, RecordedBody, RecordedRequest
from mock_sei.replay.templates import ANYTHING, BLANK, Masked, Template, template_of
from mock_sei.values.sendable import check_depth

LARGEST_TEXT = 1024 * 1024
"""Bytes of a body that is neither JSON nor a form, up to which placeholders in it are compared."""

Place = tuple[str, ...]
"""The place of a value in a request: ``("query", "limit")``, ``("json", "lines", "*", "id")``."""
Places = frozenset[Place]
NO_PLACES: Places = frozenset()
Fields = Mapping[str, tuple[str, ...]]
"""The values of each name, of a query or of a form."""

_TEXT: Place = ("text",)
_ITEM = "*"
_CREDENTIALS = frozenset({"appkey", "accesstoken"})
_SQUEEZE = re.compile(r"[\s_-]")
_BOUNDARY = re.compile(r'(?i);\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))')
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,9}))?")
_BODILESS = frozenset({"GET", "HEAD"})
"""Methods whose bodies mean nothing (RFC 9110 section 9.3.1)."""


class ComparedAs(StrEnum):
    """How a body is compared."""

    NONE = "no body"
    JSON = "JSON"
    FORM = "a form"
    BYTES = "bytes"
    ANY = "a body that the recording left out"
    """It fits every body."""


class _Number(str):
    """A number of JSON in one spelling: ``1``, ``1.0`` and ``10e-1`` are equal."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedBody:
    """A body as it is compared."""

    kind: ComparedAs
    value: Any = None
    """Of JSON. Numbers are texts in one spelling."""
    fields: Fields = field(default_factory=dict)
    """Of a form."""
    digest: str = ""
    """Of other bytes."""
    text: str | None = None
    """Of other bytes, if they are UTF-8 and few."""


NO_BODY = ComparedBody(kind=ComparedAs.NONE)
ANY_BODY = ComparedBody(kind=ComparedAs.ANY)


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedRequest:
    """A request as it is compared."""

    method: str
    segments: tuple[str, ...]
    """The path between its slashes, decoded."""
    query: Fields
    body: ComparedBody

    @classmethod
    def of_path(cls, method: str, segments: tuple[str, ...]) -> ComparedRequest:
        """A call of which only method and path are known yet."""
        return cls(method=method, segments=segments, query={}, body=NO_BODY)

    def with_any_body(self) -> ComparedRequest:
        """The call as it is compared with one whose body the recording left out."""
        return replace(self, body=ANY_BODY)

    @property
    def path(self) -> str:
        """The path in a message."""
        return "/".join(self.segments)

    def masked_path(self, mask: tuple[int, ...]) -> Masked[tuple[str, ...]]:
        """The path with some segments blanked."""
        return Masked(
            key=tuple(BLANK if at in mask else each for at, each in enumerate(self.segments)),
            values=[self.segments[at] for at in mask],
        )

    def masked(self, places: Places) -> Masked[bytes]:
        """A digest of query and body with the values at some places blanked, and these values."""
        return _Digest(places).of(self)

    def key(self) -> bytes:
        """A digest of query and body."""
        return self.masked(NO_PLACES).key

    def path_mask(self) -> tuple[int, ...]:
        """The places of the segments that have placeholders."""
        return tuple(at for at, each in enumerate(self.segments) if _is_open(each))

    def places(self) -> Places:
        """The places in query and body that have placeholders."""
        return frozenset(_open_places(self))


def _is_open(text: str) -> bool:
    return len(template_of(text)) > 1


def segments_of(raw_path: str) -> tuple[str, ...]:
    """The decoded segments of a path. A slash that was sent as %2F is part of its segment."""
    parts = raw_path.split("/")
    return tuple(map(unquote, parts)) if "%" in raw_path else tuple(parts)


def query_of(text: str) -> Fields:
    """The parameters of a query by name, without access token and AppKey."""
    return _fields(parse_qsl(text, keep_blank_values=True))


def recorded_request(request: RecordedRequest) -> ComparedRequest:
    """A recorded request as it is compared. Only the shape of its body must not be there."""
    body = request.body
    compared = NO_BODY
    if request.method.upper() in _BODILESS:
        pass
    elif body.kind is BodyKind.LEFT_OUT:
        compared = ANY_BODY
    elif body.data:
        compared = compared_body(body.media_type, len(body.data), lambda: iter([body.data or b""]))
    return ComparedRequest(
        method=request.method.upper(),
        segments=segments_of(request.path),
        query=_fields(request.query),
        body=compared,
    )


def compared_body(
    media_type: str, size: int, pieces: Callable[[], Iterator[bytes]]
) -> ComparedBody:
    """A body as it is compared. ``pieces`` gives its bytes, from the beginning each time.

    JSON or a form with more values than the engine reads is compared by its bytes.
    """
    if not size:
        return NO_BODY
    named, made = RecordedBody(media_type=media_type), None
    if named.is_json or not media_type:
        made = _json_body(b"".join(pieces()))
    elif named.is_form:
        made = _form_body(b"".join(pieces()))
    if made is not None:
        return made
    return _bytes_body(_without_boundary(media_type, pieces()), keeps_text=size <= LARGEST_TEXT)


def _json_body(data: bytes) -> ComparedBody | None:
    """None if it is no JSON, or JSON that is read in several ways, or has many values."""
    if count_values(data) > MOST_VALUES:
        return None
    try:
        value = json.loads(
            data,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_refuse,
            object_pairs_hook=_object,
        )
        check_depth(value)
    except (ValueError, RecursionError):
        return None
    return ComparedBody(kind=ComparedAs.JSON, value=value)


def _form_body(data: bytes) -> ComparedBody | None:
    if data.count(b"&") > MOST_VALUES:
        return None
    pairs = parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)
    return ComparedBody(kind=ComparedAs.FORM, fields=_fields(pairs))


def _bytes_body(pieces: Iterable[bytes], *, keeps_text: bool) -> ComparedBody:
    digest, kept = blake2b(digest_size=16), bytearray()
    for each in pieces:
        digest.update(each)
        if keeps_text:
            kept += each
    try:
        text = kept.decode() if keeps_text else None
    except UnicodeDecodeError:
        text = None
    return ComparedBody(kind=ComparedAs.BYTES, digest=digest.hexdigest(), text=text)


def _without_boundary(media_type: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces of a multipart body without its boundary, which is another one in each call."""
    found = _BOUNDARY.search(media_type)
    if found is None or not media_type.lower().lstrip().startswith("multipart/"):
        yield from pieces
        return
    boundary = (found[1] or found[2]).encode("utf-8", "replace")
    rest = b""
    for each in pieces:
        *whole, rest = (rest + each).split(boundary)
        yield from whole
        safe = max(0, len(rest) - len(boundary) + 1)
        yield rest[:safe]
        rest = rest[safe:]
    yield rest


def _fields(pairs: Iterable[tuple[str, str]]) -> Fields:
    found: dict[str, dict[str, None]] = {}
    for name, value in pairs:
        if _SQUEEZE.sub("", name).lower() not in _CREDENTIALS:
            found.setdefault(name, {})[value] = None
    return {name: tuple(values) for name, values in found.items()}


def _number(text: str) -> _Number:
    """A number in one spelling: its digits without zeros at the ends, and an exponent."""
    found = _NUMBER.fullmatch(text)
    if found is None:  # an exponent of so many digits
        return _Number(text.lower())
    sign, whole, fraction, exponent = found.groups(default="")
    digits = (whole + fraction).lstrip("0")
    short = digits.rstrip("0")
    if not short:
        return _Number("0")
    return _Number(f"{sign}{short}e{int(exponent or 0) - len(fraction) + len(digits) - len(short)}")


def _refuse(text: str) -> None:
    raise ValueError(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a member has two values")
    return made


def _open_places(request: ComparedRequest) -> Iterator[Place]:
    for start, fields in (("query", request.query), ("form", request.body.fields)):
        for name, values in fields.items():
            if any(map(_is_open, values)):
                yield start, name
    if request.body.text is not None and _is_open(request.body.text):
        yield _TEXT
    yield from _open_members(request.body.value, ("json",))


def _open_members(value: Any, place: Place) -> Iterator[Place]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _open_members(each, (*place, name))
    elif isinstance(value, list):
        for each in value:
            yield from _open_members(each, (*place, _ITEM))
    elif isinstance(value, str) and _is_open(value):
        yield place


class _Digest:
    """Makes the digest of one request."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._holders = {each[:end] for each in places for end in range(1, len(each))}
        """Places with others inside. Items of an array share a place, so an array may have
        placeholders among its items and inside them."""
        self._out: list[str] = []
        self._apart: list[str] = []

    def of(self, request: ComparedRequest) -> Masked[bytes]:
        body = request.body
        self._add_fields("query", request.query)
        self._out.append(body.kind)
        if body.kind is ComparedAs.JSON:
            self._add(body.value, ("json",))
        elif body.kind is ComparedAs.FORM:
            self._add_fields("form", body.fields)
        elif body.kind is ComparedAs.BYTES:
            if _TEXT in self._places and body.text is not None:
                self._out.append(BLANK)
                self._apart.append(body.text)
            else:
                self._out.append(body.digest)
        whole = "\n".join(self._out).encode("ascii")
        return Masked(key=blake2b(whole, digest_size=16).digest(), values=self._apart)

    def _add_fields(self, start: str, fields: Fields) -> None:
        for name in sorted(fields):
            self._out.append(json.dumps(name))
            values = fields[name]
            if (start, name) in self._places:  # in their order, to compare them one by one
                self._out += [BLANK] * len(values)
                self._apart += values
            else:
                self._out += map(json.dumps, sorted(values))

    def _add(self, value: Any, place: Place) -> None:
        if place in self._places and not (
            place in self._holders and isinstance(value, dict | list)
        ):
            self._out.append(BLANK)
            self._apart.append(_apart(value))
        elif isinstance(value, dict):
            self._out.append("{")
            for name in sorted(value):
                self._out.append(json.dumps(name))
                self._add(value[name], (*place, name) if self._places else place)
            self._out.append("}")
        elif isinstance(value, list):
            self._out.append("[")
            for each in value:
                self._add(each, (*place, _ITEM) if self._places else place)
            self._out.append("]")
        else:
            self._out.append(written(value))


def written(value: Any) -> str:
    """A value of a compared JSON body in one spelling."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{written(value[name])}" for name in sorted(value))
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    return json.dumps(value)


def shown_json(value: Any) -> str:
    """A value of a compared JSON body for a message, with numbers as people write them."""
    if isinstance(value, _Number) and len(value) < _LONG_NUMBER:
        number = Decimal(value)
        return f"{number:f}" if abs(number.adjusted()) < _LONG_NUMBER else value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else written(value)


_LONG_NUMBER = 20


_OF_TEXT = "\ufdd0="
_OF_OTHER = "\ufdd0:"
"""Before a JSON value that is compared apart. The character is in no text."""


def _apart(value: Any) -> str:
    """A JSON value that is compared apart. A text never equals another value."""
    if isinstance(value, str) and not isinstance(value, _Number):
        return _OF_TEXT + value
    return _OF_OTHER + written(value)


def template_apart(text: str) -> Template:
    """The template of a value that :meth:`ComparedRequest.masked` gave apart. A placeholder alone
    stands for any value."""
    template = template_of(text)
    return ANYTHING if template == (_OF_TEXT, "") else template
