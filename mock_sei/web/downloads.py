"""Files to be saved: certificates, keys, mails."""

from __future__ import annotations

from starlette.responses import Response

MEDIA_TYPES = {
    ".pem": "application/x-pem-file",
    ".crt": "application/x-pem-file",
    ".key": "application/x-pem-file",
    ".pfx": "application/x-pkcs12",
    ".p12": "application/x-pkcs12",
    ".p7s": "application/pkcs7-mime",
    ".zip": "application/zip",
    ".eml": "message/rfc822",
    ".har": "application/json",
    ".py": "text/x-python; charset=utf-8",
    ".sh": "text/x-shellscript; charset=utf-8",
}


def media_type_of(name: str) -> str:
    """The media type of a file, chosen by the ending of its name."""
    return MEDIA_TYPES[name[name.rindex(".") :]]


def attachment(name: str, content: bytes) -> Response:
    """An answer that a browser saves as ``name``.

    The media type is chosen by the ending of ``name``.
    """
    return Response(content, media_type=media_type_of(name), headers=headers_of(name))


def headers_of(name: str) -> dict[str, str]:
    """Headers of an answer that a browser saves as ``name``. Not cached, because the file may hold
    a key."""
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Pragma": "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
