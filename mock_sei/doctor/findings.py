"""The table of everything that the doctor can find, and the class of a finding.

A finding says what is wrong, which two values differ, and what to do. It never contains a secret or
a whole token.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mock_sei.doctor.clients import KNOWN_CLIENTS


class Level(StrEnum):
    """How serious a finding is."""

    RIGHT = "right"
    PROBLEM = "problem"
    """Calls fail, or would fail with a common client; the exit status is 1."""
    HINT = "hint"
    """Something to check; it does not change the exit status."""
    NOTE = "note"
    """Additional information, or a check that could not be done."""


URL = "URL"
CA_FILE = "CA file"
CERTIFICATE_FILE = "certificate file"
KEY_FILE = "private key"
CERTIFICATE = "certificate"
CREDENTIALS = "credentials"
CLIENT = "client"
ENVIRONMENT = "environment"
CONNECTION = "connection"
HANDSHAKE = "handshake"
SERVER = "server certificate"
CLOCK = "clock"
TOKEN = "token request"


OPENSSL_CLIENTS = ("curl", "requests", "httpx", "node")
"""The clients that read files with OpenSSL."""
CLIENTS = tuple(KNOWN_CLIENTS)


def level_for(unread_by: Collection[str], client: str | None) -> Level:
    """How serious it is that some clients cannot read a file, for a user of ``client``.

    It is a problem if ``client`` or a client that uses OpenSSL cannot read it; otherwise a hint.
    """
    if client in unread_by or any(each in OPENSSL_CLIENTS for each in unread_by):
        return Level.PROBLEM
    return Level.HINT


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that the doctor found: one entry of its report.

    ``level`` is ``"right"``, ``"problem"``, ``"hint"`` or ``"note"``. No field holds a secret.
    """

    check: str
    """What was checked, such as ``private key``."""
    name: str = ""
    """Its row in the table of ``docs/doctor.md``, such as ``key-not-of-certificate``; empty for
    what is right."""
    level: Level
    """How bad it is."""
    what: str
    """What was found, in one or two sentences."""
    expected: str | None = None
    """What was expected, where two values differ."""
    actual: str | None = None
    """What is there instead."""
    cure: str | None = None
    """What to do. If the first line is a command, each line is a command."""
    unread_by: tuple[str, ...] = ()
    """The clients that cannot read the file; names of :data:`CLIENTS`."""
    detail: bool = False
    """Whether the finding is shown only with ``--verbose``."""


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One row of the table: a possible finding."""

    check: str
    when: str
    level: Level = Level.PROBLEM


def _rows(check: str, *, hints: tuple[str, ...] = (), **whens: str) -> dict[str, FindingRow]:
    names = {name.replace("_", "-"): when for name, when in whens.items()}
    return {
        name: FindingRow(
            check=check, when=when, level=Level.HINT if name in hints else Level.PROBLEM
        )
        for name, when in names.items()
    }


CATALOGUE: Mapping[str, FindingRow] = {
    **_rows(
        URL,
        url_not_https="the URL is not `https://`",
        url_no_host="the URL has no host",
        url_path="the URL has a path that is not the token endpoint's",
        url_white_space="the URL has a blank, a tab or a line end in it",
        url_extra="the URL has a query string, a fragment or credentials",
    ),
    **_rows(
        CA_FILE,
        hints=("ca-unread-by",),
        ca_file_missing="`--cacert` does not exist",
        ca_file_unreadable="`--cacert` cannot be opened, or is a folder",
        ca_file_empty="`--cacert` is empty",
        ca_not_pem="`--cacert` holds no PEM certificate, or a damaged one: DER, PKCS#12, PKCS#7, a "
        "keystore, a key, a saved page, another file",
        ca_encoding="`--cacert` is right but encoded: UTF-16, Base64, compressed, literal `\\n`",
        ca_layout="the lines of `--cacert` break the rules of PEM: indented, joined, in quotes",
        ca_refused="OpenSSL does not load `--cacert`, for another reason",
        ca_trust_settings="`--cacert` is a `TRUSTED CERTIFICATE` that is not trusted for servers",
        ca_unread_by="clients that do not use OpenSSL cannot read `--cacert`",
        ca_is_leaf="`--cacert` holds a certificate that is not a CA certificate",
        ca_expired="every certificate in `--cacert` has expired",
    ),
    **_rows(
        CERTIFICATE_FILE,
        hints=("key-in-certificate-file", "certificate-unread-by"),
        certificate_file_not_given="`--key` without `--cert`",
        certificate_file_missing="`--cert` does not exist",
        certificate_file_unreadable="`--cert` cannot be opened, or is a folder",
        certificate_file_empty="`--cert` is empty",
        certificate_is_pkcs12="`--cert` is a `.pfx` or `.p12`; clients need `.crt` and `.key`",
        certificate_is_pkcs7="`--cert` is a `.p7s` or `.p7b`",
        certificate_is_der="`--cert` is DER, not PEM",
        certificate_is_keystore="`--cert` is a Java keystore (JKS)",
        certificate_not_pem="`--cert` holds no certificate, or a damaged one: a request, a public "
        "key, a saved page, another file",
        certificate_encoding="`--cert` is right but encoded: UTF-16, Base64, compressed, "
        "literal `\\n`",
        certificate_layout="the lines of `--cert` break the rules of PEM: indented, joined, in "
        "quotes",
        certificate_refused="OpenSSL does not load `--cert`, for another reason",
        certificate_unread_by="clients that do not use OpenSSL cannot read `--cert`",
        certificate_and_key_swapped="`--cert` is the key and `--key` the certificate",
        certificate_order="`--cert` holds several certificates and the account's is not the first",
        key_in_certificate_file="`--cert` also holds the private key, and `--key` is another file",
    ),
    **_rows(
        KEY_FILE,
        hints=("key-readable-by-others", "passphrase-unused", "key-unread-by", "key-inconsistent"),
        key_file_not_given="`--cert` without `--key`, and no key in it",
        key_file_missing="`--key` does not exist",
        key_file_unreadable="`--key` cannot be opened, or is a folder",
        key_file_empty="`--key` is empty",
        key_is_pkcs12="`--key` is a `.pfx` or `.p12`",
        key_is_der="`--key` is DER, not PEM",
        key_is_keystore="`--key` is a Java keystore (JKS)",
        key_form="`--key` is a private key of another format: OpenSSH, PuTTY, PVK, JWK",
        key_not_pem="`--key` holds no private key, or a damaged one",
        key_encoding="`--key` is right but encoded: UTF-16, Base64, compressed, literal `\\n`",
        key_layout="the lines of `--key` break the rules of PEM: indented, joined, in quotes",
        key_label="the BEGIN line of `--key` names another format than the file holds",
        key_cipher="`--key` is encrypted with a cipher that OpenSSL 3 cannot open, or only "
        "very slowly",
        key_refused="OpenSSL does not load `--key`, or not with `--cert`, for another reason",
        key_unread_by="clients that do not use OpenSSL cannot read `--key`",
        key_inconsistent="the numbers of the RSA key are inconsistent; some clients refuse it",
        passphrase_missing="the key is encrypted and no `--passphrase` was given",
        passphrase_wrong="the `--passphrase` does not open the key",
        passphrase_unused="a `--passphrase` was given and the key is not encrypted",
        key_not_of_certificate="the key does not belong to the certificate",
        key_readable_by_others="other users of the machine can read the key file",
    ),
    **_rows(
        CERTIFICATE,
        hints=("certificate-expires-soon",),
        certificate_expired="the certificate has expired",
        certificate_not_yet_valid="the certificate is not valid yet",
        certificate_expires_soon="the certificate expires within 90 days",
        certificate_name="the certificate's CN is not `--username`",
        certificate_self_signed="the certificate is self-signed",
        certificate_purpose="the certificate is not for clients: a server's, a CA's, or one for "
        "anyExtendedKeyUsage only, which OpenSSL does not accept as clientAuth",
        certificate_weak="a short key, one neither RSA nor EC, or a SHA-1 or MD5 signature",
        certificate_critical_extension="a certificate that is sent has a critical extension that "
        "OpenSSL does not know",
        chain_expired="a CA that is sent with the certificate has expired",
        chain_not_yet_valid="a CA that is sent with the certificate is not valid yet",
        chain_signature="a CA that is sent with the certificate has the issuer's name and did not "
        "sign the certificate below it",
        chain_weak="a CA that is sent with the certificate has a short key, or a SHA-1 or MD5 "
        "signature",
        chain_purpose="a CA that is sent with the certificate may not issue client certificates: "
        "basicConstraints, keyCertSign, extended key usage",
        chain_refused="OpenSSL refuses the certificate with the CAs that are sent, for another "
        "reason, such as the names that a CA may not sign",
        chain_path_length="a CA that is sent with the certificate has more CAs below it than its "
        "path length allows",
    ),
    **_rows(
        CREDENTIALS,
        credential_spaces="there is white space around a key, secret, name or password",
        credential_quotes="there are quotes around a key, secret, name or password",
        pair_encoded="`--app-key` is the Base64 of the pair, or begins with `Basic`",
        pair_incomplete="one of `--app-key`, `--app-secret`, `--username`, `--password` is missing",
    ),
    **_rows(
        ENVIRONMENT,
        hints=(
            "proxy-set",
            "requests-ca-bundle",
            "ca-variable-lacks-ca",
            "openssl-conf",
            "node-verification-off",
            "node-options",
            "java-options",
            "java-trust-store",
            "java-protocols",
        ),
        key_log_unwritable="`SSLKEYLOGFILE` names a file that cannot be written: Python clients "
        "fail at once",
        openssl_conf="`OPENSSL_CONF` names a file that cannot be read, or one that changes TLS; a "
        "problem where its `MaxProtocol` is below TLS 1.2",
        java_options="`JAVA_TOOL_OPTIONS`, `_JAVA_OPTIONS` or `JDK_JAVA_OPTIONS` has a blank or a "
        "quote that keeps Java from starting",
        java_trust_store="the trust store that one of these variables names cannot be read, "
        "or lacks the CA",
        java_protocols="one of these variables disables TLS 1.2 and 1.3 in Java",
        node_verification_off="`NODE_TLS_REJECT_UNAUTHORIZED` is 0: Node trusts every server",
        node_options="`NODE_OPTIONS` changes the TLS of Node, or has a quote that is not closed",
        ca_variable_unreadable="a CA variable names a file or folder without certificates",
        requests_ca_bundle="`REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE` lacks the CA: it overrides "
        "`session.verify` of requests without a warning",
        ca_variable_lacks_ca="`SSL_CERT_FILE`, `SSL_CERT_DIR` or `NODE_EXTRA_CA_CERTS` lacks the "
        "CA",
        proxy_set="`HTTPS_PROXY` or `ALL_PROXY` (either case) is set, `NO_PROXY` lacks the host",
    ),
    **_rows(
        CLIENT,
        client_encrypted_key="the client that `--client` names cannot open an encrypted key",
    ),
    **_rows(
        CONNECTION,
        name_unresolved="the host's name does not resolve",
        port_closed="nothing listens on the port",
        connection_timeout="there was no connection or no answer in time: firewall, proxy, address",
        unreachable="the host cannot be reached",
        port_plain_http="the port speaks plain HTTP",
        port_control="the port is mock-sei's control listener",
        port_not_tls="the port speaks neither TLS nor HTTP",
        one_way_listener="the server does not ask for a client certificate: it is the one-way "
        "listener",
    ),
    **_rows(
        SERVER,
        ca_not_trusted="the server's CA is not trusted",
        ca_not_root="the trusted CA is an intermediate CA of the server's chain, not its root",
        ca_another_mock_sei="the trusted CA is another mock-sei's",
        server_self_signed="the server's certificate is self-signed",
        server_expired="the server's certificate has expired",
        server_not_yet_valid="the server's certificate is not valid yet",
        server_refused="the server's certificate is refused for another reason",
        server_not_verified="the handshake that verifies the server failed for a reason of this "
        "machine, such as its OpenSSL settings",
        host_not_in_certificate="the server's certificate has other names than the host",
    ),
    **_rows(
        HANDSHAKE,
        alert_certificate_required="the server requires a client certificate and got none",
        alert_unknown_ca="alert `unknown_ca`: the client certificate's CA is not accepted",
        certificate_other_ca="the server names the CAs it accepts, and the certificate's "
        "CA is not one of them",
        alert_certificate_expired="alert `certificate_expired`",
        alert_bad_certificate="alert `bad_certificate`",
        alert_certificate_revoked="alert `certificate_revoked`",
        alert_unsupported_certificate="alert `unsupported_certificate`",
        alert_handshake_failure="alert `handshake_failure`",
        alert_other="another alert",
        tls_version="server and client have no TLS version in common",
        handshake_closed="the connection was closed or reset, without an alert",
        handshake_timeout="the handshake did not end in time",
    ),
    **_rows(
        CLOCK,
        clock_skew="this machine's clock and the server's `Date` differ by more than a minute",
    ),
    **_rows(
        TOKEN,
        pair_swapped="AppKey and AppSecret are swapped",
        answer_key_pair="the key pair is refused",
        answer_account="account or password is refused, or the account belongs to another "
        "application",
        answer_grant="the application may not use `client_credentials`",
        answer_source_address="the source address is not on the application's list",
        answer_certificate_name="the gateway says that the CN is not the account",
        answer_listener="the gateway says that this is the wrong listener",
        answer_api_key="the application is not granted this environment",
        answer_request="the request is refused as malformed",
        answer_expired="the gateway says that the token expired",
        answer_other="there was another answer: not this platform, a proxy's page, an error "
        "of the server",
        no_answer="the connection ended without an answer",
    ),
}
"""All possible findings by name. ``docs/doctor.md`` shows this table, and a test compares them."""


def found(
    name: str,
    what: str,
    *,
    expected: str | None = None,
    actual: str | None = None,
    cure: str,
    level: Level | None = None,
    unread_by: tuple[str, ...] = (),
    client: str | None = None,
) -> Finding:
    """A finding of the table.

    ``unread_by`` are clients that cannot read a file; then they decide the level. ``level``
    replaces the level of the table.
    """
    row = CATALOGUE[name]
    return Finding(
        check=row.check,
        name=name,
        level=level or (level_for(unread_by, client) if unread_by else row.level),
        what=what,
        expected=expected,
        actual=actual,
        cure=cure,
        unread_by=unread_by,
    )


def right(check: str, what: str) -> Finding:
    """A finding about something that is right."""
    return Finding(check=check, level=Level.RIGHT, what=what)


def note(check: str, what: str, *, detail: bool = False) -> Finding:
    """A note. With ``detail`` it is shown only with ``--verbose``."""
    return Finding(check=check, level=Level.NOTE, what=what, detail=detail)


def catalogue_table() -> str:
    """The table as Markdown, the form in which ``docs/doctor.md`` shows it."""
    lines = ["| finding | when |", "|---|---|"]
    for name, row in CATALOGUE.items():
        hint = " (hint)" if row.level is Level.HINT else ""
        lines.append(f"| `{name}`{hint} | {row.when} |")
    return "\n".join(lines)
