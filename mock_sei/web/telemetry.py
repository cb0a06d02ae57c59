"""Switches OpenTelemetry off for our FastAPI applications.

A server in the process of a user's tests shares their global providers, so its spans would be mixed
with those of the client under test. Looking up the providers would also cost 2.5% of each call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # an older FastAPI has no such module, and ignores the argument
    from fastapi.telemetry import TelemetryConfig

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
