"""Files that clients cannot read: each causes its finding, and the correct file causes none."""

from __future__ import annotations

import base64
import os
import ssl
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from mock_sei.certificates.bundles import BundleOptions, pkcs12_bundle
from mock_sei.doctor import loading
from mock_sei.doctor.examination import SETUP_CHECKS, exit_status
from mock_sei.doctor.findings import (
    CLIENTS,
    OPENSSL_CLIENTS,
    Finding,
    Level,
    level_for,
)
from mock_sei.doctor.loading import Loading
from mock_sei.doctor.setup import Options, Setup, read_setup
from tests.cases import every_case
from tests.doctor.clients import Clients, file, names, only
from tests.doctor.file_changes import CHANGES, under_legacy_cipher
from tests.doctor.key_files import identifier, tlv

pytestmark = pytest.mark.long


def check(setup: Setup) -> list[Finding]:
    """The findings about the three files."""
    findings = [finding for each in SETUP_CHECKS for finding in each(setup)]
    return [each for each in findings if each.check not in ("URL", "credentials", "certificate")]


REFUSED = Loading(was_tried=True, ca="[X509] no", certificate="[SSL] no", key="[SSL] no either")
PAIR_REFUSED = Loading(was_tried=True, pair="[SSL] not together")


@pytest.mark.slow
@every_case("name", CHANGES)
def test_a_finding_is_made_by_its_file_and_not_by_the_good_one(clients: Clients, name: str) -> None:
    sound = clients.setup()
    assert names(check(sound)) == []
    assert names(check(replace(sound, **CHANGES[name](clients)))) == [name]  # type: ignore[arg-type]  # fields by name


def test_a_pair_that_openssl_refuses_is_a_finding_of_the_key(clients: Clients) -> None:
    found = only(check(replace(clients.setup(), loading=PAIR_REFUSED)))
    assert (found.name, found.actual) == ("key-refused", "[SSL] not together")
    assert "with --cert" in found.what


def test_what_openssl_refuses_is_not_called_right(clients: Clients) -> None:
    found = check(replace(clients.setup(), loading=REFUSED))
    assert Level.RIGHT not in {each.level for each in found}


def test_what_the_checks_explain_is_not_said_again_in_openssl_s_words(clients: Clients) -> None:
    key = file(clients.issue("svc-web").key_pem, "privatekey.key")
    setup = clients.setup(key=key, loading=PAIR_REFUSED)
    assert names(check(setup)) == ["key-not-of-certificate"]


def test_an_openssl_that_does_not_start_is_no_fault_of_the_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_: object) -> ssl.SSLContext:
        raise ssl.SSLError("error in the configuration")

    path = tmp_path / "certificate.crt"
    path.write_bytes(b"x")
    options = Options(cert=path, key=path, cacert=path)
    assert read_setup("https://localhost:1", options, environ={}).loading.ca
    monkeypatch.setattr(loading, "PlainContext", broken)
    assert read_setup("https://localhost:1", options, environ={}).loading == Loading()


class TestWhomItConcerns:
    def test_a_client_of_openssl_makes_it_a_problem(self) -> None:
        for client in OPENSSL_CLIENTS:
            assert level_for((client,), None) is Level.PROBLEM

    def test_another_client_makes_it_a_hint_unless_it_is_the_one_in_use(self) -> None:
        for client in set(CLIENTS) - set(OPENSSL_CLIENTS):
            assert level_for((client,), None) is Level.HINT
            assert level_for((client,), "curl") is Level.HINT
            assert level_for((client,), client) is Level.PROBLEM

    @pytest.mark.parametrize(
        ("client", "level"), [(None, Level.HINT), ("curl", Level.HINT), ("java", Level.PROBLEM)]
    )
    def test_a_byte_order_mark_is_java_s_problem(
        self, clients: Clients, client: str | None, level: Level
    ) -> None:
        marked = file(b"\xef\xbb\xbf" + clients.identity.certificate_pem)
        found = only(check(clients.setup(certificate=marked, client=client)))
        assert (found.level, found.unread_by) == (level, ("java", "go"))
        assert "Java, Go" in found.what

    @every_case(
        ("client", "level"),
        [
            (None, Level.PROBLEM),
            ("curl", Level.PROBLEM),
            ("java", Level.HINT),
            ("go", Level.PROBLEM),
        ],
    )
    def test_a_pfx_is_right_for_who_takes_a_pfx(
        self, clients: Clients, client: str | None, level: Level
    ) -> None:
        pfx = file(pkcs12_bundle(clients.identity, BundleOptions()), "a.pfx")
        found = check(clients.setup(certificate=pfx, key=None, client=client))
        assert [each.level for each in found if each.name == "certificate-is-pkcs12"] == [level]
        assert ("key-file-not-given" in names(found)) == (client != "java")


