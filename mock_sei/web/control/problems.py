"""The one shape of an error of the control API: ``{error, detail, problems}``."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from mock_sei.errors import MockSeiBug
from mock_sei.web.exhausted import report

if TYPE_CHECKING:
    from mock_sei.platform import Platform


class PlainJson(JSONResponse):
    """JSON in ASCII, since it may repeat what is no text, such as half a surrogate pair.

    Without spaces, as the framework writes JSON: shell scripts take values out by ``"url":"``.
    """

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode()


REFUSALS = {
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "Timeout",
    413: "TooLarge",
    431: "TooLarge",
    501: "NotImplemented",
}
"""The ``error`` of what no operation raised, by its status."""


def problem(error: str, detail: str, problems: Mapping[str, str] | None = None) -> dict[str, Any]:
    """``error`` is the exception that ``MockSei`` raises, or a name of the refusal; ``detail`` one
    sentence; ``problems`` say what is wrong with which field.
    """
    return {"error": error, "detail": detail, "problems": dict(problems or {})}


def own_failure(platform: Platform, error: Exception) -> PlainJson:
    """Recorded before the answer leaves: the test that has its answer must find the bug."""
    platform.record_bug("".join(traceback.format_exception(error)))
    detail = f"mock-sei failed, please report this: {type(error).__name__}; GET /check has more"
    return PlainJson(problem(MockSeiBug.__name__, detail), 500)


def exhausted(platform: Platform, missing: str) -> PlainJson:
    """The answer of a machine that has no more of something, and what to do."""
    report(platform, missing)
    detail = f"mock-sei could not do this: on its machine {missing}"
    return PlainJson(problem("Exhausted", detail), 503)
