"""The shell commands of docs/certificates.md, run from top to bottom as a reader pastes them."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.e2e.serving import Serving, environment
from tests.e2e.snippets import read, snippets
from tests.patience import PATIENCE

pytestmark = pytest.mark.needs("bash", "openssl", "curl", "keytool", "python3")

PASSPHRASE = b"mock-sei\n"
PROMPTS = 20
"""More than the commands have."""
TICKETS = '"paging":'


def commands() -> str:
    return "\n".join(snippets(read("docs/certificates.md"), "sh"))


def paste(script: str, serving: Serving) -> subprocess.CompletedProcess[str]:
    """Into bash, where the server was started; every prompt is answered with the passphrase.

    From a terminal, since openssl would read ahead from a pipe; not the controlling one, where it
    would not look at its input.
    """
    ready = serving.ready
    for printed, actual in (
        ("http://127.0.0.1:8044", ready["control_url"]),
        ("https://localhost:444", ready["two_way_url"]),
    ):
        assert printed in script
        script = script.replace(printed, actual)
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, PASSPHRASE * PROMPTS)
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=serving.folder,
            env=environment() | {"MOCK_SEI_CONTROL_URL": ready["control_url"], "LC_ALL": "C"},
            stdin=terminal,
            start_new_session=True,
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * PATIENCE,
        )
    finally:
        os.close(keyboard)
        os.close(terminal)


def test_every_command_does_what_the_document_says(tmp_path: Path) -> None:
    with Serving.start(tmp_path) as serving:
        done = paste(commands(), serving)
        assert serving.stop() == 0
    assert done.returncode == 0, done.stderr
    assert "resource.gone" in done.stdout  # the link, a second time
    assert done.stdout.count(TICKETS) == 3  # the delivered, the signed, the own certificate
    assert "mock-sei issuing CA" in done.stdout
    assert "1 entries successfully imported" in done.stdout + done.stderr
    assert "newman run" in done.stdout
    encrypted, decrypted = (tmp_path / f"keyfile-{each}.key" for each in ("encrypted", "decrypted"))
    assert "ENCRYPTED" in encrypted.read_text()
    assert "ENCRYPTED" not in decrypted.read_text()
