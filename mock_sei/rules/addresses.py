"""Where the server is reached: the addresses that answers, metadata and tokens name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from mock_sei.rules.standards import Listener

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?")

CERTIFICATE_LINK_PATH = "/portal/certificates/"
"""What stands before the secret of a one-time certificate link."""

PLATFORM_PAGES = (
    "GET /portal",
    "GET /portal/apps",
    "GET /portal/apps/new",
    "GET /portal/apps/{name}",
    "GET /portal/mailbox",
    "GET /portal/journal",
    "GET /portal/apis",
    "GET /portal/apis/{product}",
    "GET /openapi/{product}.json",
)
"""What the platform's listeners serve beside the OAuth endpoints and the functional APIs; one who
misspelt a path may have meant one of them."""

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
        "mailbox",
        "openapi.json",
        "reset",
        "server-certificate",
        "service-accounts",
        "signing-keys",
        "truststore.p12",
    }
)
"""How the paths of the control API begin."""

_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """The three ports, and the public addresses that stand in where ports are mapped."""

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
        """The same for a caller who reached this machine by a ``Host`` that is not loopback.

        In a container the listeners call themselves localhost, which is somewhere else there.
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
        """The one issuer: the one-way address, with the host of the request."""
        return self.public_url or url("https", host_name(host), self.one_way_port)

    def as_called(self, host: str | None) -> str:
        """Scheme and authority of the one-way listener as a client wrote them in its ``Host``.

        Nothing, which makes a relative reference, where that may not be what the browser called:
        with a public URL, since a proxy may have changed ``Host``, and without a plain host.
        """
        if self.public_url is not None or _HOST.fullmatch(host or "") is None:
            return ""
        return f"https://{host}"

    def called(self, listener: Listener, host: str | None) -> str:
        """Scheme and authority that a client called, for links in an answer."""
        fixed = self.public_two_way_url if listener is Listener.TWO_WAY else self.public_url
        port = self.two_way_port if listener is Listener.TWO_WAY else self.one_way_port
        return fixed or url("https", host_name(host), port)


def host_to_call(listening: str, *, loopback: str) -> str:
    """What a client on this machine calls a listener by that is bound to this address."""
    if listening in ("127.0.0.1", "0.0.0.0"):  # noqa: S104  # nosec B104  # compared, not bound
        return loopback
    return "::1" if listening == "::" else listening


def url(scheme: str, host: str, port: int) -> str:
    """Without the port where it is the scheme's own; an IPv6 address in brackets."""
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def is_loopback(name: str) -> bool:
    """Whether a name or address, an IPv6 one in brackets or not, is this machine's own."""
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
"""A ``Host`` as clients write it (RFC 9110 section 7.2), the zone of an IPv6 address with it."""


def find_host(header: str) -> str | None:
    """The name or address in a ``Host`` header, in lower case; None where it is no host.

    Without port, brackets, zone, and the dot that ends a full name.
    """
    match = _ADDRESS_OR_NAME.fullmatch(header)
    if match is None:
        return None
    name = (match["ipv6"] or match["name"]).lower().removesuffix(".")
    return name or None


def is_address(name: str) -> bool:
    """Whether it is an IP address rather than a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_under(name: str, suffixes: Iterable[str]) -> bool:
    """Whether a name ends in one of some domains, such as ``internal``."""
    return name.endswith(tuple(f".{each}" for each in suffixes))


def fits_name(name: str, pattern: str) -> bool:
    """Whether a certificate for ``pattern`` is one for ``name``, both in lower case.

    A ``*`` is one label (RFC 6125 section 6.4.3).
    """
    if pattern.startswith("*."):
        label, _, rest = name.partition(".")
        return bool(label) and rest == pattern[2:]
    return name == pattern


def host_name(host: str | None) -> str:
    """The name in a ``Host`` header; ``localhost`` where it has none worth repeating."""
    match = _HOST.fullmatch(host or "")
    return match[1] if match else "localhost"


def origin_of(address: str) -> str | None:
    """An ``http`` or ``https`` address's origin, None of any other address.

    As a browser writes it: in lower case, without the port that is the scheme's own (RFC 6454
    section 6.2). Raises ``ValueError`` for what is no address.
    """
    parts = urlsplit(address)
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None or not parts.hostname:
        return None
    return url(parts.scheme, parts.hostname, parts.port or default)
