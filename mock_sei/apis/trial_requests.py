"""The request of one operation that a person fills in: its fields, and what is sent.

A field holds text. Each field begins with an example of the document, or with a value that fits
it; fields of optional parameters begin empty. What is sent follows from the operation: its path
template gives the path, and every value is percent-encoded, so no value leads to another path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlencode

from mock_sei.apis.first_values import (
    MADE,
    SENT,
    Json,
    body_to_send,
    content_to_send,
    pairs_to_send,
    text_to_send,
    with_example,
)
from mock_sei.apis.operations import FORM, QUERYSTRING, Key, Operation, Parameter, key_of
from mock_sei.apis.styles import text_of
from mock_sei.assumptions.moved import MovedPaths
from mock_sei.errors import Rejected

SET_BY_US = frozenset(
    {
        *("appkey", "authorization", "host", "content-length", "content-type", "connection"),
        *("transfer-encoding", "requesttrackingid", "te", "upgrade", "expect", "accept-encoding"),
    }
)
"""Headers that the portal sets itself, in lower case. A form has no field for them."""

LONGEST_TARGET = 16 * 1024
"""The most characters of path and query together, as they are sent."""

_TIMES = {"date": "2026-01-31", "local-date-time": "2026-01-31T09:00:00"}
"""Values of the formats in which the vendor's pages write times."""
_IN_LINES = ("array", "object")
"""Types of parameters that may be several pairs of a query."""
_IN_PATH = re.compile(r"\{([^{}]*)\}")
_PERCENT = re.compile("%(?!2[fF])")
"""A percent sign of a path template. Only %2F stands for another character there."""
_SAFE_IN_PATH = "-._~!$&'()*+,;=:@"
_SAFE_IN_QUERY = "-._~,:@/"
_SAFE_IN_QUERYSTRING = "-._~!$&'()*+,;=:@/?%"
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, kw_only=True)
class TrialField:
    """The field of one parameter."""

    parameter: Parameter
    text: str
    """What the field begins with; empty if the parameter need not be sent."""
    example: str
    """A value that fits the parameter. Empty if any text does, and it need not be sent."""
    is_required: bool
    in_lines: bool
    """Whether the field has a line ``name=value`` for each pair that is sent."""

    @property
    def name(self) -> str:
        """The name of the field in a form, such as ``query.pageSize``."""
        return field_name(self.parameter)


@dataclass(frozen=True, kw_only=True)
class TrialBody:
    """The body that a form begins with."""

    content_type: str
    text: str
    is_required: bool


def field_name(parameter: Parameter) -> str:
    """The name of a parameter's field."""
    return f"{parameter.place}.{parameter.name}"


def trial_fields(operation: Operation, keys: Mapping[str, str]) -> list[TrialField]:
    """The fields of an operation's parameters.

    ``keys`` are values of path parameters that name a record, by the names of the parameters. They
    are used where the document has no example.
    """
    wanted = {group[0] for group in operation.rule.requires if "?" not in group[0]}
    return [
        _field(each, raw, is_required=each.required or each.name in wanted, keys=keys)
        for each, raw in _declared(operation)
        if each.place != FORM and not _is_set(operation, each)
    ]


def _is_set(operation: Operation, parameter: Parameter) -> bool:
    """Whether a parameter has no field, since the portal or the path template sets it."""
    if parameter.place == "header":
        return parameter.name.lower() in SET_BY_US
    return parameter.place == "query" and parameter.name in dict(operation.fixed)


def _declared(operation: Operation) -> Iterator[tuple[Parameter, Json]]:
    """Each parameter, with what the document says about it and an example."""
    document, found = operation.document, dict[Key, Json]()
    for entry in (*operation.shared, *operation.raw.get("parameters", ())):
        raw = document.follow(entry, operation.name)
        if isinstance(raw, Mapping) and "name" in raw and "in" in raw:
            found[key_of(str(raw["in"]), str(raw["name"]))] = with_example(raw, document)
    for key, parameter in operation.parameters.items():
        yield parameter, found.get(key, {"name": parameter.name, "in": parameter.place})


