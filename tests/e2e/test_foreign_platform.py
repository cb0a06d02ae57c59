"""``mock-sei record`` in front of node-oidc-provider, which asks for a client certificate."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.rules import machine
from tests.e2e.building import ROOT
from tests.e2e.recorders import exchanges, recording
from tests.e2e.serving import environment, wait_for
from tests.patience import PATIENCE

pytestmark = pytest.mark.needs("node", "npm")

SCRIPT = ROOT / "performance" / "benchmarks" / "peers" / "oidc_provider.js"
GRANT = {"grant_type": "client_credentials", "client_id": "svc-demo", "scope": "ilservices"}


class Foreign(NamedTuple):
    """A running provider, and what a client of it needs."""

    url: str
    ca_file: Path
    certificate: Path
    key: Path


@contextmanager
def serving(packages: Path, folder: Path) -> Iterator[Foreign]:
    store = CertificateStore(folder / "certs")
    now = machine.now()
    store.server_identity(["localhost", "127.0.0.1"], now=now)
    account = store.write_identity("svc-demo", store.authority.issue_identity("svc-demo", now=now))
    trusted = folder / "client-ca.pem"
    parts = ("ca.pem", "issuing-ca.pem")
    trusted.write_bytes(b"".join((store.folder / part).read_bytes() for part in parts))
    shutil.copy(SCRIPT, folder / "oidc_provider.mjs")  # Node looks for packages beside it
    (folder / "node_modules").symlink_to(packages / "node_modules")
    output = folder / "output.txt"
    with output.open("wb") as out, (folder / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(
            ["node", "oidc_provider.mjs", str(store.folder), str(trusted)],
            cwd=folder,
            env=environment(),
            stdout=out,
            stderr=errors,
        )
    try:
        port = wait_for(lambda: output.read_text().strip(), still=lambda: process.poll() is None)
        yield Foreign(
            url=f"https://localhost:{int(port)}",
            ca_file=store.ca_file,
            certificate=account / "certificate.crt",
            key=account / "privatekey.key",
        )
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def test_a_foreign_token_endpoint_with_two_way_tls_is_recorded(
    npm_packages: Path, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    with (
        serving(npm_packages, tmp_path / "theirs") as provider,
        recording(
            tmp_path / "out",
            provider.url,
            two_way_upstream=provider.url,
            identity=[f"svc-demo={provider.certificate},{provider.key}"],
            cacert=provider.ca_file,
            certs_dir=tmp_path / "ours",
            bodies="shapes",
        ) as recorder,
        recorder.client("svc-demo") as http,
    ):
        metadata = http.get("/.well-known/openid-configuration").json()
        good = http.post("/token", data=GRANT)
        bad = http.post("/token", data=GRANT | {"client_id": "nobody"})
    found = exchanges(tmp_path / "out")

    assert metadata["token_endpoint"] == f"{recorder.two_way_url}/token"
    assert (good.status_code, bad.status_code) == (200, 401)
    token = good.json()["access_token"]
    text = "".join(each.read_text() for each in (tmp_path / "out").iterdir())
    assert token not in text
    for each in found:
        assert each.tls.client_common_name == "svc-demo"
        assert each.request.url.startswith(f"{provider.url}/")
        assert each.recorder_answered is None
    kept = [each.response.body.find_json() for each in found if each.response]
    assert kept[0]["token_endpoint"] == f"{provider.url}/token"
    assert kept[1] == good.json() | {"access_token": "{{token-1}}"}
    assert kept[2] == bad.json()
