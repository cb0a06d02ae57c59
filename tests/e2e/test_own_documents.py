"""OpenAPI documents that nobody here wrote: a public corpus from npm, and two of them over sockets.

Every document loads or its fault is told; every operation answers a call made from its own schemas,
and what it answers fits them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.api_files import DocumentFile
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.misfits import find_misfits
from mock_sei.apis.operations import Operation, Parameter
from mock_sei.apis.samples import sample
from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.patterns import Budget
from mock_sei.sandbox import Sandbox
from mock_sei.settings import Behaviour
from tests.e2e.serving import Serving
from tests.support import Platform

pytestmark = pytest.mark.needs("npm")

FOLDERS = ("2.0/json", "2.0/yaml", "3.0/json", "3.0/yaml", "3.1/json", "3.1/yaml")

_BOUND = "= true: must be a number"
_DEFAULT = "the default does not fit its schema; it is not used"
TOLD = {
    **{f"3.0/{kind}/schema-validation.{kind}": {_DEFAULT} for kind in ("json", "yaml")},
    **{
        f"3.1/{kind}/schema-validation-local.{kind}": {_BOUND, _DEFAULT}
        for kind in ("json", "yaml")
    },
    **{f"3.1/{kind}/schema-validation-top-level.{kind}": {_BOUND} for kind in ("json", "yaml")},
}
"""Documents that say 3.1 and have bounds of 3.0, or defaults that are none of their values."""


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
        assert catalogue.products
        for problem in catalogue.problems:
            assert problem.startswith(f"{file.source}: ")
            kinds = [each for each in (_BOUND, _DEFAULT) if problem.endswith(each)]
            told.setdefault(name, set()).update(kinds or [problem])

    assert told == TOLD


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_operation_answers_what_its_document_says(
    corpus: Path, shared_store: CertificateStore, folder: str
) -> None:
    misfits, calls = {}, 0
    for name, file in files(corpus):
        if name.startswith(folder):
            fixtures = replace(load_fixtures(), brought=(file,))
            sandbox = Sandbox(fixtures=fixtures, store=shared_store, behaviour=Behaviour(seed=1))
            caller = Caller(Platform(sandbox))
            for operation in sandbox.catalogue.products[file.product].operations.values():
                calls += 1
                misfit = caller.find_misfit(operation)
                if misfit:
                    misfits[f"{name} {operation.name}"] = misfit
            assert sandbox.bugs == []

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


def test_serve_says_which_operation_it_left_out(corpus: Path, tmp_path: Path) -> None:
    apis = tmp_path / "apis"
    apis.mkdir()
    (apis / "pets.json").write_bytes((corpus / "3.0/json/petstore-simple.json").read_bytes())
    (apis / "broken.yaml").write_text("openapi: 3.1.0\npaths: {/x: {get: {parameters: [{}]}}}\n")

    with Serving.start(tmp_path, "--apis", str(apis)) as serving:
        pets = httpx2.get(f"{serving.ready['control_url']}/apis", trust_env=False).json()

    assert "pets" in pets
    assert "broken" in pets  # it has no other operation
    assert f"{apis / 'broken.yaml'}: paths[/x].get.parameters[0]: " in serving.errors


class Caller:
    """Calls operations with values made from their own schemas."""

    def __init__(self, platform: Platform) -> None:
        self._http = platform.client()
        self._headers = platform.headers()

    def find_misfit(self, operation: Operation) -> str | None:
        """What is wrong with the answer; None where it is as documented."""
        media_type, content, is_valid = body_of(operation)
        is_valid &= all(
            operation.document.checker(each.schema).is_valid(sample_of(each, operation))
            for each in operation.parameters.values()
        )
        answer = self._call(operation, media_type, content)
        if answer.status_code == 400 and not is_valid:
            return None  # a schema that no value was found for, such as a oneOf of equal parts
        if answer.status_code != operation.success:
            return f"{answer.status_code} {answer.text[:500]}"
        media = media_of(operation, answer)
        if media is None or not answer.content:
            return None
        schema = media.get("schema", True)
        errors = find_misfits(operation.document, schema, answer.json(), Budget())
        return next((each.reason for each in errors), None)

    def _call(self, operation: Operation, media_type: str, content: bytes) -> httpx2.Response:
        path, headers = operation.path, dict(self._headers)
        query: dict[str, str] = {}
        for each in operation.parameters.values():
            value = sample_of(each, operation)
            text = text_of(value)
            if each.place == "path":
                text = path_text(each, value)
                path = path.replace(f"{{{each.name}}}", quote(text or "x", safe=""))
            elif each.required and each.place == "query" and isinstance(value, dict):
                is_deep = each.spelling.is_deep
                query |= {
                    f"{each.name}[{name}]" if is_deep else name: text_of(inner)
                    for name, inner in value.items()
                }
            elif each.required and each.place == "query":
                query[each.name] = text
            elif each.required and each.place == "cookie":
                headers["Cookie"] = f"{each.name}={quote(text)}"
            elif each.required:
                headers[each.name] = text
        if media_type:
            headers["Content-Type"] = media_type
        return self._http.request(
            operation.method, path, params=query, headers=headers, content=content
        )


def sample_of(parameter: Parameter, operation: Operation) -> Any:
    return sample(parameter.schema, operation.document).value


def text_of(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(text_of, value))
    return value if isinstance(value, str) else json.dumps(value)


def path_text(parameter: Parameter, value: Any) -> str:
    """A value as the style of a path parameter writes it."""
    if parameter.content is not None:
        return json.dumps(value)
    spelling, name = parameter.spelling, parameter.name
    mark = {"label": ".", "matrix": ";"}.get(spelling.style, "")
    apart = (mark or ",") if spelling.explode else ","
    if isinstance(value, dict):
        equals = "=" if spelling.explode else ","
        text = apart.join(f"{key}{equals}{text_of(each)}" for key, each in value.items())
        return f";{name}={text}" if mark == ";" and not spelling.explode else f"{mark}{text}"
    items = value if isinstance(value, list) else [value]
    if mark == ";" and spelling.explode:
        return "".join(f";{name}={text_of(each)}" for each in items)
    text = apart.join(map(text_of, items))
    return f";{name}={text}" if mark == ";" else f"{mark}{text}"


def form_of(value: dict[str, Any], media_type: str) -> tuple[str, bytes]:
    """Media type and content of an object as a form."""
    fields = [(name, text_of(each)) for name, each in value.items()]
    if media_type != "multipart/form-data":
        return media_type, urlencode(fields).encode()
    head = '--cut\r\nContent-Disposition: form-data; name="'
    parts = "".join(f'{head}{name}"\r\n\r\n{text}\r\n' for name, text in fields)
    return f"{media_type}; boundary=cut", f"{parts}--cut--\r\n".encode()


def body_of(operation: Operation) -> tuple[str, bytes, bool]:
    """Media type, content, and whether that fits its own schema."""
    body = operation.document.follow(operation.raw.get("requestBody") or {}, "")
    for media_type, media in (body.get("content") or {}).items():
        if "json" in media_type:
            schema = media.get("schema", True)
            value = sample(schema, operation.document).value
            is_valid = operation.document.checker(schema).is_valid(value)
            return media_type, json.dumps(value).encode(), is_valid
    for media_type, media in (body.get("content") or {}).items():
        schema = media.get("schema", True)
        value = sample(schema, operation.document).value
        if "form" in media_type and isinstance(value, dict):
            is_valid = operation.document.checker(schema).is_valid(value)
            return *form_of(value, media_type), is_valid
        return media_type.replace("*", "x"), b"something", True
    return "", b"", True


def media_of(operation: Operation, answer: httpx2.Response) -> Mapping[str, Any] | None:
    """What the document says of a JSON answer."""
    responses = operation.raw.get("responses") or {}
    found = responses.get(str(answer.status_code), responses.get("default", {}))
    content = operation.document.follow(found, "").get("content") or {}
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    for known, media in content.items():
        if "json" in media_type and known.partition(";")[0] in (media_type, "*/*"):
            found_media: Mapping[str, Any] = operation.document.follow(media, "")
            return found_media
    return None
