"""The recipes of docs/testing.md, run as they are printed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mock_sei.bench.faults import FIELDS, read_fault

DOCUMENT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def test_every_recipe_passes_as_printed(pytester: pytest.Pytester) -> None:
    snippets = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    recipes = sum("def test_" in each for each in snippets)
    pytester.makepyfile(test_recipes="\n\n".join(snippets))

    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:randomly", timeout=120)

    outcomes = result.parseoutcomes()
    assert recipes >= 20
    assert outcomes.keys() == {"passed"}
    assert outcomes["passed"] >= recipes


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_a_fault_is_told(field: str) -> None:
    assert f"`{field}`" in DOCUMENT


def test_the_faults_of_a_settings_file_can_be_armed() -> None:
    for each in re.findall(r"```toml\n(.*?)```", DOCUMENT, re.DOTALL):
        for fault in tomllib.loads(each)["faults"]:
            assert read_fault(fault, [fault["operation"]])
