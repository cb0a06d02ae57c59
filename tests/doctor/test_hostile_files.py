"""Any file given as certificate or key is read in linear time."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from mock_sei.doctor.examination import as_text
from mock_sei.doctor.files import check_ca_file, check_certificate_file
from mock_sei.doctor.findings import Level
from mock_sei.doctor.key_files import check_key_file
from mock_sei.doctor.setup import GivenFile, Setup, read_target
from tests.cases import every_case
from tests.doctor.clients import NOW
from tests.growth import Action, assert_linear

CHECKS = (check_ca_file, check_certificate_file, check_key_file)

PIECES = {
    "beginnings of certificates": b"-----BEGIN CERTIFICATE-----\n",
    "beginnings of keys": b"-----BEGIN RSA PRIVATE KEY-----\n",
    "words of a label": b"-----BEGIN A B C D E F G ",
    "hyphens": b"-",
    "ends": b"-----END CERTIFICATE-----",
    "labels on one line": b"-----BEGIN CERTIFICATE----- -----END CERTIFICATE-----",
    "labels within one another": b"-----BEGIN A-----\nAAAA\n-----BEGIN B-----\n",
    "blanks behind a label": b"-BEGIN A" + b" " * 50,
    "blanks": b" ",
    "backslashes": b"\\",
    "line ends of two characters": b"-----BEGIN CERTIFICATE-----\\n",
    "sequences": b"\x30\x80",
    "short sequences": b"\x30\x02\x30\x00",
    "Base64": b"TUlJQw",
    "Base64 of a label": b"LS0tLS1CRUdJTiBBQUFBQUFBQUFBQUFBQUFBQUFBQQ== ",
    "percent": b"-----BEGIN%20CERTIFICATE-----%0A",
    "pages": b"<html><title>",
    "lists": b"[",
    "headers": b"Proc-Type: 4,ENCRYPTED\n",
    "empty lines": b"\n",
    "returns": b"-----BEGIN CERTIFICATE-----\r",
    "other ends": b"-----BEGIN CERTIFICATE-----x-----END X509 CERTIFICATE-----",
}


@pytest.mark.slow
@every_case("name", PIECES)
def test_reading_a_file_costs_what_it_is_long(name: str) -> None:
    def reading(size: int) -> Action:
        piece = PIECES[name]
        content = (piece * (size // len(piece) + 1))[:size]
        target = read_target("https://localhost:1")
        given = GivenFile(path=Path("x"), content=content)

        def read() -> None:
            setup = Setup(target=target, ca=given, certificate=given, key=given, now=NOW)
            for check in CHECKS:
                list(check(setup))

        return read

    assert_linear(reading, 8_000)


def test_a_file_that_holds_itself_is_read_to_an_end() -> None:
    """Base64 of Base64, and so on; some compressed files even decompress to themselves."""
    content = b"-----BEGIN CERTIFICATE-----\n"
    for _ in range(12):
        content = gzip.compress(base64.b64encode(content))
    given = GivenFile(path=Path("x"), content=content)
    target = read_target("https://localhost:1")
    setup = Setup(target=target, ca=given, certificate=given, key=given, now=NOW)
    found = [finding for check in CHECKS for finding in check(setup)]
    assert {each.level for each in found} == {Level.PROBLEM}


ENCRYPTED = (
    b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: \x1b[2J,00\n\nQUJD\n"
    b"-----END RSA PRIVATE KEY-----\n"
)


@pytest.mark.parametrize(
    "content",
    [
        b"-----BEGIN \x1b[31mPRIVATE KEY-----\n!\n-----END X-----\n",
        ENCRYPTED,
        b"<html><title>\x1b]0;x\x07</title>",
    ],
)
def test_nothing_of_a_file_steers_a_terminal(content: bytes) -> None:
    given = GivenFile(path=Path("x"), content=content)
    target = read_target("https://localhost:1")
    setup = Setup(target=target, ca=given, certificate=given, key=given, now=NOW)
    found = [finding for check in CHECKS for finding in check(setup)]
    assert "\x1b" not in as_text(found, encoding="utf-8", verbose=True)
