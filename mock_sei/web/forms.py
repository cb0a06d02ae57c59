"""Reads forms, and checks that a form comes from a page of this server.

A browser's headers say from which origin a form was sent. In addition, each page holds a token that
another site cannot know: it is derived from the browser's cookie.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import parse_qsl

from fastapi import Request

from mock_sei.errors import REQUEST_INVALID, Refusal
from mock_sei.oauth.token_request import MAX_PARAMETERS
from mock_sei.rules import checks
from mock_sei.web.requests import is_form_type, only_header

Pairs = list[tuple[str, str]]


def is_form(request: Request) -> bool:
    """Whether the request posts a form. Raises :class:`Refusal` for two Content-Type headers."""
    if request.method != "POST":
        return False
    return is_form_type(only_header(request.scope["headers"], "Content-Type"))


def read_pairs(text: bytes, *, check: str) -> Pairs:
    """Names and values as text. Bytes that are not UTF-8 become replacement characters.

    In ``state`` such bytes become surrogates, because its bytes must be returned unchanged. Raises
    :class:`Refusal` for too many parameters.
    """
    try:
        pairs = parse_qsl(
            text.decode("ascii", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise Refusal(
            REQUEST_INVALID,
            check=check,
            because=f"The request has more than {MAX_PARAMETERS} parameters.",
        ) from None
    return [(_plain(name), value if name == "state" else _plain(value)) for name, value in pairs]


def _plain(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def refuse_other_origin(request: Request) -> None:
    """Raises :class:`Refusal` for a form that a page of another site posted (CSRF, log-in CSRF).

    ``Sec-Fetch-Site`` is checked first: because of our ``Referrer-Policy`` a browser sends
    ``Origin: null`` even from our own page.
    """
    sites = request.headers.getlist("sec-fetch-site")
    origins = request.headers.getlist("origin")
    own = f"https://{request.headers.get('host', '')}".lower()
    if sites:
        foreign = [each for each in sites if each not in ("same-origin", "none")]
    else:
        foreign = [each for each in origins if each != own.removesuffix(":443")]
    if foreign:
        raise Refusal(
            REQUEST_INVALID,
            check=checks.ORIGIN,
            because="The form was posted from a page of another origin.",
            expected="same-origin",
            actual=foreign[0],
        )


def page_token(secret: str, purpose: str) -> str:
    """The token that a page's form carries.

    ``secret`` is the value of the browser's cookie, which a page of another site cannot read.
    """
    return hmac.new(secret.encode(), purpose.encode(), sha256).hexdigest()


def is_page_token(sent: str, secret: str, purpose: str) -> bool:
    """Whether ``sent`` is the token of :func:`page_token`, compared in constant time."""
    return hmac.compare_digest(sent.encode(errors="replace"), page_token(secret, purpose).encode())
