"""Which addresses are trusted proxies: balancers that say with a PROXY header who the client is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv6 addresses that stand for an IPv4 address (RFC 4291 section 2.5.5.2)."""

PLAIN_HEADER = b"PROXY UNKNOWN\r\n"
"""A PROXY header, version 1, that names no client: the connection's own address counts."""


class TrustedProxies:
    """The addresses and networks of ``--trusted-proxy``."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        """``networks`` are texts that :func:`read_network` reads."""
        self._networks = tuple(read_network(each) for each in networks)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def trusts(self, address: str) -> bool:
        """Whether a proxy at this IP address is trusted."""
        found = unmapped(ipaddress.ip_address(address))
        return any(found in network for network in self._networks)


def read_network(text: str) -> Network:
    """The network of an address such as ``10.0.0.9``, or of a network such as ``10.0.0.0/24``.

    An IPv4 address or network that is written as an IPv6 one becomes IPv4. Raises ``ValueError``,
    also for a network with bits of a host, such as ``10.0.0.9/24``.
    """
    network = ipaddress.ip_network(text)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        first = int(network.network_address) & 0xFFFFFFFF
        return ipaddress.IPv4Network((first, network.prefixlen - _MAPPED.prefixlen))
    return network


def unmapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, or the address itself."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
