"""What came where a form belongs: a body of another kind, or one that is called a form."""

from __future__ import annotations

import re

_LOOKED_AT = 4096
"""Bytes of a body that are looked at."""
_JSON = re.compile(rb"\s*[{\[]")
_XML = re.compile(rb"\s*<")
_SEPARATED = re.compile(rb"[;,\n]\s*(grant_type|username|password|client_id)=")
_ENCODED = re.compile(rb"[a-z_]+%3[dD]")

_KINDS = {
    "application/json": "JSON",
    "application/xml": "XML",
    "text/xml": "XML",
    "text/plain": "plain text (text/plain)",
    "application/octet-stream": "bytes of no named type (application/octet-stream)",
}


def explain_content(media_type: str, body: bytes) -> str:
    """The beginning of a sentence about a body whose type is no form's. No dot at its end."""
    lower = media_type.lower()
    if lower.startswith("multipart/"):
        return (
            "The body came as multipart, which is for files (curl -F, FormData, files= of "
            "requests), and not as a form"
        )
    if not lower:
        looks = f" and looks like {_looks_like(body)}" if body else ""
        return f"The body came without a Content-Type{looks}"
    kind = "JSON" if lower.endswith("+json") else _KINDS.get(lower, "something else")
    looks = _looks_like(body)
    if looks == "a form" and kind != "JSON":
        return f"The body looks like a form, but its Content-Type says {kind}"
    return f"The body came as {kind}, and not as a form"


def explain_form(body: bytes) -> str:
    """A sentence about a form in which a parameter was not found; often empty."""
    begin = body[:_LOOKED_AT]
    if _JSON.match(begin):
        return "The body is JSON, although its Content-Type says that it is a form."
    if _XML.match(begin):
        return "The body is XML, although its Content-Type says that it is a form."
    if _SEPARATED.search(begin):
        return "Something else than & stands between the parameters."
    if _ENCODED.match(begin.lstrip()):
        return "The form as a whole is percent-encoded: encode names and values, not = and &."
    return ""


def _looks_like(body: bytes) -> str:
    begin = body[:_LOOKED_AT]
    if _JSON.match(begin):
        return "JSON"
    if _XML.match(begin):
        return "XML"
    return "a form" if b"=" in begin else "something else than a form"
