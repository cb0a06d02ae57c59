"""JSON as the server sends it."""

from __future__ import annotations

import json
from typing import Any

# One encoder for all texts, because json.dumps makes a new one for each text.
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_text(value: Any) -> str:
    """A value as compact JSON, as it is sent."""
    return _JSON.encode(value)


def json_bytes(value: Any) -> bytes:
    """A value as JSON in UTF-8. Half of a surrogate pair is escaped, as JSON allows."""
    return json_text(value).encode(errors="backslashreplace")
