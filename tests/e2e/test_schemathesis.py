"""schemathesis against every product's document, with a valid token and certificate, and against
the control API's own and the platform's own endpoints.

Whatever it makes up is answered with a status and a body that the document declares, and never with
a failure of our own: the bug that would be ends the test by :meth:`MockSei.check`.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from mock_sei import MockSei
from mock_sei.apis.documents import Catalogue
from mock_sei.fixtures import load_fixtures
from tests.e2e.made_calls import can_be_wrong
from tests.e2e.platform_document import ERROR_MEMBERS, PLATFORM
from tests.e2e.serving import THOROUGH

EXAMPLES = (
    {GenerationMode.POSITIVE: 14, GenerationMode.NEGATIVE: 7}
    if THOROUGH
    else {GenerationMode.POSITIVE: 2, GenerationMode.NEGATIVE: 2}
)
"""Requests for an operation: as its document wants them, and wrong in some way.

For each hundred examples of the profile, and at least one."""

ONE_OF_EACH = dict.fromkeys(EXAMPLES, 1)

pytestmark = pytest.mark.hypothesis  # make fuzz sends more

GATEWAYS_OWN = frozenset({400, 401, 403, 404, 405, 413})
"""Refusals that every API shares, in one shape: the vendor lists them once, on the error-handling
page, and not with each operation. A document need not declare them."""

PRODUCTS = sorted(Catalogue(load_fixtures().documents).products)

load_all_checks()
WANTED: list[Any] = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)


@dataclass(frozen=True, kw_only=True)
class Client:
    """Sends what was made up, with everything the gateway asks for."""

    server: MockSei
    session: requests.Session
    token: str
    files: tuple[str, str]

    def send(self, case: Case[Any]) -> Response:
        answer: Response = case.call(
            base_url=self.server.two_way_url,
            session=self.session,
            headers={"AppKey": "demo-server-key", "Authorization": f"Bearer {self.token}"},
            verify=str(self.server.ca_file),
            cert=self.files,
        )
        return answer


@pytest.fixture(scope="module")
def server() -> Iterator[MockSei]:
    with MockSei() as server:
        yield server


@pytest.fixture
def client(server: MockSei) -> Iterator[Client]:
    server.reset()
    certificate = server.certificate("svc-demo")
    with requests.Session() as session:
        session.trust_env = False
        yield Client(
            server=server,
            session=session,
            token=server.token("demo-server"),
            files=(str(certificate.cert_file), str(certificate.key_file)),
        )
    server.check()


Send = Callable[[Case[Any]], Response]
Answered = Callable[[Case[Any], Response], None]


def send_everything(
    document: Mapping[str, Any],
    send: Send,
    answered: Answered,
    least: Mapping[GenerationMode, int] = ONE_OF_EACH,
) -> Counter[int]:
    """Makes up calls of every operation of a document; how often each status came back."""
    statuses: Counter[int] = Counter()
    for found in schemathesis.openapi.from_dict(dict(document)).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        for mode, count in EXAMPLES.items():
            if mode is GenerationMode.NEGATIVE and not can_be_wrong(operation.definition.raw):
                continue

            @settings(
                max_examples=max(least[mode], count * settings().max_examples // 100),
                derandomize=True,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: Case[Any]) -> None:
                answer = send(case)
                statuses[answer.status_code] += 1
                answered(case, answer)

            with contextlib.suppress(Unsatisfiable):  # an operation that cannot be called wrong
                check()
    return statuses


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_request_is_answered_as_the_document_says(client: Client, product: str) -> None:
    def answered(case: Case[Any], answer: Response) -> None:
        declared = {str(code) for code in case.operation.definition.raw["responses"]}
        if answer.status_code in GATEWAYS_OWN and str(answer.status_code) not in declared:
            assert answer.json().keys() == ERROR_MEMBERS
        else:
            case.validate_response(answer, checks=WANTED)

    document = client.server.platform.catalogue.products[product].content
    assert send_everything(document, client.send, answered)


KNOWN = {
    "app_key": "demo-web",
    "username": "svc-demo",
    "file": "certificate.pfx",
    "collection": "investors",
    "number": 1,
    "identifier": 1,
}
"""Values in a path of the control API that name something."""


def test_every_call_of_the_control_api_is_answered_as_its_document_says(server: MockSei) -> None:
    """Resets, clock changes and deletions included: each operation begins at the seeded state.

    Every second call of an operation names something that there is.
    """
    last = ""
    known = itertools.cycle([True, False])
    with requests.Session() as session:
        session.trust_env = False
        document = session.get(f"{server.control_url}/openapi.json").json()

        def send(case: Case[Any]) -> Response:
            nonlocal last, known
            if case.operation.label != last:
                last = case.operation.label
                known = itertools.cycle([True, False])
                server.reset()
            if case.operation.path == "/journal/wait" and isinstance(case.body, dict):
                case.body.setdefault("timeout", 0.01)
            if next(known):
                values = {
                    name: KNOWN.get(name, value) for name, value in case.path_parameters.items()
                }
                case.path_parameters = values
            answer: Response = case.call(base_url=server.control_url, session=session)
            return answer

        def answered(case: Case[Any], answer: Response) -> None:
            case.validate_response(answer, checks=WANTED)

        least = ONE_OF_EACH | {GenerationMode.POSITIVE: 2}  # one of them names something
        statuses = send_everything(document, send, answered, least)
    assert statuses[404]
    assert statuses[201] >= 5  # a signing key, two certificates, two links
    server.reset()
    server.check()


@pytest.mark.parametrize("two_way", [False, True], ids=["one-way", "two-way"])
def test_every_call_of_the_platforms_own_endpoints_is_answered_as_documented(
    client: Client, *, two_way: bool
) -> None:
    server = client.server
    document = copy.deepcopy(PLATFORM)
    if two_way:  # a browser has no client certificate
        for path in ("/v2/oauth/authorize", "/v2/oauth/login"):
            del document["paths"][path]

    def send(case: Case[Any]) -> Response:
        answer: Response = case.call(
            base_url=server.two_way_url if two_way else server.url,
            session=client.session,
            verify=str(server.ca_file),
            cert=client.files if two_way else None,
            allow_redirects=False,
        )
        return answer

    def answered(case: Case[Any], answer: Response) -> None:
        case.validate_response(answer, checks=WANTED)

    assert send_everything(document, send, answered)[200]
