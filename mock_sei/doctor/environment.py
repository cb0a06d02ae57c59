"""Checks of environment variables that change a client's TLS, its trusted CAs or its proxy.

Each finding names the clients that read the variable. It is a problem if calls of the client that
``--client`` names fail. Without ``--client``, it is a problem if a client that uses OpenSSL cannot
connect. Otherwise it is a hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cryptography import x509

from mock_sei.doctor.clients import readers_of, titles
from mock_sei.doctor.findings import ENVIRONMENT, Finding, Level, found, note, right
from mock_sei.doctor.java_variables import check_java_variables
from mock_sei.doctor.material import certificates_in, readable, signs
from mock_sei.doctor.proxies import check_proxies
from mock_sei.doctor.setup import Setup
from mock_sei.doctor.variables import level_of, setting_of, wanted_cas

OVERRIDING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables that requests reads. The first one overrides the second."""
PYTHON = ("requests", "httpx")
_TLS_LINE = re.compile(
    r"^[ \t]*(MinProtocol|MaxProtocol|Protocol|CipherString|Ciphersuites|Options|VerifyMode)"
    r"[ \t]*=[ \t]*([^#\r\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
"""TLS settings in a configuration file of OpenSSL (``SSL_CONF_cmd``)."""
BOUND_BY_MAXIMUM = ("requests", "httpx", "dotnet")
"""The clients to which OpenSSL's ``MaxProtocol`` applies; curl sets a maximum of its own."""
_OLD = ("sslv3", "tlsv1", "tlsv1.0", "tlsv1.1")
_NODE_FLAGS: Mapping[str, str] = {
    "--use-openssl-ca": "Node trusts OpenSSL's CAs (SSL_CERT_FILE, SSL_CERT_DIR), not its own",
    "--use-system-ca": "Node also trusts the system's CAs",
    "--openssl-config": "Node reads this configuration of OpenSSL",
    "--openssl-shared-config": "Node reads OpenSSL's own configuration",
    "--openssl-legacy-provider": "Node supports old ciphers that other clients do not",
    "--tls-cipher-list": "Node offers only these ciphers",
    "--tls-min-v1.3": "Node supports only TLS 1.3",
    "--tls-max-v1.2": "Node supports TLS 1.2 at most",
    "--tls-keylog": "Node writes the keys of its connections to this file",
    "--use-env-proxy": "Node uses the proxies of the environment",
}


def check_key_log(setup: Setup) -> Iterator[Finding]:
    """Checks whether the file that ``SSLKEYLOGFILE`` names can be written."""
    if not setup.key_log_problem:
        return
    yield found(
        "key-log-unwritable",
        f"SSLKEYLOGFILE names a file that cannot be opened to write ({setup.key_log_problem}): "
        f"{titles(PYTHON)}, aiohttp and pip fail before they connect. curl ignores the "
        "problem; Node, Java, .NET and Go do not read it.",
        expected="SSLKEYLOGFILE unset, or a file that this user can write to",
        actual=setting_of(setup, "SSLKEYLOGFILE"),
        cure="unset SSLKEYLOGFILE",
        level=level_of(setup, PYTHON, otherwise=Level.PROBLEM),
    )


def check_openssl_conf(setup: Setup) -> Iterator[Finding]:
    """Checks whether ``OPENSSL_CONF`` changes TLS."""
    file = setup.openssl_conf
    if file is None:
        return
    readers = readers_of("OPENSSL_CONF")
    who = f"{titles(readers)} and other programs that use OpenSSL read it"
    if not file.was_read:
        yield found(
            "openssl-conf",
            f"OPENSSL_CONF names a file that cannot be read ({file.problem}); {who}, and OpenSSL "
            "then uses its defaults, or fails.",
            expected="OPENSSL_CONF unset, or a file of OpenSSL's settings",
            actual=setting_of(setup, "OPENSSL_CONF"),
            cure="unset OPENSSL_CONF",
        )
        return
    lines = _TLS_LINE.findall(file.content.decode("utf-8", "replace"))
    if not lines:
        return
    shown = "; ".join(f"{name} = {value.strip()}" for name, value in lines)
    newest = [value.strip().lower() for name, value in lines if name.lower() == "maxprotocol"]
    too_old = any(each in _OLD for each in newest)
    yield found(
        "openssl-conf",
        f"OPENSSL_CONF changes the TLS of every program that uses OpenSSL; {who}."
        + (
            f" With it, {titles(BOUND_BY_MAXIMUM)} have no TLS version in common with the platform."
            if too_old
            else ""
        ),
        expected="TLS 1.2 and 1.3 with OpenSSL's default ciphers",
        actual=f"{setting_of(setup, 'OPENSSL_CONF')}: {readable(shown)}",
        cure="unset OPENSSL_CONF, or remove these lines from its file",
        level=level_of(setup, BOUND_BY_MAXIMUM, otherwise=Level.PROBLEM) if too_old else None,
    )


def check_ca_variables(setup: Setup) -> Iterator[Finding]:
    """Checks whether the files that the CA variables name contain the CA of ``--cacert``."""
    wanted = wanted_cas(setup)
    compared: dict[str, bool] = {}
    read: dict[bytes, tuple[x509.Certificate, ...]] = {}
    for name, file in setup.ca_files.items():
        # Often all variables name the system's bundle, which takes 0.1 seconds to read
        certificates = read.get(file.content) or certificates_in(file)
        read[file.content] = certificates
        if certificates:
            compared[name] = any(
                each in certificates or signs(certificates, each) for each in wanted
            )
            continue
        readers = readers_of(name)
        yield found(
            "ca-variable-unreadable",
            f"{name} names a file or folder without certificates; clients that read it "
            f"({titles(readers)}) trust no server, or fail at once.",
            expected="a PEM file of CAs",
            actual=f"{readable(str(file.path))} ({file.problem or 'no PEM certificate in it'})",
            cure=f"unset {name}, or set it to the path of the CA's file.",
            level=level_of(setup, _hit_by(setup, name), otherwise=Level.PROBLEM),
        )
    if not wanted:
        if compared:
            names = ", ".join(compared)
            yield note(ENVIRONMENT, f"set, but not checked without --cacert: {names}")
        return
    holding = [name for name, holds in compared.items() if holds]
    if holding:
        yield right(ENVIRONMENT, f"these contain the CA of --cacert: {', '.join(holding)}")
    yield from _lacking(setup, [name for name, holds in compared.items() if not holds])


def _hit_by(setup: Setup, name: str) -> tuple[str, ...]:
    """The clients that a variable affects. It affects requests even if the CA is given in code."""
    overriding = next((each for each in OVERRIDING if each in setup.ca_files), None)
    if setup.ca is None:
        return readers_of(name)
    return ("requests",) if name == overriding else ()


def _lacking(setup: Setup, names: list[str]) -> Iterator[Finding]:
    """Findings about CA variables without the CA.

    One is for variables that override the CA given in code, one is for all others.
    """
    ca = readable(str(setup.ca.path)) if setup.ca else ""
    # requests reads the second variable only if the first is not set
    overriding = next((name for name in OVERRIDING if name in setup.ca_files), None)
    if overriding in names:
        yield found(
            "requests-ca-bundle",
            f"{overriding} names a file without the CA of --cacert. requests uses it instead of "
            "session.verify, without a warning.",
            expected=f"{overriding} unset, or with the CA of {ca}",
            actual=setting_of(setup, overriding),
            cure=f"unset {overriding}, set it to the CA's file (mock-sei env prints the line), "
            "or set session.trust_env = False in Python.",
            level=level_of(setup, ("requests",)),
        )
    others = [name for name in names if name != overriding]
    if others:
        who = "; ".join(f"{name} ({titles(readers_of(name))})" for name in others)
        yield found(
            "ca-variable-lacks-ca",
            f"These do not contain the CA of --cacert: {who}. A client that is not given the CA in "
            "another way does not trust the server.",
            expected=f"the CA of {ca}",
            actual=", ".join(setting_of(setup, name) for name in others),
            cure="set them to the CA's file (mock-sei env prints the lines), or give the CA to the "
            "client.",
        )


def check_node_variables(setup: Setup) -> Iterator[Finding]:
    """Checks the variables that change the TLS of Node.js."""
    environ = setup.environ
    if environ.get("NODE_TLS_REJECT_UNAUTHORIZED") == "0":
        yield found(
            "node-verification-off",
            "NODE_TLS_REJECT_UNAUTHORIZED is 0: Node.js trusts every server and sends it the "
            "credentials, so calls succeed that should fail. Other clients do not read it.",
            expected="NODE_TLS_REJECT_UNAUTHORIZED unset",
            actual="NODE_TLS_REJECT_UNAUTHORIZED=0",
            cure="unset NODE_TLS_REJECT_UNAUTHORIZED, and set NODE_EXTRA_CA_CERTS to the CA's "
            "file.",
            level=level_of(setup, ("node",)),
        )
    options = environ.get("NODE_OPTIONS", "")
    if options.count('"') % 2:
        yield found(
            "node-options",
            "NODE_OPTIONS has a quote that is not closed: Node.js does not start.",
            expected="quotes in pairs",
            actual=setting_of(setup, "NODE_OPTIONS"),
            cure="close the quote, or unset NODE_OPTIONS.",
            level=level_of(setup, ("node",)),
        )
        return
    flags = [each.strip('"').partition("=")[0] for each in options.split()]
    effects = [
        f"{flag}: {_NODE_FLAGS[flag]}" for flag in dict.fromkeys(flags) if flag in _NODE_FLAGS
    ]
    if effects:
        yield found(
            "node-options",
            f"NODE_OPTIONS changes the TLS of Node.js; other clients do not read it. "
            f"{'; '.join(effects)}.",
            actual=setting_of(setup, "NODE_OPTIONS"),
            cure="unset NODE_OPTIONS if this is not intended.",
        )


# The most likely cause comes first: a client that cannot start, then its trust, then its proxy.
ENVIRONMENT_CHECKS = (
    check_key_log,
    check_openssl_conf,
    check_java_variables,
    check_node_variables,
    check_ca_variables,
    check_proxies,
)
