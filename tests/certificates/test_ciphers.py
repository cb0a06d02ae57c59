"""The encryption of private keys: wrong passphrases, damaged files and legacy ciphers."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from mock_sei.certificates.cipher_names import CIPHERS, PBES1_LEGACY, encoded, is_legacy
from mock_sei.certificates.ciphers import Encryption, Opened, find_encryption, find_legacy_cipher
from mock_sei.certificates.der import find_element
from mock_sei.certificates.pem import Block, blocks_of
from tests.cases import every_case

KEY = ec.generate_private_key(ec.SECP256R1())
WORDS = b"open sesame"


def locked(format_: PrivateFormat) -> Block:
    (block,) = blocks_of(KEY.private_bytes(Encoding.PEM, format_, BestAvailableEncryption(WORDS)))
    return block


def encryption_of(block: Block) -> Encryption:
    encryption = find_encryption(block)
    assert encryption is not None
    return encryption


@pytest.mark.parametrize("format_", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_the_right_passphrase_opens_and_another_does_not(format_: PrivateFormat) -> None:
    encryption = encryption_of(locked(format_))
    assert encryption.name == "AES-256-CBC"
    assert not encryption.is_legacy
    opened, plain = encryption.open(WORDS)
    root = find_element(plain)
    assert opened is Opened.PLAIN
    assert root is not None
    assert load_der_private_key(root.raw, None).private_numbers() == KEY.private_numbers()  # type: ignore[union-attr]  # an EC key
    for number in range(50):
        assert encryption.open(b"%d" % number)[0] is Opened.WRONG_PASSPHRASE


def test_a_key_that_is_not_encrypted_has_no_encryption() -> None:
    for format_ in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        (block,) = blocks_of(KEY.private_bytes(Encoding.PEM, format_, NoEncryption()))
        assert find_encryption(block) is None


@every_case("kept", [0, 1, 5, 30, 60])
def test_parameters_that_are_cut_short_are_damage(kept: int) -> None:
    whole = locked(PrivateFormat.PKCS8)
    cut = Block(label=whole.label, line=1, content=whole.content[:kept])
    assert encryption_of(cut).is_damaged


def test_the_old_ciphers_are_those_of_the_legacy_provider() -> None:
    """The ciphers of OpenSSL 3's legacy provider (OSSL_PROVIDER-legacy(7))."""
    old = {name for name, _ in CIPHERS.values() if is_legacy(name)}
    assert old == {
        *("DES-CBC", "DES-OFB", "DES-CFB", "RC2-CBC", "RC4", "RC5-CBC", "BF-CBC", "CAST5-CBC"),
        *("SEED-CBC", "IDEA-CBC"),
    }
    assert not is_legacy("DES-EDE3-CBC")


def test_an_old_cipher_is_found_in_a_container() -> None:
    for identifier, name in PBES1_LEGACY.items():
        assert find_legacy_cipher(b"\x30\x80" + encoded(identifier)) == name
    assert find_legacy_cipher(b"\x30\x80" + encoded("1.2.840.113549.1.12.1.3")) is None


def test_identifiers_are_written_and_read_alike() -> None:
    for identifier in (*CIPHERS, *PBES1_LEGACY, "2.5.29.37", "1.2.156.10197.1.104.2"):
        element = find_element(encoded(identifier))
        assert element is not None
        assert element.identifier == identifier
