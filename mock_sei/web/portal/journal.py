"""The journal as a page: what the server saw, newest first."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response

from mock_sei.bench.entries import Entry
from mock_sei.web.portal.visit import HOME, Visit

JOURNAL = f"{HOME}/journal"

SHOWN = 100
"""Entries of a page; the portal's own pages are left out of it."""


def journal(visit: Visit) -> Response:
    refused = visit.request.query_params.get("refused") == "true"
    kept = visit.sandbox.journal
    wanted = [
        each for each in kept.entries if not _is_ours(each) and (each.refused_by or not refused)
    ]
    return visit.show(
        "journal.html",
        entries=[_shown(each) for each in wanted[: -SHOWN - 1 : -1]],
        dropped=kept.dropped,
        refused=refused,
    )


def _is_ours(entry: Entry) -> bool:
    """A page of the portal that was simply looked at."""
    return entry.request is not None and (
        entry.request.path.startswith(HOME) and not entry.refused_by
    )


def _shown(entry: Entry) -> dict[str, Any]:
    everything = entry.to_json()
    names = [entry.application, entry.service_account]
    if entry.certificate is not None:
        names.append(f"certificate of {entry.certificate.common_name}")
    status = entry.status or "no answer"
    return {
        **everything,
        "time": f"{entry.time:%Y-%m-%d %H:%M:%S}",
        "what": f"{entry.operation} {status}" if entry.operation else "Handshake failed",
        "who": ", ".join(name for name in names if name),
        "everything": json.dumps(everything, indent=2, ensure_ascii=False),
    }
