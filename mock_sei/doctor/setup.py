"""What a client is configured with, as a frozen value: options, file contents, variables, time.

Reading is done here, once; the checks see values only.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from mock_sei.doctor.clients import JAVA_OPTIONS
from mock_sei.doctor.java_options import trust_store_of
from mock_sei.doctor.keys import KeyReading, KeyState, has_key, read_key
from mock_sei.doctor.loading import Loading, located, try_loading
from mock_sei.errors import ConfigurationError
from mock_sei.oauth.metadata import TOKEN_PATH
from mock_sei.rules import machine
from mock_sei.values.paths import find_path_problem

DEFAULT_TIMEOUT = timedelta(seconds=10)
DEFAULT_PORT = 443

CA_VARIABLES = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
)
_LARGEST = 4_000_000
"""Bytes read of a file; the largest CA bundles have a tenth."""
_BEGINNING = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
"""Of a URL that says how to reach its host (RFC 3986 section 3.1)."""
_MOST_FILES = 1000
"""Files read of an ``SSL_CERT_DIR``."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The URL, taken apart."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    extra: str = ""
    """Query string, fragment or credentials; what belongs into no base URL. Names only."""
    white_space: str = ""
    """White space in the URL as it was given, in words."""

    @property
    def token_path(self) -> str:
        return self.path if self.path.strip("/") else TOKEN_PATH


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that was named, with what could be read of it."""

    path: Path
    content: bytes = field(default=b"", repr=False)
    missing: bool = False
    problem: str = ""
    """Why it cannot be read; the system's words."""
    is_folder: bool = False
    is_regular: bool = True
    """False for what can be read once only: a pipe, as ``<(command)`` of a shell makes one."""
    mode: int | None = None
    """Permission bits; None where the system has none of that kind."""

    @property
    def was_read(self) -> bool:
        return not self.missing and not self.problem

    @property
    def name(self) -> str:
        return self.path.name

    def located(self) -> contextlib.AbstractContextManager[Path]:
        """Where OpenSSL can read it."""
        return located(self.path, self.content, is_regular=self.is_regular)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command's options as they were given; each may be absent."""

    cacert: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    app_key: str | None = None
    app_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: timedelta = DEFAULT_TIMEOUT
    client: str | None = None
    """The client in use, a name of :data:`~mock_sei.doctor.clients.KNOWN_CLIENTS`."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Everything the checks may look at, but for the network."""

    target: Target
    options: Options = Options()
    ca: File | None = None
    certificate: File | None = None
    key: File | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_files: Mapping[str, File] = field(default_factory=dict)
    """What the CA variables name; a folder's files are one content."""
    openssl_conf: File | None = None
    """What ``OPENSSL_CONF`` names."""
    java_stores: Mapping[str, File] = field(default_factory=dict)
    """The trust stores that the variables of Java's options name, by variable."""
    key_log_problem: str = ""
    """Why the file that ``SSLKEYLOGFILE`` names cannot be written to."""
    client: str | None = None
    """The client in use, a name of :data:`~mock_sei.doctor.clients.KNOWN_CLIENTS`; None where
    nothing was said."""
    now: datetime
    """The machine's time, aware."""
    loading: Loading = field(default_factory=Loading)
    """What OpenSSL says of the three files."""

    @property
    def key_file(self) -> File | None:
        """Where the client's key is: ``--key``, or ``--cert`` where that holds both."""
        if self.key is None and self.certificate and has_key(self.certificate.content):
            return self.certificate
        return self.key

    @cached_property
    def key_reading(self) -> KeyReading:
        """Of the key file; a decryption is dear, so it is read once."""
        file = self.key_file
        if file is None:
            return KeyReading(state=KeyState.ABSENT)
        return read_key(file.content, self.options.passphrase)

    @property
    def files(self) -> tuple[File, ...]:
        return tuple(each for each in (self.ca, self.certificate, self.key) if each)

    @property
    def has_unreadable_file(self) -> bool:
        return not all(each.was_read for each in self.files)

    @property
    def can_ask_for_a_token(self) -> bool:
        given = self.options
        return None not in (given.app_key, given.app_secret, given.username, given.password)


