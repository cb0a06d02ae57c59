"""Forms of our own pages: reading them, and knowing that they come from our own pages.

A browser says where a form comes from; a page carries a token that only it and its cookie know.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from urllib.parse import parse_qsl

from fastapi import Request

from mock_sei.errors import REQUEST_INVALID, Refusal
from mock_sei.oauth.token_request import MAX_PARAMETERS
from mock_sei.web.requests import is_form_type, only_header

Pairs = list[tuple[str, str]]


def is_form(request: Request) -> bool:
    """Raises :class:`Refusal` where the body has two media types."""
    if request.method != "POST":
        return False
    return is_form_type(only_header(request.scope["headers"], "Content-Type"))


def read_pairs(text: bytes, *, check: str) -> Pairs:
    """Names and values as text; bytes that are no UTF-8 become replacement characters.

    But for ``state``, which must come back byte for byte: there they are kept as surrogates.
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
    """A form posted from a page of another site (CSRF, log-in CSRF included).

    ``Sec-Fetch-Site`` first: under our own ``Referrer-Policy`` a browser sends ``Origin: null``
    even from our own page.
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
            check="origin",
            because="The form was posted from a page of another origin.",
            expected="same-origin",
            actual=foreign[0],
        )


def page_token(secret: str, purpose: str) -> str:
    """What a form carries; ``secret`` is its cookie's, which a page of another site cannot read."""
    return hmac.new(secret.encode(), purpose.encode(), sha256).hexdigest()


def is_page_token(sent: str, secret: str, purpose: str) -> bool:
    return hmac.compare_digest(sent.encode(errors="replace"), page_token(secret, purpose).encode())
