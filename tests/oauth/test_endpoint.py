"""The security standards at the token endpoint: who gets a token by which grant, and who not."""

from __future__ import annotations

import pytest

from mock_sei.standards import STANDARDS, TOKEN_GRANTS, Listener
from tests.support import TOKEN_PATH, Platform


@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
@pytest.mark.parametrize("grant", [*TOKEN_GRANTS, "device_code"])
@pytest.mark.parametrize(
    "name", ["demo-server", "demo-web", "demo-internal", "demo-spa", "demo-native"]
)
def test_the_standards_table_is_enforced(
    platform: Platform, name: str, grant: str, listener: Listener
) -> None:
    """Each application x each grant x each listener: what its row has not is refused as such."""
    found = platform.application(name)
    http = platform.client(found.service_account or "svc-demo", listener=listener)
    form = {"grant_type": grant, "client_id": found.app_key}
    if found.app_secret:
        form["client_secret"] = found.app_secret

    answer = http.post(TOKEN_PATH, data=form)

    refused_by = platform.sandbox.journal.last.refused_by
    if grant not in found.standard.token_grants:
        wanted = "unauthorized_client" if grant in TOKEN_GRANTS else "unsupported_grant_type"
        assert (answer.status_code, answer.json()["error"]) == (400, wanted)
        assert refused_by == "row and grant"
    elif listener is not found.standard.listener:
        assert (answer.status_code, refused_by) == (403, "listener")
    else:
        assert (answer.status_code, refused_by) == (400, "parse")  # its own parameters are missing


def test_every_row_of_the_table_has_a_demo_application(platform: Platform) -> None:
    registered = platform.sandbox.state.registry.applications.values()

    assert {id(each.standard) for each in registered} == {id(row) for row in STANDARDS}
