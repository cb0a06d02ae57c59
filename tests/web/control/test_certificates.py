"""Certificates over HTTP: files, further ones, requests, own ones, links, and what is refused."""

from __future__ import annotations

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from mock_sei.operations.certificates import FILES
from mock_sei.platform import Platform

pytestmark = pytest.mark.long

ACCOUNT = "/service-accounts/svc-demo"


def serial(text: str) -> int:
    return int(text, 16)


def test_every_file_of_an_account_is_its_current_certificate(
    control: httpx2.Client, platform: Platform
) -> None:
    identity = platform.certificates.identity("svc-demo")
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


def test_a_passphrase_can_be_chosen_and_is_needed(control: httpx2.Client) -> None:
    content = control.get(f"{ACCOUNT}/certificate.pfx?passphrase=chosen-one").content

    assert pkcs12.load_pkcs12(content, b"chosen-one").key is not None
    with pytest.raises(ValueError, match=r"(?i)invalid password"):
        pkcs12.load_pkcs12(content, b"mock-sei")


@pytest.mark.parametrize("file", ["certificate.pfx", "certificate.p12", "privatekey.p12"])
@pytest.mark.parametrize("legacy", ["", "&legacy=true"])
def test_a_file_with_an_empty_passphrase_comes_with_a_warning(
    control: httpx2.Client, file: str, legacy: str
) -> None:
    answer = control.get(f"{ACCOUNT}/{file}?passphrase={legacy}")

    assert answer.status_code == 200
    assert pkcs12.load_pkcs12(answer.content, b"").key is not None
    assert "keytool" in answer.headers["X-Warning"]


@pytest.mark.parametrize(
    "file", ["certificate.pfx", "certificate.pfx?passphrase=x", "privatekey.key?passphrase="]
)
def test_a_file_that_is_protected_or_never_encrypted_comes_without_a_warning(
    control: httpx2.Client, file: str
) -> None:
    answer = control.get(f"{ACCOUNT}/{file}")

    assert answer.status_code == 200
    assert "X-Warning" not in answer.headers


def test_a_truststore_may_have_an_empty_passphrase(control: httpx2.Client) -> None:
    content = control.get("/truststore.p12?passphrase=").content
    assert len(pkcs12.load_pkcs12(content, b"").additional_certs) == 2


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/service-accounts/nobody/certificate.crt", "svc-demo"),
        (f"{ACCOUNT}/certificate.doc", "certificate.pfx"),
    ],
)
def test_a_file_that_is_not_there_names_what_is(
    control: httpx2.Client, path: str, named: str
) -> None:
    answer = control.get(path)

    assert answer.status_code == 404
    assert named in answer.json()["detail"]


def test_a_new_certificate_becomes_the_current_one(control: httpx2.Client) -> None:
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
    control: httpx2.Client, variant: str
) -> None:
    before = control.get(f"{ACCOUNT}/certificate.crt").text

    issued = control.post(f"{ACCOUNT}/certificates", json={"variant": variant}).json()

    assert issued["certificate"] != before
    assert control.get(f"{ACCOUNT}/certificate.crt").text == before


def test_a_revoked_certificate_is_on_the_list_until_a_reset(control: httpx2.Client) -> None:
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
    control: httpx2.Client, number: str, status: int
) -> None:
    answer = control.post(f"{ACCOUNT}/certificates/{number}/revoke")

    assert answer.status_code == status
    assert number in answer.json()["detail"]
