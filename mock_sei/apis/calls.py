"""A functional call that passed all checks of its caller, its answer, and what several actions
share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mock_sei.apis.api_state import ApiState
from mock_sei.apis.bodies import names_of
from mock_sei.apis.collections import Record, find_value
from mock_sei.apis.misfits import shown
from mock_sei.apis.operations import Key, Operation, key_of
from mock_sei.apis.parameters import Value
from mock_sei.apis.patterns import Budget
from mock_sei.apis.spooled import Body
from mock_sei.apis.templates import MISSING, fill
from mock_sei.apis.times import local_text, utc_text
from mock_sei.errors import NOT_AUTHORIZED, NOT_FOUND, InvalidValue, MalformedRequest, Refusal

RECORD_CHECK = "record"
"""The name of the check that refuses a call because a record does not exist."""


@dataclass(frozen=True, kw_only=True)
class ApiCall:
    """One call of an operation, with its values already read and checked."""

    operation: Operation
    values: Mapping[Key, Value]
    url: str
    """The absolute URL of the call, without its query."""
    body: bytes = field(repr=False)
    """Empty if the body is a file: then ``upload`` has it."""
    content_type: str | None
    accept: str
    user: str
    """The end user of the token, or its service account if the token has no end user."""
    now: datetime
    """The time of the call, in the time zone of the records."""
    state: ApiState = field(repr=False)
    budget: Budget = field(default_factory=Budget, repr=False)
    """The time that is left for the document's regular expressions."""
    only_looks: bool = False
    """True for a HEAD request, which changes nothing."""
    notes: list[str] = field(default_factory=list, repr=False)
    """Remarks about the call that its journal entry shows."""
    upload: Body | None = field(default=None, repr=False)
    """The body if it is a file or contains a file."""
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    """The values of each header in their order. The names are in lower case."""

    def names(self, **more: Any) -> dict[str, Any]:
        """The names that a template of the document may use, with their values."""
        return {
            **names_of(self.values, self.operation),
            "now": local_text(self.now),
            "now.utc": utc_text(self.now),
            "today": self.now.date().isoformat(),
            "user": self.user,
            **more,
        }

    def query_values(self) -> dict[str, Value]:
        """The values of the query, without those of the path and headers.

        The links of a list repeat them.
        """
        return {name: value for (place, name), value in self.values.items() if place == "query"}

    def require_record(self) -> Record:
        """The record that the path names.

        Raises a 404 :class:`~mock_sei.errors.Refusal` if there is none.
        """
        rule = self.operation.rule
        name, value = self._key_value()
        for found in self.state.collections.find_all(rule.collection, rule.key, value):
            if self._is_of_the_path(found):
                return found
        raise not_there(self.operation, name, value)

    def _is_of_the_path(self, record: Record) -> bool:
        """Whether the record also fits the other path parameters that name one of its fields."""
        return all(
            str(find_value(record, each.field)) == str(self.values[each.key])
            for each in self.operation.parameters.values()
            if each.place == "path" and each.field is not None
        )

    def known_records(self, body: Any = None) -> dict[str, Record]:
        """The records that the rule's ``known`` values name, by the last part of each value's name.

        Values of the body are looked up only if ``body`` is given. Raises a 404
        :class:`~mock_sei.errors.Refusal` if a value of the path names no record, and
        :class:`~mock_sei.errors.MalformedRequest` for other values.
        """
        found: dict[str, Record] = {}
        faults: list[InvalidValue] = []
        for place, where in self.operation.rule.known.items():
            collection, _, field = where.partition(".")
            value = fill(f"${place}", {**names_of(self.values, self.operation), "body": body})
            part, _, name = place.partition(".")
            parameter = self.operation.parameters.get(key_of(part, name))
            if value is MISSING or (parameter is not None and value == parameter.every):
                continue
            record = self.state.collections.find(collection, field, value)
            if record is not None:
                found[name.rpartition(".")[2]] = record
            elif part == "path":
                raise not_there(self.operation, name, value)
            else:
                reason = f"no record of {collection} has {shown(value)}"
                faults.append(InvalidValue(name, part, reason))
        if faults and "unknown" in self.operation.rule.statuses:
            raise not_authorized(faults)
        if faults:
            raise MalformedRequest(faults)
        return found

    def _key_value(self) -> tuple[str, object]:
        """The name and value of the path parameter that finds the record.

        Usually its field is the rule's key.
        """
        rule = self.operation.rule
        in_path = [each for each in self.operation.parameters.values() if each.place == "path"]
        for each in in_path:
            if each.field == rule.key:
                return each.name, self.values[each.key]
        if in_path:
            return in_path[-1].name, self.values[in_path[-1].key]
        return rule.key, ""


@dataclass(frozen=True, kw_only=True)
class ApiAnswer:
    """The answer to a functional call: JSON, or bytes with their media type."""

    body: Any = None
    status: int = 200
    content: bytes | None = field(default=None, repr=False)
    """The bytes to send. They are set also for a JSON body that was already encoded."""
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """The headers that the operation's document declares for this answer."""


def not_there(operation: Operation, name: str, value: object) -> Refusal:
    """The 404 refusal for a record that the path names and that does not exist."""
    return Refusal(
        NOT_FOUND,
        check=RECORD_CHECK,
        because=f"No record for {operation.name} has the {name} of the path.",
        expected=f"a known {name}",
        actual=str(value),
    )


def not_authorized(faults: Sequence[InvalidValue]) -> Refusal:
    """The refusal for a record that the body names and that does not exist.

    Only for products whose page documents 404 for this case.
    """
    reasons = "; ".join(f"{fault.location} {fault.field}: {fault.reason}" for fault in faults)
    return Refusal(
        NOT_AUTHORIZED,
        check=RECORD_CHECK,
        because=f"{reasons}. The product's page gives 404 for a record that the caller is not "
        "authorized for.",
    )


@dataclass(frozen=True)
class MemberSelection:
    """Selects the members of a record that an answer shows."""

    members: frozenset[str]
    """The members to show. Empty means all."""
    without: frozenset[str]

    def of(self, record: Record) -> Record:
        """The record with only the selected members."""
        members, without = self.members, self.without
        if not members and without.isdisjoint(record):
            return record
        return {
            name: each
            for name, each in record.items()
            if (not members or name in members) and name not in without
        }


def shape_of(call: ApiCall) -> MemberSelection:
    """The members that the operation and the parameters of the call select."""
    rule, values = call.operation.rule, call.values
    members = set(rule.members)
    for parameter in call.operation.find_parameters("section"):
        wanted = values.get(parameter.key)
        if wanted:
            parts = wanted if isinstance(wanted, tuple) else str(wanted).split(",")
            chosen = {str(part).strip() for part in parts} | set(rule.identifiers)
            members = chosen & members if members else chosen
    without = {
        parameter.member
        for parameter in call.operation.find_parameters("include")
        if values.get(parameter.key) not in (True, "true") and parameter.member
    }
    return MemberSelection(frozenset(members), frozenset(without))


def enveloped(body: Any, envelope: str) -> Any:
    """The body inside the envelope that its product uses."""
    if envelope == "none":
        return body
    results = body if isinstance(body, list) else [body]
    return {"data": {"results": results}} if envelope == "results" else {"data": body}
