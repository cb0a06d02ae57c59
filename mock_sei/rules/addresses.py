"""The server's addresses, as they stand in answers, metadata and tokens."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mock_sei.rules.standards import Listener

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")

HOME = "/portal"
"""The path of the portal's first page."""

CERTIFICATE_LINK_PATH = "/portal/certificates/"
"""The path of a one-time certificate link, up to its secret."""

LIVE_PATH = "/portal/events"
"""The path of the streams of live pages. A browser opens them by itself, so they change nothing
that a test can see: no journal, no fault, no value that comes from a seed."""

PLATFORM_PAGES = (
    "GET /portal",
    "GET /portal/apps",
    "GET /portal/apps/new",
    "GET /portal/apps/{name}",
    "GET /portal/apps/{name}/certificates",
    "GET /portal/certificates",
    "GET /portal/mailbox",
    "GET /portal/journal",
    "GET /portal/apis",
    "GET /portal/apis/{product}",
    "GET /openapi/{product}.json",
)
"""Paths that the platform's listeners serve besides the OAuth endpoints and the functional APIs.
The answer to an unknown path suggests the nearest of them."""

CONTROL_WORDS = frozenset(
    {
        "answers",
        "apis",
        "applications",
        "ca.pem",
        "check",
        "clock",
        "crl.pem",
        "data",
        "data-keys",
        "docs",
        "end-users",
        "faults",
        "health",
        "journal",
        "journal.curl",
        "journal.har",
        "journal.py",
        "mailbox",
        "metrics",
        "openapi.json",
        "reset",
        "server-certificate",
        "service-accounts",
        "signing-keys",
        "tokens",
        "truststore.p12",
    }
)
"""The first segments of the control API's paths."""

_DEFAULT_PORTS = {"https": 443, "http": 80}


def is_of_portal(path: str) -> bool:
    """Whether a path is one of the portal's, whether it has a page there or not."""
    return path == HOME or path.startswith(f"{HOME}/")


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Host and port of the three listeners, and the public URLs that replace them behind a
    proxy."""

    one_way_port: int
    two_way_port: int
    control_port: int
    one_way_host: str = "localhost"
    two_way_host: str = "localhost"
    control_host: str = "127.0.0.1"
    public_url: str | None = None
    public_two_way_url: str | None = None

    @property
    def one_way(self) -> str:
        return self.public_url or url("https", self.one_way_host, self.one_way_port)

    @property
    def two_way(self) -> str:
        return self.public_two_way_url or url("https", self.two_way_host, self.two_way_port)

    @property
    def control(self) -> str:
        return url("http", self.control_host, self.control_port)

    def seen_by(self, host: str | None) -> Addresses:
        """The addresses for a caller that sent this ``Host``: its name replaces ``localhost``.

        In a container, ``localhost`` is the container itself, so a caller from another machine
        could not use it. If the ``Host`` is loopback, the addresses stay as they are.
        """
        name = host_name(host)
        if is_loopback(name):
            return self
        return replace(
            self,
            one_way_host=name if is_loopback(self.one_way_host) else self.one_way_host,
            two_way_host=name if is_loopback(self.two_way_host) else self.two_way_host,
            control_host=name if is_loopback(self.control_host) else self.control_host,
        )

    def issuer(self, host: str | None) -> str:
        """The issuer of all tokens: the one-way listener's URL, with the host of the request."""
        return self.public_url or url("https", host_name(host), self.one_way_port)

    def as_called(self, host: str | None) -> str:
        """``https://`` and the ``Host`` that a client sent to the one-way listener.

        The result is empty if the browser may have called another address: if there is a public
        URL, since a proxy may have changed ``Host``, and if ``Host`` is missing or malformed. A
        link that begins with the empty text is relative, so it is right in both cases.
        """
        if self.public_url is not None or _HOST.fullmatch(host or "") is None:
            return ""
        return f"https://{host}"

    def control_as_called(self, host: str | None) -> str:
        """The control API's URL, by the ``Host`` that a client sent to it, port included.

        It is the listener's own URL if ``Host`` is missing or malformed.
        """
        return self.control if _HOST.fullmatch(host or "") is None else f"http://{host}"

    def called(self, listener: Listener, host: str | None) -> str:
        """Scheme, host and port that a client called, for the links in an answer.

        The port is that of ``Host``, if it has one. Where the ports of a container are mapped, it
        is not the listener's, and a link with the listener's port would lead nowhere.
        """
        fixed = self.public_two_way_url if listener is Listener.TWO_WAY else self.public_url
        port = self.two_way_port if listener is Listener.TWO_WAY else self.one_way_port
        match = _HOST.fullmatch(host or "")
        if match is not None and match[2]:
            port = int(match[2])
        return fixed or url("https", host_name(host), port)

    def two_way_at(self, host: str | None) -> str:
        """The two-way listener's URL, with the host of a request to either listener."""
        return self.public_two_way_url or url("https", host_name(host), self.two_way_port)


def host_to_call(listening: str, *, loopback: str) -> str:
    """The host by which a client on this machine reaches a listener that is bound to ``listening``.

    ``loopback`` is returned if the listener is bound to 127.0.0.1 or to all IPv4 addresses.
    """
    if listening in ("127.0.0.1", "0.0.0.0"):  # noqa: S104  # nosec B104  # compared, not bound
        return loopback
    return "::1" if listening == "::" else listening


def url(scheme: str, host: str, port: int) -> str:
    """A URL without a path. The scheme's default port is left out, an IPv6 address gets
    brackets."""
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def is_loopback(name: str) -> bool:
    """True for ``localhost`` and for a loopback address. An IPv6 address may have brackets."""
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


_ADDRESS_OR_NAME = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]{2,45})(?:%[A-Za-z0-9._~%-]{1,64})?\]"
    r"|(?P<name>[A-Za-z0-9._-]{1,253}))(?::[0-9]{0,5})?"
)
"""A ``Host`` header (RFC 9110 section 7.2). An IPv6 address may have a zone."""


def find_host(header: str) -> str | None:
    """The name or address in a ``Host`` header, in lower case; None if the header is malformed.

    The result has no port, no brackets, no zone, and no dot at its end.
    """
    match = _ADDRESS_OR_NAME.fullmatch(header)
    if match is None:
        return None
    name = (match["ipv6"] or match["name"]).lower().removesuffix(".")
    return name or None


def is_address(name: str) -> bool:
    """True if ``name`` is an IP address, without brackets."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_under(name: str, suffixes: Iterable[str]) -> bool:
    """True if a name is inside one of these domains, such as ``internal``."""
    return name.endswith(tuple(f".{each}" for each in suffixes))


def fits_name(name: str, pattern: str) -> bool:
    """True if a certificate for ``pattern`` is good for the host ``name``. Both are in lower case.

    A ``*`` stands for one label (RFC 6125 section 6.4.3).
    """
    if pattern.startswith("*."):
        label, _, rest = name.partition(".")
        return bool(label) and rest == pattern[2:]
    return name == pattern


def host_name(host: str | None) -> str:
    """The name in a ``Host`` header; ``localhost`` if the header is missing or malformed."""
    match = _HOST.fullmatch(host or "")
    return match[1] if match else "localhost"


def origin_of(address: str) -> str | None:
    """The origin of an ``http`` or ``https`` address, None for another scheme.

    It is written as browsers write it: in lower case, without the scheme's default port (RFC 6454
    section 6.2). Raises ``ValueError`` if the text is not an address.
    """
    parts = urlsplit(address)
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname:
        return None
    return url(parts.scheme, parts.hostname, parts.port or default)
