"""Who may import whom, read from every module's own imports.

Down only: rules and records, the domain, one platform, HTTP, sockets, edges. The domain folders do
not import one another.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

import mock_sei
from tests.sources import nodes_of, tree_of

pytestmark = pytest.mark.long

PACKAGE = Path(mock_sei.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("values",),
    ("errors",),
    ("reasons",),
    ("rules",),
    ("assumptions",),
    ("matching",),
    ("document_files",),
    ("fixtures",),
    ("settings",),
    ("certificates", "oauth", "portal", "apis", "journal", "faults"),
    ("gateway", "recordings"),
    ("replay",),
    ("state",),
    ("platform",),
    ("operations",),
    ("web",),
    ("runtime",),
    ("comparison",),
    ("doctor", "recorder"),
    ("probe",),
    ("testing",),
    ("testcontainers",),
    ("commands",),
    ("cli",),
    ("__main__",),
)
"""Lowest first. A unit may import from layers below its own, and from its own folder."""

HEIGHT = {unit: height for height, layer in enumerate(LAYERS) for unit in layer}

ONLY_IN = {
    "trustme": ("certificates",),
    "cryptography": ("certificates", "doctor"),
    "jose": ("oauth/tokens",),
    "lxml": ("oauth/signed_xml", "oauth/saml"),
    "signxml": ("oauth/signed_xml",),
    "fastapi": ("web",),
    "starlette": ("web", "runtime"),
    "uvicorn": ("runtime",),
    "uvloop": ("runtime",),
    "ssl": (
        *("runtime", "testing", "doctor", "probe", "recorder", "operations/own_calls"),
        *("commands/server", "commands/record", "commands/probe"),
    ),
    "h11": ("probe", "recorder"),
    "httpx2": (
        "testing",
        "operations/tokens",
        "operations/flows",
        "operations/own_calls",
        "commands/server",
    ),
    "click": ("cli", "commands"),
    "jsonschema_rs": ("apis/schemas",),
    "prometheus_client": ("runtime/metrics",),
    "re2": ("values/engines",),
    "redis": ("state/redis_line",),
    "regex": ("values/engines",),
    "sqlite3": ("state",),
    "testcontainers": ("testcontainers",),
}
"""Libraries that one place hides from the rest. runtime takes starlette's type names alone."""

MODULES = sorted(PACKAGE.rglob("*.py"))


BELOW_THE_GATEWAY = {"assumptions", "errors", "reasons", "rules"}
"""It stands among the domain folders, imports none of them and knows tokens by a Protocol."""

REMEMBERING = {
    "apis/schemas",
    "certificates/bundles",
    "apis/patterns",
    "fixtures",
    "oauth/signed_xml",
    "operations/schemas",
    "values/codecs",
    "web/pages",
}
"""Modules with a memo of what cannot change: certificates, patterns, types, the wheel's
files, the schemas of signatures."""

_CLOCKS = {"time", "monotonic", "perf_counter", "clock_gettime"}
TIMES = {
    "time": _CLOCKS | {f"{name}_ns" for name in _CLOCKS},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
"""By their holder: what reads the time of day, or a clock that never goes back."""
READING_TIME = set().union(*TIMES.values())

MUTATORS = {
    "add",
    "append",
    "clear",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "setdefault",
    "update",
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


@cache
def imports(path: Path) -> frozenset[str]:
    """Dotted names a module imports, wherever in it the import stands."""
    return frozenset(_read_imports(path))


def _read_imports(path: Path) -> Iterator[str]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{name_of(path)}:{node.lineno}: imports are absolute here"
            assert not node.level, f"{name_of(path)}:{node.lineno}: imports are absolute here"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def units_imported(path: Path) -> set[str]:
    """Folders and top modules of this package that a module imports."""
    parts = (name.split(".") for name in imports(path))
    return {part[1] for part in parts if part[0] == "mock_sei" and len(part) > 1} & HEIGHT.keys()


def test_imports_go_down_only() -> None:
    problems = []
    for path in MODULES:
        unit = name_of(path).split("/")[0]
        if unit == "__init__":
            continue  # lazy: see below
        problems += [
            f"{name_of(path)} imports {each}"
            for each in units_imported(path) - {unit}
            if HEIGHT[each] >= HEIGHT[unit]
        ]

    assert problems == []


def test_every_module_has_its_layer() -> None:
    units = {name_of(path).split("/")[0] for path in MODULES} - {"__init__"}

    assert units == HEIGHT.keys()


def test_libraries_stay_where_they_belong() -> None:
    problems = [
        f"{name_of(path)} imports {library}"
        for path in MODULES
        for library in {each.split(".")[0] for each in imports(path)} & ONLY_IN.keys()
        if not name_of(path).startswith(ONLY_IN[library])
    ]

    assert problems == []


def test_the_gateway_imports_no_domain_folder() -> None:
    assert units_imported(PACKAGE / "gateway.py") <= BELOW_THE_GATEWAY


def test_the_runtime_takes_nothing_of_starlette_but_its_types() -> None:
    problems = [
        f"{name_of(path)} imports {each}"
        for path in sorted((PACKAGE / "runtime").glob("*.py"))
        for each in imports(path)
        if each.startswith("starlette") and not each.startswith("starlette.types")
    ]

    assert problems == []


def times_read(path: Path) -> Iterator[str]:
    """Places where a module reads a time that a test's tools can move or stop."""
    for node in nodes_of(path):
        if isinstance(node, ast.Attribute) and node.attr in READING_TIME:
            if node.attr in TIMES.get(ast.unparse(node.value).rsplit(".", 1)[-1], ()):
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.ImportFrom) and node.module in TIMES:
            yield from (
                f"line {node.lineno}: from {node.module} import {alias.name}"
                for alias in node.names
                if alias.name in TIMES[node.module]
            )


def test_only_one_module_reads_the_machine_s_time() -> None:
    """The others ask it, so that no tool moves or stops the time of a part of the platform."""
    problems = [
        f"{name_of(path)}, {read}"
        for path in MODULES
        if name_of(path) != "rules/machine"
        for read in times_read(path)
    ]

    assert problems == []


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("datetime.now(UTC)", ["line 1: datetime.now"]),
        ("dt.datetime.now(UTC)", ["line 1: dt.datetime.now"]),
        ("def f(machine=time.time): ...", ["line 1: time.time"]),
        ("from time import monotonic", ["line 1: from time import monotonic"]),
        ("from time import thread_time, strftime", []),
        ("machine.now(), clock.now(), loop.time(), time.thread_time()", []),
    ],
)
def test_a_time_that_is_read_elsewhere_would_be_noticed(
    tmp_path: Path, source: str, read: list[str]
) -> None:
    (tmp_path / "module.py").write_text(source)

    assert list(times_read(tmp_path / "module.py")) == read


