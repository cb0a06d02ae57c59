"""Facts about HTTP clients: the files and variables each reads, and how to give it its files.

These are the clients that ``--client`` can name. The doctor checks the variables of all of them. A
hint about the client that ``--client`` names becomes a problem.

Sources: the documents of each client, and its source if the documents do not say it: requests
``sessions.merge_environment_settings``, urllib3 ``util/ssl_.py``, httpx ``_config.py``, Node
``src/crypto/crypto_context.cc``, Go ``crypto/x509/root_unix.go`` and ``net/http/transport.go``,
.NET ``OpenSslX509ChainProcessor`` and ``HttpEnvironmentProxy``, the JVM's ``arguments.cpp``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PROXY = frozenset({"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"})
_HTTPS_PROXY = frozenset({"HTTPS_PROXY", "https_proxy"})
_SYSTEM = frozenset({"SSL_CERT_FILE", "SSL_CERT_DIR"})
JAVA_OPTIONS = ("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")


@dataclass(frozen=True, kw_only=True)
class ClientProgram:
    """One HTTP client, such as curl."""

    title: str
    files: str
    """The files and formats that it reads."""
    given: str
    """How to give it CA, certificate, key and passphrase, on one line."""
    variables: frozenset[str]
    """The environment variables that change its TLS or its proxy."""
    opens_encrypted_keys: bool = True
    cure_of_encrypted_keys: str = ""


KNOWN_CLIENTS: Mapping[str, ClientProgram] = {
    "curl": ClientProgram(
        title="curl",
        files="PEM: certificate with its CAs, and key; or PKCS#12 with --cert-type P12",
        given="--cacert ca.pem --cert certificate.crt --key privatekey.key --pass PASSPHRASE",
        variables=frozenset({"CURL_CA_BUNDLE", "SSLKEYLOGFILE", "OPENSSL_CONF", *_SYSTEM, *PROXY}),
    ),
    "requests": ClientProgram(
        title="Python requests",
        files="PEM: certificate with its CAs, and key; the key may not be encrypted",
        given='requests.post(url, verify="ca.pem", cert=("certificate.crt", "privatekey.key"))',
        variables=frozenset(
            {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSLKEYLOGFILE", "OPENSSL_CONF", *PROXY}
        ),
        opens_encrypted_keys=False,
        cure_of_encrypted_keys="requests has no argument for a passphrase, and OpenSSL asks for it "
        "at the terminal",
    ),
    "httpx": ClientProgram(
        title="Python httpx, httpx2",
        files="PEM: certificate with its CAs, and key",
        given='context = ssl.create_default_context(cafile="ca.pem"); '
        'context.load_cert_chain("certificate.crt", "privatekey.key", PASSPHRASE); '
        "httpx.Client(verify=context)",
        variables=frozenset({"SSLKEYLOGFILE", "OPENSSL_CONF", *_SYSTEM, *PROXY}),
    ),
    "node": ClientProgram(
        title="Node.js",
        files="PEM: certificate with its CAs, and key; or PKCS#12 as pfx",
        given="https.request({ca, cert, key, passphrase}), each the content of its file",
        variables=frozenset(
            {
                "NODE_EXTRA_CA_CERTS",
                "NODE_OPTIONS",
                "NODE_TLS_REJECT_UNAUTHORIZED",
                "SSL_CERT_FILE with --use-openssl-ca",
            }
        ),
    ),
    "java": ClientProgram(
        title="Java",
        files="PKCS#12 key store with certificate, CAs and key: openssl pkcs12 -export -in "
        "certificate.crt -inkey privatekey.key -out client.p12; a PKCS#12 trust store with the CA",
        given="-Djavax.net.ssl.trustStore=truststore.p12 -Djavax.net.ssl.trustStorePassword=... "
        "-Djavax.net.ssl.keyStore=client.p12 -Djavax.net.ssl.keyStorePassword=PASSPHRASE",
        variables=frozenset(JAVA_OPTIONS),
    ),
    "dotnet": ClientProgram(
        title=".NET",
        files="PEM: certificate, and key; or PKCS#12",
        given='X509Certificate2.CreateFromEncryptedPemFile("certificate.crt", PASSPHRASE, '
        '"privatekey.key") (CreateFromPemFile for a plain key) into '
        "HttpClientHandler.ClientCertificates; the CA into X509Chain.ChainPolicy.CustomTrustStore",
        variables=frozenset({"OPENSSL_CONF", *_SYSTEM, *PROXY}),
    ),
    "go": ClientProgram(
        title="Go",
        files="PEM: certificate with its CAs, and key; the key may not be encrypted",
        given='tls.LoadX509KeyPair("certificate.crt", "privatekey.key") into '
        "tls.Config.Certificates; the CA by x509.CertPool.AppendCertsFromPEM into "
        "tls.Config.RootCAs",
        variables=frozenset({*_SYSTEM, *_HTTPS_PROXY}),
        opens_encrypted_keys=False,
        cure_of_encrypted_keys="Go's crypto/tls cannot open an encrypted key",
    ),
}
"""The clients by their names for ``--client``."""


def readers_of(variable: str) -> tuple[str, ...]:
    """The names of the clients that read a variable."""
    return tuple(name for name, each in KNOWN_CLIENTS.items() if variable in each.variables)


def titles(names: tuple[str, ...]) -> str:
    """The titles of clients for a sentence, such as ``curl, Python requests``."""
    return ", ".join(KNOWN_CLIENTS[name].title for name in names)


def client_table() -> str:
    """The table as Markdown, the form in which ``docs/doctor.md`` shows it."""
    lines = [
        "| `--client` | files it reads | how it is given them | variables |",
        "|---|---|---|---|",
    ]
    for name, each in KNOWN_CLIENTS.items():
        variables = ", ".join(f"`{variable}`" for variable in sorted(each.variables))
        lines.append(f"| `{name}` | {each.files} | `{each.given}` | {variables} |")
    return "\n".join(lines)
