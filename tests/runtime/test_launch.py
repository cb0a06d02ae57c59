"""The modules that a server imports before it is ready, so that no request needs a file."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mock_sei
from mock_sei.runtime.launch import IMPORTED_LATE

PACKAGE = Path(mock_sei.__file__).parent
BEFORE_IT_IS_READY = ("jinja2", "prometheus_client", "pydantic_settings", "uvloop")
"""Libraries of functions that every start of `mock-sei serve` calls."""
SERVING = ("apis", "bench", "certificates", "oauth", "portal", "runtime", "web")
"""The folders with code that requests run."""


def imported_by_functions(path: Path) -> Iterator[str]:
    """Libraries that a module imports when one of its functions is called."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (each.name.split(".")[0] for each in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield str(node.module).split(".")[0]


def test_every_library_that_is_imported_late_is_there() -> None:
    assert [each for each in IMPORTED_LATE if importlib.util.find_spec(each) is None] == []


@pytest.mark.slow
def test_no_function_that_a_request_calls_imports_a_library_that_is_not_loaded() -> None:
    loaded = {each.split(".")[0] for each in IMPORTED_LATE}
    ours = {"mock_sei", *BEFORE_IT_IS_READY, *sys.stdlib_module_names}
    paths = [
        *PACKAGE.glob("*.py"),
        *(each for name in SERVING for each in (PACKAGE / name).rglob("*.py")),
    ]
    problems = [
        f"{path.relative_to(PACKAGE)}: {library}"
        for path in paths
        for library in imported_by_functions(path)
        if library not in loaded | ours
    ]

    assert problems == []
