"""Reads a functional call's parameters and converts them to typed values.

Refuses each wrong one with a reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, unquote_plus

from mock_sei.apis.bodies import is_json, parse_json
from mock_sei.apis.formats import is_date
from mock_sei.apis.misfits import find_misfits, shown
from mock_sei.apis.operations import FORM, QUERYSTRING, Key, Operation, Parameter, is_truth
from mock_sei.apis.patterns import Budget
from mock_sei.apis.references import Document
from mock_sei.apis.styles import Tree, deep_tree
from mock_sei.apis.times import read_time
from mock_sei.apis.typed_texts import Check, Texts, with_place
from mock_sei.apis.ways import is_nested, ways_of
from mock_sei.assumptions.groups import RequestRules
from mock_sei.errors import InvalidValue, MalformedRequest
from mock_sei.reasons.names import find_meant
from mock_sei.rules.connection import Findings

USUAL_RULES = RequestRules()
NO_NAMES: Mapping[str, str | None] = {}

Value = str | int | float | bool | tuple[Any, ...] | dict[str, Any] | None

_LARGEST_OF_RECORDS = 2**63
"""The limit for integers of parameters that page or select records."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_parameters(
    operation: Operation,
    *,
    query: str,
    path: Mapping[str, str],
    headers: Mapping[str, Sequence[str]],
    findings: Findings,
    budget: Budget,
    form: str = "",
    rules: RequestRules = USUAL_RULES,
    names: Mapping[str, str | None] = NO_NAMES,
) -> dict[Key, Value]:
    """The values of the documented parameters.

    Unknown parameters are ignored and noted for the journal, unless ``rules`` refuses them.
    ``names`` has names of the query on the wire that are not those of the documents. A value that
    is not in a parameter's open list (``values``) counts as not sent, and is noted too. ``headers``
    has the values of each header by its name in lower case. ``form`` is a form-encoded body. Raises
    :class:`MalformedRequest`.
    """
    faults: list[InvalidValue] = []
    values: dict[Key, Value] = {}
    wrong: set[Key] = set()
    unknown: list[tuple[str, str]] = []
    for parameter, given in _sent(operation, query, form, path, headers, names, unknown):
        key, sent = parameter.key, _once(parameter, given, rules, operation)
        listed = _as_listed(parameter, sent, findings)
        if listed is None:
            wrong.add(key)
            continue
        try:
            value = typed(parameter, listed, operation, budget)
        except ValueError as error:
            faults.append(InvalidValue(parameter.name, parameter.place, str(error)))
            wrong.add(key)
            continue
        if not _picks_nothing(value) or operation.rule.action == "example":
            values[key] = value
        elif parameter.place == "path":
            values[key] = listed.texts[0]
        else:
            wrong.add(key)
    if rules.unknown_parameter == "ignore":
        _note_unknown([name for name, _ in unknown], operation, findings)
    else:
        faults += [InvalidValue(name, place, _NO_SUCH) for name, place in unknown[:_MOST_NOTES]]
    if any(
        values.get(each.key) in (False, "false") for each in operation.find_parameters("validate")
    ):
        findings.notes += [f"{each.field} {each.reason}; ignored, unvalidated" for each in faults]
        faults.clear()
    present = set(values)
    for key, default in operation.defaults.items():
        values.setdefault(key, default)
    faults.extend(_missing(operation, values, present, wrong))
    if faults:
        raise MalformedRequest(faults)
    return values


def _picks_nothing(value: Value) -> bool:
    """Whether the value is or contains an object. Records are never compared with objects."""
    parts = value if isinstance(value, tuple) else (value,)
    return any(isinstance(each, dict | list) for each in parts)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What the client sent for one parameter."""

    texts: Sequence[str] = ()
    """The values under the parameter's own name."""
    pieces: Sequence[str] = ()
    """The parts of a single value, if some separators in it were percent-encoded and so belong to
    the parts."""
    deep: Sequence[tuple[str, str]] = ()
    """For each name such as ``filter[a]``: the part behind the parameter's name, and the value."""
    members: Mapping[str, Sequence[str]] | None = None
    """The values under the names of the parameter's members."""

    def tree(self) -> Tree:
        """The sent texts in the structure of the parameter. Raises ``ValueError``."""
        if self.deep:
            return deep_tree(self.deep)
        return self.texts if self.members is None else self.members


