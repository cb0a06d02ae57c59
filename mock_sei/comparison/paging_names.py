"""Names and sizes of pages: what the object ``paging`` of the real platform shows.

A member that the mock lacks there is found by its structure: a number that counts, a link to the
page before or behind, and in a link the parameters with the size and the cursor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mock_sei.assumptions.groups import PagingRules
from mock_sei.comparison.differences import AnswerDifference, DifferenceKind
from mock_sei.comparison.playing import Played
from mock_sei.recordings.shapes import Shape, shape_of

_PLACE = "/paging/"
_TOTAL = re.compile(r"(?i)total|count|all|matches")
_LIMIT = re.compile(r"(?i)limit|size|per|max|length")
_NUMBERS = frozenset({"integer", "number"})


def suggest_paging(
    played: Played, difference: AnswerDifference, rules: PagingRules
) -> Iterator[tuple[str, Any]]:
    """The rows ``paging.*`` that cover a difference."""
    if difference.kind is DifferenceKind.PAGE:
        yield from _sizes(played, difference, rules)
        return
    if not difference.where.startswith(_PLACE):
        return
    if difference.kind is DifferenceKind.VALUE and isinstance(difference.theirs, bool):
        yield "paging.absolute_links", difference.theirs
        return
    if difference.kind is DifferenceKind.VALUE:
        yield from _parameters(played, rules)
        return
    if difference.kind not in (DifferenceKind.ADDED, DifferenceKind.MISSING):
        return
    yield from _names(played, rules)


def _parameters(played: Played, rules: PagingRules) -> Iterator[tuple[str, Any]]:
    """The name of the cursor in the links of a recorded page."""
    exchange = played.compared.exchange
    value = exchange.response.body.find_json() if exchange.response else None
    paging = value.get("paging") if isinstance(value, dict) else None
    if not isinstance(paging, dict):
        return
    asked = {name for name, _ in exchange.request.query}
    for link in paging.values():
        if not isinstance(link, str) or "?" not in link:
            continue
        sent = dict(parse_qsl(urlsplit(link).query))
        if not sent or rules.cursor in sent:
            continue
        others = [each for each in sent if each not in asked and each != rules.limit]
        cursors = [each for each in others if not sent[each].isdecimal()]
        found = cursors or [each for each in others if not _LIMIT.search(each)] or others
        if len(found) == 1:
            yield "paging.cursor", found[0]
            return


def _sizes(
    played: Played, difference: AnswerDifference, rules: PagingRules
) -> Iterator[tuple[str, Any]]:
    size = int(difference.theirs)
    asked = dict(played.compared.exchange.request.query).get(rules.limit, "")
    if asked.isdecimal() and int(asked) >= 1:
        if size <= int(asked):
            yield "paging.maximum", size
        return
    yield "paging.default", size
    if size > rules.maximum:
        yield "paging.maximum", size


def _names(played: Played, rules: PagingRules) -> Iterator[tuple[str, Any]]:
    """By structure, the mock's names that are missing and the ones that stand in their place."""
    response, answer = played.compared.exchange.response, played.compared.answer
    if response is None or answer is None:
        return
    given, ours = response.body.find_json(), answer.find_json()
    shape = response.body.shape or shape_of(given)
    theirs = shape.members.get("paging", Shape()).members
    own = ours.get("paging") if isinstance(ours, dict) else None
    if not isinstance(own, dict):
        return
    values = given.get("paging", {}) if isinstance(given, dict) else {}
    lacking = {
        row: getattr(rules, row)
        for row in ("total", "limit", "previous", "next")
        if getattr(rules, row) in own and getattr(rules, row) not in theirs
    }
    new = {name: each for name, each in theirs.items() if name not in own}
    numbers = [name for name, each in new.items() if each.types and each.types <= _NUMBERS]
    links = [name for name in new if name not in numbers]
    yield from _numbers(lacking, numbers, values)
    yield from _links(lacking, links, new, own)


def _numbers(
    lacking: Mapping[str, str], numbers: list[str], values: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    rows = [each for each in ("total", "limit") if each in lacking]
    if len(rows) == 1 and len(numbers) == 1:
        yield f"paging.{rows[0]}", numbers[0]
        return
    if len(rows) < 2:
        rows_left = rows
        for row in rows_left:
            pattern = _TOTAL if row == "total" else _LIMIT
            fitting = [each for each in numbers if pattern.search(each)]
            if len(fitting) == 1:
                yield f"paging.{row}", fitting[0]
        return
    totals = [each for each in numbers if _TOTAL.search(each) and not _LIMIT.search(each)]
    limits = [each for each in numbers if _LIMIT.search(each) and each not in totals]
    if len(numbers) == 2 and not (len(totals) == 1 and len(limits) == 1):
        known = sorted(numbers, key=lambda each: values.get(each, 0))
        if values and values.get(known[0]) != values.get(known[1]):
            limits, totals = known[:1], known[1:]
    if len(totals) == 1:
        yield "paging.total", totals[0]
    if len(limits) == 1:
        yield "paging.limit", limits[0]


def _links(
    lacking: Mapping[str, str], links: list[str], new: Mapping[str, Shape], own: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    rows = [each for each in ("previous", "next") if each in lacking]
    if len(rows) == 1 and len(links) == 1:
        yield f"paging.{rows[0]}", links[0]
        return
    for row in rows:
        is_null = own[lacking[row]] is None
        fitting = [each for each in links if (new[each].types == {"null"}) == is_null]
        other = "next" if row == "previous" else "previous"
        alone = other not in lacking or (own[lacking[other]] is None) != is_null
        if len(fitting) == 1 and alone:
            yield f"paging.{row}", fitting[0]
