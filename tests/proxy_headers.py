"""PROXY protocol headers, made by a test as a balancer makes them."""

from __future__ import annotations

import ipaddress

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
"""The first bytes of version 2 (proxy-protocol.txt, section 2.2)."""
LOCAL, PROXY = 0x20, 0x21
TCP4, UDP4, TCP6, UDP6, UNIX = 0x11, 0x12, 0x21, 0x22, 0x31


def line(source: str, port: int = 56324) -> bytes:
    """A header of version 1."""
    protocol, own = ("TCP6", "::1") if ":" in source else ("TCP4", "127.0.0.1")
    return f"PROXY {protocol} {source} {own} {port} 443\r\n".encode()


def binary(block: bytes = b"", *, command: int = PROXY, protocol: int = TCP4) -> bytes:
    """A header of version 2 with any block."""
    return SIGNATURE + bytes([command, protocol]) + len(block).to_bytes(2, "big") + block


def addresses(source: str, port: int = 56324) -> bytes:
    """The addresses and ports of a block."""
    packed = ipaddress.ip_address(source).packed
    own = ipaddress.ip_address("::1" if len(packed) == 16 else "127.0.0.1").packed
    return packed + own + port.to_bytes(2, "big") + (443).to_bytes(2, "big")


def binary_for(source: str, port: int = 56324, *, further: bytes = b"") -> bytes:
    """A header of version 2; ``further`` are its TLVs."""
    protocol = TCP6 if ":" in source else TCP4
    return binary(addresses(source, port) + further, protocol=protocol)


def tlv(kind: int, value: bytes) -> bytes:
    """A further value of version 2 (section 2.2.1 and later)."""
    return bytes([kind]) + len(value).to_bytes(2, "big") + value
