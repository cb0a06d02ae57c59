"""schemathesis against every product's document, with a valid token and certificate.

Whatever it makes up is answered with a status and a body that the document declares, and never with
a failure of our own: the bug that would be ends the test by :meth:`MockSei.check`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
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

EXAMPLES = {GenerationMode.POSITIVE: 8, GenerationMode.NEGATIVE: 7}
"""Requests for an operation: as its document wants them, and wrong in some way."""

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


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_request_is_answered_as_the_document_says(client: Client, product: str) -> None:
    document = dict(client.server.sandbox.catalogue.products[product].content)
    schema = schemathesis.openapi.from_dict(document)
    sent = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        for mode, count in EXAMPLES.items():

            @settings(
                max_examples=count,
                derandomize=True,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: Case[Any]) -> None:
                nonlocal sent
                sent += 1
                answer = client.send(case)
                declared = {str(code) for code in case.operation.definition.raw["responses"]}
                if answer.status_code in GATEWAYS_OWN and str(answer.status_code) not in declared:
                    assert answer.json().keys() == ERROR_MEMBERS
                else:
                    case.validate_response(answer, checks=WANTED)

            with contextlib.suppress(Unsatisfiable):  # an operation that cannot be called wrong
                check()
    assert sent > 0


ERROR_MEMBERS = {"code", "message", "trackingId", "transient", "errors"}
