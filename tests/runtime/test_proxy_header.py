"""PROXY headers without sockets: which client they name, what is wrong, how long they are."""

from __future__ import annotations

import pytest

from mock_sei.runtime.proxy_header import (
    BINARY_LIMIT,
    LINE_LIMIT,
    NoProxyHeader,
    WrongProxyHeader,
    bytes_missing,
    client_of,
)
from tests.growth import assert_linear
from tests.proxy_headers import (
    LOCAL,
    PROXY,
    TCP4,
    TCP6,
    UDP4,
    UDP6,
    UNIX,
    addresses,
    binary,
    binary_for,
    line,
    tlv,
)

FOLLOWING = b"\x16\x03\x01\x02\x00"
"""The head of the TLS record after a header."""


def read(stream: bytes, *, at_once: int = 10**6) -> tuple[tuple[str, int] | None, bytes]:
    """The client that a header names, and what was left unread; pieces have ``at_once`` bytes."""
    head, position = b"", 0
    while missing := bytes_missing(head):
        piece = stream[position : position + min(missing, at_once)]
        assert piece, "it waits for more"
        head, position = head + piece, position + len(piece)
    return client_of(head), stream[position:]


CLIENT = ("203.0.113.7", 56324)
LONGEST = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
CRC32C = tlv(0x03, b"\x00\x00\x00\x00")
"""A checksum that is wrong: it is not checked."""
AUTHORITY = tlv(0x02, b"mtls.api.seic.com")
HEADERS = {
    "v1": (line("203.0.113.7"), CLIENT),
    "v1, IPv6": (line("2001:db8::7"), ("2001:db8::7", 56324)),
    "v1, IPv4 in IPv6": (line("::ffff:203.0.113.7"), CLIENT),
    "v1, shortest": (b"PROXY TCP6 :: :: 0 0\r\n", ("::", 0)),
    "v1, longest": (f"PROXY TCP6 {LONGEST} {LONGEST} 65535 65535\r\n".encode(), (LONGEST, 65535)),
    "v1, unknown": (b"PROXY UNKNOWN\r\n", None),
    "v1, unknown with addresses": (
        f"PROXY UNKNOWN {LONGEST} {LONGEST} 65535 65535\r\n".encode(),
        None,
    ),
    "v1, unknown with other words": (b"PROXY UNKNOWN \r \n?\r\n", None),
    "v2": (binary_for("203.0.113.7"), CLIENT),
    "v2, IPv6": (binary_for("2001:db8::7"), ("2001:db8::7", 56324)),
    "v2, IPv4 in IPv6": (binary_for("::ffff:203.0.113.7"), CLIENT),
    "v2, UDP": (binary(addresses("203.0.113.7"), protocol=UDP4), CLIENT),
    "v2, UDP over IPv6": (
        binary(addresses("2001:db8::7"), protocol=UDP6),
        ("2001:db8::7", 56324),
    ),
    "v2, TLVs": (binary_for("203.0.113.7", further=AUTHORITY + CRC32C), CLIENT),
    "v2, largest": (
        binary_for("203.0.113.7", further=tlv(0x04, bytes(BINARY_LIMIT - 16 - 12 - 3))),
        CLIENT,
    ),
    "v2, local": (binary(command=LOCAL, protocol=0), None),
    "v2, local with addresses": (binary(addresses("203.0.113.7"), command=LOCAL), None),
    "v2, local of no known family": (binary(command=LOCAL, protocol=0xFF), None),
    "v2, not specified": (binary(protocol=0), None),
    "v2, IPv4 of no transport": (binary(addresses("203.0.113.7"), protocol=0x10), None),
    "v2, UNIX": (binary(b"/run/client.sock".ljust(216, b"\0"), protocol=UNIX), None),
}


