"""What our applications tell OpenTelemetry: nothing.

A server in the process of a user's tests shares their global providers. Its spans would stand among
those of the client under test, and asking for the providers costs each call a fortieth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # an older FastAPI has none, and takes the argument without a word
    from fastapi.telemetry import TelemetryConfig

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
