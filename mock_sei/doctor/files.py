"""Checks of the files a client is given: the CA's, the certificate's, the key's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cryptography.hazmat.primitives.asymmetric import ec

from mock_sei.certificates.ciphers import MOST_ITERATIONS
from mock_sei.certificates.conversions import Role, find_commands, nth_certificate
from mock_sei.certificates.forms import Form, form_of
from mock_sei.certificates.pem import blocks_of
from mock_sei.doctor.findings import (
    CA_FILE,
    CERTIFICATE_FILE,
    CLIENTS,
    KEY_FILE,
    Finding,
    Level,
    found,
    note,
    right,
)
from mock_sei.doctor.identity import is_too_weak
from mock_sei.doctor.keys import KeyReading, KeyState, has_key, is_consistent
from mock_sei.doctor.material import (
    certificates_in,
    describe,
    fingerprint_of,
    fits,
    is_ca,
    own_certificate,
)
from mock_sei.doctor.readers import (
    GO,
    Obstacle,
    is_refused_for_servers,
    obstacles_of_certificates,
    obstacles_of_key,
)
from mock_sei.doctor.setup import File, Setup
from mock_sei.doctor.shapes import (
    CA,
    CERTIFICATE,
    KEY,
    Part,
    contents,
    find_obstacle,
    find_refusal,
    holds_only,
    place_of,
)

OTHERS = 0o077
"""Permission bits of group and others."""


def check_ca_file(setup: Setup) -> Iterator[Finding]:
    file = setup.ca
    if file is None:
        return
    unread = _unread(file, "--cacert", "ca-file", "give the CA's PEM file")
    if unread:
        yield unread
        return
    obstacle = find_obstacle(setup, file, CA)
    if obstacle:
        yield obstacle
        return
    yield from _with_refusal(setup, file, CA, _check_authorities(setup, file))
    yield from _unread_by(setup, file, CA, obstacles_of_certificates(file.content))


def _check_authorities(setup: Setup, file: File) -> Iterator[Finding]:
    certificates = certificates_in(file)
    authorities = [each for each in certificates if is_ca(each)]
    if not certificates:
        yield _unknown_here(file)
        return
    if not authorities:
        yield found(
            "ca-is-leaf",
            "--cacert holds a certificate that is no CA's.",
            expected="a CA's certificate",
            actual=describe(certificates[0]),
            cure="give the certificate of the CA above it (mock-sei: ca.pem of the certs folder, "
            "not server.pem or certificate.crt).",
        )
        return
    if all(each.not_valid_after_utc < setup.now for each in authorities):
        yield found(
            "ca-expired",
            "Every certificate in --cacert has expired.",
            expected=f"valid at {setup.now:%Y-%m-%d}",
            actual=describe(authorities[0]),
            cure="get the CA's current certificate.",
        )
        return
    blocks = [each for each in blocks_of(file.content) if each.is_certificate]
    if all(is_refused_for_servers(each) for each in blocks):
        (command,) = find_commands(file.content, place_of(setup, file, Role.CA))
        yield found(
            "ca-trust-settings",
            f"{file.path} is a TRUSTED CERTIFICATE whose settings do not trust it for servers.",
            expected="settings with serverAuth, or none",
            actual="settings without serverAuth",
            cure=command,
        )
        return
    yield right(CA_FILE, f"{file.path}: {_several(len(authorities))}{describe(authorities[0])}")


def _unknown_here(file: File) -> Finding:
    return note(
        CERTIFICATE_FILE,
        f"OpenSSL loads {file.path}, and this machine's Python library does not, so that what the "
        "certificate says is not checked",
    )


def _with_refusal(
    setup: Setup, file: File, part: Part, findings: Iterable[Finding]
) -> Iterator[Finding]:
    """The findings, and what OpenSSL says where none of them is a problem that explains it.

    Nothing is called right that OpenSSL refuses.
    """
    made = list(findings)
    refusal = find_refusal(setup, file, part)
    explained = any(each.level is Level.PROBLEM for each in made)
    # OpenSSL takes no certificate that is too weak; the check of its strength says so
    weak = part is not CA and is_too_weak(own_certificate(setup))
    if refusal is None or explained or weak:
        yield from made
        return
    yield from (each for each in made if each.level is not Level.RIGHT)
    yield refusal


def _unread_by(
    setup: Setup, file: File, part: Part, obstacles: Iterable[Obstacle]
) -> Iterator[Finding]:
    """What OpenSSL reads and another client does not: one finding for all of them."""
    seen = list(obstacles)
    clients = tuple(client for client in CLIENTS if any(client in each.clients for each in seen))
    if not clients:
        return
    commands = find_commands(file.content, place_of(setup, file, part.role))
    name = {Role.CERTIFICATE: "certificate", Role.KEY: "key", Role.CA: "ca"}[part.role]
    yield found(
        f"{name}-unread-by",
        f"{file.path} can be read by OpenSSL (Python, curl, Node), and not by "
        f"{_in_words(clients)}.",
        expected=part.expected,
        actual="; ".join(each.why for each in seen),
        cure="\n".join(commands) or "write the file again without it.",
        unread_by=clients,
        client=setup.client,
    )


_SHOWN = {"java": "Java", "go": "Go", "dotnet": ".NET"}


def _in_words(clients: Iterable[str]) -> str:
    return ", ".join(_SHOWN.get(each, each) for each in clients)


def check_certificate_file(setup: Setup) -> Iterator[Finding]:
    file = setup.certificate
    if file is None:
        if setup.key is not None:
            yield found(
                "certificate-file-not-given",
                "--key was given without --cert: TLS needs both.",
                cure="give the certificate too: --cert certificate.crt.",
            )
        return
    unread = _unread(file, "--cert", "certificate-file", "give the account's certificate.crt")
    if unread:
        yield unread
        return
    if are_swapped(setup):
        yield found(
            "certificate-and-key-swapped",
            "--cert holds the private key and --key the certificate.",
            expected="--cert a certificate, --key a private key",
            actual=f"--cert {contents(file)}, --key {contents(setup.key)}",
            cure="exchange the two.",
        )
        return
    obstacle = find_obstacle(setup, file, CERTIFICATE)
    if obstacle:
        yield obstacle
        return
    yield from _with_refusal(setup, file, CERTIFICATE, _check_order(setup, file))
    yield from _unread_by(setup, file, CERTIFICATE, obstacles_of_certificates(file.content))
    if has_key(file.content) and setup.key is not None and setup.key.path != file.path:
        yield found(
            "key-in-certificate-file",
            f"{file.path} holds a private key besides the certificate, and --key is another file.",
            cure="take the key out of the certificate's file: certificates are passed around, "
            "keys are not.",
        )


def _check_order(setup: Setup, file: File) -> Iterator[Finding]:
    certificates, own = certificates_in(file), own_certificate(setup)
    place = place_of(setup, file, Role.CERTIFICATE)
    if not certificates:
        yield _unknown_here(file)
        return
    if own is None or certificates[0] == own:
        more = f" and {len(certificates) - 1} more" if len(certificates) > 1 else ""
        yield right(CERTIFICATE_FILE, f"{file.path}: {describe(certificates[0])}{more}")
        return
    yield found(
        "certificate-order",
        f"{file.path} holds {len(certificates)} certificates and the account's is not the first, "
        "which is the one that TLS clients show.",
        expected=describe(own),
        actual=describe(certificates[0]),
        cure=f"{nth_certificate(certificates.index(own) + 1, place)}\n"
        "or put the account's certificate first and its CAs after it, nearest first; the leaf "
        "alone is enough.",
    )


def check_key_file(setup: Setup) -> Iterator[Finding]:
    file = setup.key_file
    if file is None:
        if setup.certificate is not None and setup.certificate.was_read:
            yield found(
                "key-file-not-given",
                "--cert was given without --key, and it holds no private key.",
                cure="give the key too: --key privatekey.key."
                if form_of(setup.certificate.content) is Form.PEM
                else "extract certificate and key as above, and give both.",
            )
        return
    unread = _unread(file, "--key", "key-file", "give the certificate's privatekey.key")
    if unread:
        yield unread
        return
    if are_swapped(setup):
        return
    obstacle = find_obstacle(setup, file, KEY)
    if obstacle:
        yield obstacle
    else:
        yield from _with_refusal(setup, file, KEY, _check_key(setup, file, setup.key_reading))
        obstacles = obstacles_of_key(file.content, setup.key_reading, setup.client)
        yield from _unread_by(setup, file, KEY, obstacles)
    if file.mode is not None and file.mode & OTHERS:
        yield found(
            "key-readable-by-others",
            f"Other users of this machine have access to {file.path}.",
            expected="mode 600",
            actual=f"mode {file.mode:o}",
            cure=f"chmod 600 {place_of(setup, file, Role.KEY).shown}",
        )


def _check_key(setup: Setup, file: File, reading: KeyReading) -> Iterator[Finding]:
    unusable = _unusable_key(setup, file, reading)
    if unusable:
        yield unusable
        return
    if setup.options.passphrase and not reading.is_encrypted:
        yield found(
            "passphrase-unused",
            f"A passphrase was given and the key in {file.path} is not encrypted.",
            cure="leave it out; some clients (Go, Node) refuse a passphrase for a plain key.",
        )
    if not is_consistent(reading.key):
        yield found(
            "key-inconsistent",
            f"Numbers of the RSA key in {file.path} do not belong together: it was damaged.",
            cure="give the key as it was made; OpenSSL may take it all the same.",
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
            cure="take certificate and key from one download; after a renewal both are new.",
        )
        return
    encrypted = "encrypted, the passphrase opens it" if reading.is_encrypted else "not encrypted"
    belongs = ", belongs to the certificate" if own is not None else ""
    yield right(KEY_FILE, f"{file.path}: {encrypted}{belongs}")


def _unusable_key(setup: Setup, file: File, reading: KeyReading) -> Finding | None:
    encryption = reading.encryption
    cipher = encryption.name if encryption else ""
    state = reading.state
    if state is KeyState.UNKNOWN_CIPHER:
        state = _of_unknown_cipher(setup, reading)
    if state is KeyState.LOCKED:
        return found(
            "passphrase-missing",
            f"The key in {file.path} is encrypted with {cipher} and no passphrase was given.",
            cure="give --passphrase, or take the encryption off:\n" + _commands(setup, file),
        )
    if state is KeyState.WRONG_PASSPHRASE:
        return found(
            "passphrase-wrong",
            f"The passphrase does not open the key in {file.path}, which is encrypted with "
            f"{cipher}.",
            cure="use the one that was set when the file was exported (mock-sei: mock-sei).",
        )
    if state is KeyState.UNKNOWN_CIPHER:
        return found(
            "key-cipher",
            f"{file.path} is encrypted with {cipher}, which OpenSSL does not know.",
            expected="AES-256-CBC, or no encryption",
            actual=cipher,
            cure="encrypt it as AES-256-CBC with the program that made it; " + KEY.give,
            unread_by=CLIENTS,
            client=setup.client,
        )
    if state is KeyState.LEGACY_CIPHER:
        return found(
            "key-cipher",
            f"{file.path} is encrypted with {cipher}, which OpenSSL 3 opens with its legacy "
            "provider only; Python, curl and Node cannot read it.",
            expected="AES-256-CBC, or no encryption",
            actual=cipher,
            cure=_commands(setup, file),
            unread_by=CLIENTS,
            client=setup.client,
        )
    if state is KeyState.TOO_SLOW:
        return found(
            "key-cipher",
            f"{file.path} is encrypted so that a client would work on it for a long time.",
            expected=f"{MOST_ITERATIONS} iterations or fewer",
            actual=f"{encryption.iterations if encryption else 0} iterations",
            cure="encrypt it again, with fewer iterations:\n" + _commands(setup, file),
            unread_by=CLIENTS,
            client=setup.client,
        )
    if state is KeyState.MISLABELLED:
        label = "EC PRIVATE KEY" if _is_elliptic(reading.key) else "RSA PRIVATE KEY"
        place = place_of(setup, file, Role.KEY)
        return found(
            "key-label",
            f"The BEGIN line of {file.path} says {reading.label}, and the key below it has the "
            f"form of {label}; Python, curl and Node cannot read it.",
            expected=f"-----BEGIN {label}-----",
            actual=f"-----BEGIN {reading.label}-----",
            cure=f"sed 's/ {reading.label}-/ {label}-/' {place.shown} > {place.out}\n"
            f"chmod 600 {place.out}",
            unread_by=tuple(each for each in CLIENTS if each != GO),
            client=setup.client,
        )
    if state in (KeyState.DAMAGED, KeyState.ABSENT):
        encrypted = f"; it is encrypted with {cipher}" if cipher else ""
        return found(
            "key-not-pem",
            f"{file.path} holds a damaged private key.",
            expected=KEY.expected,
            actual=f"a key that cannot be read: cut short or changed{encrypted}",
            cure="copy or download the file again, whole; " + KEY.give,
            unread_by=CLIENTS,
            client=setup.client,
        )
    return None


def _of_unknown_cipher(setup: Setup, reading: KeyReading) -> KeyState:
    """OpenSSL was asked: what it loads is read, and of what it knows the passphrase is wrong."""
    loading = setup.loading
    is_known = reading.encryption is not None and reading.encryption.is_known
    if loading.was_tried:
        if not loading.key:
            return KeyState.READ
        return KeyState.WRONG_PASSPHRASE if is_known else KeyState.UNKNOWN_CIPHER
    return KeyState.READ if is_known else KeyState.UNKNOWN_CIPHER


def _commands(setup: Setup, file: File) -> str:
    return "\n".join(find_commands(file.content, place_of(setup, file, Role.KEY)))


def _is_elliptic(key: object) -> bool:
    return isinstance(key, ec.EllipticCurvePrivateKey)


def are_swapped(setup: Setup) -> bool:
    if setup.certificate is None or setup.key is None:
        return False
    return holds_only(setup.certificate.content, Role.KEY) and holds_only(
        setup.key.content, Role.CERTIFICATE
    )


def _unread(file: File, option: str, name: str, cure: str) -> Finding | None:
    if file.missing:
        return found(
            f"{name}-missing",
            f"{option} {file.path} is not there.",
            cure=f"{cure}; a relative path starts at this folder.",
        )
    if file.is_folder:
        return found(
            f"{name}-unreadable",
            f"{option} {file.path} is a folder, not a file.",
            cure=f"{cure}, with its name behind the folder's.",
        )
    if file.problem:
        return found(
            f"{name}-unreadable",
            f"{option} {file.path} cannot be read: {file.problem}.",
            cure="let this user read the file.",
        )
    if form_of(file.content) is Form.EMPTY:
        return found(f"{name}-empty", f"{option} {file.path} is empty.", cure=f"{cure}.")
    return None


def _several(count: int) -> str:
    return "" if count == 1 else f"{count} CAs, the first "
