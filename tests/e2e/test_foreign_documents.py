"""schemathesis with OpenAPI documents of other projects: valid requests are accepted.

The documents come with packages of npm and PyPI, which the tests install. They are of every version
and shape: Swagger 2.0 to OpenAPI 3.2, JSON and YAML, one file and several.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from requests.auth import AuthBase
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.errors import SerializationNotPossible
from schemathesis.core.result import Ok

from mock_sei import MockSei
from mock_sei.apis import samples
from mock_sei.apis.servers import base_path
from mock_sei.certificates.store import CertificateStore
from mock_sei.document_files import SUFFIXES, DocumentFile
from mock_sei.errors import ConfigurationError
from tests.e2e.made_calls import Caller, can_be_wrong, platform_of
from tests.e2e.serving import THOROUGH
from tests.e2e.sources import unpacked
from tests.patience import patient
from tests.support import Served

pytestmark = pytest.mark.needs("npm")

load_all_checks()
STATUS, CONTENT_TYPE, BODY = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
"""What is checked of an answer, by schemathesis itself."""

OURS = frozenset({400, 404, 405, 413})
"""Refusals of the gateway, in one shape for every API; a document need not declare them."""


TOO_LARGE = frozenset({414, 431})
"""Refusals of addresses and headers longer than any that clients send; schemathesis makes some."""


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A document that somebody published."""

    package: str
    """Of npm, or of PyPI where it has a version."""
    file: str
    whole: str = ""
    """The folder that its parts lie in, where it is split over several files."""
    every: int = 1
    """Of a large document each operation of so many is called."""
    left: tuple[str, ...] = ()
    """Operations that are not called: OpenAPI has no style for lists of objects within a query, and
    schemathesis takes 0.0 for no integer, which an example has."""
    unsent: tuple[str, ...] = ()
    """Headers that schemathesis writes in no style of OpenAPI, but as Python does."""
    impossible: bool = False
    """Whether no value fits some of its schemas, such as those of two closed objects in one: what
    schemathesis makes for them is refused, and an answer has a note."""


_VALIDATOR = "openapi-spec-validator==0.9.0"
_VALIDATED = "tests/integration/data"
_DJANGO = "drf-spectacular==0.30.0"
_README = "@readme/oas-examples"
_BATCH = ("POST /job/batch",)

DOCUMENTS = {
    "cloud storage (3.1, JSON)": Foreign(
        package="rclone-openapi", file="openapi.json", every=12, left=_BATCH
    ),
    "cloud storage (3.1, YAML)": Foreign(
        package="rclone-openapi", file="openapi.yaml", every=25, left=_BATCH
    ),
    "dialogues (3.0, JSON)": Foreign(
        package="@digdir/dialogporten-schema",
        file="swagger.verified.json",
        every=4,
        unsent=("accept-Language",),
    ),
    "addresses (3.0, YAML)": Foreign(
        package="@ideal-postcodes/openapi", file="dist/openapi.yaml", every=12
    ),
    "shipping (3.0, YAML)": Foreign(
        package="shipengine-openapi", file="openapi.yaml", every=9, impossible=True
    ),
    "train travel (3.1, JSON)": Foreign(
        package=_README, file="3.1/json/train-travel.json", every=3
    ),
    "petstore (2.0, JSON)": Foreign(package=_README, file="2.0/json/petstore.json", every=2),
    "containers (2.0, YAML)": Foreign(
        package=_VALIDATOR, file="tests/bench/specs/docker.yaml", every=12
    ),
    "petstore (3.2, YAML)": Foreign(package=_VALIDATOR, file=f"{_VALIDATED}/v3.2/petstore.yaml"),
    "petstore (3.0, several files)": Foreign(
        package=_VALIDATOR,
        whole=f"{_VALIDATED}/v3.0/petstore-separate",
        file="spec/openapi.yaml",
    ),
    "maps (3.0, YAML)": Foreign(
        package=_DJANGO, file="tests/contrib/test_rest_framework_gis.yml", every=4
    ),
    "views (3.1, YAML)": Foreign(package=_DJANGO, file="tests/test_fields_oas_3_1.yml"),
}
"""Each with what it is about, its version and shape."""

