"""Explains why the ``Authorization`` header of a token request contains no readable key pair."""

from __future__ import annotations

import base64
from collections.abc import Callable

HOW = "send Basic, a space, and the Base64 of AppKey, a colon and AppSecret"

_LONGEST = 16 * 1024
"""The most characters of a header that are examined."""
_QUOTES = "\"'`\u201c\u201d\u2018\u2019<{["


def explain_unreadable_pair(encoded: str) -> str:
    """A sentence about a text that should be the Base64 of a key pair and is not."""
    if len(encoded) > _LONGEST:
        return f"The Authorization header is too long for a key pair; {HOW}."
    if encoded.lower() == "basic":
        return f"The Authorization header has the scheme Basic and nothing after it; {HOW}."
    if encoded[:1] in _QUOTES or encoded[-1:] in _QUOTES:
        return f"The key pair of the Authorization header is in quotes or brackets; {HOW}."
    if encoded.lower().startswith("basic "):
        return f"The Authorization header has the scheme Basic twice; {HOW}."
    if "%" in encoded:
        return f"The Base64 of the Authorization header is percent-encoded; {HOW}, unencoded."
    if ":" in encoded:
        return f"The Authorization header has the key pair in plain text, not Base64; {HOW}."
    if any(each.isspace() for each in encoded):
        return (
            "The Base64 of the Authorization header contains a blank or line end: the command "
            f"base64 breaks lines unless it is called with -w0; {HOW}."
        )
    if ("-" in encoded or "_" in encoded) and _decode(encoded) is not None:
        return (
            "The Base64 of the Authorization header has - or _ of the alphabet for URLs; use the "
            "standard alphabet, which has + and / instead (RFC 7617)."
        )
    content = _decode(encoded)
    if content is None:
        return (
            "The Authorization header is not Base64; encode AppKey:AppSecret, with the colon, "
            "before you send it."
        )
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return (
            "The Base64 of the Authorization header contains bytes that are not UTF-8; encode "
            "AppKey:AppSecret as UTF-8 first."
        )
    if len(encoded) % 4:
        return "The Base64 of the Authorization header lacks its padding, the = at its end."
    return (
        "The Authorization header is not valid Base64: its last character has surplus bits "
        "(RFC 4648 section 3.5). Was it cut or mistyped?"
    )


def explain_missing_colon(decoded: str) -> str:
    """A sentence about a decoded header without a colon."""
    if len(decoded) <= _LONGEST:
        inner = _decode(decoded.strip())
        if inner is not None and b":" in inner:
            return f"The Authorization header is encoded in Base64 twice; {HOW}, once."
        if "%3a" in decoded.lower():
            return (
                "The colon of the decoded Authorization header is percent-encoded: the pair was "
                "encoded twice. Percent-encode AppKey and AppSecret, but not the colon."
            )
    return (
        "The decoded Authorization header has no colon; encode AppKey, a colon and AppSecret "
        "together."
    )


def has_key_pair(text: str, find: Callable[[str], object]) -> bool | None:
    """True if the text is the Base64 of a pair whose AppKey ``find`` finds, otherwise None."""
    content = _decode(text) if len(text) <= _LONGEST else None
    app_key, colon, _ = (content or b"").partition(b":")
    return True if colon and find(app_key.decode("utf-8", "replace")) is not None else None


def _decode(text: str) -> bytes | None:
    """The bytes that Base64 of either alphabet encodes, with or without padding; None if it is not
    Base64."""
    plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:  # not Base64, not ASCII
        return None
