"""Recognition of a file's form by its bytes, never by its name.

Some files hold another file: text in UTF-16, Base64 of a file, an archive. :func:`unwrap` returns
the file inside.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import urllib.parse
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mock_sei.certificates.der import find_sequence
from mock_sei.certificates.forms import Form, form_of_der
from mock_sei.certificates.pem import BYTE_ORDER_MARK, blocks_of

DEEPEST = 4
"""So many files inside one another are unpacked. There are files that hold themselves."""
_LARGEST = 4_000_000
"""So many bytes of a compressed file are unpacked."""
_HEAD = 4096
"""The form of a text is recognised by its first bytes, so many at most."""

_MAGIC: Mapping[bytes, Form] = {
    b"\x1f\x8b": Form.GZIP,
    b"PK\x03\x04": Form.ZIP,
    b"BZh": Form.ARCHIVE,
    b"\xfd7zXZ\x00": Form.ARCHIVE,
    b"7z\xbc\xaf\x27\x1c": Form.ARCHIVE,
    b"Rar!": Form.ARCHIVE,
    b"\xfe\xed\xfe\xed": Form.KEYSTORE,
    b"\xce\xce\xce\xce": Form.KEYSTORE,
    b"\x1e\xf1\xb5\xb0": Form.PVK,
    b"\xff\xfe\x00\x00": Form.UTF_32,
    b"\x00\x00\xfe\xff": Form.UTF_32,
    b"\xff\xfe": Form.UTF_16,
    b"\xfe\xff": Form.UTF_16,
    b"PuTTY-User-Key-File-": Form.PUTTY,
    b"---- BEGIN SSH2 PUBLIC": Form.SSH_PUBLIC,
    b"---- BEGIN SSH2": Form.SSH2_KEY,
    b"-----BEGIN PGP": Form.PGP,
    b"{\\rtf": Form.RICH_TEXT,
}
"""The first bytes of files of some forms. If two begin alike, the longer one is listed first."""

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 .-]{1,40})-----")
_LOOSE_BEGIN = re.compile(
    rb"BEGIN[ \t]+[A-Z0-9 ]{0,40}(?:CERTIFICATE|KEY|PKCS|CMS|CRL)", re.IGNORECASE
)
_ANY_MARK = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----")
_ESCAPED = re.compile(rb"-----[ \t]*\\{1,4}r?n|\\{1,4}r?n[ \t]*-----END")
_BASE64_OF_BEGIN = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}={0,2}")
"""The Base64 of a text that begins with ``-----BEGIN``."""
_SSH_PUBLIC = re.compile(rb"\s*(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+) AAAA")
_MAIL = re.compile(rb"(?im)^(?:MIME-Version|Received|Message-ID):")


def form_of(content: bytes) -> Form:
    """The form of a file with these bytes. If it holds another file, that one is not examined."""
    if not content.strip(b"\0 \t\r\n\v\f") or not content.removeprefix(BYTE_ORDER_MARK).strip():
        return Form.EMPTY
    start = content.removeprefix(BYTE_ORDER_MARK).lstrip()[:_HEAD]
    for beginning, form in _MAGIC.items():
        if (start if beginning[:1].isascii() and beginning.isascii() else content).startswith(
            beginning
        ):
            return form
    if _is_wide(content):
        return Form.UTF_16
    if content[:4] == b"\x07\x02\x00\x00" and content[8:12] in (b"RSA2", b"DSS2"):
        return Form.MSBLOB
    root = find_sequence(content)
    if root is not None:
        return form_of_der(root)
    if content[:1] == b"\x30" and content[1:2] in (b"\x82", b"\x83"):
        return Form.CUT_DER
    return _form_of_text(content, start)


def _is_wide(content: bytes) -> bool:
    """True for UTF-16 without a byte order mark: every second byte of Latin text is zero."""
    head = content[:64]
    return len(head) >= 8 and (
        (not any(head[0::2]) and all(head[1::2])) or (not any(head[1::2]) and all(head[0::2]))
    )


def _form_of_text(content: bytes, start: bytes) -> Form:
    labels = [label.decode() for label in _BEGIN.findall(content)]
    if _LOOSE_BEGIN.search(content):
        if "OPENSSH PRIVATE KEY" in labels and not _has_usable(labels):
            return Form.OPENSSH
        if _ESCAPED.search(content):
            return Form.ESCAPED
        if labels and _mislabelled(content) is not None:
            return Form.MISLABELLED
        return Form.PEM
    if re.search(rb"-----BEGIN(?:%20|\+)", content):
        return Form.PERCENT
    if labels:
        return Form.PGP if labels[0].startswith("PGP") else Form.PEM
    if _ANY_MARK.search(content):
        return Form.PEM
    lowered = start.lower()
    if lowered.startswith((b"<!doctype html", b"<html")) or b"<html" in lowered:
        return Form.PAGE
    if lowered.startswith(b"<?xml") or (lowered.startswith(b"<") and b"</" in lowered):
        return Form.XML
    if _SSH_PUBLIC.match(content):
        return Form.SSH_PUBLIC
    if start[:1] in (b"{", b"["):
        found = _form_of_json(content)
        if found:
            return found
    if _decoded(content) is not None:
        return Form.BASE64
    if _BASE64_OF_BEGIN.search(content):
        return Form.MANIFEST
    if _MAIL.search(start):
        return Form.MAIL
    return Form.TEXT if _is_text(content) else Form.OTHER


def _has_usable(labels: list[str]) -> bool:
    return any(each.endswith("CERTIFICATE") or each == "PRIVATE KEY" for each in labels)


def _form_of_json(content: bytes) -> Form | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict) and ("kty" in value or "keys" in value):
        return Form.WEB_KEY
    return Form.JSON


def _is_text(content: bytes) -> bool:
    try:
        text = content[:_HEAD].decode("utf-8", "strict" if len(content) <= _HEAD else "ignore")
    except UnicodeDecodeError:
        return False
    return not any(ord(each) < 32 and not each.isspace() for each in text)


def entries_of_manifest(content: bytes) -> list[bytes]:
    """The PEM texts that are in a text as Base64, in order; one that cannot be decoded is empty."""
    decoded = []
    for found in _BASE64_OF_BEGIN.finditer(content):
        try:
            decoded.append(base64.b64decode(found.group(), validate=True))
        except binascii.Error:
            decoded.append(b"")
    return decoded


@dataclass(frozen=True, kw_only=True)
class Unwrapped:
    """A file that was inside another file."""

    content: bytes = field(repr=False)
    form: Form


def unwrap(content: bytes) -> Unwrapped | None:
    """The file inside a file of one of the :data:`WRAPPINGS`; None if it cannot be unpacked."""
    form = form_of(content)
    unwrapping = _UNWRAPPINGS.get(form)
    inner = unwrapping(content) if unwrapping else None
    if inner is None:
        return None
    return Unwrapped(content=inner, form=form_of(inner))


def _wide_text(content: bytes) -> bytes | None:
    encoding = "utf-16"
    if content[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    return _transcoded(content, encoding)


def _transcoded(content: bytes, encoding: str) -> bytes | None:
    try:
        return content.decode(encoding).encode()
    except UnicodeError:
        return None


def _decoded(content: bytes) -> bytes | None:
    """The file of a known form that a Base64 text holds, None if there is none.

    The text may have blanks and line ends.
    """
    bare = b"".join(content.removeprefix(BYTE_ORDER_MARK).split())
    if len(bare) < 40 or len(bare) > 2 * _LARGEST:
        return None
    try:
        inner = base64.b64decode(bare, validate=True)
    except binascii.Error:
        return None
    if find_sequence(inner) is not None or _LOOSE_BEGIN.search(inner):
        return inner
    return inner if inner.startswith((*_BINARY_BEGINNINGS,)) else None


_BINARY_BEGINNINGS = tuple(each for each in _MAGIC if not each.isascii() or each[:2] == b"PK")


def _unescaped(content: bytes) -> bytes:
    return re.sub(rb"\\{1,4}[nr]", b"\n", content)


def _without_percent(content: bytes) -> bytes:
    return urllib.parse.unquote_to_bytes(content.replace(b"+", b" "))


def _unpacked(content: bytes) -> bytes | None:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _LARGEST)
    except zlib.error:
        return None


def _mislabelled(content: bytes) -> bytes | None:
    """The content of a text's only block, if it is PKCS#12 or PKCS#7 with a wrong label."""
    blocks = blocks_of(content)
    root = find_sequence(blocks[0].content) if len(blocks) == 1 else None
    if root is None:
        return None
    form = form_of_der(root)
    if form is Form.PKCS12 or (form is Form.PKCS7 and blocks[0].label != "PKCS7"):
        return blocks[0].content
    return None


_UNWRAPPINGS: Mapping[Form, Callable[[bytes], bytes | None]] = {
    Form.UTF_16: _wide_text,
    Form.UTF_32: lambda content: _transcoded(content, "utf-32"),
    Form.BASE64: _decoded,
    Form.ESCAPED: _unescaped,
    Form.PERCENT: _without_percent,
    Form.GZIP: _unpacked,
    Form.MISLABELLED: _mislabelled,
}
