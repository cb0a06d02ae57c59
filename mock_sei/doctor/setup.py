"""A client's setup as a frozen value: options, file contents, variables and time.

Everything is read here, once. The checks only use these values.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from mock_sei.doctor.clients import JAVA_OPTIONS
from mock_sei.doctor.java_options import trust_store_of
from mock_sei.doctor.keys import KeyReading, KeyState, has_key, read_key
from mock_sei.doctor.loading import Loading, located, try_loading
from mock_sei.errors import ConfigurationError
from mock_sei.rules import machine
from mock_sei.values.cached import cached_property
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
"""Most bytes read of a file, ten times the size of the largest CA bundles."""
_BEGINNING = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
"""The beginning of a URL: its scheme and ``://`` (RFC 3986 section 3.1)."""
_MOST_FILES = 1000
"""Most files read of an ``SSL_CERT_DIR``."""


@dataclass(frozen=True, kw_only=True)
class ServerUrl:
    """The parts of the server's URL."""

    url: str
    scheme: str
    host: str
    port: int
    path: str
    extra: str = ""
    """The names of parts that a base URL must not have: query string, fragment, credentials."""
    white_space: str = ""
    """The white space in the given URL, in words; empty if there is none."""


@dataclass(frozen=True, kw_only=True)
class GivenFile:
    """A file that the user gave, with its content."""

    path: Path
    content: bytes = field(default=b"", repr=False)
    missing: bool = False
    problem: str = ""
    """The system's error if the file cannot be read; otherwise empty."""
    is_folder: bool = False
    is_regular: bool = True
    """False for a file that can be read only once: a pipe, such as a shell's ``<(command)``."""
    mode: int | None = None
    """Permission bits; None if the system does not have them."""

    @property
    def was_read(self) -> bool:
        return not self.missing and not self.problem

    @property
    def name(self) -> str:
        return self.path.name

    def located(self) -> contextlib.AbstractContextManager[Path]:
        """A context manager for a path from which OpenSSL can read the file."""
        return located(self.path, self.content, is_regular=self.is_regular)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of the command. All of them are optional."""

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
    """Everything the checks use, except the results of the connections."""

    target: ServerUrl
    options: Options = Options()
    ca: GivenFile | None = None
    certificate: GivenFile | None = None
    key: GivenFile | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_files: Mapping[str, GivenFile] = field(default_factory=dict)
    """The files that the CA variables name. The files of a folder are joined to one content."""
    openssl_conf: GivenFile | None = None
    """The file that ``OPENSSL_CONF`` names."""
    java_stores: Mapping[str, GivenFile] = field(default_factory=dict)
    """The trust stores named in variables with Java options, by variable."""
    key_log_problem: str = ""
    """Why the file that ``SSLKEYLOGFILE`` names cannot be written; empty if it can."""
    client: str | None = None
    """The client in use, a name of :data:`~mock_sei.doctor.clients.KNOWN_CLIENTS`; None if it was
    not given."""
    now: datetime
    """The machine's time, with time zone."""
    loading: Loading = field(default_factory=Loading)
    """The results of loading the three files with OpenSSL."""

    @property
    def key_file(self) -> GivenFile | None:
        """The file with the client's key: ``--key``, or ``--cert`` if that holds both."""
        if self.key is None and self.certificate and has_key(self.certificate.content):
            return self.certificate
        return self.key

    @cached_property
    def key_reading(self) -> KeyReading:
        """The result of reading the key file. It is read only once, because decryption is slow."""
        file = self.key_file
        if file is None:
            return KeyReading(state=KeyState.ABSENT)
        return read_key(file.content, self.options.passphrase)

    @property
    def files(self) -> tuple[GivenFile, ...]:
        return tuple(each for each in (self.ca, self.certificate, self.key) if each)

    @property
    def has_unreadable_file(self) -> bool:
        """Whether a given file cannot be read."""
        return not all(each.was_read for each in self.files)

    @property
    def can_ask_for_a_token(self) -> bool:
        """Whether all credentials of a token request are given."""
        given = self.options
        return None not in (given.app_key, given.app_secret, given.username, given.password)


def read_setup(
    url: str,
    options: Options,
    *,
    environ: Mapping[str, str],
    now: datetime | None = None,
) -> Setup:
    """Reads all named files. Raises :class:`ConfigurationError` if the URL is not a URL."""
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

        def place(file: GivenFile | None) -> Path | None:
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
    """Why a file cannot be opened to append to it; empty if it can. Writes nothing."""
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
            return "its folder does not exist"
    except OSError as error:
        return error.strerror or "it cannot be opened"
    return "" if os.access(path.parent, os.W_OK | os.X_OK) else "this user may not create it"


def read_target(url: str) -> ServerUrl:
    """The parts of a URL. Raises :class:`ConfigurationError` if it is not a URL."""
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
    return ServerUrl(
        # Without credentials, because the report shows the URL
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


def _read_given(path: Path | None) -> GivenFile | None:
    return None if path is None else _read(path)


def _read(path: Path) -> GivenFile:
    try:
        with path.open("rb") as opened:
            status = os.fstat(opened.fileno()).st_mode
            return GivenFile(
                path=path,
                content=opened.read(_LARGEST),
                is_regular=stat.S_ISREG(status),
                mode=stat.S_IMODE(status) if os.name == "posix" else None,
            )
    except FileNotFoundError:
        return GivenFile(path=path, missing=True, problem="not there")
    except IsADirectoryError:
        return GivenFile(path=path, is_folder=True, problem="it is a folder")
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        return GivenFile(path=path, problem=problem or "cannot be opened")


def _read_some(value: str) -> GivenFile:
    """The content of a file or of the folders in a value like that of ``SSL_CERT_DIR``."""
    named = [Path(each) for each in value.split(os.pathsep)]
    folders = [each for each in named if not find_path_problem(each) and each.is_dir()]
    if not folders:
        return _read(Path(value))
    paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]
    read = [_read(path) for path in paths[:_MOST_FILES]]
    return GivenFile(path=Path(value), content=b"\n".join(each.content for each in read))
