"""What is kept of a body: all of it, or its shape.

Bodies of functional APIs may be personal data, so only their shapes are kept by default. Those of
the OAuth endpoints, and refusals, say how the platform behaves: they are kept, with placeholders.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from mock_sei.recordings.exchanges import RecordedRequest, RecordedResponse
from mock_sei.recordings.shapes import NO_ENUMERATIONS, Enumerations


class Bodies(StrEnum):
    """What is kept of the bodies of functional APIs."""

    SHAPES = "shapes"
    FULL = "full"


FindEnumerations = Callable[[RecordedRequest, int | None], Enumerations]
"""The enumerations of a request's body, or with a status of the body of its answer."""

_FIRST_REFUSAL = 400
_OAUTH = ("oauth", "/.well-known/")
_OF_REFUSALS = ("code", "error")


def no_enumerations(_request: RecordedRequest, _status: int | None) -> Enumerations:
    """Shapes keep no values."""
    return NO_ENUMERATIONS


def is_functional(request: RecordedRequest) -> bool:
    """True for a call of a functional API, False for the OAuth endpoints."""
    path = request.path.lower()
    if any(each in path for each in _OAUTH):
        return False
    return all(name != "grant_type" for name, _ in request.body.fields())


def is_refusal(response: RecordedResponse) -> bool:
    """True for an answer in the shape of an error, of the platform or of OAuth."""
    if response.status < _FIRST_REFUSAL:
        return False
    value = response.body.find_json()
    return isinstance(value, dict) and any(
        isinstance(value.get(name), str) for name in _OF_REFUSALS
    )
