"""What is asked of a server elsewhere: the answers of its registry, one call for each look-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from mock_sei.errors import MockSeiError
from mock_sei.platform import Platform
from mock_sei.portal.mailbox import Letter
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.controls import Registered
from mock_sei.testing.mirrors import AttachedMailbox
from mock_sei.testing.registered import AttachedRegistry
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

    def in_parts_of_two(self, monkeypatch: pytest.MonkeyPatch) -> None:
        page = self.api.page
        monkeypatch.setattr(self.api, "page", lambda path, query: page(path, {"limit": 2, **query}))


@pytest.fixture
def counted(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(platform, monkeypatch)


LOOKS: dict[str, Callable[[Registered], Any]] = {
    "by name": lambda known: known.find_application("demo-server"),
    "by AppKey": lambda known: known.find_application("demo-server-key"),
    "in the table": lambda known: known.applications["demo-server-key"],
    "in the table, or None": lambda known: known.applications.get("nobody"),
    "whether it is in the table": lambda known: "demo-spa-key" in known.applications,
    "whether a name is a key": lambda known: "demo-spa" in known.applications,
    "how many": lambda known: len(known.applications),
    "required": lambda known: known.require_application("demo-server"),
    "of an account": lambda known: known.find_application_of("svc-demo"),
    "of nobody's account": lambda known: known.find_application_of("svc-nobody"),
    "an account": lambda known: known.require_account("svc-demo"),
    "an account of the table": lambda known: known.service_accounts["svc-web"],
    "a user": lambda known: known.require_user("alice@example.com"),
    "a user of the table": lambda known: known.end_users.get("bob@example.com"),
    "nobody": lambda known: known.find_application("nobody"),
    "names": lambda known: known.application_names(),
    "names of accounts": lambda known: known.account_names(),
}


@pytest.mark.parametrize("look", LOOKS)
def test_each_look_up_is_one_call_with_the_servers_answer(
    counted: Counted, platform: Platform, look: str
) -> None:
    known = AttachedRegistry(counted.api)

    assert LOOKS[look](known) == LOOKS[look](platform.registry)
    assert len(counted.calls) == 1


NO_NAMES = ("", ".", "..", "a/b", "../health", "a?b#c", "%2e%2e", "new", "x" * 300)


@pytest.mark.parametrize("name", NO_NAMES)
@pytest.mark.parametrize("kind", ["application", "account", "user"])
def test_what_is_not_there_is_said_in_the_same_words(
    counted: Counted, platform: Platform, kind: str, name: str
) -> None:
    said = []
    for known in (AttachedRegistry(counted.api), platform.registry):
        with pytest.raises(MockSeiError, match="no ") as caught:
            getattr(known, f"require_{kind}")(name)
        said.append((type(caught.value), str(caught.value)))
    assert said[0] == said[1]


def test_a_table_is_read_part_by_part(
    counted: Counted, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted.in_parts_of_two(monkeypatch)
    known, there = AttachedRegistry(counted.api), platform.registry

    assert list(known.applications.items()) == list(there.applications.items())
    assert len(counted.calls) == 3
    assert list(known.applications) == list(there.applications)
    assert dict(known.service_accounts) == dict(there.service_accounts)
    assert list(known.end_users.values()) == list(there.end_users.values())


def test_a_mailbox_is_read_part_by_part_and_by_one_call_for_one_mail(
    counted: Counted, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = platform.portal.mailbox, AttachedMailbox(counted.api)
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

    counted.in_parts_of_two(monkeypatch)
    assert there.messages == here.messages
    assert there.page(before=11).mails == here.page(before=11).mails
    assert there.find(to="0@example.com") == here.find(to="0@example.com")
