"""The commands of the Security FAQ, as printed (its en dash read as a hyphen), with real programs.

They run on the files of ``mock-sei issue`` and on those of the control listener, and what they
leave behind has to open a two-way connection. ``[keyfile-encrypted.key]`` comes from the page the
FAQ links to (``openssl pkcs12 -in … -nocerts``).
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from mock_sei import MockSei
from tests.e2e.registering import printed
from tests.e2e.serving import run, run_mock_sei

pytestmark = pytest.mark.needs("openssl", "curl")

PASSPHRASE = "mock-sei"
FILES = {
    "pem": ("certificate.crt", "privatekey.key"),
    "pfx": ("certificate.pfx",),
    "p12": ("certificate.p12", "privatekey.p12"),
    "p7s": ("certificate.p7s", "privatekey.key"),
}

Fetch = Callable[..., Path]
"""A format, and options, to the folder its files were put in."""


@pytest.fixture(params=["mock-sei issue", "control listener"])
def fetch(request: pytest.FixtureRequest, mock_sei: MockSei, tmp_path: Path) -> Fetch:
    def issue(form: str, passphrase: str = PASSPHRASE, legacy: bool = False) -> Path:
        finished = run_mock_sei(
            *("issue", "svc-demo", "--certs-dir", mock_sei.ca_file.parent),
            *("--format", form, "--passphrase", passphrase, *(["--legacy"] if legacy else [])),
            cwd=tmp_path,
        )
        assert finished.returncode == 0, finished.stderr
        assert tuple(finished.stdout.split()) == FILES[form]
        assert ("Warning:" in finished.stderr) is (passphrase == "")
        return tmp_path

    def download(form: str, passphrase: str = PASSPHRASE, legacy: bool = False) -> Path:
        options: dict[str, str | bool] = {"passphrase": passphrase, "legacy": legacy}
        url = f"{mock_sei.control_url}/service-accounts/svc-demo"
        with httpx2.Client(trust_env=False, params=options) as control:
            for name in FILES[form]:
                answer = control.get(f"{url}/{name}")
                assert answer.status_code == 200
                (tmp_path / name).write_bytes(answer.content)
        return tmp_path

    return issue if request.param == "mock-sei issue" else download


def token_by_curl(server: MockSei, *tls: object, cwd: Path) -> str | None:
    """The access token that curl gets with these options; None if TLS refuses it."""
    finished = run(
        *("curl", "-sS", "--cacert", server.ca_file, *tls),
        *("-u", "demo-server-key:demo-server-secret", "-d", "grant_type=client_credentials"),
        *("-d", "username=svc-demo", "-d", "password=svc-demo-password"),
        f"{server.two_way_url}/v2/oauthtoken",
        cwd=cwd,
    )
    if finished.returncode:
        assert "alert" in finished.stderr, finished.stderr
        return None
    return str(json.loads(finished.stdout)["access_token"])


def test_a_pfx_becomes_certificate_and_key_and_they_open_a_connection(
    mock_sei: MockSei, fetch: Fetch
) -> None:
    folder = fetch("pfx")
    printed(
        "openssl pkcs12 -in certificate.pfx -clcerts -nokeys -out certificate.crt",
        folder,
        PASSPHRASE,
    )
    printed(
        "openssl pkcs12 -in certificate.pfx -nocerts -out keyfile-encrypted.key",
        folder,
        *(PASSPHRASE, "a new one", "a new one"),
    )
    printed(
        "openssl rsa -in keyfile-encrypted.key -out keyfile-decrypted.key",
        folder,
        "a new one",
    )
    assert "ENCRYPTED" in (folder / "keyfile-encrypted.key").read_text()
    assert "ENCRYPTED" not in (folder / "keyfile-decrypted.key").read_text()
    assert len(x509.load_pem_x509_certificates((folder / "certificate.crt").read_bytes())) == 1

    files = ("--cert", "certificate.crt", "--key", "keyfile-decrypted.key")
    assert token_by_curl(mock_sei, *files, cwd=folder)
    assert token_by_curl(mock_sei, cwd=folder) is None


def test_two_p12_files_become_certificate_and_key_and_they_open_a_connection(
    mock_sei: MockSei, fetch: Fetch
) -> None:
    folder = fetch("p12")
    printed(
        "openssl pkcs12 -in certificate.p12 -clcerts -nokeys -out certificate.crt",
        folder,
        PASSPHRASE,
    )
    printed(
        "openssl pkcs12 -in privatekey.p12 -nodes -out privatekey.key -nocerts",
        folder,
        PASSPHRASE,
    )
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert token_by_curl(mock_sei, *files, cwd=folder)


def test_a_p7s_shows_leaf_and_intermediate_and_its_key_opens_a_connection(
    mock_sei: MockSei, fetch: Fetch
) -> None:
    folder = fetch("p7s")
    shown = printed("openssl pkcs7 -inform DER -in certificate.p7s -print_certs", folder)
    assert sorted(re.findall(r"subject=.*(?:CN|OU) ?= ?(.*)", shown)) == [
        "mock-sei issuing CA",
        "svc-demo",
    ]
    key = load_pem_private_key((folder / "privatekey.key").read_bytes(), None)
    (leaf,) = (
        each
        for each in x509.load_pem_x509_certificates(shown.encode())
        if each.public_key() == key.public_key()
    )
    (folder / "certificate.crt").write_bytes(leaf.public_bytes(Encoding.PEM))
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert token_by_curl(mock_sei, *files, cwd=folder)


def test_pem_files_open_a_connection_as_they_are(mock_sei: MockSei, fetch: Fetch) -> None:
    folder = fetch("pem")
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert token_by_curl(mock_sei, *files, cwd=folder)


def test_a_pfx_opens_a_connection_as_it_is(mock_sei: MockSei, fetch: Fetch) -> None:
    folder = fetch("pfx", passphrase="of my own")
    file = ("--cert-type", "P12", "--cert", "certificate.pfx:of my own")
    assert token_by_curl(mock_sei, *file, cwd=folder)


KEYTOOL_IMPORT = (
    *("keytool", "-J-Duser.language=en", "-importkeystore", "-noprompt"),
    *("-srckeystore", "certificate.pfx", "-srcstoretype", "PKCS12", "-srcstorepass", ""),
    *("-destkeystore", "keystore.p12", "-deststoretype", "PKCS12", "-deststorepass", PASSPHRASE),
)
NODE_READS = """
require("tls").createSecureContext({pfx: require("fs").readFileSync("certificate.pfx")})
"""


@pytest.mark.needs("keytool", "node")
@pytest.mark.parametrize("legacy", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_importers_read_a_pfx_with_an_empty_passphrase(
    mock_sei: MockSei, fetch: Fetch, *, legacy: bool
) -> None:
    folder = fetch("pfx", passphrase="", legacy=legacy)
    whole = ("--cert-type", "P12", "--cert", "certificate.pfx:")
    assert token_by_curl(mock_sei, *whole, cwd=folder)
    imported = run(*KEYTOOL_IMPORT, cwd=folder)
    assert "1 entries successfully imported" in imported.stdout + imported.stderr
    listing = ("keytool", "-J-Duser.language=en", "-list", "-v", "-keystore", "keystore.p12")
    assert "chain length: 3" in run(*listing, "-storepass", PASSPHRASE, cwd=folder).stdout
    node = run("node", "-e", NODE_READS, cwd=folder)
    assert node.returncode == 0, node.stderr
    printed("openssl pkcs12 -in certificate.pfx -clcerts -nokeys -out certificate.crt", folder, "")
    printed("openssl pkcs12 -in certificate.pfx -nodes -nocerts -out privatekey.key", folder, "")
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert token_by_curl(mock_sei, *files, cwd=folder)


def test_two_p12_files_without_a_password_become_certificate_and_key(
    mock_sei: MockSei, fetch: Fetch
) -> None:
    folder = fetch("p12", passphrase="")
    printed("openssl pkcs12 -in certificate.p12 -clcerts -nokeys -out certificate.crt", folder, "")
    printed("openssl pkcs12 -in privatekey.p12 -nodes -out privatekey.key -nocerts", folder, "")
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert token_by_curl(mock_sei, *files, cwd=folder)


@pytest.mark.parametrize("file", ["certificate.pfx", "certificate.p12", "privatekey.p12"])
def test_a_wrong_passphrase_opens_no_file(fetch: Fetch, file: str) -> None:
    folder = fetch(file.rpartition(".")[2], passphrase="of my own")
    command = shlex.split(f"openssl pkcs12 -in {file} -nodes -out everything.pem")
    refused = run(*command, cwd=folder, typed=f"{PASSPHRASE}\n")
    assert refused.returncode != 0
    assert "invalid password" in refused.stderr
    assert run(*command, cwd=folder, typed="of my own\n").returncode == 0


@pytest.mark.parametrize("file", ["certificate.pfx", "certificate.p12", "privatekey.p12"])
def test_legacy_files_use_what_old_importers_read(fetch: Fetch, file: str) -> None:
    form = file.rpartition(".")[2]
    command = shlex.split(f"openssl pkcs12 -in {file} -info -noout -passin pass:{PASSPHRASE}")
    modern = run(*command, cwd=fetch(form)).stderr
    legacy = run(*command, "-legacy", cwd=fetch(form, legacy=True)).stderr
    assert "MAC: sha256" in modern
    assert "AES-256-CBC" in modern
    assert "MAC: sha1" in legacy
    assert "pbeWithSHA1And3-KeyTripleDES-CBC" in legacy
    assert "AES" not in legacy


def test_a_legacy_pfx_becomes_certificate_and_key_too(mock_sei: MockSei, fetch: Fetch) -> None:
    folder = fetch("pfx", legacy=True)
    printed(
        "openssl pkcs12 -legacy -in certificate.pfx -clcerts -nokeys -out certificate.crt",
        folder,
        PASSPHRASE,
    )
    printed(
        "openssl pkcs12 -legacy -in certificate.pfx -nodes -nocerts -out privatekey.key",
        folder,
        PASSPHRASE,
    )
    files = ("--cert", "certificate.crt", "--key", "privatekey.key")
    assert token_by_curl(mock_sei, *files, cwd=folder)


@pytest.mark.needs("keytool")
def test_keytool_lists_and_imports_a_pfx(fetch: Fetch) -> None:
    """keytool exits with status 0 even if it imports nothing, so the test reads its count."""
    folder = fetch("pfx")
    listed = run(
        *("keytool", "-J-Duser.language=en", "-list", "-storetype", "PKCS12"),
        *("-keystore", "certificate.pfx", "-storepass", PASSPHRASE),
        cwd=folder,
    )
    assert "contains 1 entry" in listed.stdout
    assert "PrivateKeyEntry" in listed.stdout
    imported = run(
        *("keytool", "-J-Duser.language=en", "-importkeystore", "-noprompt"),
        *("-srckeystore", "certificate.pfx", "-srcstoretype", "PKCS12"),
        *("-srcstorepass", PASSPHRASE, "-destkeystore", "keystore.jks"),
        *("-deststorepass", "changeit"),
        cwd=folder,
    )
    assert "1 entries successfully imported" in imported.stdout + imported.stderr


@pytest.mark.needs("keytool")
def test_keytool_refuses_a_wrong_passphrase(mock_sei: MockSei) -> None:
    pfx = mock_sei.certificate("svc-demo").pfx("of my own")
    command = ("keytool", "-list", "-storetype", "PKCS12", "-keystore", pfx, "-storepass")
    assert run(*command, PASSPHRASE).returncode != 0
    assert run(*command, "of my own").returncode == 0


@pytest.mark.needs("keytool")
@pytest.mark.parametrize("source", ["certs folder", "control listener"])
def test_keytool_lists_the_truststore_s_two_trusted_certificates(
    mock_sei: MockSei, tmp_path: Path, source: str
) -> None:
    file = mock_sei.ca_file.with_name("truststore.p12")
    if source == "control listener":
        file = tmp_path / "truststore.p12"
        url = f"{mock_sei.control_url}/truststore.p12"
        file.write_bytes(httpx2.get(url, trust_env=False).content)
    listed = run(
        *("keytool", "-J-Duser.language=en", "-list", "-keystore", file, "-storepass", PASSPHRASE)
    )
    assert "contains 2 entries" in listed.stdout
    assert listed.stdout.count("trustedCertEntry") == 2


def test_the_chain_comes_with_the_pem_of_the_control_listener(
    mock_sei: MockSei, tmp_path: Path
) -> None:
    url = f"{mock_sei.control_url}/service-accounts/svc-demo/certificate.pem"
    (tmp_path / "certificate.pem").write_bytes(httpx2.get(url, trust_env=False).content)
    command = f"openssl verify -CAfile {mock_sei.ca_file} -untrusted certificate.pem"
    assert "OK" in printed(f"{command} certificate.pem", tmp_path)
