"""What is asked of a server elsewhere: the answers of its registry, one call for each look-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from mock_sei.errors import MockSeiError
from mock_sei.platform import Platform
from mock_sei.portal.mailbox import Letter
from mock_sei.rules.registry import Registry
from mock_sei.testing.applications import Applications
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.data import Data
from mock_sei.testing.faults import Faults
from mock_sei.testing.mailbox import Mailbox
from mock_sei.testing.registered import Registered
from mock_sei.testing.remote import Remote
from tests.cases import every_case
from tests.patience import PATIENCE
from tests.support import control_client

LETTER = Letter(sender="mock-sei", subject="subject", text="text")


class Counted:
    """A control API in process, and the calls that were made of it."""

    def __init__(self, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        http = control_client(platform)
        http.event_hooks = {"request": [self._count]}
        self.api = ControlApi("http://127.0.0.1:8044", timeout=PATIENCE, hint="")
        monkeypatch.setattr(self.api, "_http", http)

    def _count(self, request: httpx2.Request) -> None:
        self.calls.append(f"{request.method} {request.url.raw_path.decode()}")

    @property
    def server(self) -> Remote:
        return Remote(self.api)


def in_parts_of(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("registered", "faults", "mailbox"):
        monkeypatch.setattr(f"mock_sei.testing.{module}.MOST_LISTED", number)
    monkeypatch.setattr("mock_sei.testing.data.MOST_SHOWN", number)


@pytest.fixture
def counted(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(platform, monkeypatch)


Known = Registered | Registry
LOOKS: dict[str, Callable[[Known], Any]] = {
    "by name": lambda known: known.find_application("demo-server"),
    "by AppKey": lambda known: known.find_application("demo-server-key"),
    "required": lambda known: known.require_application("demo-server"),
    "of an account": lambda known: known.find_application_of("svc-demo"),
    "of nobody's account": lambda known: known.find_application_of("svc-nobody"),
    "an account": lambda known: known.require_account("svc-demo"),
    "a user": lambda known: known.require_user("alice@example.com"),
    "nobody": lambda known: known.find_application("nobody"),
    "names": lambda known: known.application_names(),
    "names of accounts": lambda known: known.account_names(),
}


@pytest.mark.parametrize("look", LOOKS)
def test_each_look_up_is_one_call_with_the_servers_answer(
    counted: Counted, platform: Platform, look: str
) -> None:
    known = Registered(counted.server)

    assert LOOKS[look](known) == LOOKS[look](platform.registry)
    assert len(counted.calls) == 1


NO_NAMES = ("", ".", "..", "a/b", "../health", "a?b#c", "%2e%2e", "new", "x" * 300)


@pytest.mark.long
@every_case("name", NO_NAMES)
@every_case("kind", ["application", "account", "user"])
def test_what_is_not_there_is_said_in_the_same_words(
    counted: Counted, platform: Platform, kind: str, name: str
) -> None:
    said = []
    for known in (Registered(counted.server), platform.registry):
        with pytest.raises(MockSeiError, match="no ") as caught:
            getattr(known, f"require_{kind}")(name)
        said.append((type(caught.value), str(caught.value)))
    assert said[0] == said[1]


def test_applications_are_read_part_by_part(
    counted: Counted, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts_of(2, monkeypatch)
    known, there = Applications(counted.server), platform.registry

    assert list(iter(known)) == list(there.applications.values())
    assert len(counted.calls) == 3
    assert len(known) == len(there.applications)
    assert known["demo-web"] == there.find_application("demo-web")
    assert "demo-spa-key" in known
    assert "nobody" not in known


@pytest.mark.parametrize(("armed", "calls"), [(0, 1), (2, 1), (3, 2), (7, 3)])
def test_faults_are_read_to_the_last(
    counted: Counted, monkeypatch: pytest.MonkeyPatch, armed: int, calls: int
) -> None:
    in_parts_of(3, monkeypatch)
    faults = Faults(counted.server)
    for number in range(armed):
        faults.add(status=500 + number)
    counted.calls.clear()

    assert len(faults) == armed
    assert len(counted.calls) == calls


def test_a_fault_that_is_gone_is_removed_without_an_error(counted: Counted) -> None:
    faults = Faults(counted.server)
    fault = faults.add(status=503)
    fault.remove()
    fault.remove()
    assert fault.met == 0
    assert len(faults) == 0


@pytest.mark.parametrize(("stored", "calls"), [(0, 1), (2, 1), (3, 2), (7, 3)])
def test_records_are_read_to_the_last(
    counted: Counted, monkeypatch: pytest.MonkeyPatch, stored: int, calls: int
) -> None:
    in_parts_of(3, monkeypatch)
    records = [{"tradeTicketId": number} for number in range(stored)]
    collection = Data(counted.server)["trade-tickets"]
    collection.replace(records)
    counted.calls.clear()

    assert list(iter(collection)) == records
    assert len(counted.calls) == calls
    assert len(collection) == stored


def test_a_mailbox_is_read_part_by_part_and_by_one_call_for_one_mail(
    counted: Counted, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = platform.portal.mailbox, Mailbox(counted.server)
    for total in (7, 5):
        here.clear()
        for number in range(total):
            here.send(LETTER, to=f"{number % 2}@example.com", at=platform.clock.now())

    assert there.last == here.last
    assert there.require(9) == here.require(9)
    assert len(there) == 5
    assert there.find(to="1@example.com") == here.find(to="1@example.com")
    assert there.find(about="nothing of it") == []
    assert len(counted.calls) == 5
    for number in (7, 13):
        with pytest.raises(MockSeiError, match=f"no mail {number}; there are 5"):
            there.require(number)

    in_parts_of(2, monkeypatch)
    assert there.messages == here.messages
    assert there.page(before=11).mails == here.page(before=11).mails
    assert there.find(to="0@example.com") == here.find(to="0@example.com")
