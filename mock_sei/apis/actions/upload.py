"""``upload``: a file of a multipart body, stored for the session with a record that describes it.

Source: work-desk attachment and content-management upload pages.
"""

from __future__ import annotations

from mock_sei.apis.actions.create import write
from mock_sei.apis.bodies import media_type_of
from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.multipart import MULTIPART, read_file
from mock_sei.errors import Fault, MalformedRequest

ACTION = "upload"

MOST_STORED = 64 * 1024 * 1024
"""Bytes of all files of a session; one file is bounded by the size of a request body."""


def act(call: ApiCall) -> ApiAnswer:
    found = media_type_of(call.content_type)
    if found not in (MULTIPART, *call.operation.rule.content_types):
        sent = (call.content_type or "").partition(";")[0].strip()
        reason = f"must be {MULTIPART} with a boundary, not {sent!r}"
        raise MalformedRequest([Fault("content-type", "header", reason)])
    file = read_file(call.body, call.content_type)
    contents = call.state.contents
    stored = contents.size
    if stored + len(file.content) > MOST_STORED:
        reason = f"the session's files take {stored} of {MOST_STORED} bytes already"
        raise MalformedRequest([Fault("filename", "body", reason)])
    key = call.state.jobs.new_key()
    about = {"name": file.name, "size": len(file.content), "type": file.media_type}
    answer = write(call, {call.operation.rule.key: key}, file=about)
    contents[key] = file.content
    return answer
