"""The result of a comparison: as text, as JSON, as JUnit XML, and as a summary without values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET  # nosec B405  # it only writes here

from mock_sei.assumptions.table import ROWS
from mock_sei.assumptions.writing import toml_value
from mock_sei.comparison.accepting import as_toml
from mock_sei.comparison.differences import shown
from mock_sei.comparison.results import Comparison, ComparisonFinding, Outcome

_MOST_SHOWN = 10
"""Exchanges that were not compared, of which the text says why."""


def as_text(found: Comparison) -> str:
    """The report for a person."""
    return "\n".join(_text_lines(found))


def _text_lines(found: Comparison) -> Iterator[str]:
    yield _counts(found)
    for app_key, player in found.players.items():
        yield f"  {app_key} plays as {player}"
    for app_key in found.unknown_keys:
        yield f"  {app_key} was never accepted, so it is unknown here; --map FILE says otherwise"
    if found.changes:
        yield ""
        yield "The real platform has other values than the mock assumes:"
        yield ""
        yield "[assumptions]"
        for row, value in found.changes.items():
            yield f"{row} = {toml_value(value)}  # {_from(found, row)}"
    for row, by in found.hidden.items():
        yield f"{row}: hidden by {by}"
    if found.findings:
        yield ""
        yield "What no assumption covers:"
        for each in found.findings:
            yield ""
            yield from _finding_lines(each)
        yield ""
        yield "To accept these, put them into the file of --accept:"
        yield ""
        yield as_toml(found.findings)
    if found.not_compared:
        yield ""
        yield "Not compared:"
        for number, operation, reason in found.not_compared[:_MOST_SHOWN]:
            yield f"  exchange {number}, {operation}: {reason}"
        more = found.compared.get(Outcome.NOT_COMPARED, 0) - _MOST_SHOWN
        if more > 0:
            yield f"  and {more} more"
    if not found.has_compared:
        yield "Nothing could be compared."
    elif found.is_same:
        yield "The mock answers as the real platform did."


def _from(found: Comparison, row: str) -> str:
    numbers = found.evidence.get(row, ())
    now = found.before.get(row, ROWS[row].default)
    seen = f", seen in exchange {', '.join(map(str, numbers))}" if numbers else ""
    return f"now {toml_value(now)}{seen}"


def _finding_lines(finding: ComparisonFinding) -> Iterator[str]:
    difference = finding.difference
    numbers = ", ".join(map(str, finding.numbers))
    more = f" and {finding.count - len(finding.numbers)} more"
    yield f"  {finding.operation}: {difference.sentence}"
    yield f"    real platform: {shown(difference.theirs)}"
    yield f"    mock: {shown(difference.ours)}, from {finding.source or 'its listener'}"
    yield f"    exchange {numbers}{more if finding.count > len(finding.numbers) else ''}"


def _counts(found: Comparison) -> str:
    count = {each: found.compared.get(each, 0) for each in Outcome}
    return (
        f"{sum(count.values())} exchanges: {count[Outcome.SAME]} the same, "
        f"{count[Outcome.DIFFERENT]} different"
        f"{' with the changes below' if found.changes else ''}, "
        f"{count[Outcome.NOT_COMPARED]} not compared, {count[Outcome.SKIPPED]} skipped"
        f"{f'; {len(found.accepted)} differences accepted' if found.accepted else ''}"
    )


def as_json(found: Comparison) -> str:
    """The report for a program."""
    return json.dumps(
        {
            "same": found.is_same,
            "exchanges": {str(each): found.compared.get(each, 0) for each in Outcome},
            "assumptions": dict(found.changes),
            "evidence": {row: list(found.evidence.get(row, ())) for row in found.changes},
            "hidden": dict(found.hidden),
            "findings": [_finding_json(each) for each in found.findings],
            "accepted": [_finding_json(each) for each in found.accepted],
            "accepted_assumptions": dict(found.accepted_changes),
            "not_compared": [
                {"exchange": number, "operation": operation, "reason": reason}
                for number, operation, reason in found.not_compared
            ],
            "rounds": found.rounds,
        },
        indent=2,
    )


def _finding_json(finding: ComparisonFinding) -> Mapping[str, Any]:
    difference = finding.difference
    return {
        "operation": finding.operation,
        "what": str(difference.kind),
        "where": difference.where,
        "theirs": difference.theirs,
        "ours": difference.ours,
        "source": finding.source,
        "exchanges": list(finding.numbers),
        "count": finding.count,
    }


def as_junit(found: Comparison) -> str:
    """A JUnit report: a test case for each operation, and one for the assumptions."""
    suite = ET.Element("testsuite", name="mock-sei compare")
    failed = 0
    if found.changes:
        failed += 1
        case = ET.SubElement(suite, "testcase", classname="assumptions", name="assumptions")
        failure = ET.SubElement(
            case, "failure", message=f"{len(found.changes)} assumptions are different"
        )
        failure.text = _valid(
            "\n".join(f"{row} = {toml_value(each)}" for row, each in found.changes.items())
        )
    by_operation: dict[str, list[ComparisonFinding]] = {}
    for each in found.findings:
        by_operation.setdefault(each.operation, []).append(each)
    skipped = 0
    for operation, outcomes in found.operations.items():
        case = ET.SubElement(
            suite, "testcase", classname="mock-sei compare", name=_valid(operation)
        )
        findings = by_operation.get(operation, [])
        if findings:
            failed += 1
            failure = ET.SubElement(case, "failure", message=f"{len(findings)} differences")
            failure.text = _valid(
                "\n".join(line for each in findings for line in _finding_lines(each))
            )
        elif not outcomes.keys() & {Outcome.SAME, Outcome.DIFFERENT}:
            skipped += 1
            ET.SubElement(case, "skipped", message="not compared")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failed))
    suite.set("errors", "0")
    suite.set("skipped", str(skipped))
    suite.set("time", "0")
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def _valid(text: str) -> str:
    """The text without characters that XML does not have."""
    return "".join(each if each.isprintable() or each == "\n" else "�" for each in text)


def summary(found: Comparison) -> str:
    """A summary for an issue, without any value of the recording."""
    return "\n".join(_summary_lines(found)) + "\n"


def _summary_lines(found: Comparison) -> Iterator[str]:
    yield "# mock-sei compare"
    yield ""
    yield _counts(found)
    if found.changes:
        yield ""
        yield "Assumptions that are different:"
        yield ""
        yield from (f"- `{row}`" for row in found.changes)
    if found.hidden:
        yield ""
        yield from (f"- `{row}` is hidden by `{by}`" for row, by in found.hidden.items())
    for title, findings in (("Findings", found.findings), ("Accepted", found.accepted)):
        if findings:
            yield ""
            yield f"{title}:"
            yield ""
            for each in findings:
                where = each.difference.where
                place = f" `{where}`" if where else ""
                times = f"{each.count} time{'' if each.count == 1 else 's'}"
                yield f"- `{each.operation}`: {each.difference.kind}{place}, {times}"


FORMATS = {"text": as_text, "json": as_json, "junit": as_junit}
