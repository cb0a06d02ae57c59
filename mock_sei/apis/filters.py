"""How parameters pick records: the meaning of every ``match``, one function each.

Sources: investor and product pages (Eastern time without offset, a bare start date from the first
instant of the day, a bare end date to the last), portfolio pages (as of a date, UTC), wire
instructions (relative periods), trade status (pairs of firm and team).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mock_sei.apis.collections import Record, find_value
from mock_sei.apis.operations import Operation, Parameter
from mock_sei.apis.parameters import Value
from mock_sei.apis.times import eastern_day, eastern_now
from mock_sei.errors import Fault, MalformedRequest

Choose = Callable[[Sequence[Record]], Sequence[Record]]


def choosers(operation: Operation, values: Mapping[str, Value], now: datetime) -> list[Choose]:
    """What a call's values pick, one step after the other; those over all records come last.

    Raises :class:`MalformedRequest`.
    """
    steps: list[Choose] = []
    last: list[Choose] = []
    for name, parameter in operation.parameters.items():
        if parameter.match == "as-of" and parameter.field is not None:
            if name not in values and not values.keys().isdisjoint(parameter.unless):
                continue
            last.append(_as_of(parameter.field, values.get(name), now))
            continue
        field = _field_of(parameter, values)
        if field is None or name not in values or values[name] == parameter.every:
            continue
        match = _match_of(parameter, values)
        try:
            keep = MATCHES[match](field, values[name], parameter, now)
        except ValueError as error:
            raise MalformedRequest([Fault(name, parameter.place, str(error))]) from None
        steps.append(_filter(keep))
    return steps + last


def _field_of(parameter: Parameter, values: Mapping[str, Value]) -> str | None:
    if not parameter.chosen:
        return parameter.field
    chooser = values.get(str(parameter.chosen["by"]))
    return None if chooser is None else parameter.chosen.get(str(chooser))


def _match_of(parameter: Parameter, values: Mapping[str, Value]) -> str:
    if not parameter.matched:
        return parameter.match
    chooser = values.get(str(parameter.matched["by"]))
    return str(parameter.matched.get(str(chooser), parameter.match))


def _filter(keep: Callable[[Record], bool]) -> Choose:
    return lambda records: [each for each in records if keep(each)]


Keep = Callable[[Record], bool]


def _equals(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    wanted = set(value) if isinstance(value, tuple) else {value}
    # A flag may be declared as text in a query and be true in a record.
    wanted |= {each == "true" for each in wanted if each in ("true", "false")}

    def fits(found: Any) -> bool:
        if isinstance(found, list | tuple):
            return any(isinstance(each, Hashable) and each in wanted for each in found)
        return isinstance(found, Hashable) and found in wanted

    if "," not in field:
        return lambda record: fits(find_value(record, field))
    fields = field.split(",")
    return lambda record: any(fits(find_value(record, each)) for each in fields)


def _excluding(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    """``true`` leaves out the records whose flag is set; anything else leaves out none."""
    if value not in (True, "true"):
        return lambda _: True
    return lambda record: not find_value(record, field)


def _contains(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    part = str(value).casefold()
    return lambda record: part in str(find_value(record, field) or "").casefold()


def _words(every: bool) -> Callable[[str, Value, Parameter, datetime], Keep]:
    """Words of a text, in any case, in any of the fields: all of them, or one at least."""
    combine = all if every else any

    def match(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
        words, fields = str(value).casefold().split(), field.split(",")

        def keep(record: Record) -> bool:
            text = "\n".join(str(find_value(record, each) or "") for each in fields).casefold()
            return not words or combine(word in text for word in words)

        return keep

    return match


def _folder(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    """What lies directly in a folder, written with or without a slash at its end."""
    wanted = str(value).rstrip("/")
    return lambda record: str(find_value(record, field) or "").rstrip("/") == wanted


def _from(field: str, value: Value, parameter: Parameter, _: datetime) -> Keep:
    bound = _bound(str(value), parameter, end=False)
    size = len(bound)
    return lambda record: bound <= _time(find_value(record, field), size)


def _to(field: str, value: Value, parameter: Parameter, _: datetime) -> Keep:
    bound = _bound(str(value), parameter, end=True)
    size = len(bound)
    return lambda record: "" < _time(find_value(record, field), size) <= bound


def _time(value: Any, size: int) -> str:
    """A record's time as long as the bound: a date of it, or with its milliseconds."""
    text = str(value or "")
    if len(text) == size or not text:
        return text
    if size == len("2026-03-31"):
        return text[:size]
    zone = "Z" if size == len(f"{_MIDNIGHT}Z") else ""
    text = text.removesuffix("Z")
    return f"{text}{_MIDNIGHT[len(text) :]}"[: len(_MIDNIGHT)] + zone