def read_setup(
    url: str,
    options: Options,
    *,
    environ: Mapping[str, str],
    now: datetime | None = None,
) -> Setup:
    """Reads every file that is named. Raises :class:`ConfigurationError` for what is no URL."""
    setup = Setup(
        target=read_target(url),
        options=options,
        ca=_read_given(options.cacert),
        certificate=_read_given(options.cert),
        key=_read_given(options.key),
        environ=environ,
        ca_files={name: _read_some(environ[name]) for name in CA_VARIABLES if environ.get(name)},
        openssl_conf=_read_given(_path_in(environ, "OPENSSL_CONF")),
        java_stores={
            name: _read(Path(store))
            for name in JAVA_OPTIONS
            if (store := trust_store_of(environ.get(name, "")))
        },
        key_log_problem=_problem_of_key_log(environ.get("SSLKEYLOGFILE", "")),
        client=options.client,
        now=now or machine.now(),
    )
    return replace(setup, loading=_load(setup))


def _load(setup: Setup) -> Loading:
    is_slow = setup.key_reading.state is KeyState.TOO_SLOW
    with contextlib.ExitStack() as stack:

        def place(file: File | None) -> Path | None:
            if file is None or not file.was_read:
                return None
            return stack.enter_context(file.located())

        return try_loading(
            certificate=place(setup.certificate),
            key=None if is_slow else place(setup.key_file),
            ca=place(setup.ca),
            passphrase=setup.options.passphrase,
        )


def _path_in(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]) if environ.get(name) else None


def _problem_of_key_log(name: str) -> str:
    """As if it were opened to append to it; nothing is made or written."""
    if not name:
        return ""
    path = Path(name)
    if find_path_problem(path):
        return "not a path"
    try:
        if path.is_dir():
            return "it is a folder"
        if path.exists():
            return "" if os.access(path, os.W_OK) else "this user may not write to it"
        if not path.parent.is_dir():
            return "its folder is not there"
    except OSError as error:
        return error.strerror or "it cannot be opened"
    return "" if os.access(path.parent, os.W_OK | os.X_OK) else "this user may not make it"


def read_target(url: str) -> Target:
    """Raises :class:`ConfigurationError`."""
    given, url = url, url.strip()
    if not _BEGINNING.match(url):
        rest = re.sub(r"^https?:?[/\\\\]*|^[/:]+", "", url, flags=re.IGNORECASE)
        raise ConfigurationError(
            f"not a URL; it begins with https://, as in https://{rest or 'localhost:444'}",
            source="URL",
            key=repr(given),
        )
    if url.count("://") > 1 and "://" in url.partition("://")[2].partition("?")[0]:
        raise ConfigurationError(
            "not a URL: it begins twice; give one, as in https://localhost:444",
            source="URL",
            key=repr(given),
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigurationError(f"not a URL: {error}", source="URL", key=repr(given)) from None
    extra = {
        "a query string": parts.query,
        "a fragment": parts.fragment,
        "credentials": parts.username,
    }
    return Target(
        # Without credentials: the report shows it
        url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}",
        scheme=parts.scheme,
        host=host,
        port=DEFAULT_PORT if port is None else port,
        path=parts.path,
        extra=" and ".join(name for name, there in extra.items() if there),
        white_space=_white_space_in(given),
    )


def _white_space_in(text: str) -> str:
    kinds = {"a line end": "\r\n", "a tab": "\t", "a blank": " "}
    found = [name for name, characters in kinds.items() if any(each in text for each in characters)]
    return " and ".join(found) if found or text == "".join(text.split()) else "white space"


def _read_given(path: Path | None) -> File | None:
    return None if path is None else _read(path)


def _read(path: Path) -> File:
    try:
        with path.open("rb") as opened:
            status = os.fstat(opened.fileno()).st_mode
            return File(
                path=path,
                content=opened.read(_LARGEST),
                is_regular=stat.S_ISREG(status),
                mode=stat.S_IMODE(status) if os.name == "posix" else None,
            )
    except FileNotFoundError:
        return File(path=path, missing=True, problem="not there")
    except IsADirectoryError:
        return File(path=path, is_folder=True, problem="it is a folder")
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        return File(path=path, problem=problem or "cannot be opened")


def _read_some(value: str) -> File:
    """A file, or the files of folders, which ``SSL_CERT_DIR`` separates as ``PATH`` does."""
    named = [Path(each) for each in value.split(os.pathsep)]
    folders = [each for each in named if not find_path_problem(each) and each.is_dir()]
    if not folders:
        return _read(Path(value))
    paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]
    read = [_read(path) for path in paths[:_MOST_FILES]]
    return File(path=Path(value), content=b"\n".join(each.content for each in read))
