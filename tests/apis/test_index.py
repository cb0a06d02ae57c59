"""The index of the bundled documents: what it says, when it is believed, what it saves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mock_sei import document_files
from mock_sei.apis.documents import Catalogue, Product
from mock_sei.apis.index import main, make_index
from mock_sei.certificates.store import CertificateStore
from mock_sei.document_files import DIGEST, DocumentFile, Index, Outline, digest
from mock_sei.errors import Refusal, Rejected
from mock_sei.fixtures import INDEX, bundled_folder, load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.operations import arm_fault, enqueue

COMMITTED = bundled_folder() / INDEX


@cache
def said_by_documents() -> Mapping[str, Outline]:
    """By product, whatever an index says."""
    return {file.product: Product(file).read_outline() for file in load_fixtures().documents}


def files_with(index: Path) -> list[DocumentFile]:
    """The bundled documents, read as if this were their index."""
    folder = bundled_folder() / "apis"
    return [
        DocumentFile(path, bundled=True, index=Index(index)) for path in sorted(folder.iterdir())
    ]


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the documents that are parsed meanwhile."""
    names: list[str] = []
    parse = document_files.parse_document

    def note(text: str, path: Path, problems: Any) -> Any:
        names.append(path.stem)
        return parse(text, path, problems)

    monkeypatch.setattr(document_files, "parse_document", note)
    return names


# What it says


def test_the_committed_index_is_the_one_that_make_tables_writes() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == make_index(load_fixtures().documents)


@pytest.mark.long
def test_every_bundled_document_has_an_outline_that_says_what_the_document_says() -> None:
    outlines = {file.product: file.outline for file in files_with(COMMITTED)}

    assert outlines == said_by_documents()
    for file in files_with(COMMITTED):
        assert list(file.paths) == list(file.content["paths"])


def test_an_index_that_is_right_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / INDEX
    main(path)
    written = path.stat()

    main(path)

    assert path.read_bytes() == COMMITTED.read_bytes()
    assert path.stat().st_mtime_ns == written.st_mtime_ns


# When it is believed


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    """The committed index with the entry of the investors changed."""
    entries = json.loads(COMMITTED.read_text(encoding="utf-8"))
    change(entries["investors"])
    return json.dumps(entries)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "7",
        '"investors"',
        "{",
        "[" * 100_000,
        "9" * 10_000,
        "\ufeff{}",
        '{"investors": null}',
        '{"investors": []}',
        '{"investors": {}}',
        '{"investors": {"sha256": null}}',
        '{"investors": {"sha256": ["x"], "title": "\\ud800"}}',
        changed(lambda entry: entry.pop(DIGEST)),
        changed(lambda entry: entry.update({DIGEST: entry[DIGEST][::-1]})),
        changed(lambda entry: entry.update(title="Investor")),
        changed(lambda entry: entry["operations"].pop()),
        changed(lambda entry: entry["operations"].append("GET /v2/investrs")),
        changed(lambda entry: entry["operations"].reverse()),
        changed(lambda entry: entry.update(operations=None)),
        changed(lambda entry: entry["collections"].clear()),
        changed(lambda entry: entry["collections"].update(investors=[])),
        changed(lambda entry: entry.pop("collections")),
        changed(lambda entry: entry.update(more=1)),
    ],
)
def test_of_a_damaged_index_nothing_that_is_wrong_is_believed(tmp_path: Path, text: str) -> None:
    path = tmp_path / INDEX
    path.write_text(text, encoding="utf-8")

    for file in files_with(path):
        assert file.outline in (None, said_by_documents()[file.product])
        if file.product == "investors":
            assert file.outline is None


@pytest.mark.long
@pytest.mark.parametrize("damage", ["missing", "folder", "bytes", "cut"])
def test_without_an_index_the_same_is_known(tmp_path: Path, damage: str) -> None:
    path = tmp_path / INDEX
    if damage == "folder":
        path.mkdir()
    elif damage == "bytes":
        path.write_bytes(b"\xff\x00")
    elif damage == "cut":
        path.write_bytes(COMMITTED.read_bytes()[:-100])

    slow, quick = Catalogue(files_with(path)), Catalogue(files_with(COMMITTED))

    for name, product in slow.products.items():
        assert product.title == quick.products[name].title
        assert list(product.paths) == list(quick.products[name].paths)
    assert list(slow.names) == list(quick.names)
    assert slow.keys_by_collection == quick.keys_by_collection
    assert slow.bundled_paths == quick.bundled_paths


