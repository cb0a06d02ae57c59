"""All actions of the portal in several threads, while other threads read its lists."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from mock_sei.errors import MockSeiError
from mock_sei.platform import Platform
from mock_sei.rules.records import Application
from tests.patience import PATIENCE
from tests.support import Served, control_client, registration
from tests.web.portal.browser import Browser

pytestmark = pytest.mark.usefixtures("one_key")

ROUNDS = 12
"""The time limit in seconds for all threads, which are switched often."""


@pytest.fixture(autouse=True)
def _switching_all_the_time() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def one_life(platform: Platform, name: str) -> None:
    """All actions with an application whose name other threads use, too."""
    portal = platform.portal
    application = portal.register(registration(name=name))
    account = application.service_account or ""
    portal.change(application.app_key, {"distribution_list": f"{account}@example.com"})
    fresh = portal.refresh_keys(application.app_key)
    link = portal.send_link(account)
    platform.take_certificate(link.token)
    renewed = portal.renew(account)
    platform.certificates.revoke(account, renewed.serial_number)
    assert portal.mailbox.last.number
    portal.remove(fresh.app_key)


def write(platform: Platform, names: Iterator[str]) -> None:
    with suppress(MockSeiError):  # somebody else was quicker with the name
        one_life(platform, next(names))


def readers(served: Served) -> list[Callable[[], object]]:
    platform = served.platform
    browser, control = Browser(served), control_client(platform)
    registry, portal = platform.registry, platform.portal

    def page(path: str) -> None:
        answer = browser.get(path)
        assert answer.status_code in (200, 404), answer.text

    def told(path: str) -> None:
        answer = control.get(path)
        assert answer.status_code in (200, 404), answer.text

    def look() -> None:
        for each in registry.applications.values():
            assert isinstance(each, Application)
        assert all(registry.service_accounts.items())
        assert isinstance(list(registry.applications), list)
        assert all(registry.secrets)
        assert registry.scopes == ["ilservices"]
        portal.mailbox.find(about="nothing")
        portal.links.of("svc-demo")
        with suppress(MockSeiError):
            portal.require("shared 0")

    paths = ("/portal", "/portal/mailbox", "/portal/apps/shared%200", "/portal/apps/demo-server")
    calls = ("/", "/applications", "/mailbox", "/applications/shared%200", "/crl.pem")
    return [
        look,
        *(lambda path=path: page(path) for path in paths),
        *(lambda path=path: told(path) for path in calls),
    ]


@pytest.mark.slow
def test_writers_and_readers_do_not_disturb_one_another(served: Served) -> None:
    platform = served.platform
    before = platform.registry.copy()
    platform.certificates.identity("svc-demo")
    names = itertools.cycle(["shared 0", "shared 0", "shared 1", "shared 2"])

    def repeat(work: Callable[[], object]) -> None:
        for _ in range(ROUNDS):
            work()

    work: list[Callable[[], object]] = [lambda: write(platform, names)] * 3
    work += [lambda: platform.portal.send_link("svc-demo"), *readers(served)]
    with ThreadPoolExecutor(len(work)) as pool:
        for each in [pool.submit(repeat, one) for one in work]:
            each.result(PATIENCE)

    for application in platform.registry.applications.values():
        if application.name.startswith("shared"):  # its life was cut short by another's
            platform.portal.remove(application.app_key)
    assert platform.registry == before
    assert set(platform.registry.secrets) == set(before.secrets)
    assert platform.registry.scopes == before.scopes
    assert [platform.portal.links.of(f"svc-shared-{each}") for each in range(3)] == [[], [], []]
    numbers = [each.number for each in platform.portal.mailbox.messages]
    assert numbers == list(range(1, len(numbers) + 1))
    assert platform.bugs == []
    assert threading.active_count() < 100
