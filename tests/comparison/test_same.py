"""A mock that is compared with itself differs in nothing."""

from __future__ import annotations

from pathlib import Path

from mock_sei.certificates.store import CertificateStore
from mock_sei.comparison.results import Outcome
from tests.comparison.recorder import RealPlatform, compared


def test_a_token_and_a_call_are_the_same(shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path)
    headers = real.headers()
    assert real.get(headers=headers).status_code == 200
    assert real.get(headers=headers | {"Authorization": "Bearer nonsense"}).status_code == 401

    found = compared(real, shared_store)

    assert found.is_same, found
    assert found.compared == {Outcome.SAME: 3}
