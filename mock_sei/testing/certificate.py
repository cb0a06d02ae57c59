"""``Certificate``: a certificate in files, as a client is configured with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mock_sei.certificates.bundles import BundleOptions, Identity, pkcs12_bundle
from mock_sei.certificates.store import write_whole
from mock_sei.operations.certificates import RevokeCertificate
from mock_sei.operations.requests import Performer
from mock_sei.rules.arguments import named_plainly_throughout
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE


@named_plainly_throughout
@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A client certificate and its private key, in files."""

    cert_file: Path
    """The certificate, PEM, without the CAs above it."""
    key_file: Path
    """The private key, PKCS#8, PEM, not encrypted."""
    identity: Identity = field(repr=False)
    performer: Performer = field(repr=False)
    account: str
    """The user name of the service account."""

    @property
    def common_name(self) -> str:
        """The CN: the user name of the account."""
        return self.identity.common_name

    @property
    def serial_number(self) -> int:
        """The serial number of the certificate; the control API shows it in hexadecimal."""
        return self.identity.serial_number

    @property
    def not_before(self) -> datetime:
        """The first moment at which the certificate is valid."""
        return self.identity.not_before

    @property
    def not_after(self) -> datetime:
        """The last moment at which the certificate is valid."""
        return self.identity.not_after

    def pfx(self, passphrase: str = DEFAULT_PASSPHRASE, *, legacy: bool = False) -> Path:
        """Writes key, leaf and chain into a ``.pfx`` file beside the others; returns its path.

        The file of one passphrase is written once. With an empty passphrase anybody can open the
        file: give the importer an empty password, since some importers find nothing without one.
        ``legacy`` is encryption that old importers of Windows and macOS read.
        """
        options = BundleOptions(passphrase=passphrase, legacy=legacy)
        path = self.cert_file.with_suffix(".pfx")
        if options != BundleOptions():
            # Named without telling the passphrase: nobody but the key's holder could try some.
            told = self.identity.key_pem + f"{legacy} {passphrase}".encode(errors="surrogatepass")
            path = path.with_stem(f"certificate-{hashlib.sha256(told).hexdigest()[:16]}")
        if not path.exists():
            write_whole(path, pkcs12_bundle(self.identity, options))
        return path

    def revoke(self) -> None:
        """Revokes the certificate: it is refused from the next handshake on, and at the next
        request of an open connection."""
        serial_number = f"{self.serial_number:x}"
        self.performer.perform(
            RevokeCertificate(username=self.account, serial_number=serial_number)
        )
