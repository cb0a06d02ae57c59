"""Tests whether OpenSSL would accept a certificate of a client's own CA, before it is registered.

``cryptography`` reads some certificates that OpenSSL cannot read, and OpenSSL refuses some that it
can read. So the certificate is sent to a listener's context in a TLS 1.2 handshake, as a client
would send it, with and without the CAs above it. In TLS 1.2 the client's certificate is not
encrypted (RFC 5246 section 7.4.6), and OpenSSL checks it before the client must prove that it has
the key. So no private key is needed.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from mock_sei.certificates.accounts import Trusted
from mock_sei.certificates.authority import Authority
from mock_sei.certificates.bundles import Identity
from mock_sei.rules import machine
from mock_sei.runtime.contexts import PlainContext
from mock_sei.runtime.tls import NO_CHECK_TIME, TLS_1_2_SUITES, load_identity, trust_clients
from mock_sei.values.cached import cached_property

_HANDSHAKE, _CLIENT_HELLO, _CERTIFICATE = 22, 1, 11
_TLS_1_2 = b"\x03\x03"
_SUITES = b"\xc0\x2b\xc0\x2c\xcc\xa9"
"""The numbers of :data:`~mock_sei.runtime.tls.TLS_1_2_SUITES`."""
_EXTENSIONS = (
    b"\x00\x0a\x00\x08\x00\x06\x00\x17\x00\x18\x00\x19"  # P-256, P-384, P-521
    b"\x00\x0d\x00\x08\x00\x06\x04\x03\x05\x03\x06\x03"  # ECDSA with SHA-256, 384, 512
)
_LARGEST_RECORD = 2**14
_END = "-----END CERTIFICATE-----\n"


class Trial:
    """Tests certificates, each with a TLS context of its own."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    @cached_property
    def _identity(self) -> Identity:
        return self._authority.issue_server(["localhost"], now=machine.now())

    def find_problem(self, chain_pem: str) -> str | None:
        """Why OpenSSL would never accept this certificate; None if it would. Dates do not matter.

        ``chain_pem`` begins with the client's own certificate; further ones are sent with it.
        """
        try:
            return self.find_refusal(chain_pem)
        except OSError as error:  # no more files or memory
            return f"it cannot be tested at this moment ({error}); submit it again"

    def find_refusal(self, chain_pem: str) -> str | None:
        """Like :meth:`find_problem`, but raises ``OSError`` if the test cannot be done now."""
        try:
            self._try(chain_pem)
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
        except ssl.SSLError as error:
            return (error.reason or "OpenSSL cannot read it").replace("_", " ").lower()
        return None

    def _try(self, chain_pem: str) -> None:
        """Sends the certificate in a handshake. Raises ``ssl.SSLError`` if OpenSSL refuses it."""
        own_pem, *above = (f"{each}{_END}" for each in chain_pem.split(_END)[:-1])
        context = PlainContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(TLS_1_2_SUITES)
        load_identity(context, self._identity)
        context.verify_flags |= NO_CHECK_TIME
        trust_clients(context, b"", Trusted(own_pem.encode(), b""))
        _show(context, [ssl.PEM_cert_to_DER_cert(each) for each in (own_pem, *above)])


def _show(context: ssl.SSLContext, chain: Sequence[bytes]) -> None:
    """Sends the chain to the context. Raises ``ssl.SSLError`` if OpenSSL refuses it."""
    incoming = ssl.MemoryBIO()
    server = context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    hello = _TLS_1_2 + bytes(32) + _vector(b"", 1) + _vector(_SUITES, 2) + _vector(b"\x00", 1)
    _say(server, incoming, _CLIENT_HELLO, hello + _vector(_EXTENSIONS, 2))
    _say(server, incoming, _CERTIFICATE, _vector(b"".join(_vector(each, 3) for each in chain), 3))


def _say(server: ssl.SSLObject, incoming: ssl.MemoryBIO, kind: int, body: bytes) -> None:
    message = bytes([kind]) + _vector(body, 3)
    for start in range(0, len(message), _LARGEST_RECORD):
        piece = message[start : start + _LARGEST_RECORD]
        incoming.write(bytes([_HANDSHAKE]) + _TLS_1_2 + _vector(piece, 2))
    try:
        server.do_handshake()
    except ssl.SSLWantReadError:
        return  # OpenSSL waits for the next message, so it accepted the others


def _vector(content: bytes, width: int) -> bytes:
    return len(content).to_bytes(width, "big") + content
