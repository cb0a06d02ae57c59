"""Checks of the client's private key file."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec

from mock_sei.certificates.ciphers import MOST_ITERATIONS
from mock_sei.certificates.conversions import Role, find_commands
from mock_sei.certificates.forms import Form
from mock_sei.certificates.recognition import form_of
from mock_sei.doctor.advice import KEY, place_of
from mock_sei.doctor.containers import has_store
from mock_sei.doctor.file_findings import are_swapped, find_unread, with_reading
from mock_sei.doctor.findings import (
    CLIENTS,
    KEY_FILE,
    Finding,
    found,
    right,
)
from mock_sei.doctor.keys import KeyReading, KeyState, can_sign, is_consistent
from mock_sei.doctor.material import (
    fingerprint_of,
    fits,
    own_certificate,
)
from mock_sei.doctor.readers import (
    GO,
    obstacles_of_key,
)
from mock_sei.doctor.setup import GivenFile, Setup
from mock_sei.doctor.shapes import find_obstacle

OTHERS = 0o077
"""Permission bits of the group and of other users."""


def check_key_file(setup: Setup) -> Iterator[Finding]:
    """Checks the file of ``--key``, or the key in ``--cert``."""
    file = setup.key_file
    if file is None:
        certificate = setup.certificate
        if certificate is None or has_store(setup):
            return
        if certificate.was_read:
            yield found(
                "key-file-not-given",
                "--cert was given without --key, and it holds no private key.",
                cure="give the key too: --key privatekey.key."
                if form_of(certificate.content) is Form.PEM
                else "extract certificate and key as above, and give both.",
            )
        return
    unread = find_unread(file, "--key", "key-file", "give the certificate's privatekey.key")
    if unread:
        yield unread
        return
    if are_swapped(setup):
        return
    obstacle = find_obstacle(setup, file, KEY)
    if obstacle:
        yield obstacle
    else:
        reading = setup.key_reading
        obstacles = obstacles_of_key(file.content, reading)
        yield from with_reading(setup, file, KEY, _check_key(setup, file, reading), obstacles)
    if file.mode is not None and file.mode & OTHERS:
        yield found(
            "key-readable-by-others",
            f"Other users of this machine have access to {file.path}.",
            expected="mode 600",
            actual=f"mode {file.mode:o}",
            cure=f"chmod 600 {place_of(setup, file, Role.KEY).shown}",
        )


def _check_key(setup: Setup, file: GivenFile, reading: KeyReading) -> Iterator[Finding]:
    unusable = _unusable_key(setup, file, reading)
    if unusable:
        yield unusable
        return
    if setup.options.passphrase and not reading.is_encrypted:
        yield found(
            "passphrase-unused",
            f"A passphrase was given, but the key in {file.path} is not encrypted.",
            cure="remove it; some clients (Go, Node) refuse a passphrase for a plain key.",
        )
    if not can_sign(reading.key):
        yield _damaged(setup, file, reading)
        return
    if not is_consistent(reading.key):
        yield found(
            "key-inconsistent",
            f"The numbers of the RSA key in {file.path} are inconsistent: the key was damaged.",
            cure="give the original key; OpenSSL may still accept this one.",
            unread_by=(GO,),
            client=setup.client,
        )
    own = own_certificate(setup)
    if own is not None and reading.key is not None and not fits(own, reading.key):
        yield found(
            "key-not-of-certificate",
            "The private key does not belong to the certificate.",
            expected=f"public key {fingerprint_of(own)} (of --cert)",
            actual=f"public key {fingerprint_of(reading.key)} (of --key)",
            cure="use certificate and key from one download; a renewal changes both.",
        )
        return
    encrypted = "encrypted, the passphrase opens it" if reading.is_encrypted else "not encrypted"
    belongs = ", belongs to the certificate" if own is not None else ""
    yield right(KEY_FILE, f"{file.path}: {encrypted}{belongs}")


def _unusable_key(setup: Setup, file: GivenFile, reading: KeyReading) -> Finding | None:
    encryption = reading.encryption
    cipher = encryption.name if encryption else ""
    state = reading.state
    if state is KeyState.UNKNOWN_CIPHER:
        state = _of_unknown_cipher(setup, reading)
    if state is KeyState.LOCKED:
        return found(
            "passphrase-missing",
            f"The key in {file.path} is encrypted with {cipher}, but no passphrase was given.",
            cure="give --passphrase, or remove the encryption:\n" + _commands(setup, file),
        )
    if state is KeyState.WRONG_PASSPHRASE:
        return found(
            "passphrase-wrong",
            f"The passphrase does not open the key in {file.path}, which is encrypted with "
            f"{cipher}.",
            cure="use the passphrase that was set when the file was exported (mock-sei: mock-sei).",
        )
    if state is KeyState.UNKNOWN_CIPHER:
        return found(
            "key-cipher",
            f"{file.path} is encrypted with {cipher}, which OpenSSL does not know.",
            expected="AES-256-CBC, or no encryption",
            actual=cipher,
            cure="encrypt it with AES-256-CBC, with the program that created it; " + KEY.give,
            unread_by=CLIENTS,
            client=setup.client,
        )
    if state is KeyState.LEGACY_CIPHER:
        return found(
            "key-cipher",
            f"{file.path} is encrypted with {cipher}, which OpenSSL 3 opens only with its legacy "
            "provider; Python, curl and Node cannot read it.",
            expected="AES-256-CBC, or no encryption",
            actual=cipher,
            cure=_commands(setup, file),
            unread_by=CLIENTS,
            client=setup.client,
        )
    if state is KeyState.TOO_SLOW:
        return found(
            "key-cipher",
            f"{file.path} is encrypted with so many iterations that opening it takes very long.",
            expected=f"{MOST_ITERATIONS} iterations or fewer",
            actual=f"{encryption.iterations if encryption else 0} iterations",
            cure="encrypt it again with fewer iterations:\n" + _commands(setup, file),
            unread_by=CLIENTS,
            client=setup.client,
        )
    if state is KeyState.MISLABELLED:
        label = "EC PRIVATE KEY" if _is_elliptic(reading.key) else "RSA PRIVATE KEY"
        place = place_of(setup, file, Role.KEY)
        return found(
            "key-label",
            f"The BEGIN line of {file.path} says {reading.label}, but the key below it has the "
            f"format of {label}; Python, curl and Node cannot read it.",
            expected=f"-----BEGIN {label}-----",
            actual=f"-----BEGIN {reading.label}-----",
            cure=f"sed 's/ {reading.label}-/ {label}-/' {place.shown} > {place.out}\n"
            f"chmod 600 {place.out}",
            unread_by=tuple(each for each in CLIENTS if each != GO),
            client=setup.client,
        )
    if state in (KeyState.DAMAGED, KeyState.ABSENT):
        return _damaged(setup, file, reading)
    return None


def _damaged(setup: Setup, file: GivenFile, reading: KeyReading) -> Finding:
    cipher = f"; it is encrypted with {reading.encryption.name}" if reading.encryption else ""
    return found(
        "key-not-pem",
        f"{file.path} holds a damaged private key.",
        expected=KEY.expected,
        actual=f"a key that cannot be used: cut short or changed{cipher}",
        cure="copy or download the file again, whole; " + KEY.give,
        unread_by=CLIENTS,
        client=setup.client,
    )


def _of_unknown_cipher(setup: Setup, reading: KeyReading) -> KeyState:
    """The state of a key with an unknown cipher, as OpenSSL's attempt to load it shows."""
    loading = setup.loading
    is_known = reading.encryption is not None and reading.encryption.is_known
    if loading.was_tried:
        if not loading.key:
            return KeyState.READ
        return KeyState.WRONG_PASSPHRASE if is_known else KeyState.UNKNOWN_CIPHER
    return KeyState.READ if is_known else KeyState.UNKNOWN_CIPHER


def _commands(setup: Setup, file: GivenFile) -> str:
    return "\n".join(find_commands(file.content, place_of(setup, file, Role.KEY)))


def _is_elliptic(key: object) -> bool:
    return isinstance(key, ec.EllipticCurvePrivateKey)
