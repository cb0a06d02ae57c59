"""``saml_certificate`` in ``platform.toml``: PEM text or a path, and each way it can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import read_platform_file
from tests.oauth.assertions import foreign, own

ENTRY = """
[[applications]]
name = "first"
type = "native"
actor = "end-user"
app_key = "first-key"

[[applications]]
name = "web"
type = "client-server"
actor = "end-user"
owner = "sei-client"
app_key = "web-key"
app_secret = "web-secret"
service_account = "svc-web"
saml_certificate = {value}

[[service_accounts]]
username = "svc-web"
password = "svc-web-password"
"""
KEY = "applications[1].saml_certificate"


PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def elliptic() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def private_key(make: Callable[[], PrivateKey] = elliptic) -> str:
    return make().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "platform.toml"


def registered(file: Path, value: str) -> str | None:
    """The certificate of the application, with ``value`` written as TOML has it."""
    file.write_text(ENTRY.format(value=value), encoding="utf-8")
    found = read_platform_file(file).find_application("web")
    assert found is not None
    return found.saml_certificate


def complaint(file: Path, value: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        registered(file, value)
    line = str(caught.value)
    assert line.startswith(f"{file}: {KEY}")
    assert "\n" not in line
    return line


def text(value: str) -> str:
    return f"'''{value}'''"


def test_it_may_be_pem_text(file: Path) -> None:
    assert registered(file, text(own().certificate)) == own().certificate


@pytest.mark.parametrize("path", ["saml.pem", "keys/saml.pem", "./keys/../saml.pem"])
def test_it_may_be_a_path_seen_from_the_file(
    file: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file.parent / "keys").mkdir()
    monkeypatch.chdir(file.parent / "keys")  # where the process stands does not matter
    (file.parent / path).write_text(own().certificate)

    assert registered(file, f'"{path}"') == own().certificate


def test_it_may_be_an_absolute_path(file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "saml.pem"
    elsewhere.write_text(own().certificate)

    assert registered(file, f'"{elsewhere}"') == own().certificate


def test_it_may_be_left_out(file: Path) -> None:
    file.write_text(ENTRY.replace("saml_certificate = {value}\n", ""))

    found = read_platform_file(file).find_application("web")
    assert found is not None
    assert found.saml_certificate is None


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    assert complaint(file, '"nowhere.pem"') == (
        f"{file}: {KEY} = 'nowhere.pem': No such file or directory"
    )


def test_a_folder_is_no_certificate(file: Path) -> None:
    assert complaint(file, '"."').startswith(f"{file}: {KEY} = '.': ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "holds 0 certificates in PEM form, not one"),
        (b"\x30\x82\x01\x00\xff", "not the path of a text file in PEM form"),
        (own().certificate.encode() * 2, "holds 2 certificates in PEM form, not one"),
        (own().certificate.encode()[:-200], "holds 0 certificates in PEM form, not one"),
        (
            own().certificate.replace("\nMII", "\nMIJ", 1).encode(),
            "holds no certificate, or one that is cut short",
        ),
    ],
)
def test_a_file_of_another_kind_is_told_by_file_key_and_value(
    file: Path, content: bytes, problem: str
) -> None:
    (file.parent / "saml.pem").write_bytes(content)

    assert complaint(file, '"saml.pem"') == f"{file}: {KEY} = 'saml.pem': {problem}"


@pytest.mark.parametrize("with_certificate", [False, True])
def test_a_private_key_is_refused_and_never_shown(file: Path, with_certificate: bool) -> None:
    secret = private_key()
    (file.parent / "saml.pem").write_text(own().certificate * with_certificate + secret)
    as_text = text(own().certificate * with_certificate + secret)

    for value in ('"saml.pem"', as_text, text(secret.strip())):
        line = complaint(file, value)
        assert "holds a private key, which stays with the client" in line
        assert not any(part in line for part in secret.splitlines()[1:-1])


@pytest.mark.parametrize("make", [ed25519.Ed25519PrivateKey.generate, elliptic])
@pytest.mark.parametrize("joint", ["", "\n"])
def test_a_key_without_its_label_is_not_shown_either(
    file: Path, make: Callable[[], PrivateKey], joint: str
) -> None:
    """It is taken for a path, and a path is repeated."""
    lines = private_key(make).splitlines()[1:-1]

    line = complaint(file, text(joint.join(lines)))

    assert not any(part in line for part in lines)


def test_a_long_path_is_shown(file: Path) -> None:
    path = f"{'folder/' * 30}saml.pem"

    assert f"{KEY} = {path!r}: No such file" in complaint(file, f'"{path}"')


def test_two_certificates_are_refused(file: Path) -> None:
    line = complaint(file, text(own().certificate + foreign().certificate))

    assert line.endswith("holds 2 certificates in PEM form, not one")


def test_a_certificate_that_was_cut_short_is_refused(file: Path) -> None:
    lines = own().certificate.splitlines()
    shorter = "\n".join([*lines[:3], *lines[-1:]])

    assert "cut short" in complaint(file, text(shorter))


@pytest.mark.parametrize("value", ["7", "true", '["a.pem"]', "{ file = 'a.pem' }"])
def test_a_value_of_another_type_is_refused(file: Path, value: str) -> None:
    assert "input should be a valid string" in complaint(file, value)


@pytest.mark.parametrize("value", ['""', '"a\\u0000b"'])
def test_a_path_that_is_none_is_refused(file: Path, value: str) -> None:
    assert complaint(file, value)


def test_another_type_of_application_has_none(file: Path) -> None:
    written = ENTRY.replace("saml_certificate = {value}\n", "").replace(
        'app_key = "first-key"',
        f'app_key = "first-key"\nsaml_certificate = {text(own().certificate)}',
    )
    file.write_text(written)

    with pytest.raises(ConfigurationError) as caught:
        read_platform_file(file)
    assert str(caught.value) == (
        f"{file}: applications[0].saml_certificate = '-----BEGIN CERTIFICATE-----': "
        "the SAML grant is for client-server applications with an end user"
    )
