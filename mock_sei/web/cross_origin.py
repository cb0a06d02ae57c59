"""CORS: where a single-page application's browser needs it, and nowhere else.

On the one-way listener, for origins of the redirect addresses of single-page applications; metadata
and keys are for everybody; the log-in page never (RFC 9700 section 2.6). Preflights pass before the
gateway, since a browser sends neither token nor AppKey with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from mock_sei.addresses import url
from mock_sei.oauth.metadata import AUTHORIZE_PATH, JWKS_PATH, METADATA_PATH
from mock_sei.records import Application
from mock_sei.standards import ApplicationType

PUBLIC_PATHS = (METADATA_PATH, JWKS_PATH)

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, AppKey, Content-Type, RequestTrackingId, "
        "X-SEIC-CURRENT-USER-CONTEXT, category, FileName, ContentType"
    ),
    "Access-Control-Max-Age": "600",
}
_ANSWER = {"Access-Control-Expose-Headers": "RequestTrackingId, WWW-Authenticate"}


def cross_origin_headers(
    path: str, origin: str, applications: Iterable[Application], *, preflight: bool
) -> Mapping[str, str]:
    """The headers for an answer to a browser of this origin; none where it may not read it."""
    if path == AUTHORIZE_PATH:
        return {}
    headers = _PREFLIGHT if preflight else _ANSWER
    if path in PUBLIC_PATHS:
        return {"Access-Control-Allow-Origin": "*", **headers}
    if origin in allowed_origins(applications):
        return {"Access-Control-Allow-Origin": origin, "Vary": "Origin", **headers}
    return {"Vary": "Origin"}


def allowed_origins(applications: Iterable[Application]) -> set[str]:
    """Where single-page applications run: the origins of their redirect addresses.

    As a browser writes them: in lower case, without the port that is the scheme's own (RFC 6454
    section 6.2).
    """
    origins = set()
    for application in applications:
        if application.type is ApplicationType.SINGLE_PAGE:
            for address in application.redirect_addresses:
                parts = urlsplit(address)
                default = _DEFAULT_PORTS.get(parts.scheme)
                if default and parts.hostname:
                    origins.add(url(parts.scheme, parts.hostname, parts.port or default))
    return origins


_DEFAULT_PORTS = {"https": 443, "http": 80}
