"""All settings, defined once: names, types, defaults and descriptions.

The same fields are keyword arguments of ``MockSei``, options of ``mock-sei serve``, ``MOCK_SEI_…``
variables and keys of ``mock-sei.toml``. ``MockSei`` uses only its arguments. :func:`load_settings`
also reads the other sources: an option takes precedence over a variable, a variable over the file,
and the file over the default.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
)

from mock_sei.assumptions.reading import merged, read_assumptions, read_file, require_consistent
from mock_sei.assumptions.table import Changed
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import complaint
from mock_sei.rules.arguments import plain_problem, suggestion
from mock_sei.rules.proxies import read_network
from mock_sei.rules.records import Environment
from mock_sei.values.paths import find_path_problem
from mock_sei.values.texts import spelled

ENVIRONMENT_PREFIX = "MOCK_SEI_"
SETTINGS_FILE = Path("mock-sei.toml")

LARGEST_SEED = 2**256
"""The largest seed. Larger numbers could not be sent as JSON: Python writes at most 4,300
digits."""

FILE_ONLY = frozenset({"faults"})
"""Settings without an option and a variable, because they are tables."""

ASSUMPTIONS = "assumptions"
"""The setting that an option and a variable give as the name of a file, and the settings file as a
table."""


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        if value == "localhost":
            return "127.0.0.1"
        raise ValueError("not an IP address to listen on, such as 127.0.0.1 or 0.0.0.0") from None


def _host_name(value: str) -> str:
    """Checks a further name for the server certificate. Shortens an IP address."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(value))
    if len(value) > 253 or not _HOST_NAME.fullmatch(value):
        raise ValueError("not a host name or address, such as mock.example, *.mock.example or ::1")
    return value


def _network(value: str) -> str:
    """Checks an address or a network. Shortens it."""
    try:
        network = read_network(value)
    except ValueError as error:
        problem = "it has host bits" if "host bits" in str(error) else "no address"
        raise ValueError(
            f"{problem}; write an IP address or a network, such as 10.0.0.9 or 10.0.0.0/24"
        ) from None
    return str(network).removesuffix(f"/{network.max_prefixlen}")


