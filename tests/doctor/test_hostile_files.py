"""A file that somebody took for a certificate or a key is read in the time that its size takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei.doctor.keys import read_key
from mock_sei.doctor.material import certificates_in
from mock_sei.doctor.setup import File
from tests.growth import Action, assert_linear

PIECES = {
    "beginnings of certificates": b"-----BEGIN CERTIFICATE-----\n",
    "beginnings of keys": b"-----BEGIN RSA PRIVATE KEY-----\n",
    "words of a label": b"-----BEGIN A B C D E F G ",
    "hyphens": b"-",
    "ends": b"-----END CERTIFICATE-----",
    "other ends": b"-----BEGIN CERTIFICATE-----x-----END X509 CERTIFICATE-----",
}


@pytest.mark.parametrize("name", PIECES)
def test_reading_a_file_costs_what_it_is_long(name: str) -> None:
    def reading(size: int) -> Action:
        piece = PIECES[name]
        content = (piece * (size // len(piece) + 1))[:size]
        file = File(path=Path("x"), content=content)

        def read() -> None:
            certificates_in(file)
            read_key(content, None)

        return read

    assert_linear(reading, 20_000)
