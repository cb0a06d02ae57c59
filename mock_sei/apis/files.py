"""The smallest valid file of each media type, for answers that are files."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping


def _png() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content).to_bytes(4)
        return len(content).to_bytes(4) + kind + content + check

    head = (1).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    data = zlib.compress(bytes([0, 128]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _jpeg() -> bytes:
    """A JPEG of one grey pixel.

    Each of its two Huffman tables (ITU-T T.81) has one code of one bit.
    """

    def segment(kind: int, content: bytes) -> bytes:
        return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2) + content

    code = bytes([1, *[0] * 15, 0])
    return (
        b"\xff\xd8"
        + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
        + segment(0xDB, bytes([0, *[1] * 64]))
        + segment(0xC0, bytes([8, 0, 1, 0, 1, 1, 1, 0x11, 0]))
        + segment(0xC4, b"\0" + code)
        + segment(0xC4, b"\x10" + code)
        + segment(0xDA, bytes([1, 1, 0, 0, 63, 0]))
        + b"\x3f\xff\xd9"
    )


def _bmp() -> bytes:
    """A BMP of one grey pixel."""
    head = b"".join(each.to_bytes(4, "little") for each in (58, 0, 54, 40, 1, 1))
    rest = b"\1\0\x18\0" + bytes(24)
    return b"BM" + head + rest + b"\x80\x80\x80\0"


def _pdf() -> bytes:
    """A PDF of one empty page."""
    parts = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    )
    text, places = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(text))
        text += f"{number} 0 obj{part}endobj\n"
    table = "".join(f"{each:010} 00000 n \n" for each in places)
    return (
        f"{text}xref\n0 4\n0000000000 65535 f \n{table}"
        f"trailer<</Size 4/Root 1 0 R>>\nstartxref\n{len(text)}\n%%EOF\n"
    ).encode()


_ZIP = b"PK\x05\x06" + bytes(18)
_GZIP = gzip.compress(b"", mtime=0)

FILES: Mapping[str, bytes] = {
    "image/png": _png(),
    "image/jpeg": _jpeg(),
    "image/jpg": _jpeg(),
    "image/gif": (
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x80\x80\x80\xff\xff\xff,"
        b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    ),
    "image/bmp": _bmp(),
    "image/svg+xml": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
    "application/pdf": _pdf(),
    "application/zip": _ZIP,
    "application/x-zip-compressed": _ZIP,
    "application/gzip": _GZIP,
    "application/x-gzip": _GZIP,
}
"""A valid file for each media type."""
