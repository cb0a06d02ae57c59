"""The control API: what each call does, and whom it keeps out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from starlette.testclient import TestClient

from mock_sei.sandbox import Sandbox
from mock_sei.web.control.app import control_app
from mock_sei.web.control.certificates import FILES
from mock_sei.web.control.door import ControlListener
from tests.support import Platform

ACCOUNT = "/service-accounts/svc-demo"


@pytest.fixture
def control(sandbox: Sandbox) -> TestClient:
    app = ControlListener(control_app(sandbox))
    return TestClient(app, base_url="http://127.0.0.1:8044")


def serial(text: str) -> int:
    return int(text, 16)


def test_health(control: TestClient) -> None:
    """Acceptance row J7."""
    assert control.get("/health").json()["status"] == "ok"


def test_connection_details_are_enough_to_connect(control: TestClient) -> None:
    details = control.get("/").json()

    assert details["two_way_url"].startswith("https://")
    assert details["control_url"].startswith("http://")
    applications = {each["name"]: each for each in details["applications"]}
    assert applications["demo-server"]["app_key"] == "demo-server-key"
    assert applications["demo-server"]["service_account"] == "svc-demo"
    assert {"username": "svc-demo", "password": "svc-demo-password"} in details["service_accounts"]


def test_the_ca_is_the_one_that_signs(control: TestClient, sandbox: Sandbox) -> None:
    ca = x509.load_pem_x509_certificate(control.get("/ca.pem").content)

    assert ca == sandbox.authority.root
    sandbox.identity("svc-demo").chain[0].verify_directly_issued_by(ca)


def test_the_truststore_holds_root_and_intermediate(control: TestClient, sandbox: Sandbox) -> None:
    content = control.get("/truststore.p12?passphrase=chosen-one").content

    trusted = pkcs12.load_pkcs12(content, b"chosen-one").additional_certs
    assert {each.certificate for each in trusted} == set(sandbox.authority.chain)


def test_every_file_of_an_account_is_its_current_certificate(
    control: TestClient, sandbox: Sandbox
) -> None:
    identity = sandbox.identity("svc-demo")
    files = {name: control.get(f"{ACCOUNT}/{name}").content for name in FILES}

    pfx = pkcs12.load_pkcs12(files["certificate.pfx"], b"mock-sei")
    p12 = pkcs12.load_pkcs12(files["certificate.p12"], b"mock-sei")
    assert pfx.cert is not None
    assert pfx.cert.certificate == identity.certificate
    assert len(pfx.additional_certs) == 2
    assert p12.cert is not None
    assert p12.cert.certificate == identity.certificate
    assert p12.additional_certs == []
    assert x509.load_pem_x509_certificate(files["certificate.crt"]) == identity.certificate
    assert x509.load_pem_x509_certificates(files["certificate.pem"])[0] == identity.certificate
    assert set(pkcs7.load_der_pkcs7_certificates(files["certificate.p7s"])) == {
        identity.certificate,
        identity.chain[0],
    }
    assert files["privatekey.key"] == identity.key_pem


def test_a_passphrase_can_be_chosen_and_is_needed(control: TestClient) -> None:
    content = control.get(f"{ACCOUNT}/certificate.pfx?passphrase=chosen-one").content

    assert pkcs12.load_pkcs12(content, b"chosen-one").key is not None
    with pytest.raises(ValueError, match=r"(?i)invalid password"):
        pkcs12.load_pkcs12(content, b"mock-sei")
    assert control.get(f"{ACCOUNT}/certificate.pfx?passphrase=").status_code == 422


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/service-accounts/nobody/certificate.crt", "svc-demo"),
        (f"{ACCOUNT}/certificate.doc", "certificate.pfx"),
    ],
)
def test_a_file_that_is_not_there_names_what_is(control: TestClient, path: str, named: str) -> None:
    answer = control.get(path)

    assert answer.status_code == 404
    assert named in answer.json()["detail"]


def test_a_new_certificate_becomes_the_current_one(control: TestClient) -> None:
    before = control.get(f"{ACCOUNT}/certificate.crt").text

    issued = control.post(f"{ACCOUNT}/certificates").json()

    assert issued.keys() == {"certificate", "chain", "private_key", "serial_number"}
    assert control.get(f"{ACCOUNT}/certificate.crt").text == issued["certificate"] != before
    control.post("/reset")
    assert control.get(f"{ACCOUNT}/certificate.crt").text == before


@pytest.mark.parametrize(
    "variant", ["expired", "not-yet-valid", "untrusted", "self-signed", "wrong-cn"]
)
def test_a_wrong_certificate_does_not_replace_the_current_one(
    control: TestClient, variant: str
) -> None:
    before = control.get(f"{ACCOUNT}/certificate.crt").text

    issued = control.post(f"{ACCOUNT}/certificates", json={"variant": variant}).json()

    assert issued["certificate"] != before
    assert control.get(f"{ACCOUNT}/certificate.crt").text == before


def test_a_revoked_certificate_is_on_the_list_until_a_reset(control: TestClient) -> None:
    number = control.post(f"{ACCOUNT}/certificates").json()["serial_number"]

    def revoked() -> list[int]:
        crl = x509.load_pem_x509_crl(control.get("/crl.pem").content)
        return [each.serial_number for each in crl]

    assert revoked() == []
    assert control.post(f"{ACCOUNT}/certificates/{number}/revoke").status_code == 204
    assert revoked() == [serial(number)]
    control.post("/reset")
    assert revoked() == []


@pytest.mark.parametrize(("number", "status"), [("not-hex", 400), ("abc123", 404)])
def test_only_a_certificate_of_the_account_can_be_revoked(
    control: TestClient, number: str, status: int
) -> None:
    answer = control.post(f"{ACCOUNT}/certificates/{number}/revoke")

    assert answer.status_code == status
    assert number in answer.json()["detail"]


def test_reset_brings_the_seeded_state_back(
    control: TestClient, platform: Platform, sandbox: Sandbox
) -> None:
    """Acceptance row J1."""
    sandbox.state.registry.applications.clear()
    sandbox.clock.advance(days=1)

    assert control.post("/reset").status_code == 204

    assert sandbox.clock.is_machine
    assert len(sandbox.journal) == 0
    assert platform.post_token().status_code == 200


def test_identifiers_repeat_under_the_same_seed(control: TestClient, platform: Platform) -> None:
    """Acceptance row J1."""

    def tracking_ids() -> list[str]:
        control.post("/reset", json={"seed": 7})
        return [platform.post_token().headers["RequestTrackingId"] for _ in range(3)]

    first = tracking_ids()
    assert len(set(first)) == 3
    assert tracking_ids() == first


def test_reset_changes_behaviour_until_the_next_one(
    control: TestClient, platform: Platform
) -> None:
    control.post("/reset", json={"dialect": "rfc"})
    changed = platform.post_token().json()["token_type"]
    control.post("/reset")

    assert (changed, platform.post_token().json()["token_type"]) == ("Bearer", "BearerToken")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"dialect": "pirate"}, "dialect"),
        ({"dialct": "rfc"}, "did you mean dialect"),
        ({"certs_dir": "/elsewhere"}, "a reset cannot change it"),
    ],
)
def test_a_wrong_reset_resets_nothing(
    control: TestClient, platform: Platform, body: dict[str, str], named: str
) -> None:
    platform.post_token()

    answer = control.post("/reset", json=body)

    assert answer.status_code == 400
    assert named in answer.json()["detail"]
    assert len(platform.sandbox.journal) == 1


def test_the_clock_can_be_set_advanced_and_stopped(control: TestClient) -> None:
    moment = datetime(2027, 5, 1, 12, tzinfo=UTC)

    stopped = control.put("/clock", json={"now": moment.isoformat(), "frozen": True}).json()
    advanced = control.post("/clock/advance", json={"seconds": 1860}).json()
    running = control.put("/clock", json={"frozen": False}).json()

    assert datetime.fromisoformat(stopped["now"]) == moment
    assert stopped["frozen"] is True
    assert datetime.fromisoformat(advanced["now"]) == moment + timedelta(seconds=1860)
    assert control.get("/clock").json()["frozen"] is False
    assert datetime.fromisoformat(running["now"]) >= moment + timedelta(seconds=1860)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/clock", {"now": "2027-05-01T12:00:00"}),
        ("PUT", "/clock", {"now": "1066-10-14T09:00:00Z"}),
        ("PUT", "/clock", {"then": "2027-05-01T12:00:00Z"}),
        ("POST", "/clock/advance", {"seconds": -1}),
        ("POST", "/clock/advance", {"seconds": "soon"}),
        ("POST", "/clock/advance", {"seconds": 1e300}),
        ("POST", "/clock/advance", {"seconds": 31_000_000_000}),
    ],
)
def test_a_wrong_time_is_refused(
    control: TestClient, sandbox: Sandbox, method: str, path: str, body: dict[str, Any]
) -> None:
    answer = control.request(method, path, json=body)

    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]
    assert sandbox.clock.is_machine


def test_the_journal_is_read_and_cleared(control: TestClient, platform: Platform) -> None:
    """Acceptance row J4."""
    platform.post_token(http=platform.client("svc-web"))

    journal = control.get("/journal").json()

    (entry,) = journal["entries"]
    assert journal["dropped"] == 0
    assert entry["kind"] == "exchange"
    assert entry["listener"] == "two-way"
    assert entry["tls_version"] == "TLSv1.3"
    assert entry["certificate"]["common_name"] == "svc-web"
    assert entry["request"]["path"] == "/v2/oauthtoken"
    assert entry["response"]["status"] == 403
    assert (entry["expected"], entry["actual"]) == ("svc-demo", "svc-web")
    assert "svc-demo-password" not in str(journal)
    assert control.delete("/journal").status_code == 204
    assert control.get("/journal").json() == {"entries": [], "dropped": 0, "last": 0}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1:8044"])
def test_a_foreign_host_is_refused_on_loopback(control: TestClient, host: str) -> None:
    assert control.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8044", "127.0.0.1", "[::1]:8044", "LOCALHOST"])
def test_this_machine_is_let_in(control: TestClient, host: str) -> None:
    assert control.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9999"])
def test_a_foreign_origin_is_refused(control: TestClient, origin: str) -> None:
    assert control.post("/reset", headers={"Origin": origin}).status_code == 403


def test_its_own_origin_is_let_in(control: TestClient) -> None:
    headers = {"Origin": "http://127.0.0.1:8044"}

    assert control.post("/reset", headers=headers).status_code == 204


def test_a_wrong_method_names_the_right_one(control: TestClient) -> None:
    answer = control.get("/reset")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_an_oversized_body_is_refused(control: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b"x" * 1024

    assert control.post("/reset", content=b"x" * (1024 * 1024 + 1)).status_code == 413
    assert control.post("/reset", content=endless()).status_code == 413


def test_the_reference_page_needs_nothing_from_outside(control: TestClient) -> None:
    page = control.get("/docs").text

    assert "POST /clock/advance" in page
    assert "variant" in page
    assert "http" not in page.replace("Content", "").lower().replace("httpvalidation", "")


def test_tokens_of_a_rotated_key_live_until_it_is_retired(
    control: TestClient, platform: Platform
) -> None:
    """Acceptance row I8."""

    def kids() -> list[str]:
        keys = platform.client().get("/.well-known/jwks.json").json()["keys"]
        return [key["kid"] for key in keys]

    old_token = platform.headers()
    (old,) = kids()

    new = control.post("/signing-keys/rotate").json()["kid"]

    assert kids() == [new, old]
    assert platform.get(headers=old_token).status_code == 200
    assert platform.get().status_code == 200
    assert control.delete(f"/signing-keys/{old}").status_code == 204
    assert platform.get(headers=old_token).status_code == 401
    assert platform.get().status_code == 200
    control.post("/reset")
    assert kids() == [old]


@pytest.mark.parametrize("which", ["signing", "unknown"])
def test_the_signing_key_cannot_be_retired(
    control: TestClient, sandbox: Sandbox, which: str
) -> None:
    kid = sandbox.state.oauth.keys.signing.kid

    answer = control.delete(f"/signing-keys/{kid if which == 'signing' else which}")

    assert answer.status_code == 400
    assert kid in answer.json()["detail"]
