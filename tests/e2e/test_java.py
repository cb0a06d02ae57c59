"""Java with the portal's files: keytool imports them, and the program of docs/clients.md runs.

What it does without a certificate, with another account's and with another CA is tested with the
other programs.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from mock_sei import MockSei
from tests.e2e.handshakes import handshake_entry
from tests.e2e.programs import JAVA
from tests.e2e.registering import download
from tests.e2e.serving import run

pytestmark = pytest.mark.needs("java", "keytool", "curl")

ACCOUNT = "svc-demo"
PASSPHRASE = "mock-sei"
"""Of the truststore and, since the program has one for both, of the keystore."""


def import_pfx(pfx: Path, kind: str) -> Path:
    """keytool exits with status 0 even if it imports nothing, so the test reads its count."""
    keystore = pfx.with_name(f"keystore.{kind.lower()}")
    finished = run(
        *("keytool", "-J-Duser.language=en", "-importkeystore", "-noprompt"),
        *("-srckeystore", pfx, "-srcstoretype", "PKCS12", "-srcstorepass", PASSPHRASE),
        *("-destkeystore", keystore, "-deststoretype", kind, "-deststorepass", PASSPHRASE),
    )
    assert finished.returncode == 0, finished.stderr
    assert "1 entries successfully imported" in finished.stdout + finished.stderr
    return keystore


def call(server: MockSei, keystore: Path, folder: Path) -> str:
    """What the program prints with this keystore, or what it fails with."""
    certs = folder / "certs"
    (certs / ACCOUNT).mkdir(parents=True)
    shutil.copy(server.ca_file.with_name("truststore.p12"), certs)
    shutil.copy(keystore, certs / ACCOUNT / "certificate.pfx")
    at = {"url": server.url, "two_way_url": server.two_way_url}
    finished = JAVA.run(folder, at, certs=certs)
    return finished.stderr if finished.returncode else finished.stdout


@pytest.mark.parametrize("kind", [pytest.param("JKS", marks=pytest.mark.nightly), "PKCS12"])
def test_a_downloaded_pfx_in_a_keystore_opens_444(
    mock_sei: MockSei, tmp_path: Path, kind: str
) -> None:
    pfx = download(mock_sei, mock_sei.certificate_link(ACCOUNT), tmp_path)
    printed = call(mock_sei, import_pfx(pfx, kind), tmp_path)
    assert re.fullmatch(r"(\d+\n){2}", printed)
    entries = mock_sei.journal.entries[-2:]
    assert [each.service_account for each in entries] == [ACCOUNT, ACCOUNT]


@pytest.mark.nightly  # the other programs of docs/clients.md have shown why Java is refused
def test_with_an_expired_certificate_java_is_told_so(mock_sei: MockSei, tmp_path: Path) -> None:
    failed = call(mock_sei, mock_sei.certificate(ACCOUNT, "expired").pfx(), tmp_path)
    assert "SSLHandshakeException" in failed
    assert "certificate_expired" in failed
    assert "has expired" in str(handshake_entry(mock_sei).refused_because)
