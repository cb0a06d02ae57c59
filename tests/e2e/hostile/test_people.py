"""Applications, links and mails of a running server, while others change them."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.certificates.authority import Authority
from tests.patience import PATIENCE
from tests.support import registration

pytestmark = pytest.mark.usefixtures("either_loop_at_night")

PAGES = 30
GHOST = registration(name="ghost", certificate="own")


@pytest.fixture
def server(mock_sei_server: MockSei) -> Iterator[MockSei]:
    mock_sei_server.reset()
    yield mock_sei_server
    mock_sei_server.check()


@pytest.fixture
def control(server: MockSei) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.control_url, timeout=PATIENCE, trust_env=False) as http:
        yield http


@contextmanager
def switching_all_the_time() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Repeats it in a thread until the block ends."""
    done, failed = threading.Event(), []

    def repeat() -> None:
        while not done.is_set():
            try:
                work()
            except Exception as error:
                failed.append(error)
                return

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(PATIENCE)
    assert failed == []


def one_life(server: MockSei, numbers: Iterator[int]) -> None:
    name = f"life {next(numbers)}"
    server.applications.register(**GHOST | {"name": name})
    server.applications.refresh_keys(name)
    server.applications.remove(name)


@pytest.mark.parametrize(
    "path", ["/portal", "/portal/apps/demo-server", "/portal/mailbox", "/portal/journal"]
)
def test_no_page_fails_while_a_test_makes_links_and_applications(
    server: MockSei, path: str
) -> None:
    numbers = itertools.count()

    def change() -> None:
        server.certificate_link("svc-demo")
        one_life(server, numbers)

    with server.client() as http, switching_all_the_time(), meanwhile(change):
        answers = [http.get(path).status_code for _ in range(PAGES)]

    assert answers == [200] * PAGES
    assert next(numbers)


@pytest.mark.parametrize("path", ["/", "/applications", "/service-accounts", "/mailbox", "/faults"])
def test_no_list_fails_while_a_test_makes_links_and_applications(
    server: MockSei, control: httpx2.Client, path: str
) -> None:
    numbers = itertools.count()

    def change() -> None:
        server.certificate_link("svc-demo")
        one_life(server, numbers)

    with switching_all_the_time(), meanwhile(change):
        answers = [control.get(path).status_code for _ in range(PAGES)]

    assert answers == [200] * PAGES
    assert next(numbers)


class SlowKey:
    """The next key that is made waits for :meth:`let_go`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reached, self._go_on = threading.Event(), threading.Event()
        self._first = threading.Lock()
        issue = Authority.issue_identity

        def issue_slowly(*arguments: Any, **options: Any) -> Any:
            made = issue(*arguments, **options)
            if self._first.acquire(blocking=False):
                self._reached.set()
                self._go_on.wait(PATIENCE)
            return made

        monkeypatch.setattr(Authority, "issue_identity", issue_slowly)

    def wait(self) -> None:
        assert self._reached.wait(PATIENCE)

    def let_go(self) -> None:
        self._go_on.set()


def test_a_link_that_is_begun_for_one_application_is_not_its_successors(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.post("/applications", json=GHOST).raise_for_status()
    control.patch("/applications/ghost", json={"certificate": "sei"}).raise_for_status()
    slow = SlowKey(monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(control.post, "/service-accounts/svc-ghost/certificate-links")
        slow.wait()
        assert control.delete("/applications/ghost").status_code == 204
        successor = GHOST | {"distribution_list": "successor@example.com"}
        control.post("/applications", json=successor).raise_for_status()
        slow.let_go()
        answer = begun.result(PATIENCE)

    assert (answer.status_code, answer.json()["error"]) == (404, "UnknownAccount")
    mails = control.get("/mailbox", params={"to": "successor@example.com"}).json()["messages"]
    assert [each["link"] for each in mails] == [None] * 3
    assert "certificate of your own" in mails[-1]["text"]


def test_everybody_is_served_while_a_registration_makes_its_key(
    server: MockSei, control: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowKey(monkeypatch)
    with ThreadPoolExecutor(1) as pool, server.client() as http:
        begun = pool.submit(control.post, "/applications", json=registration())
        slow.wait()
        for path in ("/portal", "/portal/mailbox", "/portal/apps/Nightly/edit"):
            assert http.get(path).status_code == 200, path
        for path in ("/health", "/mailbox", "/applications/Nightly"):
            assert control.get(path).status_code == 200, path
        control.post("/applications", json=GHOST).raise_for_status()
        assert not begun.done()
        slow.let_go()
        assert begun.result(PATIENCE).status_code == 201

    assert server.mailbox.last.link is not None
