"""Who may import whom, read from every module's own imports.

Down only: rules and records, the domain, one sandbox, HTTP, sockets, edges. The domain folders do
not import one another.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mock_sei

PACKAGE = Path(mock_sei.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "standards", "clock"),
    ("peer", "registry", "addresses"),
    ("access", "fixtures"),
    ("settings",),
    ("certificates", "oauth", "apis", "bench"),
    ("gateway",),
    ("sandbox",),
    ("web",),
    ("runtime",),
    ("flows",),
    ("client",),
    ("remote", "commands", "pytest_plugin"),
    ("cli",),
    ("__main__",),
)
"""Lowest first. A unit may import from layers below its own, and from its own folder."""

HEIGHT = {unit: height for height, layer in enumerate(LAYERS) for unit in layer}

ONLY_IN = {
    "trustme": ("certificates",),
    "cryptography": ("certificates",),
    "jose": ("oauth/tokens",),
    "fastapi": ("web",),
    "starlette": ("web", "runtime"),
    "uvicorn": ("runtime",),
    "ssl": ("runtime", "client", "remote"),
    "httpx2": ("client", "flows", "remote", "pytest_plugin"),
    "click": ("cli", "commands"),
}
"""Libraries that one place hides from the rest. runtime takes starlette's type names alone."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def imports(path: Path) -> Iterator[str]:
    """Dotted names a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def units_imported(path: Path) -> set[str]:
    """Folders and top modules of this package that a module imports."""
    parts = (name.split(".") for name in imports(path))
    return {part[1] for part in parts if part[0] == "mock_sei" and len(part) > 1} & HEIGHT.keys()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down_only(path: Path) -> None:
    unit = name_of(path).split("/")[0]
    if unit == "__init__":
        return  # lazy: see below
    too_high = {each for each in units_imported(path) - {unit} if HEIGHT[each] >= HEIGHT[unit]}

    assert too_high == set()


def test_every_module_has_its_layer() -> None:
    units = {name_of(path).split("/")[0] for path in MODULES} - {"__init__"}

    assert units == HEIGHT.keys()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_libraries_stay_where_they_belong(path: Path) -> None:
    name = name_of(path)
    misplaced = {
        library
        for library in {each.split(".")[0] for each in imports(path)} & ONLY_IN.keys()
        if not name.startswith(ONLY_IN[library])
    }

    assert misplaced == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_pytest_pays_nothing_for_a_plugin_it_does_not_use() -> None:
    """The plugin's entry point is imported in every run of pytest on the machine."""
    program = (
        "import sys, mock_sei.pytest_plugin;"
        "print([name for name in ('fastapi', 'uvicorn', 'trustme', 'jose', 'httpx2', 'pydantic',"
        " 'cryptography', 'yaml') if name in sys.modules])"
    )
    printed = subprocess.run(  # a fresh interpreter: this one has them all
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert printed.stdout.strip() == "[]"
