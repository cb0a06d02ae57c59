"""Checks without a connection: the URL, the form of the credentials, the environment."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.doctor.configuration import check_credentials, check_url
from mock_sei.doctor.environment import check_ca_variables
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.proxies import check_proxies
from mock_sei.doctor.setup import GivenFile
from tests.cases import every_case
from tests.doctor.clients import GIVEN, Clients, certificate, file, levels, names, only


@every_case(
    ("url", "expected"),
    [
        ("https://localhost:444", []),
        ("https://localhost:444/", []),
        ("https://api.seic.com", []),
        ("https://[::1]:444", []),
        ("https://api.seic.com/v2/oauthtoken", []),
        ("http://localhost:444", ["url-not-https"]),
        ("ftp://localhost", ["url-not-https"]),
        ("https://", ["url-no-host"]),
        ("https:///v2/oauthtoken", ["url-no-host"]),
        ("https://localhost:444/v1/order", ["url-path"]),
        ("https://localhost:444\n", ["url-white-space"]),
        (" https://localhost:444", ["url-white-space"]),
        ("https://local host:444", ["url-white-space"]),
        ("https://localhost:444\u00a0", ["url-white-space"]),
        ("https://localhost?client_id=x", ["url-extra"]),
        ("https://localhost#here", ["url-extra"]),
        ("http://key:secret@localhost/x", ["url-not-https", "url-path", "url-extra"]),
    ],
)
def test_urls(clients: Clients, url: str, expected: list[str]) -> None:
    found = list(check_url(clients.setup(url=url)))
    assert names(found) == expected
    assert "secret" not in text(found)


@every_case(
    ("url", "cure"),
    [
        ("http://localhost:444", "write https://localhost:444."),
        ("http://localhost:8444/v2/oauthtoken", "write https://localhost:8444/v2/oauthtoken."),
        ("http://[::1]:444", "write https://[::1]:444."),
        ("ftp://localhost", "write https://localhost."),
        ("http://key:secret@localhost:444/x?y=z", "write https://localhost:444."),
    ],
)
def test_the_cure_of_a_url_keeps_its_port_and_the_token_endpoint_s_path(
    clients: Clients, url: str, cure: str
) -> None:
    found = list(check_url(clients.setup(url=url)))
    assert found[0].name == "url-not-https"
    assert found[0].cure == cure


def test_good_credentials_are_right(clients: Clients) -> None:
    assert levels(check_credentials(clients.setup())) == {Level.RIGHT}


def test_without_credentials_nothing_is_said(clients: Clients) -> None:
    assert list(check_credentials(clients.setup(options=dict.fromkeys(GIVEN)))) == []


@every_case("name", GIVEN)
@every_case(
    ("around", "expected"),
    [
        (" {}", "credential-spaces"),
        ("{}\n", "credential-spaces"),
        ("'{}'", "credential-quotes"),
        ('"{}"', "credential-quotes"),
        ("\u201c{}\u201d", "credential-quotes"),
    ],
)
def test_what_was_copied_with_it(clients: Clients, name: str, around: str, expected: str) -> None:
    found = list(check_credentials(clients.setup(options={name: around.format(GIVEN[name])})))
    assert names(found) == [expected]
    assert GIVEN[name] not in text(found)


def test_quotes_inside_are_the_value_s_own(clients: Clients) -> None:
    assert names(check_credentials(clients.setup(options={"password": 'it\'s "so"'}))) == []


@pytest.mark.parametrize("name", ["app_key", "app_secret"])
@pytest.mark.parametrize("before", ["", "Basic "])
def test_a_pair_that_is_encoded_already(clients: Clients, name: str, before: str) -> None:
    encoded = base64.b64encode(b"demo-server-key:demo-server-secret").decode()
    found = list(check_credentials(clients.setup(options={name: before + encoded})))
    assert names(found) == ["pair-encoded"]
    assert encoded not in text(found)


def test_a_secret_that_merely_looks_like_base64(clients: Clients) -> None:
    for secret in ("c2VjcmV0", "abcdefgh", base64.b64encode(bytes(range(128, 152))).decode()):
        assert names(check_credentials(clients.setup(options={"app_secret": secret}))) == []


@every_case(
    ("missing", "expected"),
    [
        (("app_secret",), ["pair-incomplete"]),
        (("password",), ["pair-incomplete"]),
        (("app_key", "app_secret"), ["pair-incomplete"]),
        (("app_secret", "username", "password"), []),  # an application without a secret
        (("app_key", "app_secret", "password"), []),  # to compare the CN
        (("username", "password"), []),
    ],
)
def test_a_request_that_is_not_complete(
    clients: Clients, missing: tuple[str, ...], expected: list[str]
) -> None:
    setup = clients.setup(options=dict.fromkeys(missing))
    assert names(check_credentials(setup)) == expected


@every_case("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_is_a_hint(clients: Clients, name: str) -> None:
    setup = clients.setup(environ={name: "http://user:hidden@proxy.example:3128"})
    found = only(check_proxies(setup))
    assert (found.name, found.level) == ("proxy-set", Level.HINT)
    assert found.actual == f"{name}=http://proxy.example:3128, NO_PROXY=(not set)"


@every_case(
    ("no_proxy", "url", "expected"),
    [
        ("localhost", "https://localhost:444", []),
        ("LOCALHOST:444", "https://localhost:444", []),
        ("example.com, .seic.com", "https://api.seic.com", []),
        ("seic.com", "https://api.seic.com", []),
        ("localhost:445", "https://localhost:444", ["proxy-set"]),
        ("*", "https://api.seic.com", []),
        ("::1", "https://[::1]:444", []),
        ("", "https://localhost:444", ["proxy-set"]),
        ("ic.com", "https://api.seic.com", ["proxy-set"]),
        ("127.0.0.1", "https://localhost:444", ["proxy-set"]),
    ],
)
@every_case("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_leaves_hosts_out(
    clients: Clients, name: str, no_proxy: str, url: str, expected: list[str]
) -> None:
    environ = {"HTTPS_PROXY": "http://proxy.example:3128", name: no_proxy}
    assert names(check_proxies(clients.setup(url=url, environ=environ))) == expected


def test_a_proxy_for_plain_http_does_not_matter(clients: Clients) -> None:
    assert list(check_proxies(clients.setup(environ={"HTTP_PROXY": "http://proxy"}))) == []


ROOT, OTHER = "with the CA", "without"


def variables(clients: Clients, **contents: str) -> dict[str, Any]:
    """CA variables and their files."""
    pem = {
        ROOT: clients.authority.pem.root,
        OTHER: certificate().public_bytes(Encoding.PEM),
        "garbage": b"hello",
    }
    files = {name: file(pem[content], f"{name}.pem") for name, content in contents.items()}
    return {"environ": {name: f"{name}.pem" for name in files}, "ca_files": files}


@every_case(
    ("contents", "expected"),
    [
        ({}, []),
        ({"REQUESTS_CA_BUNDLE": ROOT, "SSL_CERT_FILE": ROOT}, []),
        ({"REQUESTS_CA_BUNDLE": OTHER}, ["requests-ca-bundle"]),
        ({"CURL_CA_BUNDLE": OTHER}, ["requests-ca-bundle"]),
        ({"REQUESTS_CA_BUNDLE": ROOT, "CURL_CA_BUNDLE": OTHER}, ["ca-variable-lacks-ca"]),
        ({"REQUESTS_CA_BUNDLE": OTHER, "CURL_CA_BUNDLE": ROOT}, ["requests-ca-bundle"]),
        ({"SSL_CERT_FILE": OTHER}, ["ca-variable-lacks-ca"]),
        ({"SSL_CERT_DIR": OTHER, "NODE_EXTRA_CA_CERTS": OTHER}, ["ca-variable-lacks-ca"]),
        (
            {"REQUESTS_CA_BUNDLE": OTHER, "SSL_CERT_FILE": OTHER},
            ["requests-ca-bundle", "ca-variable-lacks-ca"],
        ),
        ({"SSL_CERT_FILE": "garbage"}, ["ca-variable-unreadable"]),
    ],
)
def test_ca_variables(clients: Clients, contents: dict[str, str], expected: list[str]) -> None:
    found = list(check_ca_variables(clients.setup(**variables(clients, **contents))))
    assert names(found) == expected
    for each in found:
        if each.name == "requests-ca-bundle":
            assert (
                each.level is Level.HINT
            )  # most company laptops export it; curl and Java ignore it
            assert "without a warning" in each.what


def test_a_ca_variable_that_leads_nowhere(clients: Clients) -> None:
    nowhere = GivenFile(path=Path("nowhere.pem"), missing=True, problem="not there")
    setup = clients.setup(ca_files={"SSL_CERT_FILE": nowhere}, environ={"SSL_CERT_FILE": "x"})
    found = only(check_ca_variables(setup))
    assert found.name == "ca-variable-unreadable"
    assert "not there" in (found.actual or "")


def test_without_a_ca_the_variables_are_only_named(clients: Clients) -> None:
    (found,) = check_ca_variables(
        clients.setup(ca=None, **variables(clients, SSL_CERT_FILE=OTHER, SSL_CERT_DIR=OTHER))
    )
    assert found.level is Level.NOTE
    assert "SSL_CERT_FILE, SSL_CERT_DIR" in found.what


def text(findings: list[Finding]) -> str:
    return json.dumps([asdict(each) for each in findings])
