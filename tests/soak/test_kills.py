"""The check of a folder after a kill finds each broken file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mock_sei.certificates.bundles import pkcs7_bundle
from mock_sei.certificates.store import CertificateStore
from performance.soak.kills import PAIRED, SECRET, SOUND, look


@pytest.fixture
def certs(certs_dir: Path) -> Path:
    store = CertificateStore(certs_dir)
    now = datetime.now(UTC)
    store.server_identity(["localhost"], now=now)
    identity = store.authority.issue_identity("svc-demo", now=now)
    folder = store.write_identity("svc-demo", identity)
    (folder / "certificate.p7s").write_bytes(pkcs7_bundle(identity.certificate, identity.chain))
    return certs_dir


def promises(folder: Path) -> set[str]:
    return {promise for promise, _ in look(folder)}


@pytest.mark.long
def test_a_sound_folder_breaks_no_promise(certs: Path) -> None:
    assert list(look(certs)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ca.key", "svc-demo/privatekey.key", "svc-demo/certificate.pfx"])
def test_a_key_that_others_read_is_found(certs: Path, name: str) -> None:
    (certs / name).chmod(0o640)
    assert promises(certs) == {SECRET}


@pytest.mark.slow
def test_a_half_written_key_that_others_read_is_found(certs: Path) -> None:
    left = certs / "svc-demo" / ".part-00"
    left.write_bytes(b"-----BEGIN PRIVATE KEY-----")
    left.chmod(0o644)
    assert promises(certs) == {SECRET}
    left.chmod(0o600)
    assert promises(certs) == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["ca.pem", "server.pem", "signing.key", "truststore.p12"]
    + [f"svc-demo/{name}" for name in ("certificate.crt", "certificate.pfx", "certificate.p7s")],
)
def test_a_file_that_is_cut_short_is_found(certs: Path, name: str) -> None:
    content = (certs / name).read_bytes()
    (certs / name).write_bytes(content[: len(content) // 2])
    assert promises(certs) == {SOUND}


@pytest.mark.slow
@pytest.mark.parametrize("key", ["server.key", "ca.key", "svc-demo/privatekey.key"])
@pytest.mark.parametrize("damage", ["gone", "another"])
def test_a_certificate_without_its_key_is_found(certs: Path, key: str, damage: str) -> None:
    if damage == "gone":
        (certs / key).unlink()
    else:
        (certs / key).write_bytes((certs / "signing.key").read_bytes())
    assert promises(certs) == {PAIRED}
