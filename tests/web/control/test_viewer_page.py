"""Swagger UI at ``/docs/try``: which files are sent, how, and that no other file can be read."""

from __future__ import annotations

import errno
import os
import re
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NoReturn
from urllib.parse import urljoin

import httpx2
import pytest

from mock_sei.web.control import viewer_page
from tests.web.test_pages import policy_of

FILES = {
    "/docs/try": "text/html",
    "/docs/page.css": "text/css",
    "/docs/page.js": "text/javascript",
    "/docs/swagger-ui.css": "text/css",
    "/docs/swagger-ui-bundle.js": "text/javascript",
}
every_file = pytest.mark.parametrize("path", FILES)


@every_file
def test_a_file_is_sent_as_what_it_is(control: httpx2.Client, path: str) -> None:
    answer = control.get(path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{FILES[path]}; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.long
def test_the_page_names_its_files_the_reference_and_nothing_else(control: httpx2.Client) -> None:
    page = control.get("/docs/try").text
    named = re.findall(r'(?:href|src)="(?!data:)([^"]*)"', page)
    paths = {urljoin("/docs/try", each) for each in named}

    assert paths == {*FILES, "/docs", "/openapi.json"} - {"/docs/try"}
    for path in paths:
        assert control.get(path).is_success


def test_the_page_lets_a_browser_ask_nobody_else_and_run_no_other_script(
    control: httpx2.Client,
) -> None:
    policy = policy_of(control.get("/docs/try"))

    assert policy.pop("img-src") == ["'self'", "data:"]  # Swagger UI's arrows are in its stylesheet
    sources = {source for each in policy.values() for source in each}
    assert policy["default-src"] == ["'none'"]
    assert sources == {"'none'", "'self'"}
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == ["'none'"]


@every_file
def test_a_browser_that_has_a_file_asks_whether_it_changed(
    control: httpx2.Client, path: str
) -> None:
    first = control.get(path)
    assert first.headers["Cache-Control"] == "no-cache"

    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        again = control.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    for unknown in ('"another"', "", tag[1:-1], f'"x{tag[1:]}'):
        again = control.get(path, headers={"If-None-Match": unknown})
        assert (again.status_code, again.content) == (200, first.content)


@every_file
def test_head_says_what_get_says(control: httpx2.Client, path: str) -> None:
    head, get = control.head(path), control.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]
    assert int(head.headers["Content-Length"]) == len(get.content) > 0
    unchanged = control.head(path, headers={"If-None-Match": get.headers["ETag"]})
    assert unchanged.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/docs/nothing.js",
        "/docs/__init__.py",
        "/docs/main.py",
        "/docs/viewer_page.py",
        "/docs/page.html",
        "/docs/SWAGGER-UI.CSS",
        "/docs/resources/swagger-ui.css",
        "/docs//page.css",
        "/docs/../pyproject.toml",
        "/docs/%2e%2e/__init__.py",
        "/docs/..%2f..%2fapp.py",
        "/docs/..%5c..%5capp.py",
        "/docs/%2fetc%2fpasswd",
        "/docs/page.css%00.html",
    ],
)
def test_no_other_path_leads_to_a_file(control: httpx2.Client, path: str) -> None:
    answer = control.get(httpx2.URL("http://127.0.0.1:8044").copy_with(raw_path=path.encode()))

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/json"


@every_file
def test_a_file_is_only_read(control: httpx2.Client, path: str) -> None:
    answer = control.post(path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@every_file
def test_a_page_of_another_origin_gets_none_of_it(control: httpx2.Client, path: str) -> None:
    refused = control.get(path, headers={"Origin": "http://stranger.example"})
    assert refused.status_code == 403

    assert control.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert control.get(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_the_document_does_not_describe_the_page(control: httpx2.Client) -> None:
    assert [each for each in control.get("/openapi.json").json()["paths"] if "docs" in each] == []


def test_without_the_package_of_the_viewer_the_answer_says_what_to_install(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewer_page, "find_spec", lambda _: None)

    answer = control.get("/docs/swagger-ui.css")
    assert answer.status_code == 404
    assert "fastapi-swagger is not installed" in answer.json()["detail"]
    assert "fastapi-swagger" in control.get("/docs/try").text
    assert control.get("/docs/page.css").is_success


def test_the_package_of_the_viewer_may_move_its_files(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = ModuleSpec("fastapi_swagger", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(viewer_page, "find_spec", lambda _: spec)
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved/swagger-ui.css").write_bytes(b"moved {}")

    assert control.get("/docs/swagger-ui.css").content == b"moved {}"
    missing = control.get("/docs/swagger-ui-bundle.js")
    assert missing.status_code == 404
    assert "swagger-ui-bundle.js" in missing.json()["detail"]


@pytest.mark.parametrize("opens", ["scandir", "open"])
def test_without_a_further_file_the_answer_says_so(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch, opens: str
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        if opens == "scandir":
            patch.setattr(os, "scandir", fail)
        else:
            patch.setattr(Path, "read_bytes", fail)
        answer = control.get("/docs/swagger-ui.css")
        page = control.get("/docs/try")

    assert answer.status_code == 503
    assert "cannot open any more files" in answer.json()["detail"]
    assert page.is_success


def test_no_code_of_the_viewer_s_package_is_imported(control: httpx2.Client) -> None:
    for path in FILES:
        assert control.get(path).is_success

    assert [each for each in sys.modules if each.startswith("fastapi_swagger")] == []
