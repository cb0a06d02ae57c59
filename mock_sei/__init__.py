"""mock-sei: the SEI API Platform in a box, for tests.

``MockSei`` and ``Attached`` are imported when first asked for: pytest imports this package in every
run on the machine, used or not, through the plugin's entry point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["Attached", "MockSei", "__version__"]

if TYPE_CHECKING:
    from mock_sei.attached.platform import Attached
    from mock_sei.client import MockSei
else:  # a type checker that saw it would take any name for one of ours

    def __getattr__(name: str) -> Any:
        if name not in ("MockSei", "Attached"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from mock_sei.machine import real_dates

        with real_dates():
            if name == "MockSei":
                from mock_sei.client import MockSei

                return MockSei
            from mock_sei.attached.platform import Attached

            return Attached
