"""``python -m docs.generator`` writes the references and the drawings."""

from __future__ import annotations

from docs.generator.pages import PAGES, ROOT

if __name__ == "__main__":
    for name, make in PAGES.items():
        (ROOT / name).write_text(make(), encoding="utf-8")