_MOST_NOTES = 20
"""How many unknown parameters of a call are named."""
_NO_SUCH = "the operation has no such parameter"


def _once(parameter: Parameter, sent: Sent, rules: RequestRules, operation: Operation) -> Sent:
    """What counts of a parameter that came several times and takes one value."""
    if rules.repeated_parameter == "refuse" or len(sent.texts) < 2:
        return sent
    if parameter.place not in ("query", FORM) or parameter.type == "array":
        return sent
    if any(each.wants("array") for each in ways_of(operation.document, parameter.schema)):
        return sent
    place = 0 if rules.repeated_parameter == "first" else -1
    return replace(sent, texts=[sent.texts[place]])


def _sent(
    operation: Operation,
    query: str,
    form: str,
    path: Mapping[str, str],
    headers: Mapping[str, Sequence[str]],
    names: Mapping[str, str | None],
    unknown: list[tuple[str, str]],
) -> Iterable[tuple[Parameter, Sent]]:
    """What was sent for each parameter. ``unknown`` gets names and places of what belongs to no
    parameter."""
    for name, text in path.items():
        yield operation.parameters["path", name], Sent(texts=[text])
    places: dict[str, dict[str, list[str]]] = {}
    whole = operation.querystring
    if whole is not None and query:
        yield whole, _whole(whole, query)
    for place, name, text in _pairs("" if whole else query, form):
        own = names.get(name, name) if place == "query" else name
        if own is None:
            unknown.append((name, place))
        else:
            places.setdefault(place, {}).setdefault(own, []).append(text)
    for name, text in _cookies(headers.get("cookie", ()), operation):
        places.setdefault("cookie", {}).setdefault(name, []).append(text)
    for place, pairs in places.items():
        found, left = gathered(operation.by_place.get(place, ()), pairs, operation.document)
        yield from (_in_pieces(each, sent, query) for each, sent in found)
        if place != "cookie":  # a browser also sends cookies of other applications
            unknown += [(name, place) for name in left]
    for name, parameter in operation.header_parameters.items():
        if name in headers:
            yield parameter, Sent(texts=_of_header(headers[name], parameter, operation.document))


def _whole(parameter: Parameter, query: str) -> Sent:
    """The whole query: the fields of a form, or a text of another media type."""
    if parameter.content is not None:
        return Sent(texts=[unquote(query)])
    return Sent(members=parse_qs(query, keep_blank_values=True))


def gathered(
    wanted: Sequence[Parameter], pairs: Mapping[str, Sequence[str]], document: Document
) -> tuple[list[tuple[Parameter, Sent]], Sequence[str]]:
    """What was sent for the parameters of one place, and the sent names that belong to none of
    them."""
    named = {
        each.name: each
        for each in wanted
        if each.is_quick or not _is_member_of_itself(each, document)
    }
    found = [(named[name], Sent(texts=texts)) for name, texts in pairs.items() if name in named]
    taken = {each.name for each, _ in found}
    left = [name for name in pairs if name not in taken]
    if not left:
        return found, left
    others = [each for each in wanted if each.name not in taken and each.content is None]
    deep: dict[str, list[str]] = {}
    for name in left:
        root, bracket, rest = name.partition("[")
        if bracket and rest.endswith("]"):
            deep.setdefault(root, []).append(name)
    scattered = []
    for each in others:
        if each.spelling.is_deep and each.name in deep:
            names = deep[each.name]
            taken.update(names)
            inner = [(name[len(each.name) :], text) for name in names for text in pairs[name]]
            found.append((each, Sent(deep=inner)))
        elif each.spelling.is_scattered:
            members = _ObjectMembers.of(document, each.schema)
            if members is not None:
                scattered.append((each, members))
    own = {name for name in left if name not in taken}
    for each, members in scattered:
        names = [name for name in left if name in own and members.has(name)]
        taken.update(names)
        if names:
            found.append((each, Sent(members={name: pairs[name] for name in names})))
    return found, [name for name in left if name not in taken]


