"""``mock-sei postman``: a collection, its environment and the certificate, ready to be run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mock_sei.apis.postman import collection, environment
from mock_sei.certificates.store import write_whole
from mock_sei.controls import Registered
from mock_sei.errors import ConfigurationError
from mock_sei.records import Application
from mock_sei.remote import Remote
from mock_sei.standards import GrantType

COLLECTION = "mock-sei.postman_collection.json"
ENVIRONMENT = "mock-sei.postman_environment.json"

SECRET = ("app_secret", "password", "access_token")


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written, and how it is used."""

    files: list[Path]
    newman: str
    """A command line that runs the collection."""
    settings: str
    """What Postman must be told by hand."""


def write_files(remote: Remote, name: str, user: str, out: Path) -> Written:
    """Writes the files for one application. Raises :class:`~mock_sei.errors.MockSeiError`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot be made: {error.strerror}", source=out) from None
    application = remote.application(name)
    form = _form(application, remote.registry(), user)
    url = remote.url(application)
    values = {
        "url": url,
        "app_key": application.app_key,
        "app_secret": application.app_secret or "",
        **form,
        "access_token": "" if form else remote.token(application.app_key, user),
    }
    files: dict[str, bytes] = {
        COLLECTION: _json(collection(remote.documents(), list(form), remote.first_keys())),
        ENVIRONMENT: _json(environment(f"mock-sei, {application.name}", values, SECRET)),
        "ca.pem": remote.ca_pem().encode(),
    }
    if application.service_account is not None:
        files["privatekey.key"] = remote.file(application.service_account, "privatekey.key")
        files["certificate.crt"] = remote.file(application.service_account, "certificate.crt")
    for file, content in files.items():
        write_whole(out / file, content)
    with_certificate = "certificate.crt" in files
    return Written(
        files=[out / file for file in files],
        newman=_newman(out, with_certificate=with_certificate),
        settings=_settings(url.removeprefix("https://"), with_certificate=with_certificate),
    )


def _form(application: Application, registry: Registered, user: str) -> Mapping[str, str]:
    """The token request of a grant that needs no log-in page; empty for the others."""
    grant = application.standard.grant
    if grant is GrantType.CLIENT_CREDENTIALS:
        account = registry.require_account(application.service_account or "")
        return {"grant_type": grant, "username": account.username, "password": account.password}
    if grant is GrantType.PASSWORD:
        password = registry.require_user(user).password
        return {"grant_type": grant, "username": user, "password": password}
    return {}


def _settings(host: str, *, with_certificate: bool) -> str:
    """The Security FAQ's hints: .crt and .key rather than a .pfx, proxies off."""
    certificate = f"host {host}, certificate.crt and privatekey.key (not a .pfx), "
    return (
        f"Settings, Certificates: {certificate if with_certificate else ''}ca.pem as CA. "
        "Settings, Proxy: both off."
    )


def _newman(out: Path, *, with_certificate: bool) -> str:
    command = ["newman", "run", f"{out / COLLECTION}", "-e", f"{out / ENVIRONMENT}"]
    command += ["--ssl-extra-ca-certs", f"{out / 'ca.pem'}"]
    if with_certificate:
        command += ["--ssl-client-cert", f"{out / 'certificate.crt'}"]
        command += ["--ssl-client-key", f"{out / 'privatekey.key'}"]
    return shlex.join(command)


def _json(content: object) -> bytes:
    return json.dumps(content, indent=2).encode()
