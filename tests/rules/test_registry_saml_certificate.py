"""The certificate of the SAML grant: its form, and which applications may have one."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from mock_sei.errors import RegistryError
from mock_sei.rules.records import Application, find_certificate_problem
from mock_sei.rules.standards import Actor, ApplicationType, Owner
from tests.cases import every_case
from tests.rules.test_registry import ACCOUNT, NATIVE, SERVER, registry

WEB = Application(
    name="web",
    type=ApplicationType.CLIENT_SERVER,
    actor=Actor.END_USER,
    owner=Owner.SEI_CLIENT,
    app_key="web-key",
    app_secret="web-secret",
    service_account="svc-one",
)


def pem(der: bytes, label: str = "CERTIFICATE") -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


WHOLE = pem(b"\x30\x82\x01\x00" + bytes(256))
SECRET_KEY = pem(b"\x30\x82\x01\x00" + b"the private part" * 16, "PRIVATE KEY")


@every_case(
    "text",
    [
        WHOLE,
        WHOLE.replace("\n", "\r\n"),
        f"subject=CN = web\n{WHOLE}",
        pem(b"\x30\x81\x80" + bytes(128)),
    ],
)
def test_one_certificate_in_pem_form_is_taken(text: str) -> None:
    """Text before the certificate, as openssl prints it, is allowed (RFC 7468 section 2)."""
    assert find_certificate_problem(text) is None
    assert registry(replace(WEB, saml_certificate=text)).find_application("web") is not None


@every_case(
    ("text", "problem"),
    [
        ("", "holds 0 certificates"),
        ("no PEM at all", "holds 0 certificates"),
        (WHOLE + WHOLE, "holds 2 certificates"),
        (WHOLE[: len(WHOLE) // 2], "holds 0 certificates"),
        (WHOLE.replace("AAAA", "AA!A", 1), "Base64 cannot be decoded"),
        (pem(b"\x30\x82\x01\x00" + bytes(200)), "cut short"),
        (pem(b"\x30\x82\x01\x00" + bytes(300)), "cut short"),
        (pem(b"\x04\x82\x01\x00" + bytes(256)), "no certificate, or one that is cut short"),
        (pem(b"\x30\x03\x02\x01\x00"), "no certificate, or one that is cut short"),
        (pem(b""), "no certificate, or one that is cut short"),
        (pem(b"\x30\x82\x01\x00" + bytes(256), "PUBLIC KEY"), "holds 0 certificates"),
        (SECRET_KEY, "holds a private key"),
        (WHOLE + SECRET_KEY, "holds a private key"),
        (SECRET_KEY.replace("PRIVATE", "ENCRYPTED PRIVATE"), "holds a private key"),
        (SECRET_KEY.replace("PRIVATE", "RSA PRIVATE"), "holds a private key"),
    ],
)
def test_what_is_no_certificate_is_refused_and_shown_by_its_label_alone(
    text: str, problem: str
) -> None:
    assert problem in str(find_certificate_problem(text))
    with pytest.raises(RegistryError, match=problem) as caught:
        registry(replace(WEB, saml_certificate=text))

    assert caught.value.place == ("applications", 0, "saml_certificate")
    assert len(str(caught.value.value)) <= 27
    assert SECRET_KEY.splitlines()[1] not in f"{caught.value}{caught.value.value}"


@pytest.mark.parametrize("other", [SERVER, NATIVE])
def test_a_certificate_is_for_rows_with_the_saml_grant(other: Application) -> None:
    accounts = [ACCOUNT] if other is SERVER else []
    with pytest.raises(RegistryError, match="for client-server applications with an end") as caught:
        registry(replace(other, saml_certificate=WHOLE), accounts=accounts)

    assert caught.value.place == ("applications", 0, "saml_certificate")


def test_a_certificate_stands_in_no_representation() -> None:
    assert "BEGIN" not in repr(replace(WEB, saml_certificate=WHOLE))
