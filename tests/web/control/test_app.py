"""The control API as a whole: health, connection details, what a client trusts, its reference."""

from __future__ import annotations

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_sei.platform import Platform
from tests.cases import every_case


def test_health(control: httpx2.Client) -> None:
    assert control.get("/health").json()["status"] == "ok"


def test_connection_details_are_enough_to_connect(control: httpx2.Client) -> None:
    details = control.get("/").json()

    assert details["two_way_url"].startswith("https://")
    assert details["control_url"].startswith("http://")
    applications = {each["name"]: each for each in details["applications"]}
    assert applications["demo-server"]["app_key"] == "demo-server-key"
    assert applications["demo-server"]["service_account"] == "svc-demo"
    assert {"username": "svc-demo", "password": "svc-demo-password"} in details["service_accounts"]


def test_answers_have_no_spaces_so_that_a_shell_script_finds_a_value_by_its_name(
    control: httpx2.Client,
) -> None:
    assert '"name":"demo-server"' in control.get("/applications").text
    assert '"error":"' in control.post("/faults", json={"status": 1}).text


def test_the_ca_is_the_one_that_signs(control: httpx2.Client, platform: Platform) -> None:
    ca = x509.load_pem_x509_certificate(control.get("/ca.pem").content)

    assert ca == platform.authority.root
    platform.certificates.identity("svc-demo").chain[0].verify_directly_issued_by(ca)


def test_the_truststore_holds_root_and_intermediate(
    control: httpx2.Client, platform: Platform
) -> None:
    content = control.get("/truststore.p12?passphrase=chosen-one").content

    trusted = pkcs12.load_pkcs12(content, b"chosen-one").additional_certs
    assert {each.certificate for each in trusted} == set(platform.authority.chain)


def test_a_wrong_method_names_the_right_one(control: httpx2.Client) -> None:
    answer = control.get("/reset")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/crl.pem", "/ca.pem", "/truststore.p12"])
def test_files_are_saved_and_not_kept_by_a_cache(control: httpx2.Client, path: str) -> None:
    answer = control.get(path)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{path[1:]}"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_call_is_in_the_reference(control: httpx2.Client) -> None:
    paths = control.get("/openapi.json").json()["paths"]
    for call in (
        "POST /applications",
        "PATCH /applications/{app_key}",
        "DELETE /applications/{app_key}",
        "POST /applications/{app_key}/approve",
        "POST /applications/{app_key}/keys",
        "POST /service-accounts/{username}/certificate-links",
        "POST /service-accounts/{username}/certificate-requests",
        "POST /service-accounts/{username}/own-certificates",
        "GET /mailbox/{number}.eml",
    ):
        method, path = call.split()
        assert method.lower() in paths[path]


@pytest.mark.long
@every_case(
    ("method", "path"),
    [
        ("POST", "/applications"),
        ("PATCH", "/applications/demo-server"),
        ("POST", "/service-accounts/svc-demo/certificate-links"),
        ("POST", "/service-accounts/svc-demo/certificate-requests"),
        ("POST", "/service-accounts/svc-demo/own-certificates"),
    ],
)
@every_case(
    "content", [b"", b"{", b"[]", b'"text"', b"name=x", b"\xff", b"7", b'{"\\ud800": "\\ud800"}']
)
def test_a_body_that_is_none_of_the_calls_is_refused_in_words(
    control: httpx2.Client, platform: Platform, method: str, path: str, content: bytes
) -> None:
    content = content if content or not path.endswith("links") else b"null x"  # optional there
    before = platform.state.registry.copy()

    answer = control.request(
        method, path, content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]
    assert platform.state.registry == before
