"""A mock that is compared with itself differs in nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.operations import Operation
from mock_sei.certificates.store import CertificateStore
from mock_sei.comparison.results import Outcome
from mock_sei.recordings.kept import Bodies
from mock_sei.rules.standards import Listener
from tests.comparison.recorder import RealPlatform, compared
from tests.oauth.assertions import assertion, own, register, send, sign
from tests.oauth.flows import (
    ALICE,
    LOGIN,
    WEB,
    by_code,
    call,
    information,
    log_in,
    redeem,
    refresh,
    returned,
    revoke,
)
from tests.support import TICKETS

pytestmark = pytest.mark.long

BOTH = pytest.mark.parametrize("bodies", list(Bodies))


def assert_same(real: RealPlatform, store: CertificateStore, *, skipped: int | None = None) -> None:
    found = compared(real, store)

    assert not found.findings, found.findings
    assert found.is_same, found.changes
    assert not found.not_compared
    if skipped is not None:
        assert found.compared.get(Outcome.SKIPPED, 0) == skipped


def test_a_token_and_a_call_are_the_same(shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path)
    headers = real.headers()
    assert real.get(headers=headers).status_code == 200
    assert real.get(headers=headers | {"Authorization": "Bearer nonsense"}).status_code == 401

    assert_same(real, shared_store, skipped=0)


def test_every_grant_is_the_same(shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path)
    assert call(real, real.token(), "demo-server") == 200
    for application in ("demo-web", "demo-native"):
        answer = by_code(real, application).json()
        assert call(real, answer["access_token"], application) == 200
        again = refresh(real, answer["refresh_token"], application).json()
        assert call(real, again["access_token"], application) == 200
    user = {"username": "alice@example.com", "password": "alice-password"}
    answer = redeem(real, "demo-internal", grant_type="password", **user).json()
    assert call(real, answer["access_token"], "demo-internal") == 200
    token = returned(log_in(real, "demo-spa"))["access_token"]
    assert call(real, token, "demo-spa") == 200
    http = real.client(None, listener=Listener.ONE_WAY)
    http.post(LOGIN, params=WEB, data=ALICE)
    session = next(iter(http.cookies.values()))
    answer = redeem(real, "demo-web", grant_type="sessionToken", sessionToken=session).json()
    assert call(real, answer["access_token"], "demo-web") == 200
    assert information(real, answer["access_token"], client_id="demo-web-key").status_code == 200
    assert revoke(real, token=answer["access_token"]).status_code == 200
    assert call(real, answer["access_token"], "demo-web") == 401

    assert_same(real, shared_store)


def test_refusals_of_the_token_endpoint_are_the_same(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    real.token()
    for changes in (
        {"password": "wrong"},
        {"username": "nobody"},
        {"grant_type": "other"},
        {"grant_type": None},
        {"grant_type": "password"},
        {"scope": "unknown"},
        {"username": None},
    ):
        assert real.post_token(**changes).status_code in (400, 401)
    assert real.post_token(auth=("demo-server-key", "wrong")).status_code == 401
    assert real.post_token(auth=("unknown", "demo-server-secret")).status_code == 401
    assert real.post_token(http=real.client("svc-web")).status_code == 403
    one_way = real.client(None, listener=Listener.ONE_WAY)
    assert real.post_token(http=one_way).status_code == 403
    real.refuse_connection("certificate_required")
    code = returned(log_in(real))["code"]
    assert by_code(real, code=code).status_code == 200
    assert by_code(real, code=code).status_code == 400
    assert by_code(real, code="garbled").status_code == 400
    assert refresh(real, "garbled").status_code == 400
    native = returned(log_in(real, "demo-native"))["code"]
    wrong = "another-verifier-of-more-than-forty-three-letters"
    answer = by_code(real, "demo-native", code=native, code_verifier=wrong)
    assert answer.status_code == 400

    assert_same(real, shared_store)


def _reads(real: RealPlatform) -> Iterator[tuple[Operation, str]]:
    """A path for each list and each read, with the key of the first record that fits."""
    platform = real.platform
    for product in platform.catalogue.products.values():
        for operation in product.operations.values():
            if operation.rule.action not in ("list", "read") or operation.method != "GET":
                continue
            records = platform.state.apis.collections.all(operation.rule.collection)
            record = records[0] if records else {}
            path = operation.path
            for name in operation.by_place.get("path", ()):
                value = record.get(name.field or "", record.get(name.name, "unknown"))
                path = path.replace(f"{{{name.name}}}", str(value))
            yield operation, path


@pytest.mark.slow
@BOTH
def test_reads_of_every_product_are_the_same(
    bodies: Bodies, shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path, bodies=bodies)
    headers = real.headers()
    answered = set()
    for operation, path in _reads(real):
        status = real.get(path, headers=headers).status_code
        if status == 200:
            answered.add(operation.product)
    assert len(answered) > 15

    assert_same(real, shared_store, skipped=0)


@BOTH
def test_pages_are_the_same(bodies: Bodies, shared_store: CertificateStore, tmp_path: Path) -> None:
    real = RealPlatform(shared_store, tmp_path, bodies=bodies)
    headers = real.headers()
    target = f"{TICKETS}?limit=7"
    pages = 0
    while target:
        answer = real.get(target, headers=headers)
        assert answer.status_code == 200
        target = re.sub("^https://[^/]*", "", answer.json()["paging"]["next"] or "")
        pages += 1
    assert pages > 10
    for query in (
        "limit=500",
        "limit=0",
        "cursor=garbled",
        "id=1001",
        "nothing=1",
        "limit=1&limit=2",
    ):
        real.get(f"{TICKETS}?{query}", headers=headers)

    assert_same(real, shared_store, skipped=0)


def _json(real: RealPlatform, headers: dict[str, str], method: str, path: str, body: Any) -> Any:
    return real.client().request(method, path, headers=headers, json=body)


@BOTH
def test_writes_are_the_same(
    bodies: Bodies, shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path, bodies=bodies)
    headers = real.headers()
    instruction = {"batchId": "900", "batchSize": 2, "tradeTicketId": 2001, "side": "BUY"}
    instruction |= {"masterOrderId": 70900, "orderId": 1, "ticker": "ZTCTN", "quantity": 300}
    for method, path, body in (
        ("POST", TICKETS, instruction | {"rebalancePrice": 48.75}),
        ("POST", TICKETS, {}),
        ("POST", "/v1/esign/cancel", {"trackingNumber": "TN-000101"}),
        ("POST", "/v1/esign/cancel", {"trackingNumber": "TN-000102"}),
        ("POST", "/v1/esign/cancel", {"trackingNumber": "TN-999999"}),
        ("POST", "/v1/esign/cancel", {}),
        ("POST", "/v1/investors", {"externalId": "INV-9001", "name": "Alder Cove"}),
    ):
        assert _json(real, headers, method, path, body).status_code != 401
    assert real.get(f"{TICKETS}?id=2001", headers=headers).status_code == 200
    assert real.client().delete(TICKETS, headers=headers).status_code == 405
    assert real.get("/v9/nothing/at-all", headers=headers).status_code == 404

    found = compared(real, shared_store)

    assert found.is_same, (found.findings, found.changes)
    assert bodies is Bodies.SHAPES or not found.not_compared


def test_assertions_and_public_documents_are_the_same(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    real = RealPlatform(shared_store, tmp_path)
    register(real, own().certificate)
    answer = send(real, sign(assertion(real)))
    assert answer.status_code == 200, answer.text
    assert call(real, answer.json()["access_token"], "demo-web") == 200
    assert send(real, "<no-assertion/>").status_code == 400
    http = real.client(None, listener=Listener.ONE_WAY)
    for path in ("oauth-authorization-server", "jwks.json"):
        assert http.get(f"/.well-known/{path}").status_code == 200
    assert real.client().head(TICKETS, headers=real.headers()).status_code == 200

    found = compared(real, shared_store)

    assert found.is_same, found.findings
    (not_compared,) = found.not_compared
    assert "sign the assertion again" in not_compared[2]