def _is_member_of_itself(parameter: Parameter, document: Document) -> bool:
    """Whether a value under the parameter's own name is one of the object's members.

    In the ``form`` style an object's own name does not occur.
    """
    if parameter.content is not None or not parameter.spelling.is_scattered:
        return False
    members = _ObjectMembers.of(document, parameter.schema)
    return members is not None and members.has(parameter.name)


def takes_any_member(parameter: Parameter, document: Document) -> bool:
    """Whether an object may have members that its schema does not name."""
    members = _ObjectMembers.of(document, parameter.schema)
    return members is None or members.takes_others


@dataclass(frozen=True, kw_only=True)
class _ObjectMembers:
    """The members of an object that are sent under their own names."""

    names: frozenset[str]
    takes_others: bool
    """Whether the schema allows members that it does not name."""

    @classmethod
    def of(cls, document: Document, schema: Any) -> _ObjectMembers | None:
        """The members that a schema of an object allows. None if it does not describe an object."""
        ways = [
            each
            for each in ways_of(document, schema)
            if not each.is_open and "object" in each.kinds
        ]
        if not ways:
            return None
        names = frozenset(name for each in ways for name in each.members)
        others = not names or any(each.others is not None or each.patterned for each in ways)
        return cls(names=names, takes_others=others)

    def has(self, name: str) -> bool:
        return self.takes_others or name in self.names


def _in_pieces(parameter: Parameter, sent: Sent, query: str) -> tuple[Parameter, Sent]:
    """Adds the parts of a query value. A comma that was sent as %2C belongs to a part."""
    mark = _MARKS.get(parameter.spelling.style)
    if parameter.place != "query" or parameter.spelling.explode or mark is None:
        return parameter, sent
    if len(sent.texts) != 1 or f"%{ord(mark):02X}" not in query.upper():
        return parameter, sent
    pairs = (each.partition("=") for each in query.split("&"))
    raw = next((value for name, _, value in pairs if unquote_plus(name) == parameter.name), "")
    pieces = [unquote_plus(each) for each in raw.split(mark)] if mark in raw else ()
    return parameter, replace(sent, pieces=pieces)


_MARKS = {"form": ",", "pipeDelimited": "|"}


def _cookies(headers: Sequence[str], operation: Operation) -> Iterator[tuple[str, str]]:
    """Names and values of the cookies (RFC 6265 section 4.2.1). Unknown cookies are included."""
    if not operation.cookies:
        return
    plain = {each.name for each in operation.cookies if each.style == "cookie"}
    whole = {each.name for each in operation.cookies if not _has_parts(each, operation)}
    is_any_whole = len(whole) == len(operation.cookies)
    for pair in (pair.strip() for header in headers for pair in header.split(";")):
        # RFC 6570 writes & between the parts of an exploded value, and some clients do so.
        is_whole = is_any_whole or pair.partition("=")[0] in whole
        for each in (pair,) if is_whole or not _ANOTHER_PART.search(pair) else pair.split("&"):
            name, equals, value = each.partition("=")
            if equals:
                value = value[1:-1] if _IN_QUOTES.fullmatch(value) else value
                yield unquote(name), value if name in plain else unquote(value)


def _has_parts(parameter: Parameter, operation: Operation) -> bool:
    """Whether a cookie is an array or an object whose parts are sent under their own names."""
    if parameter.content is not None or not parameter.spelling.explode:
        return False
    return parameter.style != "cookie" and is_nested(operation.document, parameter.schema)


_ANOTHER_PART = re.compile("&[^&=]+=")
_IN_QUOTES = re.compile('"[^"]*"')


