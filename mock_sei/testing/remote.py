"""``Remote``: performs operations at a server that runs elsewhere, by its control API."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import quote

from pydantic_core import to_jsonable_python

from mock_sei.errors import Rejected
from mock_sei.operations.answers import ReceivedAnswer
from mock_sei.operations.places import Placed
from mock_sei.operations.requests import PatientRequest, Request
from mock_sei.operations.table import Row, row_of
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.registered import Registered, is_segment
from mock_sei.values.sendable import json_content

A = TypeVar("A")


class Remote:
    """One server. Each call raises :class:`~mock_sei.errors.MockSeiError`."""

    def __init__(self, api: ControlApi) -> None:
        self.api = api

    def perform(self, request: Request[A]) -> A:
        """Performs an operation there. Raises what was raised there.

        What no platform accepts is refused before it is sent.
        """
        request.check()
        row = row_of(request)
        placed = row.placed
        self._check_names(request, placed)
        answer = self.api.call(
            row.method,
            _path(row, request, placed),
            _body(request, placed),
            query={name: to_jsonable_python(getattr(request, name)) for name in placed.query},
            patience=request.timeout if isinstance(request, PatientRequest) else 0,
        )
        received = ReceivedAnswer(
            content=answer.content,
            headers={name.title(): value for name, value in answer.headers.items()},
            status=answer.status_code,
        )
        try:
            read: A = row.answer.read(received)
        except (ValueError, LookupError, TypeError):
            raise self.api.stranger() from None
        return read

    def _check_names(self, request: Request[Any], placed: Placed) -> None:
        """A name with a slash is nobody's, and no path can have it."""
        registered = Registered(self)
        absent = {
            "app_key": registered.absent_application,
            "username": registered.absent_account,
            "email": registered.absent_user,
        }
        for name in placed.path:
            value = getattr(request, name)
            if name in absent and not is_segment(value):
                raise absent[name](value)


def _body(request: Request[Any], placed: Placed) -> Any:
    """Raises :class:`Rejected` for what JSON cannot carry."""
    if placed.whole is not None:
        body = getattr(request, placed.whole)
    elif placed.body:
        body = {name: getattr(request, name) for name in placed.body}
    else:
        return None
    try:
        body = to_jsonable_python(body, fallback=vars)
        json_content(body)
    except ValueError as error:
        raise Rejected({"body": str(error)}) from None
    return body


def _path(row: Row, request: Request[Any], placed: Placed) -> str:
    path = row.path
    for name in placed.path:
        text = str(getattr(request, name))
        path = path.replace(f"{{{name}}}", quote(text, safe=""))
        path = path.replace(f"{{{name}:path}}", quote(text, safe="/"))
    return path
