"""A bug of mock-sei during a handshake: the client does not wait, and the test reports it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.errors import MockSeiBug
from mock_sei.platform import Platform
from mock_sei.runtime import tls
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.trust import ListenerTrust
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("either_loop", "handshakes_may_last")


@pytest.fixture
def handshakes_may_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the bound of a handshake ends no connection that a failure must end."""
    monkeypatch.setattr("mock_sei.runtime.server.HANDSHAKE_TIMEOUT", 2 * PATIENCE)


PLACES: dict[str, tuple[Any, str]] = {
    "while the TLS context is looked up": (ListenerTrust, "context"),
    "while the connection gets its TLS": (tls.ListenerContext, "wrap_bio"),
    "while the handshake begins": (tls.Handshake, "_limit_hello"),
    "while the certificate is judged": (Platform, "judge_certificate"),
    "after the handshake": (tls.PendingConnection, "let_go"),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_failure_ends_the_connection_and_is_reported(
    mock_sei_server: MockSei, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    mock_sei_server.reset()
    http = mock_sei_server.client("svc-demo")
    with monkeypatch.context() as patch:
        patch.setattr(*place, _failing(place[1]))
        with http, pytest.raises((httpx2.NetworkError, httpx2.ProtocolError)):
            http.get("/", timeout=PATIENCE)

    with pytest.raises(MockSeiBug, match="of the tests"):
        mock_sei_server.check()


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_the_next_client_is_served(
    mock_sei_server: MockSei, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    mock_sei_server.reset()
    with monkeypatch.context() as patch:
        patch.setattr(*place, _failing(place[1]))
        with (
            mock_sei_server.client("svc-demo") as http,
            pytest.raises((httpx2.NetworkError, httpx2.ProtocolError)),  # no time-out
        ):
            http.get("/", timeout=PATIENCE)
    with mock_sei_server.client("svc-demo") as http:
        assert http.get("/").status_code == 404
    with pytest.raises(MockSeiBug):
        mock_sei_server.check()


def _failing(name: str) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise ZeroDivisionError(f"{name} of the tests")

    return fail


def test_a_failure_while_a_request_is_read_is_reported(
    mock_sei_server: MockSei, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop closes the connection of a protocol that fails, and says so in its log only."""
    mock_sei_server.reset()
    with mock_sei_server.client() as http:
        assert http.get("/").status_code == 404
        with monkeypatch.context() as patch:
            patch.setattr(LimitedProtocol, "data_received", _failing("data_received"))
            with pytest.raises(httpx2.TransportError):
                http.get("/")

    with pytest.raises(MockSeiBug, match="data_received of the tests"):
        mock_sei_server.check()


def test_a_control_api_that_cannot_be_made_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is made at the first call that is not about health, and only the caller would see it."""
    monkeypatch.setattr("mock_sei.web.control.app.control_app", _failing("control_app"))
    with MockSei() as server:
        answer = httpx2.get(f"{server.control_url}/clock", trust_env=False)

        assert answer.status_code == 500
        assert "ZeroDivisionError; GET /check has more" in answer.json()["detail"]
        with pytest.raises(MockSeiBug, match="control_app of the tests"):
            server.check()
        monkeypatch.undo()
        assert httpx2.get(f"{server.control_url}/health", trust_env=False).status_code == 200
