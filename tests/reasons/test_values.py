"""How a value differs from the right one: every mistake has a name, and no part of the value is
shown."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.reasons.values import (
    DEPTH,
    LONGEST,
    READINGS,
    but_for,
    find_difference,
    find_difference_from,
    in_other_case,
    read_as_utf8,
    readings_of,
)
from tests.cases import every_case
from tests.growth import Action, assert_linear

RIGHT = "Qx7-canary_hunter"
BASE64 = base64.b64encode(RIGHT.encode()).decode()
TWICE = "one percent-encoding too many (encode it once, or not at all in a place for raw text)"

MISTAKES = [
    (f"{RIGHT}\n", "a line end after it"),
    (f"{RIGHT}\r\n", "a line end after it"),
    (f"\r{RIGHT}", "a line end before it"),
    (f" {RIGHT}", "a blank before it"),
    (f"\t{RIGHT}", "a tab before it"),
    (f"{RIGHT}\u00a0", "a no-break space after it"),
    (f"\ufeff{RIGHT}", "a byte order mark before it"),
    (f"{RIGHT}\u200b", "a zero-width character after it"),
    (f"\x01{RIGHT}", "a control character before it"),
    (f" {RIGHT}\n", "a blank before it and a line end after it"),
    (f"{RIGHT[:5]}\n{RIGHT[5:]}", "a line end inside it"),
    (f"{RIGHT[:5]}\u00ad{RIGHT[5:]}", "a zero-width character inside it"),
    ("\0".join(RIGHT), "NUL characters (as UTF-16 has them) inside it"),
    (f'"{RIGHT}"', "double quotes around it"),
    (f"'{RIGHT}'", "single quotes around it"),
    (f"`{RIGHT}`", "backquotes around it"),
    (f"\u201c{RIGHT}\u201d", "typographic quotes around it"),
    (f"\u201e{RIGHT}\u201c", "typographic quotes around it"),
    (f"\u2018{RIGHT}\u2019", "typographic quotes around it"),
    (f'"{RIGHT}', "a quote before it"),
    (f"{RIGHT}'", "a quote after it"),
    (f"<{RIGHT}>", "angle brackets around it"),
    (f"${{{RIGHT}}}", "${ and } around it"),
    (f"b'{RIGHT}'", "b and quotes around it (Python prints bytes so)"),
    (f'\\"{RIGHT}\\"', "backslashes in it and double quotes around it"),
    (f"{RIGHT}\\n", "an escaped line end after it"),
    (f"{RIGHT},", "punctuation after it"),
    (RIGHT.upper(), "upper and lower case"),
    (RIGHT.swapcase(), "upper and lower case"),
    (f" {RIGHT.lower()}", "a blank before it and upper and lower case"),
    (quote(RIGHT.replace("-", "%2D"), safe="%"), TWICE),
    (RIGHT.replace("-", "%252D"), TWICE),
    (f"&quot;{RIGHT}&quot;", "an HTML escape such as &amp; in it and double quotes around it"),
    (BASE64, "its encoding in Base64"),
    (BASE64.rstrip("="), "its encoding in Base64"),
    (f"{RIGHT}{RIGHT}", "its repetition (it was sent twice)"),
    (f"{RIGHT}, {RIGHT}", "its repetition (it was sent twice)"),
    (f"client_secret={RIGHT}", "a name before it"),
    (f"https://host/callback?a=b&code={RIGHT}&state=s", "a name before it"),
    (RIGHT.replace("-", "\u2013"), "typographic characters, such as a long dash for a hyphen"),
    (f"'{RIGHT}'\n", "a line end after it and single quotes around it"),
]


@every_case(("sent", "difference"), MISTAKES)
def test_a_mistake_is_named(sent: str, difference: str) -> None:
    assert find_difference_from(RIGHT, sent) == difference


@every_case(("sent", "difference"), MISTAKES)
def test_a_mistake_in_a_header_is_named_as_well(sent: str, difference: str) -> None:
    """The bytes of a header are decoded as Latin-1."""
    read = sent.encode().decode("latin-1")

    assert find_difference_from(RIGHT, read) == difference
    assert read_as_utf8(read) == sent


@every_case(
    ("right", "sent", "difference"),
    [
        ("a b", "a+b", "a blank that became a plus sign (form-encode it once)"),
        ("a+b", "a b", "a plus sign that became a blank (write it as %2B in a form)"),
        ("a&b", "a&amp;b", "an HTML escape such as &amp; in it"),
        ("caf\u00e9", "cafe\u0301", "the Unicode normal form of its letters"),
    ],
)
def test_a_mistake_with_certain_characters_is_named(right: str, sent: str, difference: str) -> None:
    assert find_difference_from(right, sent) == difference


@pytest.mark.parametrize("sent", ["pa", "pa$w", "pa$w0rd&x"])
def test_a_value_that_a_form_or_a_shell_cut_is_told_as_that(sent: str) -> None:
    told = find_difference_from("pa$w0rd&x y" if sent != "pa$w" else "pa$w rest", sent)

    assert told is not None
    assert told.startswith("its end (it was cut at a character that ends a value")


@every_case(
    "sent",
    [
        "",
        RIGHT,
        "other",
        RIGHT[:-1],
        RIGHT[1:],
        f"{RIGHT}x",
        RIGHT[::-1],
        "x" * 5000,
        "=",
        "%",
        "&",
    ],
)
def test_of_what_is_not_nearly_equal_nothing_is_told(sent: str) -> None:
    assert find_difference_from(RIGHT, sent) is None


@pytest.mark.long
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_part_of_the_right_value_is_ever_told(right: str, sent: str) -> None:
    told = find_difference_from(f"{right}Qx7{right}", sent) or ""

    assert "Qx7" not in told


@pytest.mark.long
@given(st.text(max_size=200))
def test_readings_are_few_and_each_is_another(sent: str) -> None:
    readings = list(readings_of(sent))

    texts = [each.text for each in readings]
    assert len(set(texts)) == len(texts)
    assert all(len(each.without) <= DEPTH for each in readings)


def test_a_look_up_is_asked_a_bounded_number_of_times() -> None:
    asked: list[str] = []

    def fits(text: str) -> bool:
        asked.append(text)
        return False

    assert find_difference('"%25\\"&amp; a=b=c+d=e"' * 40, fits, fits_in_other_case=fits) is None
    assert len(asked) <= 2 * READINGS


def test_a_name_in_another_case_is_found_by_looking_it_up() -> None:
    known = {"demo-key": 1, "DEMO": 2, "Mixed": 3}
    fits = in_other_case(known.get)

    assert [fits(each) for each in ("DEMO-KEY", "demo", "mIXED")] == [True] * 3
    assert not fits("demo-key")
    assert not fits("nobody")


def test_a_sentence_ends_with_the_difference_or_as_it_is() -> None:
    assert but_for("a tab before it") == ": it differs only by a tab before it"
    assert but_for(None) == ""


@pytest.mark.slow
@every_case(
    "make",
    [
        lambda size: "%25" * (size // 3),
        lambda size: '"' * size,
        lambda size: "\\" * size,
        lambda size: "a=b&" * (size // 4),
        lambda size: " " * size + "x",
        lambda size: "&amp;" * (size // 5),
        lambda size: "A" * size,
        lambda size: "\u00e9" * size,
        lambda size: "+ " * (size // 2),
    ],
)
def test_a_long_value_costs_its_length(make: Callable[[int], str]) -> None:
    def action(size: int) -> Action:
        sent = make(size)
        return lambda: find_difference_from(RIGHT, sent)

    assert_linear(action, LONGEST // 2)
