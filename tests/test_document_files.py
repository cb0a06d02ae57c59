"""Files of OpenAPI documents: a user's folder, its names, and what is left out."""

from __future__ import annotations

import gc
import json
import logging
from pathlib import Path

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.certificates.store import CertificateStore
from mock_sei.document_files import DIGEST, DocumentFile, Index, digest
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.support import Served

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Widgets", "version": "1"},
    "servers": [{"url": "https://example.com/v7"}],
    "paths": {"/widgets": {"get": {"responses": {"200": {"description": "all"}}}}},
}


@pytest.mark.parametrize(
    ("name", "named", "product"),
    [
        ("Pet Store v2.json", None, "pet-store-v2"),
        ("x.json", "sma-trade-orders", "sma-trade-orders"),
        ("x.json", "Odd/Näme", "odd-n-me"),
        ("x.json", "", "unnamed"),
        ("x.json", 7, "x"),
        ("---.json", None, "unnamed"),
    ],
)
def test_a_product_is_named_by_its_document_or_file(
    tmp_path: Path, name: str, named: object, product: str
) -> None:
    extra = {} if named is None else {"x-mock-sei": {"product": named}}
    (tmp_path / name).write_text(json.dumps({**DOCUMENT, **extra}))

    assert DocumentFile(tmp_path / name, bundled=False).product == product


def test_yaml_and_json_are_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "a.yml").write_text(json.dumps(DOCUMENT, indent=2))

    files = [DocumentFile(each, bundled=False) for each in sorted(tmp_path.iterdir())]

    assert files[0].content == files[1].content == DOCUMENT
    assert files[0].paths == files[1].paths == ["/widgets"]


def indexed(tmp_path: Path, raw: bytes = b"info: [") -> Index:
    """The index of a document with these bytes, which need not be a document at all."""
    outline = {
        "title": "Widgets",
        "operations": ["GET /v1/a", "POST /v1/a", "GET /v1/a/{id}"],
        "collections": {"widgets": ["id"]},
    }
    path = tmp_path / "index.json"
    path.write_text(json.dumps({"widgets": {DIGEST: digest(outline, raw), **outline}}))
    return Index(path)


def test_a_bundled_file_tells_its_paths_without_being_parsed(tmp_path: Path) -> None:
    path = tmp_path / "widgets.yaml"
    path.write_text("info: [")

    file = DocumentFile(path, bundled=True, index=indexed(tmp_path))

    assert file.paths == ["/v1/a", "/v1/a/{id}"]
    with pytest.raises(ConfigurationError, match="not valid YAML"):
        _ = file.content


def test_an_index_says_nothing_of_a_document_that_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "widgets.yaml"
    path.write_text("paths: {/v1/b: {get: {}}}")

    file = DocumentFile(path, bundled=True, index=indexed(tmp_path))

    assert file.outline is None
    assert file.paths == ["/v1/b"]


def test_the_content_of_a_file_is_that_of_the_bytes_that_its_index_was_asked_about(
    tmp_path: Path,
) -> None:
    path = tmp_path / "widgets.yaml"
    path.write_text("paths: {/v1/a: {get: {}}}")
    file = DocumentFile(path, bundled=True, index=indexed(tmp_path, path.read_bytes()))
    assert file.outline is not None

    path.write_text("paths: {/v1/b: {get: {}}}")

    assert list(file.content["paths"]) == ["/v1/a"]


def test_broken_files_are_told_and_the_others_still_load(
    tmp_path: Path, shared_store: CertificateStore, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    (tmp_path / "b.json").write_text("[]")  # no document, but maybe a part of one
    (tmp_path / "c.json").write_bytes(b"\xff")
    (tmp_path / "d.yaml").write_text("openapi: 3.1.0\npaths: {/x: {get: {parameters: {a: b}}}}")
    (tmp_path / "e.json").write_text(json.dumps(DOCUMENT))
    (tmp_path / "notes.txt").write_text("not read")
    (tmp_path / "f.json").mkdir()  # a folder, whatever it is called

    with caplog.at_level(logging.WARNING, "mock_sei"):
        platform = Platform(
            fixtures=load_fixtures(None, tmp_path), store=shared_store, behaviour=Behaviour()
        )

    lines = [each.removeprefix(f"{tmp_path}/") for each in caplog.messages]
    assert [line.partition(": ")[0] for line in lines] == [
        "a.yaml",
        "c.json",
        "d.yaml",
    ]
    assert lines[0].endswith("; the whole file is left out")
    assert lines[2].startswith("d.yaml: paths[/x].get.parameters")
    assert lines[2].endswith("; GET /x is left out")
    assert Served(platform).get("/v7/widgets").status_code == 200
    assert Served(platform).get().status_code == 200


@pytest.mark.parametrize("content", [{}, {"notes.txt": "x"}])
def test_a_folder_without_documents_is_told(tmp_path: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)

    with pytest.raises(ConfigurationError, match="no OpenAPI document in it"):
        load_fixtures(None, tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such folder"):
        load_fixtures(None, tmp_path / "nowhere")


def test_reading_documents_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(DOCUMENT))
    was_enabled = gc.isenabled()
    try:
        for wanted in (True, False):
            gc.enable() if wanted else gc.disable()
            assert Catalogue((), load_fixtures(apis=tmp_path).brought).operations
            assert gc.isenabled() is wanted
    finally:
        gc.enable() if was_enabled else gc.disable()
