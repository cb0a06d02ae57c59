"""The journal's page: exchanges and failed handshakes, newest first."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response

from mock_sei.journal.entries import LINE_PATH, Entry
from mock_sei.web.portal.visit import HOME, Visit

JOURNAL = f"{HOME}/journal"

SHOWN = 100
"""Most entries of a page. Requests for the portal's own pages are not shown."""
PAGE_SIZE = 512 * 1024
"""Characters of a page's entries. The entry that exceeds this size is the last of the page."""
TEXT_SHOWN = 4 * 1024
"""Bytes shown of each body; the control API returns more."""


def journal(visit: Visit) -> Response:
    """The page of the journal."""
    refused = visit.request.query_params.get("refused") == "true"
    told = visit.platform.journal.newest()
    wanted = (
        each
        for _, each in reversed(told.entries)
        if not _is_ours(each) and (each.refused_by or not refused)
    )
    shown: list[dict[str, Any]] = []
    size = 0
    for entry in wanted:
        if len(shown) == SHOWN or size > PAGE_SIZE:
            break
        shown.append(_shown(entry))
        size += len(shown[-1]["everything"])
    return visit.show("journal.html", entries=shown, dropped=told.dropped, refused=refused)


def _is_ours(entry: Entry) -> bool:
    """Whether somebody only viewed a page of the portal."""
    return entry.request is not None and (
        entry.request.path.startswith(HOME) and not entry.refused_by
    )


def _shown(entry: Entry) -> dict[str, Any]:
    everything = entry.to_json(TEXT_SHOWN)
    request = everything["request"]
    names = [entry.application, entry.service_account]
    if entry.certificate is not None:
        names.append(f"certificate of {entry.certificate.common_name}")
    status = entry.status or "no answer"
    what = f"{request['method']} {request['path'][:LINE_PATH]} {status}" if request else ""
    return {
        **everything,
        "time": f"{entry.time:%Y-%m-%d %H:%M:%S}",
        "what": what or "Handshake failed",
        "who": ", ".join(name for name in names if name),
        "everything": json.dumps(everything, indent=2, ensure_ascii=False),
    }
