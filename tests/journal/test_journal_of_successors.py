"""The journal of an application has no entries of an earlier one with the same name."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx2
import pytest

from mock_sei.journal.entries import Entry
from mock_sei.journal.journal import ServerJournal
from mock_sei.rules.connection import Connection, Findings
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from tests.growth import Action, assert_flat
from tests.support import Served, control_client, registration


@pytest.fixture
def control(served: Served) -> httpx2.Client:
    return control_client(served.platform)


def register(served: Served, control: httpx2.Client, **changes: Any) -> Application:
    answer = control.post("/applications", json=registration(**changes))
    assert answer.status_code == 201, answer.text
    return served.application(answer.json()["name"])


def paths(control: httpx2.Client, name: str) -> list[str]:
    answer = control.get("/journal", params={"application": name})
    return [each["request"]["path"] for each in answer.json()["entries"]]


@pytest.mark.long
def test_a_successor_has_nothing_of_its_predecessor(served: Served, control: httpx2.Client) -> None:
    register(served, control)
    served.token("Nightly")
    assert paths(control, "Nightly") == ["/v2/oauthtoken"]

    assert control.delete("/applications/Nightly").status_code == 204
    successor = register(served, control)

    journal = served.platform.journal
    assert paths(control, "Nightly") == []
    assert paths(control, successor.service_account or "") == []
    assert journal.of(successor).entries == []
    assert [each.status for each in journal.find(application="Nightly")] == [200]

    served.token("Nightly")
    assert len(journal.of(successor)) == len(paths(control, "Nightly")) == 1
    assert journal.of(successor).last is journal.last
    assert len(journal.find(application="Nightly")) == 2


def test_a_call_that_began_before_the_deletion_is_the_predecessors(served: Served) -> None:
    journal = served.platform.journal
    demo = served.application("demo-spa")
    begun = entry(demo.name, releases=journal.releases)
    journal.release(application=demo.name)

    journal.add(begun)
    journal.add(entry(demo.name))

    assert journal.of(demo).entries == journal.entries[1:]


@pytest.mark.long
def test_who_takes_a_name_that_another_gave_up_has_nothing_of_it(
    served: Served, control: httpx2.Client
) -> None:
    register(served, control)
    served.platform.journal.add(entry("Nightly"))
    assert control.patch("/applications/Nightly", json={"name": "Weekly"}).status_code == 200

    register(served, control)

    assert paths(control, "Nightly") == []


def test_a_deletion_that_a_reset_overtook_hides_nothing(served: Served) -> None:
    before = served.platform.pinned()
    served.platform.reset()
    journal = served.platform.journal
    journal.add(entry("demo-server"))

    before.portal.remove("demo-server")

    assert len(journal.of(served.application("demo-server"))) == 1


def entry(application: str, releases: int | None = None) -> Entry:
    return Entry(
        kind="handshake",
        timestamp=0,
        connection=Connection(listener=Listener.TWO_WAY, source_address="192.0.2.1"),
        findings=Findings(application=application),
        releases=releases,
    )


@pytest.mark.long
def test_names_that_no_entry_has_are_forgotten_and_the_others_are_not(served: Served) -> None:
    journal = ServerJournal(size=3)
    demo = served.application("demo-server")
    journal.add(entry(demo.name))
    journal.release(application=demo.name, account=demo.service_account)
    for number in range(5000):
        journal.release(application=f"a{number}", account=f"svc-{number}")

    assert journal.of(demo).entries == []
    assert journal.released_names <= 2000


def releasing(size: int) -> Action:
    journal = ServerJournal(size=100)
    for number in range(size):
        journal.release(application=f"a{number}")
    return partial(journal.release, application="x")


@pytest.mark.slow
def test_a_release_costs_the_same_after_many() -> None:
    assert_flat(releasing, 10, 5000)
