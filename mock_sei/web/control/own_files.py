"""Files that a browser may keep, if it asks at each visit whether they changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response


def file_answer(
    request: Request, content: bytes, *, media_type: str, headers: Mapping[str, str]
) -> Response:
    """The file, or 304 for a browser that has it already."""
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    # Another version of mock-sei may answer at this address tomorrow.
    told = {**headers, "Cache-Control": "no-cache", "ETag": tag}
    told.pop("Pragma", None)
    if _knows(request, tag):
        return Response(status_code=304, headers=told)
    return Response(content, media_type=media_type, headers=told)


def _knows(request: Request, tag: str) -> bool:
    """Whether the browser has this content (RFC 9110 section 13.1.2)."""
    known = request.headers.get("if-none-match", "").split(",")
    return not {"*", tag}.isdisjoint(each.strip().removeprefix("W/") for each in known)
