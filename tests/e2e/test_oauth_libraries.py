"""OAuth libraries of other languages, with all flows that each supports.

Three ways: as they are, with the cure of docs/clients.md, and as they are in the ``rfc`` dialect.
openid-client has a file of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mock_sei import MockSei
from tests.e2e import walks
from tests.e2e.libraries import (
    END_USER,
    INTERNAL,
    NATIVE,
    SERVER,
    SERVICE_ACCOUNT,
    SPA,
    WEB,
    App,
)
from tests.e2e.programs import DOCUMENT, IN_GOPATH
from tests.e2e.serving import COMPILERS_PATIENCE, environment, run
from tests.e2e.snippets import read, section
from tests.e2e.walks import CLIENT_CREDENTIALS, CODE, ENDS, IMPLICIT, LIVES_ON, PASSWORD

GO_DRIVER = Path(__file__).parent / "go" / "x_oauth2.go"


FLOWS: Mapping[str, tuple[App, str, Mapping[str, str]]] = {
    "client_credentials": (SERVER, CLIENT_CREDENTIALS, SERVICE_ACCOUNT),
    "password": (INTERNAL, PASSWORD, END_USER),
    "authorization code": (WEB, CODE, {}),
    "native": (NATIVE, CODE, {}),
    "implicit": (SPA, IMPLICIT, {}),
}
MOST = frozenset(FLOWS) - {"implicit"}


@dataclass(frozen=True, kw_only=True)
class Library:
    name: str
    """As docs/clients.md has it."""
    tools: tuple[str, ...] = ("node", "npm")
    driver: str = ""
    """A file of ``javascript/``; empty for the one in Go."""
    flows: frozenset[str] = MOST
    revokes: bool = True
    minds_the_type: bool = True
    """Whether what the document says of it is for ``BearerToken``, and not needed without."""


OAUTH4WEBAPI = Library(name="oauth4webapi", driver="oauth4webapi.js")
CLIENT_OAUTH2 = Library(
    name="client-oauth2",
    driver="client_oauth2.js",
    flows=MOST | {"implicit"},
    revokes=False,
)
SIMPLE_OAUTH2 = Library(name="simple-oauth2", driver="simple_oauth2.js")
PASSPORT_OAUTH2 = Library(
    name="passport-oauth2",
    driver="passport_oauth2.js",
    flows=frozenset({"authorization code", "native"}),
    revokes=False,
    minds_the_type=False,
)
BADGATEWAY = Library(
    name="@badgateway/oauth2-client",
    driver="badgateway_oauth2_client.js",
    revokes=False,  # it can, and refreshes where a call is refused
    minds_the_type=False,
)
X_OAUTH2 = Library(name="golang.org/x/oauth2", tools=("go",), revokes=False)
LIBRARIES = (OAUTH4WEBAPI, CLIENT_OAUTH2, SIMPLE_OAUTH2, PASSPORT_OAUTH2, BADGATEWAY, X_OAUTH2)


def of(library: Library, *values: object, nightly: bool = False) -> Any:
    """A row of a test's table, skipped where the library's tools are missing."""
    name = " ".join([library.name, *(str(each) for each in values if isinstance(each, str))])
    marks = [pytest.mark.needs(*library.tools), *([pytest.mark.nightly] if nightly else [])]
    return pytest.param(library, *values, id=name, marks=marks)


def every_flow(shift: int) -> pytest.MarkDecorator:
    """Every flow of every library every night; with each change, one flow of each library.

    ``shift`` chooses which, so that the tests together have each flow.
    """
    rows = []
    for place, library in enumerate(LIBRARIES):
        flows = [flow for flow in FLOWS if flow in library.flows]
        with_each_change = flows[(place + shift) % len(flows)]
        rows += [of(library, flow, nightly=flow != with_each_change) for flow in flows]
    return pytest.mark.parametrize(("library", "flow"), rows)


in_rfc = pytest.mark.mock_sei(dialect="rfc")


@pytest.fixture(scope="session")
def go_driver(go_packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert go_packages
    program = tmp_path_factory.mktemp("go") / GO_DRIVER.stem
    environ = environment() | IN_GOPATH
    command = ("go", "build", "-o", program, GO_DRIVER)
    built = run(*command, environ=environ, patience=COMPILERS_PATIENCE)
    assert built.returncode == 0, built.stderr
    return program


@pytest.fixture
def driver(request: pytest.FixtureRequest, library: Library) -> Sequence[object]:
    if not library.driver:
        return (request.getfixturevalue("go_driver"),)
    return ("node", request.getfixturevalue("npm_packages") / library.driver)


def walk(driver: Sequence[object], server: MockSei, flow: str, **changes: Any) -> Any:
    return walks.walk(driver, server, *FLOWS[flow], **changes)


def all_the_way(library: Library, flow: str) -> Mapping[str, Any]:
    """The outcome of a flow in which nothing is refused."""
    refreshes = flow not in {"client_credentials", "implicit"}
    refreshed = LIVES_ON | (ENDS if library.revokes else {}) if refreshes else {}
    return {"call": 200, **refreshed}


@in_rfc
@every_flow(0)
def test_with_bearer_it_needs_no_cure(
    mock_sei: MockSei, library: Library, driver: Sequence[object], flow: str
) -> None:
    outcome = walk(driver, mock_sei, flow, cured=not library.minds_the_type)
    outcome.pop("token", None)
    assert outcome == all_the_way(library, flow)


@every_flow(3)
def test_with_what_the_document_says_it_calls_and_lives_on(
    mock_sei: MockSei, library: Library, driver: Sequence[object], flow: str
) -> None:
    outcome = walk(driver, mock_sei, flow, cured=True)
    outcome.pop("token", None)
    assert outcome == all_the_way(library, flow)


@pytest.mark.parametrize(
    "flow", ["client_credentials", pytest.param("native", marks=pytest.mark.nightly)]
)
@pytest.mark.parametrize("library", [of(OAUTH4WEBAPI)])
def test_oauth4webapi_takes_no_bearertoken(
    mock_sei: MockSei, driver: Sequence[object], flow: str
) -> None:
    error = walk(driver, mock_sei, flow)["error"]
    assert error["name"] == "UnsupportedOperationError"
    assert error["message"] == "unsupported `token_type` value"
    assert mock_sei.journal.last.status == 200  # the platform gave it one


SENT = [
    of(CLIENT_OAUTH2, "client_credentials", "in the address"),
    of(PASSPORT_OAUTH2, "authorization code", "in the address"),
    of(SIMPLE_OAUTH2, "client_credentials", "BearerToken"),
    of(X_OAUTH2, "client_credentials", "BearerToken"),
]


@pytest.mark.parametrize(("library", "flow", "sent"), SENT)
def test_what_it_sends_for_a_bearertoken_is_refused_and_the_journal_says_why(
    mock_sei: MockSei, driver: Sequence[object], flow: str, sent: str
) -> None:
    """simple-oauth2 sends nothing itself: its user writes the type of the token into the header."""
    outcome = walk(driver, mock_sei, flow)
    assert outcome["token"]["token_type"] == "BearerToken"
    assert outcome["call"] == 401
    entry = mock_sei.journal.last
    assert entry.refused_by == "access token"
    assert "Bearer" in str(entry.refused_because)
    assert entry.request is not None
    if sent == "BearerToken":
        assert entry.request.headers["authorization"].startswith("BearerToken ")
    else:
        assert "authorization" not in entry.request.headers
        assert "access_token" in entry.request.query


@pytest.mark.parametrize(
    "library", [of(each, nightly=each not in (OAUTH4WEBAPI, X_OAUTH2)) for each in LIBRARIES]
)
def test_another_accounts_certificate_redeems_no_code(
    mock_sei: MockSei, driver: Sequence[object]
) -> None:
    error = walk(driver, mock_sei, "authorization code", account="svc-demo")["error"]
    assert "unauthorized_client" in json.dumps(error)
    assert mock_sei.journal.last.refused_by == "certificate name"


@pytest.mark.parametrize("library", LIBRARIES, ids=[each.name for each in LIBRARIES])
def test_the_document_says_of_the_flows_tested_here_that_they_are(library: Library) -> None:
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in section(read(DOCUMENT), "OAuth libraries").splitlines()
    ]
    (columns,) = (row for row in rows if "implicit" in row)
    (row,) = (row for row in rows if library.name in row[0].split(", ") and "yes" in row[1:3])
    said = {column for column, cell in zip(columns, row, strict=False) if cell == "yes"}
    tested = library.flows - {"native"} | {"refresh"} | ({"revoke"} if library.revokes else set())
    assert said == tested
