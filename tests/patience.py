"""How long a test waits for what should happen before it fails: one bound, scaled in one place.

A wait ends by what happens. The bounds only end a test whose subject hangs, so they are generous;
``MOCK_SEI_TESTS_PATIENCE`` multiplies all of them on a machine that is very slow.
"""

from __future__ import annotations

import os


def patient(seconds: float) -> float:
    """A bound for what takes longer than ``PATIENCE`` when it works, such as a build."""
    return seconds * float(os.environ.get("MOCK_SEI_TESTS_PATIENCE", "1"))


PATIENCE = patient(180)
"""Seconds after which a test gives up waiting; nothing takes as long when it works."""
