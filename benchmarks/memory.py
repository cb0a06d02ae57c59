"""Resident memory of another process, in bytes."""

from __future__ import annotations

import subprocess
from pathlib import Path

MEGABYTE = 1_000_000


def resident(pid: int) -> int:
    """What the system holds in memory for a process, shared libraries included."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:  # no /proc: macOS
        shown = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True
        )
        return int(shown.stdout) * 1024
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(kilobytes) * 1024