_MIDNIGHT = "2026-03-31T00:00:00.000"


def _bound(text: str, parameter: Parameter, *, end: bool) -> str:
    """As the records write it, so that texts compare as times do.

    With dates for records a date stays one; with times it is the first or last instant of its day.
    """
    if parameter.format == "date":
        return text
    if "T" not in text:
        text = f"{text}T{'23:59:59.999' if end else '00:00:00.000'}"
        return f"{text}Z" if parameter.format == "date-time" else text
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            raise ValueError("must be in the years 0001 to 9999") from None
    shown = moment.isoformat(timespec="milliseconds")
    return f"{shown}Z" if parameter.format == "date-time" else shown


def _as_of(field: str, value: Value | None, now: datetime) -> Choose:
    """The records of the last date that is not after the wanted one; of today where none came."""
    limit = now.date().isoformat() if value is None else str(value)

    def choose(records: Sequence[Record]) -> Sequence[Record]:
        dates = {str(find_value(each, field)) for each in records}
        latest = max((each for each in dates if each <= limit), default=None)
        return [each for each in records if str(find_value(each, field)) == latest]

    return choose


def _quarter_start(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


_PERIODS: Mapping[str, Callable[[date], tuple[date, date]]] = {
    "yesterday": lambda today: (today - timedelta(days=1), today - timedelta(days=1)),
    "thisWeek": lambda today: (today - timedelta(days=today.weekday()), today),
    "thisMonth": lambda today: (today.replace(day=1), today),
    "thisQuarter": lambda today: (_quarter_start(today), today),
    "thisYear": lambda today: (today.replace(month=1, day=1), today),
}
"""First and last day, Eastern; a week begins on Monday (assumed)."""


def _period(field: str, value: Value, _: Parameter, now: datetime) -> Keep:
    period = _PERIODS.get(str(value))
    if period is None:
        raise ValueError(f"must be {' or '.join(_PERIODS)}, not {str(value)[:50]!r}")
    first, last = (each.isoformat() for each in period(eastern_now(now).date()))
    return lambda record: first <= eastern_day(str(find_value(record, field) or "")) <= last


def _pairs(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    """``[["firm", "team"], ["firm"]]``: one of them must fit; ``field`` names both members."""
    first, _comma, second = field.partition(",")
    try:
        pairs = json.loads(str(value))
    except (ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list) and 1 <= len(pair) <= 2 and all(isinstance(x, str) for x in pair)
        for pair in pairs
    ):
        raise ValueError('must be an array of pairs such as [["firm","team"],["firm"]]')

    def keep(record: Record) -> bool:
        own: list[Any] = [find_value(record, first), find_value(record, second)]
        return any(pair == own[: len(pair)] for pair in pairs)

    return keep


MATCHES: Mapping[str, Callable[[str, Value, Parameter, datetime], Keep]] = {
    "equals": _equals,
    "excluding": _excluding,
    "contains": _contains,
    "all-words": _words(every=True),
    "any-word": _words(every=False),
    "from": _from,
    "to": _to,
    "period": _period,
    "pairs": _pairs,
    "folder": _folder,
}
"""By the ``match`` of a parameter; ``as-of`` looks at all records and stands apart."""
