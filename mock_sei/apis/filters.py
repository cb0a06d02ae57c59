"""How parameters select records: one function for each value of ``match``.

Sources: investor and product pages (Eastern time without offset, a start date means the first
instant of the day, an end date the last one), portfolio pages (as of a date, UTC), wire
instructions (relative periods), trade status (pairs of firm and team).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from mock_sei.apis.operations import Key, Operation, Parameter
from mock_sei.apis.parameters import Value
from mock_sei.apis.records import Order, Record, RecordTable, Selection, find_value, order_of
from mock_sei.apis.times import day_of, read_time
from mock_sei.errors import InvalidValue, MalformedRequest
from mock_sei.values.texts import spelled

Choose = Callable[[Sequence[Record]], Sequence[Record]]
Find = Callable[[RecordTable, tuple[str, ...]], "Matches"]


@dataclass(frozen=True)
class Matches:
    """All records that fit a filter, found by an order of the table."""

    selections: Sequence[Selection]
    one_key: bool
    """Whether all records of a selection have the same key. Then they are already in the wanted
    order."""

    @property
    def size(self) -> int:
        """The number of records, with repetitions if a record has several keys."""
        return sum(map(len, self.selections))


@dataclass(frozen=True, kw_only=True)
class Step:
    """The selection by one value of a call."""

    choose: Choose
    """Selects from any records, by looking at each one."""
    find: Find | None = None
    """Selects from a whole table, by an order. The names are the fields that order the selected
    records."""
    looks_at_all: bool = False
    """Whether the choice of one record depends on the others. Such a step comes last."""


def steps_of(operation: Operation, values: Mapping[Key, Value], now: datetime) -> list[Step]:
    """The selections by a call's values, one step each. Steps that look at all records come last.

    ``now`` is in the time zone of records whose times have no offset. Raises
    :class:`MalformedRequest`.
    """
    steps: list[Step] = []
    last: list[Step] = []
    for key, parameter in operation.parameters.items():
        if parameter.match == "as-of" and parameter.field is not None:
            others = {operation.find_key(each) for each in parameter.unless}
            if key not in values and not values.keys().isdisjoint(others):
                continue
            last.append(_as_of(parameter.field, values.get(key), now))
            continue
        field = _field_of(parameter, values, operation)
        if field is None or key not in values or values[key] == parameter.every:
            continue
        match = _match_of(parameter, values, operation)
        try:
            keep = MATCHES[match](field, values[key], parameter, now)
            find = _FINDS[match](field, values[key], parameter, now) if match in _FINDS else None
        except ValueError as error:
            raise MalformedRequest(
                [InvalidValue(parameter.name, parameter.place, str(error))]
            ) from None
        steps.append(Step(choose=_filter(keep), find=find))
    return steps + last


def select(table: RecordTable, steps: Sequence[Step], then: tuple[str, ...]) -> Sequence[Record]:
    """The records that all steps select, in the order of the fields ``then``.

    The step that selects the fewest records uses an order, and the other steps look only at these
    records. Only steps without an order (``contains``, words, pairs, flags) look at every record.
    """
    found, best = None, None
    for step in steps:
        if step.find is None or (step.looks_at_all and len(steps) > 1):
            continue
        one = step.find(table, then)
        if found is None or one.size < found.size:
            found, best = one, step
    records = table.between(Order(_every, (), then)) if found is None else _in_order(found)
    for step in steps:
        if step is not best:
            records = step.choose(records)
    return records


def _in_order(found: Matches) -> Sequence[Record]:
    selections = [each for each in found.selections if each]
    if len(selections) == 1 and found.one_key:
        return selections[0]
    entries = {place: (key[1:], place, record) for key, place, record in _entries(selections)}
    return [each[2] for each in sorted(entries.values(), key=lambda each: each[:2])]


def _entries(selections: Iterable[Selection]) -> Iterable[tuple[tuple[Any, ...], int, Record]]:
    return (entry for each in selections for entry in each.entries())


def _every(_: Record) -> Iterable[int]:
    return (0,)


def _field_of(
    parameter: Parameter, values: Mapping[Key, Value], operation: Operation
) -> str | None:
    if not parameter.chosen:
        return parameter.field
    chooser = operation.find_value(values, str(parameter.chosen["by"]))
    return None if chooser is None else parameter.chosen.get(str(chooser))


def _match_of(parameter: Parameter, values: Mapping[Key, Value], operation: Operation) -> str:
    if not parameter.matched:
        return parameter.match
    chooser = operation.find_value(values, str(parameter.matched["by"]))
    return str(parameter.matched.get(str(chooser), parameter.match))


def _filter(keep: Callable[[Record], bool]) -> Choose:
    return lambda records: [each for each in records if keep(each)]


Keep = Callable[[Record], bool]


def _equals(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    wanted = _wanted(value)

    def fits(found: Any) -> bool:
        if isinstance(found, list | tuple):
            return any(isinstance(each, Hashable) and each in wanted for each in found)
        return isinstance(found, Hashable) and found in wanted

    if "," not in field:
        return lambda record: fits(find_value(record, field))
    fields = field.split(",")
    return lambda record: any(fits(find_value(record, each)) for each in fields)


def _excluding(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    """``true`` leaves out the records whose flag is set. Any other value leaves out none."""
    if value not in (True, "true"):
        return lambda _: True
    return lambda record: not find_value(record, field)


def _values(record: Record, *fields: str) -> Iterable[tuple[int, Any]]:
    """The values in the fields of a record. A list gives the value of each of its entries."""
    for field in fields:
        value = find_value(record, field)
        for each in value if isinstance(value, list | tuple) else (value,):
            if isinstance(each, str | int | float):
                yield order_of(each)


def _find_equal(field: str, value: Value, _: Parameter, __: datetime) -> Find:
    keys = [order_of(each) for each in _wanted(value)]
    return _between(_values, tuple(field.split(",")), [(key, key) for key in keys])


def _wanted(value: Value) -> set[Any]:
    wanted: set[Any] = set(value) if isinstance(value, tuple) else {value}
    # A flag may be declared as a text in the query, while a record has it as true.
    return wanted | {each == "true" for each in wanted if each in ("true", "false")}


def _between(
    keys: Callable[..., Iterable[Any]],
    argument: tuple[Any, ...],
    ranges: Sequence[tuple[Any, Any]],
) -> Find:
    """The records whose key is in one of the ranges. Both ends of a range are included."""
    one_key = all(first is not None and first == last for first, last in ranges)

    def find(table: RecordTable, then: tuple[str, ...]) -> Matches:
        order = Order(keys, argument, then)
        return Matches([table.between(order, *each) for each in ranges], one_key)

    return find


def _contains(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    part = str(value).casefold()
    return lambda record: part in str(find_value(record, field) or "").casefold()


def _words(every: bool) -> Callable[[str, Value, Parameter, datetime], Keep]:
    """Finds words in texts of any of the fields, in upper or lower case: all of the words, or at
    least one."""
    combine = all if every else any

    def match(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
        words, fields = str(value).casefold().split(), field.split(",")

        def keep(record: Record) -> bool:
            text = "\n".join(str(find_value(record, each) or "") for each in fields).casefold()
            return not words or combine(word in text for word in words)

        return keep

    return match


def _folder(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    """The direct content of a folder.

    The folder may be written with or without a slash at its end.
    """
    wanted = str(value).rstrip("/")
    return lambda record: _folder_in(record, field) == (wanted,)


def _find_folder(field: str, value: Value, _: Parameter, __: datetime) -> Find:
    wanted = str(value).rstrip("/")
    return _between(_folder_in, (field,), [(wanted, wanted)])


def _folder_in(record: Record, field: str) -> tuple[str]:
    return (str(find_value(record, field) or "").rstrip("/"),)


def _from(field: str, value: Value, parameter: Parameter, now: datetime) -> Keep:
    bound = _bound(str(value), parameter, now.tzinfo, end=False)
    size = len(bound)
    return lambda record: bound <= _time(find_value(record, field), size)


def _to(field: str, value: Value, parameter: Parameter, now: datetime) -> Keep:
    bound = _bound(str(value), parameter, now.tzinfo, end=True)
    size = len(bound)
    return lambda record: "" < _time(find_value(record, field), size) <= bound


_SIZES = (len("2026-03-31"), len("2026-03-31T00:00:00.000"), len("2026-03-31T00:00:00.000Z"))
"""Lengths of the bounds for which an order of the records exists. For another length each record is
looked at."""


def _find_from(field: str, value: Value, parameter: Parameter, now: datetime) -> Find | None:
    bound = _bound(str(value), parameter, now.tzinfo, end=False)
    return _find_times(field, len(bound), (bound, None))


def _find_to(field: str, value: Value, parameter: Parameter, now: datetime) -> Find | None:
    bound = _bound(str(value), parameter, now.tzinfo, end=True)
    return _find_times(field, len(bound), ("\0", bound))


def _find_times(field: str, size: int, bounds: tuple[str, str | None]) -> Find | None:
    return _between(_times, (field, size), [bounds]) if size in _SIZES else None


def _times(record: Record, field: str, size: int) -> tuple[str]:
    return (_time(find_value(record, field), size),)


def _time(value: Any, size: int) -> str:
    """A record's time, shortened or lengthened to the bound: to its date, or with milliseconds."""
    text = str(value or "")
    if len(text) == size or not text:
        return text
    if size == len("2026-03-31"):
        return text[:size]
    zone = "Z" if size == len(f"{_MIDNIGHT}Z") else ""
    text = text.removesuffix("Z")
    return f"{text}{_MIDNIGHT[len(text) :]}"[: len(_MIDNIGHT)] + zone


