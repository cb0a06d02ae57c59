"""What no system can make of a path or a passphrase is told in a line, with exit status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mock_sei.doctor.setup import Options, read_setup

COMMAND = [sys.executable, "-c", "from mock_sei.cli import main; main()"]
"""A process of its own: ``serve`` changes how its process logs and collects garbage."""
TOO_LONG = "x" * 256


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["serve", "--ready-file", "{folder}"], "{folder}: cannot be written"),
        (["serve", "--ready-file", TOO_LONG], "a name in it is longer than 255 bytes"),
        (["serve", "--config", TOO_LONG], "a name in it is longer than 255 bytes"),
        (["serve", "--certs-dir", "a/" * 3000], "longer than 4095 bytes"),
        (["env", "--certs-dir", TOO_LONG], "a name in it is longer than 255 bytes"),
        (["issue", "svc-demo", "--out", TOO_LONG], "a name in it is longer than 255 bytes"),
        (["issue", "svc-demo", "--passphrase", "\udcff"], "--passphrase: not UTF-8 text"),
        (["journal", "--control-url", f"http://{TOO_LONG}"], "no mock-sei answers at http://xxx"),
        (["token", "--control-url", "http://.."], "no mock-sei answers at http://.. ("),
        (["token", "--control-url", "http://a\nb"], "no mock-sei answers at http://a\\x0ab ("),
        (["doctor", "https://localhost", "--cert", TOO_LONG], "a name in it is longer than 255"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, arguments: list[str], told: str) -> None:
    given = [each.format(folder=tmp_path) for each in arguments]
    done = subprocess.run([*COMMAND, *given], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert told.format(folder=tmp_path) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_of_certificates_that_cannot_be_is_read_as_missing() -> None:
    environ = {"SSL_CERT_DIR": TOO_LONG, "SSL_CERT_FILE": "a\0b"}
    setup = read_setup("https://localhost", Options(), environ=environ)
    assert setup.ca_files.keys() == environ.keys()
    assert not any(each.was_read for each in setup.ca_files.values())
