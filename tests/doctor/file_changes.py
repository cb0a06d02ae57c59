"""Changes to a correct client setup: each causes exactly one finding about its files."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from mock_sei.doctor.loading import Loading
from tests.doctor.clients import Clients, file
from tests.doctor.key_files import java_keystore, putty_key

Change = Callable[[Clients], dict[str, object]]


def _indented(pem: bytes) -> bytes:
    return b"".join(b"    " + line for line in pem.splitlines(keepends=True))


def _rsa(clients: Clients) -> rsa.RSAPrivateKey:
    key = clients.identity.key
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _traditional(clients: Clients) -> bytes:
    return _rsa(clients).private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )


def _inconsistent(clients: Clients) -> bytes:
    """A key whose private exponent belongs to another key."""
    der = bytearray(
        _rsa(clients).private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    d = _rsa(clients).private_numbers().d
    place = bytes(der).index(d.to_bytes(256).lstrip(b"\0")[:32])
    der[place + 16] ^= 1
    body = base64.encodebytes(bytes(der))
    return b"-----BEGIN RSA PRIVATE KEY-----\n%b-----END RSA PRIVATE KEY-----\n" % body


def under_legacy_cipher(_: Clients) -> bytes:
    """A PKCS#8 key with pbeWithMD5AndDES-CBC that cannot be opened."""
    algorithm = bytes.fromhex("301b06092a864886f70d010503300e0408" + "00" * 8 + "02020800")
    data = b"\x04\x81\x88" + bytes(136)
    body = base64.encodebytes(b"\x30\x81" + bytes([len(algorithm + data)]) + algorithm + data)
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n%b-----END ENCRYPTED PRIVATE KEY-----\n" % body


def _ca(content: Callable[[Clients], bytes]) -> Change:
    return lambda clients: {"ca": file(content(clients), "ca.pem")}


def _certificate(content: Callable[[Clients], bytes]) -> Change:
    return lambda clients: {"certificate": file(content(clients))}


def _key(content: Callable[[Clients], bytes]) -> Change:
    return lambda clients: {"key": file(content(clients), "privatekey.key")}


def _refused(place: str) -> Change:
    """OpenSSL refuses one of the files for an unknown reason."""
    said = {
        "ca": Loading(was_tried=True, ca="[X509] no"),
        "certificate": Loading(was_tried=True, certificate="[SSL] no"),
        "key": Loading(was_tried=True, key="[SSL] no"),
    }
    return lambda _: {"loading": said[place]}


CHANGES: Mapping[str, Change] = {
    "ca-encoding": _ca(lambda clients: base64.b64encode(clients.authority.pem.root)),
    "ca-layout": _ca(lambda clients: _indented(clients.authority.pem.root)),
    "ca-refused": _refused("ca"),
    "ca-trust-settings": _ca(lambda clients: _trusted(clients, "1.3.6.1.5.5.7.3.2")),
    "ca-unread-by": _ca(lambda clients: b"\xef\xbb\xbf" + clients.authority.pem.root),
    "certificate-is-keystore": _certificate(lambda clients: java_keystore(clients.identity)),
    "certificate-encoding": _certificate(
        lambda clients: b"\xff\xfe" + clients.identity.certificate_pem.decode().encode("utf-16-le")
    ),
    "certificate-layout": _certificate(
        lambda clients: clients.identity.certificate_pem.replace(b"\n", b" ")
    ),
    "certificate-refused": _refused("certificate"),
    "certificate-unread-by": _certificate(
        lambda clients: clients.identity.certificate_pem.replace(b" CERT", b" X509 CERT")
    ),
    "key-is-keystore": _key(lambda clients: java_keystore(clients.identity)),
    "key-form": _key(lambda clients: putty_key(_rsa(clients))),
    "key-encoding": _key(lambda clients: clients.identity.key_pem.replace(b"\n", b"\\n")),
    "key-layout": _key(lambda clients: b'KEY="' + clients.identity.key_pem + b'"'),
    "key-label": _key(lambda clients: _traditional(clients).replace(b" RSA PRIVATE", b" PRIVATE")),
    "key-cipher": _key(under_legacy_cipher),
    "key-refused": _refused("key"),
    "key-unread-by": _key(lambda clients: b"\xef\xbb\xbf" + clients.identity.key_pem),
    "key-inconsistent": _key(_inconsistent),
}
"""One change to a sound setup for each finding. Its twin is the setup without the change."""


def _trusted(clients: Clients, use: str) -> bytes:
    """What ``openssl x509 -trustout -addtrust`` writes for one use."""
    last = int(use.rpartition(".")[2])
    settings = bytes.fromhex("300c300a06082b060105050703") + bytes([last])
    der = clients.authority.root.public_bytes(Encoding.DER) + settings
    body = base64.encodebytes(der)
    return b"-----BEGIN TRUSTED CERTIFICATE-----\n%b-----END TRUSTED CERTIFICATE-----\n" % body
