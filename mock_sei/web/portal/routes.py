"""All addresses of the portal, with the function that answers each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from mock_sei.errors import (
    NOT_FOUND,
    REQUEST_INVALID,
    MethodNotAllowed,
    MockSeiError,
    Refusal,
    RefusalKind,
    Rejected,
    StoreAway,
)
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH
from mock_sei.rules.standards import Listener
from mock_sei.web.apis import call
from mock_sei.web.exchange import store_away
from mock_sei.web.misses import refuse_on_two_way
from mock_sei.web.pages import PAGE_HEADERS
from mock_sei.web.portal import applications, catalogue, dashboard
from mock_sei.web.portal import certificates as histories
from mock_sei.web.portal import journal as journals
from mock_sei.web.portal import mailbox as mails
from mock_sei.web.portal.certificates import CERTIFICATES
from mock_sei.web.portal.journal import JOURNAL
from mock_sei.web.portal.link import certificate_link
from mock_sei.web.portal.mailbox import MAILBOX
from mock_sei.web.portal.visit import APPS, FORM_CHECK, HOME, Visit
from mock_sei.web.refusals import functional_refusal, refusal_headers
from mock_sei.web.requests import exchange_of, find_headers
from mock_sei.web.routing import AnyMethod

Handler = Callable[[Visit], Response]

MOST_ACCEPTED = 4096
"""Characters of the ``Accept`` header that are read."""
_NO_WEIGHT = re.compile(r"q\s*=\s*0(\.0{0,3})?")

ONE = f"{APPS}/{{name}}"

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    HOME: {"GET": dashboard.dashboard},
    f"{HOME}/controls/{{control}}": {"POST": dashboard.perform},
    APPS: {"GET": applications.my_apps, "POST": applications.register},
    f"{APPS}/new": {"GET": applications.add_app},
    ONE: {"GET": applications.details},
    f"{ONE}/edit": {"GET": applications.edit, "POST": applications.change},
    f"{ONE}/approve": {"POST": applications.approve},
    f"{ONE}/keys": {"POST": applications.refresh_keys},
    f"{ONE}/delete": {"POST": applications.delete},
    f"{ONE}/link": {"POST": applications.new_link},
    f"{ONE}/renew": {"POST": applications.renew},
    f"{ONE}/request": {"POST": applications.sign_request},
    f"{ONE}/certificate": {"POST": applications.register_certificate},
    f"{ONE}/certificates": {"GET": histories.account_certificates},
    f"{ONE}/certificates/{{fingerprint}}": {"GET": histories.account_certificate},
    f"{ONE}/revoke": {"POST": applications.revoke},
    f"{ONE}/privatekey.key": {"POST": applications.private_key},
    MAILBOX: {"GET": mails.mailbox},
    f"{MAILBOX}/clear": {"POST": mails.clear},
    f"{MAILBOX}/{{number}}.eml": {"GET": mails.eml},
    f"{MAILBOX}/{{number}}": {"GET": mails.mail},
    CERTIFICATES: {"GET": histories.certificates},
    f"{CERTIFICATE_LINK_PATH}{{token}}": {"GET": certificate_link},
    JOURNAL: {"GET": journals.journal},
    f"{JOURNAL}/{{number}}": {"GET": journals.entry},
    f"{JOURNAL}/{{number}}/curl": {"GET": journals.as_curl},
    f"{JOURNAL}/{{number}}/test": {"GET": journals.as_test},
    f"{HOME}/apis": {"GET": catalogue.apis},
    f"{HOME}/apis/{{product}}": {"GET": catalogue.api},
    f"{HOME}/{{path:path}}": {},
}
"""The handlers of each path, in the order in which paths are tried. The last one answers 404."""


def portal_routes() -> APIRouter:
    """The routes of the portal."""
    router = APIRouter(include_in_schema=False)
    router.routes.append(AnyMethod("/", _root))
    for path, handlers in ROUTES.items():
        router.routes.append(AnyMethod(path, _endpoint(handlers)))
    return router


async def _root(request: Request) -> Response:
    """Redirects a browser to the portal; any other client gets the answer of an unknown path."""
    exchange = exchange_of(request)
    if exchange.listener is Listener.ONE_WAY and _is_browser(request):
        return _lead_to(HOME)
    return await call(request)


def _is_browser(request: Request) -> bool:
    """Whether the ``Accept`` header names ``text/html``, as browsers do."""
    if request.method not in ("GET", "HEAD"):
        return False
    ranges = ",".join(find_headers(request.scope["headers"], b"accept"))[:MOST_ACCEPTED]
    return any(_names_html(each) for each in ranges.split(","))


def _names_html(media_range: str) -> bool:
    """Whether a range of ``Accept`` is ``text/html`` with a weight over 0 (RFC 9110, 12.4.2)."""
    name, *parameters = (each.strip().lower() for each in media_range.split(";"))
    is_refused = any(_NO_WEIGHT.fullmatch(each) for each in parameters)
    return name == "text/html" and not is_refused


def _lead_to(path: str) -> Response:
    return RedirectResponse(path, 302, headers={**PAGE_HEADERS, "Vary": "Accept"})


def _endpoint(handlers: Mapping[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        exchange = exchange_of(request)
        try:
            refuse_on_two_way(exchange, "The portal", request.url.path)
        except Refusal as refusal:
            return functional_refusal(exchange, refusal)
        path = request.scope["path"]
        if not handlers and path.endswith("/") and _is_browser(request):
            return _lead_to(quote(path.rstrip("/")))
        bare = Visit(request=request, exchange=exchange, secret="")
        try:
            handler = _find(handlers, request)
            visit = await Visit.begin(request)
            # In a thread, because it may create a key, and the event loop serves all listeners.
            units, work = exchange.platform.units, exchange.repeatable(lambda: handler(visit))
            return await run_in_threadpool(lambda: units.run(work))
        except StoreAway as error:
            exchange.take_back()
            return _problem(bare, store_away(error))
        except Refusal as refusal:
            return _problem(bare, refusal)
        except MockSeiError as error:
            return _problem(bare, _as_refusal(error))

    return answer


def _find(handlers: Mapping[str, Handler], request: Request) -> Handler:
    if not handlers:
        platform, path = exchange_of(request).platform, request.url.path
        near = ", ".join(platform.catalogue.nearest(request.method, path))
        because = f"The portal has no page {path}. The nearest are: {near}."
        raise Refusal(NOT_FOUND, check="path", because=because)
    handler = handlers.get(request.method)
    if handler is None:
        raise MethodNotAllowed(request.method, request.url.path, tuple(handlers))
    return handler


def _as_refusal(error: MockSeiError) -> Refusal:
    """A refusal for an error of the portal: something is missing, or cannot be done."""
    kind: RefusalKind = REQUEST_INVALID if isinstance(error, Rejected) else NOT_FOUND
    text = str(error)
    end = "" if text.endswith("?") else "."
    return Refusal(kind, check=FORM_CHECK, because=f"{text[0].upper()}{text[1:]}{end}")


def portal_refusal(request: Request, refusal: Refusal) -> Response:
    """The page of a refusal before the request reached its handler."""
    return _problem(Visit(request=request, exchange=exchange_of(request), secret=""), refusal)


def _problem(visit: Visit, refusal: Refusal) -> Response:
    kind = visit.exchange.refuse(refusal)
    answer = visit.show_without_form(
        "problem.html",
        status=kind.status,
        title="Not found" if refusal.kind.status == 404 else "This did not work",
        because=visit.exchange.entry.refused_because,
        tracking_id=visit.exchange.tracking_id,
    )
    answer.headers.update(refusal_headers(visit.exchange, refusal))
    return answer
