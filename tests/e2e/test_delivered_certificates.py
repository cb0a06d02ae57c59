"""The commands of the Security FAQ with the portal's files, from registration to a call.

The team registers, reads its mails, takes the file from the one-time link with ``curl -OJ``, runs
the commands as printed, and what they leave behind has to open port 444.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from mock_sei import MockSei
from tests.e2e.registering import (
    LET_IN,
    Team,
    control_of,
    download,
    mailed_link,
    new_link,
    printed,
    register,
    walk_in,
)
from tests.e2e.serving import run

pytestmark = pytest.mark.needs("openssl", "curl")

PASSPHRASE = "mock-sei"


@pytest.fixture
def control(mock_sei: MockSei) -> Iterator[httpx2.Client]:
    with control_of(mock_sei.control_url) as client:
        yield client


@pytest.fixture
def team(control: httpx2.Client) -> Team:
    return register(control)


def test_the_mailed_pfx_becomes_certificate_and_key_and_they_open_444(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path
) -> None:
    saved = download(mock_sei, mailed_link(control, team), tmp_path)
    assert saved.name == "certificate.pfx"
    printed(
        "openssl pkcs12 -in certificate.pfx -clcerts -nokeys -out certificate.crt",
        tmp_path,
        PASSPHRASE,
    )
    printed(
        "openssl pkcs12 -in certificate.pfx -nocerts -out keyfile-encrypted.key",
        tmp_path,
        *(PASSPHRASE, "a new one", "a new one"),
    )
    printed(
        "openssl rsa -in keyfile-encrypted.key -out keyfile-decrypted.key", tmp_path, "a new one"
    )
    files = ("--cert", "certificate.crt", "--key", "keyfile-decrypted.key")
    assert walk_in(mock_sei, team, *files, cwd=tmp_path) == LET_IN
    assert "alert" in walk_in(mock_sei, team, cwd=tmp_path)


def test_the_two_p12_files_of_a_link_become_certificate_and_key(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path
) -> None:
    saved = download(mock_sei, f"{mailed_link(control, team)}?format=p12", tmp_path)
    with zipfile.ZipFile(saved) as archive:
        archive.extractall(tmp_path)
    printed(
        "openssl pkcs12 -in certificate.p12 -clcerts -nokeys -out certificate.crt",
        tmp_path,
        PASSPHRASE,
    )
    printed(
        "openssl pkcs12 -in privatekey.p12 -nodes -out privatekey.key -nocerts",
        tmp_path,
        PASSPHRASE,
    )
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert walk_in(mock_sei, team, *files, cwd=tmp_path) == LET_IN


def test_a_link_s_own_passphrase_opens_its_file_and_the_usual_one_does_not(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path
) -> None:
    link = new_link(control, team, passphrase="of our own")
    download(mock_sei, link, tmp_path)
    command = ("openssl", "pkcs12", "-in", "certificate.pfx", "-clcerts", "-nokeys")
    refused = run(*command, cwd=tmp_path, typed=f"{PASSPHRASE}\n")
    assert refused.returncode != 0
    assert "invalid password" in refused.stderr
    assert "BEGIN CERTIFICATE" in run(*command, cwd=tmp_path, typed="of our own\n").stdout
    whole = ("--cert-type", "P12", "--cert", "certificate.pfx:of our own")
    assert walk_in(mock_sei, team, *whole, cwd=tmp_path) == LET_IN


def test_a_legacy_link_delivers_what_old_importers_read(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path
) -> None:
    download(mock_sei, new_link(control, team, legacy=True), tmp_path)
    shown = run(
        *("openssl", "pkcs12", "-legacy", "-in", "certificate.pfx", "-info", "-noout"),
        cwd=tmp_path,
        typed=f"{PASSPHRASE}\n",
    )
    assert "pbeWithSHA1And3-KeyTripleDES-CBC" in shown.stderr
    assert "AES" not in shown.stderr
    printed(
        "openssl pkcs12 -legacy -in certificate.pfx -clcerts -nokeys -out certificate.crt",
        tmp_path,
        PASSPHRASE,
    )
    printed(
        "openssl pkcs12 -legacy -in certificate.pfx -nodes -nocerts -out privatekey.key",
        tmp_path,
        PASSPHRASE,
    )
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert walk_in(mock_sei, team, *files, cwd=tmp_path) == LET_IN


def test_a_p7s_and_the_key_of_the_portal_s_form_open_444(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path
) -> None:
    """The .p7s has no key: the portal's form gives it, encrypted, and openssl decrypts it."""
    download(mock_sei, new_link(control, team, format="p7s"), tmp_path)
    shown = printed(
        "openssl pkcs7 -inform DER -in certificate.p7s -print_certs -out both.crt", tmp_path
    )
    assert shown == ""
    both = (tmp_path / "both.crt").read_text()
    leaf = re.search(
        rf"subject=[^\n]*{team.username}\n.*?-----END CERTIFICATE-----", both, re.DOTALL
    )
    assert leaf
    assert "mock-sei issuing CA" in both
    (tmp_path / "certificate.crt").write_text(leaf[0])
    encrypted = key_from_the_portal(mock_sei, team, "the key's own")
    assert b"ENCRYPTED" in encrypted
    (tmp_path / "keyfile-encrypted.key").write_bytes(encrypted)
    printed("openssl rsa -in keyfile-encrypted.key -out privatekey.key", tmp_path, "the key's own")
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert walk_in(mock_sei, team, *files, cwd=tmp_path) == LET_IN


def key_from_the_portal(server: MockSei, team: Team, passphrase: str) -> bytes:
    """By its form, as a browser without script sends it."""
    with server.client() as http:
        path = f"/portal/apps/{team.name}"
        token = re.search(r'name="page" value="(\w+)"', http.get(path).text)
        assert token
        form = {"page": token[1], "key_passphrase": passphrase}
        answer = http.post(f"{path}/privatekey.key", data=form)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_a_team_s_certificate_does_not_open_another_team_s_account(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path
) -> None:
    other = register(control, "payments")
    download(mock_sei, mailed_link(control, other), tmp_path)
    whole = ("--cert-type", "P12", "--cert", f"certificate.pfx:{PASSPHRASE}")
    assert walk_in(mock_sei, other, *whole, cwd=tmp_path) == LET_IN
    assert "gateway.access.failure" in walk_in(mock_sei, team, *whole, cwd=tmp_path)
    assert mock_sei.journal.last.refused_by == "certificate name"


def test_a_renewed_certificate_and_the_first_both_open_444_until_the_first_is_revoked(
    mock_sei: MockSei, control: httpx2.Client, team: Team, tmp_path: Path
) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    whole = ("--cert-type", "P12", "--cert", f"certificate.pfx:{PASSPHRASE}")
    for folder in folders:
        folder.mkdir()
    download(mock_sei, mailed_link(control, team), folders[0])
    download(mock_sei, new_link(control, team, renew=True), folders[1])
    assert [walk_in(mock_sei, team, *whole, cwd=each) for each in folders] == [LET_IN, LET_IN]
    path = f"/service-accounts/{team.username}/certificates"
    first, second = control.get(path).json()
    assert (first["current"], second["current"]) == (False, True)
    assert control.post(f"{path}/{first['serial_number']}/revoke").status_code == 204
    assert "alert certificate revoked" in walk_in(mock_sei, team, *whole, cwd=folders[0])
    assert walk_in(mock_sei, team, *whole, cwd=folders[1]) == LET_IN
