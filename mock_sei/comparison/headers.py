"""Differences of the headers that mean something to a client."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from mock_sei.comparison.calling import MockAnswer
from mock_sei.comparison.differences import AnswerDifference, DifferenceKind
from mock_sei.recordings.exchanges import RecordedResponse, values_of

_LIVES = re.compile(r"(?i)max-age=\d+")
_ERROR = re.compile(r'error="([^"]*)"')


def differ_headers(
    response: RecordedResponse, answer: MockAnswer, tracking_header: str
) -> Iterator[AnswerDifference]:
    """``tracking_header`` is the mock's name of the header with the tracking id."""
    for name, read in _HEADERS.items():
        theirs = read(", ".join(values_of(response.headers, name)))
        ours = read(", ".join(values_of(answer.headers, name)))
        if name == "Content-Type" and not (theirs and ours):
            continue  # an empty body; bodies are compared by themselves
        if theirs != ours:
            kind = DifferenceKind.MEDIA_TYPE if name == "Content-Type" else DifferenceKind.HEADER
            yield AnswerDifference(kind=kind, where=name, theirs=theirs or None, ours=ours or None)
    if (
        answer.find_header(tracking_header) is not None
        and response.find_header(tracking_header) is None
    ):
        other = find_tracking_header(response)
        yield AnswerDifference(
            kind=DifferenceKind.HEADER,
            where=tracking_header,
            theirs=other,
            ours=tracking_header,
        )


_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_STANDARD = frozenset({"etag", "location", "set-cookie", "cf-ray", "x-amzn-requestid"})


def find_tracking_header(response: RecordedResponse) -> str | None:
    """The name of the header that has a GUID, best the tracking id of the body."""
    value = response.body.find_json()
    named = value.get("trackingId") if isinstance(value, dict) else None
    found = None
    for name, text in response.headers:
        if name.lower() in _STANDARD or not _GUID.fullmatch(text.strip()):
            continue
        if text == named:
            return name
        found = found or name
    return found


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _challenges(text: str) -> str:
    """Scheme and error of a challenge, as ``bearer invalid_token``."""
    if not text:
        return ""
    scheme = text.split()[0].lower()
    error = _ERROR.search(text)
    return f"{scheme} {error[1]}" if error else scheme


def _words(text: str) -> str:
    return ", ".join(sorted(each.strip().upper() for each in text.split(",") if each.strip()))


def _directives(text: str) -> str:
    """The directives of ``Cache-Control``, without numbers."""
    plain = _LIVES.sub("max-age", text.lower())
    return ", ".join(sorted(each.strip() for each in plain.split(",") if each.strip()))


def _presence(text: str) -> str:
    return "present" if text else ""


def _path(text: str) -> str:
    """The kind of an address: its last segment may be an identifier."""
    return urlsplit(text).path.rpartition("/")[0] if text else ""


_HEADERS: Mapping[str, Callable[[str], str]] = {
    "Content-Type": _media_type,
    "WWW-Authenticate": _challenges,
    "Allow": _words,
    "Cache-Control": _directives,
    "Retry-After": _presence,
    "Location": _path,
    "Content-Disposition": lambda text: text.partition(";")[0].strip().lower(),
}
