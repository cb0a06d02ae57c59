"""Clock, journal, mailbox and faults of a server elsewhere: each look is a call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mock_sei.faults.faults import ArmedFault, read_armed
from mock_sei.journal.entries import Entry
from mock_sei.journal.journal import JournalView, WholeJournal, nothing_of
from mock_sei.journal.recorded import read_entry
from mock_sei.portal.links import Delivery, Link
from mock_sei.portal.mailbox import Letter, Mail, MailPage, Mails
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH
from mock_sei.rules.arguments import named_plainly_throughout, require_flag
from mock_sei.rules.clock import forward_step, read_moment, too_far
from mock_sei.rules.records import Application
from mock_sei.testing.calls import ControlApi

FARTHEST = timedelta(days=365_000)
"""What the control API advances by, at most."""


FAULTS_A_PAGE = 1000
"""What the control API lists at once, at most."""


@named_plainly_throughout
class AttachedClock:
    """The platform's clock. Raises what :class:`~mock_sei.rules.clock.Clock` does."""

    def __init__(self, api: ControlApi) -> None:
        self._api = api

    def timestamp(self) -> float:
        return self.now().timestamp()

    def now(self) -> datetime:
        return _now(self._api.get("/clock"))

    @property
    def frozen(self) -> bool:
        return bool(self._api.get("/clock")["frozen"])

    @property
    def is_machine(self) -> bool:
        return bool(self._api.get("/clock")["is_machine"])

    def advance(self, amount: timedelta | None = None, /, **parts: float) -> datetime:
        step = forward_step(amount, parts)
        if step > FARTHEST:
            raise too_far(step)
        return _now(self._api.post("/clock/advance", {"seconds": step.total_seconds()}))

    def set(self, moment: datetime, *, frozen: bool | None = None) -> datetime:
        there = read_moment(moment)
        if frozen is not None:
            require_flag("frozen", frozen)
        return self._put(now=there.isoformat(), frozen=frozen)

    def freeze(self) -> datetime:
        return self._put(frozen=True)

    def unfreeze(self) -> datetime:
        return self._put(frozen=False)

    def reset(self) -> None:
        self._api.call("DELETE", "/clock")

    def _put(self, **change: object) -> datetime:
        return _now(self._api.call("PUT", "/clock", change).json())


def _now(state: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(state["now"])


class AttachedJournal(WholeJournal):
    """The server's journal."""

    def __init__(self, api: ControlApi) -> None:
        self._api = api

    @property
    def entries(self) -> list[Entry]:
        return _entries(self._api)

    @property
    def last(self) -> Entry:
        return _last(_entries(self._api, limit=1), self)

    @property
    def dropped(self) -> int:
        return int(self._api.get("/journal", {"limit": 1})["dropped"])

    def clear(self) -> None:
        self._api.call("DELETE", "/journal")

    def _of(self, application: Application) -> JournalView:
        return AttachedApplicationJournal(self._api, application)


class AttachedApplicationJournal(JournalView):
    """What of it concerns one application, chosen by the server."""

    def __init__(self, api: ControlApi, application: Application) -> None:
        self._api = api
        self._application = application
        self.nothing = nothing_of(application)

    @property
    def entries(self) -> list[Entry]:
        return _entries(self._api, application=self._application.app_key)

    @property
    def last(self) -> Entry:
        return _last(_entries(self._api, application=self._application.app_key, limit=1), self)


def _entries(api: ControlApi, **query: str | int) -> list[Entry]:
    return [read_entry(each) for each in api.get("/journal", query)["entries"]]


def _last(newest: list[Entry], view: JournalView) -> Entry:
    if not newest:
        raise LookupError(view.nothing)
    return newest[-1]


class AttachedMailbox(Mails):
    """The server's mailbox; renewal notices that are due are sent by each look."""

    def __init__(self, api: ControlApi) -> None:
        self._api = api

    def page(
        self,
        *,
        limit: int | None = None,
        after: int | None = None,
        before: int | None = None,
        to: str | None = None,
        about: str = "",
    ) -> MailPage:
        query: dict[str, Any] = {"to": to, "about": about or None, "before": before}
        if limit is not None:
            return self._read(query | {"limit": limit, "after": after})
        found = self._read(query | {"after": after or 0})
        mails = list(found.mails)
        page = found
        while page.mails and page.later:
            page = self._read(query | {"after": page.mails[-1].number})
            mails += page.mails
        return MailPage(mails=mails, count=found.earlier + len(mails), earlier=found.earlier)

    def clear(self) -> None:
        self._api.call("DELETE", "/mailbox")

    def _read(self, query: Mapping[str, str | int | None]) -> MailPage:
        told = self._api.page("/mailbox", query)
        mails = [_mail(each) for each in told.content["messages"]]
        return MailPage(mails=mails, count=told.count, earlier=told.earlier)


def _mail(told: Mapping[str, Any]) -> Mail:
    letter = Letter(
        sender=told["sender"],
        subject=told["subject"],
        text=told["text"],
        link=None if told["link"] is None else _link(told["link"]),
    )
    return Mail(
        number=told["number"],
        recipient=told["recipient"],
        sent_at=datetime.fromisoformat(told["sent"]),
        letter=letter,
    )


def _link(told: Mapping[str, Any]) -> Link:
    """As it is there but for the passphrase, which the control API does not tell."""
    return Link(
        token=urlsplit(told["url"]).path.removeprefix(CERTIFICATE_LINK_PATH),
        account=told["account"],
        serial_number=int(told["serial_number"], 16),
        delivery=Delivery(format=told["format"], legacy=told["legacy"]),
        made_at=datetime.fromisoformat(told["made"]),
        expires_at=datetime.fromisoformat(told["expires"]),
        used_at=None if told["used"] is None else datetime.fromisoformat(told["used"]),
        replaced=told["replaced"],
    )


class AttachedFaults:
    """The server's faults."""

    def __init__(self, api: ControlApi) -> None:
        self._api = api

    @property
    def armed(self) -> list[ArmedFault]:
        """Page by page."""
        found: list[ArmedFault] = []
        while len(found) % FAULTS_A_PAGE == 0:
            after = found[-1].identifier if found else 0
            page = self._api.get("/faults", {"after": after, "limit": FAULTS_A_PAGE})
            if not page:
                break
            found += map(read_armed, page)
        return found

    @property
    def live(self) -> int:
        return sum(not each.is_over for each in self.armed)

    def find(self, identifier: int) -> ArmedFault | None:
        page = self._api.get("/faults", {"after": max(0, identifier - 1), "limit": 1})
        found = next(map(read_armed, page), None)
        return found if found is not None and found.identifier == identifier else None

    def remove(self, identifier: int) -> bool:
        if self.find(identifier) is None:
            return False
        self._api.call("DELETE", f"/faults/{identifier}")
        return True

    def clear(self) -> None:
        self._api.call("DELETE", "/faults")
