"""The records under fixtures/data come from the generator, and nothing in them is real."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fixtures.generator.__main__ import FOLDER, texts
from fixtures.generator.banks import aba_numbers, aba_sum

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[1]


def test_the_generator_gives_the_committed_files() -> None:
    for name, text in texts().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, (
            f"{name}: python -m fixtures.generator"
        )


def test_every_file_of_records_is_generated_but_the_tickets() -> None:
    found = {each.name for each in FOLDER.glob("*.json")}

    assert found - texts().keys() == {"trade-tickets.json"}


@pytest.mark.slow
def test_mail_telephone_and_bank_numbers_are_nobodys() -> None:
    text = "".join(texts().values())

    assert {each.partition("@")[2] for each in re.findall(r"[\w.]+@[\w.]+", text)} == {
        "example.com"
    }
    assert re.findall(r"\+\d[\d-]+", text)
    assert all(re.search(r"-555-01\d\d$", each) for each in re.findall(r"\+\d[\d-]+", text))
    assert all(aba_sum(each) % 10 for each in aba_numbers())
    swift = {
        each["code"]
        for each in json.loads(texts()["financial-institutions.json"])
        if each["type"] == "SWIFT"
    }
    assert all(each[4:6] == "ZZ" for each in swift)
