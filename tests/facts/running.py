"""Makes the calls of a row and says in what their answers are not right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2

from mock_sei.rules.standards import Listener
from tests.facts.table import REFUSED, AnyOf, Call, Expected, Fact, Has, Right, Within
from tests.support import Served

MISSING = object()


def problems_of(row: Fact, served: Served) -> list[str]:
    """Every way in which the platform does not do what the fact says."""
    if row.shown is not None:
        found = row.shown(served)
        return [] if found == row.right else [f"{found!r} instead of {row.right!r}"]
    assert isinstance(row.right, Right), row.id
    kept: dict[str, str] = {}
    found_problems: list[str] = []
    for number, call in enumerate(row.calls, 1):
        answer = _answer(served, call, kept)
        if row.each_call or number == len(row.calls):
            problems = list(_problems(answer, row.right))
            if row.right.fewer_than and not problems:
                problems = list(_not_fewer(served, call, answer, row.right.fewer_than))
        else:
            problems = [f"status {answer.status_code}"] if answer.status_code >= 400 else []
        found_problems += [f"{call.request}: {each} in {answer.text[:500]}" for each in problems]
        if not problems:
            kept |= {name: str(_member(answer.json(), path)) for name, path in call.keep.items()}
    return found_problems


def _answer(served: Served, call: Call, kept: dict[str, str]) -> httpx2.Response:
    listener = Listener.TWO_WAY if call.account else Listener.ONE_WAY
    http = served.client(call.account, listener=listener)
    http.follow_redirects = False
    sent = dict(served.headers(call.of)) if call.of else {}
    sent |= {name: _filled(value, kept) for name, value in call.headers.items()}
    method, _, target = call.request.partition(" ")
    options: dict[str, Any] = {
        name: value
        for name, value in (
            ("json", _filled(call.json, kept)),
            ("data", _filled(call.form, kept)),
            ("content", call.content),
            ("files", call.files),
        )
        if value is not None
    }
    sent = {name: value for name, value in sent.items() if value}
    return http.request(method, _filled(target, kept), headers=sent, **options)


def _filled(value: Any, kept: dict[str, str]) -> Any:
    """With what earlier calls left in the places of the names."""
    if isinstance(value, dict):
        return {name: _filled(each, kept) for name, each in value.items()}
    if isinstance(value, str):
        for name, text in kept.items():
            value = value.replace(f"{{{name}}}", text)
    return value


def _problems(answer: httpx2.Response, right: Right) -> Iterator[str]:
    refused = right.status == REFUSED and 400 <= answer.status_code < 500
    if not refused and answer.status_code != right.status:
        yield f"status {answer.status_code} instead of {right.status or 'a refusal'}"
        return
    for name, expected in right.headers.items():
        yield from _differs(name, answer.headers.get(name, MISSING), expected)
    if right.holds not in answer.text:
        yield f"{right.holds!r} is not in the body"
    if not (right.body or right.lacks or right.each or right.count is not None):
        return
    body = answer.json()
    for path, expected in right.body.items():
        yield from _differs(path, _member(body, path), expected)
    for path in right.lacks:
        if _member(body, path) is not MISSING:
            yield f"{path} is there"
    records = body["data"] if right.each or right.count is not None else []
    if right.each and not records:
        yield "there is no record"
    if right.count is not None and len(records) != right.count:
        yield f"{len(records)} records instead of {right.count}"
    for record in records:
        for path, expected in right.each.items():
            yield from _differs(path, _member(record, path), expected)


def _not_fewer(served: Served, call: Call, answer: httpx2.Response, target: str) -> Iterator[str]:
    whole = _answer(served, replace(call, request=f"GET {target}"), {}).json()
    if not answer.json()["paging"]["totalCount"] < whole["paging"]["totalCount"]:
        yield f"as many records as {target}"


def _differs(name: str, value: object, expected: Expected) -> Iterator[str]:
    if not _fits(value, expected):
        shown = "nothing" if value is MISSING else repr(value)
        yield f"{name} is {shown} instead of {expected!r}"


def _fits(value: object, expected: Expected) -> bool:
    if value is MISSING:
        return False
    if expected is ...:
        return True
    if isinstance(expected, type):
        return type(value) is expected
    if isinstance(expected, AnyOf | Has | Within):
        return expected.fits(value)
    if isinstance(expected, re.Pattern):
        return isinstance(value, str) and expected.fullmatch(value) is not None
    return type(value) is type(expected) and value == expected


def _member(body: Any, path: str) -> Any:
    """The member at a path of names and numbers; an empty path is the whole body."""
    for part in path.split(".") if path else ():
        if isinstance(body, dict) and part in body:
            body = body[part]
        elif isinstance(body, list) and part.isdigit() and int(part) < len(body):
            body = body[int(part)]
        else:
            return MISSING
    return body
