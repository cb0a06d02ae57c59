"""Removed clients are refused in real handshakes; each test has a twin that is accepted.

Several of these were attacks that worked: the successor of a deleted application inherited a
certificate, a context that could not be made left the former one in force, a second server could
not revoke what lay on file.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.bundles import Identity
from mock_sei.runtime.tls import load_identity
from tests.certificates.client_ca import ClientCA, pem, rsa_key
from tests.certificates.slow_making import slow
from tests.e2e.handshakes import (
    alert,
    both_versions,
    everything_from,
    handshake_entry,
    is_let_in,
    only,
    status,
    tls,
)
from tests.e2e.registering import control_of
from tests.runtime.test_trial import ODD
from tests.support import registration

pytestmark = pytest.mark.usefixtures("either_loop")

TEAM = "svc-nightly"
REVOKED, UNKNOWN_CA = "SSLV3_ALERT_CERTIFICATE_REVOKED", "TLSV1_ALERT_UNKNOWN_CA"


@pytest.fixture
def server(mock_sei: MockSei) -> MockSei:
    return mock_sei


@pytest.fixture
def control(server: MockSei) -> Iterator[httpx2.Client]:
    with control_of(server.control_url) as client:
        yield client


def showing(server: MockSei, shown: Identity, version: ssl.TLSVersion) -> ssl.SSLContext:
    context = server.ssl_context()
    load_identity(context, shown)
    return only(context, version)


def register(control: httpx2.Client, **changes: object) -> None:
    control.post("/applications", json=registration(**changes)).raise_for_status()


def remove(control: httpx2.Client) -> None:
    control.delete("/applications/Nightly").raise_for_status()


@both_versions
def test_the_successor_of_a_deleted_application_does_not_let_in_its_certificate(
    server: MockSei,
    control: httpx2.Client,
    monkeypatch: pytest.MonkeyPatch,
    version: ssl.TLSVersion,
) -> None:
    """The key takes its time; the application is deleted and registered anew meanwhile."""
    register(control)
    kept = server.platform.certificates.identity(TEAM)
    assert is_let_in(server.two_way_url, showing(server, kept, version))
    making = slow(monkeypatch, "mock_sei.certificates.authority.new_identity_key", rsa_key)

    def successor() -> None:
        remove(control)
        register(control, certificate="own")

    def issue() -> httpx2.Response:
        with control_of(server.control_url) as client:
            return client.post(f"/service-accounts/{TEAM}/certificates", json={})

    made: httpx2.Response = making.during(issue, successor).result()

    assert made.status_code == 404
    assert "was deleted meanwhile" in made.json()["detail"]
    assert control.get(f"/service-accounts/{TEAM}/certificates").json() == []
    assert alert(server.two_way_url, showing(server, kept, version)) == REVOKED
    fresh = server.platform.certificates.issue(TEAM).identity
    assert is_let_in(server.two_way_url, showing(server, fresh, version))


@both_versions
def test_a_client_s_ca_with_the_name_of_ours_ends_with_its_application(
    server: MockSei, control: httpx2.Client, version: ssl.TLSVersion
) -> None:
    """A connection that is kept open is judged by the signature, not by the issuer's name."""
    namesake = Authority(new_authority_pem())
    own = namesake.issue_identity(TEAM, now=datetime.now(UTC))
    context = showing(server, own, version)
    register(control, certificate="own")
    assert alert(server.two_way_url, context) == UNKNOWN_CA
    server.register_certificate(TEAM, own.certificate_pem.decode(), own.chain_pem.decode())

    with tls(server.two_way_url, context) as connected:
        assert status(connected) == 401  # let in, without a token
        remove(control)
        connected.sendall(b"GET /v1/order/tradetickets HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert everything_from(connected) == b""

    assert alert(server.two_way_url, context) == UNKNOWN_CA


@both_versions
@pytest.mark.parametrize("odd", [name for name, (_, good) in ODD.items() if not good])
def test_an_own_certificate_that_openssl_cannot_use_is_refused_and_changes_nothing(
    server: MockSei, control: httpx2.Client, version: ssl.TLSVersion, odd: str
) -> None:
    ca = ClientCA.create("Client root")
    register(control, certificate="own")
    path = f"/service-accounts/{TEAM}/own-certificates"
    make, _ = ODD[odd]

    refused = control.post(path, json={"certificate": make(ca), "ca": ca.pem})

    assert refused.status_code == 400
    assert refused.json()["problems"].keys() == {"certificate"}
    good = ca.identity(TEAM)
    answer = control.post(path, json={"certificate": pem(good.certificate), "ca": ca.pem})
    assert answer.status_code == 201
    assert is_let_in(server.two_way_url, showing(server, good, version))
    twin = ca.identity(TEAM)
    assert alert(server.two_way_url, showing(server, twin, version)) == UNKNOWN_CA


class TemporaryFolder:
    """Where the server writes what OpenSSL reads, as on a system without files in memory."""

    def __init__(self, patch: pytest.MonkeyPatch, place: Path) -> None:
        self._patch = patch
        self._place = place

    def take_away(self) -> None:
        self._patch.setattr("mock_sei.runtime.tls._memory_file", lambda: None)
        self._patch.setattr(tempfile, "tempdir", str(self._place))

    def bring_back(self) -> None:
        self._place.mkdir()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TemporaryFolder:
    return TemporaryFolder(monkeypatch, tmp_path / "temporary")


@both_versions
@pytest.mark.parametrize("listener", ["one-way", "two-way"])
def test_without_a_context_nobody_is_let_in_and_the_journal_and_the_check_say_why(
    mock_sei_server: MockSei,
    folder: TemporaryFolder,
    version: ssl.TLSVersion,
    listener: str,
) -> None:
    server = mock_sei_server
    server.reset()
    url = server.url if listener == "one-way" else server.two_way_url
    context = only(server.ssl_context("svc-demo"), version)
    folder.take_away()
    server.server_certificate("expired")

    with pytest.raises(OSError, match=r"reset|EOF|closed|[Bb]roken"), tls(url, context):
        pass

    entry = handshake_entry(server)
    assert (entry.listener, entry.refused_by) == (listener, "TLS of the listener")
    assert "cannot be set up" in str(entry.refused_because)
    assert "The next connection tries again" in str(entry.refused_because)
    with pytest.raises(Exception, match=f"{listener} listener cannot be set up"):
        server.check()

    folder.bring_back()

    with pytest.raises(ssl.SSLCertVerificationError, match="expired"), tls(url, context):
        pass
    server.reset()
    with tls(url, context) as connected:
        assert status(connected) in {401, 404}
    server.check()


@both_versions
def test_whom_one_lets_go_of_is_out_though_no_context_can_be_made(
    mock_sei_server: MockSei, folder: TemporaryFolder, version: ssl.TLSVersion
) -> None:
    server = mock_sei_server
    server.reset()
    good = showing(server, server.platform.certificates.identity("svc-demo"), version)
    further = server.platform.certificates.issue("svc-demo").identity
    gone = showing(server, further, version)
    assert is_let_in(server.two_way_url, good)
    assert is_let_in(server.two_way_url, gone)

    folder.take_away()
    server.platform.certificates.revoke("svc-demo", further.serial_number)

    assert not is_let_in(server.two_way_url, gone)
    assert not is_let_in(server.two_way_url, good)
    folder.bring_back()
    assert alert(server.two_way_url, gone) == REVOKED
    assert is_let_in(server.two_way_url, good)
    server.reset()


@both_versions
def test_a_revocation_holds_from_the_next_connection_on_among_many(
    server: MockSei, version: ssl.TLSVersion
) -> None:
    """Each revocation makes a new context while the clients go on connecting."""
    platform = server.platform
    good = showing(server, platform.certificates.identity("svc-demo"), version)
    for number in range(1000):
        platform.certificates.revocations.add(2**100 + number, now=datetime.now(UTC))
    for _ in range(3):
        further = platform.certificates.issue("svc-demo").identity
        context = showing(server, further, version)
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(lambda _: is_let_in(server.two_way_url, good), range(8)))
            crowd = [pool.submit(is_let_in, server.two_way_url, good) for _ in range(8)]
            platform.certificates.revoke("svc-demo", further.serial_number)
            assert alert(server.two_way_url, context) == REVOKED
            assert all(each.result() for each in crowd)
