"""The shell commands of the README, run with a running server."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.serving import Serving, environment
from tests.patience import PATIENCE

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
(COMMANDS,) = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)

pytestmark = pytest.mark.needs("bash")


def test_every_command_does_what_the_readme_says(running: Serving, tmp_path: Path) -> None:
    (tmp_path / "certs").symlink_to(running.ready["certs_dir"])

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'{COMMANDS}\necho "$SSL_CERT_FILE"'],
        cwd=tmp_path,
        env=environment() | {"MOCK_SEI_CONTROL_URL": running.ready["control_url"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.returncode == 0, done.stderr
    assert {each.name for each in (tmp_path / "mine").iterdir()} == {
        "certificate.crt",
        "privatekey.key",
        "certificate.pfx",
    }
    assert re.search(r"(?m)^eyJ[\w-]+\.[\w-]+\.[\w-]+$", done.stdout)  # the token
    assert "newman run" in done.stdout
    assert "POST /v2/oauthtoken 200 demo-server/svc-demo" in done.stdout  # the journal
    assert Path(done.stdout.splitlines()[-1]).read_bytes() == (
        Path(running.ready["ca_file"]).read_bytes()
    )
