"""``mock-sei postman``: writes a Postman collection, its environment and the certificate."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mock_sei.apis.postman import collection, environment
from mock_sei.certificates.authority import load_key
from mock_sei.certificates.bundles import write_key
from mock_sei.certificates.store import write_whole
from mock_sei.commands.issue import require_utf8
from mock_sei.commands.server import file_of, obtain_token, url_of
from mock_sei.errors import ConfigurationError
from mock_sei.operations.data import ListKeys
from mock_sei.operations.server import DownloadCa, ShowDocuments, assumptions_of
from mock_sei.rules.records import Application
from mock_sei.rules.standards import GrantType
from mock_sei.testing.registered import Registered
from mock_sei.testing.remote import Remote

COLLECTION = "mock-sei.postman_collection.json"
ENVIRONMENT = "mock-sei.postman_environment.json"

SECRET = ("app_secret", "password", "access_token")


@dataclass(frozen=True, kw_only=True)
class Written:
    """The files that were written, and how to use them."""

    files: list[Path]
    newman: str
    """The newman command that runs the collection. It reads the passphrase from the variable
    ``MOCK_SEI_PASSPHRASE``."""
    settings: list[str]
    """The settings to enter in Postman, one line each."""


def write_files(
    remote: Remote, name: str, user: str, out: Path, passphrase: str | None = None
) -> Written:
    """Writes the files for one application. A passphrase encrypts the private key.

    Raises :class:`~mock_sei.errors.MockSeiError`.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot be created: {error.strerror}", source=out) from None
    registered = Registered(remote)
    application = registered.require_application(name)
    form = _form(application, registered, user)
    url = url_of(remote, application)
    values = {
        "url": url,
        "app_key": application.app_key,
        "app_secret": application.app_secret or "",
        **form,
        "access_token": "" if form else obtain_token(remote, application.app_key, user),
    }
    documents, keys = remote.perform(ShowDocuments()), remote.perform(ListKeys())
    made = collection(documents, list(form), keys, assumptions_of(remote))
    files: dict[str, bytes] = {
        COLLECTION: _json(made),
        ENVIRONMENT: _json(environment(f"mock-sei, {application.name}", values, SECRET)),
        "ca.pem": remote.perform(DownloadCa()).content,
    }
    if application.service_account is not None:
        key = file_of(remote, application.service_account, "privatekey.key")
        files["privatekey.key"] = key if passphrase is None else _encrypted(key, passphrase)
        files["certificate.crt"] = file_of(remote, application.service_account, "certificate.crt")
    for file, content in files.items():
        write_whole(out / file, content)
    with_certificate = "certificate.crt" in files
    return Written(
        files=[out / file for file in files],
        newman=_newman(
            out, passphrase if with_certificate else None, with_certificate=with_certificate
        ),
        settings=[
            *(_certificate(url, out, passphrase) if with_certificate else ()),
            f"Settings, Certificates, CA certificates: PEM file {out / 'ca.pem'}",
            "Settings, Proxy: the global (custom) proxy off, the system proxy off",
        ],
    )


def _encrypted(key: bytes, passphrase: str) -> bytes:
    require_utf8(passphrase)
    try:
        return write_key(load_key(key), passphrase)
    except ValueError as error:  # the passphrase is too long
        raise ConfigurationError(str(error), source="--passphrase") from None


def _form(application: Application, registry: Registered, user: str) -> Mapping[str, str]:
    """The form of the token request; empty for a grant that needs a log-in page."""
    grant = application.standard.grant
    if grant is GrantType.CLIENT_CREDENTIALS:
        account = registry.require_account(application.service_account or "")
        return {"grant_type": grant, "username": account.username, "password": account.password}
    if grant is GrantType.PASSWORD:
        password = registry.require_user(user).password
        return {"grant_type": grant, "username": user, "password": password}
    return {}


def _certificate(url: str, out: Path, passphrase: str | None) -> list[str]:
    """The certificate settings of Postman. The Security FAQ asks for two files, not a .pfx."""
    return [
        "Settings, Certificates, Client certificates, Add certificate:",
        f"  Host: {url.removeprefix('https://')}",
        f"  CRT file: {out / 'certificate.crt'}",
        f"  KEY file: {out / 'privatekey.key'}",
        "  PFX file: leave empty",
        f"  Passphrase: {'leave empty' if passphrase is None else 'the --passphrase value'}",
    ]


def _newman(out: Path, passphrase: str | None, *, with_certificate: bool) -> str:
    command = ["newman", "run", f"{out / COLLECTION}", "-e", f"{out / ENVIRONMENT}"]
    command += ["--ssl-extra-ca-certs", f"{out / 'ca.pem'}"]
    if with_certificate:
        command += ["--ssl-client-cert", f"{out / 'certificate.crt'}"]
        command += ["--ssl-client-key", f"{out / 'privatekey.key'}"]
    line = shlex.join(command)
    # The shell inserts the passphrase, so that the printed line does not show it.
    return line if passphrase is None else f'{line} --ssl-client-passphrase="$MOCK_SEI_PASSPHRASE"'


def _json(content: object) -> bytes:
    return json.dumps(content, indent=2).encode()
