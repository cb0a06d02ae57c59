"""What pyproject.toml and the workflows say of the project: it is complete, and it agrees."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml

import mock_sei
from tests.sources import nodes_of

ROOT = Path(__file__).parents[1]
PACKAGE = Path(mock_sei.__file__).parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

DEVELOPERS = ("tests", "docs", "performance", "fixtures")
OURS = {"mock_sei", *DEVELOPERS}

GUESTS = {"gevent", "oidc_provider_mock", "platform_use", "pytest_httpserver", "truststore"}
"""What is imported in environments of their own only, or from a suite that a test writes."""

OF_THE_PLUGIN = {"pytest"}
"""Who imports the plugin is pytest: whoever has no pytest needs none."""


def imported(files: Iterable[Path]) -> Iterator[str]:
    """The top names that modules import, wherever in them the import stands."""
    for path in files:
        is_shared = path.is_relative_to(PACKAGE)
        nodes = nodes_of(path) if is_shared else ast.walk(ast.parse(path.read_text("utf-8")))
        for node in nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


def name_of(requirement: str) -> str:
    """The project that a requirement asks for, as an index compares names."""
    found = re.match(r"[\w.-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def published() -> set[str]:
    """What users install with mock-sei: what it depends on, with every extra."""
    project = PROJECT["project"]
    extras = project["optional-dependencies"].values()
    return {name_of(each) for part in (project["dependencies"], *extras) for each in part}


def of_developers() -> set[str]:
    groups = PROJECT["dependency-groups"].values()
    return {name_of(each) for part in groups for each in part if isinstance(each, str)}


@cache
def providers() -> Mapping[str, Sequence[str]]:
    """Of each importable name the projects that bring it."""
    return packages_distributions()


def undeclared(files: Iterable[Path], declared: set[str]) -> list[str]:
    """Imports from a project that is not among the declared ones."""
    foreign = set(imported(files)) - sys.stdlib_module_names - OURS
    return sorted(
        name
        for name in foreign
        if not {name_of(each) for each in providers().get(name, [name])} & declared
    )


@pytest.mark.slow
def test_what_the_package_imports_is_declared() -> None:
    assert undeclared(PACKAGE.rglob("*.py"), published() | OF_THE_PLUGIN) == []


@pytest.mark.slow
def test_what_developers_code_imports_is_declared() -> None:
    files = [
        path
        for folder in DEVELOPERS
        for path in (ROOT / folder).rglob("*.py")
        if not {"node_modules", ".venv", "peers"} & set(path.parts)
    ]

    assert set(undeclared(files, published() | of_developers())) - GUESTS == set()


@pytest.mark.long
def test_an_import_that_is_not_declared_is_found(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        "def later():\n    from hypothesis.strategies import text\n"
    )

    assert undeclared(tmp_path.glob("*.py"), published()) == ["hypothesis"]
    assert undeclared(tmp_path.glob("*.py"), of_developers()) == []


def test_no_tool_of_developers_is_published() -> None:
    only_ours = of_developers() - published()

    assert set(PROJECT["project"]["optional-dependencies"]) == {
        "metrics",
        "redis",
        "saml",
        "testcontainers",
        "uvloop",
    }
    assert only_ours >= {"hypothesis", "mypy", "pytest", "ruff", "twine"}


def test_the_pythons_that_are_tested_are_those_that_are_promised() -> None:
    prefix = "Programming Language :: Python :: 3."
    promised = {
        each.removeprefix("Programming Language :: Python :: ")
        for each in PROJECT["project"]["classifiers"]
        if each.startswith(prefix)
    }
    jobs = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text("utf-8"))["jobs"]
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")

    assert {*jobs["pythons"]["strategy"]["matrix"]["python"], oldest} == promised
    assert oldest == min(promised, key=lambda version: int(version.partition(".")[2]))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: str(path.name))
def test_every_action_is_pinned_to_a_commit_and_names_its_version(workflow: Path) -> None:
    text = workflow.read_text(encoding="utf-8")
    pinned = re.findall(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n", text)

    assert pinned
    assert len(pinned) == text.count("uses:")
