"""``upload``: stores the file of a multipart body for the session, with a record that describes it.

Source: work-desk attachment and content-management upload pages.
"""

from __future__ import annotations

from mock_sei.apis.actions.create import write
from mock_sei.apis.bodies import MULTIPART, media_type_of
from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.misfits import shown
from mock_sei.apis.multipart import read_file
from mock_sei.apis.spooled import Body
from mock_sei.errors import InvalidValue, MalformedRequest

ACTION = "upload"

MOST_STORED = 128 * 1024 * 1024
"""Bytes of all files of a session. Older files are dropped first. The newest is kept regardless of
its size. No operation gives a file back, so clients do not miss dropped files."""
MOST_FILES = 100
"""Files of a session. Each may need one of the process's open files."""


def act(call: ApiCall) -> ApiAnswer:
    """Stores the file and its record. Raises :class:`MalformedRequest` for another content type."""
    found = media_type_of(call.content_type)
    if found not in (MULTIPART, *call.operation.rule.content_types):
        sent = (call.content_type or "").partition(";")[0].strip()
        reason = f"must be {MULTIPART} with a boundary, not {shown(sent)}"
        raise MalformedRequest([InvalidValue("content-type", "header", reason)])
    file = read_file(call.upload or Body.of(call.body), call.content_type)
    key = call.state.jobs.new_key()
    about = {"name": file.name, "size": file.content.size, "type": file.media_type}
    answer = write(call, {call.operation.rule.key: key}, file=about)
    call.state.contents[key] = file.content
    shelf = call.state.contents.shelf
    while len(shelf) > MOST_FILES or (shelf.size > MOST_STORED and len(shelf) > 1):
        shelf.let_go_of_oldest()
        call.notes.append("the content of the oldest upload was dropped; its record is kept")
    return answer