LARGE = {
    "clusters (2.0, YAML)": Foreign(
        package=_VALIDATOR, file="tests/bench/specs/kubernetes.yaml", every=40
    ),
    "repositories (3.0, YAML)": Foreign(
        package=_VALIDATOR,
        file="tests/bench/specs/github.yaml",
        every=40,
        left=("GET /organizations/{org}/settings/billing/budgets/{budget_id}",),
    ),
}

WHOLE = {name: replace(each, every=1) for name, each in DOCUMENTS.items() if each.every > 1}

EXAMPLES = (
    {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 3}
    if THOROUGH
    else {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 1}
)
"""Requests for an operation: as its document wants them, and wrong in some way."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A document that a server has been started with."""

    foreign: Foreign
    server: MockSei
    document: Path
    base: str
    """Where its paths begin."""
    session: requests.Session
    files: tuple[str, str]

    def send(self, case: Case[Any]) -> Response:
        for name in self.foreign.unsent:
            case.headers.pop(name, None)
        answer: Response = case.call(
            base_url=self.base,
            session=self.session,
            verify=str(self.server.ca_file),
            cert=self.files,
            allow_redirects=False,
        )
        return answer


class _Token(AuthBase):
    """Our token, in place of the one that schemathesis makes up."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


FolderOf = Callable[[Foreign], Path]


@pytest.fixture
def folder_of(tmp_path_factory: pytest.TempPathFactory, npm_packages: Path) -> FolderOf:
    def found(foreign: Foreign) -> Path:
        if "==" not in foreign.package:
            return npm_packages / "node_modules" / foreign.package
        members = [
            each.whole or each.file
            for each in (*DOCUMENTS.values(), *LARGE.values(), _PAYMENTS)
            if each.package == foreign.package
        ]
        return unpacked(tmp_path_factory, foreign.package, members)

    return found


@pytest.fixture
def loaded(
    request: pytest.FixtureRequest,
    folder_of: FolderOf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Loaded]:
    # What is made for a schema must not depend on the speed of the machine.
    monkeypatch.setattr(samples, "_MOST_SECONDS", patient(0.2))
    foreign: Foreign = request.param
    package = folder_of(foreign)
    apis = tmp_path / "apis"
    if foreign.whole:
        shutil.copytree(package / foreign.whole, apis)
        document = apis / foreign.file
    else:
        apis.mkdir()
        document = apis / Path(foreign.file).name
        shutil.copyfile(package / foreign.file, document)
    with MockSei(apis=apis) as server, requests.Session() as session:
        session.trust_env = False
        certificate = server.certificate("svc-demo")
        session.auth = _Token(server.token("demo-server"))
        session.headers["AppKey"] = "demo-server-key"
        (product,) = (each for each in server.platform.catalogue.products.values() if each.brought)
        servers = product.content.get("servers") or [{}]
        yield Loaded(
            foreign=foreign,
            server=server,
            document=document,
            base=f"{server.two_way_url}{base_path(servers, product.source)}",
            session=session,
            files=(str(certificate.cert_file), str(certificate.key_file)),
        )
        server.check()


def _each(table: dict[str, Foreign]) -> pytest.MarkDecorator:
    cases = [pytest.param(each, id=name) for name, each in table.items()]
    return pytest.mark.parametrize("loaded", cases, indirect=True)


@_each(DOCUMENTS)
def test_what_a_document_allows_is_let_in_and_answered_as_it_says(loaded: Loaded) -> None:
    _call_operations(loaded)


@pytest.mark.nightly
@_each(LARGE | WHOLE)
def test_what_a_large_document_allows_is_let_in_and_answered_as_it_says(loaded: Loaded) -> None:
    _call_operations(loaded)


_PAYMENTS = Foreign(package=_VALIDATOR, file="tests/bench/specs/stripe.yaml")
"""Its forms have lists of objects, which OpenAPI has no style for; its clients write them with
brackets, and schemathesis as Python's texts."""


