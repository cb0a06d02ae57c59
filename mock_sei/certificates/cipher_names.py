"""The ciphers that encrypt private keys: their object identifiers and OpenSSL's names for them.

Source: RFC 8018 appendix A, RFC 7292 appendix C, OpenSSL's ``objects.txt``.
"""

from __future__ import annotations

from collections.abc import Mapping

_LEGACY = ("DES", "RC2", "RC4", "BF", "CAST5", "SEED", "IDEA", "RC5")
"""The first letters of ciphers that only the legacy provider of OpenSSL 3 has."""


def is_legacy(name: str) -> bool:
    """True if only the legacy provider of OpenSSL 3 has this cipher."""
    return name.startswith(_LEGACY) and not name.startswith("DES-EDE")


_AES = "2.16.840.1.101.3.4.1"
_CAMELLIA = "1.2.392.200011.61.1.1.1"
_MODES = {1: "ECB", 2: "CBC", 3: "OFB", 4: "CFB"}
CIPHERS: Mapping[str, tuple[str, int]] = {
    **{
        f"{_AES}.{start + number}": (f"AES-{bits}-{mode}", bits // 8)
        for start, bits in ((0, 128), (20, 192), (40, 256))
        for number, mode in _MODES.items()
    },
    **{
        f"{_CAMELLIA}.{number}": (f"CAMELLIA-{bits}-CBC", bits // 8)
        for number, bits in ((2, 128), (3, 192), (4, 256))
    },
    **{
        f"1.2.410.200046.1.1.{number}": (f"ARIA-{bits}-CBC", bits // 8)
        for number, bits in ((2, 128), (7, 192), (12, 256))
    },
    "1.2.840.113549.3.7": ("DES-EDE3-CBC", 24),
    "1.2.156.10197.1.104.2": ("SM4-CBC", 16),
    "1.3.14.3.2.7": ("DES-CBC", 8),
    "1.3.14.3.2.8": ("DES-OFB", 8),
    "1.3.14.3.2.9": ("DES-CFB", 8),
    "1.2.840.113549.3.2": ("RC2-CBC", 16),
    "1.2.840.113549.3.4": ("RC4", 16),
    "1.2.840.113549.3.9": ("RC5-CBC", 16),
    "1.3.6.1.4.1.3029.1.2": ("BF-CBC", 16),
    "1.2.840.113533.7.66.10": ("CAST5-CBC", 16),
    "1.2.410.200004.1.4": ("SEED-CBC", 16),
    "1.3.6.1.4.1.188.7.1.1.2": ("IDEA-CBC", 16),
}
"""The ciphers of PBES2 by object identifier, each with its name and the size of its key in
bytes."""

PBES1_LEGACY: Mapping[str, str] = {
    "1.2.840.113549.1.5.1": "pbeWithMD2AndDES-CBC",
    "1.2.840.113549.1.5.3": "pbeWithMD5AndDES-CBC",
    "1.2.840.113549.1.5.4": "pbeWithMD2AndRC2-CBC",
    "1.2.840.113549.1.5.6": "pbeWithMD5AndRC2-CBC",
    "1.2.840.113549.1.5.10": "pbeWithSHA1AndDES-CBC",
    "1.2.840.113549.1.5.11": "pbeWithSHA1AndRC2-CBC",
    "1.2.840.113549.1.12.1.1": "pbeWithSHA1And128BitRC4",
    "1.2.840.113549.1.12.1.2": "pbeWithSHA1And40BitRC4",
    "1.2.840.113549.1.12.1.5": "pbeWithSHA1And128BitRC2-CBC",
    "1.2.840.113549.1.12.1.6": "pbeWithSHA1And40BitRC2-CBC",
}
"""The encryption schemes that OpenSSL 3 can only open with its legacy provider, and their names."""

PLAIN_KEY_BAG = "1.2.840.113549.1.12.10.1.1"
"""The identifier of an unencrypted private key in a PKCS#12 file (RFC 7292 section 4.2.1)."""

PKCS12_CIPHERS: Mapping[str, tuple[str, int]] = {
    "1.2.840.113549.1.12.1.3": ("pbeWithSHA1And3-KeyTripleDES-CBC", 24),
    "1.2.840.113549.1.12.1.4": ("pbeWithSHA1And2-KeyTripleDES-CBC", 16),
}
PBES2, PBKDF2, SCRYPT = (
    "1.2.840.113549.1.5.13",
    "1.2.840.113549.1.5.12",
    "1.3.6.1.4.1.11591.4.11",
)
PRFS: Mapping[str, str] = {
    "1.2.840.113549.2.6": "md5",
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}


def encoded(identifier: str) -> bytes:
    """An object identifier in DER."""
    first, second, *rest = (int(each) for each in identifier.split("."))
    content = bytearray()
    for number in (first * 40 + second, *rest):
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | 0x80)
        content += bytes(reversed(digits))
    return bytes([0x06, len(content)]) + bytes(content)
