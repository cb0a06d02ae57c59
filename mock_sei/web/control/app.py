"""All calls of the control API in one application, with their own reference at ``/docs``."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from http import HTTPStatus
from threading import Lock
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from mock_sei import __version__
from mock_sei.errors import (
    MockSeiError,
    Rejected,
    StoreAway,
    UnknownAccount,
    UnknownAnswer,
    UnknownApplication,
    UnknownCertificate,
    UnknownCollection,
    UnknownFault,
    UnknownMessage,
    UnknownUser,
    listed,
    with_head,
)
from mock_sei.platform import Platform
from mock_sei.values.texts import spelled
from mock_sei.web.control.calls import add_calls
from mock_sei.web.control.described import describe
from mock_sei.web.control.metrics import add_metrics
from mock_sei.web.control.problems import (
    REFUSALS,
    PlainJson,
    exhausted,
    own_failure,
    problem,
)
from mock_sei.web.control.reading import CallRoute, UnreadableBody, rejection, validation_answer
from mock_sei.web.control.reference_page import add_reference
from mock_sei.web.control.viewer_page import add_viewer
from mock_sei.web.exchange import CONTROL_KEY
from mock_sei.web.exhausted import KINDS, find_exhaustion
from mock_sei.web.misses import explain_control_miss
from mock_sei.web.telemetry import NO_TELEMETRY

_NOT_THERE = (
    UnknownAccount,
    UnknownAnswer,
    UnknownApplication,
    UnknownCertificate,
    UnknownCollection,
    UnknownFault,
    UnknownMessage,
    UnknownUser,
)


_LONGEST_COMPARED = 200
"""Characters of a path that the nearest ones are looked for by."""


class _ControlApp(FastAPI):
    """Its document is made once: the pages of the reference are made in threads."""

    def __init__(self, **options: Any) -> None:
        self._making = Lock()
        super().__init__(**options)

    def openapi(self) -> dict[str, Any]:
        with self._making:
            if self.openapi_schema is not None:
                return self.openapi_schema
            try:
                return describe(super().openapi())
            except BaseException:  # such as for want of a file: the next request tries again
                self.openapi_schema = None
                raise


def control_app() -> FastAPI:
    """Each call performs one operation on the platform behind its listener."""
    app = _ControlApp(
        title="mock-sei control API",
        version=__version__,
        docs_url=None,  # the framework's page loads its script from outside
        redoc_url=None,
        telemetry=NO_TELEMETRY,
        default_response_class=PlainJson,
    )
    app.router.route_class = CallRoute
    add_calls(app)
    add_reference(app)
    add_viewer(app)
    add_metrics(app)

    @app.exception_handler(MockSeiError)
    async def explain(request: Request, error: Exception) -> Response:
        if find_exhaustion(error):
            return await explain_exhaustion(request, error)
        if isinstance(error, Rejected):
            return PlainJson(rejection(error), 400)
        if isinstance(error, StoreAway):
            away = problem(type(error).__name__, str(error))
            return PlainJson(away, 503, {"Retry-After": "1"})
        status = 404 if isinstance(error, _NOT_THERE) else 400
        return PlainJson(problem(type(error).__name__, str(error)), status)

    async def explain_exhaustion(request: Request, error: Exception) -> Response:
        missing = find_exhaustion(error)
        if missing is None:
            raise error
        return exhausted(request.scope[CONTROL_KEY], missing)

    @app.exception_handler(404)
    async def explain_path(request: Request, error: HTTPException) -> Response:
        """No call has the path; it may be one of the platform's, which listens elsewhere."""
        if error.detail != HTTPStatus.NOT_FOUND.phrase:  # a call looked for something in vain
            return PlainJson(problem("NotFound", error.detail), 404)
        platform: Platform = request.scope[CONTROL_KEY]
        path, host = _path(request), request.headers.get("host")
        detail = explain_control_miss(platform, request.scope["path"], host)
        if detail is None:
            paths = dict.fromkeys(each.path for each in _calls(request))
            near = get_close_matches(path, paths, n=3, cutoff=0.0)
            detail = (
                f"no call has the path {spelled(path)}; the nearest are {listed(near)}, and GET "
                "/docs lists them all"
            )
        return PlainJson(problem("NotFound", detail), 404)

    @app.exception_handler(405)
    async def explain_method(request: Request, _: Exception) -> Response:
        allowed = with_head(_methods(request))
        detail = f"{spelled(_path(request))} takes {listed(allowed)}, not {request.method[:100]}"
        return PlainJson(problem("MethodNotAllowed", detail), 405, {"Allow": ", ".join(allowed)})

    for kind in KINDS:
        if not issubclass(kind, MockSeiError):
            app.add_exception_handler(kind, explain_exhaustion)

    @app.exception_handler(HTTPException)
    async def explain_refusal(_: Request, error: HTTPException) -> Response:
        name = REFUSALS.get(error.status_code, "Refused")
        return PlainJson(problem(name, str(error.detail)), error.status_code, error.headers)

    @app.exception_handler(UnreadableBody)
    async def explain_body(_: Request, error: UnreadableBody) -> Response:
        return PlainJson(error.answer, error.status_code)

    @app.exception_handler(RequestValidationError)
    async def explain_values(_: Request, error: RequestValidationError) -> Response:
        return PlainJson(validation_answer(error.errors()), 422)

    @app.exception_handler(Exception)
    async def explain_failure(request: Request, error: Exception) -> Response:
        platform: Platform = request.scope[CONTROL_KEY]
        return own_failure(platform, error)

    return app


def _methods(request: Request) -> Iterator[str]:
    """The methods that some call has with this path; the framework knows one call's only."""
    for route in _calls(request):
        matched, _ = route.matches(request.scope)
        if matched is not Match.NONE:
            yield from sorted((route.methods or set()) - {"HEAD"})


def _calls(request: Request) -> list[Route]:
    return [each for each in request.app.router.routes if isinstance(each, Route)]


def _path(request: Request) -> str:
    return str(request.scope["path"])[:_LONGEST_COMPARED]
