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
from tests.comparison.scenes import SCENES, other_words, token_and_call
from tests.oauth.flows import by_code, call, revoke

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


@pytest.mark.parametrize("row", SCENES)
def test_the_default_of_an_assumption_is_the_same(
    row: str, shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    SCENES[row](real)

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


@pytest.mark.parametrize("kind", [each for each in PROVOKED if each not in NOT_PLAYED])
def test_the_words_of_a_refusal_are_found(
    kind: str, shared_store: CertificateStore, tmp_path: Path
) -> None:
    changed = {row: other_words(row) for row in (f"refusal.{kind}.{name}" for name in MEMBERS)}
    real = RealPlatform(shared_store, tmp_path, changed)
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