def _field(
    parameter: Parameter, raw: Json, *, is_required: bool, keys: Mapping[str, str]
) -> TrialField:
    in_lines = (
        parameter.place in ("query", "cookie")
        and parameter.content is None
        and parameter.type in _IN_LINES
    )
    example = _example(parameter, raw, in_lines=in_lines)
    if parameter.place == "path" and SENT not in raw:
        example = keys.get(parameter.name, example)
    is_needed = is_required or parameter.place == "path"
    is_telling = SENT in raw or parameter.format in _TIMES or bool(parameter.listed)
    return TrialField(
        parameter=parameter,
        text=example if is_needed else "",
        example=example if is_needed or is_telling else "",
        is_required=is_needed,
        in_lines=in_lines,
    )


def _example(parameter: Parameter, raw: Json, *, in_lines: bool) -> str:
    known = raw if SENT in raw else {SENT: _made(parameter, raw), **raw}
    if parameter.place == QUERYSTRING:
        value = known[SENT]
        return urlencode(value) if isinstance(value, Mapping) else text_of(value)
    if in_lines:
        return "\n".join(f"{name}={text}" for name, text in pairs_to_send(known))
    if parameter.place in ("query", "cookie"):
        return next((text for _, text in pairs_to_send(known)), "")
    return text_to_send(known)


def _made(parameter: Parameter, raw: Json) -> object:
    """A value for a parameter without an example."""
    if parameter.format in _TIMES:
        return _TIMES[parameter.format]
    if parameter.listed:
        first = parameter.listed[0]
        return [first] if parameter.type == "array" else first
    return raw.get(MADE, "")


def trial_body(operation: Operation) -> TrialBody | None:
    """The body that a form begins with; None if the operation has none."""
    if "requestBody" not in operation.raw:
        return None
    raw = {
        **operation.raw,
        "requestBody": {"content": content_to_send(operation.raw, operation.document)},
    }
    found = body_to_send(raw)
    if found is None:
        return None
    body = operation.document.follow(operation.raw["requestBody"], operation.name)
    return TrialBody(
        content_type=found[0], text=found[1], is_required=bool(body.get("required", False))
    )


@dataclass(frozen=True, kw_only=True)
class TrialRequest:
    """The request that is sent, without the headers of its caller."""

    method: str
    path: str
    """Percent-encoded."""
    query: str
    """Percent-encoded; empty if there is none."""
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


def trial_request(
    operation: Operation, values: Mapping[str, str], body: tuple[str, str] | None = None
) -> TrialRequest:
    """The request of an operation with the texts of its fields, by the names of the fields.

    An empty text is not sent. ``body`` is the media type and the text of the body. Raises
    :class:`~mock_sei.errors.Rejected` with a problem for each wrong field.
    """
    problems: dict[str, str] = {}
    known = [each for each in operation.parameters.values() if not _is_set(operation, each)]
    path = _path(operation, values, problems)
    pairs = [*operation.fixed, *_pairs(known, "query", values, problems)]
    query = "&".join(
        f"{quote(name, safe=_SAFE_IN_QUERY)}={quote(text, safe=_SAFE_IN_QUERY)}"
        for name, text in pairs
    )
    whole = operation.querystring
    if whole is not None and values.get(field_name(whole)):
        name = field_name(whole)
        query = _quoted(values[name], _SAFE_IN_QUERYSTRING, name, problems)
    headers = _headers(known, values, problems)
    cookies = _pairs(known, "cookie", values, problems)
    if cookies:
        headers["Cookie"] = "; ".join(f"{quote(name)}={quote(text)}" for name, text in cookies)
    content = None
    if body is not None and body[1]:
        media_type, content = body[0], _encoded(*body, problems)
        if media_type:
            headers["Content-Type"] = media_type
    if len(path) + len(query) > LONGEST_TARGET:
        longest = f"path and query have more than {LONGEST_TARGET:,} characters together"
        problems.setdefault("path", longest)
    if problems:
        raise Rejected(problems)
    return TrialRequest(
        method=operation.method, path=path, query=query, headers=headers, body=content
    )


