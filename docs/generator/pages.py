"""The pages that are made, and what makes each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generator.control import control_page
from docs.generator.drawing import drawing
from docs.generator.history import history_drawing, history_page
from docs.generator.python import python_page

ROOT = Path(__file__).parents[2]

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/reference.md": python_page,
    "docs/control.md": control_page,
    "docs/way-of-a-call.svg": drawing,
    "docs/history.md": history_page,
    "docs/history.svg": history_drawing,
}
"""By the path from the project's folder."""
