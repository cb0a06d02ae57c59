"""Pieces of Markdown: tables, blocks of code, docstrings without the markup of Sphinx."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; line breaks of its cells become spaces."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, each))} |".replace("|  |", "| |") for each in lines)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def block(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```"


def prose(docstring: str) -> str:
    """A docstring as Markdown: names that Sphinx would link are shown as code."""
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", docstring)
    return text.replace("``", "`")
