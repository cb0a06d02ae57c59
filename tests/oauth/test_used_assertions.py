"""How long used assertions are remembered."""

from __future__ import annotations

import pytest

from tests.oauth.assertions import assertion, own, register, send, sign
from tests.support import Served


@pytest.mark.long
def test_a_used_assertion_is_remembered_until_it_ends_and_until_a_reset(
    registered: Served,
) -> None:
    platform = registered.platform
    for number in range(3):
        send(registered, sign(assertion(registered, identifier=f"_{number}")))
    assert len(platform.state.oauth.used_assertions) == 3
    platform.clock.advance(minutes=5)
    assert send(registered, sign(assertion(registered))).status_code == 200
    assert len(platform.state.oauth.used_assertions) == 1
    fresh = sign(assertion(registered, identifier="_fresh", starts=-20))
    assert send(registered, fresh).status_code == 200

    platform.reset()
    register(registered, own().certificate)

    assert send(registered, fresh).status_code == 200
