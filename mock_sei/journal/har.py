"""Journal entries as HAR 1.2, the format that browsers and proxies record in; secrets are hidden.

Source: HTTP Archive 1.2, http://www.softwareishard.com/blog/har-12-spec/. Names of our own members
begin with an underscore, as the format wants it. A failed handshake has no request, so it is left
out, and the comment of the log says how many there were.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from mock_sei.journal.entries import Entry, HttpMessage, HttpRequest, HttpResponse, certificate_json
from mock_sei.journal.hiding import HIDDEN
from mock_sei.journal.recorded import snapshot
from mock_sei.journal.targets import Origins, url_of

VERSION = "1.2"
PIECE = 64 * 1024
"""Characters of a log that are written together."""
_HTTP = "HTTP/1.1"
_UNKNOWN_TYPE = "x-unknown"
"""Browsers write this media type where an answer has none."""
_UNKNOWN = -1


def har(entries: Iterable[Entry], origins: Origins, *, version: str) -> dict[str, Any]:
    """A whole HAR document. ``version`` is that of mock-sei."""
    exchanges = list(entries)
    kept = [made for each in exchanges if (made := har_entry(each, origins))]
    log = _head(version) | {
        "entries": kept,
        "comment": _left_out(len(exchanges) - len(kept)),
    }
    return {"log": log}


def har_pieces(entries: Iterable[Entry], origins: Origins, *, version: str) -> Iterator[str]:
    """The text of :func:`har`, in pieces of about :data:`PIECE`.

    Only one entry at a time is in memory as HAR.
    """
    piece = f'{{"log":{_text(_head(version))[:-1]},"entries":['
    left_out = written = 0
    for each in entries:
        made = har_entry(each, origins)
        if made is None:
            left_out += 1
            continue
        piece += f"{',' if written else ''}\n{_text(made)}"
        written += 1
        if len(piece) >= PIECE:
            yield piece
            piece = ""
    yield f'{piece}\n],"comment":{_text(_left_out(left_out))}}}}}\n'


def har_entry(entry: Entry, origins: Origins) -> dict[str, Any] | None:
    """One exchange as an entry of a HAR document; None for a failed handshake."""
    entry = snapshot(entry)
    request, response = entry.request, entry.response
    if request is None or response is None:
        return None
    took = entry.duration_ms or 0
    return {
        "startedDateTime": entry.time.isoformat(timespec="milliseconds"),
        "time": took,
        "request": _request(request, origins.of(entry.listener)),
        "response": _response(response),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "comment": str(entry),
        **_own_members(entry),
    }


def _head(version: str) -> dict[str, Any]:
    return {"version": VERSION, "creator": {"name": "mock-sei", "version": version}}


def _left_out(handshakes: int) -> str:
    which = "1 failed handshake is" if handshakes == 1 else f"{handshakes} failed handshakes are"
    return f"Secrets are hidden. {which} left out: they have no request."


def _request(request: HttpRequest, origin: str) -> dict[str, Any]:
    headers = request.headers
    made = {
        "method": request.method,
        "url": url_of(request, origin),
        "httpVersion": _HTTP,
        "cookies": _cookies(headers, "cookie"),
        "headers": _pairs(headers.items()),
        "queryString": _pairs(parse_qsl(request.query, keep_blank_values=True)),
        "headersSize": _UNKNOWN,
        "bodySize": request.body_size,
        **_incomplete(request),
    }
    body = request.body
    if body:
        made["postData"] = _post_data(request, _find(headers, "content-type") or "", body)
    return made


def _post_data(request: HttpRequest, media_type: str, body: str) -> dict[str, Any]:
    """The body of a request. HAR has a form as parameters, and any other body as text."""
    made: dict[str, Any] = {"mimeType": media_type}
    if _is_note(request, body):
        return made | {"text": "", "comment": body}
    kind = media_type.partition(";")[0].strip().lower()
    if kind.endswith("form-urlencoded") and body.lstrip()[:1] not in ("{", "["):
        return made | {"params": _pairs(parse_qsl(body, keep_blank_values=True))}
    return made | {"text": body}


def _response(response: HttpResponse) -> dict[str, Any]:
    headers, body = response.headers, response.body
    content = {
        "size": response.body_size,
        "mimeType": _find(headers, "content-type") or _UNKNOWN_TYPE,
    }
    content |= {"comment": body} if _is_note(response, body) else {"text": body}
    return {
        "status": response.status,
        "statusText": _phrase(response.status),
        "httpVersion": _HTTP,
        "cookies": _cookies(headers, "set-cookie"),
        "headers": _pairs(headers.items()),
        "content": content,
        "redirectURL": _find(headers, "location") or "",
        "headersSize": _UNKNOWN,
        "bodySize": response.body_size,
        **_incomplete(response),
    }


def _own_members(entry: Entry) -> dict[str, Any]:
    """What HAR has no member for; what is unknown is left out."""
    tls = {"version": entry.tls_version, "certificate": certificate_json(entry.certificate)}
    members = {
        "_listener": entry.listener,
        "_clientIPAddress": entry.source_address,
        "_tls": tls if entry.tls_version else None,
        "_application": entry.application,
        "_service_account": entry.service_account,
        "_tracking_id": entry.tracking_id,
        "_fault": entry.fault,
        "_recorded": entry.recorded,
        "_refused_by": entry.refused_by,
        "_refused_because": entry.refused_because,
        "_expected": entry.expected,
        "_actual": entry.actual,
        "_notes": entry.notes or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _incomplete(message: HttpMessage) -> dict[str, Any]:
    parts = message.incomplete
    return {"_incomplete": parts} if parts else {}


def _is_note(message: HttpMessage, body: str) -> bool:
    """Whether the journal shows a note in place of the body, such as its size."""
    return "body" in message.incomplete and body.startswith("<")


def _cookies(headers: Mapping[str, str], name: str) -> list[dict[str, str]]:
    """The journal hides names and values of cookies: one item stands for all of them."""
    return [{"name": HIDDEN, "value": HIDDEN}] if _find(headers, name) is not None else []


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _find(headers: Mapping[str, str], name: str) -> str | None:
    """The value of a header; answers may have names in upper case."""
    return next((value for each, value in headers.items() if each.lower() == name), None)


def _phrase(status: int) -> str:
    """The words after a status; none for 0, a connection that was closed without an answer."""
    return _PHRASES.get(status, "")


_PHRASES = {each.value: each.phrase for each in HTTPStatus}


def _text(value: Any) -> str:
    """JSON in ASCII, since it may repeat what is no text, such as half a surrogate pair."""
    return json.dumps(value, separators=(",", ":"))
