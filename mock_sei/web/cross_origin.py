"""CORS headers, only where a single-page application's browser needs them.

They are sent on the one-way listener, to the origins of the redirect addresses of single-page
applications. Every origin may read the metadata and the keys. No script of another origin may read
a page for people: neither the log-in (RFC 9700 section 2.6) nor the portal, which shows keys and
has links that work once. Preflights are answered before the gateway's checks, because a browser
sends them without token and AppKey.
"""

from __future__ import annotations

from collections.abc import Mapping

from mock_sei.assumptions.table import DEFAULTS
from mock_sei.oauth.metadata import AUTHORIZE_PATH, JWKS_PATH, LOGIN_PATH, METADATA_PATH
from mock_sei.rules.addresses import HOME
from mock_sei.rules.registry import Registry

PUBLIC_PATHS = (METADATA_PATH, JWKS_PATH)
PAGES = ("/", AUTHORIZE_PATH, LOGIN_PATH, HOME)
"""Pages that a browser shows. Paths below them count as pages too, except below ``/``."""

_BELOW_PAGES = tuple(f"{each}/" for each in PAGES if each != "/")

USUAL_TRACKING = DEFAULTS.request.tracking_header
_PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        f"Authorization, AppKey, Content-Type, {USUAL_TRACKING}, "
        "X-SEIC-CURRENT-USER-CONTEXT, category, FileName, ContentType"
    ),
    "Access-Control-Max-Age": "600",
}
_ANSWER: Mapping[str, str] = {
    "Access-Control-Expose-Headers": f"{USUAL_TRACKING}, WWW-Authenticate"
}


def cross_origin_headers(
    path: str,
    origin: str,
    registry: Registry,
    *,
    preflight: bool,
    tracking: str = USUAL_TRACKING,
) -> Mapping[str, str]:
    """The CORS headers for an answer to this origin; empty if it may not read the answer.

    ``tracking`` is the header with the tracking id.
    """
    if path in PAGES or path.startswith(_BELOW_PAGES):
        return {}
    headers = _PREFLIGHT if preflight else _ANSWER
    if tracking != USUAL_TRACKING:
        headers = {name: each.replace(USUAL_TRACKING, tracking) for name, each in headers.items()}
    if path in PUBLIC_PATHS:
        return {"Access-Control-Allow-Origin": "*", **headers}
    if registry.is_page_origin(origin):
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin", **headers}
    return {"Vary": "Origin"}