_MIDNIGHT = "2026-03-31T00:00:00.000"
_LOCAL = "local-date-time"


def _bound(text: str, parameter: Parameter, zone: tzinfo | None, *, end: bool) -> str:
    """A bound in the form of the records' times, so that texts compare like times.

    A date stays a date if the records have dates. If they have times, it becomes the first or the
    last instant of its day. A time with an offset is converted to ``zone``, or to UTC.
    """
    if parameter.format == "date":
        return text
    if len(text) == len("2026-03-31"):
        text = f"{text}T{'23:59:59.999' if end else '00:00:00.000'}"
        return f"{text}Z" if parameter.format == "date-time" else text
    moment = read_time(text)
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(zone if parameter.format == _LOCAL else UTC)
        except OverflowError:
            raise ValueError("must be in the years 0001 to 9999") from None
        moment = moment.replace(tzinfo=None)
    shown = moment.isoformat(timespec="milliseconds")
    return f"{shown}Z" if parameter.format == "date-time" else shown


def _as_of(field: str, value: Value | None, now: datetime) -> Step:
    """The records of the last date that is not after ``value``.

    Without a value: not after today in UTC.
    """
    limit = now.astimezone(UTC).date().isoformat() if value is None else str(value)

    def choose(records: Sequence[Record]) -> Sequence[Record]:
        dates = {str(find_value(each, field)) for each in records}
        latest = max((each for each in dates if each <= limit), default=None)
        return [each for each in records if str(find_value(each, field)) == latest]

    def find(table: RecordTable, then: tuple[str, ...]) -> Matches:
        order = Order(_text, (field,), then)
        until = table.between(order, None, limit)
        latest = str(find_value(until[-1], field)) if until else limit
        return Matches([table.between(order, latest, latest)], one_key=True)

    return Step(choose=choose, find=find, looks_at_all=True)


