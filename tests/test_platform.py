"""Calls into the platform while other threads change what they stand on."""

from __future__ import annotations

import pytest

from mock_sei.oauth.tokens import Tokens
from tests.support import TICKETS, Served

TOKEN_INFO = "/v2/oauth/tokeninfo"


@pytest.mark.parametrize("what", ["refresh_keys", "remove"])
@pytest.mark.parametrize("path", [f"{TOKEN_INFO}?client_id=demo-server-key", TICKETS])
def test_a_call_that_was_let_in_is_answered_whatever_becomes_of_its_application(
    served: Served, monkeypatch: pytest.MonkeyPatch, what: str, path: str
) -> None:
    """Its application goes between the gateway's last check and the answer."""
    record_use, headers, http = Tokens.record_use, served.headers(), served.client()

    def change(*arguments: object) -> None:
        record_use(*arguments)  # type: ignore[arg-type]  # as it was called
        getattr(served.platform.portal, what)("demo-server")

    monkeypatch.setattr(Tokens, "record_use", change)

    answer = served.get(path, http=http, headers=headers)

    assert answer.status_code == 200, answer.text
    assert served.platform.bugs == []
    monkeypatch.undo()
    assert served.get(path, http=http, headers=headers).status_code == 401
