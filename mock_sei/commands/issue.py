"""``mock-sei issue``: creates certificate files from a certs folder, without a server."""

from __future__ import annotations

from pathlib import Path

from mock_sei.certificates.bundles import FORMATS, BundleOptions
from mock_sei.certificates.profiles import Variant
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import ConfigurationError
from mock_sei.rules import machine
from mock_sei.rules.records import ACCOUNT_NAME_RULE, is_account_name


def issue_files(
    account: str,
    *,
    certs_dir: Path,
    out: Path,
    format_name: str,
    passphrase: str,
    variant: str,
    legacy: bool,
) -> list[Path]:
    """Writes the files of one format. Returns their paths. Raises ConfigurationError."""
    if not is_account_name(account):
        raise ConfigurationError(ACCOUNT_NAME_RULE, source="ACCOUNT", key=repr(account))
    require_utf8(passphrase)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot be created: {error.strerror}", source=out) from None
    store = CertificateStore(certs_dir)
    identity = store.authority.issue_identity(account, now=machine.now(), variant=Variant(variant))
    options = BundleOptions(passphrase=passphrase, legacy=legacy)
    files = {name: write(identity, options) for name, write in FORMATS[format_name].items()}
    store.write_files(out, files)
    return [out / name for name in files]


def require_utf8(passphrase: str) -> None:
    """Raises ConfigurationError if it is not UTF-8. The message does not show the passphrase."""
    try:
        passphrase.encode()
    except UnicodeEncodeError:
        raise ConfigurationError("not UTF-8 text", source="--passphrase") from None
