"""The first flight of a TLS 1.2 server, read from bytes."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.doctor.wire import Flight, looks_like_tls, read_flight, readable_name


def sized(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width, "big") + content


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + sized(body, 3)


def records(content: bytes, size: int = 16_384) -> bytes:
    pieces = [content[i : i + size] for i in range(0, len(content), size)]
    return b"".join(b"\x16\x03\x03" + sized(piece, 2) for piece in pieces)


NAME = x509.Name(
    [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bank, \u00dcber"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Its CA"),
        x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "left out"),
    ]
).public_bytes()
CERTIFICATES = message(11, sized(sized(b"leaf", 3) + sized(b"issuer", 3), 3))
REQUEST = message(13, sized(b"\x01\x40", 1) + sized(b"\x04\x03", 2) + sized(sized(NAME, 2), 2))
DONE = message(14, b"")


@pytest.mark.parametrize("size", [16_384, 7])
def test_a_flight_that_asks_for_a_certificate(size: int) -> None:
    flight = read_flight(records(message(2, b"hello") + CERTIFICATES + REQUEST + DONE, size))
    assert flight == Flight(
        chain=(b"leaf", b"issuer"), wants_certificate=True, accepted_cas=(NAME,)
    )


def test_a_flight_that_does_not() -> None:
    flight = read_flight(records(CERTIFICATES + DONE))
    assert flight == Flight(chain=(b"leaf", b"issuer"), wants_certificate=False)


def test_an_empty_list_of_cas_is_any() -> None:
    anything = message(13, sized(b"\x01", 1) + sized(b"\x04\x03", 2) + sized(b"", 2))
    flight = read_flight(records(CERTIFICATES + anything))
    assert (flight.wants_certificate, flight.accepted_cas) == (True, ())


def test_what_is_encrypted_is_not_read() -> None:
    """TLS 1.3: only ServerHello and ChangeCipherSpec are not encrypted."""
    encrypted = b"\x14\x03\x03\x00\x01\x01" + records(CERTIFICATES)
    assert read_flight(records(message(2, b"hello")) + encrypted) == Flight()


def test_a_name_is_written_as_rfc_4514_orders_it() -> None:
    assert readable_name(NAME) == "CN=Its CA,O=Bank, \u00dcber"


def test_tls_is_told_from_other_protocols() -> None:
    assert looks_like_tls(b"\x15\x03\x01\x00\x02\x02\x28")
    for other in (b"", b"\x15", b"HTTP/1.1 400", b"220 ready"):
        assert not looks_like_tls(other)


@given(st.binary(max_size=300))
def test_nothing_a_server_sends_makes_it_fail(data: bytes) -> None:
    read_flight(data)
    read_flight(records(message(11, data) + message(13, data)))
    readable_name(data)
