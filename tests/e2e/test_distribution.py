"""The content and the metadata of the source distribution and the wheel."""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

import pytest

from mock_sei import __version__
from mock_sei.rules.standards import standards_table
from tests.e2e.building import LITTER, NAME, ROOT, succeeds

INFO = f"{NAME}.dist-info"

IN_BOTH = (
    "mock_sei/py.typed",
    "mock_sei/testing/plugin.py",
    "mock_sei/web/templates/login.html",
    "mock_sei/web/templates/style.css",
    "mock_sei/web/templates/portal/details.html",
)
FIXTURES = ("platform.toml", "apis/sma-trade-orders.yaml", "data/trade-tickets.json")
IN_SDIST = (
    *IN_BOTH,
    *(f"fixtures/{each}" for each in FIXTURES),
    "fixtures/generator/firm.py",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Dockerfile",
    "LICENSE",
    "Makefile",
    "README.md",
    "performance/benchmarks/README.md",
    "certs/README.md",
    "docs/testing.md",
    "examples/dotnet/Ledger.Tests/Ledger.Tests.csproj",
    "examples/go/go.mod",
    "examples/java/pom.xml",
    "examples/node/package.json",
    "mock-sei.example.toml",
    "pyproject.toml",
    "tests/e2e/javascript/openid_client.js",
    "tests/e2e/javascript/package.json",
    "tests/e2e/test_distribution.py",
)
IN_WHEEL = (
    *IN_BOTH,
    *(f"mock_sei/bundled_fixtures/{each}" for each in FIXTURES),
    f"{INFO}/METADATA",
    f"{INFO}/RECORD",
    f"{INFO}/WHEEL",
    f"{INFO}/entry_points.txt",
    f"{INFO}/licenses/LICENSE",
)
ENTRY_POINTS = """\
[console_scripts]
mock-sei = mock_sei.cli:main

[pytest11]
mock_sei = mock_sei.testing.plugin
"""


def files_of_sdist(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {str(PurePosixPath(each.name).relative_to(NAME)) for each in archive}


def text_of(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name).decode()


def contents(wheel: Path) -> dict[str, int]:
    with zipfile.ZipFile(wheel) as archive:
        return {each.filename: each.CRC for each in archive.infolist()}


@pytest.fixture
def metadata(wheel: Path) -> Message:
    return Parser().parsestr(text_of(wheel, f"{INFO}/METADATA"))


def test_a_source_distribution_and_a_wheel_are_built(built: Path, sdist: Path, wheel: Path) -> None:
    assert sorted((built / "dist").glob("mock_sei*")) == sorted([sdist, wheel])


def test_the_source_distribution_holds_what_a_developer_needs(sdist: Path) -> None:
    assert set(IN_SDIST) - files_of_sdist(sdist) == set()


def test_the_source_distribution_holds_nothing_that_a_run_left_behind(sdist: Path) -> None:
    assert set(LITTER) & files_of_sdist(sdist) == set()


def test_the_source_distribution_holds_no_key(sdist: Path) -> None:
    names = files_of_sdist(sdist)

    assert {each for each in names if each.startswith("certs/")} == {"certs/README.md"}
    assert [each for each in names if each.endswith((".key", ".crt", ".pem", ".p12", ".pfx"))] == []


def test_the_wheel_holds_what_a_run_needs(wheel: Path) -> None:
    assert set(IN_WHEEL) - contents(wheel).keys() == set()


def test_the_wheel_takes_every_fixture_and_not_their_generator(wheel: Path) -> None:
    bundled = "mock_sei/bundled_fixtures/"
    wanted = {
        f"{bundled}{each.relative_to(ROOT / 'fixtures').as_posix()}"
        for pattern in ("platform.toml", "index.json", "apis/*.yaml", "data/*.json")
        for each in (ROOT / "fixtures").glob(pattern)
    }

    assert {each for each in contents(wheel) if each.startswith(bundled)} == wanted


def test_the_wheel_takes_nothing_but_the_package(wheel: Path) -> None:
    assert {each.split("/")[0] for each in contents(wheel)} == {"mock_sei", INFO}
    assert [each for each in contents(wheel) if "__pycache__" in each] == []


def test_the_source_distribution_gives_the_wheel_of_the_checkout(built: Path, wheel: Path) -> None:
    assert contents(wheel) == contents(built / "direct" / wheel.name)


def test_the_wheel_names_its_command_and_its_plugin(wheel: Path) -> None:
    assert text_of(wheel, f"{INFO}/entry_points.txt").strip() == ENTRY_POINTS.strip()


def test_the_wheel_runs_on_every_machine(wheel: Path) -> None:
    lines = text_of(wheel, f"{INFO}/WHEEL").splitlines()

    assert "Tag: py3-none-any" in lines
    assert "Root-Is-Purelib: true" in lines


def test_an_index_accepts_both(sdist: Path, wheel: Path) -> None:
    succeeds(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel)


def test_an_index_is_told_version_license_and_pythons(metadata: Message) -> None:
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    extras = {"metrics", "redis", "saml", "testcontainers", "uvloop"}
    assert set(metadata.get_all("Provides-Extra", [])) == extras


def test_the_readme_of_an_index_leads_nowhere_it_has_not(metadata: Message) -> None:
    """Pictures and documents stay in the checkout; the words that led there are kept."""
    beside = r"(!?)\[([^\]]*)\]\((?!https?:|#)[^)]*\)"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = str(metadata.get_payload())
    led = [words for picture, words in re.findall(beside, readme) if not picture]

    assert standards_table() in shown
    assert led
    assert [words for words in led if words not in shown] == []
    assert re.findall(beside, shown) == []
