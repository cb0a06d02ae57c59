"""All checks in their order, and the report as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict

from mock_sei.doctor.answers import check_answer
from mock_sei.doctor.configuration import check_client, check_credentials, check_url
from mock_sei.doctor.environment import ENVIRONMENT_CHECKS
from mock_sei.doctor.files import check_ca_file, check_certificate_file
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.identity import (
    check_chain,
    check_dates,
    check_issuer,
    check_name,
    check_purpose,
    check_strength,
)
from mock_sei.doctor.key_files import check_key_file
from mock_sei.doctor.network import check_clock, check_connection, check_handshake
from mock_sei.doctor.observed import Observed
from mock_sei.doctor.server import check_host, check_trust
from mock_sei.doctor.setup import Setup

SETUP_CHECKS: Sequence[Callable[[Setup], Iterator[Finding]]] = (
    check_url,
    check_ca_file,
    check_certificate_file,
    check_key_file,
    check_dates,
    check_name,
    check_issuer,
    check_purpose,
    check_strength,
    check_chain,
    check_client,
    check_credentials,
    *ENVIRONMENT_CHECKS,
)
"""Checks of the client's configuration; they do not connect."""

NETWORK_CHECKS: Sequence[Callable[[Setup, Observed], Iterator[Finding]]] = (
    check_connection,
    check_trust,
    check_host,
    check_handshake,
    check_clock,
    check_answer,
)
"""Checks of the results of the connections."""

MARKS = {Level.RIGHT: "\u2713", Level.PROBLEM: "\u2717", Level.HINT: "!", Level.NOTE: "-"}
ASCII_MARKS = {Level.RIGHT: "ok", Level.PROBLEM: "XX", Level.HINT: "!!", Level.NOTE: "--"}
_WIDTH = 20


def examine(setup: Setup, observe: Callable[[Setup], Observed]) -> list[Finding]:
    """The findings of all checks, in the order of the checks.

    ``observe`` connects; it is called only if the URL has a host.
    """
    findings = [finding for check in SETUP_CHECKS for finding in check(setup)]
    if setup.target.host and setup.target.scheme == "https":
        seen = observe(setup)
        findings += [finding for check in NETWORK_CHECKS for finding in check(setup, seen)]
    return findings


def exit_status(setup: Setup, findings: Sequence[Finding]) -> int:
    """The exit status: 0 without problems, 1 with problems, 2 if a given file cannot be read."""
    if setup.has_unreadable_file:
        return 2
    return int(any(each.level is Level.PROBLEM for each in findings))


def as_text(findings: Sequence[Finding], *, encoding: str, verbose: bool) -> str:
    """The report as text, in ASCII if the terminal's encoding has no check mark."""
    marks = MARKS if _can_write(encoding, "".join(MARKS.values())) else ASCII_MARKS
    lines = [
        line
        for finding in findings
        if verbose or not finding.detail
        for line in _lines(finding, marks)
    ]
    lines += ["", _summary(findings)]
    return "\n".join(lines).encode(encoding, "backslashreplace").decode(encoding)


def as_json(findings: Sequence[Finding]) -> str:
    """The report as JSON."""
    return json.dumps({"findings": [asdict(each) for each in findings]}, indent=2)


def _lines(finding: Finding, marks: Mapping[Level, str]) -> Iterator[str]:
    mark = marks[finding.level]
    first, *more = finding.what.splitlines()
    name = f"  [{finding.name}]" if finding.name else ""
    yield f"{mark} {finding.check:<{_WIDTH}}{first}{name}"
    details = [("", line) for line in more]
    for label in ("expected", "actual"):
        value = getattr(finding, label)
        if value:
            details.append((label, value))
    for number, line in enumerate((finding.cure or "").splitlines()):
        details.append(("do" if number == 0 else "", line))
    for label, value in details:
        yield f"    {label:<{_WIDTH - 2 + len(mark) - 1}}{value}".rstrip()


def _summary(findings: Sequence[Finding]) -> str:
    counted = [
        (sum(each.level is level for each in findings), word)
        for level, word in ((Level.PROBLEM, "problem"), (Level.HINT, "hint"))
    ]
    told = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count]
    return f"{', '.join(told)}." if told else "No problem was found."


def _can_write(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
