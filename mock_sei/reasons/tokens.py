"""Explains what is wrong with an ``Authorization`` header that contains no good access token.

Each sentence says what to do. None of them repeats a token or a part of one.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace

from mock_sei.errors import Explanation
from mock_sei.reasons.values import find_difference

HOW = "send Authorization: Bearer, a space and the access token"
TOKEN_TYPE = "bearertoken"
"""The token type in token responses, in lower case. It is not a valid scheme."""

_BY_LIBRARIES = (
    " OAuth libraries that do not know the token_type BearerToken put it there; docs/clients.md "
    "has the cure."
)
_LONGEST = 16 * 1024
"""The most characters of a header that are examined."""
_JWT = re.compile(r"eyJ[\w-]*+\.[\w-]++\.[\w-]++")
_TOKEN = re.compile(rf"{_JWT.pattern}|ZXlK[\w-]{{100,}}+")
"""An access token in either of its formats. The Base64 of a JWT begins with ``ZXlK``."""
_MARKS = "\"'`\u201c\u201d\u201e\u2018\u2019<{[("
_NOTHING = {
    "null": "null of JSON or Java",
    "undefined": "undefined of JavaScript",
    "none": "None of Python",
    "nil": "nil of Go or Ruby",
    "nan": "NaN of JavaScript",
    "false": "false",
    "true": "true",
    "(null)": "null of C or Objective-C",
    "<nil>": "nil of Go",
    "[object object]": "an object of JavaScript that was turned into text",
    "[object promise]": "a Promise of JavaScript that was not awaited",
}
"""How programs print a variable that has no token, in lower case."""
_OBJECT = re.compile(r"<[\w.]+ (object|coroutine|function)\b|<(coroutine|function|bound method)\b")
_PLACEHOLDER = re.compile(
    r"\$\{?\w{1,60}\}?|\{\{?[\w. -]{1,60}\}?\}|%\w{1,60}%|<[\w -]{1,60}>|\[[\w -]{1,60}\]"
    r"|(?:your|my|the)?[_-]?(?:access)?[_-]?token(?:[_-]?here)?|x{3,}|\.{3}",
    re.IGNORECASE,
)

WhatIs = Callable[[str], str | None]
"""What another value of the platform is, such as ``a refresh token``; None if the text is
unknown."""


def explain_no_token(header: str | None, elsewhere: str | None) -> str:
    """Why no bearer token was found. ``header`` is None if the request has no such header.

    ``elsewhere`` is the place where a token was sent instead, such as ``the query string``.
    """
    if not header:
        return _explain_no_header("no" if header is None else "an empty", elsewhere)
    scheme, _, rest = header.partition(" ")
    named = scheme.lower()
    if named == TOKEN_TYPE:
        return (
            "The Authorization header has the scheme BearerToken: the client sent back the "
            "token_type of the token response. The scheme is Bearer; docs/clients.md says how to "
            "teach it to an OAuth library."
        )
    if named == "bearer":
        return (
            "The Authorization header has the scheme Bearer and no token after it: the client's "
            f"variable was empty; {HOW}."
        )
    if header[:1] in _MARKS:
        return f"The whole Authorization header is in quotes or brackets; {HOW}."
    if _TOKEN.fullmatch(header):
        return f"The Authorization header has the access token without the scheme; {HOW}."
    if named.rstrip(":=,") == "bearer" or re.match(r"bearer\W", named):
        return f"The scheme Bearer is not followed by exactly one space; {HOW}."
    if named.rstrip(":=") == "authorization":
        return f"The value of the Authorization header begins with the header's name; {HOW}."
    if named == "basic":
        return (
            "The Authorization header has a key pair (Basic), which only the token endpoint "
            f"accepts; get a token there, and {HOW}."
        )
    if rest:
        return f"The scheme of the Authorization header is not Bearer; {HOW}."
    return f"The Authorization header has one word without a scheme before it; {HOW}."


def _explain_no_header(which: str, elsewhere: str | None) -> str:
    if elsewhere is None and which == "no":
        return f"The request has no access token; {HOW}."
    if elsewhere is None:
        return f"The request has {which} Authorization header; {HOW}."
    cause = _BY_LIBRARIES if "query" in elsewhere else ""
    return (
        f"The request has {which} Authorization header. A token is in {elsewhere}, where the "
        f"platform does not look for it; {HOW}.{cause}"
    )


def shown_scheme(header: str) -> str | None:
    """The wrong scheme of a header; None if the first word may be a secret."""
    scheme, blank, rest = header.partition(" ")
    is_word = bool(blank and rest) and scheme.isalpha()
    return scheme if is_word and scheme.lower() != "bearer" else None


def explain_bad_token(token: str, why: Explanation, what_is: WhatIs) -> Explanation:
    """Why a token was refused: ``why``, or what the text is instead of a token."""
    if len(token) > _LONGEST:
        return why
    because = _explain(token.strip(), what_is)
    if because is not None:
        return Explanation(check=why.check, because=because)
    return replace(why, because=f"{why.because}{_describe(token)}")


def _explain(word: str, what_is: WhatIs) -> str | None:
    nothing = _NOTHING.get(word.strip("\"'").lower())
    if nothing is not None:
        return f"The token is the printed form of {nothing}: the client has no token to send."
    if _OBJECT.match(word):
        return "The token is the printed form of a Python object; send the token's text."
    if word.lower() in ("bearer", TOKEN_TYPE):
        return f"The token is the word {word}: the header has the scheme twice and no token; {HOW}."
    scheme, blank, rest = word.partition(" ")
    if blank and scheme.lower().rstrip(":") in ("bearer", TOKEN_TYPE):
        return (
            f"The header has the scheme twice, with {scheme} again before the token: two parts of "
            "the client add it."
        )
    if word[:1] == "{" and ('"' in word or "'" in word):
        return _explain_json(word)
    if _PLACEHOLDER.fullmatch(word):
        return "The token is a placeholder that was not replaced by a token."
    return _explain_spoilt(word) or _explain_other(word, rest, what_is)


def _explain_json(word: str) -> str:
    try:
        content = json.loads(word)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and "access_token" in content:
        return "The token is the whole token response; send only the value of its access_token."
    return "The token is JSON, or looks like it; send the token without anything around it."


def _explain_spoilt(word: str) -> str | None:
    """What is wrong around or inside a complete token; None if the text contains no complete
    token."""
    if _TOKEN.fullmatch(word):
        return None
    difference = find_difference(word, lambda text: _TOKEN.fullmatch(text) is not None)
    if difference is None:
        return None
    if difference.endswith("quotes around it") and " and " not in difference:
        return f"The token is in quotes: it has {difference}. Send it without them."
    return f"The token would be complete without {difference}."


def _explain_other(word: str, rest: str, what_is: WhatIs) -> str | None:
    if word.startswith(("eyj", "EYJ", "zxlk", "ZXLK")):
        return "All letters of the token have one case; a token has upper and lower case letters."
    if word.startswith("eyJ") and word.count(".") < 2:
        return (
            f"The token has {word.count('.') + 1} of the three parts of an access token: it was "
            "cut short."
        )
    if word.count(".") == 4:
        return (
            "The token has five parts, like an encrypted token (JWE); this platform's access "
            "tokens have three."
        )
    if rest:
        return f"The token contains a blank; {HOW}, which contains no blank."
    if _TOKEN.fullmatch(word):
        return None
    other = what_is(word)
    if other is None:
        return None
    return f"The token is {other} instead of an access token; {HOW}."


def _describe(token: str) -> str:
    """A sentence about a complete token of another issuer, by its unverified claims.

    Often empty.
    """
    if not _JWT.fullmatch(token):
        return ""
    part = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(claims, dict) or "fam" in claims:  # our own tokens have this claim
        return ""
    if {"nonce", "at_hash", "c_hash"} & claims.keys() or {"aud", "email"} <= claims.keys():
        return " It looks like an ID token (OpenID Connect), which is for the client itself."
    return ""