def on_wire(
    request: TrialRequest, names: Mapping[str, str], moved: MovedPaths | None
) -> TrialRequest:
    """A request with the path and the names of its query as assumptions have them on the wire.

    ``names`` has the names on the wire, by the names of the document.
    """
    new = moved.find_new(request.path) if moved else None
    pairs = (each.partition("=") for each in request.query.split("&"))
    query = "&".join(
        f"{quote(names[name], safe=_SAFE_IN_QUERY) if name in names else name}{equals}{text}"
        for name, equals, text in pairs
    )
    return replace(request, path=new[1] if new else request.path, query=query)


def _path(operation: Operation, values: Mapping[str, str], problems: dict[str, str]) -> str:
    parts = []
    for index, part in enumerate(_IN_PATH.split(operation.path)):
        if index % 2 == 0:
            parts.append(quote(_PERCENT.sub("%25", part), safe=f"/%{_SAFE_IN_PATH}"))
            continue
        name = f"path.{part}"
        text = values.get(name, "")
        if not text:
            problems[name] = "a path needs a value here"
        parts.append(_quoted(text, _SAFE_IN_PATH, name, problems))
    # A client would take dots on their own as a way to another path (RFC 3986 section 5.2.4).
    path = "/".join(
        each.replace(".", "%2E") if each in (".", "..") else each
        for each in "".join(parts).split("/")
    )
    if not path.startswith("/"):
        problems["path"] = "does not begin with a slash, so it cannot be sent"
    if unquote(path).lstrip("/").partition("/")[0] == "portal":
        problems["path"] = "with these values the path leads to this portal, not to the operation"
    return path


def _quoted(text: str, safe: str, name: str, problems: dict[str, str]) -> str:
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:  # half of a surrogate pair
        problems[name] = "has a character that UTF-8 cannot carry"
        return ""


def _pairs(
    parameters: Sequence[Parameter], place: str, values: Mapping[str, str], problems: dict[str, str]
) -> list[tuple[str, str]]:
    """The pairs of a query or of cookies."""
    found: list[tuple[str, str]] = []
    for each in parameters:
        name = field_name(each)
        text = values.get(name, "")
        if each.place != place or not text:
            continue
        _quoted(text, "", name, problems)
        if name in problems:
            continue
        if each.content is not None or each.type not in _IN_LINES:
            found.append((each.name, text))
            continue
        for line in filter(None, text.splitlines()):
            key, equals, value = line.partition("=")
            if not equals:
                problems[name] = "each line must be a name, an equals sign and a value"
            found.append((key, value))
    return found


def _headers(
    parameters: Sequence[Parameter], values: Mapping[str, str], problems: dict[str, str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in parameters:
        text = values.get(field_name(each), "").strip()
        if each.place != "header" or not text:
            continue
        if not _HEADER_VALUE.fullmatch(text):
            problems[field_name(each)] = "must be one line of Latin-1 characters (RFC 9110, 5.5)"
        found[each.name] = text
    return found


def _encoded(media_type: str, text: str, problems: dict[str, str]) -> bytes:
    """The bytes of a body. A browser sends the line breaks of a form as CRLF, which only multipart
    bodies need."""
    if not media_type.isascii() or not media_type.isprintable():
        problems["content_type"] = "must be one line of ASCII characters"
    is_multipart = media_type.lower().startswith("multipart/")
    lines = text.replace("\r\n", "\n")
    try:
        return (lines.replace("\n", "\r\n") if is_multipart else lines).encode()
    except UnicodeEncodeError:
        problems["body"] = "has a character that UTF-8 cannot carry"
        return b""