class TestEncryptedKeys:
    def locked(self, clients: Clients) -> bytes:
        encryption = BestAvailableEncryption(b"open sesame")
        return clients.identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)

    def found(self, clients: Clients, content: bytes, passphrase: str | None) -> list[str]:
        key = file(content, "privatekey.key")
        return names(check(clients.setup(key=key, options={"passphrase": passphrase})))

    def test_only_a_decryption_that_failed_is_a_wrong_passphrase(self, clients: Clients) -> None:
        locked = self.locked(clients)
        lines = locked.splitlines(keepends=True)
        damaged = b"".join([*lines[:4], lines[5], lines[4], *lines[6:]])
        cut = b"".join([*lines[:10], lines[-1]])
        assert self.found(clients, locked, "open sesame") == []
        assert self.found(clients, locked, "sesame") == ["passphrase-wrong"]
        assert self.found(clients, damaged, "open sesame") == ["key-not-pem"]
        assert self.found(clients, cut, "open sesame") == ["key-not-pem"]

    def test_the_cipher_is_named(self, clients: Clients) -> None:
        for given in (None, "sesame"):
            key = file(self.locked(clients), "privatekey.key")
            found = only(check(clients.setup(key=key, options={"passphrase": given})))
            assert "AES-256-CBC" in found.what

    def test_a_cipher_of_the_legacy_provider_is_no_matter_of_the_passphrase(
        self, clients: Clients
    ) -> None:
        for given in (None, "open sesame"):
            key = file(under_legacy_cipher(clients), "privatekey.key")
            found = only(check(clients.setup(key=key, options={"passphrase": given})))
            assert (found.name, found.actual) == ("key-cipher", "pbeWithMD5AndDES-CBC")
            assert found.cure is not None
            assert found.cure.startswith("openssl pkcs8 -topk8 -provider legacy -provider default")

    def test_more_rounds_than_anybody_waits_for_are_not_worked_on(self, clients: Clients) -> None:
        rounds = tlv(0x02, bytes.fromhex("7fffffff"))
        derivation = tlv(
            0x30, identifier("1.2.840.113549.1.5.12") + tlv(0x30, tlv(0x04, b"salt") + rounds)
        )
        cipher = tlv(0x30, identifier("2.16.840.1.101.3.4.1.42") + tlv(0x04, bytes(16)))
        method = identifier("1.2.840.113549.1.5.13") + tlv(0x30, derivation + cipher)
        text = base64.encodebytes(tlv(0x30, tlv(0x30, method) + tlv(0x04, bytes(64))))
        slow = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n%b-----END ENCRYPTED PRIVATE KEY-----\n"
        found = only(
            check(clients.setup(key=file(slow % text), options={"passphrase": "open sesame"}))
        )
        assert (found.name, found.actual) == ("key-cipher", "2147483647 iterations")


class TestWhatIsGiven:
    def test_a_folder_is_called_a_folder(self, tmp_path: Path) -> None:
        setup = read_setup("https://localhost:1", Options(cert=tmp_path), environ={})
        found = next(each for each in check(setup) if each.name)
        assert found.name == "certificate-file-unreadable"
        assert "is a folder" in found.what
        assert found.cure is not None
        assert "let this user" not in found.cure
        assert exit_status(setup, [found]) == 2

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
    def test_what_can_be_read_once_only_is_read_once(
        self, clients: Clients, tmp_path: Path
    ) -> None:
        """The kind of file that a shell creates for ``--cert <(command)``."""
        key, pipe = tmp_path / "privatekey.key", tmp_path / "pipe"
        key.touch(mode=0o600)
        key.write_bytes(clients.identity.key_pem)
        os.mkfifo(pipe, 0o600)
        writer = threading.Thread(target=pipe.write_bytes, args=(clients.identity.certificate_pem,))
        writer.start()
        setup = read_setup("https://localhost:1", Options(cert=pipe, key=key), environ={})
        writer.join()
        assert setup.loading == Loading(was_tried=True)
        assert names(check(setup)) == []

    def test_certificate_and_key_in_der_may_be_exchanged_too(self, clients: Clients) -> None:
        identity = clients.identity
        der = identity.certificate.public_bytes(Encoding.DER)
        key = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        setup = clients.setup(certificate=file(key), key=file(der, "privatekey.key"))
        assert names(check(setup)) == ["certificate-and-key-swapped"]

    def test_a_pfx_with_an_old_cipher_comes_with_the_option_that_opens_it(
        self, clients: Clients
    ) -> None:
        content = pkcs12_bundle(clients.identity, BundleOptions(legacy=True))
        pbe = bytes.fromhex("060a2a864886f70d010c01")
        assert pbe + b"\x03" in content
        old = content.replace(pbe + b"\x03", pbe + b"\x06")  # 40 bits of RC2
        for each, option in ((content, ""), (old, " -legacy")):
            found = only(check(clients.setup(certificate=file(each, "a.pfx"))))
            assert found.cure is not None
            assert found.cure.startswith(f"openssl pkcs12{option} -in a.pfx")
