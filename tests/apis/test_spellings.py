"""A value that is written in a style is read as the same value."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sei.apis.parameters import read_parameters
from mock_sei.apis.patterns import Budget
from mock_sei.apis.styles import STYLES, spelling_of
from tests.apis.engine import Engine
from tests.cases import every_case

pytestmark = pytest.mark.long

WORDS = st.text("abc-_~é%/?", min_size=1, max_size=5)
NUMBERS = st.integers(-(10**30), 10**30)
VALUES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "integer": ("{type: integer}", NUMBERS),
    "words": ("{type: array, items: {type: string}}", st.lists(WORDS, min_size=1, max_size=3)),
    "numbers": ("{type: array, items: {type: integer}}", st.lists(NUMBERS, min_size=1, max_size=3)),
    "object": (
        "{type: object, properties: {x: {type: integer}, y: {type: [boolean, 'null']}}}",
        st.fixed_dictionaries({"x": NUMBERS}, optional={"y": st.sampled_from([True, False, None])}),
    ),
}
WRITTEN = [
    (place, style, explode, kind)
    for style, row in STYLES.items()
    for place in sorted(row.places - {"body"})
    for explode in (True, False)
    for kind in VALUES
    if style != "deepObject" or kind == "object"
    # With "explode" the delimited styles write like the form style, without blanks and bars.
    if not (explode and style.endswith("Delimited"))
]


@pytest.mark.slow
@every_case(("place", "style", "explode", "kind"), WRITTEN)
def test_what_is_written_in_a_style_is_read_again(
    place: str, style: str, explode: bool, kind: str
) -> None:
    schema, values = VALUES[kind]
    path = "/rocks/{a}" if place == "path" else "/rocks"
    declared = f"in: {place}, required: true, style: {style}, explode: {str(explode).lower()}"
    engine = Engine.brought(f"""
paths:
  '{path}':
    get:
      parameters: [{{name: a, {declared}, schema: {schema}}}]
      responses: {{"200": {{description: good}}}}
""")
    found, _ = engine.catalogue.find("GET", path.replace("{a}", "x"))
    spelling = spelling_of("a", place, style, explode)
    between = {"spaceDelimited": " ", "x-tabDelimited": "\t", "pipeDelimited": "|"}.get(style, ",")

    @settings(max_examples=settings().max_examples * 20 // 100)  # of each row
    @given(values)
    def check(value: Any) -> None:
        if isinstance(value, list):
            value = [each.replace(between, "") if isinstance(each, str) else each for each in value]
            value = [each for each in value if each != ""] or [1 if kind == "numbers" else "b"]
        query, in_path, headers = "", {}, {}
        if place == "query":
            query = urlencode(spelling.pairs(value))
        elif place == "path":
            in_path = {"a": spelling.text(value)}
        elif place == "header":
            headers = {"a": [spelling.text(value)]}
        else:
            encode = str if style == "cookie" else quote  # no percent-encoding there
            pairs = [f"{name}={encode(text)}" for name, text in spelling.pairs(value)]
            headers = {"cookie": ["; ".join(pairs)]}

        read = read_parameters(
            found,
            query=query,
            path=in_path,
            headers=headers,
            findings=engine.findings,
            budget=Budget(),
        )

        sent = read[place, "a"]
        assert (list(sent) if isinstance(sent, tuple) else sent) == value

    check()
