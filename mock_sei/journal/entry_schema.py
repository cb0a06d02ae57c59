"""The JSON Schema of journal entries, for the reference of the control API."""

from __future__ import annotations

from typing import Any

_TEXT = {"type": ["string", "null"]}
_HEADERS = {"type": "object", "additionalProperties": {"type": "string"}}

_BODY = {
    "body": {"type": "string", "description": "without secrets"},
    "body_size": {"type": "integer", "description": "bytes of the whole body"},
    "incomplete": {
        "type": "array",
        "items": {"enum": ["path", "query", "headers", "body"]},
        "description": "the parts that are not shown whole",
    },
}

_CERTIFICATE = {
    "type": ["object", "null"],
    "description": "the client certificate that was shown",
    "properties": {
        "common_name": {"type": "string"},
        "serial_number": {"type": "string", "description": "hexadecimal"},
        "not_before": {"type": "string", "format": "date-time"},
        "not_after": {"type": "string", "format": "date-time"},
        "fingerprint": {"type": "string", "description": "SHA-256, hexadecimal"},
        "issuer": {"type": "string", "description": "the name of its CA"},
    },
}
_REQUEST = {
    "type": ["object", "null"],
    "description": "the request; null of a handshake",
    "properties": {
        "method": {"type": "string"},
        "path": {"type": "string", "description": "the path by which the operation is known"},
        "wire_path": {
            "type": "string",
            "description": "the path that the client called, where an assumption moved it",
        },
        "query": {"type": "string"},
        "headers": _HEADERS,
        **_BODY,
    },
}
_RESPONSE = {
    "type": ["object", "null"],
    "description": "the answer; null of a handshake",
    "properties": {
        "status": {"type": "integer", "description": "0 where the connection was reset"},
        "headers": _HEADERS,
        **_BODY,
    },
}
_STEP = {
    "type": "object",
    "required": ["check", "result"],
    "properties": {
        "check": {"type": "string", "description": "its name"},
        "result": {"enum": ["passed", "refused", "not reached"]},
    },
}

ENTRY: dict[str, Any] = {
    "type": "object",
    "description": "one exchange, or one handshake that failed",
    "properties": {
        "number": {"type": "integer", "description": "from 1 since the last reset"},
        "kind": {"enum": ["exchange", "handshake"]},
        "time": {"type": "string", "format": "date-time", "description": "the platform's time"},
        "listener": {"type": "string", "description": "one-way or two-way"},
        "source_address": {"type": "string"},
        "tls_version": _TEXT,
        "certificate": _CERTIFICATE,
        "application": _TEXT | {"description": "its name"},
        "service_account": _TEXT | {"description": "its user name"},
        "tracking_id": _TEXT | {"description": "as RequestTrackingId in the answer"},
        "request": _REQUEST,
        "response": _RESPONSE,
        "duration_ms": {"type": ["number", "null"], "description": "milliseconds"},
        "fault": _TEXT | {"description": "the fault that was met"},
        "alert": _TEXT
        | {
            "description": "the TLS alert that ended the handshake, and who sent it",
        },
        "checks": {
            "type": "array",
            "items": _STEP,
            "description": "the checks in their order, from TLS on; after the one that refused "
            "come those that the call therefore did not reach",
        },
        "refused_by": _TEXT | {"description": "the name of the check that refused"},
        "refused_because": _TEXT | {"description": "the reason, and what to do"},
        "expected": _TEXT | {"description": "the value that the check expected"},
        "actual": _TEXT | {"description": "the value that came"},
        "notes": {
            "type": "array",
            "items": {"type": "string"},
            "description": "what was accepted but deserves a look",
        },
    },
}
ENTRIES: dict[str, Any] = {
    "type": "object",
    "required": ["entries", "dropped", "last"],
    "properties": {
        "entries": {"type": "array", "items": ENTRY, "description": "oldest first"},
        "dropped": {
            "type": "integer",
            "description": "how many entries were removed because the journal was full",
        },
        "last": {"type": "integer", "description": "the number of the newest entry"},
    },
    "examples": [{"entries": [], "dropped": 0, "last": 0}],
}