def _https_url(value: str) -> str:
    parts = urlsplit(value)
    _ = parts.port  # raises ValueError if it is not a number
    if (
        parts.scheme != "https"
        or not parts.netloc
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise ValueError("not an https:// address without path")
    return value.rstrip("/")


def _split(value: object) -> object:
    """Splits the value of an environment variable at its commas."""
    if isinstance(value, int):
        return (value,)
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")


def _path(value: Path) -> Path:
    problem = find_path_problem(value)
    if problem:
        raise ValueError(problem)
    return value


FilePath = Annotated[Path, AfterValidator(_path)]
Address = Annotated[str, AfterValidator(_address)]
HostName = Annotated[str, AfterValidator(_host_name)]
Proxy = Annotated[str, AfterValidator(_network)]
HttpsUrl = Annotated[str, AfterValidator(_https_url)]
Port = Annotated[int, Field(ge=0, le=65535)]


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """The settings that a reset or the pytest marker can change while the server runs."""

    dialect: Literal["sei", "rfc"] = "sei"
    """``"sei"``: answers as the vendor documents them; ``"rfc"``: as the RFCs want them."""
    environment: Environment = Environment.TEST
    """The environment that the server plays."""
    auto_login: bool = False
    """Whether a ``login_hint`` that names a user logs in and consents without a page."""
    seed: int | None = None
    """Makes keys, passwords and identifiers repeatable."""
    approval: Literal["auto", "manual"] = "auto"
    """Whether a new application is approved at once."""
    concurrent_sessions: Literal["allow", "refuse"] = "allow"
    """Whether a user may have several sessions at once, with whatever applications."""
    assumptions: Changed = field(default_factory=dict)
    """What is assumed of the real platform otherwise than by default, by dotted names."""

    def with_changes(self, changes: Mapping[str, Any], *, source: str) -> Behaviour:
        """A copy with some fields changed. Of the assumptions only the given rows change.

        Raises :class:`ConfigurationError` with the wrong key.
        """
        changes = dict(changes)
        if ASSUMPTIONS in changes:
            rows = read_assumptions(changes[ASSUMPTIONS], source=source)
            changes[ASSUMPTIONS] = merged(self.assumptions, rows)
            require_consistent(changes[ASSUMPTIONS], source=source)
        try:
            settings = Settings.model_validate(asdict(self) | changes)
        except ValidationError as error:
            raise complaint(error, source=source, known=lambda _: asdict(self)) from None
        for key in changes:
            if key not in asdict(self):
                raise ConfigurationError(
                    f"a reset cannot change it; it can change {', '.join(asdict(self))}",
                    source=source,
                    key=key,
                )
        return replace(settings.behaviour)


class Settings(BaseModel):
    """The settings of one server. The command line shows each field's description as its help."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: Address = Field(default="127.0.0.1", description="address of the one-way listener")
    two_way_host: Address | None = Field(
        default=None, description="address of the two-way listener (default: the one-way address)"
    )
    control_host: Address = Field(
        default="127.0.0.1", description="address of the control listener"
    )
    one_way_port: Port | None = Field(
        default=None,
        description="port of the one-way listener, 0 for a free one (default: 443, or 8443 if 443 "
        "fails)",
    )
    two_way_port: Port | None = Field(
        default=None,
        description="port of the two-way listener, 0 for a free one (default: 444, or 8444 if 444 "
        "fails)",
    )
    control_port: Port = Field(
        default=8044, description="port of the control listener, 0 for a free one"
    )
    certs_dir: FilePath = Field(
        default=Path("certs"), description="folder of the CA, keys and certificates"
    )
    fixtures: FilePath | None = Field(
        default=None, description="folder of applications, API documents, records"
    )
    apis: FilePath | None = Field(
        default=None, description="folder of your own OpenAPI documents, added to the products"
    )
    recordings: FilePath | None = Field(
        default=None,
        description="folder or HAR file of recorded calls: a functional call that is equal to a "
        "recorded one gets the recorded answer",
    )
    recordings_only: bool = Field(
        default=False,
        description="refuse functional calls that are not in --recordings, and name the nearest",
    )
    hostname: Annotated[tuple[HostName, ...], BeforeValidator(_split)] = Field(
        default=(), description="further name in the server certificate (can be repeated)"
    )
    public_url: HttpsUrl | None = Field(
        default=None,
        description="URL that clients use for the one-way listener, if ports are mapped",
    )
    public_two_way_url: HttpsUrl | None = Field(
        default=None,
        description="URL that clients use for the two-way listener, if ports are mapped",
    )
    trusted_proxy: Annotated[tuple[Proxy, ...], BeforeValidator(_split)] = Field(
        default=(),
        description="IP address or network of a balancer whose connections begin with a PROXY "
        "protocol header, which names the client (can be repeated)",
    )
    environment: Environment = Field(
        default=Environment.TEST, description="the vendor's environment that this server imitates"
    )
    dialect: Literal["sei", "rfc"] = Field(
        default="sei",
        description="as the vendor documents (sei), or as the RFCs say (rfc): token_type Bearer, "
        "no query parameters",
    )
    seed: Annotated[int, Field(ge=-LARGEST_SEED, le=LARGEST_SEED)] | None = Field(
        default=None, description="number that makes identifiers the same in each run"
    )
    approval: Literal["auto", "manual"] = Field(
        default="auto", description="how registered applications are approved"
    )
    concurrent_sessions: Literal["allow", "refuse"] = Field(
        default="allow", description="whether an end user may have more than one session"
    )
    auto_login: bool = Field(
        default=False,
        description="log in and consent without a page if the login_hint names a known user",
    )
    portal_controls: bool = Field(
        default=False,
        description="show the portal's controls (clock, faults, reset, trying an operation) to "
        "everybody who can reach the portal (default: only over loopback, which is everybody "
        "behind a reverse proxy on this machine)",
    )
    certificate_link_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=7, description="how many days a one-time certificate link is valid"
    )
    renewal_notices: Annotated[
        tuple[Annotated[int, Field(ge=1, le=730)], ...], BeforeValidator(_split)
    ] = Field(
        default=(90, 30, 7),
        description="how many days before a certificate's end a renewal notice is sent, "
        "separated by commas",
    )
    time_zone: Literal["America/New_York", "EST"] = Field(
        default="America/New_York",
        description="time zone of the records' times that have no offset: America/New_York has "
        "daylight time in summer, EST is five hours behind UTC all year",
    )
    assumptions: dict[str, Any] = Field(
        default={},
        description="file with what is assumed of the real platform, as mock-sei assumptions "
        "--format toml writes it",
    )
    faults: tuple[dict[str, Any], ...] = Field(
        default=(), description="faults that every reset arms: tables of mock-sei.toml"
    )
    ready_file: FilePath | None = Field(
        default=None,
        description="file that gets the addresses as JSON when all listeners answer",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="format of the log lines"
    )
    journal_size: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=1000, description="how many exchanges the journal keeps"
    )
    state: str = Field(
        default="memory",
        description="where the state of the platform is kept: memory; sqlite:PATH, which "
        "survives restarts and can be shared by several workers; or redis://HOST:PORT/0, which "
        "servers on several machines can share",
    )
    replace_state: bool = Field(
        default=False, description="start afresh: empty the state that the store has"
    )
    workers: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1,
        description="how many processes serve the platform on the same ports; more than one needs "
        "a --state that they share",
    )
    upload_limit_mib: Annotated[int, Field(ge=1, le=2048)] = Field(
        default=64,
        description="the largest body of an upload in MiB (1,048,576 bytes each); a larger body "
        "gets 413",
    )

    @property
    def upload_limit(self) -> int:
        """The most bytes of the body of an upload."""
        return self.upload_limit_mib * 1024 * 1024

    _source: object = PrivateAttr("MockSei")

    @property
    def source(self) -> object:
        """Where tables such as ``faults`` come from: the settings file, or ``MockSei``."""
        return self._source

    _assumptions_source: object = PrivateAttr("MockSei")

    @property
    def assumptions_source(self) -> object:
        """Where the assumptions come from: a file, or ``MockSei``."""
        return self._assumptions_source

    @property
    def behaviour(self) -> Behaviour:
        """The settings that a reset can change."""
        return Behaviour(**{name: getattr(self, name) for name in Behaviour.__dataclass_fields__})


def make_settings(**values: Any) -> Settings:
    """Settings from keyword arguments only. Raises :class:`ConfigurationError`."""
    source = "MockSei"
    rows = _assumptions_in(values, source)
    try:
        settings = Settings(**_without_assumptions(values))
    except ValidationError as error:
        raise complaint(error, source=source, known=lambda _: Settings.model_fields) from None
    return _with_assumptions(settings, rows, source)


def _without_assumptions(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != ASSUMPTIONS}


def _assumptions_in(
    values: Mapping[str, Any], source: object, *, key: str = ASSUMPTIONS
) -> dict[str, Any]:
    """The rows that one source of settings changes: a table of them, or the name of a file.

    Raises :class:`ConfigurationError`.
    """
    given = values.get(ASSUMPTIONS)
    if given is None:
        return {}
    if not isinstance(given, str | Path):
        return read_assumptions(given, source=source)
    path = Path(given)
    problem = find_path_problem(path)
    if problem:
        raise ConfigurationError(problem, source=source, key=key)
    return read_file(path, source=f"{source}: {key}" if key else source)


_SHORTHANDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "certificate_link_days": ("certificate.link_lifetime", lambda days: days * 24 * 60 * 60),
    "renewal_notices": ("certificate.renewal_notices", list),
}
"""Settings that set one assumption: its row, and the row's value for a value of the setting."""


def _with_assumptions(settings: Settings, rows: Mapping[str, Any], source: object) -> Settings:
    """The settings with all assumptions that differ from their defaults.

    ``source`` is named for a contradiction. Raises :class:`ConfigurationError` for one.
    """
    meant: dict[str, Any] = {}
    for name, (row, value_of) in _SHORTHANDS.items():
        value = value_of(getattr(settings, name))
        if name in settings.model_fields_set:
            meant[row] = value
        if row in meant and row in rows and rows[row] != value:
            raise ConfigurationError(
                f"the setting {name} says {spelled(value)}; set one of the two",
                source=source,
                key=f"{ASSUMPTIONS}.{row}",
                value=rows[row],
            )
    changed = merged(read_assumptions(meant, source=source), rows)
    require_consistent(changed, source=source)
    if not changed:
        return settings
    whole = settings.model_copy(update={ASSUMPTIONS: changed})
    whole._source = settings.source  # noqa: SLF001  # our own pydantic model
    whole._assumptions_source = source  # noqa: SLF001
    return whole


def load_settings(
    options: Mapping[str, Any],
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of ``mock-sei serve``: options, ``MOCK_SEI_…`` variables, the file, and
    defaults.

    ``file`` is by default ``mock-sei.toml`` in the working folder. Raises
    :class:`ConfigurationError` with the wrong option, variable or key. Variables that name no
    setting are ignored, because orchestrators add their own with our prefix.
    """
    # Imported late: it takes as long to import as pydantic itself, and fixtures do not need it.
    from pydantic_settings import (
        BaseSettings,
        EnvSettingsSource,
        InitSettingsSource,
        SettingsConfigDict,
    )

    path = file or SETTINGS_FILE
    from_file = _read_settings_file(path, required=file is not None)
    from_environment: dict[str, Any] = {}
    variable = f"{ENVIRONMENT_PREFIX}{ASSUMPTIONS.upper()}"

    class Layered(Settings, BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix=ENVIRONMENT_PREFIX, env_ignore_empty=True, enable_decoding=False
        )

        @classmethod
        def settings_customise_sources(  # type: ignore[override]  # other sources are not used
            cls, settings_cls: Any, **_: Any
        ) -> tuple[Any, ...]:
            environment = EnvSettingsSource(settings_cls)
            if environ is not None:
                environment.env_vars = {
                    name.lower(): value for name, value in environ.items() if value
                }
            from_environment.update(environment())
            layers = map(_without_assumptions, (options, from_environment, from_file))
            return tuple(InitSettingsSource(settings_cls, each) for each in layers)

    try:
        settings = Layered()
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        sources = (
            (options, f"--{name.replace('_', '-')}"),
            (from_environment, f"{ENVIRONMENT_PREFIX}{name.upper()}"),
        )
        for values, source in sources:
            if name in values:
                raise _without_key(error, source) from None
        raise complaint(error, source=path, known=lambda _: Settings.model_fields) from None
    settings._source = path  # noqa: SLF001  # our own pydantic model
    rows = _assumptions_in(from_file, path)
    for values, source in ((from_environment, variable), (options, f"--{ASSUMPTIONS}")):
        rows |= _assumptions_in(values, source, key="")
    return _with_assumptions(settings, rows, _origin_of(from_file, from_environment, options, path))


def _origin_of(
    from_file: Mapping[str, Any],
    from_environment: Mapping[str, Any],
    options: Mapping[str, Any],
    path: Path,
) -> object:
    """What a message about assumptions that contradict one another names."""
    for values in (options, from_environment, from_file):
        given = values.get(ASSUMPTIONS)
        if given is not None:
            return given if isinstance(given, str | Path) else path
    return path


def _without_key(error: ValidationError, source: str) -> ConfigurationError:
    first = error.errors(include_url=False)[0]
    return ConfigurationError(f"{spelled(first['input'])}: {plain_problem(first)}", source=source)


def _read_settings_file(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if required:
            raise ConfigurationError("no such file", source=path) from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(error), source=path) from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"not valid TOML: {error}", source=path) from None
    for key in values:
        if key not in Settings.model_fields:
            hint = suggestion(key, Settings.model_fields)
            raise ConfigurationError(f"unknown key; {hint}", source=path, key=key)
    return values
