"""The ``certs`` folder: it keeps good files, and makes missing ones.

Each file appears complete, by a rename: a key before its certificate, and ``ca.pem`` as the last of
the CA's four files. So if a process is killed, the next start finds either a complete CA or none. A
CA file that cannot be read is an error, since clients may trust that CA. Other files are made again
if they do not belong to the CA.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
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
"""A file's time of writing, inode number and size. If a file is replaced, its stamp changes."""

RENEW_SERVER_BEFORE = timedelta(days=30)

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_LEFTOVER = ".part-"
_PUBLIC = frozenset({".pem", ".crt", ".p7s"})
"""The suffixes of files without a private key. Only their owner can read other files."""


class CertificateStore:
    """An open ``certs`` folder: its CA, its signing key, and the server's and accounts' files."""

    def __init__(self, folder: Path) -> None:
        """Raises :class:`ConfigurationError` if the folder or a CA file cannot be used."""
        self.folder = folder.absolute()
        with complaining_of(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (self.folder / "README.md").exists():  # the folder in a checkout keeps its mode
                with suppress(OSError):  # a volume may belong to another user, or be read-only
                    self.folder.chmod(0o700)
        with self._locked():
            self._remove_leftovers()
            self.authority = self._open_authority()
            self.signing_key_pem = self._open_signing_key()
            self._write_truststore()

    @property
    def ca_file(self) -> Path:
        """The file of the root certificate, which clients must trust."""
        return self.folder / "ca.pem"

    def account_folder(self, account: str) -> Path:
        """The folder of a service account. Raises :class:`ConfigurationError` for a bad name."""
        if not is_account_name(account):
            raise ConfigurationError(ACCOUNT_NAME_RULE, source="service account", value=account)
        return self.folder / account

    def server_identity(self, names: Sequence[str], *, now: datetime) -> Identity:
        """The server's certificate and key on file.

        A new one is issued if it does not belong to the CA, if one of ``names`` is missing, or if
        it ends within 30 days. ``now`` is the machine's time.
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
        """The account's certificate on file, None if there is none or it cannot be used.

        If only ``certificate.pfx`` is missing, it is written again.
        """
        self.account_folder(account)
        with self._locked():
            return self._find_identity(account)

    def find_or_write_identity(
        self, account: str, make: Callable[[], Identity], *, now: datetime
    ) -> Identity:
        """The account's certificate on file. If none is valid at ``now``, ``make`` makes a new one.

        The folder stays locked meanwhile, so that servers that start at the same time get the same
        certificate.
        """
        self.account_folder(account)
        with self._locked():
            found = self._find_identity(account)
            if found is None or not found.is_valid_at(now):
                found = make()
                self._write_identity(account, found)
            return found

    def read_identity(self, account: str) -> Identity | None:
        """The account's certificate on file, read without a lock.

        It is None if there is none, if it cannot be used, or if its files are just being written.
        """
        self.account_folder(account)
        try:
            return self._read_account(account)
        except ConfigurationError as error:  # deleted while it was read, or not a file
            logger.warning("%s; not used", error)
            return None

    def identity_stamp(self, account: str) -> FileStamp | None:
        """The stamp of the account's certificate file, None if there is none."""
        try:
            status = (self.account_folder(account) / "certificate.crt").stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size

    def write_identity(self, account: str, identity: Identity) -> Path:
        """Writes an account's certificate, which is then current. Returns the account's folder."""
        folder = self.account_folder(account)
        with self._locked():
            self._write_identity(account, identity)
        return folder

    def write_files(self, folder: Path, files: Mapping[str, bytes]) -> None:
        """As :func:`write_together`, with a lock, for a folder that may be that of an account.

        So a server that reads the account's certificate never finds only half of the files.
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
        # The .pfx file comes first: a reader only checks that the other two fit together.
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
            except Exception as error:  # whatever does not fit between the four files
                raise ConfigurationError(
                    f"not the issuing CA below ca.pem ({error or type(error).__name__}); put the "
                    "matching file back, or delete the folder to start with a new CA",
                    source=files["issuing"],
                ) from None
        logger.warning("%s: incomplete; a new issuing CA was made", files["issuing"])
        # If this process is killed before it writes the new certificate, the next start must not
        # find the old one.
        with complaining_of(files["issuing"]):
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
            logger.warning(
                "%s: this CA did not sign it, or its key is another one; not used",
                certificate_path,
            )
            return None
        return Identity(certificate=certificate, key=key, chain=self.authority.chain)

    def _write_files(self, folder: Path, files: Mapping[str, bytes]) -> None:
        with complaining_of(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
        write_together(folder, files)

    def _write(self, name: str, content: bytes) -> None:
        write_whole(self.folder / name, content)

    def _remove_leftovers(self) -> None:
        for path in (*self.folder.glob(f"{_LEFTOVER}*"), *self.folder.glob(f"*/{_LEFTOVER}*")):
            with suppress(OSError):  # a leftover that cannot be removed does no harm
                path.unlink(missing_ok=True)

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self.folder)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one process at a time is inside. The system releases the lock if a process dies."""
    descriptor = _open_lock(folder)
    if descriptor is None:
        yield
        return
    try:
        _lock_file(descriptor)
        yield
    finally:
        os.close(descriptor)


def _open_lock(folder: Path) -> int | None:
    """The open lock file; None if the folder is read-only but complete, so that no lock is
    needed."""
    path = folder / ".lock"
    with complaining_of(folder):
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            if error.errno not in _READ_ONLY or not (folder / "ca.pem").exists():
                raise
    with suppress(OSError):
        return os.open(path, os.O_RDONLY)
    return None


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes certificates and keys so that they always fit together.

    It deletes the old certificates, writes the keys, and then the new certificates. So even if the
    process is killed, no certificate is beside a wrong key. Raises :class:`ConfigurationError`,
    which names the path.
    """
    certificates = [name for name in files if Path(name).suffix in _PUBLIC]
    for name in certificates:
        with complaining_of(folder / name):
            (folder / name).unlink(missing_ok=True)
    for name in (*(name for name in files if name not in certificates), *certificates):
        write_whole(folder / name, files[name])


def write_whole(path: Path, content: bytes) -> None:
    """Writes a complete file, or nothing. Only its owner can read a file that holds a key.

    Raises :class:`ConfigurationError`, which names the path.
    """
    part = path.with_name(f"{_LEFTOVER}{secrets.token_hex(8)}")
    with complaining_of(path):
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
    with complaining_of(path, "read"):
        return path.read_bytes()


@contextmanager
def complaining_of(path: Path, what: str = "written") -> Iterator[None]:
    """Turns an error of the system into :class:`ConfigurationError`, which names the path."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"cannot be {what}: {error.strerror or error}{_whose(path, error)}", source=path
        ) from None


def _whose(path: Path, error: OSError) -> str:
    """A clause about a refused permission: our user number and that of the folder's owner.

    It has numbers, since in a container users have no names. If the two are the same user, it gives
    the folder's mode.
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
        return f" (to user {user}, who owns {refusing}: its mode is {mode:04o})"
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
            f"cannot be read ({str(error).split(':')[0].split('.')[0].lower()}); put a complete "
            "file back, or delete the folder to start with a new CA",
            source=path,
        ) from None


def _are_pair(certificate: bytes, key: bytes) -> bool:
    return load_key(key).public_key() == x509.load_pem_x509_certificate(certificate).public_key()


def _lock_file(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has no flock: two first starts at the same time are unprotected
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
