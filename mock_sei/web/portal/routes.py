"""All addresses of the portal, with the function that answers each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from starlette.routing import BaseRoute

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
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH, HOME, LIVE_PATH
from mock_sei.web.exchange import store_away
from mock_sei.web.misses import refuse_on_two_way
from mock_sei.web.portal import applications, catalogue, dashboard, operation_page
from mock_sei.web.portal import certificates as histories
from mock_sei.web.portal import journal as journals
from mock_sei.web.portal import mailbox as mails
from mock_sei.web.portal.certificates import CERTIFICATES
from mock_sei.web.portal.entrance import is_browser, lead_to
from mock_sei.web.portal.link import certificate_link
from mock_sei.web.portal.live import events
from mock_sei.web.portal.mailbox import MAILBOX
from mock_sei.web.portal.visit import APPS, FORM_CHECK, JOURNAL, Visit
from mock_sei.web.refusals import functional_refusal
from mock_sei.web.requests import exchange_of
from mock_sei.web.routing import AnyMethod

Handler = Callable[[Visit], Any]
"""Answers a visit. A plain function is one unit of work, in a thread. A coroutine function waits on
the event loop, and does its work on the state in units of its own."""

ONE = f"{APPS}/{{name}}"

ROUTES: Mapping[str, Mapping[str, Handler]] = {
    HOME: {"GET": dashboard.dashboard},
    LIVE_PATH: {"GET": events},
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
    f"{HOME}/apis/{{product}}/{{method}}/{{path:path}}": {
        "GET": operation_page.operation,
        "POST": operation_page.try_operation,
    },
    f"{HOME}/{{path:path}}": {},
}
"""The handlers of each path, in the order in which paths are tried. The last one answers 404."""


def page_routes() -> list[BaseRoute]:
    """The routes of all pages."""
    return [AnyMethod(path, _endpoint(handlers)) for path, handlers in ROUTES.items()]


def _endpoint(handlers: Mapping[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        exchange = exchange_of(request)
        try:
            refuse_on_two_way(exchange, "The portal", request.url.path)
        except Refusal as refusal:
            return functional_refusal(exchange, refusal)
        path = request.scope["path"]
        if not handlers and path.endswith("/") and is_browser(request):
            return lead_to(quote(path.rstrip("/")))
        bare = Visit(request=request, exchange=exchange, secret="")
        try:
            handler = _find(handlers, request)
            visit = await Visit.begin(request)
            if iscoroutinefunction(handler):
                answered: Response = await handler(visit)
                return answered
            return await visit.work(partial(handler, visit))
        except StoreAway as error:
            exchange.take_back()
            return bare.problem(store_away(error))
        except Refusal as refusal:
            return bare.problem(refusal)
        except MockSeiError as error:
            return bare.problem(_as_refusal(error))

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
