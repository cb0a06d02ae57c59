"""The projects of examples/, each run by its own tools, attached to a running server."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.e2e.mapped import mapped
from tests.e2e.serving import COMPILERS_PATIENCE, Serving, environment, run
from tests.e2e.snippets import ROOT

EXAMPLES = ROOT / "examples"
FOR_EVERYBODY = {"operation": "GET /v2/investors", "status": 500}
"""A fault that the client of no example is prepared for."""


@dataclass(frozen=True, kw_only=True)
class Example:
    """One project, and how its tests are run and counted."""

    name: str
    tools: tuple[str, ...]
    command: tuple[str, ...]
    tests: str
    """A pattern for each test in the sources."""
    passed: str
    """A pattern for what is printed about one test that passed, or about a number of them."""
    variables: Mapping[str, str] = field(default_factory=dict)

    def copy(self, folder: Path) -> Path:
        """The project in a folder of its own: the tools write beside the sources."""
        built = shutil.ignore_patterns("target", "node_modules", "bin", "obj")
        return shutil.copytree(EXAMPLES / self.name, folder / self.name, ignore=built)

    def run(self, folder: Path, **told: str) -> subprocess.CompletedProcess[str]:
        environ = environment() | dict(self.variables) | told
        return run(*self.command, cwd=folder, environ=environ, patience=COMPILERS_PATIENCE)

    def count_tests(self, folder: Path) -> int:
        sources = [path for path in folder.rglob("*") if path.suffix in (".go", ".java", ".js")]
        return sum(len(re.findall(self.tests, each.read_text("utf-8"))) for each in sources)

    def count_passed(self, printed: str) -> int:
        return sum(int(each) if each.isdigit() else 1 for each in re.findall(self.passed, printed))


NODE = Example(
    name="node",
    tools=("node", "npm"),
    command=("npm", "test"),
    tests=r'(?m)^  it\("',
    passed=r"(?m)^(?:# |\S )pass (\d+)$",
    variables={"npm_config_update_notifier": "false"},
)
GO = Example(
    name="go",
    tools=("go",),
    command=("go", "test", "-count=1", "-vet=off", "-v", "./..."),  # vet reads all of Go's library
    tests=r"(?m)^func Test\w+\(",
    passed=r"(?m)^--- PASS: (Test\w+)",
    variables={"GOPROXY": "off", "GOTOOLCHAIN": "local"},  # it needs no module from outside
)
JAVA = Example(
    name="java",
    tools=("mvn", "java"),
    command=("mvn", "--batch-mode", "--no-transfer-progress", "test"),
    tests=r"(?m)^    @Test$",
    passed=r"(?m)Tests run: (\d+), Failures: 0, Errors: 0, Skipped: 0$",
)

QUICK = [
    pytest.param(each, id=each.name, marks=pytest.mark.needs(*each.tools)) for each in (NODE, GO)
]
ALL = [
    *QUICK,
    pytest.param(JAVA, id="java", marks=[pytest.mark.needs(*JAVA.tools), pytest.mark.nightly]),
]


@pytest.fixture
def project(example: Example, tmp_path: Path) -> Path:
    """A copy of an example in which its tools find all that they need."""
    folder = example.copy(tmp_path)
    if example is JAVA and not has_all_packages(folder):
        leave_testcontainers_out(folder)
        (folder / ".mvn").mkdir()
        (folder / ".mvn" / "maven.config").write_text("--offline\n")
        if not has_all_packages(folder):
            pytest.skip("not installed: the packages of examples/java, which Maven cannot download")
    return folder


def has_all_packages(folder: Path) -> bool:
    """Whether Maven has, or can download, what it needs to compile the tests and to run them."""
    done = run(*JAVA.command, "-DskipTests", cwd=folder, patience=COMPILERS_PATIENCE)
    missing = re.search(r"(?i)could not (be resolved|resolve)", done.stdout)
    assert missing or done.returncode == 0, done.stdout
    return missing is None


def leave_testcontainers_out(folder: Path) -> None:
    """Where Maven cannot download Testcontainers: the only class that uses it is not compiled.

    Something stands in its place because another class names it. Attached tests do not call it.
    """
    pom = folder / "pom.xml"
    (dependency,) = re.findall(
        r" *<dependency>\s*<groupId>org\.testcontainers<.*?</dependency>\n",
        pom.read_text(),
        re.DOTALL,
    )
    pom.write_text(pom.read_text().replace(dependency, ""))
    (container,) = folder.rglob("MockSeiContainer.java")
    container.write_text(
        """package com.example.ledger;

        final class MockSeiContainer {
            static String controlUrl() {
                throw new IllegalStateException("Testcontainers is not installed");
            }

            static String twoWayUrl() {
                return controlUrl();
            }
        }
        """
    )


def names_of_applications(url: str) -> list[str]:
    listed = httpx2.get(f"{url}/applications", trust_env=False).raise_for_status().json()
    return [each["name"] for each in listed]


@pytest.mark.parametrize("example", ALL)
def test_every_test_of_an_example_passes_and_leaves_nothing(
    running: Serving, example: Example, project: Path
) -> None:
    url = running.ready["control_url"]
    before = names_of_applications(url)

    done = example.run(project, MOCK_SEI_URL=url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert example.count_passed(done.stdout) == example.count_tests(project) >= 4, done.stdout
    assert names_of_applications(url) == before
    assert httpx2.get(f"{url}/clock", trust_env=False).json()["is_machine"]


@pytest.mark.needs("gofmt")
def test_the_go_example_is_formatted_as_go_is() -> None:
    done = run("gofmt", "-l", EXAMPLES / "go")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.nightly
@pytest.mark.needs("go")
def test_go_vet_finds_nothing_in_the_go_example() -> None:
    environ = environment() | dict(GO.variables)
    done = run(
        *("go", "vet", "./..."), cwd=EXAMPLES / "go", environ=environ, patience=COMPILERS_PATIENCE
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.nightly
@pytest.mark.parametrize("example", ALL)
def test_the_tests_of_an_example_fail_when_the_platform_does(
    running: Serving, example: Example, project: Path
) -> None:
    url = running.ready["control_url"]
    httpx2.post(f"{url}/faults", json=FOR_EVERYBODY, trust_env=False).raise_for_status()

    done = example.run(project, MOCK_SEI_URL=url)

    assert done.returncode != 0
    assert "/v2/investors: 500" in done.stdout + done.stderr


@pytest.mark.nightly
@pytest.mark.parametrize("example", ALL)
def test_an_example_passes_where_the_ports_of_a_container_are_mapped(
    running: Serving, example: Example, project: Path
) -> None:
    """The server does not know them, and yet the links of its pages lead to the mapped port."""
    inside = running.ready
    with mapped(inside["control_url"]) as url, mapped(inside["two_way_url"]) as two_way:
        done = example.run(project, MOCK_SEI_URL=url, MOCK_SEI_TWO_WAY_URL=two_way)
        read = httpx2.get(f"{url}/journal?kind=exchange&listener=two-way", trust_env=False)

    assert done.returncode == 0, done.stdout + done.stderr
    called = {each["request"]["headers"]["host"] for each in read.json()["entries"]}
    assert called == {two_way.removeprefix("https://")}


@pytest.mark.nightly
@pytest.mark.parametrize("example", QUICK)
def test_without_an_address_an_example_says_which_variable_is_missing(
    example: Example, project: Path
) -> None:
    done = example.run(project)

    assert done.returncode != 0
    assert "set MOCK_SEI_URL to the control address of a running mock-sei" in done.stdout
