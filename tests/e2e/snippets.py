"""Reads the commands and programs in the documents, to run them unchanged."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def snippets(text: str, language: str) -> list[str]:
    """The contents of its fenced blocks of a language, from top to bottom."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def section(text: str, heading: str) -> str:
    """The text below a heading, up to the next heading of any level."""
    pattern = rf"^##+ {re.escape(heading)}\n(.*?)(?=^##+ |\Z)"
    found = re.search(pattern, text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no heading {heading}"
    return found[1]
