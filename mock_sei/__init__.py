"""mock-sei: the SEI API Platform in a box, for tests.

What it exports is imported when first asked for: pytest imports this package in every
run on the machine, used or not, through the plugin's entry point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["Attached", "Finding", "MockSei", "MockSeiError", "Rejected", "__version__"]

if TYPE_CHECKING:
    from mock_sei.doctor.findings import Finding
    from mock_sei.errors import MockSeiError, Rejected
    from mock_sei.testing.attached import Attached
    from mock_sei.testing.in_process import MockSei
else:  # a type checker that saw it would take any name for one of ours
    _HOMES = {
        "Attached": "mock_sei.testing.attached",
        "Finding": "mock_sei.doctor.findings",
        "MockSei": "mock_sei.testing.in_process",
        "MockSeiError": "mock_sei.errors",
        "Rejected": "mock_sei.errors",
    }

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        from mock_sei.rules.machine import real_dates

        with real_dates():
            return getattr(import_module(_HOMES[name]), name)
