"""Checks of the environment: the variables that change what clients trust, or the way they take.

Each finding says which clients read the variable. It is a problem where calls of the named client
fail, or where nobody is named and a client of OpenSSL fails at once; else a hint.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from cryptography import x509

from mock_sei.certificates.bundles import trusted_certificates
from mock_sei.doctor.clients import JAVA_OPTIONS, readers_of, titles
from mock_sei.doctor.findings import ENVIRONMENT, Finding, Level, found, note, right
from mock_sei.doctor.java_options import (
    PROTOCOLS,
    TRUST_STORE_PASSWORD,
    has_open_quote,
    split_options,
    value_of,
)
from mock_sei.doctor.material import certificates_in, is_ca, readable, signs
from mock_sei.doctor.setup import File, Setup

PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
OVERRIDING = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""What requests reads, the first before the second."""
PYTHON = ("requests", "httpx")
_TLS_LINE = re.compile(
    r"^[ \t]*(MinProtocol|MaxProtocol|Protocol|CipherString|Ciphersuites|Options|VerifyMode)"
    r"[ \t]*=[ \t]*([^#\r\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
"""Settings of TLS in a file of OpenSSL (``SSL_CONF_cmd``)."""
_OLD = ("sslv3", "tlsv1", "tlsv1.0", "tlsv1.1")
_NODE_FLAGS: Mapping[str, str] = {
    "--use-openssl-ca": "Node trusts OpenSSL's CAs (SSL_CERT_FILE, SSL_CERT_DIR), not its own",
    "--use-system-ca": "Node trusts the system's CAs too",
    "--openssl-config": "Node reads that configuration of OpenSSL",
    "--openssl-shared-config": "Node reads OpenSSL's own configuration",
    "--openssl-legacy-provider": "Node opens old ciphers that other clients do not",
    "--tls-cipher-list": "Node offers those ciphers only",
    "--tls-min-v1.3": "Node speaks TLS 1.3 only",
    "--tls-max-v1.2": "Node speaks TLS 1.2 at most",
    "--tls-keylog": "Node writes the keys of its connections to that file",
    "--use-env-proxy": "Node goes through the proxies of the environment",
}


def _level(setup: Setup, affected: tuple[str, ...], *, otherwise: Level = Level.HINT) -> Level:
    """A problem where the named client is among the affected, ``otherwise`` where none is named."""
    if setup.client is None:
        return otherwise
    return Level.PROBLEM if setup.client in affected else Level.HINT


def check_key_log(setup: Setup) -> Iterator[Finding]:
    if not setup.key_log_problem:
        return
    yield found(
        "key-log-unwritable",
        f"SSLKEYLOGFILE names a file that cannot be opened to write ({setup.key_log_problem}): "
        f"{titles(PYTHON)}, aiohttp and pip fail before they connect. curl says nothing and goes "
        "on; Node, Java, .NET and Go do not read it.",
        expected="SSLKEYLOGFILE unset, or a file that this user can write to",
        actual=_setting(setup, "SSLKEYLOGFILE"),
        cure="unset SSLKEYLOGFILE",
        level=_level(setup, PYTHON, otherwise=Level.PROBLEM),
    )


def check_openssl_conf(setup: Setup) -> Iterator[Finding]:
    file = setup.openssl_conf
    if file is None:
        return
    readers = readers_of("OPENSSL_CONF")
    who = f"{titles(readers)} and other programs that use OpenSSL read it"
    if not file.was_read:
        yield found(
            "openssl-conf",
            f"OPENSSL_CONF names a file that cannot be read ({file.problem}); {who}, and OpenSSL "
            "takes its own defaults then, or fails.",
            expected="OPENSSL_CONF unset, or a file of OpenSSL's settings",
            actual=_setting(setup, "OPENSSL_CONF"),
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
        + (" With it they speak no TLS that the platform speaks." if too_old else ""),
        expected="TLS 1.2 and 1.3 with OpenSSL's default ciphers",
        actual=f"{_setting(setup, 'OPENSSL_CONF')}: {readable(shown)}",
        cure="unset OPENSSL_CONF, or take these lines out of its file",
        level=_level(setup, readers, otherwise=Level.PROBLEM) if too_old else None,
    )


def check_proxies(setup: Setup) -> Iterator[Finding]:
    environ, host = setup.environ, setup.target.host
    for name in PROXY_VARIABLES:
        if not environ.get(name):
            continue
        exempt = next((each for each in ("NO_PROXY", "no_proxy") if environ.get(each)), None)
        if exempt and _is_exempt(host, setup.target.port, environ[exempt]):
            yield right(ENVIRONMENT, f"{name} is set, and {exempt} leaves out {readable(host)}")
            continue
        with_node = _sends_node_through_proxies(environ)
        readers = (*readers_of(name), *(("node",) if with_node else ()))
        unreachable = _is_loopback(host) and not _is_loopback(_host_of(environ[name]))
        yield found(
            "proxy-set",
            f"{name} is set: most clients go through this proxy ({titles(readers)}), the doctor "
            f"does not. {'Java does' if with_node else 'Node and Java do'} not read it."
            + (" The proxy cannot reach this machine's own address." if unreachable else ""),
            expected=f"no proxy for {readable(host)}",
            actual=f"{name}={_without_credentials(environ[name])}, "
            f"NO_PROXY={readable(environ[exempt]) if exempt else '(not set)'}",
            cure=f"unset {name}, or add {readable(host)} to NO_PROXY; a proxy that opens TLS "
            "swallows the client certificate (in Postman: Settings, Proxy, both off).",
            level=_level(setup, readers) if unreachable else None,
        )


def _sends_node_through_proxies(environ: Mapping[str, str]) -> bool:
    """Node of version 24 or later reads the variables where it is told to."""
    return environ.get("NODE_USE_ENV_PROXY") == "1" or "--use-env-proxy" in environ.get(
        "NODE_OPTIONS", ""
    )


def _is_exempt(host: str, port: int, no_proxy: str) -> bool:
    for entry in no_proxy.split(","):
        name = entry.strip().lower().lstrip(".")
        if "/" in name and _is_in_network(host, name):
            return True
        if name.count(":") == 1:  # a port; more of them are an IPv6 address
            name, _, only_port = name.partition(":")
            if only_port.isdecimal() and int(only_port) != port:
                continue
        if name == "*" or (name and (host == name or host.endswith(f".{name}"))):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _host_of(url: str) -> str:
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        return ""


def _without_credentials(url: str) -> str:
    scheme, separator, rest = url.rpartition("://")
    try:
        name = urlsplit(url if separator else f"//{url}").netloc.rpartition("@")[2]
    except ValueError:
        name = rest.rpartition("@")[2]
    return readable(f"{scheme}{separator}{name}", 100)


def check_ca_variables(setup: Setup) -> Iterator[Finding]:
    wanted = _wanted(setup)
    compared: dict[str, bool] = {}
    read: dict[bytes, tuple[x509.Certificate, ...]] = {}
    for name, file in setup.ca_files.items():
        # Often all name the system's bundle, whose hundreds take a tenth of a second to read
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
            f"({titles(readers)}) trust nobody, or fail at once.",
            expected="a PEM file of CAs",
            actual=f"{readable(str(file.path))} ({file.problem or 'no PEM certificate in it'})",
            cure=f"unset {name}, or let it name the CA's file.",
            level=_level(setup, readers, otherwise=Level.PROBLEM),
        )
    if not wanted:
        if compared:
            names = ", ".join(compared)
            yield note(ENVIRONMENT, f"set and, without --cacert, compared with nothing: {names}")
        return
    holding = [name for name, holds in compared.items() if holds]
    if holding:
        yield right(ENVIRONMENT, f"with the CA of --cacert: {', '.join(holding)}")
    yield from _lacking(setup, [name for name, holds in compared.items() if not holds])