def _of_header(texts: Sequence[str], parameter: Parameter, document: Document) -> Sequence[str]:
    """A header value without the blanks behind the commas of a list (RFC 9110 section 5.6.1)."""
    if parameter.content is not None or not any("," in each for each in texts):
        return texts
    ways = ways_of(document, parameter.schema)
    if not any(each.wants("array") or each.wants("object") for each in ways):
        return texts
    return [",".join(part.strip() for part in each.split(",")) for each in texts]


def _note_unknown(names: Sequence[str], operation: Operation, findings: Findings) -> None:
    findings.notes += [
        f"{operation.name} has no parameter {name}; ignored{_meant(name, operation)}"
        for name in names[:_MOST_NOTES]
    ]
    if len(names) > _MOST_NOTES:
        more = len(names) - _MOST_NOTES
        findings.notes.append(
            f"{operation.name} has no parameters of {more} further names; ignored"
        )


def _meant(name: str, operation: Operation) -> str:
    """The name of the most similar parameter, as the end of a sentence."""
    known = [each.name for each in operation.parameters.values() if each.place in ("query", FORM)]
    found = find_meant(known, [name])
    return f" (did you mean {found[1]}?)" if found else ""


def _pairs(query: str, form: str) -> Iterable[tuple[str, str, str]]:
    """Place, name and value of each pair in a query and a form.

    Raises :class:`MalformedRequest`.
    """
    for name, text in parse_qsl(query, keep_blank_values=True):
        yield "query", name, text
    if not form:
        return
    try:
        fields = parse_qsl(
            form, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise MalformedRequest([InvalidValue("", FORM, f"not a form: {error}")]) from None
    for name, text in fields:
        yield FORM, name, text


MOST_FIELDS = 100
"""The most fields of a form."""


def _as_listed(parameter: Parameter, sent: Sent, findings: Findings) -> Sent | None:
    """The value as the parameter's list spells it, regardless of upper and lower case.

    If the value has several parts with commas, only the parts of an open list are kept. None if no
    part is in the open list.
    """
    spellings = parameter.spellings
    if not spellings or (len(sent.texts) > 1 and parameter.type != "array"):
        return sent
    text = ",".join(sent.texts)
    parts = text.split(",") if parameter.type == "array" or parameter.use == "section" else [text]
    known = [spellings.get(each.strip().casefold()) for each in parts]
    if not parameter.values:  # a closed list: later checks refuse other values
        read = ",".join(found or each for found, each in zip(known, parts, strict=True))
        if read != text and is_truth(parameter.schema):
            findings.notes.append(f"{parameter.name} is read as {read}, as the pages write it")
        return Sent(texts=[read])
    if None in known:
        listed = ", ".join(parameter.values)
        findings.notes.append(
            f"{parameter.name} has a value that is not known here; the call is answered as if that "
            f"value had not been sent. Known values: {listed[:_LONGEST_LIST]}"
        )
    kept = list(filter(None, known))
    return Sent(texts=[",".join(kept)]) if kept else None


_LONGEST_LIST = 500
"""The most characters of a list of values in a note."""


def _missing(
    operation: Operation, values: Mapping[Key, Value], sent: Set[Key], wrong: Set[Key]
) -> Iterable[InvalidValue]:
    """The required parameters that are missing.

    A default counts as sent, but does not make another parameter required. The parameters in
    ``wrong`` are skipped, because their values are already refused.
    """
    for parameter in operation.required_parameters:
        if parameter.key not in values and parameter.key not in wrong:
            yield InvalidValue(parameter.name, parameter.place, "required and missing")
    for group in operation.rule.requires:
        condition, _, wanted = group[0].rpartition("?")
        if condition and operation.find_key(condition) not in sent:
            continue
        names = [wanted, *group[1:]]
        keys = [operation.find_key(each) for each in names]
        if not any(each in values or each in wrong for each in keys):
            because = f" with {condition}" if condition else ""
            yield InvalidValue(names[0], "query", f"{' or '.join(names)} is required{because}")


def typed(parameter: Parameter, sent: Sent, operation: Operation, budget: Budget) -> Value:
    """The typed value of a parameter. Raises ``ValueError`` with a reason for ``errors[]``."""
    if parameter.every is not None and list(sent.texts) == [parameter.every]:
        return parameter.every
    document = operation.document
    if parameter.content is not None:
        return _of_media_type(parameter, sent, document, budget)
    of_records = document.lenient or operation.rule.action != "example"
    is_quick = parameter.is_quick_of_records if of_records else parameter.is_quick
    is_form = parameter.place == QUERYSTRING
    reader = Texts(
        document=document,
        budget=budget,
        spelling=parameter.spelling,
        checks=_CHECKS[of_records],
        largest=_LARGEST_OF_RECORDS if of_records else None,
        is_strict=not of_records,
        is_query=parameter.place == "query",
        nested_is_open=not (of_records or parameter.spelling.is_deep or is_form),
        pieces=sent.pieces,
    )
    problem: ValueError | None = None
    for each in _readings(parameter, sent):
        try:
            tree = each.tree()
            if isinstance(tree, Sequence):
                tree = parameter.spelling.bare(tree)
            value = reader.read(tree, parameter.schema, is_quick=is_quick)
        except ValueError as error:
            problem = problem or error
        else:
            return tuple(value) if isinstance(value, list) else value
    if parameter.may_be_empty and list(sent.texts) == [""]:
        return ""
    raise problem or ValueError("cannot be read")


def _readings(parameter: Parameter, sent: Sent) -> Iterator[Sent]:
    """What the client may have meant: first exactly what it sent."""
    yield sent
    if parameter.is_reserved and any(" " in each for each in sent.texts):
        yield replace(sent, texts=[each.replace(" ", "+") for each in sent.texts])


def _of_media_type(parameter: Parameter, sent: Sent, document: Document, budget: Budget) -> Value:
    """A value with a media type of its own: a JSON text, or any text (OpenAPI 3.1.1 section
    4.8.12.2.2)."""
    if len(sent.texts) > 1:
        raise ValueError("given more than once")
    text = sent.texts[0]
    if not is_json(parameter.content):
        return text
    if parameter.place == "cookie" and not text.startswith(tuple("{[")):
        text = _unquoted_json(text)
    try:
        value: Any = parse_json(text.encode(errors="replace"))
    except MalformedRequest as error:
        raise ValueError(f"must be JSON: {error.faults[0].reason}") from None
    for each in find_misfits(document, parameter.schema, value, budget):
        raise ValueError(with_place(each.place, each.reason))
    return tuple(value) if isinstance(value, list) else value


def _unquoted_json(text: str) -> str:
    """A cookie's value without its quotes, unless they belong to a JSON text (RFC 6265)."""
    try:
        parse_json(text.encode(errors="replace"))
    except MalformedRequest:
        return json.dumps(text)
    return text


def _any_date(text: str, *, is_good: Callable[[str], bool] = is_date) -> None:
    if not is_good(text):
        raise ValueError(f"must be a date such as 2026-03-31, not {shown(text)}")


def _date(text: str) -> None:
    """Checks a date that records can have. Python's calendar begins with the year 1."""
    _any_date(text, is_good=lambda each: is_date(each) and not each.startswith("0000"))


def _date_or_time(text: str) -> None:
    """Checks a date, or a time with or without an offset.

    Source: the investor pages give times without an offset. The pages of accounts, end clients and
    trade status give ISO 8601 in UTC.
    """
    try:
        if _DATE.fullmatch(text):
            _date(text)
        else:
            read_time(text)
    except ValueError:
        raise ValueError(
            "must be a date or a time of ISO 8601, such as 2026-03-31, 2026-03-31T09:30:00.000 or "
            f"2026-03-31T13:30:00Z, not {shown(text)}"
        ) from None


_CHECKS: Mapping[bool, Mapping[str, Check]] = {
    False: {"date": _any_date, "local-date-time": _date_or_time},
    True: {"date": _date, "local-date-time": _date_or_time, "date-time": _date_or_time},
}
"""The formats that are checked here, by whether the operation works on records. The vendor's pages
write times in several ways, and a date may stand for a time."""
