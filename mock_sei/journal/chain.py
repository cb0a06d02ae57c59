"""The way of a call through the checks: those it passed, the one that refused it, and the rest.

The order is that of ``mock_sei/rules/checks.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mock_sei.rules.checks import CERTIFICATE, EVERY_CALL, KNOWN, TLS, Course
from mock_sei.rules.connection import Connection, Findings

Result = Literal["passed", "refused", "not reached"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckStep:
    """One check on the way of a call or a handshake."""

    check: str
    """Its name."""
    result: Result

    def to_json(self) -> dict[str, str]:
        """The step as the control API returns it."""
        return {"check": self.check, "result": self.result}


def steps_of(
    connection: Connection, tls_version: str | None, findings: Findings, refused_by: str | None
) -> list[CheckStep]:
    """The steps of a call, in their order.

    A check that refused the call is not among those that the call passed, even if an earlier part
    of the check was passed.
    """
    passed = [*_of_connection(connection, tls_version, refused_by), *findings.passed]
    steps = [CheckStep(check=each, result="passed") for each in passed if each != refused_by]
    if refused_by is None:
        return steps
    steps.append(CheckStep(check=refused_by, result="refused"))
    later = _after(findings.course.order, [refused_by, *passed])
    return [*steps, *(CheckStep(check=each, result="not reached") for each in later)]


def _of_connection(
    connection: Connection, tls_version: str | None, refused_by: str | None
) -> Iterator[str]:
    """What the connection of a call has passed. A handshake that failed has no further checks."""
    if tls_version is not None and refused_by not in EVERY_CALL.others[:2]:
        yield TLS
        if connection.certificate is not None:
            yield CERTIFICATE


def _after(order: Sequence[str], seen: Sequence[str]) -> Sequence[str]:
    """The checks that would have followed all those that ran. A check that may come at any time is
    not in the order."""
    places = [order.index(each) for each in seen if each in order]
    return order[max(places) + 1 :] if places else ()


def findings_of(steps: Sequence[CheckStep]) -> tuple[list[str], Course]:
    """The passed checks and the order of a call whose steps were read from JSON."""
    names = [
        (KNOWN.get(each.check, each.check), each.result)
        for each in steps
        if each.check not in EVERY_CALL.order
    ]
    passed = [name for name, result in names if result == "passed"]
    return passed, Course(order=tuple(name for name, _ in names))
