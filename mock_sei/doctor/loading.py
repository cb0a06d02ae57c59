"""What OpenSSL says of the client's files: each is loaded as clients load it, from where it is.

Python, curl and Node load certificate, key and CA by OpenSSL: what it refuses here, it refuses
there.
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
"""What OpenSSL says of a key that it could load and that is not the certificate's."""
_LONGEST_PASSPHRASE = 1023
"""Bytes; Python hands OpenSSL no more."""


@dataclass(frozen=True, kw_only=True)
class Loading:
    """OpenSSL's words for what it refuses to load; empty for what it loads."""

    was_tried: bool = False
    certificate: str = ""
    key: str = ""
    pair: str = ""
    """Of certificate and key together, where it loads each."""
    ca: str = ""

    @property
    def gives_a_client(self) -> bool:
        """Whether TLS can show the certificate."""
        return not (self.certificate or self.key or self.pair)


def load_pair(
    context: ssl.SSLContext, certificate: Path, key: Path, passphrase: str | None
) -> None:
    """Raises ``OSError`` (``ssl.SSLError`` is one) where OpenSSL does not load them."""
    words = (passphrase or "").encode(errors="surrogateescape")
    # Always with a passphrase: without one OpenSSL asks for it at the terminal.
    try:
        context.load_cert_chain(certificate, key, password=words[:_LONGEST_PASSPHRASE])
    except (ValueError, TypeError) as error:
        raise OSError(str(error)) from None


def try_loading(
    *, certificate: Path | None, key: Path | None, ca: Path | None, passphrase: str | None
) -> Loading:
    """Loads what is given; None is passed over. Nothing is tried where OpenSSL does not start."""
    try:
        _context()
    except OSError:  # OPENSSL_CONF names a file of nonsense, for one: no fault of the files
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
    """The key is looked for afterwards, and a system's error then says that it is not there."""
    try:
        _context().load_cert_chain(path, path / _NOWHERE, password=b"")
    except ssl.SSLError as error:
        return _words(error)
    except (OSError, ValueError):
        return ""
    return ""


def _refusal_of_key(path: Path, passphrase: str | None) -> str:
    """With a certificate that is not its own, since the client's may be the one that is wrong."""
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
    """A certificate of nobody."""
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
    """The path, or that of a copy for what can be read once only, as ``<(command)`` of a shell."""
    if is_regular:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="mock-sei-doctor-") as folder:
        copy = Path(folder) / "file.pem"
        copy.touch(mode=0o600)
        copy.write_bytes(content)
        yield copy