@pytest.mark.nightly
@pytest.mark.parametrize(
    "foreign", [_PAYMENTS, *LARGE.values()], ids=["payments", *(name.split()[0] for name in LARGE)]
)
def test_every_operation_of_a_large_document_answers_what_it_says(
    folder_of: FolderOf, shared_store: CertificateStore, foreign: Foreign
) -> None:
    file = DocumentFile(folder_of(foreign) / foreign.file, bundled=False)
    platform = platform_of([file], shared_store)
    caller = Caller(Served(platform))
    operations = platform.catalogue.products[file.product].operations.values()
    misfits = {each.name: caller.find_misfit(each) for each in operations}

    assert len(misfits) > 500
    assert {name: misfit for name, misfit in misfits.items() if misfit} == {}
    assert platform.bugs == []


_GENERATOR = "datamodel-code-generator==0.89.0"
"""It has a thousand documents, many of them wrong on purpose."""


@pytest.mark.nightly
@pytest.mark.parametrize("folder", ["openapi", "generation_platform", "malformed"])
def test_no_document_however_wrong_is_a_failure_of_ours(
    tmp_path_factory: pytest.TempPathFactory, shared_store: CertificateStore, folder: str
) -> None:
    package = unpacked(tmp_path_factory, _GENERATOR, ["tests/data/"])
    calls = 0
    for path in sorted((package / "tests/data" / folder).rglob("*.*")):
        if path.suffix not in SUFFIXES or not re.search(
            "openapi|swagger", path.read_text("latin-1")
        ):
            continue
        with contextlib.suppress(ConfigurationError):  # no document, as it says
            platform = platform_of([DocumentFile(path, bundled=False)], shared_store)
            brought = [each for each in platform.catalogue.products.values() if each.brought]
            caller = Caller(Served(platform))
            for operation in [one for each in brought for one in each.operations.values()]:
                # What no client can send, and answers of no JSON under its name
                with contextlib.suppress(httpx2.InvalidURL, UnicodeError, json.JSONDecodeError):
                    caller.find_misfit(operation)
                calls += 1
            assert platform.bugs == [], path

    assert calls > 3


def _call_operations(loaded: Loaded) -> None:
    found = schemathesis.openapi.from_path(
        loaded.document, encoding="utf-8-sig"
    ).get_all_operations()
    statuses: Counter[int] = Counter()
    for operation in list(found)[:: loaded.foreign.every]:
        assert isinstance(operation, Ok), operation
        is_left = operation.ok().label in loaded.foreign.left
        for mode in () if is_left else EXAMPLES:
            if mode is GenerationMode.NEGATIVE and not can_be_wrong(operation.ok().definition.raw):
                continue
            statuses += _called(operation.ok(), mode, loaded)

    assert statuses.total() > 5
    assert min(statuses) < 300


def _called(operation: Any, mode: GenerationMode, loaded: Loaded) -> Counter[int]:
    """Calls an operation with what is made up; how often each status came back."""
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES[mode],
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Case[Any]) -> None:
        answer = loaded.send(case)
        statuses[answer.status_code] += 1
        if mode is GenerationMode.POSITIVE or answer.status_code not in OURS:
            if answer.status_code in TOO_LARGE:
                return
            if answer.status_code == 400 and (loaded.foreign.impossible or _is_beyond(answer)):
                return
            assert answer.status_code < 400, (operation.label, answer.text)
            notes = str(loaded.server.journal.last.notes)
            wanted = _wanted(answer, notes, impossible=loaded.foreign.impossible)
            checks: list[Any] = CHECKS.get_by_names(wanted)
            if checks:  # of none all would be made
                case.validate_response(answer, checks=checks)

    # An operation that cannot be called so, or takes archives only
    with contextlib.suppress(Unsatisfiable, SerializationNotPossible):
        check()
    return statuses


def _is_beyond(answer: Response) -> bool:
    """Whether all that is wrong are numbers beyond their format: schemathesis makes them of any."""
    return all(
        "must be a whole number that fits" in each["reason"] for each in answer.json()["errors"]
    )


def _wanted(answer: Response, notes: str, *, impossible: bool) -> list[str]:
    """What is checked of an answer; not what, by its notes, is the fault of its document."""
    if "declares only errors" in notes:
        return []
    if not answer.content:  # Swagger 2.0 names media types also of answers that have no body
        return [STATUS]
    is_example = "an example that does not fit its schema" in notes
    is_impossible = impossible and "made from its schema, but one keyword" in notes
    return [STATUS, CONTENT_TYPE] if is_example or is_impossible else [STATUS, CONTENT_TYPE, BODY]
