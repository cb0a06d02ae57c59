"""Measures one use of users' documents.

Run as ``python -m performance.benchmarks.foreign_life WHAT FOLDER``. It prints JSON. Times are
CPU time. Memory is the growth of the process's largest resident set.
"""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mock_sei.apis.documents import Catalogue

Figures = dict[str, float]


def load(folder: Path) -> Figures:
    """Loads the documents of a folder as a start does."""
    _import_all()
    from mock_sei.apis.documents import Catalogue
    from mock_sei.fixtures import load_fixtures

    load_fixtures()

    def work() -> None:
        catalogue = Catalogue((), load_fixtures(apis=folder).brought)
        assert catalogue.operations
        assert not catalogue.costs
        assert not catalogue.unchecked

    return _cost(work)


def reader(folder: Path) -> Figures:
    """Only reads the file with PyYAML's own loader, written in C."""
    import yaml

    text = (folder / "own.yaml").read_text(encoding="utf-8")
    return _cost(lambda: yaml.load(text, yaml.CSafeLoader))


def refused(folder: Path) -> Figures:
    """Loads a document that is refused because its aliases make too many values."""
    _import_all()
    from mock_sei.fixtures import load_fixtures

    load_fixtures()

    def work() -> None:
        (problem,) = load_fixtures(apis=folder).problems
        assert "its aliases make more than" in problem

    return _cost(work)


def misses(folder: Path) -> Figures:
    """Calls unknown paths. The slowest of them counts, at its first call and at later calls."""
    catalogue = _catalogue(folder)
    from mock_sei.errors import Refusal

    def miss(path: str) -> float:
        began = time.process_time()
        with contextlib.suppress(Refusal):
            catalogue.find("GET", path)
        return time.process_time() - began

    paths = (
        "/v1/area3/collections/thingz3/7/members",
        "/nowhere",
        "/v2/area7/collections/things12/12/member",
        f"/v1/area3/collections/{'things/' * 400}",
    )
    first = miss(paths[0])
    again = max(sorted(miss(path) for _ in range(9))[4] for path in paths)
    return {"first": first, "again": again}


def answers(folder: Path) -> Figures:
    """Generates answers, one document each. The slowest counts, at first and at the second call."""
    costs = []
    for path in sorted(folder.iterdir()):
        call = _caller(_catalogue(path))
        gc.freeze()  # as `mock-sei serve` does
        again = partial(call, "GET", "/a")
        costs.append((_seconds(again), _seconds(again)))
    return {"first": max(first for first, _ in costs), "again": max(again for _, again in costs)}


def patterns(folder: Path) -> Figures:
    """Calls operations with texts that make a pattern backtrack. The slowest call counts."""
    texts = ("a" * 28 + "b", "a" * 5_000 + "b")
    costs: list[float] = []
    for path in sorted(folder.iterdir()):
        call = _caller(_catalogue(path))
        for text in texts:
            names = ",".join(f'"{text}{each}":1' for each in range(50))
            calls = (
                partial(call, "POST", f"/a/{text}"),
                partial(call, "POST", "/a/aa", query=f"q={text}"),
                partial(call, "POST", "/a/aa", headers={"h": [text]}),
                partial(call, "POST", "/a/aa", body=f'{{"a":"{text}"}}'),
                partial(call, "POST", "/a/aa", body=f"{{{names}}}"),
            )
            costs += map(_seconds, calls)
    return {"slowest": max(costs)}


def _catalogue(folder: Path) -> Catalogue:
    _import_all()
    from mock_sei.apis.documents import Catalogue
    from mock_sei.fixtures import load_fixtures

    return Catalogue((), load_fixtures(apis=folder).brought)


def _caller(catalogue: Catalogue) -> Callable[..., None]:
    """A function that calls an operation without HTTP. A refusal counts as an answer."""
    from mock_sei.apis.answering import ApiRequest, answer
    from mock_sei.apis.api_state import ApiState
    from mock_sei.apis.collections import Collections
    from mock_sei.apis.jobs import Jobs
    from mock_sei.apis.times import find_zone
    from mock_sei.errors import Refusal
    from mock_sei.rules.connection import Findings
    from mock_sei.web.refusals import JsonResponse

    random = Random(1)  # noqa: S311
    zone = find_zone("America/New_York")
    state = ApiState(collections=Collections({}), jobs=Jobs(random), random=random, zone=zone)

    def call(
        method: str,
        path: str,
        query: str = "",
        headers: Mapping[str, list[str]] | None = None,
        body: str = "",
    ) -> None:
        operation, values = catalogue.find(method, path)
        request = ApiRequest(
            operation=operation,
            path=values,
            query=query,
            headers={"content-type": ["application/json"], **(headers or {})},
            body=body.encode(),
            url=f"https://localhost{path}",
            user="svc-demo",
            findings=Findings(),
        )
        with contextlib.suppress(Refusal):
            found = answer(request, state, datetime.now(UTC))
            if found.content is None:
                JsonResponse(found.body)

    return call


_LATE = (
    "mock_sei.web.apis",
    "mock_sei.apis.merged",
    "mock_sei.apis.product_reading",
    "mock_sei.values.core_yaml",
    "jsonpatch",
    "jsonpointer",
    "jsonschema_rs",
    "re2",
    "regex",
)
"""Modules that the first calls load. They belong to no document, so they are not measured."""


def _import_all() -> None:
    for name in _LATE:
        __import__(name)


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _cost(work: Callable[[], object]) -> Figures:
    before = _greatest_memory()
    seconds = _seconds(work)
    return {"seconds": seconds, "bytes": _greatest_memory() - before}


def _greatest_memory() -> int:
    """The largest resident set of this process so far, in bytes."""
    return 1024 * next(_numbers("VmHWM:"))


def _numbers(name: str) -> Iterator[int]:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            yield int(line.split()[1])


MEASURED: dict[str, Callable[[Path], Figures]] = {
    each.__name__: each for each in (load, reader, refused, misses, answers, patterns)
}


def main(what: str, folder: str) -> dict[str, Any]:
    return MEASURED[what](Path(folder))


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout)