def _wanted(setup: Setup) -> list[x509.Certificate]:
    return [each for each in certificates_in(setup.ca) if is_ca(each)]


def _lacking(setup: Setup, names: list[str]) -> Iterator[Finding]:
    """One finding for what overrides the client's own word, one for what only fills in."""
    ca = readable(str(setup.ca.path)) if setup.ca else ""
    # requests reads the second where the first is not set
    overriding = next((name for name in OVERRIDING if name in setup.ca_files), None)
    if overriding in names:
        yield found(
            "requests-ca-bundle",
            f"{overriding} names a file without the CA of --cacert. requests takes it instead of "
            "session.verify, without a word.",
            expected=f"{overriding} unset, or with the CA of {ca}",
            actual=_setting(setup, overriding),
            cure=f"unset {overriding}, let it name the CA's file (mock-sei env prints the line), "
            "or in Python session.trust_env = False.",
            level=_level(setup, ("requests",)),
        )
    others = [name for name in names if name != overriding]
    if others:
        who = "; ".join(f"{name} ({titles(readers_of(name))})" for name in others)
        yield found(
            "ca-variable-lacks-ca",
            f"Without the CA of --cacert: {who}. A client that is not told the CA itself does "
            "not trust the server.",
            expected=f"the CA of {ca}",
            actual=", ".join(_setting(setup, name) for name in others),
            cure="let them name the CA's file (mock-sei env prints the lines), or tell the client.",
        )


def check_node_variables(setup: Setup) -> Iterator[Finding]:
    environ = setup.environ
    if environ.get("NODE_TLS_REJECT_UNAUTHORIZED") == "0":
        yield found(
            "node-verification-off",
            "NODE_TLS_REJECT_UNAUTHORIZED is 0: Node.js trusts every server and sends it the "
            "credentials, so that it also works where it should not. Other clients do not read it.",
            expected="NODE_TLS_REJECT_UNAUTHORIZED unset",
            actual="NODE_TLS_REJECT_UNAUTHORIZED=0",
            cure="unset NODE_TLS_REJECT_UNAUTHORIZED, and let NODE_EXTRA_CA_CERTS name the CA's "
            "file.",
            level=_level(setup, ("node",)),
        )
    options = environ.get("NODE_OPTIONS", "")
    if options.count('"') % 2:
        yield found(
            "node-options",
            "NODE_OPTIONS has a quote that is not closed: Node.js does not start.",
            expected="quotes in pairs",
            actual=_setting(setup, "NODE_OPTIONS"),
            cure="close the quote, or unset NODE_OPTIONS.",
            level=_level(setup, ("node",)),
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
            actual=_setting(setup, "NODE_OPTIONS"),
            cure="unset NODE_OPTIONS where that is not meant.",
        )


