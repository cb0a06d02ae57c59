"""The encryption of a private key: its cipher, whether OpenSSL 3 can open it, and its decryption.

This module decrypts, and not a library, to distinguish a wrong passphrase from a damaged file: that
needs the first decrypted bytes. Source: RFC 8018 (PBES1, PBES2), RFC 7292 appendix B (PKCS#12), RFC
1421 (``DEK-Info``), OpenSSL's EVP_BytesToKey(3).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers import algorithms as decrepit
from cryptography.hazmat.primitives.ciphers import (
    BlockCipherAlgorithm,
    Cipher,
    algorithms,
    modes,
)
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from mock_sei.certificates.cipher_names import (
    CIPHERS,
    PBES1_LEGACY,
    PBES2,
    PBKDF2,
    PKCS12_CIPHERS,
    PLAIN_KEY_BAG,
    PRFS,
    SCRYPT,
    encoded,
    is_legacy,
)
from mock_sei.certificates.der import (
    INTEGER,
    OCTETS,
    SEQUENCE,
    Element,
    find_sequence,
)
from mock_sei.certificates.pem import Block

MOST_ITERATIONS = 5_000_000
"""A key derivation may have so many rounds (OpenSSL writes 2,048). With more, any client would need
seconds to open the key."""
_LONGEST_NAME = 40
"""So many characters are read of a cipher's name in a header."""
MOST_SCRYPT_MEMORY = 32 * 1024 * 1024
"""The memory in bytes that OpenSSL allows for scrypt."""

Derive = Callable[[bytes], tuple[bytes, bytes]]
"""A function that makes a key and an initialization vector from a passphrase."""


