"""Checks of the variables with options for the JVM: whether Java starts, and what it trusts."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from mock_sei.certificates.bundles import trusted_certificates
from mock_sei.doctor.clients import JAVA_OPTIONS
from mock_sei.doctor.findings import Finding, found
from mock_sei.doctor.java_options import (
    PROTOCOLS,
    TRUST_STORE_PASSWORD,
    has_open_quote,
    split_options,
    value_of,
)
from mock_sei.doctor.material import readable
from mock_sei.doctor.setup import GivenFile, Setup
from mock_sei.doctor.variables import level_of, setting_of, wanted_cas


def check_java_variables(setup: Setup) -> Iterator[Finding]:
    """Checks all variables with options for Java."""
    for name in JAVA_OPTIONS:
        text = setup.environ.get(name, "")
        if text.strip():
            yield from _java_options(setup, name, text)


def _java_options(setup: Setup, name: str, text: str) -> Iterator[Finding]:
    java = level_of(setup, ("java",))
    problem = _why_java_does_not_start(name, text)
    if problem:
        yield found(
            "java-options",
            f"{name} is split at its blanks, and {problem}: no Java program of this "
            "shell starts. Other clients do not read it.",
            expected='quotes around a value with blanks: -Dname="a value"',
            actual=setting_of(setup, name),
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
            f"{name} sets a proxy for Java; the doctor connects directly. Other clients do not "
            "read it.",
            expected=f"no proxy for {readable(setup.target.host)}",
            actual=f"-Dhttps.proxyHost={readable(proxy, 100)}",
            cure=f"remove the option from {name}, or add {readable(setup.target.host)} to "
            "-Dhttp.nonProxyHosts; a proxy that decrypts TLS drops the client certificate.",
        )
    for option in PROTOCOLS:
        versions = value_of(text, option)
        spoken = {each.strip() for each in (versions or "").split(",")}
        if versions is not None and not spoken & {"TLSv1.2", "TLSv1.3"}:
            yield found(
                "java-protocols",
                f"{name} leaves Java no TLS version that the platform supports. Other clients do "
                "not read it.",
                expected="TLSv1.2 or TLSv1.3",
                actual=readable(f"{option}{versions}", 100),
                cure=f"remove the option from {name}.",
                level=java,
            )


def _java_goes_past_proxy(host: str, text: str) -> bool:
    """Whether ``http.nonProxyHosts`` exempts the host. It has a default, and applies to https."""
    past = value_of(text, "-Dhttp.nonProxyHosts=")
    patterns = "localhost|127.*|[::1]|0.0.0.0|[::0]" if past is None else past
    bare = f"[{host}]" if ":" in host else host
    return any(
        fnmatchcase(bare, each.replace("[", "[[]")) for each in patterns.lower().split("|") if each
    )


def _why_java_does_not_start(name: str, text: str) -> str:
    """Why Java does not start; empty if it starts. Possible parts of a password are not shown."""
    if has_open_quote(text):
        return "a quote in it is not closed"
    begins = ("-", "@") if name == "JDK_JAVA_OPTIONS" else ("-",)
    options = split_options(text)
    for number, each in enumerate(options):
        if not each.startswith(begins):
            hidden = any("password=" in before.lower() for before in options[:number])
            piece = "a part after a password" if hidden else repr(readable(each, 100))
            return f"{piece} is not an option"
    return ""


def _trust_store(setup: Setup, name: str, store: GivenFile, text: str) -> Iterator[Finding]:
    wanted, path = wanted_cas(setup), readable(str(store.path))
    level = level_of(setup, ("java",))
    if not store.was_read or not store.content:
        yield found(
            "java-trust-store",
            f"{name} names a trust store that cannot be read: Java then trusts no server. Other "
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
        return  # JKS, or another password: this check cannot read it
    if wanted and not any(each in trusted for each in wanted):
        yield found(
            "java-trust-store",
            f"{name} names a trust store without the CA of --cacert: Java does not trust the "
            "server. Other clients do not read it.",
            expected=f"the CA of {readable(str(setup.ca.path)) if setup.ca else ''}",
            actual=f"{path}: {len(trusted)} other certificates",
            cure="set it to truststore.p12 of the certs folder (mock-sei env prints the line), "
            f"or unset {name}.",
            level=level,
        )