def changes_of_module_state(path: Path) -> Iterator[str]:
    """Places where a function changes what its module, and so every server, shares."""
    tree = tree_of(path)
    shared = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for node in (inner for function in functions for inner in ast.walk(function)):
        holder: ast.expr | None = None
        if isinstance(node, ast.Global):
            yield f"line {node.lineno}: global {', '.join(node.names)}"
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            holder = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = node.func.value if node.func.attr in MUTATORS else None
        if isinstance(holder, ast.Name) and holder.id in shared:
            yield f"line {holder.lineno}: {holder.id}"


@pytest.mark.slow
def test_nothing_is_kept_at_module_level() -> None:
    """Two servers in one process never meet."""
    problems = [
        f"{name_of(path)}, {change}" for path in MODULES for change in changes_of_module_state(path)
    ]

    assert problems == []


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("SEEN = {}\ndef f():\n    SEEN['x'] = 1\n", ["line 3: SEEN"]),
        ("SEEN: list[int] = []\ndef f():\n    SEEN.append(1)\n", ["line 3: SEEN"]),
        ("COUNT = 0\ndef f():\n    global COUNT\n", ["line 3: global COUNT"]),
        ("SEEN = {}\ndef f():\n    return SEEN['x']\n", []),
    ],
)
def test_state_at_module_level_would_be_noticed(
    tmp_path: Path, source: str, changed: list[str]
) -> None:
    (tmp_path / "module.py").write_text(source)

    assert list(changes_of_module_state(tmp_path / "module.py")) == changed


def test_only_what_cannot_change_is_remembered() -> None:
    remembering = {
        name_of(path)
        for path in MODULES
        if {"functools.cache", "functools.lru_cache"} & set(imports(path))
    }

    assert remembering == REMEMBERING


def test_no_property_has_a_lock_that_a_fork_could_leave_held() -> None:
    """CPython 3.11's own ``cached_property`` has one for all objects of a class."""
    own = "from functools import"
    found = [
        name_of(path)
        for path in MODULES
        if any(
            own in line and "cached_property" in line
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    ]
    assert found == []


def test_one_name_means_one_class() -> None:
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(name_of(path))

    assert {name: each for name, each in places.items() if len(each) > 1} == {}


def test_every_module_says_what_it_is() -> None:
    assert [name_of(path) for path in MODULES if not ast.get_docstring(tree_of(path))] == []


def imported(program: str, *suspects: str) -> str:
    """Which of these modules a program has imported, as a list prints them."""
    shown = f"import sys; {program}; print([name for name in {suspects} if name in sys.modules])"
    printed = subprocess.run(  # a fresh interpreter: this one has them all
        [sys.executable, "-c", shown], capture_output=True, text=True, check=True
    )
    return printed.stdout.strip()


@pytest.mark.slow
def test_pytest_pays_nothing_for_a_plugin_it_does_not_use() -> None:
    """The plugin's entry point is imported in every run of pytest on the machine."""
    dear = ("fastapi", "uvicorn", "trustme", "jose", "httpx2", "pydantic", "cryptography", "yaml")

    assert imported("import mock_sei.testing.plugin", *dear) == "[]"


@pytest.mark.slow
def test_a_start_pays_nothing_for_what_is_needed_at_a_call() -> None:
    later = (
        "yaml",
        "jinja2",
        "httpx2",
        "jsonschema_rs",
        "re2",
        "regex",
        "lxml",
        "mock_sei.web.control.app",
    )

    assert imported("import mock_sei.commands.serve", *later) == "[]"


@pytest.mark.slow
def test_a_test_that_needs_a_token_pays_nothing_for_pages_documents_and_other_servers() -> None:
    later = (
        "mock_sei.web.portal.routes",
        "mock_sei.web.apis",
        "mock_sei.apis.answering",
        "mock_sei.apis.product_reading",
        "mock_sei.apis.schemas",
        "mock_sei.replay.recordings",
        "mock_sei.recordings.har",
        "mock_sei.testing.attached",
    )

    assert imported("import mock_sei.testing.in_process", *later) == "[]"


def test_pytest_rewrites_no_module_of_ours() -> None:
    """It would rewrite every package that has a plugin, and reads each from a file of its own."""
    loader = getattr(sys.modules["mock_sei.errors"], "__loader__", None)

    assert type(loader) is SourceFileLoader
