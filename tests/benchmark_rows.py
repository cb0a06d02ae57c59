"""The names of the benchmark's rows: a quick run prints them, and the history has no others."""

from __future__ import annotations

from performance.benchmarks import hostile, pages, states
from performance.benchmarks.foreign_documents import SLOW_SCHEMAS
from performance.benchmarks.measurements import Size

CPU_OF_ONE = "CPU time of the server for one"


def benchmark_rows(size: Size) -> dict[str, list[str]]:
    """The rows of each table with ratios or targets, in their order, for a size of the run."""
    half = (size.authorizations // 2, size.applications // 2)
    return {
        "speed": [
            "tokens a second, kept-alive two-way TLS",
            "new connection plus token",
            "functional GET of 50 records",
            f"50 of {size.records:,} records under two filters",
            "documents: their paths, at a start",
            "documents: all read whole",
            "cold start to ready, empty certs/",
            "cold start to ready, full certs/",
            "cold start to first token, full certs/",
            f"cold start to ready, added by {size.applications:,} applications",
            "fixture: import, once a process",
            "fixture: start, once imported",
            "fixture: reset",
            "fixture: stop, a client still connected",
            "fixture: start plus stop",
            "in process: the first faults.add, CPU time",
            "in process: a later faults.add, CPU time",
            "in process: clock.advance, CPU time",
            f"in process: journal.find, one of {size.entries:,} entries, CPU time",
            "in process: reset, CPU time",
            "the doctor's command against a healthy server",
            "resident memory, idle",
            f"resident memory, added by {size.tokens:,} unused tokens",
            f"resident memory, added by {size.used_tokens:,} used tokens",
            f"resident memory, added by {size.used_tokens:,} more after the others expired",
        ],
        "suites": [
            "a user's suite: its first token: CPU time that it adds to pytest",
            "a user's suite: one token in each of four workers, pytest -n 4",
            f"a user's suite: {size.suite_tests} tests, a token and two calls each: CPU time",
            "a user's suite that uses no fixture of ours: CPU time",
        ],
        "states": [
            *(f"SQLite: {call}" for call, _, _ in states.CALLS),
            *(f"SQLite: {call}: {CPU_OF_ONE}" for call, _, _ in states.CALLS),
            *(f"SQLite, two workers, 32 connections: {call}" for call, _, _ in states.CALLS),
            "the load generator's share of a core during these loads",
            *(
                f"Redis, {connections}: {call}"
                for connections in ("1 connection", "16 connections")
                for call, _, _ in states.CALLS
            ),
            *(f"Redis, 16 connections: {call}: {CPU_OF_ONE}" for call, _, _ in states.CALLS),
            *(f"two servers on one Redis, 16 connections: {call}" for call, _, _ in states.CALLS),
            *(
                f"start on {many:,} authorizations and {some:,} applications in SQLite"
                for many, some in (half, (size.authorizations, size.applications))
            ),
        ],
        "recorder": [
            "recorder: token request",
            "recorder: functional GET of 50 records",
            "recorder: new connection plus token",
        ],
        "hostile": [
            *(
                f"largest {part}, hostile: {figure}"
                for part in hostile.ATTACKS
                for figure in ("CPU of the slowest", "slowest /health meanwhile")
            ),
            *(
                f"{form} of all these: {figure}"
                for form in hostile.READINGS
                for figure in ("CPU", "slowest /health meanwhile")
            ),
        ],
        "foreign": [
            "a large document in JSON, loaded: CPU time",
            "a large document in JSON, loaded: memory",
            "a large document in YAML, loaded: CPU time",
            "a large document in YAML, loaded: memory",
            "YAML with ten million values by aliases: refused",
            "an unknown path, with 1,200 operations: first",
            "an unknown path, with 1,200 operations: again",
            f"a generated answer, the slowest of {len(SLOW_SCHEMAS)} schemas: first",
            f"a generated answer, the slowest of {len(SLOW_SCHEMAS)} schemas: again",
            "a call with a text that makes patterns backtrack, the slowest",
        ],
        "pages": [
            *(f"page {each}, CPU time" for each in (*pages.PORTAL, *pages.REFERENCE)),
            "the largest of these pages",
        ],
    }
