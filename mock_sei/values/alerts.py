"""TLS alerts, as OpenSSL reports that the other side sent one."""

from __future__ import annotations

import re

_ALERT = re.compile(r"ALERT_(\w+)\Z")


def find_alert(reason: str) -> str | None:
    """The alert that the ``reason`` of an ``SSLError`` names, such as ``certificate_required``.

    None if the reason names no alert.
    """
    found = _ALERT.search(reason)
    return found[1].lower() if found else None
