"""``mock-sei journal``: prints the entries of a running server, one readable line each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from mock_sei.errors import one_line
from mock_sei.journal.entries import LINE_PATH, difference
from mock_sei.testing.remote import Remote

PAUSE = 0.3
"""Seconds between two requests for new entries with ``--follow``."""


def lines(remote: Remote, wanted: Mapping[str, Any], *, follow: bool) -> Iterator[str]:
    """The lines of the entries that match ``wanted``.

    With ``follow``, it waits for further entries until it is interrupted. Raises
    :class:`~mock_sei.errors.MockSeiError`.
    """
    after = 0
    while True:
        found = remote.journal({**wanted, "after": after})
        if found["last"] < after:  # the journal was reset or cleared, so its numbers begin again
            after = 0
            yield "-- the journal was cleared --"
            continue
        yield from map(line, found["entries"])
        after = found["last"]
        if not follow:
            return
        time.sleep(PAUSE)


def line(entry: Mapping[str, Any]) -> str:
    """One entry as a readable line. A refused request is shown with the reason."""
    words = [str(entry["time"])[11:23], str(entry["listener"])]
    request, response = entry["request"], entry["response"]
    if request is None:
        words.append("handshake failed")
    else:
        status = response["status"] or "reset"
        words.append(f"{request['method']} {request['path'][:LINE_PATH]} {status}")
    names = [entry["application"], entry["service_account"]]
    who = "/".join(name for name in names if name)
    if not who and entry["certificate"]:
        who = f"CN {entry['certificate']['common_name']}"
    if who:
        words.append(who)
    if entry["fault"]:
        words.append(f"fault: {entry['fault']}")
    if entry["refused_by"]:
        words.append(f"refused by {entry['refused_by']}: {entry['refused_because']}")
        words += difference(entry["expected"], entry["actual"])
    words.extend(f"note: {note}" for note in entry["notes"])
    return one_line(" ".join(words))
