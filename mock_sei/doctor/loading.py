"""Loads the client's files with OpenSSL, as Python, curl and Node do, to see if it refuses them.

Each file is loaded from its own path.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.rules import machine
from mock_sei.runtime.contexts import PlainContext

_NOWHERE = "no-such-file"
_MISMATCHES = {
    "KEY_VALUES_MISMATCH",
    "KEY_TYPE_MISMATCH",
    "NO_CERTIFICATE_ASSIGNED",
    "NO_PRIVATE_KEY_ASSIGNED",
}
"""OpenSSL's reasons for a key that it can load but that does not belong to the certificate."""
_LONGEST_PASSPHRASE = 1023
"""Most bytes of a passphrase that Python passes to OpenSSL."""


@dataclass(frozen=True, kw_only=True)
class Loading:
    """OpenSSL's reasons for refusing each file; empty for a file that it loads."""

    was_tried: bool = False
    certificate: str = ""
    key: str = ""
    pair: str = ""
    """The reason for refusing certificate and key together, if it loads each of them alone."""
    ca: str = ""

    @property
    def gives_a_client(self) -> bool:
        """Whether OpenSSL loads certificate and key, so that a client can use them."""
        return not (self.certificate or self.key or self.pair)


def load_pair(
    context: ssl.SSLContext, certificate: Path, key: Path, passphrase: str | None
) -> None:
    """Loads certificate and key into the context. Raises ``OSError`` if OpenSSL refuses them."""
    words = (passphrase or "").encode(errors="surrogateescape")
    # A passphrase is always given: without one, OpenSSL would ask for it at the terminal.
    try:
        context.load_cert_chain(certificate, key, password=words[:_LONGEST_PASSPHRASE])
    except (ValueError, TypeError) as error:
        raise OSError(str(error)) from None


def try_loading(
    *, certificate: Path | None, key: Path | None, ca: Path | None, passphrase: str | None
) -> Loading:
    """Tries to load the given files; None is skipped. Tries nothing if OpenSSL cannot start."""
    try:
        _context()
    except OSError:  # for example a broken OPENSSL_CONF, which is not a fault of the files
        return Loading()
    tried = Loading(
        was_tried=True,
        certificate=_refusal_of_certificate(certificate) if certificate else "",
        key=_refusal_of_key(key, passphrase) if key else "",
        ca=_refusal(lambda: _context().load_verify_locations(ca)) if ca else "",
    )
    if certificate is None or key is None or tried.certificate or tried.key:
        return tried
    pair = _refusal(lambda: load_pair(_context(), certificate, key, passphrase))
    return Loading(was_tried=True, pair=pair, ca=tried.ca)


def _context() -> ssl.SSLContext:
    return PlainContext(ssl.PROTOCOL_TLS_CLIENT)


def _refusal_of_certificate(path: Path) -> str:
    """Why OpenSSL refuses the certificate. No key is given, and the error for that is ignored."""
    try:
        _context().load_cert_chain(path, path / _NOWHERE, password=b"")
    except ssl.SSLError as error:
        return _words(error)
    except (OSError, ValueError):
        return ""
    return ""


def _refusal_of_key(path: Path, passphrase: str | None) -> str:
    """Why OpenSSL refuses the key. It is tried with another certificate, which is surely valid."""
    with tempfile.TemporaryDirectory(prefix="mock-sei-doctor-") as folder:
        stand_in = Path(folder) / "certificate.pem"
        stand_in.write_bytes(_stand_in())
        try:
            load_pair(_context(), stand_in, path, passphrase)
        except ssl.SSLError as error:
            return "" if error.reason in _MISMATCHES else _words(error)
        except OSError as error:
            return _words(error)
    return ""


def _stand_in() -> bytes:
    """A valid certificate, PEM, that belongs to no client."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    now = machine.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def _refusal(load: Callable[[], object]) -> str:
    try:
        load()
    except OSError as error:
        return _words(error)
    return ""


def _words(error: OSError) -> str:
    words = re.sub(r" \(_ssl\.c:\d+\)", "", str(error))
    return words or type(error).__name__


@contextlib.contextmanager
def located(path: Path, content: bytes, *, is_regular: bool) -> Iterator[Path]:
    """A path of the content: a copy if the original can be read only once, as ``<(command)``."""
    if is_regular:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="mock-sei-doctor-") as folder:
        copy = Path(folder) / "file.pem"
        copy.touch(mode=0o600)
        copy.write_bytes(content)
        yield copy
