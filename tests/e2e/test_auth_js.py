"""Auth.js of npm with the provider that docs/clients.md prints."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from mock_sei import MockSei
from tests.e2e import walks
from tests.e2e.libraries import App, files
from tests.e2e.programs import DOCUMENT
from tests.e2e.snippets import read, section, snippets

pytestmark = pytest.mark.needs("node", "npm")

HOST = "https://app.example"
in_rfc = pytest.mark.mock_sei(dialect="rfc")


@pytest.fixture
def provider() -> str:
    (text,) = snippets(section(read(DOCUMENT), "Auth.js"), "js")
    return text


def without(text: str, part: str, instead: str = "") -> str:
    assert text.count(part) == 1
    return text.replace(part, instead)


def log_in(server: MockSei, packages: Path, folder: Path, provider: str, **changes: Any) -> Any:
    """The user logs in. Returns the result of the log-in and of a call with the token."""
    redirect = f"{HOST}/auth/callback/sei"
    application = server.new_application(
        type="client-server",
        actor="end-user",
        owner="sei-client",
        redirect_addresses=[redirect],
    )
    account = str(application.service_account)
    app = App(application.app_key, application.app_secret, account, redirect)

    certs = folder / "certs"
    (certs / account).mkdir(parents=True)
    shutil.copy(server.ca_file, certs / "ca.pem")
    cert, key = files(server, changes.get("account") or account)
    shutil.copy(cert, certs / account / "certificate.crt")
    shutil.copy(key, certs / account / "privatekey.key")
    (folder / "node_modules").symlink_to(packages / "node_modules")
    (folder / "sei.mjs").write_text(provider, encoding="utf-8")

    variables = {
        "SEI_PROVIDER": str(folder / "sei.mjs"),
        "SEI_ISSUER": server.url,
        "SEI_URL": server.two_way_url,
        "SEI_CERTS": str(certs),
        "SEI_ACCOUNT": account,
        "AUTH_SEI_ID": app.key,
        "AUTH_SEI_SECRET": str(app.secret),
    }
    driver = ("node", packages / "auth_js.js")
    return walks.walk(driver, server, app, walks.CODE, variables=variables, **changes)


def test_the_provider_as_printed_logs_in_and_its_token_calls(
    mock_sei: MockSei, npm_packages: Path, tmp_path: Path, provider: str
) -> None:
    outcome = log_in(mock_sei, npm_packages, tmp_path, provider)
    assert outcome.get("call") == 200, outcome
    assert outcome["token"]["refresh_token"]


@pytest.fixture
def uncured(provider: str) -> str:
    return without(provider, "async conform(", "async notCalled(")


def test_without_its_cure_it_takes_no_bearertoken(
    mock_sei: MockSei, npm_packages: Path, tmp_path: Path, uncured: str
) -> None:
    error = log_in(mock_sei, npm_packages, tmp_path, uncured)["error"]
    assert error["message"] == "unsupported `token_type` value"
    assert mock_sei.journal.last.status == 200  # the platform gave it one


@in_rfc
def test_with_bearer_it_needs_no_cure(
    mock_sei: MockSei, npm_packages: Path, tmp_path: Path, uncured: str
) -> None:
    assert log_in(mock_sei, npm_packages, tmp_path, uncured)["call"] == 200


def test_without_the_issuer_it_takes_no_code(
    mock_sei: MockSei, npm_packages: Path, tmp_path: Path, provider: str
) -> None:
    anonymous = without(provider, "  issuer,\n")
    error = log_in(mock_sei, npm_packages, tmp_path, anonymous)["error"]
    assert 'unexpected "iss" (issuer) response parameter value' in error["message"]


def test_with_another_accounts_certificate_it_gets_no_token(
    mock_sei: MockSei, npm_packages: Path, tmp_path: Path, provider: str
) -> None:
    log_in(mock_sei, npm_packages, tmp_path, provider, account="svc-demo")
    assert mock_sei.journal.last.refused_by == "certificate name"
