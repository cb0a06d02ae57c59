"""Recordings of other tools, whose secrets are in clear, and folders that have both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mock_sei.comparison.cast import Cast, Casting
from mock_sei.comparison.mapping import RecordingMap
from mock_sei.comparison.reading import Recording
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import GrantType

FORM = "application/x-www-form-urlencoded"


def entry(form: str, answer: dict[str, Any], authorization: str, status: int = 200) -> Any:
    return {
        "startedDateTime": "2026-03-01T12:00:00Z",
        "request": {
            "method": "POST",
            "url": "https://api.example.com:444/v2/oauthtoken",
            "headers": [{"name": "Authorization", "value": authorization}],
            "postData": {"mimeType": FORM, "text": form},
        },
        "response": {
            "status": status,
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "content": {"mimeType": "application/json", "text": json.dumps(answer)},
        },
    }


def write(path: Path, *entries: Any) -> Path:
    path.write_text(json.dumps({"log": {"entries": entries}}))
    return path


PASSWORD = "grant_type=client_credentials&username=svc-a&password=secret-of-svc"
BASIC = "Basic YS1rZXk6YS1zZWNyZXQ="
TOKEN = {"access_token": "a-token-of-many-letters", "expires_in": 3600}


def cast_of(recording: Recording) -> Cast:
    casting = Casting()
    for each in recording:
        casting.note(each)
    return Cast(casting, RecordingMap(), Registry())


def test_secrets_in_clear_become_placeholders(tmp_path: Path) -> None:
    recording = Recording(write(tmp_path / "a.har", entry(PASSWORD, TOKEN, BASIC)))

    (exchange,) = recording

    assert exchange.response is not None
    assert "secret" not in exchange.request.body.text.replace("{{app-secret", "")
    assert "a-token-of-many-letters" not in exchange.response.body.text
    assert recording.count == 1
    assert [*recording] == [exchange]


def test_files_of_two_tools_have_no_placeholder_in_common(tmp_path: Path) -> None:
    ours = "Basic {{app-key-1}}:{{app-secret-1}}"
    write(tmp_path / "1.har", entry(PASSWORD, TOKEN, BASIC))
    write(tmp_path / "2.har", entry("grant_type=client_credentials&username=svc-b", {}, ours))

    cast = cast_of(Recording(tmp_path))

    assert len(cast.players) == 2


def test_an_application_has_the_row_of_the_grant_that_was_accepted(tmp_path: Path) -> None:
    refused = entry(PASSWORD.replace("client_credentials", "password"), {}, BASIC, status=400)
    accepted = entry(PASSWORD, TOKEN, BASIC)
    unknown = entry(PASSWORD, {}, "Basic Yi1rZXk6Yi1zZWNyZXQ=", status=401)

    cast = cast_of(Recording(write(tmp_path / "a.har", refused, accepted, unknown)))

    (player,) = cast.players.values()
    assert player.application.standard.grant is GrantType.CLIENT_CREDENTIALS
    assert player.application.service_account == "svc-a"
    assert len(cast.unknown) == 1


def test_an_account_whose_name_the_mock_cannot_have_gets_another(tmp_path: Path) -> None:
    form = PASSWORD.replace("svc-a", "svc%20%2F%20a")

    cast = cast_of(Recording(write(tmp_path / "a.har", entry(form, TOKEN, BASIC))))

    (player,) = cast.players.values()
    assert player.recorded_account == "svc / a"
    assert cast.account_of("svc / a", player) == player.application.service_account == "account-1"
