"""Creates keys in the formats of Java and PuTTY, because their programs take seconds to start."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.cipher_names import encoded

STORE_PASSPHRASE = "mock-sei"
_KEY, _TRUSTED = 1, 2
JKS, JCEKS = 0xFEEDFEED, 0xCECECECE


def java_keystore(
    identity: Identity | None, trusted: x509.Certificate | None = None, *, magic: int = JKS
) -> bytes:
    """The form of Java's ``sun.security.provider.JavaKeyStore``, with one entry."""
    if identity is not None:
        entry = struct.pack(">I", _KEY) + _text("svc-demo") + struct.pack(">Q", 0)
        entry += _sized(_protected(_pkcs8(identity)))
        entry += struct.pack(">I", 1) + _certificate(identity.certificate)
    else:
        assert trusted is not None
        entry = struct.pack(">I", _TRUSTED) + _text("ca") + struct.pack(">Q", 0)
        entry += _certificate(trusted)
    content = struct.pack(">III", magic, 2, 1) + entry
    seal = _sha1(_wide() + b"Mighty Aphrodite" + content)
    return content + seal


def _sha1(content: bytes) -> bytes:
    return hashlib.sha1(content).digest()  # noqa: S324  # both forms are old


def _wide() -> bytes:
    return STORE_PASSPHRASE.encode("utf-16-be")


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _sized(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _certificate(certificate: x509.Certificate) -> bytes:
    return _text("X.509") + _sized(certificate.public_bytes(Encoding.DER))


def _pkcs8(identity: Identity) -> bytes:
    return identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _protected(plain: bytes) -> bytes:
    """EncryptedPrivateKeyInfo by Sun's KeyProtector: exclusive or with a chain of digests."""
    salt = bytes(range(20))
    stream, last = b"", salt
    while len(stream) < len(plain):
        last = _sha1(_wide() + last)
        stream += last
    mixed = bytes(a ^ b for a, b in zip(plain, stream, strict=False))
    content = salt + mixed + _sha1(_wide() + plain)
    algorithm = tlv(0x30, identifier("1.3.6.1.4.1.42.2.17.1.1") + b"\x05\x00")
    return tlv(0x30, algorithm + tlv(0x04, content))


def identifier(dotted: str) -> bytes:
    """An object identifier in DER."""
    return encoded(dotted)


def tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def putty_key(key: rsa.RSAPrivateKey) -> bytes:
    """A ``.ppk`` of version 2, not encrypted."""
    numbers = key.private_numbers()
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    public = base64.b64decode(line.split()[1])
    private = b"".join(_number(each) for each in (numbers.d, numbers.p, numbers.q, numbers.iqmp))
    parts = (b"ssh-rsa", b"none", b"svc-demo", public, private)
    secret = _sha1(b"putty-private-key-file-mac-key")
    seal = hmac.new(secret, b"".join(map(_sized, parts)), "sha1").hexdigest()
    lines = ["PuTTY-User-Key-File-2: ssh-rsa", "Encryption: none", "Comment: svc-demo"]
    for name, content in (("Public", public), ("Private", private)):
        text = base64.b64encode(content).decode()
        rows = [text[start : start + 64] for start in range(0, len(text), 64)]
        lines += [f"{name}-Lines: {len(rows)}", *rows]
    return "\n".join([*lines, f"Private-MAC: {seal}", ""]).encode()


def _number(number: int) -> bytes:
    """RFC 4251 section 5, mpint."""
    return _sized(number.to_bytes(number.bit_length() // 8 + 1))
