"""Several assumptions that differ at once, in recordings of every scene."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mock_sei.assumptions.refusals import MEMBERS
from mock_sei.assumptions.table import ROWS
from mock_sei.certificates.store import CertificateStore
from mock_sei.recordings.kept import Bodies
from tests.assumptions.looking import SIGHTS
from tests.comparison.recorder import RealPlatform, compared
from tests.comparison.scenes import SCENES, other_words, refused_calls

pytestmark = pytest.mark.long

APART = {
    "token.lifetime",
    "token.idle_limit",
    "refresh_token.rotates",
    "paging.default",
    "paging.maximum",
    "paging.limit",
}
"""Rows that hide others."""
TOGETHER = sorted(each for each in SCENES if each not in APART and not each.startswith("path."))
KINDS = ("api_key", "token_invalid", "certificate_name", "parameter_invalid", "grant_invalid")
WORDS = [f"refusal.{kind}.{name}" for kind in KINDS for name in MEMBERS]


def changed(rows: list[str]) -> dict[str, Any]:
    return {row: SIGHTS[row].other if row in SIGHTS else other_words(row) for row in sorted(rows)}


def assert_found(store: CertificateStore, rows: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        real = RealPlatform(store, Path(folder), rows)
        for scene in dict.fromkeys(SCENES.get(row, refused_calls) for row in sorted(rows)):
            scene(real)
        found = compared(real, store)
        assert not found.findings, found.findings
        assert found.changes.keys() == rows.keys()
        assert compared(real, store, found.changes).is_same


@pytest.mark.slow
@settings(max_examples=2)
@given(rows=st.lists(st.sampled_from([*TOGETHER, *WORDS]), min_size=2, max_size=7, unique=True))
def test_random_sets_of_assumptions_are_found(
    shared_store: CertificateStore, rows: list[str]
) -> None:
    assert_found(shared_store, changed(rows))


@pytest.mark.parametrize(
    "rows",
    [
        ["gateway.order", "refusal.api_key.message", "refusal.token_invalid.status"],
        ["path.token", "token.type", "token.scope_named"],
        [
            "paging.total",
            "paging.previous",
            "paging.next",
            "paging.cursor",
            "paging.absolute_links",
        ],
        ["token.expires_in", "token.extra_members", "refresh_token.lifetime"],
        ["request.unknown_parameter", "refusal.parameter_invalid.code"],
    ],
)
def test_a_set_of_assumptions_is_found(shared_store: CertificateStore, rows: list[str]) -> None:
    assert_found(shared_store, changed(rows))


def test_every_row_is_known() -> None:
    assert {*SCENES} <= {*ROWS}


def test_a_recording_of_shapes_shows_the_same_but_for_values_of_links(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    rows = changed(["paging.total", "paging.next", "token.type", "refusal.api_key.code"])
    real = RealPlatform(shared_store, tmp_path, rows, bodies=Bodies.SHAPES)
    for scene in (SCENES["paging.total"], SCENES["token.type"], refused_calls):
        scene(real)

    assert compared(real, shared_store).changes == rows
