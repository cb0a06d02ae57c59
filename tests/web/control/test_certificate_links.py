"""Links, requests and own certificates over HTTP: what portal pages do, from code."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from tests.certificates.client_ca import ClientCA, pem, request
from tests.support import Served, registration

ACCOUNT = "/service-accounts/svc-demo"
LINKS = f"{ACCOUNT}/certificate-links"


@pytest.fixture
def team(control: httpx2.Client) -> str:
    """The calls of an account that brings its own certificate."""
    control.post("/applications", json=registration(certificate="own"))
    return "/service-accounts/svc-nightly"


@pytest.mark.long
def test_a_link_is_one_call(control: httpx2.Client, served: Served) -> None:
    answer = control.post(LINKS)

    assert answer.status_code == 201
    link = answer.json()
    expires = datetime.fromisoformat(link["expires"])
    assert abs(expires - served.platform.clock.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert link["url"].startswith(f"{served.platform.addresses.one_way}/portal/certificates/")
    assert control.get("/mailbox").json()["messages"][-1]["link"]["url"] == link["url"]
    http = served.client(None, listener=Listener.ONE_WAY)
    content = http.get(urlsplit(link["url"]).path).content
    read = pkcs12.load_pkcs12(content, b"mock-sei")
    assert read.cert is not None
    assert read.cert.certificate == served.platform.certificates.identity("svc-demo").certificate


@pytest.mark.long
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"format": "pfx"}, "certificate.pfx"),
        ({"format": "p12", "legacy": True}, "certificate.zip"),
        ({"format": "p7s"}, "certificate.p7s"),
        ({"format": "pem"}, "certificate.zip"),
        ({"format": None}, "certificate.pfx"),
        ({"passphrase": "ü" * 600}, "certificate.pfx"),
        ({"passphrase": ""}, "certificate.pfx"),
        ({"passphrase": "", "legacy": True}, "certificate.pfx"),
        ({}, "certificate.pfx"),
    ],
)
def test_a_link_downloads_the_form_that_was_chosen(
    control: httpx2.Client, served: Served, options: dict[str, Any], name: str
) -> None:
    url = control.post(LINKS, json=options).json()["url"]
    http = served.client(None, listener=Listener.ONE_WAY)

    answer = http.get(urlsplit(url).path)

    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    if name.endswith("pfx"):
        secret = options.get("passphrase", "mock-sei").encode()
        assert pkcs12.load_pkcs12(answer.content, secret).key is not None


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ({"passphrase": ""}, True),
        ({"passphrase": "", "format": "p12"}, True),
        ({"passphrase": "", "format": "pem"}, False),
        ({"passphrase": "", "format": "p7s"}, False),
        ({"passphrase": "x"}, False),
        ({}, False),
    ],
)
def test_a_link_to_a_file_with_an_empty_passphrase_warns(
    control: httpx2.Client, options: dict[str, Any], *, warned: bool
) -> None:
    warning = control.post(LINKS, json=options).json()["warning"]
    assert ("keytool" in str(warning)) is warned
    assert (warning is not None) is warned


def test_an_empty_passphrase_makes_no_file_with_a_key_that_is_the_client_s(
    control: httpx2.Client, team: str
) -> None:
    control.post(f"{team}/certificate-requests", json={"request": pem(request("svc-nightly"))})
    answer = control.post(f"{team}/certificate-links", json={"format": "pfx", "passphrase": ""})
    assert answer.status_code == 400
    assert "holds the private key" in answer.text


def test_a_link_can_renew(control: httpx2.Client, platform: Platform) -> None:
    first = platform.certificates.identity("svc-demo")

    control.post(LINKS, json={"renew": True})

    held = control.get(f"{ACCOUNT}/certificates").json()
    assert [each["current"] for each in held] == [False, True]
    assert held[0]["serial_number"] == f"{first.serial_number:x}"
    assert platform.portal.links.of("svc-demo")[-1].serial_number != first.serial_number


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"format": "exe"}, "format"),
        ({"format": ""}, "format"),
        ({"format": 7}, "format"),
        ({"passphrase": None}, "passphrase"),
        ({"passphrase": 7}, "passphrase"),
        ({"legacy": "maybe"}, "legacy"),
        ({"renew": "maybe"}, "renew"),
        ({"pasphrase": "x"}, "pasphrase"),
    ],
)
def test_a_wrong_option_is_named_and_no_link_made(
    control: httpx2.Client, platform: Platform, options: dict[str, Any], field: str
) -> None:
    answer = control.post(LINKS, json=options)

    assert answer.status_code == 422
    assert field in answer.json()["problems"]
    assert platform.portal.links.of("svc-demo") == []
    assert len(platform.portal.mailbox) == 0


def test_half_a_surrogate_pair_is_no_passphrase(control: httpx2.Client, platform: Platform) -> None:
    headers = {"Content-Type": "application/json"}
    answer = control.post(LINKS, content=b'{"passphrase": "\\ud800"}', headers=headers)
    assert answer.status_code == 422
    assert answer.json()["problems"].keys() == {"passphrase"}
    assert platform.portal.links.of("svc-demo") == []


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("certificate-links", {}),
        ("certificate-links", {"renew": True}),
        ("certificates", {}),
        ("certificate-requests", {"request": "x"}),
        ("own-certificates", {"certificate": "x", "ca": "x"}),
    ],
)
def test_an_unknown_account_names_those_there_are(
    control: httpx2.Client, call: str, body: dict[str, Any]
) -> None:
    answer = control.post(f"/service-accounts/nobody/{call}", json=body)
    assert answer.status_code == 404
    assert "there are svc-demo" in answer.json()["detail"]
    assert control.get("/service-accounts/nobody/certificates").status_code == 404


# Requests


def test_a_request_is_signed(control: httpx2.Client, platform: Platform, team: str) -> None:
    answer = control.post(
        f"{team}/certificate-requests", json={"request": pem(request("svc-nightly"))}
    )

    assert answer.status_code == 201
    signed = answer.json()
    leaf = x509.load_pem_x509_certificate(signed["certificate"].encode())
    chain = x509.load_pem_x509_certificates(signed["chain"].encode())
    assert tuple(chain) == platform.authority.chain
    leaf.verify_directly_issued_by(chain[0])
    assert int(signed["serial_number"], 16) == leaf.serial_number
    (held,) = control.get(f"{team}/certificates").json()
    assert (held["origin"], held["variant"], held["current"]) == ("signed", "valid", True)
    assert held["serial_number"] == signed["serial_number"]


def test_a_signed_request_is_linked_without_a_key(
    control: httpx2.Client, served: Served, team: str
) -> None:
    signed = control.post(
        f"{team}/certificate-requests", json={"request": pem(request("svc-nightly"))}
    ).json()
    for wanted in ("pfx", "p12"):
        refused = control.post(f"{team}/certificate-links", json={"format": wanted})
        assert refused.status_code == 400
        assert "holds the private key" in refused.json()["problems"]["format"]

    url = control.post(f"{team}/certificate-links").json()["url"]

    http = served.client(None, listener=Listener.ONE_WAY)
    assert http.get(urlsplit(url).path).text == signed["certificate"]
    for file in ("certificate.pfx", "privatekey.key"):
        assert control.get(f"{team}/{file}").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"request": pem(request("svc-demo"))}, 400, "request"),
        ({"request": ""}, 400, "request"),
        ({"request": "x"}, 400, "request"),
        ({"request": 7}, 422, "request"),
        ({}, 422, "request"),
        ({"csr": "x", "request": "x"}, 422, "csr"),
    ],
)
def test_a_request_that_is_not_acceptable_is_refused_by_field(
    control: httpx2.Client, team: str, body: dict[str, Any], status: int, field: str
) -> None:
    answer = control.post(f"{team}/certificate-requests", json=body)
    assert answer.status_code == status
    assert field in str(answer.json()["detail"])
    assert control.get(f"{team}/certificates").json() == []


# Certificates of the client's own CA


def test_an_own_certificate_is_registered(
    control: httpx2.Client, served: Served, team: str
) -> None:
    ca = ClientCA.create()
    own = ca.identity("svc-nightly")
    assert served.platform.judge_certificate(own.peer) is not None

    answer = control.post(
        f"{team}/own-certificates", json={"certificate": pem(own.certificate), "ca": ca.pem}
    )

    assert answer.status_code == 201
    held = answer.json()
    assert control.get(f"{team}/certificates").json() == [held]
    assert (held["origin"], held["current"], held["revoked"]) == ("own", True, False)
    assert "CN=Client CA" in held["issuer"]
    http = served.client(own)
    assert served.post_token("Nightly", http=http).status_code == 200
    number = held["serial_number"]
    assert control.post(f"{team}/certificates/{number}/revoke").status_code == 204
    assert control.get(f"{team}/certificates").json() == [
        held | {"revoked": True, "current": False}
    ]
    assert served.platform.judge_certificate(own.peer) is not None
    again = control.post(
        f"{team}/own-certificates", json={"certificate": pem(own.certificate), "ca": ca.pem}
    )
    assert "was revoked here" in again.json()["problems"]["certificate"]


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"certificate": "x"}, 400, "certificate"),
        ({"ca": "x"}, 400, "ca"),
        ({"ca": None}, 422, "ca"),
        ({"certificate": ["x"]}, 422, "certificate"),
        ({"key": "x"}, 422, "key"),
    ],
)
def test_an_own_certificate_that_is_not_acceptable_is_refused_by_field(
    control: httpx2.Client,
    platform: Platform,
    team: str,
    changes: dict[str, Any],
    status: int,
    field: str,
) -> None:
    ca = ClientCA.create()
    body = {"certificate": pem(ca.sign("svc-nightly")), "ca": ca.pem} | changes

    answer = control.post(f"{team}/own-certificates", json=body)

    assert answer.status_code == status
    assert field in str(answer.json()["detail"])
    assert platform.certificates.trusted().own_pem == b""


def test_an_account_that_brings_its_own_has_no_file_and_no_link(
    control: httpx2.Client, team: str
) -> None:
    for answer in (
        control.get(f"{team}/certificate.crt"),
        control.post(f"{team}/certificate-links"),
    ):
        assert answer.status_code == 404
        assert "brings its own certificate" in answer.json()["detail"]
