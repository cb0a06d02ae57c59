"""Exchanges to and from HAR 1.2, the format that browsers, proxies and Postman record in.

Source: HTTP Archive 1.2, http://www.softwareishard.com/blog/har-12-spec/. What HAR has no member
for stands in members whose names begin with an underscore, as the format wants it. Recordings of
other tools lack members that the format asks for, and have others; both are read.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from math import inf, isfinite
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.exchanges import (
    NO_BODY,
    BodyKind,
    Listener,
    RecordedBody,
    RecordedExchange,
    RecordedHeaders,
    RecordedRequest,
    RecordedResponse,
    RecordedTls,
    listener_of,
    values_of,
)
from mock_sei.recordings.shapes import read_shape

VERSION = "1.2"
LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a file that is read whole. A larger one must be split."""

_UNKNOWN = -1
_UNKNOWN_TYPE = "x-unknown"
"""Browsers write this media type where an answer has none."""
_NO_TEXT = "the recording has no text of it"
_SCHEMES = frozenset({"http", "https"})
_STATUSES = range(100, 600)
_LISTENERS = ("one-way", "two-way")


def head_json(version: str) -> dict[str, Any]:
    """The members of a log beside its entries. ``version`` is that of mock-sei."""
    return {"version": VERSION, "creator": {"name": "mock-sei", "version": version}}


def exchange_json(exchange: RecordedExchange) -> dict[str, Any]:
    """One exchange as an entry of a HAR log."""
    took = round(exchange.milliseconds, 3)
    tls = {
        "clientCommonName": exchange.tls.client_common_name,
        "version": exchange.tls.version,
        "alert": exchange.tls.alert,
    }
    own = {
        "_listener": exchange.listener,
        "_tls": {name: value for name, value in tls.items() if value is not None} or None,
        "_failure": exchange.failure,
        "_recorder": exchange.recorder_answered,
        "_redacted": list(exchange.placeholders) or None,
    }
    return {
        "startedDateTime": exchange.started.isoformat(timespec="milliseconds"),
        "time": took,
        "request": _request_json(exchange.request),
        "response": _response_json(exchange.response),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        **{name: value for name, value in own.items() if value is not None},
    }


def _request_json(request: RecordedRequest) -> dict[str, Any]:
    body = request.body
    made = {
        "method": request.method,
        "url": request.url,
        "httpVersion": request.http_version,
        "cookies": _cookies_json(values_of(request.headers, "cookie")),
        "headers": _pairs_json(request.headers),
        "queryString": _pairs_json(request.query),
        "headersSize": _UNKNOWN,
        "bodySize": body.size,
    }
    if body.kind is BodyKind.NONE:
        return made
    return made | {"postData": _post_data_json(body)}


def _post_data_json(body: RecordedBody) -> dict[str, Any]:
    """A form has its parameters beside its text, as browsers write it."""
    made: dict[str, Any] = {"mimeType": body.media_type}
    if body.kind is not BodyKind.FULL:
        return made | {"text": "", "_size": body.size, **_unseen_json(body)}
    if body.is_form:
        made["params"] = _pairs_json(body.fields())
    text, is_base64 = _as_text(body.data or b"")
    return made | {"text": text, **({"_encoding": "base64"} if is_base64 else {})}


def _response_json(response: RecordedResponse | None) -> dict[str, Any]:
    """An answer. Browsers write the status 0 where no answer came."""
    shown = response or RecordedResponse(status=0, http_version="")
    body = shown.body
    content: dict[str, Any] = {"size": body.size, "mimeType": body.media_type or _UNKNOWN_TYPE}
    if body.kind is BodyKind.FULL:
        text, is_base64 = _as_text(body.data or b"")
        content |= {"text": text, **({"encoding": "base64"} if is_base64 else {})}
    else:
        content |= _unseen_json(body)
    return {
        "status": shown.status,
        "statusText": shown.reason,
        "httpVersion": shown.http_version,
        "cookies": _cookies_json(
            each.partition(";")[0] for each in values_of(shown.headers, "set-cookie")
        ),
        "headers": _pairs_json(shown.headers),
        "content": content,
        "redirectURL": shown.find_header("location") or "",
        "headersSize": _UNKNOWN,
        "bodySize": _UNKNOWN,
    }


