"""The passphrase of an encrypted certificate file: the usual one, and what an empty one means.

An empty passphrase is a choice (the vendor's instructions for Mac and Windows leave it open whether
an export has a password) and differs from none given, which is :data:`DEFAULT_PASSPHRASE`.
"""

from __future__ import annotations

DEFAULT_PASSPHRASE = "mock-sei"

ENCRYPTED_FORMATS = ("pfx", "p12")
"""Formats whose files are encrypted with the passphrase. The others have none."""

UNPROTECTED = (
    "The .pfx or .p12 file has an empty passphrase: anybody can read its private key. Importers "
    "that are given no password at all find no certificate with a key in it: Java with null or an "
    "empty javax.net.ssl.keyStorePassword, node-forge with undefined, certtool --null-password. "
    "Give them the empty text as the password (keytool -srcstorepass '')."
)


def find_warning(format_name: str | None, passphrase: str) -> str | None:
    """What to know of a file in this format with this passphrase, None where there is nothing."""
    return UNPROTECTED if format_name in ENCRYPTED_FORMATS and not passphrase else None
