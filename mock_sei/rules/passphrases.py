"""The passphrase of an encrypted certificate file: its default, and the warning about an empty one.

An empty passphrase is allowed: the vendor's instructions for Mac and Windows do not say whether an
export has a password. If no passphrase is given at all, it is :data:`DEFAULT_PASSPHRASE`.
"""

from __future__ import annotations

DEFAULT_PASSPHRASE = "mock-sei"

ENCRYPTED_FORMATS = ("pfx", "p12")
"""Formats whose files are encrypted with the passphrase. Files of other formats are not."""

UNPROTECTED = (
    "The .pfx or .p12 file has an empty passphrase: anybody can read its private key. Importers "
    "that get no password at all find no certificate with a key in it: Java with null or an "
    "empty javax.net.ssl.keyStorePassword, node-forge with undefined, certtool --null-password. "
    "Give them the empty text as the password (keytool -srcstorepass '')."
)


def find_warning(format_name: str | None, passphrase: str) -> str | None:
    """The warning about a file with an empty passphrase, None if there is nothing to warn of."""
    return UNPROTECTED if format_name in ENCRYPTED_FORMATS and not passphrase else None
