"""The drawing of the README is an SVG of our own that has its text, and that fits its frame."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from docs.generator.drawing import drawing
from mock_sei.rules.checks import EVERY_CALL, FUNCTIONAL

ROOT = Path(__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"


def test_the_drawing_has_every_check_of_a_call_in_their_order() -> None:
    texts = [each.text or "" for each in ET.fromstring(drawing()).iter(f"{SVG}text")]  # noqa: S314  # our own
    shown = [each[2:].partition(":")[0] for each in texts if each[0] in "✓✗○"]

    assert shown == [*EVERY_CALL.order, *FUNCTIONAL.order]


def test_it_tells_its_content_to_those_who_do_not_see_it() -> None:
    about = ET.fromstring(drawing()).find(f"{SVG}desc")  # noqa: S314  # our own

    assert about is not None
    assert "The journal has the reason with both values" in (about.text or "")
    assert re.search(r"!\[Three listeners[^\]]+\]\(docs/way-of-a-call\.svg\)", readme())


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_needs_nothing_from_elsewhere() -> None:
    text = drawing().replace("http://www.w3.org/2000/svg", "")

    assert "http" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text


def test_every_box_is_inside_the_frame() -> None:
    root = ET.fromstring(drawing())  # noqa: S314  # our own
    left, top, width, height = (float(each) for each in root.attrib["viewBox"].split())

    for each in root.iter(f"{SVG}rect"):
        x, y, wide, high = (float(each.attrib[name]) for name in ("x", "y", "width", "height"))
        assert left <= x
        assert x + wide <= left + width
        assert top <= y
        assert y + high <= top + height
