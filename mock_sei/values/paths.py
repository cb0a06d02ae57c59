"""Checks paths as users write them, before anything is looked for there."""

from __future__ import annotations

import os
from pathlib import Path

LONGEST_NAME = 255
"""The most bytes of one name in a path. This holds for all common file systems."""
LONGEST_PATH = 4095
"""The most bytes of a whole path (PATH_MAX of Linux, without the final NUL)."""


def find_path_problem(path: Path) -> str | None:
    """Why no file can have this path; None if one can.

    The system's own error would be less clear.
    """
    if "\0" in str(path):
        return "holds a NUL character"
    if any(len(os.fsencode(name)) > LONGEST_NAME for name in path.parts):
        return f"a name in it is longer than {LONGEST_NAME} bytes"
    if len(os.fsencode(path)) > LONGEST_PATH:
        return f"longer than {LONGEST_PATH} bytes"
    return None