def _text(record: Record, field: str) -> tuple[str]:
    return (str(find_value(record, field)),)


def _quarter_start(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


_PERIODS: Mapping[str, Callable[[date], tuple[date, date]]] = {
    "yesterday": lambda today: (today - timedelta(days=1), today - timedelta(days=1)),
    "thisWeek": lambda today: (today - timedelta(days=today.weekday()), today),
    "thisMonth": lambda today: (today.replace(day=1), today),
    "thisQuarter": lambda today: (_quarter_start(today), today),
    "thisYear": lambda today: (today.replace(month=1, day=1), today),
}
"""First and last day of each period. A week begins on Monday (assumed)."""


def _period(field: str, value: Value, _: Parameter, now: datetime) -> Keep:
    first, last = _days_of(value, now)
    return lambda record: first <= _day(record, field, now.tzinfo)[0] <= last


def _find_period(field: str, value: Value, _: Parameter, now: datetime) -> Find:
    return _between(_day, (field, now.tzinfo), [_days_of(value, now)])


def _day(record: Record, field: str, zone: tzinfo | None) -> tuple[str]:
    return (day_of(str(find_value(record, field) or ""), zone),)


def _days_of(value: Value, now: datetime) -> tuple[str, str]:
    """First and last day of a period. Raises ``ValueError`` for an unknown period."""
    period = _PERIODS.get(str(value))
    if period is None:
        raise ValueError(f"must be {' or '.join(_PERIODS)}, not {spelled(str(value)[:50])}")
    first, last = period(now.date())
    return first.isoformat(), last.isoformat()


def _pairs(field: str, value: Value, _: Parameter, __: datetime) -> Keep:
    """A list of pairs such as ``[["firm", "team"], ["firm"]]``. One of them must fit the record.

    ``field`` names both members of a pair.
    """
    first, _comma, second = field.partition(",")
    pairs = [_without_empty_end(pair) for pair in _read_pairs(str(value))]
    if not all(1 <= len(pair) <= 2 and all(isinstance(x, str) for x in pair) for pair in pairs):
        raise ValueError(_NO_PAIRS)

    def keep(record: Record) -> bool:
        own: list[Any] = [find_value(record, first), find_value(record, second)]
        return any(pair == own[: len(pair)] for pair in pairs)

    return keep


_NO_PAIRS = 'must be an array of pairs such as [["firm","team"],["firm"]]'
_UNQUOTED_PAIR = re.compile(r"\[([^\[\]]*)\]")


def _read_pairs(text: str) -> list[list[Any]]:
    """Reads an array of arrays, as JSON or without quotes, because no page says how it is
    written."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        if not (text.startswith("[[") and text.endswith("]]")):
            raise ValueError(_NO_PAIRS) from None
        inner = _UNQUOTED_PAIR.findall(text)
        return [[part.strip(" \"'") for part in pair.split(",")] for pair in inner]
    if not isinstance(found, list) or not all(isinstance(pair, list) for pair in found):
        raise ValueError(_NO_PAIRS)
    return found


def _without_empty_end(pair: list[Any]) -> list[Any]:
    """The pair without its team, if the team is null or an empty text. A team is optional."""
    return pair[:1] if pair[1:] in ([None], [""]) else pair


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
"""The filter of each ``match``. ``as-of`` is not here, because it looks at all records together."""

_FINDS: Mapping[str, Callable[[str, Value, Parameter, datetime], Find | None]] = {
    "equals": _find_equal,
    "from": _find_from,
    "to": _find_to,
    "period": _find_period,
    "folder": _find_folder,
}
"""For each ``match`` that an order can answer, how to find its records by that order."""
