"""openid-client of npm, configured by the platform's own metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mock_sei import MockSei
from tests.e2e import walks
from tests.e2e.libraries import END_USER, INTERNAL, NATIVE, SERVER, SERVICE_ACCOUNT, WEB, App
from tests.e2e.walks import CLIENT_CREDENTIALS, CODE, PASSWORD

pytestmark = pytest.mark.needs("node", "npm")

EVERY_FLOW = [
    pytest.param(SERVER, CLIENT_CREDENTIALS, SERVICE_ACCOUNT, id=CLIENT_CREDENTIALS),
    pytest.param(INTERNAL, PASSWORD, END_USER, id=PASSWORD),
    pytest.param(WEB, CODE, {}, id=CODE),
    pytest.param(NATIVE, CODE, {}, id="native"),
]
LIVES_ON = walks.LIVES_ON | walks.ENDS

FLOW = ("app", "grant", "form")
every_flow = pytest.mark.parametrize(FLOW, EVERY_FLOW)
every_flow_at_night = pytest.mark.parametrize(
    FLOW,
    [
        EVERY_FLOW[2],
        *(
            pytest.param(*each.values, id=each.id, marks=pytest.mark.nightly)
            for each in (*EVERY_FLOW[:2], EVERY_FLOW[3])
        ),
    ],
)
"""The code of ``demo-web`` with each change: for what the library does in any flow."""
in_rfc = pytest.mark.mock_sei(dialect="rfc")


def walk(packages: Path, *flow: Any, **changes: Any) -> Any:
    return walks.walk(("node", packages / "openid_client.js"), *flow, **changes)


@in_rfc
@every_flow
def test_every_flow_from_the_metadata_to_revocation(
    mock_sei: MockSei, npm_packages: Path, app: App, grant: str, form: Mapping[str, str]
) -> None:
    outcome = walk(npm_packages, mock_sei, app, grant, form)
    token = outcome.pop("token")
    assert token["token_type"] == "bearer"  # the library's spelling
    assert outcome == {"call": 200, **(LIVES_ON if "refresh_token" in token else {})}
    assert ("refresh_token" in token) is (grant != CLIENT_CREDENTIALS)


@in_rfc
def test_the_pair_may_be_in_the_form(mock_sei: MockSei, npm_packages: Path) -> None:
    outcome = walk(
        npm_packages, mock_sei, SERVER, CLIENT_CREDENTIALS, SERVICE_ACCOUNT, authentication="post"
    )
    assert outcome["call"] == 200


@every_flow_at_night
def test_bearertoken_is_no_type_it_takes(
    mock_sei: MockSei, npm_packages: Path, app: App, grant: str, form: Mapping[str, str]
) -> None:
    error = walk(npm_packages, mock_sei, app, grant, form)["error"]
    assert error["code"] == "OAUTH_UNSUPPORTED_OPERATION"
    assert error["because"]["message"] == "unsupported `token_type` value"


@every_flow_at_night
def test_a_fetch_that_mends_the_type_cures_every_flow(
    mock_sei: MockSei, npm_packages: Path, app: App, grant: str, form: Mapping[str, str]
) -> None:
    outcome = walk(npm_packages, mock_sei, app, grant, form, cured=True)
    token = outcome.pop("token")
    assert outcome == {"call": 200, **(LIVES_ON if "refresh_token" in token else {})}


@in_rfc
@every_flow_at_night
def test_another_accounts_certificate_is_refused(
    mock_sei: MockSei, npm_packages: Path, app: App, grant: str, form: Mapping[str, str]
) -> None:
    error = walk(npm_packages, mock_sei, app, grant, form, account="svc-limited")["error"]
    assert (error["name"], error["answer"]) == ("ResponseBodyError", "unauthorized_client")


@in_rfc
def test_a_certificate_of_another_ca_ends_in_the_handshake(
    mock_sei: MockSei, npm_packages: Path
) -> None:
    """undici reports no alert under TLS 1.3; the journal says what happened."""
    stranger = mock_sei.certificate("svc-demo", "untrusted")
    outcome = walk(
        npm_packages, mock_sei, SERVER, CLIENT_CREDENTIALS, SERVICE_ACCOUNT, account=stranger
    )
    assert outcome["error"]["because"]["code"] == "UND_ERR_SOCKET"
    entry = mock_sei.journal.last
    assert entry.kind == "handshake"
    assert "issued by a CA this server does not know" in (entry.refused_because or "")


@in_rfc
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("state", "of-somebody-else", 'unexpected "state" response parameter value'),
        ("iss", "https://other.example", 'unexpected "iss" (issuer) response parameter value'),
    ],
)
def test_a_changed_answer_is_refused_by_the_library(
    mock_sei: MockSei, npm_packages: Path, name: str, value: str, message: str
) -> None:
    error = walk(npm_packages, mock_sei, WEB, CODE, tampered={name: value})["error"]
    assert message in json.dumps(error).replace('\\"', '"')


@in_rfc
def test_another_code_is_refused_by_the_platform(mock_sei: MockSei, npm_packages: Path) -> None:
    error = walk(npm_packages, mock_sei, WEB, CODE, tampered={"code": "of-somebody-else"})["error"]
    assert error["answer"] == "invalid_grant"
