"""Faults on purpose, until they are over, removed, or reset away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mock_sei.errors import Rejected, UnknownFault
from mock_sei.faults.faults import ArmedFault, FaultRule, check_fault, fault_schema, read_fault
from mock_sei.operations.kinds import MOST_LISTED, Limit
from mock_sei.operations.requests import Request, WholeBody
from mock_sei.values.sendable import json_content

if TYPE_CHECKING:
    from mock_sei.platform import Platform

Identifier = Annotated[int, Field(examples=[1])]


def fault_body() -> dict[str, Any]:
    """The JSON Schema of what can be armed, with what each field does."""
    from mock_sei.operations.schemas import descriptions

    schema, told = fault_schema(), descriptions(FaultRule)
    for name, member in schema["properties"].items():
        member["description"] = told[name]
    return schema


def armed_body() -> dict[str, Any]:
    """The JSON Schema of an armed fault: what was asked for, and what became of it."""
    more = {
        "id": {"type": "integer", "description": "Its number, from 1."},
        "met": {"type": "integer", "description": "How many calls met it."},
        "withdrawn": {
            "type": "boolean",
            "description": "Whether its application was removed before it was over.",
        },
    }
    return {"type": "object", "properties": fault_body()["properties"] | more}


class ListFaults(Request[list[ArmedFault]]):
    """The faults, oldest first, with how often each was met; some of them may be over."""

    limit: Limit = MOST_LISTED
    """How many are listed at most."""
    after: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Only faults with a higher id are listed: the id of the last one that was seen."""

    def perform(self, platform: Platform) -> list[ArmedFault]:
        return platform.faults.page(after=self.after, limit=self.limit)


class AddFault(Request[ArmedFault]):
    """Adds a fault: something goes wrong at the calls, or handshakes, that it describes.

    Raises :class:`~mock_sei.errors.Rejected` naming every field at fault.
    """

    fields: Annotated[
        Mapping[str, Any],
        WholeBody(fault_body),
        Field(examples=[{"operation": "POST /v2/oauthtoken", "status": 503, "times": 2}]),
    ]
    """Which calls meet it, and what goes wrong."""

    def check(self) -> None:
        try:
            json_content(dict(self.fields))
        except ValueError as error:
            check_fault(self.fields)
            raise Rejected({"fault": str(error)}) from None

    def perform(self, platform: Platform) -> ArmedFault:
        return platform.faults.arm(read_fault(self.fields, platform.operations))


class FindFault(Request[ArmedFault]):
    """One fault, with how often it was met. Raises :class:`~mock_sei.errors.UnknownFault`."""

    identifier: Identifier
    """The id of the fault."""

    def perform(self, platform: Platform) -> ArmedFault:
        found = platform.faults.find(self.identifier)
        if found is None:
            raise _unknown(self.identifier)
        return found


class RemoveFault(Request[None]):
    """Removes one fault. Raises :class:`~mock_sei.errors.UnknownFault`."""

    identifier: Identifier
    """The id of the fault."""

    def perform(self, platform: Platform) -> None:
        if not platform.faults.remove(self.identifier):
            raise _unknown(self.identifier)


class ClearFaults(Request[None]):
    """Removes every fault."""

    def perform(self, platform: Platform) -> None:
        platform.faults.clear()


def _unknown(identifier: int) -> UnknownFault:
    return UnknownFault(f"no fault {identifier}; GET /faults lists those there are")
