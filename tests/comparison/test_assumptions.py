"""Each assumption, changed alone, is found, and a mock that has it compares clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei.assumptions.refusals import MEMBERS
from mock_sei.certificates.store import CertificateStore
from mock_sei.comparison.results import Outcome
from tests.assumptions.looking import SIGHTS
from tests.assumptions.provoking import PROVOKED
from tests.comparison.recorder import RealPlatform, compared
from tests.comparison.scenes import SCENES, Scene, other_words, token_and_call
from tests.oauth.flows import by_code, call, revoke

pytestmark = pytest.mark.long

ROUNDED = {"token.idle_limit", "code.lifetime"}
"""Limits that a recording shows only by what was accepted and what was not."""


@pytest.mark.parametrize("row", SCENES)
def test_an_assumption_is_found(row: str, shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path, {row: SIGHTS[row].other})
    SCENES[row](real)

    found = compared(real, shared_store)

    assert list(found.changes) == [row], found
    assert not found.findings
    if row not in ROUNDED:
        assert found.changes[row] == SIGHTS[row].other
    assert compared(real, shared_store, found.changes).is_same


SMALL = dict.fromkeys(scene for row, scene in SCENES.items() if row != "request.body_limit")
"""``tests/probe`` compares megabytes with the defaults."""


@pytest.mark.parametrize("scene", SMALL)
def test_a_scene_is_the_same_with_the_defaults(
    scene: Scene, shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    scene(real)

    found = compared(real, shared_store)

    assert found.is_same, found
    assert not found.compared.get(Outcome.NOT_COMPARED)


NOT_PLAYED = {
    "source_address": "an in-process client has no other address",
    "not_http": "no exchange",
    "request_stalled": "no exchange",
    "head_too_large": "no exchange",
    "exhausted": "only the test server has it",
    "store_away": "only the test server has it",
    "link_dead": "the link comes by mail",
}


PLAYED = [kind for kind in PROVOKED if kind not in NOT_PLAYED]


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [PLAYED[at::3] for at in range(3)], ids=["0", "1", "2"])
def test_the_words_of_refusals_are_found(
    kinds: list[str], shared_store: CertificateStore, tmp_path: Path
) -> None:
    rows = [f"refusal.{kind}.{name}" for kind in kinds for name in MEMBERS]
    changed = {row: other_words(row) for row in rows}
    real = RealPlatform(shared_store, tmp_path, changed)
    for kind in kinds:
        PROVOKED[kind](real)
    token_and_call(real)

    found = compared(real, shared_store)

    assert found.changes == changed, found
    assert not found.findings
    assert compared(real, shared_store, changed).is_same


def test_revocation_is_the_same(shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path)
    token = by_code(real).json()["access_token"]
    assert revoke(real, token=token).status_code == 200
    assert call(real, token) == 401

    assert compared(real, shared_store).is_same
