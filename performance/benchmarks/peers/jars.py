"""The peers that are jars of the npm packages: MockServer and WireMock.

Both are general mock servers: they answer the token request with one fixed JSON text, over two-way
TLS with the certificates of a certs folder. Their npm packages carry the jar; Java runs it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    load_pem_private_key,
    pkcs12,
)

TOKEN_PATH = "/v2/oauthtoken"  # a path
ANSWER = json.dumps(
    {
        "access_token": "a" * 400,
        "token_type": "BearerToken",
        "expires_in": 3600,
        "scope": "ilservices",
    }
)
"""It is as long as an answer with a signed token."""
_PASSWORD = "password"  # what WireMock takes without an option


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a start of a jar needs."""

    jar: Path
    certs: Path
    client_ca: Path
    """A PEM file with the CAs of client certificates."""
    folder: Path
    """An existing folder for the files of this start."""
    port: int


def wiremock(place: Place) -> Sequence[str]:
    """The command that starts WireMock; writes its key stores and its stub."""
    key_store, trust_store = place.folder / "server.p12", place.folder / "trust.p12"
    chain = x509.load_pem_x509_certificates((place.certs / "server.pem").read_bytes())
    key = load_pem_private_key((place.certs / "server.key").read_bytes(), None)
    lock = BestAvailableEncryption(_PASSWORD.encode())
    key_store.write_bytes(
        pkcs12.serialize_key_and_certificates(b"server", key, chain[0], chain[1:], lock)  # type: ignore[arg-type]
    )
    trusted = [
        pkcs12.PKCS12Certificate(each, f"ca-{number}".encode())
        for number, each in enumerate(x509.load_pem_x509_certificates(place.client_ca.read_bytes()))
    ]
    trust_store.write_bytes(pkcs12.serialize_java_truststore(trusted, lock))
    stub = {
        "request": {"method": "POST", "urlPath": TOKEN_PATH},
        "response": {
            "status": 200,
            "headers": {"Content-Type": "application/json"},
            "body": ANSWER,
        },
    }
    (place.folder / "mappings").mkdir()
    (place.folder / "mappings" / "token.json").write_text(json.dumps(stub), encoding="utf-8")
    return [
        *("java", "-jar", str(place.jar), "--root-dir", str(place.folder)),
        *("--disable-http", "--https-port", str(place.port), "--disable-banner"),
        *("--https-keystore", str(key_store), "--keystore-type", "PKCS12"),
        *("--https-require-client-cert", "--https-truststore", str(trust_store)),
        *("--truststore-type", "PKCS12"),
        "--no-request-journal",  # its documentation: for a load, so that memory does not grow
    ]


def mockserver(place: Place) -> Sequence[str]:
    """The command that starts MockServer; writes its expectation."""
    expectation = place.folder / "expectations.json"
    expected = {
        "httpRequest": {"method": "POST", "path": TOKEN_PATH},
        "httpResponse": {
            "statusCode": 200,
            "headers": {"content-type": ["application/json"]},
            "body": ANSWER,
        },
    }
    expectation.write_text(json.dumps([expected]), encoding="utf-8")
    settings = {
        "tlsMutualAuthenticationRequired": "true",
        "tlsMutualAuthenticationCertificateChain": place.client_ca,
        "certificateAuthorityCertificate": place.certs / "issuing-ca.pem",
        "privateKeyPath": place.certs / "server.key",
        "x509CertificatePath": place.certs / "server.pem",
    }
    return [
        "java",
        *(f"-Dmockserver.{name}={value}" for name, value in settings.items()),
        *("-jar", str(place.jar), "--port", str(place.port), "--init", str(expectation)),
        *("--log-level", "WARN"),  # otherwise it writes several lines for each request
    ]


JARS: Mapping[str, tuple[str, Callable[[Place], Sequence[str]]]] = {
    "wiremock": ("build/wiremock-standalone-*.jar", wiremock),
    "mockserver-node": ("mockserver-netty-*-jar-with-dependencies.jar", mockserver),
}
"""By npm package: where the jar is in the package, and its command."""
