"""The one shape of an error of the control API: ``{error, detail, problems}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
