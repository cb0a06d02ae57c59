"""OpenAPI documents of other authors: a public collection from npm, and two over sockets.

Every document loads or its fault is told; every operation answers a call made from its own schemas,
and what it answers fits them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.apis.documents import Catalogue
from mock_sei.certificates.store import CertificateStore
from mock_sei.document_files import DocumentFile
from tests.e2e.made_calls import Caller, platform_of
from tests.e2e.serving import Serving
from tests.support import Served

pytestmark = pytest.mark.needs("npm")

FOLDERS = ("2.0/json", "2.0/yaml", "3.0/json", "3.0/yaml", "3.1/json", "3.1/yaml")

_OLD_BOUND = "must be a number"
"""They say 3.1, and have the bounds of 3.0."""
_DEFAULT = "the default does not fit its schema"
_STATUS = "no server can send the status 10"
_FRAGMENT = "clients never send a fragment"
_KNOWN = (_OLD_BOUND, _DEFAULT, _STATUS, _FRAGMENT)
_WRONG = {
    "3.0/{}/http-status-codes.{}": {_STATUS},
    "3.0/{}/parameters-style.{}": {_FRAGMENT},
    "3.1/{}/parameters-style.{}": {_FRAGMENT},
    "3.0/{}/schema-validation.{}": {_DEFAULT},
    "3.1/{}/schema-validation-local.{}": {_DEFAULT, _OLD_BOUND},
    "3.1/{}/schema-validation-top-level.{}": {_OLD_BOUND},
}
WRONG = {
    name.format(kind, kind): problems
    for name, problems in _WRONG.items()
    for kind in ("json", "yaml")
}
"""What is reported of documents that are wrong themselves."""


@pytest.fixture(scope="session")
def corpus(npm_packages: Path) -> Path:
    return npm_packages / "node_modules" / "@readme" / "oas-examples"


def files(corpus: Path) -> Iterator[tuple[str, DocumentFile]]:
    for folder in FOLDERS:
        for path in sorted((corpus / folder).glob("*.*")):
            yield f"{folder}/{path.name}", DocumentFile(path, bundled=False)


def test_every_document_loads_and_its_faults_are_told(corpus: Path) -> None:
    told: dict[str, set[str]] = {}
    for name, file in files(corpus):
        catalogue = Catalogue((), [file])
        assert file.product in catalogue.products
        for problem in catalogue.problems:
            known = [each for each in _KNOWN if each in problem]
            told.setdefault(name, set()).update(known or [problem])

    assert told == WRONG


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_operation_answers_what_its_document_says(
    corpus: Path, shared_store: CertificateStore, folder: str
) -> None:
    misfits, calls = {}, 0
    for name, file in files(corpus):
        if name.startswith(folder):
            platform = platform_of([file], shared_store)
            caller = Caller(Served(platform))
            for operation in platform.catalogue.products[file.product].operations.values():
                calls += 1
                misfit = caller.find_misfit(operation)
                if misfit:
                    misfits[f"{name} {operation.name}"] = misfit
            assert platform.bugs == []

    assert calls > 30
    assert misfits == {}


def test_a_document_answers_over_two_way_tls(corpus: Path, tmp_path: Path) -> None:
    """Token, certificate and AppKey as for every other API; bodies are checked."""
    (tmp_path / "trains.json").write_bytes((corpus / "3.1/json/train-travel.json").read_bytes())
    (tmp_path / "pets.yaml").write_bytes((corpus / "3.0/yaml/petstore.yaml").read_bytes())

    with MockSei(apis=tmp_path) as server:
        headers = {"AppKey": "demo-server-key"}
        with server.client("svc-demo") as http:
            assert http.get("/v2/pet/1", headers=headers).status_code == 401
        headers["Authorization"] = f"Bearer {server.token('demo-server')}"
        with server.client("svc-demo") as http:
            pet = http.get("/v2/pet/1", headers=headers)
            created = http.post("/v2/pet", headers=headers, json={"name": "Rex", "photoUrls": []})
            refused = http.post("/v2/pet", headers=headers, json={"name": 1})
            server.data["/v2/pet"].add({"id": 7, "name": "Ours"})
            ours = http.get("/v2/pet/7", headers=headers)
            missing = http.get("/v2/pet/8", headers=headers)
            stations = http.get("/stations?limit=5", headers=headers)
            tickets = http.get("/v1/order/tradetickets", headers=headers)

        assert pet.json()["name"] == "doggie"
        assert created.status_code == 200
        assert {fault["field"] for fault in refused.json()["errors"]} >= {"name"}
        assert ours.json() == {"id": 7, "name": "Ours"}
        assert missing.status_code == 404
        assert stations.json()["data"][0]["name"]
        assert tickets.status_code == 200


def test_serve_says_which_document_it_left_out(corpus: Path, tmp_path: Path) -> None:
    apis = tmp_path / "apis"
    apis.mkdir()
    (apis / "pets.json").write_bytes((corpus / "3.0/json/petstore-simple.json").read_bytes())
    (apis / "broken.yaml").write_text("openapi: 3.1.0\npaths: {/x: {get: {parameters: [{}]}}}\n")

    with Serving.start(tmp_path, "--apis", str(apis)) as serving:
        pets = httpx2.get(f"{serving.ready['control_url']}/apis", trust_env=False).json()

    assert "pets" in pets
    assert f"{apis / 'broken.yaml'}: paths[/x].get.parameters[0]: " in serving.errors
