"""Finds the differences of two answers to one request.

Values of identifiers, times and numbers are not compared, nor headers of the connection. In a
refusal and in the answers of the OAuth endpoints texts are compared: they are codes and words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mock_sei.comparison.calling import MockAnswer
from mock_sei.comparison.differences import AnswerDifference, DifferenceKind
from mock_sei.comparison.headers import differ_headers
from mock_sei.comparison.shape_differences import differ_shapes, type_of
from mock_sei.recordings.exchanges import (
    BodyKind,
    RecordedExchange,
    RecordedResponse,
)
from mock_sei.recordings.kept import is_functional
from mock_sei.recordings.placeholders import PLACEHOLDER
from mock_sei.recordings.shapes import shape_of

_FIRST_REFUSAL = 400
_NOT_COMPARED = re.compile(
    r"(?i)(tracking|correlation|request|trace)[_-]?id$|timestamp|date|time$|^(id|kid|x|y|n|e|jti)$"
    r"|email|redirect_ur[il]|account|user|^iss$|issuer|^sub$|client_id|app_?key|app_?name|^aud$|_uri$"
    r"|documentation|^instance$|^path$"
)
"""Names of members of which only the type is compared: identifiers, times, names, addresses."""
_LIFETIMES = frozenset({"expires_in", "refresh_token_expires_in"})
"""Numbers that are compared."""
_SLACK = 2
"""Seconds by which what is left of a lifetime may differ: an answer is made some time after the
request began."""
_ENDPOINT = re.compile(r"_endpoint$")


def differences(
    exchange: RecordedExchange, answer: MockAnswer, *, next_link: str, tracking_header: str
) -> list[AnswerDifference]:
    """What differs between a recorded answer and the mock's answer to the same request.

    ``next_link`` is the mock's name of the link to the next page, ``tracking_header`` of the header
    with the tracking id.
    """
    alerts = _differ_alerts(exchange, answer)
    response = exchange.response
    if alerts or response is None:
        return alerts
    found: list[AnswerDifference] = []
    if response.status != answer.status:
        found.append(
            AnswerDifference(kind=DifferenceKind.STATUS, theirs=response.status, ours=answer.status)
        )
        refused = min(response.status, answer.status) >= _FIRST_REFUSAL
        if not refused:
            return found
    found += differ_headers(response, answer, tracking_header)
    if exchange.request.method != "HEAD":
        found += _differ_bodies(exchange, response, answer, next_link)
    return found


def _differ_alerts(exchange: RecordedExchange, answer: MockAnswer) -> list[AnswerDifference]:
    theirs = exchange.tls.alert if exchange.response is None else None
    if theirs == answer.alert:
        return []
    status = exchange.response.status if exchange.response else None
    return [
        AnswerDifference(
            kind=DifferenceKind.ALERT,
            theirs=theirs or f"the answer {status}",
            ours=answer.alert or f"the answer {answer.status}",
        )
    ]


# Bodies


def _differ_bodies(
    exchange: RecordedExchange, response: RecordedResponse, answer: MockAnswer, next_link: str
) -> Iterator[AnswerDifference]:
    body = response.body
    if body.kind is BodyKind.LEFT_OUT:
        return
    ours = answer.find_json()
    if body.kind is BodyKind.NONE:
        if ours is not None:
            yield AnswerDifference(kind=DifferenceKind.MISSING, ours="a body")
        return
    theirs = body.find_json()
    if theirs is None and body.shape is None:
        return  # no JSON: its media type was compared
    if ours is None:
        yield AnswerDifference(kind=DifferenceKind.ADDED, theirs="a body")
        return
    is_plain = body.shape is None
    if is_plain and theirs == ours:
        return
    if is_plain and (response.status >= _FIRST_REFUSAL or not is_functional(exchange.request)):
        # What is left of a lifetime depends on the moment of the answer, a whole one does not.
        is_whole = "grant_type" in dict([*exchange.request.query, *exchange.request.body.fields()])
        yield from differ_values(theirs, ours, "", slack=0 if is_whole else _SLACK)
        return
    shape, own = body.shape or shape_of(theirs), shape_of(ours)
    yield from differ_shapes(shape, own, "")
    yield from _differ_pages(shape, own, next_link)
    yield from _differ_links(theirs, ours)


def _differ_pages(theirs: Any, ours: Any, next_link: str) -> Iterator[AnswerDifference]:
    """The size of a page behind which there is another one on both sides."""
    theirs_page, ours_page = theirs.members.get("paging"), ours.members.get("paging")
    if theirs_page is None or ours_page is None:
        return
    links = [each.members.get(next_link) for each in (theirs_page, ours_page)]
    if not all(each is not None and each.types == {"string"} for each in links):
        return
    for name, there in theirs.members.items():
        here = ours.members.get(name)
        if here is None or not there.types == here.types == {"array"}:
            continue
        if there.length != here.length and there.length and here.length:
            yield AnswerDifference(
                kind=DifferenceKind.PAGE,
                where=f"/{name}",
                theirs=there.length[0],
                ours=here.length[0],
            )


def _differ_links(theirs: Any, ours: Any) -> Iterator[AnswerDifference]:
    """Whether the links of a page are whole addresses, and the names of their parameters."""
    there, here = (
        each.get("paging") if isinstance(each, dict) else None for each in (theirs, ours)
    )
    if not isinstance(there, dict) or not isinstance(here, dict):
        return
    for name, value in there.items():
        other = here.get(name)
        if not isinstance(value, str) or not isinstance(other, str):
            continue
        for read in (_is_whole, _parameters):
            first, second = read(value), read(other)
            if first != second:
                yield AnswerDifference(
                    kind=DifferenceKind.VALUE, where=f"/paging/{name}", theirs=first, ours=second
                )


def _is_whole(link: str) -> bool | str:
    return "://" in link


def _parameters(link: str) -> bool | str:
    """The names of the parameters of a link."""
    return ", ".join(sorted({name for name, _ in parse_qsl(urlsplit(link).query)}))


def differ_values(theirs: Any, ours: Any, where: str, *, slack: int) -> Iterator[AnswerDifference]:
    """Differences of two JSON values, texts included. ``slack`` is for ``expires_in``."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in theirs.items():
            at = f"{where}/{_escaped(name)}"
            if name not in ours:
                yield AnswerDifference(kind=DifferenceKind.ADDED, where=at, theirs=value)
            else:
                yield from differ_values(value, ours[name], at, slack=slack)
        for name, value in ours.items():
            if name not in theirs:
                at = f"{where}/{_escaped(name)}"
                yield AnswerDifference(kind=DifferenceKind.MISSING, where=at, ours=value)
        return
    if isinstance(theirs, list) and isinstance(ours, list):
        yield from _differ_arrays(theirs, ours, where, slack)
        return
    name = where.rpartition("/")[2]
    if type_of(theirs) != type_of(ours):
        yield AnswerDifference(kind=DifferenceKind.TYPE, where=where, theirs=theirs, ours=ours)
    elif _differ(theirs, ours, name, slack):
        yield AnswerDifference(kind=DifferenceKind.VALUE, where=where, theirs=theirs, ours=ours)