def _unseen_json(body: RecordedBody) -> dict[str, Any]:
    if body.shape is not None:
        return {"_shape": body.shape.to_json()}
    return {} if body.left_out is None else {"_leftOut": body.left_out}


def _as_text(data: bytes) -> tuple[str, bool]:
    """Bytes as text, and whether the text is Base64."""
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(data).decode(), True


def _pairs_json(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies_json(values: Iterable[str]) -> list[dict[str, str]]:
    pairs = (each.partition("=") for value in values for each in value.split(";"))
    return _pairs_json((name.strip(), value.strip()) for name, _, value in pairs)


def read_log(path: Path) -> Iterator[RecordedExchange]:
    """The exchanges of one HAR file, in its order, numbered from 1.

    Entries of other schemes, such as ``data:`` of a browser, are passed over. Raises
    :class:`ConfigurationError`, which names the file, the place in it and the wrong value.
    """
    source = str(path)
    entries = _HarReader(source).entries(_load(path))
    for number, (place, entry) in enumerate(entries, 1):
        made = read_exchange(entry, source=source, place=place, number=number)
        if made is not None:
            yield made


def _load(path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise ConfigurationError(
                f"{size} bytes are more than {LARGEST_FILE}; this command makes smaller files of "
                f"it: mock-sei recordings split {path} --out DIR",
                source=path,
            )
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=path) from None
    return parsed(raw, source=str(path))


def parsed(raw: bytes, *, source: str, place: str = "") -> Any:
    """The JSON of a recording. Raises :class:`ConfigurationError`."""
    try:
        return json.loads(raw)  # also with a byte order mark in UTF-16; in UTF-8, see below
    except RecursionError:
        problem = "the JSON is nested too deeply"
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is no UTF-8"
    except json.JSONDecodeError as error:
        if raw.startswith(b"\xef\xbb\xbf"):
            return parsed(raw[3:], source=source, place=place)
        problem = f"no JSON at line {error.lineno}, column {error.colno}: {error.msg}"
    except ValueError:
        problem = "a number has too many digits"
    raise ConfigurationError(problem, source=source, key=place)


def read_exchange(
    entry: object, *, source: str, place: str, number: int = 0
) -> RecordedExchange | None:
    """One entry of a HAR log; None for an entry that is not HTTP.

    ``place`` is its JSON path, as in ``log.entries[3]``. Raises :class:`ConfigurationError`.
    """
    reader = _HarReader(source)
    made = reader.mapping(entry, place)
    request = reader.mapping(made.get("request"), f"{place}.request")
    url = reader.text(request.get("url"), f"{place}.request.url")
    if not reader.is_http(url, f"{place}.request.url"):
        return None
    return RecordedExchange(
        started=reader.moment(made.get("startedDateTime"), f"{place}.startedDateTime"),
        milliseconds=max(0.0, reader.number(made.get("time"), f"{place}.time")),
        listener=reader.listener(made.get("_listener"), f"{place}._listener", url),
        request=reader.request(request, f"{place}.request"),
        response=reader.response(made.get("response"), f"{place}.response"),
        tls=reader.tls(made.get("_tls"), f"{place}._tls"),
        failure=reader.find_text(made.get("_failure"), f"{place}._failure"),
        recorder_answered=reader.find_text(made.get("_recorder"), f"{place}._recorder"),
        placeholders=tuple(
            reader.text(each, f"{place}._redacted[{index}]")
            for index, each in enumerate(reader.items(made.get("_redacted"), f"{place}._redacted"))
        ),
        number=number,
        source=source,
    )


class _HarReader:
    """Reads members of one file. What is missing gets a default wherever an exchange can do
    without it."""

    def __init__(self, source: str) -> None:
        self._source = source

    def entries(self, document: object) -> Iterator[tuple[str, object]]:
        log = self.mapping(self.mapping(document, "").get("log"), "log")
        version = log.get("version") or VERSION
        if str(version).partition(".")[0] != VERSION.partition(".")[0]:
            problem = f"a version of HAR that is not known; this is for version {VERSION}"
            raise self._wrong(problem, "log.version", version)
        if "entries" not in log:
            raise self._wrong("this member is missing: the file is no HAR", "log.entries")
        entries = self.items(log["entries"], "log.entries")
        return ((f"log.entries[{index}]", each) for index, each in enumerate(entries))

    def request(self, request: Mapping[str, Any], place: str) -> RecordedRequest:
        headers = self.headers(request.get("headers"), f"{place}.headers")
        return RecordedRequest(
            method=self.text(request.get("method"), f"{place}.method"),
            url=self._url(request, place),
            http_version=self.find_text(request.get("httpVersion"), f"{place}.httpVersion") or "",
            headers=headers,
            body=self._whole(request, place, self._post_data(request, place, headers)),
        )

    def response(self, value: object, place: str) -> RecordedResponse | None:
        """An answer. Browsers write null or the status 0 for a request that failed."""
        if value is None:
            return None
        response = self.mapping(value, place)
        status = self.whole_number(response.get("status"), f"{place}.status")
        if status <= 0:
            return None
        if status not in _STATUSES:
            raise self._wrong("no status of HTTP", f"{place}.status", status)
        headers = self.headers(response.get("headers"), f"{place}.headers")
        return RecordedResponse(
            status=status,
            reason=self.find_text(response.get("statusText"), f"{place}.statusText") or "",
            http_version=self.find_text(response.get("httpVersion"), f"{place}.httpVersion") or "",
            headers=headers,
            body=self._whole(
                response, place, self._content(response.get("content"), f"{place}.content", headers)
            ),
        )

    def _whole(self, message: Mapping[str, Any], place: str, body: RecordedBody) -> RecordedBody:
        """A body, without its text if that is only the beginning, as in a HAR of a journal."""
        if "body" not in self.items(message.get("_incomplete"), f"{place}._incomplete"):
            return body
        reason = "the journal did not keep all of it"
        return RecordedBody(media_type=body.media_type, size=body.size, left_out=reason)

    def tls(self, value: object, place: str) -> RecordedTls:
        """Also as the journal writes it, with a whole certificate."""
        if value is None:
            return RecordedTls()
        tls = self.mapping(value, place)
        certificate = self._optional_mapping(tls.get("certificate"), f"{place}.certificate")
        own = self.find_text(tls.get("clientCommonName"), f"{place}.clientCommonName")
        other = certificate.get("common_name")
        return RecordedTls(
            client_common_name=own or self.find_text(other, f"{place}.certificate.common_name"),
            version=self.find_text(tls.get("version"), f"{place}.version"),
            alert=self.find_text(tls.get("alert"), f"{place}.alert"),
        )

    def listener(self, value: object, place: str, url: str) -> Listener:
        if value is None:
            return listener_of(url)
        if value not in _LISTENERS:
            raise self._wrong("neither one-way nor two-way", place, value)
        return cast("Listener", value)

    def is_http(self, url: str, place: str) -> bool:
        try:
            parts = urlsplit(url)
            is_whole = bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise self._wrong("no address", place, url) from None
        if parts.scheme.lower() not in _SCHEMES and parts.scheme:
            return False
        if not is_whole:
            raise self._wrong("no whole address with scheme and host", place, url)
        return True

    def _url(self, request: Mapping[str, Any], place: str) -> str:
        """The address without its fragment; the query may stand only in ``queryString``."""
        url = self.text(request.get("url"), f"{place}.url").partition("#")[0]
        pairs = self.pairs(request.get("queryString"), f"{place}.queryString")
        if "?" in url or not pairs:
            return url
        return f"{url}?{urlencode(pairs, safe=_SAFE)}"

    def _post_data(
        self, request: Mapping[str, Any], place: str, headers: RecordedHeaders
    ) -> RecordedBody:
        size = self.whole_number(request.get("bodySize"), f"{place}.bodySize")
        place = f"{place}.postData"
        data = self._optional_mapping(request.get("postData"), place)
        named = self.find_text(data.get("mimeType"), f"{place}.mimeType")
        media_type = named or next(values_of(headers, "content-type"), "")
        text = self.find_text(data.get("text"), f"{place}.text")
        if "_size" in data:
            size = self.whole_number(data["_size"], f"{place}._size")
        body = RecordedBody(media_type=media_type, size=size)
        params = self.pairs(data.get("params"), f"{place}.params", nameless=True)
        if not text and params and (body.is_form or not media_type):
            text = urlencode(params, safe=_SAFE)
        elif not text and params:
            size = max(size, 1)  # parts of a multipart body, whose text is not there
        is_base64 = data.get("_encoding", data.get("encoding")) == "base64"
        return self._body(data, place, media_type, size, text, is_base64=is_base64)

    def _content(self, value: object, place: str, headers: RecordedHeaders) -> RecordedBody:
        content = self._optional_mapping(value, place)
        named = self.find_text(content.get("mimeType"), f"{place}.mimeType")
        if not named or named == _UNKNOWN_TYPE:
            named = next(values_of(headers, "content-type"), "")
        size = self.whole_number(content.get("size"), f"{place}.size")
        text = self.find_text(content.get("text"), f"{place}.text")
        is_base64 = content.get("encoding") == "base64"
        return self._body(content, place, named, size, text, is_base64=is_base64)

    def _body(
        self,
        value: Mapping[str, Any],
        place: str,
        media_type: str,
        size: int,
        text: str | None,
        *,
        is_base64: bool,
    ) -> RecordedBody:
        if value.get("_shape") is not None:
            shape = read_shape(value["_shape"], source=self._source, place=f"{place}._shape")
            return RecordedBody(media_type=media_type, size=size, shape=shape)
        left_out = self.find_text(value.get("_leftOut"), f"{place}._leftOut")
        if left_out is None and not text and size > 0:
            left_out = self.find_text(value.get("comment"), f"{place}.comment") or _NO_TEXT
        if left_out is not None:
            return RecordedBody(media_type=media_type, size=size, left_out=left_out)
        if not text:
            return RecordedBody(media_type=media_type) if media_type else NO_BODY
        data = self._decoded(text, f"{place}.text") if is_base64 else _encoded(text)
        return RecordedBody(media_type=media_type, size=len(data), data=data)

    def _decoded(self, text: str, place: str) -> bytes:
        try:
            return base64.b64decode(text)
        except (binascii.Error, ValueError):
            raise self._wrong("no Base64", place) from None

    def headers(self, value: object, place: str) -> RecordedHeaders:
        """Header lines, without the pseudo-headers of HTTP/2, such as ``:authority``."""
        pairs = self.pairs(value, place)
        return tuple((name, text) for name, text in pairs if not name.startswith(":"))

    def pairs(self, value: object, place: str, *, nameless: bool = False) -> list[tuple[str, str]]:
        """Names and values. With ``nameless``, a value may be missing, as that of a file is."""
        made = []
        for index, each in enumerate(self.items(value, place)):
            pair = self.mapping(each, f"{place}[{index}]")
            name = self.text(pair.get("name"), f"{place}[{index}].name")
            at = f"{place}[{index}].value"
            found = self.find_text(pair.get("value"), at)
            if found is None and not nameless:
                raise self._wrong("this text is missing", at)
            made.append((name, found or ""))
        return made

    def items(self, value: object, place: str) -> list[object]:
        """The items of a list, which may be missing."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong("not a list", place, value)
        return value

    def mapping(self, value: object, place: str) -> Mapping[str, Any]:
        if value is None:
            raise self._wrong("this object is missing", place)
        if not isinstance(value, dict):
            raise self._wrong("not an object", place, value)
        return value

    def _optional_mapping(self, value: object, place: str) -> Mapping[str, Any]:
        return {} if value is None else self.mapping(value, place)

    def text(self, value: object, place: str) -> str:
        found = self.find_text(value, place)
        if not found:
            raise self._wrong("this text is missing", place)
        return found

    def find_text(self, value: object, place: str) -> str | None:
        if value is None or isinstance(value, str):
            return value
        raise self._wrong("not a text", place, value)

    def number(self, value: object, place: str) -> float:
        """A number, -1 if it is missing."""
        if value is None:
            return float(_UNKNOWN)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong("not a number", place, value)
        try:
            found = float(value)
        except OverflowError:
            found = inf
        if not isfinite(found):
            raise self._wrong("the number is too large", place)
        return found

    def whole_number(self, value: object, place: str) -> int:
        """A whole number, -1 if it is missing."""
        found = self.number(value, place)
        if not found.is_integer():
            raise self._wrong("not a whole number", place, value)
        return int(found)

    def moment(self, value: object, place: str) -> datetime:
        """A time. Without a zone, it is read as UTC."""
        text = self.text(value, place)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise self._wrong("no date and time of ISO 8601", place, value) from None
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def _wrong(self, problem: str, place: str, value: object = None) -> ConfigurationError:
        return ConfigurationError(problem, source=self._source, key=place, value=value)


_SAFE = "{}"
"""Braces stay as they are in a form: placeholders have them."""


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
