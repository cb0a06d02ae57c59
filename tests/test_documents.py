"""What the documents print is true: tables, snippets, settings, names of files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mock_sei.settings import Settings
from mock_sei.standards import standards_table

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_has_the_standards_table() -> None:
    assert standards_table() in README


def test_the_snippets_of_the_readme_pass_as_printed(pytester: pytest.Pytester) -> None:
    snippets = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    for number, snippet in enumerate(snippets):
        pytester.makepyfile(**{f"test_snippet_{number}": snippet})

    result = pytester.runpytest_inprocess("-p", "no:randomly")

    result.assert_outcomes(passed=12)


def test_the_example_settings_name_every_setting_with_its_default() -> None:
    text = (ROOT / "mock-sei.example.toml").read_text(encoding="utf-8")
    everything = tomllib.loads(re.sub(r"(?m)^# (?=\w+ = )", "", text))
    set_here = tomllib.loads(text)

    assert everything.keys() == Settings.model_fields.keys()
    assert Settings(**everything) != Settings()
    assert Settings(**set_here) == Settings()


@pytest.mark.parametrize("document", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_files_that_the_map_names_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`(mock_sei/[\w/]+(?:\.py|/))`", text)

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
