"""My Apps: the list, the form, one application's page, and the actions of its buttons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from fastapi import Response
from markupsafe import Markup

from mock_sei.certificates.bundles import FORMATS
from mock_sei.certificates.held import Origin
from mock_sei.errors import Rejected
from mock_sei.fixtures import is_demo
from mock_sei.journal.activity import Activity
from mock_sei.oauth.tokens import spelled_time
from mock_sei.portal.letters import FORMATS_WITH_KEY, FORMATS_WITHOUT_KEY
from mock_sei.portal.links import Delivery
from mock_sei.portal.registration import REDIRECTED
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE
from mock_sei.rules.records import Application, CertificateSource, Environment
from mock_sei.web.downloads import attachment
from mock_sei.web.forms import Pairs
from mock_sei.web.portal.calls import plan_call, quoted
from mock_sei.web.portal.certificates import (
    certificate_rows,
    download_lines,
    find_current,
    history_of,
    in_words,
    provide_current,
)
from mock_sei.web.portal.form import (
    KINDS,
    LABELS,
    empty_values,
    registration_fields,
    sent_values,
    shown_problems,
    values_of,
)
from mock_sei.web.portal.time_line import stamp
from mock_sei.web.portal.tokens import token_state, when
from mock_sei.web.portal.visit import (
    APPS,
    PAGE,
    Visit,
    page_number,
    path_of,
    query_of,
    status_of,
)

_EYE = Markup(
    '<svg width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
    'stroke-width="2" aria-hidden="true"><path d="M1 12s4-7 11-7 11 7 11 7-4 7-11 7S1 12 1 12z"/>'
    '<circle cx="12" cy="12" r="3"/></svg>'
)


ENVIRONMENTS = {tuple(Environment): "all"}
"""Environments that the list has a word for."""


def my_apps(visit: Visit) -> Response:
    """One page of the list of applications, or of the applications whose name was searched.

    A search for an AppKey or a service account opens that application.
    """
    registry = visit.platform.registry
    sought = visit.request.query_params.get("find", "").strip()
    one = registry.find_application(sought) or registry.find_application_of(sought)
    if one is not None:
        return visit.go(path_of(one))
    number = page_number(visit.request.query_params.get("page"))
    start = (number - 1) * PAGE
    if sought:
        found = [each for each in registry.applications.values() if has_in_name(each, sought)]
        count, applications = len(found), found[start : start + PAGE]
    else:
        page = registry.applications.page(limit=PAGE, start=start)
        count, applications = page.count, page.records
    asked = {"find": sought} if sought else {}
    return visit.show(
        "my_apps.html",
        registered=len(registry.applications),
        sought=sought,
        shown=f"{start + 1:,} to {start + len(applications):,} of {count:,}",
        earlier=APPS + query_of(page=number - 1, **asked) if number > 1 else None,
        later=APPS + query_of(page=number + 1, **asked) if start + PAGE < count else None,
        rows=_rows(visit, applications),
    )


def _rows(visit: Visit, applications: Sequence[Application]) -> list[dict[str, Any]]:
    now = visit.platform.clock.timestamp()
    activities = visit.platform.journal.activities_of(applications, now)
    return [_row(visit, *each) for each in zip(applications, activities, strict=True)]


def _row(visit: Visit, application: Application, activity: Activity) -> dict[str, Any]:
    """What the list says about one application: a few look-ups, whatever is registered."""
    clock = visit.platform.clock
    current = find_current(visit, application)
    row: dict[str, Any] = {
        "name": application.name,
        "path": path_of(application),
        "type": f"{application.type}, {application.actor}",
        "grant": application.standard.grant_label,
        "state": status_of(application),
        "approved": application.approved,
        "has_account": application.service_account is not None,
        "environments": ENVIRONMENTS.get(
            application.environments, ", ".join(application.environments)
        ),
        "last_call": when(visit, activity.last),
        "refused": activity.refused,
        "end": None,
    }
    if current is not None:
        left = current.not_after - clock.now()
        row |= {
            "end": f"{current.not_after:%Y-%m-%d}",
            "left": in_words(left),
            "is_due": left < timedelta(days=max(visit.portal.notice_days, default=0)),
        }
    return row


def has_in_name(application: Application, sought: str) -> bool:
    return sought.casefold() in application.name.casefold()


def add_app(visit: Visit) -> Response:
    """The empty registration form."""
    return _form(visit, empty_values(), {})


def register(visit: Visit) -> Response:
    """Registers an application from the form."""
    values = sent_values(visit)
    try:
        application = visit.portal.register(registration_fields(values))
    except Rejected as error:
        return _form(visit, values, error.problems)
    done = "approved" if application.approved else "registered"
    return visit.go(path_of(application), done)


def edit(visit: Visit) -> Response:
    """The form with the values of a registered application."""
    application = visit.application()
    return _form(visit, values_of(application), {}, existing=application)


def change(visit: Visit) -> Response:
    """Changes an application from the form."""
    application, values = visit.application(), sent_values(visit)
    try:
        changed = visit.portal.change(
            application.app_key, registration_fields(values, with_kind=False)
        )
    except Rejected as error:
        return _form(visit, values, error.problems, existing=application)
    return visit.go(path_of(changed), "changed")


def _form(
    visit: Visit,
    values: Mapping[str, object],
    problems: Mapping[str, str],
    *,
    existing: Application | None = None,
) -> Response:
    shown = shown_problems(problems)
    if problems:
        visit.exchange.entry.note(f"form refused: {Rejected(problems)}")
    return visit.show(
        "form.html",
        status=400 if problems else 200,
        title=f"Change {existing.name}" if existing else "Add App",
        submit="Save" if existing else "Register",
        action=f"{path_of(existing)}/edit" if existing else APPS,
        cancel=path_of(existing) if existing else APPS,
        existing=existing,
        kinds=KINDS,
        redirected=REDIRECTED,
        labels=LABELS,
        values=values,
        problems=defaultdict(str, shown) if shown else defaultdict(str),
        products=[(each.name, each.title) for each in visit.platform.catalogue.products.values()],
        environments=list(Environment),
    )


def details(visit: Visit) -> Response:
    """The page of an application."""
    return _details(visit, visit.application(), {})


def _spelled(duration: timedelta) -> str:
    return spelled_time(int(duration.total_seconds()))


def _details(visit: Visit, application: Application, problems: Mapping[str, str]) -> Response:
    if problems:
        visit.exchange.entry.note(f"form refused: {Rejected(problems)}")
    now = visit.platform.clock.now()
    account = application.service_account
    links = visit.portal.links.newest_of(account, 3) if account else []
    certificates, older = _certificates(visit, application)
    current = visit.platform.certificates.current(account) if account else None
    from_here = application.certificate is CertificateSource.SEI
    with_key = current.has_key if current else from_here
    record = visit.platform.registry.service_accounts.get(account or "")
    known = visit.platform.fixtures.registry.service_accounts
    formats = FORMATS_WITH_KEY if with_key else FORMATS_WITHOUT_KEY
    password = record.password if record and is_demo(record) else None
    assumed = visit.platform.state.assumptions.token
    return visit.show(
        "details.html",
        status=400 if problems else 200,
        application=application,
        path=path_of(application),
        state_of=status_of,
        eye=_EYE,
        demo_password=password,
        plan=plan_call(visit.platform, visit.addresses, application, password),
        quoted=quoted,
        tokens=token_state(visit, application),
        token_lifetime=_spelled(assumed.lifetime),
        token_idle_limit=_spelled(assumed.idle_limit),
        downloads=download_lines(visit.addresses.control, account if with_key else None),
        from_fixtures=record is not None and known.get(record.username) == record,
        certificates=certificates,
        older_certificates=older,
        history=history_of(application),
        links=[
            {
                "made": stamp(each.made_at),
                "serial": f"{each.serial_number:x}",
                "state": each.state(now),
                "warning": "" if each.find_problem(now) else each.delivery.warning,
            }
            for each in links
        ],
        with_key=with_key,
        deliverable=current.origin is not Origin.OWN if current else from_here,
        formats=formats,
        chrome=visit.uses_chrome,
        has_live_link=any(each.find_problem(now) is None for each in links),
        problems=defaultdict(str, problems),
        submitted=defaultdict(str, _shown_again(visit.form)),
    )


def _shown_again(form: Pairs) -> Iterator[tuple[str, str]]:
    """The submitted fields to fill in again; a private key is left out, so no page repeats it."""
    return ((name, "" if "PRIVATE KEY" in value else value) for name, value in form)


def _certificates(visit: Visit, application: Application) -> tuple[list[dict[str, Any]], int]:
    """The newest certificates of an application, newest first, and the number of older ones."""
    account = application.service_account
    if account is None:
        return [], 0
    provide_current(visit, application)
    held = visit.platform.certificates.of(account)
    shown = held[: -PAGE - 1 : -1]
    return certificate_rows(visit, application, shown), len(held) - len(shown)


def approve(visit: Visit) -> Response:
    """Approves an application."""
    application = visit.portal.approve(visit.application().app_key)
    return visit.go(path_of(application), "approved")


def refresh_keys(visit: Visit) -> Response:
    """Replaces AppKey and AppSecret."""
    application = visit.portal.refresh_keys(visit.application().app_key)
    return visit.go(path_of(application), "keys")


def delete(visit: Visit) -> Response:
    """Deletes an application."""
    visit.portal.remove(visit.application().app_key)
    return visit.go(APPS, "deleted")


def new_link(visit: Visit) -> Response:
    """Mails a new download link for the current certificate."""
    return _link(visit, "link", visit.portal.send_link)


def renew(visit: Visit) -> Response:
    """Issues a second certificate and mails its link."""
    return _link(visit, "renew", visit.portal.renew)


def _link(visit: Visit, done: str, make: Callable[[str, Delivery], object]) -> Response:
    application = visit.application()
    wanted = visit.value("format") or None
    # An empty field means a file without passphrase. A form without the field gets the default.
    passphrase = next(iter(visit.values("passphrase")), DEFAULT_PASSPHRASE)
    if wanted is not None and wanted not in FORMATS:
        problem = f"no format {wanted}; there are {', '.join(FORMATS)}"
        return _details(visit, application, {"format": problem})
    delivery = Delivery(
        format=wanted, passphrase=passphrase, legacy=visit.value("legacy") == "true"
    )
    account = require_account(application)
    try:
        make(account, delivery)
    except Rejected as error:
        return _details(visit, application, error.problems)
    return visit.go(path_of(application), done)


def sign_request(visit: Visit) -> Response:
    """Signs a certificate signing request."""
    application = visit.application()
    account = require_account(application)
    try:
        visit.portal.sign(account, visit.value("request"))
    except Rejected as error:
        return _details(visit, application, error.problems)
    return visit.go(path_of(application), "request")


def register_certificate(visit: Visit) -> Response:
    """Registers a certificate of the user's own CA."""
    application = visit.application()
    account = require_account(application)
    try:
        visit.platform.certificates.register_own(
            account, visit.value("certificate"), visit.value("ca")
        )
    except Rejected as error:
        return _details(visit, application, error.problems)
    return visit.go(path_of(application), "certificate")


def revoke(visit: Visit) -> Response:
    """Revokes a certificate."""
    application = visit.application()
    try:
        number = int(visit.value("serial_number"), 16)
    except ValueError:
        raise Rejected({"serial_number": "not a hexadecimal number"}) from None
    visit.platform.certificates.revoke(require_account(application), number)
    return visit.go(path_of(application), "revoke")


def private_key(visit: Visit) -> Response:
    """Downloads the private key of the current certificate."""
    identity = visit.platform.certificates.identity(require_account(visit.application()))
    try:
        content = identity.encrypted_key_pem(visit.value("key_passphrase") or None)
    except ValueError as error:  # the passphrase is too long
        raise Rejected({"key_passphrase": str(error)}) from None
    return attachment("privatekey.key", content)


def require_account(application: Application) -> str:
    """Raises :class:`Rejected` for an application without two-way TLS."""
    if application.service_account is None:
        raise Rejected({"name": f"{application.name} has no service account and no certificate"})
    return application.service_account