def test_an_entry_with_other_fields_is_no_outline(tmp_path: Path) -> None:
    """An index of another version may be whole, and have another shape."""
    raw = (bundled_folder() / "apis" / "jobs.yaml").read_bytes()
    outline = {"title": "Jobs", "paths": ["/v1/jobs"]}
    path = tmp_path / INDEX
    path.write_text(json.dumps({"jobs": {DIGEST: digest(outline, raw), **outline}}))

    assert Index(path).find("jobs", raw) is None


def test_a_document_of_the_users_fixtures_is_not_looked_up_in_the_index(tmp_path: Path) -> None:
    """It takes a bundled document's place, by name; its bytes may even be the bundled ones."""
    (tmp_path / "apis").mkdir()
    shutil.copy(bundled_folder() / "apis" / "jobs.yaml", tmp_path / "apis" / "jobs.yaml")
    (tmp_path / "apis" / "investors.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: Ours, version: '1'}\n"
        "x-mock-sei: {product: investors}\npaths: {/v9/investors: {get: {}}}\n"
    )

    fixtures = load_fixtures(tmp_path)
    catalogue = Catalogue(fixtures.documents)

    outlines = {file.product: file.outline for file in fixtures.documents}
    assert outlines.pop("jobs") is None
    assert outlines.pop("investors") is None
    assert None not in outlines.values()
    assert list(catalogue.products["investors"].names) == ["GET /v9/investors"]
    assert catalogue.products["investors"].title == "Ours"
    assert "GET /v2/investors" not in list(catalogue.names)


def test_a_users_own_document_takes_a_product_from_the_index(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "openapi: 3.1.0\ninfo: {title: Ours, version: '1'}\n"
        "x-mock-sei: {product: investors}\npaths: {/v9/investors: {get: {}}}\n"
    )

    fixtures = load_fixtures(apis=tmp_path)
    catalogue = Catalogue(fixtures.documents, fixtures.brought)

    assert list(catalogue.products["investors"].names) == ["GET /v9/investors"]
    assert "GET /v9/investors" in list(catalogue.names)
    assert "GET /v2/investors" not in list(catalogue.names)
    assert "GET /v1/products" in list(catalogue.names)


# What it saves


@pytest.fixture
def fresh(tmp_path: Path, shared_store: CertificateStore) -> Platform:
    """A platform whose documents nobody has parsed: those of a process are shared."""
    (tmp_path / "fixtures").mkdir()
    return Platform(
        fixtures=load_fixtures(tmp_path / "fixtures"), store=shared_store, behaviour=Behaviour()
    )


def test_a_start_a_fault_an_answer_a_record_and_a_miss_parse_no_document(
    parsed: list[str], fresh: Platform
) -> None:
    arm_fault(fresh, {"operation": "GET /v2/investors", "status": 503})
    arm_fault(fresh, {"operation": "PATCH /v1/investors/INV-1", "status": 503})
    with pytest.raises(Rejected, match="nearest are GET /v2/investors"):
        arm_fault(fresh, {"operation": "GET /v2/investrs", "status": 503})
    enqueue(fresh, "GET /v2/investors", status=503)
    fresh.data.add("investors", [{"externalId": "INV-new"}])
    with pytest.raises(Refusal, match=r"nearest are: GET /v2/investors"):
        fresh.catalogue.find("GET", "/v2/investrs")
    assert {each.title for each in fresh.catalogue.products.values()} >= {"Investors"}
    fresh.reset()

    assert parsed == []


def test_a_call_parses_the_document_of_its_product_only(parsed: list[str], fresh: Platform) -> None:
    fresh.catalogue.find("GET", "/v2/investors")

    assert parsed == ["investors"]


def test_a_document_that_was_changed_since_the_index_is_the_only_one_parsed_at_the_start(
    parsed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bundled"
    shutil.copytree(bundled_folder(), folder, ignore=shutil.ignore_patterns("generator"))
    path = folder / "apis" / "investors.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("/v2/investors:", "/v3/investors:"))
    monkeypatch.setattr("mock_sei.fixtures.bundled_folder", lambda: folder)
    (tmp_path / "none").mkdir()

    names = list(Catalogue(load_fixtures(tmp_path / "none").documents).names)

    assert parsed == ["investors"]
    assert "GET /v3/investors" in names
    assert "GET /v2/investors" not in names