class Opened(StrEnum):
    """The result of a decryption."""

    PLAIN = "decrypted"
    WRONG_PASSPHRASE = "the passphrase is wrong"
    UNKNOWN = "unknown: this cipher cannot be decrypted here"


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """How a private key is encrypted."""

    name: str
    """OpenSSL's name of the cipher."""
    is_legacy: bool = False
    """True if OpenSSL 3 can open it only with its legacy provider."""
    iterations: int = 1
    is_known: bool = True
    """False for a cipher that is unknown here, and probably unknown to OpenSSL."""
    is_damaged: bool = False
    """True if its parameters cannot be read."""
    content: bytes = field(default=b"", repr=False)
    derive: Derive | None = field(default=None, repr=False)
    algorithm: str = ""
    """A key of :data:`_BLOCK_CIPHERS`; empty if the cipher cannot be decrypted here."""
    mode: str = "CBC"

    @property
    def is_too_slow(self) -> bool:
        """True if its key derivation has so many rounds that it would take seconds."""
        return self.iterations > MOST_ITERATIONS

    def open(self, passphrase: bytes) -> tuple[Opened, bytes]:
        """Decrypts the key: the result, and the key in DER, which may still be damaged."""
        if self.derive is None or self.algorithm not in _BLOCK_CIPHERS or self.is_too_slow:
            return Opened.UNKNOWN, b""
        try:
            plain = self._decrypted(passphrase)
        except (ValueError, UnsupportedAlgorithm, MemoryError):
            return Opened.UNKNOWN, b""
        if not _begins_a_key(plain):
            return Opened.WRONG_PASSPHRASE, b""
        return Opened.PLAIN, plain

    def _decrypted(self, passphrase: bytes) -> bytes:
        key, vector = self.derive(passphrase) if self.derive else (b"", b"")
        algorithm = _BLOCK_CIPHERS[self.algorithm](key)
        mode = modes.ECB() if self.mode == "ECB" else modes.CBC(vector)  # noqa: S305  # nosec B305
        size = algorithm.block_size // 8
        whole = self.content[: len(self.content) // size * size]
        decryptor = Cipher(algorithm, mode).decryptor()
        return decryptor.update(whole) + decryptor.finalize()


_BLOCK_CIPHERS: Mapping[str, Callable[[bytes], BlockCipherAlgorithm]] = {
    "AES": algorithms.AES,
    "DES-EDE3": decrepit.TripleDES,
    # Its module depends on the library's version
    "CAMELLIA": getattr(decrepit, "Camellia", None) or algorithms.Camellia,
    "SM4": algorithms.SM4,
}


def find_legacy_cipher(pkcs12: bytes) -> str | None:
    """The first cipher in a PKCS#12 file that needs OpenSSL 3's legacy provider, None if there is
    none.

    The names of the ciphers are not encrypted, so a search for their bytes finds them.
    """
    for identifier, name in PBES1_LEGACY.items():
        if encoded(identifier) in pkcs12:
            return name
    return None


def is_without_encryption(pkcs12: bytes) -> bool:
    """True if a PKCS#12 file has an unencrypted key, which Java cannot read."""
    return encoded(PLAIN_KEY_BAG) in pkcs12


def find_encryption(block: Block) -> Encryption | None:
    """The encryption of a private key's PEM block, None if it is not encrypted."""
    if "ENCRYPTED" in block.headers:
        return _of_headers(block)
    root = find_sequence(block.content)
    if root is None:
        damaged = block.label == "ENCRYPTED PRIVATE KEY"
        return Encryption(name="an unknown cipher", is_damaged=True) if damaged else None
    return _of_pkcs8(root)


def _of_pkcs8(root: Element) -> Encryption | None:
    """The encryption that an EncryptedPrivateKeyInfo describes (RFC 5958 section 3)."""
    method, content = root.child(0, SEQUENCE), root.child(1, OCTETS)
    if method is None or not method.children:
        return None
    identifier = method.children[0].identifier
    parameters = method.child(1, SEQUENCE)
    data = content.content if content else b""
    if identifier == PBES2 and parameters is not None:
        return _of_pbes2(parameters, data)
    if identifier in PBES1_LEGACY:
        return Encryption(name=PBES1_LEGACY[identifier], is_legacy=True, is_damaged=not data)
    if identifier in PKCS12_CIPHERS and parameters is not None:
        return _of_pkcs12(identifier, parameters, data)
    name = f"the algorithm {identifier or 'of no name'}"
    return Encryption(name=name, is_known=False, is_damaged=not data)


def _of_pbes2(parameters: Element, data: bytes) -> Encryption:
    derivation, scheme = parameters.child(0, SEQUENCE), parameters.child(1, SEQUENCE)
    if derivation is None or scheme is None or not derivation.children or not scheme.children:
        return Encryption(name="PBES2", is_damaged=True)
    identifier = scheme.children[0].identifier
    name, size = CIPHERS.get(identifier, (f"the cipher {identifier}", 0))
    vector = scheme.child(1, OCTETS)
    iterations, key_of = _derivation(derivation, size)
    initial = vector.content if vector else b""

    return Encryption(
        name=name,
        is_legacy=is_legacy(name),
        iterations=iterations,
        is_known=size > 0,
        is_damaged=not data,
        content=data,
        derive=(lambda passphrase: (key_of(passphrase), initial)) if key_of else None,
        algorithm=_algorithm(name),
        mode=name.rpartition("-")[2],
    )


def _derivation(derivation: Element, size: int) -> tuple[int, Callable[[bytes], bytes] | None]:
    parameters = derivation.child(1, SEQUENCE)
    kind = derivation.children[0].identifier
    salt = parameters.child(0, OCTETS) if parameters else None
    if parameters is None or salt is None:
        return 1, None
    numbers = [each.number for each in parameters.children if each.tag == INTEGER]
    if kind == SCRYPT and len(numbers) >= 3:
        cost, blocks, lanes = numbers[:3]
        if min(cost, blocks, lanes) < 1 or 128 * cost * blocks > MOST_SCRYPT_MEMORY:
            return 1, None
        if cost * blocks * lanes > MOST_ITERATIONS:
            return cost * blocks * lanes, None
        return 1, lambda passphrase: Scrypt(
            salt=salt.content, length=size, n=cost, r=blocks, p=lanes
        ).derive(passphrase)
    if kind != PBKDF2 or not numbers or numbers[0] < 1:
        return 1, None
    prfs = [each for each in parameters.children if each.tag == SEQUENCE and each.children]
    prf = PRFS.get(prfs[0].children[0].identifier) if prfs else "sha1"
    if prf is None:
        return numbers[0], None
    return numbers[0], lambda passphrase: hashlib.pbkdf2_hmac(
        prf, passphrase, salt.content, numbers[0], size
    )


def _of_pkcs12(identifier: str, parameters: Element, data: bytes) -> Encryption:
    name, size = PKCS12_CIPHERS[identifier]
    salt, count = parameters.child(0, OCTETS), parameters.child(1, INTEGER)
    if salt is None or count is None or count.number < 1:
        return Encryption(name=name, is_damaged=True)
    iterations = count.number

    def derive(passphrase: bytes) -> tuple[bytes, bytes]:
        text = passphrase.decode("utf-8", "surrogateescape") + "\0"
        words = text.encode("utf-16-be", "surrogatepass")
        key = _pkcs12_bytes(1, words, salt.content, iterations, size)
        vector = _pkcs12_bytes(2, words, salt.content, iterations, 8)
        return key + key[:8] if size == 16 else key, vector

    return Encryption(
        name=name,
        iterations=iterations,
        is_damaged=not data,
        content=data,
        derive=derive,
        algorithm="DES-EDE3",
    )


def _pkcs12_bytes(purpose: int, words: bytes, salt: bytes, iterations: int, size: int) -> bytes:
    """The key derivation of RFC 7292 appendix B.2, with SHA-1."""
    width = 64
    start = bytes([purpose]) * width
    text = _repeated(salt, width) + _repeated(words, width)
    made = b""
    while len(made) < size:
        digest = start + text
        for _ in range(iterations):
            digest = hashlib.sha1(digest).digest()  # noqa: S324  # nosec B324  # the file's choice
        made += digest
        added = int.from_bytes(_repeated(digest, width)[:width]) + 1
        blocks = [text[each : each + width] for each in range(0, len(text), width)]
        text = b"".join(
            ((int.from_bytes(each) + added) % (1 << 8 * width)).to_bytes(width) for each in blocks
        )
    return made[:size]


def _repeated(text: bytes, width: int) -> bytes:
    """A text, repeated up to the next multiple of ``width``. An empty text stays empty."""
    length = -(-len(text) // width) * width
    return (text * (length // len(text) + 1))[:length] if text else b""


def _of_headers(block: Block) -> Encryption:
    """The encryption that the header ``DEK-Info`` names. Its initialization vector is the salt."""
    named = block.cipher_and_salt
    if named is None:
        return Encryption(name="a cipher that no DEK-Info header names", is_damaged=True)
    name, salt = re.sub(r"[^A-Za-z0-9-]", "?", named[0][:_LONGEST_NAME]), named[1]
    try:
        vector = bytes.fromhex(salt)
    except ValueError:
        return Encryption(name=name, is_damaged=True)
    size = dict(CIPHERS.values()).get(name, 0)
    algorithm = _algorithm(name)
    wanted = {"DES-EDE3": 8}.get(algorithm, 16) if algorithm else len(vector)
    if len(vector) != wanted:
        return Encryption(name=name, is_damaged=True)

    def derive(passphrase: bytes) -> tuple[bytes, bytes]:
        made = last = b""
        while len(made) < size:
            last = hashlib.md5(last + passphrase + vector[:8]).digest()  # noqa: S324  # nosec B324  # the file's choice
            made += last
        return made[:size], vector

    return Encryption(
        name=name,
        is_legacy=is_legacy(name),
        is_known=size > 0,
        content=block.content,
        derive=derive if size else None,
        algorithm=algorithm,
        mode=name.rpartition("-")[2],
    )


def _algorithm(name: str) -> str:
    """The key of a cipher in :data:`_BLOCK_CIPHERS`, empty if its mode is not supported here."""
    if not name.endswith(("-CBC", "-ECB")):
        return ""
    return next((each for each in _BLOCK_CIPHERS if name.startswith(each)), "")


def _begins_a_key(plain: bytes) -> bool:
    """True if the bytes begin a SEQUENCE that is as long as all of them.

    With a wrong passphrase the bytes are random, and one in millions begins like that.
    """
    if len(plain) < 2 or plain[0] != SEQUENCE:
        return False
    size, head = plain[1], 2
    if size & 0x80:
        head += size & 0x7F
        size = int.from_bytes(plain[2:head])
    return head <= 6 and 0 < len(plain) - head - size <= 16
