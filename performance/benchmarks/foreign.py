"""Measures users' own documents: loading, calls and answers, with the most expensive documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from performance.benchmarks.foreign_documents import (
    BACKTRACKING,
    large_document,
    many_operations,
    patterned,
    slow_answers,
    with_aliases,
    write_json,
    write_yaml,
)
from performance.benchmarks.memory import MEGABYTE
from performance.benchmarks.processes import Runner
from performance.benchmarks.table import MEMORY, MILLISECONDS, SECONDS, Against, Limit, Row

READER = "PyYAML's own loader"
"""The comparison: it only reads the same YAML."""

_OPERATIONS = 1_200


def foreign(runner: Runner, *, rounds: int, size: int) -> Iterator[Row]:
    """The rows of the table. ``size`` is the size of the large documents in bytes."""
    folder = runner.folder / "foreign"
    folder.mkdir()
    in_json = write_json(folder / "json", large_document(size * 9 // 10))
    yield from _loads(runner, "JSON", in_json, rounds)
    in_yaml = write_yaml(folder / "yaml", large_document(size * 5 // 4))  # the YAML text is shorter
    yield from _loads(runner, "YAML", in_yaml, rounds)
    aliases = folder / "aliases"
    aliases.mkdir()
    (aliases / "own.yaml").write_text(with_aliases(), encoding="utf-8")
    refused = [runner.foreign("refused", aliases)["seconds"] * 1000 for _ in range(rounds)]
    yield Row(
        measured="YAML with ten million values by aliases: refused",
        form=MILLISECONDS,
        ours=refused,
        targets=[Limit(words="under 50 ms", at_most=50)],
    )
    many = write_json(folder / "many", many_operations(_OPERATIONS))
    found = [runner.foreign("misses", many) for _ in range(rounds)]
    for when in ("first", "again"):
        yield Row(
            measured=f"an unknown path, with {_OPERATIONS:,} operations: {when}",
            form=MILLISECONDS,
            ours=[each[when] * 1000 for each in found],
            targets=[Limit(words="under 2 ms", at_most=2)],
        )
    slow = folder / "slow"
    slow.mkdir()
    for number, each in enumerate(slow_answers()):
        write_json(slow / f"{number:02}", each)
    found = [runner.foreign("answers", slow) for _ in range(rounds)]
    for when, most in (("first", 50), ("again", 1)):
        yield Row(
            measured=f"a generated answer, the slowest of {len(slow_answers())} schemas: {when}",
            form=MILLISECONDS,
            ours=[each[when] * 1000 for each in found],
            targets=[Limit(words=f"under {most} ms", at_most=most)],
        )
    backtracking = folder / "backtracking"
    backtracking.mkdir()
    for number, pattern in enumerate(BACKTRACKING):
        write_json(backtracking / str(number), patterned(pattern))
    yield Row(
        measured="a call with a text that makes patterns backtrack, the slowest",
        form=MILLISECONDS,
        ours=[runner.foreign("patterns", backtracking)["slowest"] * 1000 for _ in range(rounds)],
        targets=[Limit(words="under 120 ms", at_most=120)],
    )


def _loads(runner: Runner, kind: str, folder: Path, rounds: int) -> Iterator[Row]:
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(runner.foreign("load", folder))
        if kind == "YAML":
            theirs.append(runner.foreign("reader", folder))
    limits: dict[str, tuple[str, float, Sequence[Limit]]] = {
        "seconds": (SECONDS, 1, [Limit(words="under 2 s", at_most=2)]),
        "bytes": (MEMORY, 1 / MEGABYTE, [Limit(words="under 150 MB", at_most=150)]),
    }
    against = [Against(words="at most 1.2 of the reader", names=[READER], at_most=1.2)]
    for figure, (form, unit, limit) in limits.items():
        what = "CPU time" if figure == "seconds" else "memory"
        yield Row(
            measured=f"a large document in {kind}, loaded: {what}",
            form=form,
            ours=[each[figure] * unit for each in ours],
            others={READER: [each[figure] * unit for each in theirs]} if theirs else {},
            targets=against if theirs else limit,
        )
