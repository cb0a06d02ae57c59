"""The dashboard: what the platform does now, and the controls that change it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice, starmap
from typing import Any

from fastapi import Response

from mock_sei.errors import NOT_FOUND, Refusal, Rejected
from mock_sei.faults.faults import ArmedFault
from mock_sei.fixtures import has_demo_keys, is_demo
from mock_sei.journal.entries import LINE_PATH, Entry
from mock_sei.journal.hiding import Secrets, hide_values
from mock_sei.oauth.metadata import OAUTH_OPERATIONS
from mock_sei.operations.clock import SetClock
from mock_sei.operations.faults import AddFault, RemoveFault
from mock_sei.operations.requests import Request
from mock_sei.portal.ends import Ending
from mock_sei.rules import machine
from mock_sei.rules.addresses import HOME, Addresses
from mock_sei.values.texts import spelled
from mock_sei.web.example_calls import (
    EXAMPLE_ACCOUNT,
    ExampleFiles,
    ca_lines,
    control_line,
    curl_lines,
    files_here,
    files_to_fetch,
    is_in_image,
    one_way_line,
    two_way_lines,
)
from mock_sei.web.misses import addresses_of
from mock_sei.web.portal.controls import (
    CONTROLS,
    EXAMPLE_FAULT,
    FAULT_KINDS,
    OPTION,
    WITH_STATUS,
    Recipe,
    are_allowed,
    is_over_loopback,
    require_allowed,
    ways_of,
)
from mock_sei.web.portal.settings import differences
from mock_sei.web.portal.time_line import stamp
from mock_sei.web.portal.visit import (
    FORM_CHECK,
    Visit,
    events_of,
    path_of,
    query_of,
)

FAULTS_SHOWN = 20
"""Faults on one page."""
REFUSALS_SHOWN = 10
LOOKED_AT = 10_000
"""The newest entries of the journal in which refusals are looked for."""
VALUE_SHOWN = 200
"""Characters of each text of a refusal."""
NEXT_ENDS, LAST_ENDS = 10, 2
"""Certificates that are shown: those that end next, and those that ended last."""
OPERATIONS_OFFERED = 200
"""Operations that the field of a fault offers. Any other can be typed."""


def dashboard(visit: Visit) -> Response:
    """The page of the dashboard."""
    return _dashboard(visit, {})


def perform(visit: Visit) -> Response:
    """Performs the operation of a control, and leads back to the dashboard."""
    name = visit.request.path_params["control"]
    control = CONTROLS.get(name)
    if control is None:
        known = ", ".join(CONTROLS)
        because = f"The portal has no control {spelled(name[:40])}; there are {known}."
        raise Refusal(NOT_FOUND, check=FORM_CHECK, because=because)
    require_allowed(visit)
    try:
        wanted = control.read(visit)
        wanted.check()
        wanted.perform(visit.platform.reloaded())
    except Rejected as error:
        return _dashboard(visit, error.problems)
    return visit.go(HOME, control.done)


def _dashboard(visit: Visit, problems: Mapping[str, str]) -> Response:
    if problems:
        visit.exchange.entry.note(f"form refused: {Rejected(problems)}")
    platform, addresses = visit.platform, addresses_of(visit.exchange)
    now = platform.clock.now()

    def ways(name: str, request: Request[Any] | None = None) -> Recipe:
        control = CONTROLS[name]
        return ways_of(control, control.read(visit) if request is None else request, addresses)

    def removal(identifier: int) -> Recipe:
        return ways("remove-fault", RemoveFault(identifier=identifier))

    example = {**EXAMPLE_FAULT, "kind": WITH_STATUS}
    refusals = list(_refusals(visit))
    before = visit.request.query_params.get("before")
    events = events_of("dashboard", query_of(before=before) if before else "")
    return visit.show(
        "dashboard.html",
        status=400 if problems else 200,
        controls=CONTROLS,
        allowed=are_allowed(visit),
        option=OPTION,
        ways=ways,
        removal=removal,
        set_ways=ways("set", SetClock(now=now.replace(microsecond=0))),
        arm_ways=ways("arm-fault", AddFault(fields=EXAMPLE_FAULT)),
        clock=_clock(visit, now),
        problems=defaultdict(str, problems),
        submitted=defaultdict(str, visit.form if problems else example),
        kinds=FAULT_KINDS,
        offered=islice(chain(OAUTH_OPERATIONS, platform.catalogue.names), OPERATIONS_OFFERED),
        **_faults(visit),
        refusals=refusals,
        events=None if problems else events,
        news=_news(refusals),
        journal_size=LOOKED_AT,
        ends=_ends(visit, now),
        differences=list(differences(platform.settings, platform.state.behaviour)),
        listeners=_listeners(visit, addresses),
    )


def _clock(visit: Visit, now: datetime) -> dict[str, object]:
    clock = visit.platform.clock
    ahead = now - machine.now()
    return {
        "now": f"{now:%Y-%m-%d %H:%M:%S}",
        "weekday": f"{now:%A}",
        "field": f"{now:%Y-%m-%dT%H:%M:%S}",
        "frozen": clock.frozen,
        "is_machine": clock.is_machine,
        "ahead": f"{_duration(ahead)} {'behind' if ahead < timedelta(0) else 'ahead of'}",
    }


def _duration(span: timedelta) -> str:
    """A span in the two largest of its units, such as ``90 days 2 h``."""
    seconds = round(abs(span).total_seconds())
    parts = []
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {unit if count > 1 or unit != 'days' else 'day'}")
    return " ".join(parts[:2]) or "0 s"


def _faults(visit: Visit) -> dict[str, object]:
    faults, secrets = visit.platform.faults, visit.platform.state.secrets()
    asked = visit.request.query_params.get("before", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= 18
    before = int(asked) if is_number else None
    found = faults.newest(before=before, limit=FAULTS_SHOWN + 1)
    shown = found[:FAULTS_SHOWN]
    older = query_of(before=shown[-1].identifier) if len(found) > len(shown) else None
    return {
        "faults": [_fault(each, secrets) for each in shown],
        "live_faults": faults.live,
        "kept_faults": faults.kept,
        "newest_faults": f"{HOME}#faults" if before is not None else None,
        "older_faults": f"{HOME}{older}#faults" if older else None,
    }


def _fault(armed: ArmedFault, secrets: Secrets) -> dict[str, object]:
    fault = armed.fault
    times = "any number" if fault.times is None else f"{fault.times:,}"
    return {
        "identifier": armed.identifier,
        "calls": hide_values(str(fault.target), secrets, shown=VALUE_SHOWN),
        "what": hide_values(str(fault), secrets, shown=VALUE_SHOWN),
        "met": f"{armed.met:,} of {times}",
        "state": "over" if armed.is_over else "armed",
        "required": fault.required,
    }


def _refusals(visit: Visit) -> Iterator[dict[str, object]]:
    """The newest refusals, the newest first."""
    entries = reversed(visit.platform.journal.newest(LOOKED_AT).entries)
    refused = ((number, entry) for number, entry in entries if entry.refused_by)
    return starmap(_refusal, islice(refused, REFUSALS_SHOWN))


def _news(refusals: Sequence[Mapping[str, object]]) -> str:
    """What a live page says to somebody who does not see it."""
    if not refusals:
        return "Nothing was refused since the last reset."
    newest = refusals[0]
    return f"Newest refusal: {newest['what']} {newest['status']}, by {newest['check']}."


def _refusal(number: int, entry: Entry) -> dict[str, object]:
    request = entry.request
    what = "Handshake"
    if request is not None:
        what = f"{request.method} {request.path_beginning(LINE_PATH)}"
    certificate = entry.certificate.common_name if entry.certificate else None
    return {
        "number": number,
        "time": f"{entry.time:%Y-%m-%d %H:%M:%S}",
        "what": what,
        "status": entry.status or "no answer",
        "who": entry.application or entry.service_account or certificate or "",
        "check": entry.refused_by,
        "because": entry.refused_because,
        "expected": entry.expected,
        "actual": entry.actual,
    }


@dataclass(frozen=True, kw_only=True)
class ShownEnd:
    """The end of a certificate, as the line of time shows it."""

    account: str
    path: str | None
    """The page of its application."""
    at: str
    when: str
    percent: int
    """Its place on the line: from 2, which is now, to 98, so that no mark is cut off."""
    state: str
    """``ended``, ``soon`` or ``later``."""


def _ends(visit: Visit, now: datetime) -> dict[str, object]:
    found = visit.portal.certificates_around(now, before=LAST_ENDS, after=NEXT_ENDS)
    horizon = max((each.not_after - now for each in found.next), default=timedelta(0))
    soon = timedelta(days=max(visit.platform.settings.renewal_notices, default=0))

    def shown(each: Ending) -> ShownEnd:
        left = each.not_after - now
        ended = left < timedelta(0)
        application = visit.platform.registry.find_application_of(each.account)
        return ShownEnd(
            account=each.account,
            path=path_of(application) if application else None,
            at=stamp(each.not_after),
            when=f"{_duration(left)} ago" if ended else f"in {_duration(left)}",
            percent=2 if ended or not horizon else 2 + round(96 * (left / horizon)),
            state="ended" if ended else "soon" if left <= soon else "later",
        )

    return {
        "count": found.count,
        "ended": found.ended,
        "more": found.count - found.ended - len(found.next),
        "shown": [*map(shown, found.just_ended), *map(shown, found.next)],
        "horizon": f"{now + horizon:%Y-%m-%d}",
    }


@dataclass(frozen=True, kw_only=True)
class ShownListener:
    """One of the three addresses, with a line to paste."""

    name: str
    address: str
    what: str
    lines: list[str]
    reference: str | None = None
    """The address of the pages that describe its calls."""


def _listeners(visit: Visit, addresses: Addresses) -> list[ShownListener]:
    fetches = is_in_image() or not is_over_loopback(visit.request)
    accounts = visit.platform.registry.service_accounts
    account = EXAMPLE_ACCOUNT if EXAMPLE_ACCOUNT in accounts else next(iter(accounts), None)
    named = account or EXAMPLE_ACCOUNT
    here = visit.platform.store
    files = files_to_fetch(addresses, named) if fetches else files_here(here, named)
    return [
        ShownListener(
            name="One-way TLS",
            address=addresses.one_way,
            what="Applications without a client certificate, the log-in page, this portal.",
            lines=[*ca_lines(files), one_way_line(files, addresses)],
        ),
        ShownListener(
            name="Two-way TLS",
            address=addresses.two_way,
            what="Applications with a client certificate.",
            lines=[] if account is None else _two_way_lines(visit, files, addresses),
        ),
        ShownListener(
            name="Control API",
            address=addresses.control,
            what="For tests: it does what the controls of this page do, and more.",
            lines=[control_line(addresses)],
            reference=f"{addresses.control}/docs",
        ),
    ]


def _two_way_lines(visit: Visit, files: ExampleFiles, addresses: Addresses) -> list[str]:
    """A token and a call, if the example's secrets are those that the documents print anyway."""
    registry = visit.platform.registry
    account = registry.service_accounts.get(EXAMPLE_ACCOUNT)
    application = registry.find_application_of(EXAMPLE_ACCOUNT)
    is_public = account is not None and is_demo(account)
    if is_public and application is not None and has_demo_keys(application):
        return curl_lines(visit.platform, files, addresses)
    return two_way_lines(files, addresses)
