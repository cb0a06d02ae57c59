"""The drawing of the README: the three listeners, and the way of a call through the checks.

The checks are those of the table that the server's checks stand by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from mock_sei.rules.checks import CERTIFICATE_NAME, EVERY_CALL, FUNCTIONAL

VIEW = "-1 0 762 398"
LABELS = 'width="762" height="398" aria-labelledby="title about"'

TITLE = "Three listeners, and the way of a call"
ALTERNATIVE = (
    "Your client calls the one-way TLS listener on port 443 or the two-way TLS listener on port "
    "444. There its call passes checks in a fixed order: {checks}. In the drawing the check "
    f"{CERTIFICATE_NAME} refuses the call, since the certificate's CN is svc-web and the token is "
    "of svc-demo. The client gets the short error 403. The journal has the reason with both "
    "values; tests read it at the control listener on port 8044, people in the portal."
)

LISTENERS = (
    ("one-way TLS, 443", "single-page and native", "applications, log-in, portal"),
    ("two-way TLS, 444", "client-server applications", "with their certificate"),
    ("control, 8044", "your tests: certificates,", "clock, faults, journal, reset"),
)

STYLE = """
  text { font: 15px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #18242f; }
  .head { font-weight: 700; } .soft { fill: #51616f; font-size: 14px; }
  .box { fill: #fff; stroke: #0b5a7a; stroke-width: 1.5; } .panel { fill: #eef2f5; stroke: #cfd8e0; }
  .line { fill: none; stroke: #51616f; stroke-width: 1.5; } .tip { fill: #51616f; }
  .passed { fill: #e6f4ea; stroke: #a9d3b5; } .of-passed { fill: #14532d; }
  .refused { fill: #fdecea; stroke: #a3211b; stroke-width: 2; } .of-refused { fill: #a3211b; font-weight: 700; }
  .not-reached { fill: none; stroke: #8496a5; stroke-dasharray: 4 3; } .of-not-reached { fill: #51616f; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e4ebf1; } .soft, .of-not-reached { fill: #a4b4c2; }
    .box { fill: #17212a; stroke: #79c7ea; } .panel { fill: #0e151b; stroke: #364553; }
    .line { stroke: #a4b4c2; } .tip { fill: #a4b4c2; }
    .passed { fill: #12351f; stroke: #2c6440; } .of-passed { fill: #a5e3b6; }
    .refused { fill: #3a1917; stroke: #ff9c93; } .of-refused { fill: #ff9c93; }
  }
"""

CHIP_HEIGHT, CHIP_GAP = 30, 8
LETTERS = {"passed": 7.7, "refused": 8.9, "not-reached": 7.7}
"""About the width of a letter, in pixels; those of the refused check are bold."""
PANEL = (0, 150, 500, 240)
JOURNAL = (540, 226, 220, 122)


def drawing() -> str:
    """The drawing as an SVG document."""
    order = (*EVERY_CALL.order, *FUNCTIONAL.order)
    told = escape(ALTERNATIVE.format(checks=", ".join(order)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{VIEW}" role="img" {LABELS}>',
        f'<title id="title">{TITLE}</title>',
        f'<desc id="about">{told}</desc>',
        f"<style>{STYLE}</style>",
        *(_listener(number, *each) for number, each in enumerate(LISTENERS)),
        _box("panel", *PANEL),
        _down(120, 98, 150),
        _down(380, 98, 150),
        _text(16, 178, "The checks of a call, in their order", "head"),
        *_chips(order),
        _box("box", *JOURNAL),
        _text(556, 254, "The journal", "head"),
        _text(556, 279, "which check, which two", "soft"),
        _text(556, 299, "values differ, what to do", "soft"),
        _text(556, 329, "mock-sei journal, portal", "soft"),
        _down(650, 98, 226),
        _right(287, 500, 540),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _listener(number: int, name: str, *about: str) -> str:
    x = number * 260
    lines = [_text(x + 16, 54 + 21 * row, each, "soft") for row, each in enumerate(about)]
    return "\n".join([_box("box", x, 8, 240, 90), _text(x + 16, 32, name, "head"), *lines])


def _chips(order: Sequence[str]) -> Iterator[str]:
    x, y = 16.0, 194
    refused = order.index(CERTIFICATE_NAME)
    for number, check in enumerate(order):
        kind, text = "passed", f"✓ {check}"
        if number == refused:
            kind, text = "refused", f"✗ {check}: svc-web ≠ svc-demo"
        elif number > refused:
            kind, text = "not-reached", f"○ {check}"
        width = round(len(text) * LETTERS[kind] + 22)
        if x + width > PANEL[2] - 12:
            x, y = 16.0, y + CHIP_HEIGHT + CHIP_GAP
        yield _box(kind, x, y, width, CHIP_HEIGHT, radius=15)
        yield _text(x + width / 2, y + 20, text, f"of-{kind}", anchor="middle")
        x += width + CHIP_GAP
    yield _text(16, PANEL[1] + PANEL[3] - 18, "The client gets the short error: 403", "head")


def _box(kind: str, x: float, y: float, width: float, height: float, *, radius: int = 6) -> str:
    place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    return f'<rect class="{kind}" {place} rx="{radius}"/>'


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _down(x: int, begin: int, end: int) -> str:
    tip = f"M{x - 5} {end - 9}L{x} {end}L{x + 5} {end - 9}z"
    return f'<path class="line" d="M{x} {begin}V{end}"/><path class="tip" d="{tip}"/>'


def _right(y: int, begin: int, end: int) -> str:
    tip = f"M{end - 9} {y - 5}L{end} {y}L{end - 9} {y + 5}z"
    return f'<path class="line" d="M{begin} {y}H{end}"/><path class="tip" d="{tip}"/>'
