"""Checks of the proxies in environment variables, for the clients that read these variables."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from mock_sei.doctor.clients import readers_of, titles
from mock_sei.doctor.findings import ENVIRONMENT, Finding, found, right
from mock_sei.doctor.material import readable
from mock_sei.doctor.setup import Setup
from mock_sei.doctor.variables import level_of

PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


def check_proxies(setup: Setup) -> Iterator[Finding]:
    """Checks the proxies that clients would use for the host."""
    environ, host = setup.environ, setup.target.host
    for name in PROXY_VARIABLES:
        if not environ.get(name):
            continue
        exempt = next((each for each in ("NO_PROXY", "no_proxy") if environ.get(each)), None)
        if exempt and _is_exempt(host, setup.target.port, environ[exempt]):
            yield right(ENVIRONMENT, f"{name} is set, but {exempt} exempts {readable(host)}")
            continue
        with_node = _sends_node_through_proxies(environ)
        readers = (*readers_of(name), *(("node",) if with_node else ()))
        unreachable = _is_loopback(host) and not _is_loopback(_host_of(environ[name]))
        yield found(
            "proxy-set",
            f"{name} is set: most clients use this proxy ({titles(readers)}), but the doctor does "
            f"not. {'Java does' if with_node else 'Node and Java do'} not read it."
            + (" The proxy cannot reach this machine's own address." if unreachable else ""),
            expected=f"no proxy for {readable(host)}",
            actual=f"{name}={_without_credentials(environ[name])}, "
            f"NO_PROXY={readable(environ[exempt]) if exempt else '(not set)'}",
            cure=f"unset {name}, or add {readable(host)} to NO_PROXY; a proxy that decrypts "
            "TLS drops the client certificate (in Postman: Settings, Proxy, both off).",
            level=level_of(setup, readers) if unreachable else None,
        )


def _sends_node_through_proxies(environ: Mapping[str, str]) -> bool:
    """Whether Node, from version 24, is configured to read the proxy variables."""
    return environ.get("NODE_USE_ENV_PROXY") == "1" or "--use-env-proxy" in environ.get(
        "NODE_OPTIONS", ""
    )


def _is_exempt(host: str, port: int, no_proxy: str) -> bool:
    for entry in no_proxy.split(","):
        name = entry.strip().lower().lstrip(".")
        if "/" in name and _is_in_network(host, name):
            return True
        if name.count(":") == 1:  # one colon means a port; more mean an IPv6 address
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
