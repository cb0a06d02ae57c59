"""A path or passphrase that no system can use gives a one-line error and exit status 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mock_sei.doctor.setup import Options, read_setup

EACH = """
import json, os, sys
from mock_sei import MockSei
from mock_sei.cli import main
from mock_sei.commands import doctor, issue, journal, serve

MockSei().stop()  # loads what waits until it is needed

def said(arguments):
    child = os.fork()
    if not child:
        with open("errors.txt", "w") as errors:
            os.dup2(errors.fileno(), 2)
        sys.argv = ["mock-sei", *arguments]
        main()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open("errors.txt") as errors:
        return [status, errors.read()]

ended = [said(arguments) for arguments in json.load(sys.stdin)]
print(json.dumps(ended))
"""
"""Each command line in a process of its own, since ``serve`` changes how its process logs and
collects garbage; all forked from one that has imported what they need."""

TOO_LONG = "x" * 256


TOLD: list[tuple[list[str], str]] = [
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
]


@pytest.mark.slow
def test_what_cannot_be_is_told(tmp_path: Path) -> None:
    given = [[each.format(folder=tmp_path) for each in arguments] for arguments, _ in TOLD]
    done = subprocess.run(
        [sys.executable, "-c", EACH],
        input=json.dumps(given),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    failures = [
        (arguments, status, printed)
        for (arguments, told), (status, printed) in zip(TOLD, json.loads(done.stdout), strict=True)
        if status != 2 or told.format(folder=tmp_path) not in printed or "Traceback" in printed
    ]
    assert failures == []


def test_a_folder_of_certificates_that_cannot_be_is_read_as_missing() -> None:
    environ = {"SSL_CERT_DIR": TOO_LONG, "SSL_CERT_FILE": "a\0b"}
    setup = read_setup("https://localhost", Options(), environ=environ)
    assert setup.ca_files.keys() == environ.keys()
    assert not any(each.was_read for each in setup.ca_files.values())
