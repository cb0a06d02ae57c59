"""The proxy of the environment, through which the real platform is called."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks the second one
    getproxies_environment,
    proxy_bypass_environment,
)

from mock_sei.errors import ConfigurationError

_OK = range(200, 300)


@dataclass(frozen=True, kw_only=True)
class EnvironmentProxy:
    """A proxy that CONNECT is sent to."""

    host: str
    port: int
    credentials: str = field(default="", repr=False)
    """User name and password, with a colon between them."""


def find_proxy(host: str, port: int) -> EnvironmentProxy | None:
    """The proxy that ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` name for an address.

    Raises :class:`ConfigurationError`.
    """
    proxies = getproxies_environment()
    url = proxies.get("https") or proxies.get("all")
    if not url or proxy_bypass_environment(f"{host}:{port}", proxies):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        found, its_port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError("no address of a proxy", source="HTTPS_PROXY") from None
    if parts.scheme != "http" or not found:
        problem = "only a proxy that begins with http:// can be used"
        raise ConfigurationError(problem, source="HTTPS_PROXY", key=found or "")
    credentials = ""
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return EnvironmentProxy(host=found, port=its_port or 80, credentials=credentials)


def connect_request(host: str, port: int, proxy: EnvironmentProxy) -> bytes:
    """The request that asks a proxy for a connection (RFC 9110 section 9.3.6)."""
    authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.credentials:
        pair = base64.b64encode(proxy.credentials.encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {pair}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


NO_HTTP = "the proxy does not answer CONNECT with HTTP"


def find_connect_problem(head: bytes) -> str | None:
    """What is wrong with a proxy's answer to CONNECT, None if the connection stands."""
    words = head.split(b" ", 2)
    if not head.startswith(b"HTTP/") or len(words) < 2 or not words[1].isdigit():
        return NO_HTTP
    if int(words[1]) not in _OK:
        return f"the proxy answers CONNECT with the status {int(words[1])}"
    return None
