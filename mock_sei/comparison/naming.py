"""Names of operations, and where in the mock an answer comes from."""

from __future__ import annotations

import re
from urllib.parse import unquote

from mock_sei.apis.documents import Catalogue
from mock_sei.comparison.calling import MockAnswer
from mock_sei.errors import Refusal
from mock_sei.oauth.metadata import OAUTH_OPERATIONS, TOKEN_PATHS
from mock_sei.recordings.exchanges import RecordedRequest

_PLAIN = re.compile(r"[A-Za-z][A-Za-z_.-]{0,40}|v[0-9]{1,2}")
"""A segment of a path that is no identifier."""


class OperationNames:
    """Names requests by the operation that they call, without identifiers."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def name_of(self, request: RecordedRequest) -> str:
        """Such as ``GET /v2/investors/{externalId}``; a path that no document has without what may
        be an identifier."""
        named = f"{request.method} {request.path}"
        if named in OAUTH_OPERATIONS:
            return named
        found = self._find(request)
        if found is not None:
            return found[0]
        segments = (
            each if not each or _PLAIN.fullmatch(each) else "*" for each in request.path.split("/")
        )
        return f"{request.method} {'/'.join(segments)}"

    def source_of(self, request: RecordedRequest, answer: MockAnswer) -> str:
        """Where in the mock an answer comes from: a check, a document, an endpoint."""
        if answer.check is not None:
            kind = f", assumptions refusal.{answer.kind}.*" if answer.kind else ""
            return f"check {answer.check}{kind}"
        found = self._find(request)
        if found is not None:
            return f"document {found[1]}"
        if request.path in TOKEN_PATHS or "grant_type" in dict(request.body.fields()):
            return "the token endpoint, assumptions token.*"
        return "the OAuth endpoints" if "oauth" in request.path.lower() else "the listener"

    def _find(self, request: RecordedRequest) -> tuple[str, str] | None:
        """The name of the operation and of its document's file."""
        try:
            found, _ = self._catalogue.find(
                request.method, unquote(request.path), request.url.partition("?")[2]
            )
        except Refusal:
            return None
        source = self._catalogue.products[found.product].source.name
        return found.name, source