def check_java_variables(setup: Setup) -> Iterator[Finding]:
    for name in JAVA_OPTIONS:
        text = setup.environ.get(name, "")
        if text.strip():
            yield from _java_options(setup, name, text)


def _java_options(setup: Setup, name: str, text: str) -> Iterator[Finding]:
    java = _level(setup, ("java",))
    options = split_options(text)
    begins = ("-", "@") if name == "JDK_JAVA_OPTIONS" else ("-",)
    strange = next((each for each in options if not each.startswith(begins)), "")
    unclosed = has_open_quote(text)
    if strange or unclosed:
        piece = "" if unclosed else readable(strange, 100)
        yield found(
            "java-options",
            f"{name} is split at its blanks, and "
            + (f"{piece!r} is no option" if piece else "a quote in it is not closed")
            + ": no Java program of this shell starts. Other clients do not read it.",
            expected='quotes around a value with blanks: -Dname="a value"',
            actual=_setting(setup, name),
            cure=f"put quotes around it (mock-sei env prints the line), or unset {name}.",
            level=java,
        )
        return
    store = setup.java_stores.get(name)
    if store is not None:
        yield from _trust_store(setup, name, store, text)
    proxy = value_of(text, "-Dhttps.proxyHost=")
    if proxy and not _java_goes_past_proxy(setup.target.host, text):
        yield found(
            "proxy-set",
            f"{name} sends Java through a proxy, the doctor goes directly. Other clients do not "
            "read it.",
            expected=f"no proxy for {readable(setup.target.host)}",
            actual=f"-Dhttps.proxyHost={readable(proxy, 100)}",
            cure=f"take the option out of {name}, or add {readable(setup.target.host)} to "
            "-Dhttp.nonProxyHosts; a proxy that opens TLS swallows the client certificate.",
        )
    for option in PROTOCOLS:
        versions = value_of(text, option)
        spoken = {each.strip() for each in (versions or "").split(",")}
        if versions is not None and not spoken & {"TLSv1.2", "TLSv1.3"}:
            yield found(
                "java-protocols",
                f"{name} lets Java speak no TLS that the platform speaks. Other clients do not "
                "read it.",
                expected="TLSv1.2 or TLSv1.3",
                actual=readable(f"{option}{versions}", 100),
                cure=f"take the option out of {name}.",
                level=java,
            )


def _java_goes_past_proxy(host: str, text: str) -> bool:
    """By ``http.nonProxyHosts``, which https heeds too; it has a default of its own."""
    past = value_of(text, "-Dhttp.nonProxyHosts=")
    patterns = "localhost|127.*|[::1]|0.0.0.0|[::0]" if past is None else past
    bare = f"[{host}]" if ":" in host else host
    return any(
        fnmatchcase(bare, each.replace("[", "[[]")) for each in patterns.lower().split("|") if each
    )


def _trust_store(setup: Setup, name: str, store: File, text: str) -> Iterator[Finding]:
    wanted, path = _wanted(setup), readable(str(store.path))
    level = _level(setup, ("java",))
    if not store.was_read or not store.content:
        yield found(
            "java-trust-store",
            f"{name} names a trust store that cannot be read: Java trusts nobody then. Other "
            "clients do not read it.",
            expected="a trust store, PKCS#12 or JKS",
            actual=f"{path} ({store.problem or 'empty'})",
            cure=f"correct the path in {name}, or unset it.",
            level=level,
        )
        return
    password = value_of(text, TRUST_STORE_PASSWORD) or "changeit"
    try:
        trusted = trusted_certificates(store.content, password)
    except ValueError:
        return  # JKS, or another password: not for this check to say
    if wanted and not any(each in trusted for each in wanted):
        yield found(
            "java-trust-store",
            f"{name} names a trust store without the CA of --cacert: Java does not trust the "
            "server. Other clients do not read it.",
            expected=f"the CA of {readable(str(setup.ca.path)) if setup.ca else ''}",
            actual=f"{path}: {len(trusted)} other certificates",
            cure="let it name truststore.p12 of the certs folder (mock-sei env prints the line), "
            f"or unset {name}.",
            level=level,
        )


def _setting(setup: Setup, name: str) -> str:
    """Without what may be a password of a key store."""
    shown = re.sub(r"(?i)(password=)\S+", r"\1(secret)", setup.environ.get(name, ""))
    return f"{name}={readable(shown, 100)}"


# The true cause first: what keeps a client from starting, then what it trusts, then its way.
ENVIRONMENT_CHECKS = (
    check_key_log,
    check_openssl_conf,
    check_java_variables,
    check_node_variables,
    check_ca_variables,
    check_proxies,
)
