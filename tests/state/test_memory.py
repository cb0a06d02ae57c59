"""The state of one server, in its memory: nothing is kept for a store."""

from __future__ import annotations

from mock_sei.platform import Platform


def test_changes_are_not_remembered_for_a_store(platform: Platform) -> None:
    for _ in range(2):
        stored = platform.state.stored
        platform.state.oauth.tokens.revoke_family("a family")

        assert not stored.is_being_built
        assert not stored.begun
        platform.reset()
