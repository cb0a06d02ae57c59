"""The forms of file that users have for a certificate or a key, right or wrong.

The doctor and the upload of certificates use the names of this table in their messages.
"""

from __future__ import annotations

from enum import StrEnum

from mock_sei.certificates.der import (
    IDENTIFIER,
    INTEGER,
    OCTETS,
    SEQUENCE,
    Element,
    find_sequence,
)


class Form(StrEnum):
    """The form of a file. The value is its name in messages."""

    EMPTY = "empty"
    PEM = "PEM"

    PKCS12 = "PKCS#12 (.pfx, .p12)"
    PKCS7 = "PKCS#7 (.p7s, .p7b)"
    DER_CERTIFICATE = "a DER certificate"
    DER_KEY = "a DER private key"
    DER_REQUEST = "a certificate signing request (CSR) in DER"
    DER_PUBLIC_KEY = "a public key in DER"
    DER_REVOCATIONS = "a revocation list (CRL) in DER"
    CUT_DER = "a DER or PKCS#12 file that was cut short"
    KEYSTORE = "a Java keystore (JKS)"
    PVK = "a private key in Microsoft's format (PVK)"
    MSBLOB = "a private key in Microsoft's format (key blob)"

    OPENSSH = "a private key in OpenSSH's own format"
    PUTTY = "a private key of PuTTY (.ppk)"
    SSH2_KEY = "a private key in the SSH2 format"
    SSH_PUBLIC = "a public key for SSH"
    WEB_KEY = "a JSON web key (JWK)"
    PGP = "an OpenPGP key or message"

    UTF_16 = "text in UTF-16, as Windows PowerShell writes it with >"
    UTF_32 = "text in UTF-32"
    BASE64 = "Base64 of a whole file"
    ESCAPED = "PEM whose line ends are the two characters \\n"
    PERCENT = "PEM that is percent-encoded, as in a URL"
    GZIP = "compressed (gzip)"
    ZIP = "a ZIP archive"
    ARCHIVE = "an archive"
    MISLABELLED = "PEM with a label that does not fit its content"
    MANIFEST = "a Kubernetes manifest with Base64 in it"

    PAGE = "a web page (HTML)"
    JSON = "JSON"
    XML = "XML"
    RICH_TEXT = "rich text (RTF)"
    MAIL = "a mail"
    TEXT = "text without a certificate or key"
    OTHER = "no certificate or key in a known format"


WRAPPINGS = frozenset(
    {
        Form.UTF_16,
        Form.UTF_32,
        Form.BASE64,
        Form.ESCAPED,
        Form.PERCENT,
        Form.GZIP,
        Form.ZIP,
        Form.ARCHIVE,
        Form.MISLABELLED,
        Form.MANIFEST,
    }
)
"""Forms that hold another file."""

DER_FORMS = frozenset(
    {
        Form.PKCS12,
        Form.PKCS7,
        Form.DER_CERTIFICATE,
        Form.DER_KEY,
        Form.DER_REQUEST,
        Form.DER_PUBLIC_KEY,
        Form.DER_REVOCATIONS,
    }
)


def form_of_der(root: Element) -> Form:
    """The form of a DER file, by its first elements only."""
    first, second, third = (*root.children[:3], None, None, None)[:3]
    if first is None:
        return Form.OTHER
    if first.tag == IDENTIFIER:
        return Form.PKCS7 if first.identifier.startswith("1.2.840.113549.1.7.") else Form.OTHER
    if first.tag == INTEGER:
        if second is None:
            return Form.OTHER
        if second.tag == SEQUENCE and first.number == 3:
            return Form.PKCS12
        if second.tag == INTEGER and len(root.children) == 2:
            return Form.DER_PUBLIC_KEY  # RSAPublicKey
        return Form.DER_KEY if second.tag in (SEQUENCE, INTEGER, OCTETS) else Form.OTHER
    if first.tag != SEQUENCE or second is None:
        return Form.OTHER
    if second.tag == OCTETS and third is None:
        return Form.DER_KEY  # EncryptedPrivateKeyInfo
    if second.tag == 0x03 and third is None:
        return Form.DER_PUBLIC_KEY
    if second.tag == SEQUENCE and third is not None and third.tag == 0x03:
        return _form_of_signed(first)
    return Form.OTHER


def _form_of_signed(content: Element) -> Form:
    """The form of signed content: certificate, CSR or revocation list (RFC 5280, RFC 2986)."""
    tags = [each.tag for each in content.children]
    if 0xA0 in tags[3:] and tags[:3] == [INTEGER, SEQUENCE, SEQUENCE] and len(tags) == 4:
        return Form.DER_REQUEST
    dates = (0x17, 0x18)
    if any(each in dates for each in tags):
        return Form.DER_REVOCATIONS
    return Form.DER_CERTIFICATE


def is_certificate(der: bytes) -> bool:
    """True if DER bytes begin with a certificate. The rest is ignored."""
    root = find_sequence(der)
    return root is not None and form_of_der(root) is Form.DER_CERTIFICATE
