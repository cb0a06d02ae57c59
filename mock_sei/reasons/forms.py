"""Explains a body that is not the expected form: another kind of body, or one with a wrong type."""

from __future__ import annotations

import re

_LOOKED_AT = 4096
"""How many bytes of a body are examined."""
_JSON = re.compile(rb"\s*[{\[]")
_XML = re.compile(rb"\s*<")
_SEPARATED = re.compile(rb"[;,\n]\s*(grant_type|username|password|client_id)=")
_ENCODED = re.compile(rb"[a-z_]+%3[dD]")

_KINDS = {
    "application/json": "JSON",
    "application/xml": "XML",
    "text/xml": "XML",
    "text/plain": "plain text (text/plain)",
    "application/octet-stream": "bytes of an unknown type (application/octet-stream)",
}


def explain_content(media_type: str, body: bytes) -> str:
    """The beginning of a sentence about a body whose type is not that of a form.

    It has no full stop.
    """
    lower = media_type.lower()
    if lower.startswith("multipart/"):
        return (
            "The body is multipart, which is for files (curl -F, FormData, files= of requests), "
            "instead of a form"
        )
    if not lower:
        looks = f" and looks like {_looks_like(body)}" if body else ""
        return f"The body has no Content-Type{looks}"
    kind = "JSON" if lower.endswith("+json") else _KINDS.get(lower, "something else")
    looks = _looks_like(body)
    if looks == "a form" and kind != "JSON":
        return f"The body looks like a form, but its Content-Type says {kind}"
    return f"The body is {kind} instead of a form"


def explain_form(body: bytes) -> str:
    """A sentence about a form that lacks a parameter; often empty."""
    begin = body[:_LOOKED_AT]
    if _JSON.match(begin):
        return "The body is JSON, although its Content-Type says that it is a form."
    if _XML.match(begin):
        return "The body is XML, although its Content-Type says that it is a form."
    if _SEPARATED.search(begin):
        return "The parameters are not separated by &."
    if _ENCODED.match(begin.lstrip()):
        return "The whole form is percent-encoded: encode only names and values, not = and &."
    return ""


def _looks_like(body: bytes) -> str:
    begin = body[:_LOOKED_AT]
    if _JSON.match(begin):
        return "JSON"
    if _XML.match(begin):
        return "XML"
    return "a form" if b"=" in begin else "something other than a form"