@pytest.mark.parametrize(("header", "client"), HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("at_once", [1, 7, 10**6])
def test_a_header_names_its_client_and_nothing_is_read_after_it(
    header: bytes, client: tuple[str, int] | None, at_once: int
) -> None:
    assert read(header + FOLLOWING, at_once=at_once) == (client, FOLLOWING)


WRONG = {
    "v1, no end": (b"PROXY UNKNOWN " + bytes(200), "no CR LF within 107 bytes"),
    "v1, LF only": (line("203.0.113.7")[:-2] + b"\n" + bytes(200), "no CR LF"),
    "v1, one byte too long": (b"PROXY UNKNOWN".ljust(LINE_LIMIT - 1, b"x") + b"\r\n", "no CR LF"),
    "v1, protocol": (b"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", "none of TCP4, TCP6"),
    "v1, small letters": (b"PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", "none of TCP4"),
    "v1, unknown and more": (b"PROXY UNKNOWNS\r\n", "none of TCP4"),
    "v1, too few words": (b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "two addresses and two ports"),
    "v1, two spaces": (b"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", "two addresses and two ports"),
    "v1, other family": (b"PROXY TCP4 ::1 ::1 1 2\r\n", "an address that TCP4 does not have"),
    "v1, other family of IPv6": (b"PROXY TCP6 1.2.3.4 ::1 1 2\r\n", "TCP6 does not have"),
    "v1, leading zero": (b"PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n", "TCP4 does not have"),
    "v1, zone": (b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "TCP6 does not have"),
    "v1, name": (b"PROXY TCP4 localhost 1.2.3.4 1 2\r\n", "TCP4 does not have"),
    "v1, destination": (b"PROXY TCP4 1.2.3.4 here 1 2\r\n", "TCP4 does not have"),
    "v1, port": (b"PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", "a port that is no number"),
    "v1, port with zero": (b"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", "a port that is no number"),
    "v1, port with a line break": (b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n\r\n", "a port"),
    "v1, not ASCII": ("PROXY TCP4 1.2.3.4 1.2.3.4 1 \u0662\r\n".encode(), "not ASCII"),
    "v2, version": (binary(command=0x11), "0x11"),
    "v2, command": (binary(command=0x22), "0x22"),
    "v2, family": (binary(bytes(36), protocol=0x41), "not specified"),
    "v2, transport": (binary(bytes(36), protocol=0x13), "not specified"),
    "v2, too short": (binary(bytes(11), protocol=TCP4), "11 bytes of addresses, too few"),
    "v2, too short for IPv6": (binary(bytes(35), protocol=TCP6), "too few"),
    "v2, too short for UNIX": (binary(bytes(215), protocol=UNIX), "too few"),
    "v2, too long": (
        binary(bytes(BINARY_LIMIT - 15), command=PROXY),
        f"announces {BINARY_LIMIT + 1} bytes, and at most {BINARY_LIMIT}",
    ),
}


@pytest.mark.parametrize(("header", "problem"), WRONG.values(), ids=WRONG)
def test_a_wrong_header_is_refused_with_what_is_wrong(header: bytes, problem: str) -> None:
    with pytest.raises(WrongProxyHeader, match=problem):
        read(header + FOLLOWING)


@pytest.mark.parametrize(
    "first", [FOLLOWING, b"GET / HTTP/1.1\r\n", b"PROXYTCP4", b"P\r\n", b"\r\n\r\nGET", b"\0"]
)
def test_other_bytes_are_no_header(first: bytes) -> None:
    with pytest.raises(NoProxyHeader):
        read(first)


def test_it_is_clear_with_the_first_byte_that_tls_is_no_header() -> None:
    with pytest.raises(NoProxyHeader):
        bytes_missing(FOLLOWING[:1])


def test_a_header_that_comes_byte_by_byte_costs_linear_time() -> None:
    def trickle(size: int) -> object:
        header = binary(bytes(size))
        head = bytearray()

        def act() -> None:
            head.clear()
            for byte in header:
                assert bytes_missing(head)
                head.append(byte)
            assert not bytes_missing(head)

        return act

    assert_linear(trickle, 4000)  # type: ignore[arg-type]  # it is an action
