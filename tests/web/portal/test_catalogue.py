"""The API catalogue shows all products and operations of the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.document_files import DocumentFile
from mock_sei.platform import Platform
from tests.web.portal.browser import INJECTED, Browser, is_unbroken


def documents_of(platform: Platform) -> dict[str, Any]:
    return {name: each.content for name, each in platform.catalogue.products.items()}


@pytest.mark.long
def test_every_product_is_listed_and_has_its_page(browser: Browser, platform: Platform) -> None:
    listed = browser.get("/portal/apis").text
    for product, document in documents_of(platform).items():
        assert f'href="/portal/apis/{product}"' in listed
        page = browser.get(f"/portal/apis/{product}")
        assert page.status_code == 200
        for path, item in document["paths"].items():
            for method in item:
                if method in ("get", "post", "put", "patch", "delete"):
                    assert f"{method.upper()} {path}" in page.text
        assert platform.addresses.two_way in page.text


@pytest.mark.long
def test_an_open_list_of_values_is_told_from_a_closed_one(browser: Browser) -> None:
    address = "/portal/apis/portfolio-reporting/GET/v1/portfolio/{externalId}/transactions"
    page = browser.get(address).text

    assert "string, such as Trade, Settlement" in page
    assert "string: Daily, Weekly, Monthly, Quarterly" in page


@pytest.mark.long
def test_a_script_in_a_document_is_text(
    browser: Browser, platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A user's own OpenAPI documents are shown too."""
    parameter = {
        "name": INJECTED,
        "in": "query",
        "description": INJECTED,
        "schema": {"type": "string", "enum": [INJECTED]},
    }
    operation = {"summary": INJECTED, "parameters": [parameter]}
    document = {
        "openapi": "3.1.0",
        "info": {"title": INJECTED, "description": INJECTED},
        "paths": {f"/{INJECTED}": {"get": operation, "post": {}}},
    }
    files = []
    for name, content in (("own", document), ("bare", {"openapi": "3.0.0", "paths": {}})):
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(content))
        files.append(DocumentFile(file, bundled=False))
    monkeypatch.setattr(platform, "catalogue", Catalogue([], files))
    assert platform.catalogue.problems == []

    for path in ("/portal/apis", "/portal/apis/own", "/portal/apis/bare", "/portal/apps/new"):
        page = browser.get(path)
        assert page.status_code == 200
        assert is_unbroken(page)
