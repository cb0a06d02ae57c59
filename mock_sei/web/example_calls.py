"""Lines with ``curl`` that anybody can paste: the server prints them, and the dashboard shows them.

They get a token and make a call with the example account of the package.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from mock_sei.certificates.store import CertificateStore
from mock_sei.oauth.metadata import JWKS_PATH, METADATA_PATH
from mock_sei.platform import Platform
from mock_sei.rules.addresses import Addresses

EXAMPLE_ACCOUNT = "svc-demo"

_IMAGE_VARIABLE = "MOCK_SEI_IMAGE"
"""A variable that is set in the image, whose files and commands do not exist on the host."""


def is_in_image() -> bool:
    """True if this server runs in the image."""
    return bool(os.environ.get(_IMAGE_VARIABLE))


@dataclass(frozen=True, kw_only=True)
class ExampleFiles:
    """The paths of the files in the lines."""

    ca: str
    certificates: str
    introduction: str
    certificate: Path
    """The certificate of the example account."""
    key: Path
    trusted: Path
    fetched: tuple[str, ...] = ()
    """URLs of the files to download into the working folder first; empty if not needed."""


def files_here(store: CertificateStore, account: str = EXAMPLE_ACCOUNT) -> ExampleFiles:
    """The files in the certs folder, for lines that run on the machine of the server."""
    folder = store.account_folder(account)
    return ExampleFiles(
        ca=str(store.ca_file),
        certificates=f"{store.folder}{os.sep}<service account>",
        introduction="Run these lines to get a token, and to make a call with a token:",
        certificate=folder / "certificate.crt",
        key=folder / "privatekey.key",
        trusted=store.ca_file,
    )


def files_to_fetch(addresses: Addresses, account: str = EXAMPLE_ACCOUNT) -> ExampleFiles:
    """The files that the control API gives, for lines that run elsewhere, or beside a container."""
    control = addresses.control
    of_account = f"{control}/service-accounts/{quote(account, safe='')}"
    names = ("certificate.crt", "privatekey.key")
    return ExampleFiles(
        ca=f"{control}/ca.pem",
        certificates=f"{control}/service-accounts/<service account>/{'|'.join(names)}",
        introduction="Run these lines on the host to get the files, get a token, and make a call:",
        certificate=Path(names[0]),
        key=Path(names[1]),
        trusted=Path("ca.pem"),
        fetched=(f"{control}/ca.pem", *(f"{of_account}/{name}" for name in names)),
    )


def one_way_line(files: ExampleFiles, addresses: Addresses) -> str:
    """A call of the one-way listener that needs no application."""
    url = f"{addresses.one_way}{METADATA_PATH}"
    return shlex.join(["curl", "-sS", "--cacert", str(files.trusted), url])


def ca_lines(files: ExampleFiles) -> list[str]:
    """The line that downloads the CA, if it must be downloaded."""
    return [shlex.join(["curl", "-sS", "-O", files.ca])] if files.fetched else []


def two_way_lines(files: ExampleFiles, addresses: Addresses) -> list[str]:
    """A call of the two-way listener that has no secret: the keys that sign tokens.

    If the files must be downloaded, a line that does so comes first.
    """
    url = f"{addresses.two_way}{JWKS_PATH}"
    call = shlex.join(["curl", "-sS", *map(str, _tls(files)), url])
    return [*_fetching(files), call]


def _tls(files: ExampleFiles) -> list[str | Path]:
    return ["--cacert", files.trusted, "--cert", files.certificate, "--key", files.key]


def _fetching(files: ExampleFiles) -> list[str]:
    """The line that downloads the files, if they must be downloaded."""
    named = [part for each in files.fetched for part in ("-O", each)]
    return [shlex.join(["curl", "-sS", *named])] if named else []


def control_line(addresses: Addresses) -> str:
    """A call of the control API that changes nothing."""
    return shlex.join(["curl", "-sS", f"{addresses.control}/clock"])


def curl_lines(platform: Platform, files: ExampleFiles, addresses: Addresses) -> list[str]:
    """A token request and a functional call, each on one line that begins with ``curl``.

    If the files must be downloaded, a line that does so comes first. The list is empty if the
    fixtures have no example account. The lines have secrets of that account.
    """
    registry = platform.state.registry
    application = registry.find_application_of(EXAMPLE_ACCOUNT)
    if application is None:
        return []  # the user's own fixtures do not have the demo account
    account = registry.service_accounts[EXAMPLE_ACCOUNT]
    url = addresses.two_way
    tls = _tls(files)
    token = [
        "curl",
        "-sS",
        *tls,
        "-u",
        f"{application.app_key}:{application.app_secret}",
        "-d",
        "grant_type=client_credentials",
        "-d",
        f"username={account.username}",
        "-d",
        f"password={account.password}",
        f"{url}{platform.state.assumptions.path.token}",
    ]
    call = ["curl", "-sS", *tls, "-H", f"AppKey: {application.app_key}"]
    token_line = shlex.join(map(str, token))
    obtained = f"{token_line} | {_TAKE_TOKEN}" if files.fetched else _token_command(addresses)
    bearer = f'-H "Authorization: Bearer $({obtained})"'
    resource = shlex.quote(f"{url}/v1/order/tradetickets?limit=2")
    call_line = f"{shlex.join(map(str, call))} {bearer} {resource}"
    return [*_fetching(files), token_line, call_line]


_TAKE_TOKEN = r"""sed -E 's/.*"access_token":"([^"]+)".*/\1/'"""
"""Extracts the token from the answer, for a host without the command ``mock-sei token``."""


def _token_command(addresses: Addresses) -> str:
    """The command ``mock-sei token`` as this user can run it: by name if it is on the path."""
    here = Path(sys.argv[0]).absolute()
    on_path = shutil.which("mock-sei")
    if on_path and Path(on_path).resolve() == here.resolve():
        command = ["mock-sei"]
    elif here.name == "mock-sei":
        command = [str(here)]
    else:
        command = [sys.executable, "-m", "mock_sei"]
    return shlex.join([*command, "token", *control_option(addresses)])


def control_option(addresses: Addresses) -> list[str]:
    """The option that a command needs to find this server's control API, or nothing."""
    if (addresses.control_host, addresses.control_port) == ("127.0.0.1", 8044):
        return []
    return ["--control-url", addresses.control]
