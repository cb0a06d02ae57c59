"""The PROXY protocol: the header by which a trusted proxy says who its client is, before TLS.

Exactly the bytes of the header are read from the socket, because the bytes that follow belong to
TLS. Source: HAProxy's "The PROXY protocol, versions 1 & 2" (``proxy-protocol.txt``), section 2.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from dataclasses import dataclass

from mock_sei.errors import Explanation
from mock_sei.rules.checks import PROXY_HEADER
from mock_sei.rules.proxies import unmapped
from mock_sei.runtime import limits

VERSION_1 = b"PROXY "
VERSION_2 = b"\r\n\r\n\0\r\nQUIT\n"

LINE_LIMIT = 107
"""Most bytes of a header of version 1 (section 2.1)."""
BINARY_LIMIT = 16 * 1024
"""Most bytes of a header of version 2. The format allows 65,551; HAProxy's buffer has 16 KiB."""

_SHORTEST = len(b"PROXY UNKNOWN\r\n")
"""No header of either version is shorter, so that many bytes can be read at once."""
_FIXED = 16
"""Bytes of a header of version 2 before its addresses."""
_LOCAL, _PROXY = 0x20, 0x21
"""Version 2 with each of its two commands."""
_ADDRESSES = {1: 4, 2: 16, 3: 108}
"""Bytes of one address of AF_INET, AF_INET6 and AF_UNIX."""
_UNIX = 3
_TRANSPORTS = (0, 1, 2)
"""Not known, stream, datagram."""

_PORT = re.compile(r"0|[1-9][0-9]{0,4}")
_LARGEST_PORT = 0xFFFF

_TLS_RECORD = b"\x16\x03"
"""The first bytes of a client that speaks TLS (RFC 8446 section 5.1)."""
_AFTER_FIVE = (b" TCP4 ", b" TCP6 ", b" UNKNOWN", VERSION_2[5:])
"""What follows the first five bytes of a header, which OpenSSL takes for the head of a record."""

_SEND_IT = (
    "Let the proxy send the header (HAProxy: send-proxy-v2 in the server line), or remove the "
    "address from --trusted-proxy"
)

Client = tuple[str, int]
"""Address and port of a client."""


class NoProxyHeader(ValueError):
    """The connection does not begin with a header."""


class WrongProxyHeader(ValueError):
    """The header breaks the specification or a limit. The message says how, as a clause."""


class ProxyHeaderRefused(Exception):
    """The connection must be closed because of its header, or because it has none."""

    def __init__(self, why: Explanation) -> None:
        super().__init__(why.because)
        self.why = why


@dataclass(frozen=True, kw_only=True)
class ProxyOpening:
    """How a connection from a trusted proxy began."""

    client: Client | None = None
    """The client that the header names; None if the connection's own address counts."""
    proxy: str | None = None
    """The proxy whose header was read; None if there was no header."""
    unread: bytes = b""
    """What came in place of a header."""


class ProxiedConnection:
    """An accepted connection from a trusted proxy, while its header is being read."""

    def __init__(self, connected: socket.socket, proxy: str) -> None:
        self._socket = connected
        self.proxy = proxy
        """The proxy's address."""
        self._received = bytearray()

    async def open(self, *, is_optional: bool) -> ProxyOpening | None:
        """Reads the header, and no byte beyond it. None if the connection ends without a byte.

        Raises :class:`ProxyHeaderRefused`. If the header is optional, other bytes are returned.
        """
        try:
            async with asyncio.timeout(limits.PROXY_HEADER_TIMEOUT):
                return ProxyOpening(client=await self._read_header(), proxy=self.proxy)
        except (NoProxyHeader, TimeoutError) as error:
            received = bytes(self._received)
            if is_optional:
                return ProxyOpening(unread=received)
            if isinstance(error, NoProxyHeader):
                raise ProxyHeaderRefused(missing(self.proxy, received)) from None
            problem = f"it was not complete after {limits.PROXY_HEADER_TIMEOUT:g} seconds"
        except WrongProxyHeader as error:
            problem = str(error)
        except EOFError:
            problem = "the connection ended before its end"
        except OSError:
            return None
        if not self._received:
            return None
        raise ProxyHeaderRefused(wrong(self.proxy, problem))

    async def goes_on(self) -> bool:
        """Waits for a byte after the header. False if none comes."""
        try:
            async with asyncio.timeout(limits.HANDSHAKE_TIMEOUT):
                return bool(await self._receive(1, socket.MSG_PEEK))
        except OSError:
            return False

    async def _read_header(self) -> Client | None:
        while wanted := bytes_missing(self._received):
            piece = await self._receive(wanted)
            if not piece:
                raise EOFError
            self._received += piece
        return client_of(bytes(self._received))

    async def _receive(self, most: int, flags: int = 0) -> bytes:
        """At most ``most`` bytes; none if the connection has ended."""
        while True:
            try:
                return self._socket.recv(most, flags)
            except BlockingIOError:
                await self._readable()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._socket, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._socket)


def bytes_missing(head: bytes | bytearray) -> int:
    """How many further bytes certainly belong to a header that begins so; 0 if it is complete.

    Raises :class:`NoProxyHeader` and :class:`WrongProxyHeader`.
    """
    if VERSION_1.startswith(head[: len(VERSION_1)]):
        return _line_missing(head)
    if VERSION_2.startswith(head[: len(VERSION_2)]):
        return _binary_missing(head)
    raise NoProxyHeader


