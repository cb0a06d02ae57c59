"""For a file that is not PEM, the message names its form and the command that converts it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import cache, partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from mock_sei.certificates.submitted import read_own_certificate, read_request
from tests.cases import every_case
from tests.certificates.client_ca import NOW, ClientCA, pem, refusal, request

ACCOUNT = "svc-team"


@cache
def root() -> ClientCA:
    return ClientCA.create("Client root")


def problem_of(certificate: str, ca: str | None = None) -> tuple[str, str]:
    """The field and the message of a refusal."""
    authorities = root().pem if ca is None else ca
    refused = refusal(lambda: read_own_certificate(certificate, authorities, ACCOUNT, now=NOW))
    (problem,) = refused.items()
    return problem


FORMS: dict[str, tuple[Callable[[str], str], tuple[str, ...]]] = {
    "TRUSTED CERTIFICATE": (
        lambda text: text.replace(" CERTIFICATE-", " TRUSTED CERTIFICATE-"),
        ("a TRUSTED CERTIFICATE, not a CERTIFICATE", "openssl x509 -in FILE -out"),
    ),
    "Base64 of the file": (
        lambda text: base64.b64encode(text.encode()).decode(),
        ("Base64 of a whole file", "base64 -d FILE >"),
    ),
    "literal line ends": (
        lambda text: text.replace("\n", "\\n"),
        ("the two characters \\n", "perl "),
    ),
    "UTF-16 that was read as text": (
        lambda text: "".join(f"{each}\0" for each in text),
        ("UTF-16", "iconv -f UTF-16LE"),
    ),
    "bare Base64": (
        lambda text: "".join(text.splitlines()[1:-1]),
        ("Base64 of a whole file", "openssl x509 -inform der"),
    ),
    "a page": (lambda _: "<!DOCTYPE html>\n<html></html>", ("a web page (HTML)",)),
    "a PKCS#7 bundle": (
        lambda text: pkcs7.serialize_certificates(
            [x509.load_pem_x509_certificate(text.encode())], Encoding.PEM
        ).decode(),
        ("a PKCS7, not a CERTIFICATE", "openssl pkcs7 -in FILE -print_certs"),
    ),
}


@every_case("field", ["certificate", "ca"])
@every_case("name", FORMS)
def test_a_certificate_in_another_form_is_named_with_what_converts_it(
    name: str, field: str
) -> None:
    change, words = FORMS[name]
    good = root().sign(ACCOUNT)
    if field == "certificate":
        named, problem = problem_of(change(pem(good)))
    else:
        named, problem = problem_of(pem(good), change(root().pem))
    assert named == field
    for each in words:
        assert each in problem


def test_a_damaged_certificate_gets_no_command() -> None:
    text = pem(root().sign(ACCOUNT))
    cut = "\n".join([*text.splitlines()[:5], text.splitlines()[-1]])
    assert "; do:" not in problem_of(cut)[1]


def test_the_old_label_of_a_certificate_is_accepted() -> None:
    certificate = root().sign(ACCOUNT)
    old = pem(certificate).replace(" CERTIFICATE-", " X509 CERTIFICATE-")
    assert read_own_certificate(old, root().pem, ACCOUNT, now=NOW)[0] == certificate


def test_a_request_in_another_form_is_named_too() -> None:
    text = pem(request(ACCOUNT))
    for changed, words in (
        (base64.b64encode(text.encode()).decode(), "base64 -d FILE > request.csr"),
        (text.replace("\n", "\\n"), "perl "),
        ("".join(text.splitlines()[1:-1]), "openssl req -inform der"),
    ):
        problem = refusal(partial(read_request, changed, ACCOUNT))["request"]
        assert words in problem
