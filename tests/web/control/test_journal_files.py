"""The journal as a file of the control API, of a platform in process."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from mock_sei.commands.journal import lines, surroundings, texts
from mock_sei.errors import MockSeiError
from mock_sei.journal.curl import CurlLines
from mock_sei.operations.journal_files import DownloadCurl, DownloadHar, DownloadTest
from mock_sei.operations.requests import Request
from mock_sei.testing.remote import Remote
from tests.operations import InProcess
from tests.support import Served

FILES: dict[str, tuple[str, str, type[Request[Any]]]] = {
    "/journal.har": ("journal.har", "application/json", DownloadHar),
    "/journal.curl": ("journal.sh", "text/x-shellscript; charset=utf-8", DownloadCurl),
    "/journal.py": ("test_journal.py", "text/x-python; charset=utf-8", DownloadTest),
}


@pytest.fixture(autouse=True)
def calls(served: Served) -> None:
    served.post_token("demo-server")
    served.post_token("demo-server", auth=("demo-server-key", "wrong"))


@pytest.mark.parametrize("path", FILES)
def test_it_is_a_file_to_save(control: httpx2.Client, path: str) -> None:
    name, media_type, _ = FILES[path]
    answer = control.get(path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "/v2/oauthtoken" in answer.text
    assert "demo-server-secret" not in answer.text


@pytest.mark.parametrize("path", FILES)
def test_it_is_one_text_in_process_and_elsewhere(
    served: Served, remote: Remote, control: httpx2.Client, path: str
) -> None:
    name, _, kind = FILES[path]
    here = InProcess(served.platform).perform(kind())
    there = remote.perform(kind())

    assert here.name == there.name == name
    assert "".join(here.pieces) == "".join(there.pieces) == control.get(path).text


@pytest.mark.parametrize("path", FILES)
def test_its_filters_are_those_of_the_journal(control: httpx2.Client, path: str) -> None:
    good, refused = "POST /v2/oauthtoken 200", "POST /v2/oauthtoken 401"
    assert good in control.get(path).text
    assert refused in control.get(path).text
    assert refused not in control.get(path, params={"status": 200}).text
    assert good not in control.get(path, params={"limit": 1}).text
    assert good not in control.get(path, params={"after": 1}).text
    assert control.get(path, params={"staus": 200}).status_code == 400
    assert control.get(path, params={"application": "nobody"}).status_code == 404


def test_the_addresses_are_those_that_the_caller_reaches(served: Served) -> None:
    made = DownloadHar(host="mock-sei:8044").perform(served.platform)
    entry = json.loads("".join(made.pieces))["log"]["entries"][0]

    assert entry["request"]["url"] == "https://mock-sei:444/v2/oauthtoken"


def test_a_command_writes_the_forms(remote: Remote) -> None:
    [har] = texts(remote, {}, form="har", follow=False)
    assert len(json.loads(har)["log"]["entries"]) == 2
    [module] = texts(remote, {"status": 401}, form="pytest", follow=False)
    assert module.count("assert answer.status_code") == 1
    curl = list(texts(remote, {}, form="curl", follow=False))
    assert [each.count("/v2/oauthtoken") for each in curl if each.startswith("curl ")][-2:] == [
        1,
        1,
    ]
    assert len(list(texts(remote, {}, form=None, follow=False))) == 2
    with pytest.raises(MockSeiError, match="--follow goes with lines"):
        list(texts(remote, {}, form="har", follow=True))


def test_the_files_of_the_server_are_named_where_they_are_on_this_machine(
    served: Served, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = served.platform.store.folder
    found = list(lines(remote, {}, follow=False, curl=CurlLines(surroundings(remote))))
    assert f"--cacert {folder / 'ca.pem'}" in found[-1]

    monkeypatch.setattr("mock_sei.commands.journal._is_same", lambda *_: False)
    found = list(lines(remote, {}, follow=False, curl=CurlLines(surroundings(remote))))
    assert "--cacert ca.pem --cert svc-demo.crt --key svc-demo.key" in found[-1]
    assert any(each.startswith("curl -sS -o ca.pem http://127.0.0.1:8044/ca.pem") for each in found)
