"""The journal knows when each application called last, and how often it was refused today."""

from __future__ import annotations

from dataclasses import replace

from mock_sei.errors import Explanation
from mock_sei.journal.activity import Activity
from mock_sei.journal.entries import Entry
from mock_sei.journal.journal import ServerJournal
from mock_sei.rules.connection import Connection
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Actor, ApplicationType, Listener

DAY = 24 * 60 * 60
NOON = 20_000 * DAY + DAY / 2

ORDERS = Application(
    name="orders",
    type=ApplicationType.SERVER_SERVER,
    actor=Actor.SERVER,
    app_key="key",
    app_secret="secret",
    service_account="svc-orders",
)
OTHER = replace(ORDERS, name="other", app_key="other-key", service_account="svc-other")


def entry(name: str | None = "orders", *, at: float = NOON, refused: bool = False) -> Entry:
    made = Entry(
        kind="exchange",
        timestamp=at,
        connection=Connection(listener=Listener.TWO_WAY, source_address="127.0.0.1"),
        tls_version="TLSv1.3",
        tracking_id="1",
    )
    made.findings.application = name
    if refused:
        made.refuse(Explanation(check="AppKey", because="It is wrong."))
    return made


def activity_of(journal: ServerJournal, application: Application, now: float) -> Activity:
    (found,) = journal.activities_of([application], now)
    return found


def test_an_application_without_entries_has_no_last_call() -> None:
    journal = ServerJournal(10)
    journal.add(entry("other"))
    activity = activity_of(journal, ORDERS, NOON)
    assert (activity.last, activity.refused) == (None, 0)


def test_refusals_are_counted_for_the_day_and_the_application() -> None:
    journal = ServerJournal(10)
    journal.add(entry(refused=True, at=NOON - DAY))
    journal.add(entry(refused=True))
    journal.add(entry())
    journal.add(entry("other", refused=True))
    assert activity_of(journal, ORDERS, NOON).refused == 1
    assert activity_of(journal, ORDERS, NOON - DAY).refused == 1
    assert activity_of(journal, ORDERS, NOON + DAY).refused == 0
    assert activity_of(journal, ORDERS, NOON).last == NOON


def test_entries_that_the_journal_dropped_do_not_count() -> None:
    journal = ServerJournal(3)
    for at in (1, 2):
        journal.add(entry(refused=True, at=NOON + at))
    for _ in range(2):
        journal.add(entry("other"))
    assert activity_of(journal, ORDERS, NOON).refused == 1
    journal.add(entry("other"))
    activity = activity_of(journal, ORDERS, NOON)
    assert (activity.last, activity.refused) == (None, 0)


def test_a_successor_of_the_same_name_does_not_inherit_calls() -> None:
    journal = ServerJournal(3)
    under_way = entry(refused=True)
    under_way.releases = journal.releases
    journal.add(entry(refused=True))
    journal.release(application="orders", account="svc-orders")
    journal.add(under_way)
    assert activity_of(journal, ORDERS, NOON).last is None
    journal.add(entry(refused=True, at=NOON + 5))
    for _ in range(2):
        journal.add(entry("other"))  # drops the entries of the former application
    activity = activity_of(journal, ORDERS, NOON)
    assert (activity.last, activity.refused) == (NOON + 5, 1)


def test_a_cleared_journal_has_no_activity() -> None:
    journal = ServerJournal(3)
    journal.add(entry())
    journal.clear()
    assert activity_of(journal, ORDERS, NOON).last is None
    assert activity_of(journal, OTHER, NOON).last is None
