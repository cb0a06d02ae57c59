"""Forms of pages that nobody has seen before."""

from __future__ import annotations

import pytest

from mock_sei.probe.pages import find_form
from tests.cases import every_case

USER, PASSWORD = "alice@example.com", "the password"


def filled(page: str) -> list[tuple[str, str]]:
    form = find_form(page.encode())
    assert form is not None
    return list(form.filled(USER, PASSWORD))


def test_text_and_password_are_filled_in_and_hidden_fields_stay() -> None:
    page = """<form method=POST action="/go"><input type=hidden name=csrf value="a&amp;b">
    <input name=login><input type=password name=secret><input type=submit value=Go></form>"""

    assert filled(page) == [("csrf", "a&b"), ("login", USER), ("secret", PASSWORD)]


def test_only_the_first_text_is_the_user() -> None:
    page = "<form><input name=a type=email><input name=b value=kept><input name=c type=password>"

    assert filled(page) == [("a", USER), ("b", "kept"), ("c", PASSWORD)]


@pytest.mark.parametrize("first", [("deny", "allow"), ("allow", "deny")])
def test_the_button_that_agrees_is_pressed(first: tuple[str, str]) -> None:
    buttons = "".join(f"<button name=decision value={each}>x</button>" for each in first)

    assert filled(f"<form method=post>{buttons}</form>") == [("decision", "allow")]


def test_boxes_are_sent_as_they_are() -> None:
    page = """<form><input type=checkbox name=a value=1><input type=checkbox name=b value=2 checked>
    <input type=file name=c><input type=reset name=d></form>"""

    assert filled(page) == [("b", "2")]


def test_the_form_with_a_password_comes_first() -> None:
    page = "<form action=/search><input name=q></form><form action=/in><input type=password name=p>"
    form = find_form(page.encode())

    assert form is not None
    assert form.action == "/in"
    assert form.has_password


@every_case(
    "page", [b"", b"<p>Hello", b"\xff\xfe", b"<input name=a>", b"<!--" * 50_000, b"<form" * 9]
)
def test_a_page_without_a_form_has_none(page: bytes) -> None:
    assert find_form(page) is None
