"""Reads the private key in a file that OpenSSL would read, and tells why it cannot be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from mock_sei.certificates.ciphers import Encryption, Opened, find_encryption
from mock_sei.certificates.der import INTEGER, OCTETS, SEQUENCE, find_sequence
from mock_sei.certificates.pem import Block, PemMistake, read_pem

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)

_BEGIN = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----")

LARGEST_CHECKED = 4096
"""Largest RSA key, in bits, whose numbers are checked; a larger one would take seconds."""


class KeyState(StrEnum):
    """How far a private key could be read."""

    ABSENT = "absent"
    READ = "read"
    LOCKED = "locked"
    """The key is encrypted, and no passphrase was given."""
    WRONG_PASSPHRASE = "wrong passphrase"
    LEGACY_CIPHER = "legacy cipher"
    """The key is encrypted in a way that OpenSSL 3 opens only with its legacy provider."""
    TOO_SLOW = "too slow"
    """The key is encrypted with so many iterations that opening it takes too long."""
    UNKNOWN_CIPHER = "unknown cipher"
    """The key is encrypted with a cipher that OpenSSL may know, but that is not read here."""
    MISLABELLED = "mislabelled"
    """The BEGIN line names another format than the content has."""
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True)
class KeyReading:
    """The result of reading a file's private key."""

    state: KeyState
    key: object = field(default=None, repr=False)
    """The key as an object of ``cryptography``; None if it could not be read."""
    encryption: Encryption | None = None
    label: str = ""

    @property
    def is_encrypted(self) -> bool:
        return self.encryption is not None


def has_key(content: bytes) -> bool:
    """Whether the content has the BEGIN line of a private key, even with wrong line breaks."""
    return _BEGIN.search(content) is not None


def read_key(content: bytes, passphrase: str | None) -> KeyReading:
    """The key that OpenSSL uses: the first readable one, before any content that stops OpenSSL."""
    first: KeyReading | None = None
    for each in read_pem(content):
        if isinstance(each, PemMistake):
            break
        if not each.is_key:
            continue
        reading = _read_block(each, passphrase)
        if reading.state is not KeyState.DAMAGED or reading.is_encrypted:
            return reading
        first = first or reading
    return first or KeyReading(state=KeyState.ABSENT)


def _read_block(block: Block, passphrase: str | None) -> KeyReading:
    encryption = find_encryption(block)
    if encryption is None:
        return _of_plain(block)

    def reading(state: KeyState, key: object = None) -> KeyReading:
        return KeyReading(state=state, key=key, encryption=encryption, label=block.label)

    if encryption.is_damaged:
        return reading(KeyState.DAMAGED)
    if encryption.is_legacy:
        return reading(KeyState.LEGACY_CIPHER)
    if encryption.is_too_slow:
        return reading(KeyState.TOO_SLOW)
    if not passphrase:
        return reading(KeyState.LOCKED)
    opened, plain = encryption.open(passphrase.encode(errors="surrogateescape"))
    if opened is Opened.WRONG_PASSPHRASE:
        return reading(KeyState.WRONG_PASSPHRASE)
    if opened is Opened.UNKNOWN:
        return reading(KeyState.UNKNOWN_CIPHER)
    key = _loaded(plain)
    return reading(KeyState.DAMAGED if key is None else KeyState.READ, key)


def _of_plain(block: Block) -> KeyReading:
    root = find_sequence(block.content)
    if root is None:
        return KeyReading(state=KeyState.DAMAGED, label=block.label)
    key = _loaded(root.raw)
    if key is None:
        return KeyReading(state=KeyState.DAMAGED, label=block.label)
    tags = tuple(each.tag for each in root.children[:3])
    if block.label == "PRIVATE KEY" and tags != (INTEGER, SEQUENCE, OCTETS):
        return KeyReading(state=KeyState.MISLABELLED, key=key, label=block.label)
    return KeyReading(state=KeyState.READ, key=key, label=block.label)


def _loaded(der: bytes) -> object:
    root = find_sequence(der)
    if root is None:
        return None
    try:
        return load_der_private_key(root.raw, None, unsafe_skip_rsa_key_validation=True)
    except _UNREADABLE:
        return None


def is_consistent(key: object) -> bool:
    """False for an RSA key whose numbers are inconsistent, because one of them was damaged."""
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size > LARGEST_CHECKED:
        return True
    numbers = key.private_numbers()
    p, q, d = numbers.p, numbers.q, numbers.d
    return _signs_by_primes(numbers) and numbers.dmp1 == d % (p - 1) and numbers.dmq1 == d % (q - 1)


def can_sign(key: object) -> bool:
    """False for an RSA key that is so damaged that OpenSSL cannot sign with it.

    OpenSSL signs with the primes and verifies the signature. If it is wrong, OpenSSL signs with the
    private exponent.
    """
    if not isinstance(key, rsa.RSAPrivateKey) or is_consistent(key):
        return True
    numbers = key.private_numbers()
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    any_text = 2
    signs = (
        n > any_text
        and max(numbers.d, e) < n
        and pow(pow(any_text, numbers.d, n), e, n) == any_text
    )
    return signs or _signs_by_primes(numbers)


def _signs_by_primes(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Whether signing with the primes gives a correct signature (RFC 8017 section 3.2)."""
    p, q, e = numbers.p, numbers.q, numbers.public_numbers.e
    return (
        p * q == numbers.public_numbers.n
        and p > 1
        and q > 1
        and e * numbers.dmp1 % (p - 1) == 1
        and e * numbers.dmq1 % (q - 1) == 1
        and numbers.iqmp * q % p == 1
    )
