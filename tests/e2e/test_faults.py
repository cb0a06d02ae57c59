"""Faults over real sockets: broken connections, stalled handshakes, wrong server certificates."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.faults.faults import Cut
from mock_sei.testing.account import Account
from tests.e2e.handshakes import alert, is_let_in, tcp, tls
from tests.e2e.serving import wait_for

pytestmark = pytest.mark.usefixtures("either_loop")

TICKETS = "/v1/order/tradetickets"
IMPATIENT = 0.4
"""Seconds that a client waits for an answer that never comes."""


@pytest.fixture
def account(mock_sei: MockSei) -> Account:
    return mock_sei.service_account("svc-demo")


def headers(mock_sei: MockSei, account: Account) -> dict[str, str]:
    return {"AppKey": account.app_key, "Authorization": f"Bearer {mock_sei.token(account)}"}


@pytest.mark.parametrize(
    ("cut", "code"), [("before-headers", 0), ("after-headers", 200), ("in-body", 200)]
)
def test_a_connection_is_cut_where_the_fault_says(
    mock_sei: MockSei, account: Account, cut: Cut, code: int
) -> None:
    sent = headers(mock_sei, account)
    fault = mock_sei.faults.add(f"GET {TICKETS}", cut=cut, times=1)
    with mock_sei.client(account) as http:
        with pytest.raises(httpx2.HTTPError):
            http.get(TICKETS, headers=sent)
        entry = mock_sei.journal.last
        assert (entry.fault, entry.status, fault.met) == (f"cut {cut}", code, 1)
        assert http.get(TICKETS, headers=sent).status_code == 200


def test_a_stalled_answer_never_comes(mock_sei: MockSei, account: Account) -> None:
    mock_sei.faults.add("POST /v2/oauthtoken", stall=True, times=1)
    form = {
        "grant_type": "client_credentials",
        "username": account.username,
        "password": account.password,
    }
    with mock_sei.client(account, timeout=IMPATIENT) as http, pytest.raises(httpx2.ReadTimeout):
        http.post("/v2/oauthtoken", data=form, auth=(account.app_key, account.app_secret))
    assert mock_sei.token(account)


def test_latency_holds_up_its_own_call_alone(mock_sei: MockSei, account: Account) -> None:
    sent = headers(mock_sei, account)
    mock_sei.faults.add(f"GET {TICKETS}", latency=30, times=1)

    async def both() -> tuple[str, int]:
        context = mock_sei.ssl_context(account)
        url = mock_sei.two_way_url
        async with httpx2.AsyncClient(verify=context, base_url=url, trust_env=False) as http:
            slow = asyncio.ensure_future(http.get(TICKETS, headers=sent, timeout=IMPATIENT))
            with pytest.raises(httpx2.ReadTimeout):
                await slow
            return "waited", (await http.get(TICKETS, headers=sent)).status_code

    assert asyncio.run(both()) == ("waited", 200)


@pytest.mark.parametrize(
    ("variant", "complaint"),
    [
        ("expired", "certificate has expired"),
        ("wrong-host", "Hostname mismatch"),
        ("self-signed", "self-signed certificate"),
        ("untrusted", "self-signed certificate in certificate chain"),
    ],
)
def test_a_client_that_checks_refuses_a_wrong_server(
    mock_sei: MockSei, variant: Any, complaint: str
) -> None:
    """A client that does not verify the server is accepted, which is what the fault tests."""
    mock_sei.server_certificate(variant)

    for url in (mock_sei.url, mock_sei.two_way_url):
        with (
            mock_sei.client("svc-demo", base_url=url) as http,
            pytest.raises(httpx2.ConnectError, match=complaint),
        ):
            http.get("/")
    careless = mock_sei.ssl_context("svc-demo")
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    assert is_let_in(mock_sei.two_way_url, careless)

    mock_sei.reset()
    with mock_sei.client("svc-demo") as http:
        assert http.get("/").status_code == 404


def test_a_resumed_session_does_not_hide_a_wrong_server(mock_sei: MockSei) -> None:
    """TLS 1.2 resumes by session id; the other context does not know the session."""
    context = mock_sei.ssl_context("svc-demo")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    url = mock_sei.two_way_url
    with tls(url, context) as first:  # kept open, so that the server still knows its session
        with tls(url, context, session=first.session) as again:
            assert again.session_reused
        mock_sei.server_certificate("untrusted")
        refused = tls(url, context, session=first.session)
        with pytest.raises(ssl.SSLCertVerificationError), refused:
            pass


def test_a_wrong_server_still_refuses_a_wrong_client(mock_sei: MockSei) -> None:
    mock_sei.server_certificate("wrong-host")
    context = mock_sei.ssl_context(mock_sei.certificate("svc-demo", "untrusted"))
    context.check_hostname = False

    assert alert(mock_sei.two_way_url, context) == "TLSV1_ALERT_UNKNOWN_CA"


def test_a_handshake_is_stalled_or_the_connection_closed_after_it(mock_sei: MockSei) -> None:
    mock_sei.faults.add(tls="stall", listener="two-way", times=1)
    with mock_sei.client("svc-demo", timeout=IMPATIENT) as http:
        with pytest.raises(httpx2.ConnectTimeout):
            http.get("/")
        assert mock_sei.journal.last.refused_by == "fault"
        mock_sei.faults.add(tls="close", listener="two-way", times=1)
        with pytest.raises(httpx2.HTTPError):
            http.get("/")
        assert http.get("/").status_code == 404


def test_a_request_in_the_last_flight_of_a_closed_handshake_is_not_answered(
    mock_sei: MockSei,
) -> None:
    """TLS 1.3 clients may send one together with the end of their handshake."""
    mock_sei.faults.add(tls="close", listener="two-way", times=1)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = mock_sei.ssl_context("svc-demo").wrap_bio(
        incoming, outgoing, server_hostname="localhost"
    )
    with tcp(mock_sei.two_way_url) as raw:
        while not handshake_is_done(side):
            raw.sendall(outgoing.read())
            incoming.write(raw.recv(1 << 16))
        side.write(b"GET /v1/accounts HTTP/1.1\r\nHost: localhost\r\n\r\n")
        raw.sendall(outgoing.read())
        assert wait_for(lambda: gone(raw))

    mock_sei.journal.assert_called("GET /v1/accounts", times=0)
    assert len(mock_sei.journal.find(kind="handshake", refused_by="fault")) == 1


def handshake_is_done(side: ssl.SSLObject) -> bool:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def gone(raw: socket.socket) -> bool:
    try:
        return raw.recv(1 << 16) == b""
    except ConnectionError:
        return True


def test_faults_are_armed_through_the_control_listener(mock_sei: MockSei) -> None:
    with httpx2.Client(base_url=mock_sei.control_url, trust_env=False) as control:
        fields = {"operation": "POST /v2/oauthtoken", "status": 503, "times": 1}
        number = control.post("/faults", json=fields).json()["id"]
        with mock_sei.client("svc-demo") as http:
            assert http.post("/v2/oauthtoken").status_code == 503
            assert http.post("/v2/oauthtoken").status_code == 400
        listed = control.get("/faults").json()
        assert [(each["id"], each["met"]) for each in listed] == [(number, 1)]
        assert control.delete(f"/faults/{number}").status_code == 204
        assert control.delete(f"/faults/{number}").status_code == 404
        wrong = control.post("/faults", json={"operation": "GET /nowhere", "status": 1})
        assert (wrong.status_code, wrong.json()["problems"].keys()) == (
            400,
            {"operation", "status"},
        )
        assert control.put("/server-certificate", json={"variant": "expired"}).status_code == 204
        with mock_sei.client() as http, pytest.raises(httpx2.ConnectError):
            http.get("/")


def test_a_required_fault_that_nobody_met_fails_the_test(mock_sei: MockSei) -> None:
    mock_sei.faults.add("POST /v2/oauthtoken", status=503, required=True)
    with pytest.raises(AssertionError, match="nobody met"):
        mock_sei.check()
    with pytest.raises(AssertionError, match="never met"):
        mock_sei.faults.assert_met()
    with mock_sei.client("svc-demo") as http:
        http.post("/v2/oauthtoken")
    mock_sei.check()
    mock_sei.faults.assert_met()


def test_a_call_without_a_script_fails_a_strict_test(mock_sei: MockSei, account: Account) -> None:
    sent = headers(mock_sei, account)
    mock_sei.only_scripted()
    mock_sei.enqueue(f"GET {TICKETS}", json={"data": []})
    with mock_sei.client(account) as http:
        assert http.get(TICKETS, headers=sent).json() == {"data": []}
        mock_sei.check()
        http.get(TICKETS, headers=sent)
    with pytest.raises(AssertionError, match=f"calls without a script: GET {TICKETS}"):
        mock_sei.check()
    mock_sei.reset()
