"""Java: keytool imports what the portal delivered, and ``java.net.http`` calls with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from mock_sei import MockSei
from tests.e2e.handshakes import handshake_entry
from tests.e2e.registering import Team, control_of, download, mailed_link, register
from tests.e2e.serving import environment, run

pytestmark = pytest.mark.needs("java", "keytool", "curl")

PROGRAM = Path(__file__).parent / "java" / "TwoWayCall.java"
PASSPHRASE = "mock-sei"
"""Of the truststore and, since the program has one for both, of the keystore."""


@pytest.fixture
def control(mock_sei: MockSei) -> Iterator[httpx2.Client]:
    with control_of(mock_sei.control_url) as client:
        yield client


@pytest.fixture
def team(control: httpx2.Client) -> Team:
    return register(control)


def import_pfx(pfx: Path, kind: str) -> Path:
    """An importer that finds nothing ends with status 0 all the same: its count is what tells."""
    keystore = pfx.with_name(f"keystore.{kind.lower()}")
    finished = run(
        *("keytool", "-J-Duser.language=en", "-importkeystore", "-noprompt"),
        *("-srckeystore", pfx, "-srcstoretype", "PKCS12", "-srcstorepass", PASSPHRASE),
        *("-destkeystore", keystore, "-deststoretype", kind, "-deststorepass", PASSPHRASE),
    )
    assert finished.returncode == 0, finished.stderr
    assert "1 entries successfully imported" in finished.stdout + finished.stderr
    return keystore


def call(
    server: MockSei, team: Team, keystore: Path | None, *, trusting: MockSei | None = None
) -> str:
    """What the program prints, or the end of what it fails with."""
    finished = run(
        *("java", "-Duser.language=en", PROGRAM, server.two_way_url),
        *(team.app_key, team.app_secret, team.username, team.password),
        (trusting or server).ca_file.with_name("truststore.p12"),
        *([keystore] if keystore else []),
        environ=environment() | {"STORE_PASSWORD": PASSPHRASE},
    )
    return finished.stderr if finished.returncode else finished.stdout.strip()


@pytest.mark.parametrize("kind", ["JKS", "PKCS12"])
def test_the_mailed_pfx_in_a_keystore_opens_444(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path, kind: str
) -> None:
    pfx = download(mock_sei, mailed_link(control, team), tmp_path)
    keystore = import_pfx(pfx, kind)
    assert call(mock_sei, team, keystore) == "200"
    entries = mock_sei.journal.entries[-2:]
    assert [each.service_account for each in entries] == [team.username, team.username]


def test_without_a_keystore_the_handshake_fails(mock_sei: MockSei, team: Team) -> None:
    failed = call(mock_sei, team, None)
    assert "SSLHandshakeException" in failed
    assert "certificate_required" in failed
    assert "sent no certificate" in str(handshake_entry(mock_sei).refused_because)


def test_with_an_expired_certificate_the_handshake_fails(mock_sei: MockSei, team: Team) -> None:
    keystore = import_pfx(mock_sei.certificate(team.username, "expired").pfx(), "PKCS12")
    failed = call(mock_sei, team, keystore)
    assert "SSLHandshakeException" in failed
    assert "certificate_expired" in failed
    assert "has expired" in str(handshake_entry(mock_sei).refused_because)


def test_another_account_s_keystore_is_told_what_the_platform_tells(
    mock_sei: MockSei, team: Team
) -> None:
    keystore = import_pfx(mock_sei.certificate("svc-demo").pfx(), "PKCS12")
    assert call(mock_sei, team, keystore).startswith("403 ")
    assert mock_sei.journal.last.refused_by == "certificate name"


def test_a_truststore_of_another_server_does_not_trust_this_one(
    mock_sei: MockSei, team: Team
) -> None:
    keystore = import_pfx(mock_sei.certificate(team.username).pfx(), "PKCS12")
    with MockSei() as other:
        failed = call(mock_sei, team, keystore, trusting=other)
    assert "SSLHandshakeException: PKIX path" in failed
