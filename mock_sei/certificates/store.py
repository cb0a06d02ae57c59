"""The ``certs`` folder: makes what is missing, keeps what is sound, never mixes.

Files appear by rename, keys before the certificates they belong to, ``ca.pem`` last of the CA's
four: whatever moment a process was killed at, the next start finds either a whole CA or none. A CA
file that is there but cannot be read is an error, since somebody trusts that CA; a leaf or bundle
that does not belong to the CA beside it is made again.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from mock_sei.certificates.authority import (
    Authority,
    AuthorityPem,
    load_key,
    new_authority_pem,
    new_signing_key_pem,
    renew_issuing,
)
from mock_sei.certificates.bundles import (
    BundleOptions,
    Identity,
    common_names,
    pkcs12_bundle,
    trusted_certificates,
    truststore,
)
from mock_sei.certificates.profiles import server_names
from mock_sei.errors import ConfigurationError
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE
from mock_sei.rules.records import ACCOUNT_NAME_RULE, is_account_name

logger = logging.getLogger(__name__)

FileStamp = tuple[int, int, int]
"""When a file was written, which it is and how large: another file has another stamp."""

RENEW_SERVER_BEFORE = timedelta(days=30)

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_LEFTOVER = ".part-"
_PUBLIC = frozenset({".pem", ".crt", ".p7s"})
"""Files without a key; the others are for their owner alone."""


class CertificateStore:
    """One ``certs`` folder, opened: its CA, signing key and server identity, and its accounts'."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`ConfigurationError` where the folder or a CA file cannot be used."""
        self.folder = folder.absolute()
        with _complaining_of(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (self.folder / "README.md").exists():  # the checkout's own keeps its mode
                with suppress(OSError):  # a mounted volume may be somebody else's, or read-only
                    self.folder.chmod(0o700)
        with self._locked():
            self._remove_leftovers()
            self.authority = self._open_authority()
            self.signing_key_pem = self._open_signing_key()
            self._write_truststore()

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def account_folder(self, account: str) -> Path:
        """Raises :class:`ConfigurationError` for what is no account name."""
        if not is_account_name(account):
            raise ConfigurationError(ACCOUNT_NAME_RULE, source="service account", value=account)
        return self.folder / account

    def server_identity(self, names: Sequence[str], *, now: datetime) -> Identity:
        """The server's certificate, issued again where it is unsound, short of a name or of days.

        ``now`` is the machine's time.
        """
        with self._locked():
            found = self._read_identity("server.pem", "server.key")
            if found is not None:
                missing = set(names) - server_names(found.certificate)
                lasts = found.is_valid_at(now) and found.is_valid_at(now + RENEW_SERVER_BEFORE)
                if not missing and lasts:
                    return found
            identity = self.authority.issue_server(names, now=now)
            write_together(
                self.folder,
                {
                    "server.key": identity.key_pem,
                    "server.pem": identity.certificate_pem + identity.chain_pem,
                },
            )
            return identity

    def find_identity(self, account: str) -> Identity | None:
        """The account's certificate on file, None where there is none or it is unsound.

        A ``certificate.pfx`` that was lost is written again.
        """
        self.account_folder(account)
        with self._locked():
            return self._find_identity(account)

    def find_or_write_identity(
        self, account: str, make: Callable[[], Identity], *, now: datetime
    ) -> Identity:
        """The account's certificate on file; made and written where none is that lives at ``now``.

        All under one lock of the folder, so that servers that start at once hold the same one.
        """
        self.account_folder(account)
        with self._locked():
            found = self._find_identity(account)
            if found is None or not found.is_valid_at(now):
                found = make()
                self._write_identity(account, found)
            return found

    def read_identity(self, account: str) -> Identity | None:
        """What lies there at this moment, waiting for no lock; None while it is half-written."""
        self.account_folder(account)
        try:
            return self._read_account(account)
        except ConfigurationError as error:  # it went while it was read, or is no file
            logger.warning("%s; not used", error)
            return None

    def identity_stamp(self, account: str) -> FileStamp | None:
        """Another one after the certificate's file was replaced; None where it is not there."""
        try:
            status = (self.account_folder(account) / "certificate.crt").stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def write_identity(self, account: str, identity: Identity) -> Path:
        """Makes it the account's current certificate and returns the account's folder."""
        folder = self.account_folder(account)
        with self._locked():
            self._write_identity(account, identity)
        return folder

    def write_files(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """As :func:`write_together`, for a folder that may be one of an account: no server that
        looks for the account's certificate meets half of the files.
        """
        with self._locked():
            write_together(folder, files)

    def _find_identity(self, account: str) -> Identity | None:
        folder = self.account_folder(account)
        found = self._read_account(account)
        if found is not None and not (folder / "certificate.pfx").exists():
            content = pkcs12_bundle(found, BundleOptions())
            self._write_files(folder, {"certificate.pfx": content})
        return found

    def _read_account(self, account: str) -> Identity | None:
        found = self._read_identity(f"{account}/certificate.crt", f"{account}/privatekey.key")
        if found is not None and common_names(found.certificate.subject) != [account]:
            path = self.folder / account / "certificate.crt"
            logger.warning("%s: its CN is not %s; not used", path, account)
            return None
        return found

    def _write_identity(self, account: str, identity: Identity) -> None:
        # The .pfx first: only the other two are compared when they are read.
        self._write_files(
            self.account_folder(account),
            {
                "certificate.pfx": pkcs12_bundle(identity, BundleOptions()),
                "privatekey.key": identity.key_pem,
                "certificate.crt": identity.certificate_pem,
            },
        )

    def _open_authority(self) -> Authority:
        files = {
            "root": self.folder / "ca.pem",
            "root_key": self.folder / "ca.key",
            "issuing": self.folder / "issuing-ca.pem",
            "issuing_key": self.folder / "issuing-ca.key",
        }
        if not files["root"].exists():
            return self._write_authority(new_authority_pem(), files)
        content = {part: _read(path) for part, path in files.items() if path.exists()}
        whole = len(content) == len(files)
        for part in files if whole else ("root", "root_key"):
            if part in content:
                _check_readable(files[part], content[part], key=part.endswith("key"))
        if "root_key" not in content or not _are_pair(content["root"], content["root_key"]):
            problem = "not the key of" if "root_key" in content else "missing beside"
            raise ConfigurationError(
                f"{problem} ca.pem; put it back, or delete the folder to start with a new CA",
                source=files["root_key"],
            )
        if whole:
            try:
                return Authority(AuthorityPem(**content))
            except Exception as error:  # any way in which four files can disagree
                raise ConfigurationError(
                    f"not the issuing CA below ca.pem ({error or type(error).__name__}); put the "
                    "matching file back, or delete the folder to start with a new CA",
                    source=files["issuing"],
                ) from None
        logger.warning("%s: incomplete; a new issuing CA was made", files["issuing"])
        # Killed before the new certificate is written, the next start must not find the old one.
        with _complaining_of(files["issuing"]):
            files["issuing"].unlink(missing_ok=True)
        return self._write_authority(renew_issuing(content["root"], content["root_key"]), files)

    def _write_authority(self, pem: AuthorityPem, files: Mapping[str, Path]) -> Authority:
        for part in ("root_key", "issuing_key", "issuing", "root"):
            self._write(files[part].name, getattr(pem, part))
        return Authority(pem)

    def _open_signing_key(self) -> bytes:
        path = self.folder / "signing.key"
        if not path.exists():
            self._write("signing.key", new_signing_key_pem())
        pem = _read(path)
        _check_readable(path, pem, key=True)
        return pem

    def _write_truststore(self) -> None:
        path, chain = self.folder / "truststore.p12", self.authority.chain
        try:
            found = trusted_certificates(_read(path), DEFAULT_PASSPHRASE) if path.exists() else None
        except ValueError:
            found = None
        if found != set(chain):
            self._write("truststore.p12", truststore(chain[::-1], DEFAULT_PASSPHRASE))

    def _read_identity(self, certificate_file: str, key_file: str) -> Identity | None:
        certificate_path, key_path = self.folder / certificate_file, self.folder / key_file
        if not (certificate_path.exists() and key_path.exists()):
            return None
        try:
            certificate = x509.load_pem_x509_certificate(_read(certificate_path))
            key = load_key(_read(key_path))
        except ValueError as error:
            logger.warning("%s: cannot be read (%s); not used", certificate_path, error)
            return None
        if key.public_key() != certificate.public_key() or not self.authority.signed(certificate):
            logger.warning("%s: not of this CA, or not of its key; not used", certificate_path)
            return None
        return Identity(certificate=certificate, key=key, chain=self.authority.chain)

    def _write_files(self, folder: Path, files: Mapping[str, bytes]) -> None:
        with _complaining_of(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        write_together(folder, files)

    def _write(self, name: str, content: bytes) -> None:
        write_whole(self.folder / name, content)

    def _remove_leftovers(self) -> None:
        for path in (*self.folder.glob(f"{_LEFTOVER}*"), *self.folder.glob(f"*/{_LEFTOVER}*")):
            with suppress(OSError):  # it harms nobody where it cannot be removed
                path.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time; the system lets go of the lock when a process dies."""
        descriptor = self._open_lock()
        if descriptor is None:
            yield
            return
        try:
            _lock_file(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self) -> int | None:
        """None in a whole folder that is read-only: nobody writes there, and nobody has to wait."""
        path = self.folder / ".lock"
        with _complaining_of(self.folder):
            try:
                return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                if error.errno not in _READ_ONLY or not self.ca_file.exists():
                    raise
        with suppress(OSError):
            return os.open(path, os.O_RDONLY)
        return None


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes certificates after the files of their keys; a certificate that is there goes first.

    So whenever a process is killed, no certificate lies beside a key that is not its own. Raises
    :class:`ConfigurationError` naming the path.
    """
    certificates = [name for name in files if Path(name).suffix in _PUBLIC]
    for name in certificates:
        with _complaining_of(folder / name):
            (folder / name).unlink(missing_ok=True)
    for name in (*(name for name in files if name not in certificates), *certificates):
        write_whole(folder / name, files[name])


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; only its owner can read one that holds a key.

    Raises :class:`ConfigurationError` naming the path.
    """
    part = path.with_name(f"{_LEFTOVER}{secrets.token_hex(8)}")
    with _complaining_of(path):
        mode = 0o644 if path.suffix in _PUBLIC else 0o600
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _read(path: Path) -> bytes:
    with _complaining_of(path, "read"):
        return path.read_bytes()


@contextmanager
def _complaining_of(path: Path, what: str = "written") -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"cannot be {what}: {error.strerror or error}{_whose(path, error)}", source=path
        ) from None


def _whose(path: Path, error: OSError) -> str:
    """Of a refused file, the two users that differ: in a container neither has a name.

    Where they are one and the same, the folder's mode, which is what refuses.
    """
    if not isinstance(error, PermissionError) or not hasattr(os, "getuid"):
        return ""
    user = os.getuid()
    refusing = next(filter(_can_be_seen, (path, *path.parents)), None)
    if refusing is None:
        return f" (to user {user})"
    found = refusing.stat()
    if found.st_uid == user:
        mode = stat.S_IMODE(found.st_mode)
        return f" (to user {user}, to whom {refusing} belongs: its mode is {mode:04o})"
    folder = refusing if refusing.is_dir() else refusing.parent
    return f" (to user {user}; {folder} belongs to user {folder.stat().st_uid})"


def _can_be_seen(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True


def _check_readable(path: Path, content: bytes, *, key: bool) -> None:
    load: Callable[[bytes], object] = load_key if key else x509.load_pem_x509_certificate
    try:
        load(content)
    except ValueError as error:
        raise ConfigurationError(
            f"cannot be read ({str(error).split(':')[0].split('.')[0].lower()}); put a whole file "
            "back, or delete the folder to start with a new CA",
            source=path,
        ) from None


def _are_pair(certificate: bytes, key: bytes) -> bool:
    return load_key(key).public_key() == x509.load_pem_x509_certificate(certificate).public_key()


def _lock_file(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has no flock; two first starts at once are not protected there
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
