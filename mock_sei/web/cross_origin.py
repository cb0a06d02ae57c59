"""CORS: where a single-page application's browser needs it, and nowhere else.

On the one-way listener, for origins of the redirect addresses of single-page applications; metadata
and keys are for everybody. A page that a person looks at is for no script of another page: neither
the log-in (RFC 9700 section 2.6) nor the portal, which shows keys and has links that work once.
Preflights pass before the gateway, since a browser sends neither token nor AppKey with them.
"""

from __future__ import annotations

from collections.abc import Mapping

from mock_sei.oauth.metadata import AUTHORIZE_PATH, JWKS_PATH, LOGIN_PATH, METADATA_PATH
from mock_sei.rules.registry import Registry

PUBLIC_PATHS = (METADATA_PATH, JWKS_PATH)
PAGES = ("/", AUTHORIZE_PATH, LOGIN_PATH, "/portal")
"""What a browser shows; the paths below them too, but for the first."""

_BELOW_PAGES = tuple(f"{each}/" for each in PAGES if each != "/")

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, AppKey, Content-Type, RequestTrackingId, "
        "X-SEIC-CURRENT-USER-CONTEXT, category, FileName, ContentType"
    ),
    "Access-Control-Max-Age": "600",
}
_ANSWER = {"Access-Control-Expose-Headers": "RequestTrackingId, WWW-Authenticate"}


def cross_origin_headers(
    path: str, origin: str, registry: Registry, *, preflight: bool
) -> Mapping[str, str]:
    """The headers for an answer to a browser of this origin; none where it may not read it."""
    if path in PAGES or path.startswith(_BELOW_PAGES):
        return {}
    headers = _PREFLIGHT if preflight else _ANSWER
    if path in PUBLIC_PATHS:
        return {"Access-Control-Allow-Origin": "*", **headers}
    if registry.is_page_origin(origin):
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin", **headers}
    return {"Vary": "Origin"}
