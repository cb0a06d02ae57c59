"""``pytester`` in this project's tests: a user's suite leaves the libraries loaded."""

from __future__ import annotations

import sys

import pytest

pytestmark = pytest.mark.long


def test_a_suite_leaves_libraries_loaded_and_not_its_own_modules(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    pytester.makepyfile(own_module="", test_own="import colorsys, own_module\ndef test_it(): ...")
    pytester.inline_run("-p", "no:cacheprovider")
    assert "colorsys" in sys.modules
    assert {"own_module", "test_own"}.isdisjoint(sys.modules)