def _differ(theirs: Any, ours: Any, name: str, slack: int) -> bool:
    if isinstance(theirs, bool):
        return bool(theirs != ours)
    if name in _LIFETIMES and _is_number(theirs) and _is_number(ours):
        allowed = slack if name == "expires_in" else _SLACK
        return abs(float(theirs) - float(ours)) > allowed
    if not isinstance(theirs, str) or PLACEHOLDER.search(theirs):
        return False
    if _ENDPOINT.search(name):
        return urlsplit(theirs).path != urlsplit(str(ours)).path
    return not _NOT_COMPARED.search(name) and theirs != ours


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _differ_arrays(
    theirs: list[Any], ours: list[Any], where: str, slack: int
) -> Iterator[AnswerDifference]:
    """Arrays of texts are compared as sets; of others items at the same place."""
    texts = all(isinstance(each, str) for each in (*theirs, *ours))
    if texts:
        if set(theirs) != set(ours):
            yield AnswerDifference(
                kind=DifferenceKind.VALUE,
                where=where,
                theirs=", ".join(sorted(theirs)),
                ours=", ".join(sorted(ours)),
            )
        return
    if len(theirs) != len(ours):
        yield AnswerDifference(
            kind=DifferenceKind.VALUE,
            where=f"{where}/*",
            theirs=theirs or None,
            ours=ours or None,
        )
        return
    for first, second in zip(theirs, ours, strict=True):
        yield from differ_values(first, second, f"{where}/*", slack=slack)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
