"""Finding path templates in a tree."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mock_sei.apis.paths import PathTree
from tests.cases import every_case
from tests.growth import assert_flat, assert_linear

TEMPLATES = ["/a/{x}", "/{y}/b", "/a/{x}.{y}", "/a/v{x}/c", "/{x}:{y}-{z}/d", "/a/{x}/{y}/"]


def found(path: str, templates: list[str] = TEMPLATES) -> list[tuple[str, dict[str, str]]]:
    tree = PathTree((each, None) for each in templates)
    return [(each.template, dict(each.values)) for each in tree.find_all(path)]


@every_case(
    ("path", "expected"),
    [
        ("/a/1", [("/a/{x}", {"x": "1"})]),
        ("/a/b", [("/a/{x}", {"x": "b"}), ("/{y}/b", {"y": "a"})]),
        ("/a/1.2.3", [("/a/{x}", {"x": "1.2.3"}), ("/a/{x}.{y}", {"x": "1.2", "y": "3"})]),
        ("/a/.2", [("/a/{x}", {"x": ".2"})]),
        ("/a/v7/c", [("/a/v{x}/c", {"x": "7"})]),
        ("/a/v/c", []),
        ("/a:b:c-d-e/d", [("/{x}:{y}-{z}/d", {"x": "a:b", "y": "c-d", "z": "e"})]),
        ("/a::-/d", []),
        ("/a/", []),
        ("/a", []),
        ("/a/1/2/", [("/a/{x}/{y}/", {"x": "1", "y": "2"})]),
        ("", []),
    ],
)
def test_a_path_finds_its_templates_in_their_order(
    path: str, expected: list[tuple[str, dict[str, str]]]
) -> None:
    assert found(path) == expected


@pytest.mark.slow
def test_the_number_of_templates_does_not_matter() -> None:
    def make(count: int) -> Callable[[], object]:
        tree = PathTree((f"/p{each}/{{x}}/q{{y}}", each) for each in range(count))
        return lambda: list(tree.find_all("/p7/1/q2"))

    assert_flat(make)


@pytest.mark.slow
def test_a_long_segment_costs_what_its_length_is() -> None:
    tree = PathTree([("/{a}-{b}-{c}-{d}", 1)])

    def make(size: int) -> Callable[[], object]:
        path = "/" + "-" * size + "/"
        other = "/" + "-" * size
        return lambda: (list(tree.find_all(path)), list(tree.find_all(other)))

    assert_linear(make, 30_000)