def _line_missing(line: bytes | bytearray) -> int:
    if len(line) < _SHORTEST:
        return _SHORTEST - len(line)
    if line.endswith(b"\r\n"):
        return 0
    if len(line) >= LINE_LIMIT:
        raise WrongProxyHeader(f"its line has no CR LF within {LINE_LIMIT} bytes")
    return 1 if line.endswith(b"\r") else min(2, LINE_LIMIT - len(line))


def _binary_missing(head: bytes | bytearray) -> int:
    if len(head) < _FIXED:
        return _FIXED - len(head)
    size = _FIXED + int.from_bytes(head[14:16], "big")
    if size > BINARY_LIMIT:
        raise WrongProxyHeader(f"it announces {size} bytes, and at most {BINARY_LIMIT} are read")
    return size - len(head)


def client_of(header: bytes) -> Client | None:
    """The client that a complete header names; None if the connection's own address counts.

    That is so for ``UNKNOWN`` and ``LOCAL``, for UNIX sockets, and where the family or the
    transport is not specified. Raises :class:`WrongProxyHeader`.
    """
    return _of_line(header) if header.startswith(VERSION_1) else _of_binary(header)


def _of_line(header: bytes) -> Client | None:
    try:
        words = header[:-2].decode("ascii").split(" ")
    except UnicodeDecodeError:
        raise WrongProxyHeader("its line is not ASCII") from None
    if words[1] == "UNKNOWN":
        return None
    if words[1] not in ("TCP4", "TCP6"):
        raise WrongProxyHeader("its protocol is none of TCP4, TCP6 and UNKNOWN")
    if len(words) != len(("PROXY", "TCP4", "source", "destination", "port", "port")):
        raise WrongProxyHeader("its line must have two addresses and two ports after the protocol")
    source, _ = (_read_address(each, words[1]) for each in words[2:4])
    port, _ = (_read_port(each) for each in words[4:])
    return source, port


def _read_address(text: str, protocol: str) -> str:
    kind = ipaddress.IPv4Address if protocol == "TCP4" else ipaddress.IPv6Address
    try:
        if "%" in text:  # a zone has no meaning on another machine
            raise ValueError
        return str(unmapped(kind(text)))
    except ValueError:
        raise WrongProxyHeader(f"its line has an address that {protocol} does not have") from None


def _read_port(text: str) -> int:
    if _PORT.fullmatch(text) is None or int(text) > _LARGEST_PORT:
        raise WrongProxyHeader("its line has a port that is no number from 0 to 65535")
    return int(text)


def _of_binary(header: bytes) -> Client | None:
    command, protocol, block = header[12], header[13], header[_FIXED:]
    if command == _LOCAL:
        return None
    if command != _PROXY:
        raise WrongProxyHeader(f"its version and command are 0x{command:02x}, not 0x20 or 0x21")
    family, transport = protocol >> 4, protocol & 0x0F
    if (family and family not in _ADDRESSES) or transport not in _TRANSPORTS:
        raise WrongProxyHeader(f"its family and transport, 0x{protocol:02x}, are not specified")
    if not family or not transport:
        return None
    width = _ADDRESSES[family]
    if len(block) < 2 * width + (0 if family == _UNIX else 2 * 2):  # each port has two bytes
        raise WrongProxyHeader(f"it has {len(block)} bytes of addresses, too few for its family")
    if family == _UNIX:
        return None
    port = int.from_bytes(block[2 * width : 2 * width + 2], "big")
    return str(unmapped(ipaddress.ip_address(block[:width]))), port


def names_a_client(first: bytes) -> bool:
    """Whether the first bytes of a connection are those of a header."""
    return first.startswith((VERSION_1, VERSION_2))


def was_taken_for_tls(rest: ssl.MemoryBIO) -> bool:
    """Whether OpenSSL refused a header: it took five bytes for the head of a record.

    ``rest`` is what OpenSSL has not read. Some of it is read.
    """
    return rest.read(len(VERSION_2)).startswith(_AFTER_FIVE)


def missing(proxy: str, received: bytes) -> Explanation:
    """A connection of a trusted proxy began without a header."""
    is_tls = _TLS_RECORD.startswith(received[: len(_TLS_RECORD)])
    return Explanation(
        check=PROXY_HEADER,
        because=f"{proxy} is a --trusted-proxy, so each of its connections to this listener must "
        "begin with a PROXY protocol header: without one, it is not known who the client is. "
        f"{_SEND_IT} and let the client call from another address.",
        expected="a PROXY protocol header before TLS",
        actual="TLS without a header" if is_tls else "other bytes",
    )


def wrong(proxy: str, problem: str) -> Explanation:
    """A trusted proxy sent a header that breaks the specification."""
    return Explanation(
        check=PROXY_HEADER,
        because=f"The PROXY protocol header from {proxy} is wrong: {problem}. Compare the proxy's "
        "settings with the specification of the PROXY protocol.",
        expected="a PROXY protocol header, version 1 or 2",
        actual=f"a header that is wrong: {problem}",
    )


def not_expected(address: str, proxy: str | None) -> Explanation:
    """A header came where none may come: after a first one, or from an untrusted address."""
    if proxy is not None:
        return Explanation(
            check=PROXY_HEADER,
            because=f"A second PROXY protocol header follows the one from {proxy}. Let only the "
            "last proxy before this server send one.",
        )
    return Explanation(
        check=PROXY_HEADER,
        because="The connection begins with a PROXY protocol header, but "
        f"{address} is not a --trusted-proxy. If it is your balancer, start this server with "
        f"--trusted-proxy {address}; if not, let the client send no header.",
        expected="TLS, or a PROXY protocol header from a --trusted-proxy",
        actual=f"a PROXY protocol header from {address}",
    )
