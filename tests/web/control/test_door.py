"""Whom the control listener lets in: tests, and no web page."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.sandbox import Sandbox
from mock_sei.settings import Behaviour
from tests.support import control_client


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.0.2.1:8044"])
def test_a_foreign_host_is_refused_on_loopback(control: httpx2.Client, host: str) -> None:
    assert control.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8044", "127.0.0.1", "[::1]:8044", "LOCALHOST"])
def test_this_machine_is_let_in(control: httpx2.Client, host: str) -> None:
    assert control.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(("host", "status"), [("mock-sei:8044", 200), ("mock-sei.evil", 403)])
def test_a_name_of_the_server_is_let_in(sandbox: Sandbox, host: str, status: int) -> None:
    """In a pod it leads to loopback."""
    sandbox.server_names = ["mock-sei", "*.evil"]
    control = control_client(sandbox)
    assert control.get("/", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "http://[", "//"]
)
def test_a_foreign_origin_is_refused(control: httpx2.Client, origin: str) -> None:
    assert control.post("/reset", headers={"Origin": origin}).status_code == 403


def test_its_own_origin_is_let_in(control: httpx2.Client) -> None:
    headers = {"Origin": "http://127.0.0.1:8044"}

    assert control.post("/reset", headers=headers).status_code == 204


def test_an_oversized_body_is_refused(control: httpx2.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(2000):
            yield b"x" * 1024

    assert control.post("/reset", content=b"x" * (1024 * 1024 + 1)).status_code == 413
    assert control.post("/reset", content=endless()).status_code == 413


def test_one_application_serves_two_sandboxes_that_never_meet(
    shared_store: CertificateStore,
) -> None:
    one, two = (
        Sandbox(fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour())
        for _ in range(2)
    )

    control_client(one).post("/clock/advance", json={"seconds": 3600})

    assert not one.clock.is_machine
    assert two.clock.is_machine
    assert control_client(two).get("/clock").json()["is_machine"]
