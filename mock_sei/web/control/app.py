"""All calls of the control API in one application, with their own reference at ``/docs``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match, Route

from mock_sei import __version__
from mock_sei.apis.merged import merged
from mock_sei.certificates.bundles import truststore
from mock_sei.errors import (
    MockSeiError,
    Rejected,
    UnknownAccount,
    UnknownApplication,
    UnknownCertificate,
    UnknownCollection,
    UnknownMessage,
    UnknownUser,
    listed,
    with_head,
)
from mock_sei.platform import Platform
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE
from mock_sei.values.texts import spelled
from mock_sei.web.control.applications import add_account_calls, add_application_calls
from mock_sei.web.control.bench import add_bench_calls, add_signing_key_calls
from mock_sei.web.control.certificates import add_certificate_calls
from mock_sei.web.control.data import add_data_calls
from mock_sei.web.control.described import add_refusals, file_answer
from mock_sei.web.control.faults import add_fault_calls
from mock_sei.web.control.listener import own_failure
from mock_sei.web.control.mailbox import add_mailbox_calls
from mock_sei.web.control.models import MOST_LISTED, Here, Limit, Passphrase
from mock_sei.web.control.reading import CallRoute, UnreadableBody, rejection, validation_answer
from mock_sei.web.control.reference_page import add_reference
from mock_sei.web.downloads import attachment
from mock_sei.web.exchange import CONTROL_KEY
from mock_sei.web.exhausted import KINDS, find_exhaustion
from mock_sei.web.misses import explain_control_miss
from mock_sei.web.telemetry import NO_TELEMETRY

_NOT_THERE = (
    UnknownAccount,
    UnknownApplication,
    UnknownCertificate,
    UnknownCollection,
    UnknownMessage,
    UnknownUser,
)


_LONGEST_COMPARED = 200
"""Characters of a path that the nearest ones are looked for by."""


class PlainJson(JSONResponse):
    """JSON in ASCII, since it may repeat what is no text, such as half a surrogate pair.

    Without spaces, as the framework writes JSON: shell scripts take values out by `"url":"`.
    """

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode()


class _ControlApp(FastAPI):
    def openapi(self) -> dict[str, Any]:
        made = self.openapi_schema is not None
        document = super().openapi()
        return document if made else add_refusals(document)


def control_app() -> FastAPI:
    """Each call is one method of the platform behind its listener, or of that one's parts."""
    app = _ControlApp(
        title="mock-sei control API",
        version=__version__,
        docs_url=None,  # the framework's page loads its script from outside
        redoc_url=None,
        telemetry=NO_TELEMETRY,
        default_response_class=PlainJson,
    )
    app.router.route_class = CallRoute
    add_platform_calls(app)
    add_application_calls(app)
    add_account_calls(app)
    add_certificate_calls(app)
    add_mailbox_calls(app)
    add_data_calls(app)
    add_fault_calls(app)
    add_bench_calls(app)
    add_signing_key_calls(app)
    add_reference(app)

    @app.exception_handler(MockSeiError)
    async def explain(request: Request, error: Exception) -> Response:
        if find_exhaustion(error):
            return await explain_exhaustion(request, error)
        if isinstance(error, Rejected):
            return PlainJson(rejection(error), 400)
        body = {"detail": str(error), "error": type(error).__name__}
        return PlainJson(body, 404 if isinstance(error, _NOT_THERE) else 400)

    async def explain_exhaustion(request: Request, error: Exception) -> Response:
        missing = find_exhaustion(error)
        if missing is None:
            raise error
        platform: Platform = request.scope[CONTROL_KEY]
        platform.record_exhaustion(missing)
        detail = f"mock-sei could not do this: on its machine {missing}"
        return PlainJson({"detail": detail, "error": "Exhausted"}, 503)

    @app.exception_handler(404)
    async def explain_path(request: Request, error: HTTPException) -> Response:
        """No call has the path; it may be one of the platform's, which listens elsewhere."""
        if error.detail != HTTPStatus.NOT_FOUND.phrase:  # a call looked for something in vain
            return PlainJson({"detail": error.detail}, 404)
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
        return PlainJson({"detail": detail, "error": "NotFound"}, 404)

    @app.exception_handler(405)
    async def explain_method(request: Request, _: Exception) -> Response:
        allowed = with_head(_methods(request))
        detail = f"{spelled(_path(request))} takes {listed(allowed)}, not {request.method[:100]}"
        return PlainJson({"detail": detail}, 405, {"Allow": ", ".join(allowed)})

    for kind in KINDS:
        if not issubclass(kind, MockSeiError):
            app.add_exception_handler(kind, explain_exhaustion)

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


def add_platform_calls(app: FastAPI) -> None:
    @app.get("/health", summary="Healthy or not")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": __version__}

    @app.get(
        "/",
        response_model=dict[str, Any],
        summary="Connection details: addresses, applications, service accounts",
    )
    def connection_details(
        platform: Here, request: Request, limit: Limit = MOST_LISTED
    ) -> JSONResponse:
        """A caller that reached this machine by another name gets addresses with that name.

        Of applications, accounts and users the first ones are told, `counts` says how many there
        are; `/applications`, `/service-accounts` and `/end-users` tell them all.
        """
        # Written here, in a thread: the framework would do it on the loop, and take it apart first.
        return JSONResponse(platform.connection_details(request.headers.get("host"), limit=limit))

    @app.get("/apis/openapi.json", summary="One OpenAPI document of all products")
    def merged_document(platform: Here) -> dict[str, Any]:
        products = platform.catalogue.products.values()
        return merged(products, title="SEI API Platform (mock-sei)", version=__version__)

    @app.get("/apis", summary="The OpenAPI document of every API product, by product")
    async def apis(platform: Here) -> dict[str, Any]:
        return {each.name: each.content for each in platform.catalogue.products.values()}

    @app.get("/ca.pem", **file_answer("ca.pem"), summary="The root CA a client must trust")
    async def ca(platform: Here) -> Response:
        return attachment("ca.pem", platform.authority.pem.root)

    @app.get("/crl.pem", **file_answer("crl.pem"), summary="The certificates revoked so far")
    def crl(platform: Here) -> Response:
        return attachment("crl.pem", platform.certificates.revocations.crl_pem())

    @app.get("/truststore.p12", **file_answer("truststore.p12"), summary="The same CA for Java")
    async def java_truststore(
        platform: Here, passphrase: Passphrase = DEFAULT_PASSPHRASE
    ) -> Response:
        chain = platform.authority.chain[::-1]
        return attachment("truststore.p12", truststore(chain, passphrase))
