"""docs/seeding.md: its folder is written and its tests are run, as they are printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mock_sei import Attached
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import load_fixtures
from tests.e2e.serving import Serving, environment
from tests.e2e.snippets import read, section, snippets
from tests.e2e.suites import run_suite

DOCUMENT = read("docs/seeding.md")
FILE = re.compile(r"^`my-fixtures/(\S+?)`.*?^```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A paragraph that begins with the name of a file, and the block behind it."""


def write_folder(parent: Path) -> Path:
    folder = parent / "my-fixtures"
    for name, content in FILE.findall(section(DOCUMENT, "The files")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def test_the_folder_and_the_tests_work_as_printed(pytester: pytest.Pytester) -> None:
    folder = write_folder(pytester.path)
    conftest, suite = snippets(DOCUMENT, "python")

    result = run_suite(pytester, suite, "-p", "no:cacheprovider", conftest=conftest)

    assert {each.name for each in folder.rglob("*.*")} == {
        "platform.toml",
        "widgets.yaml",
        "widgets.json",
        "trade-tickets.json",
    }
    result.assert_outcomes(passed=suite.count("def test_"))


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_server_starts_with_the_folder_as_printed(tmp_path: Path, way: str) -> None:
    write_folder(tmp_path)
    commands = section(DOCUMENT, "On your machine, in a container, in CI")
    (options,) = re.findall(r"^mock-sei serve (.+)$", commands, re.MULTILINE)
    (name, value) = re.findall(r"-e (MOCK_SEI_\w+)=(\S+)", commands)[0]
    started = (
        Serving.start(tmp_path, *options.split())
        if way == "option"
        else Serving.start(tmp_path, environ=environment() | {name: value})
    )

    with started as serving, Attached(serving.ready["control_url"]) as served:
        assert [each.name for each in served.applications] == ["ledger", "ledger-web"]
        assert served.token("svc-ledger")


def test_the_printed_error_is_the_one_that_a_misspelt_key_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path)
    file = folder / "platform.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("products =", "prodcuts =", 1), encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError) as caught:
        load_fixtures(Path("my-fixtures"))

    (printed,) = snippets(section(DOCUMENT, "When something in the folder is wrong"), "")
    assert printed == f"{caught.value}\n"
