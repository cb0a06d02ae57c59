"""``mock-sei probe``: asks the real platform what the mock only assumes, and records it."""

from __future__ import annotations

import contextlib
import shlex
import ssl
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import click

from mock_sei import __version__
from mock_sei.assumptions.reading import read_file
from mock_sei.assumptions.table import Assumptions
from mock_sei.certificates.bundles import common_name
from mock_sei.commands.signals import end_once, interrupt
from mock_sei.doctor.material import own_certificate
from mock_sei.doctor.probe import trusting_context
from mock_sei.doctor.setup import Options, Setup, read_setup, read_target
from mock_sei.errors import ConfigurationError
from mock_sei.probe import dry_run
from mock_sei.probe.asking import ProbeIdentity
from mock_sei.probe.attempts import Attempts
from mock_sei.probe.permission import is_loopback, require_permission
from mock_sei.probe.running import Came, Pace, ProbeOutcome, ProbeRun
from mock_sei.probe.subject import KnownValue, Subject
from mock_sei.probe.table import PROBES, Probe, ProbeFlag, ProbeNeed
from mock_sei.probe.wire import Endpoint, ShownIdentity, SocketTransport
from mock_sei.recordings.exchanges import Listener
from mock_sei.recordings.files import RecordingWriter
from mock_sei.recordings.kept import Bodies
from mock_sei.recordings.proxies import find_proxy
from mock_sei.rules.arguments import find_nearest

SHORTEST_PAUSE = 1.0
"""Seconds between two requests to another machine."""
DEFAULT_OPERATION = "GET /v1/order/tradetickets"
_ALWAYS = ("metadata", "token", "log-in")
"""Probes that others need."""
_SECRET = frozenset(
    {
        *("--app-key", "--app-secret", "--passphrase", "--other-passphrase", "--password"),
        "--end-user-password",
    }
)
_WIDTH = 26
_DEFAULT_PORT = 443
_INTERRUPTED = 130
_LONG_WAIT = 5.0


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """The options of the command, as they were typed."""

    upstream: str
    two_way_upstream: str | None = None
    out: Path
    cacert: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    other_cert: Path | None = None
    other_key: Path | None = None
    other_passphrase: str | None = field(default=None, repr=False)
    app_key: str | None = field(default=None, repr=False)
    app_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    end_user: str | None = None
    end_user_password: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    grant: str = "client_credentials"
    operation: str = DEFAULT_OPERATION
    assumptions: Path | None = None
    probe: Sequence[str] = ()
    writing: bool = False
    large: bool = False
    slow: bool = False
    bodies: str = "shapes"
    redact: Sequence[str] = ()
    dry_run: bool = False
    yes: Sequence[str] = ()
    production: bool = False
    timeout: float = 10.0
    pause: float = SHORTEST_PAUSE

    @property
    def flags(self) -> frozenset[ProbeFlag]:
        return frozenset(each for each in ProbeFlag if getattr(self, each.value))

    @property
    def needs(self) -> frozenset[ProbeNeed]:
        """What the options give."""
        has_pair = self.app_key is not None and self.app_secret is not None
        is_public = self.app_key is not None and self.two_way_upstream is None
        found = {
            ProbeNeed.APP_KEY: self.app_key is not None,
            ProbeNeed.KEY_PAIR: has_pair or is_public,
            ProbeNeed.END_USER: None not in (self.end_user, self.end_user_password),
            ProbeNeed.REDIRECT_URI: self.redirect_uri is not None,
            ProbeNeed.OTHER_CERTIFICATE: self.other_cert is not None,
            ProbeNeed.TWO_WAY: self.two_way_upstream is not None,
        }
        return frozenset(each for each, is_there in found.items() if is_there)


def run(options: ProbeOptions, *, typed: Sequence[str]) -> int:
    """Runs the probes, or prints them. Returns the exit status: 1 if the run had to stop.

    ``typed`` are the words of the command. Raises :class:`ConfigurationError`.
    """
    endpoints = _endpoints(options)
    probes = _probes(options.probe)
    subject = _subject(options, endpoints)
    if options.dry_run:
        for line in _dry_lines(options, endpoints, subject, probes):
            click.echo(line)
        return 0
    _check_permission(options, endpoints, typed)
    with contextlib.ExitStack() as undo:
        made = _prepare(options, endpoints, subject, undo)
        return _run(made, probes, options)


def _run(made: ProbeRun, probes: Mapping[str, Probe], options: ProbeOptions) -> int:
    end_once(interrupt)
    status = 0
    try:
        for outcome in made.outcomes(probes):
            click.echo(_line(outcome))
            if outcome.came is Came.STOPPED:
                status = 1
    except KeyboardInterrupt:
        made.writer.flush()
        click.echo("interrupted", err=True)
        status = _INTERRUPTED
    click.echo("")
    click.echo(f"{made.writer.count} exchanges are recorded in {options.out}")
    if made.writer.count:
        command = ["mock-sei", "compare", str(options.out), "--write", "assumptions.toml"]
        click.echo(f"Next: {shlex.join(command)}")
    return status


def _line(outcome: ProbeOutcome) -> str:
    mark = {Came.ANSWERED: "", Came.LEFT_OUT: "- ", Came.STOPPED: "STOPPED: "}[outcome.came]
    return f"{outcome.probe.name:<{_WIDTH}}{mark}{outcome.text}"


def _dry_lines(
    options: ProbeOptions,
    endpoints: Mapping[Listener, Endpoint],
    subject: Subject,
    probes: Mapping[str, Probe],
) -> Iterator[str]:
    imagined = replace(
        subject,
        known={},
        is_imagined=True,
        has_other_certificate=options.other_cert is not None,
    )
    authorities = {name: each.authority for name, each in endpoints.items()}
    return dry_run.lines(probes, imagined, authorities, flags=options.flags, needs=options.needs)


def _check_permission(
    options: ProbeOptions, endpoints: Mapping[Listener, Endpoint], typed: Sequence[str]
) -> None:
    hosts = [each.host for each in endpoints.values()]
    require_permission(
        hosts,
        repeated=options.yes,
        with_production=options.production,
        command=_without_secrets(typed),
    )
    if options.pause < SHORTEST_PAUSE and not all(map(is_loopback, hosts)):
        raise ConfigurationError(
            "another machine gets at most one request a second",
            source="--pause",
            key=f"{options.pause:g}",
        )


def _without_secrets(typed: Sequence[str]) -> list[str]:
    """The words of a command for a message: without the options that have secrets."""
    kept: list[str] = []
    is_value = False
    for word in typed:
        name, mark, _ = word.partition("=")
        if is_value:
            is_value = False
        elif name in _SECRET:
            is_value = not mark
        else:
            kept.append(word)
    return kept


def _prepare(
    options: ProbeOptions,
    endpoints: Mapping[Listener, Endpoint],
    subject: Subject,
    undo: contextlib.ExitStack,
) -> ProbeRun:
    identities = _identities(options)
    writer = RecordingWriter(
        options.out, version=__version__, redact=options.redact, bodies=Bodies(options.bodies)
    )
    undo.callback(writer.flush)
    return ProbeRun(
        subject=subject,
        transport=SocketTransport(
            endpoints=endpoints,
            identities=identities,
            timeout=timedelta(seconds=options.timeout),
        ),
        writer=writer,
        attempts=Attempts(options.out),
        pace=Pace(timedelta(seconds=options.pause), _sleep),
        flags=options.flags,
        needs=options.needs,
        hosts={name: each.host for name, each in endpoints.items()},
    )


def _endpoints(options: ProbeOptions) -> dict[Listener, Endpoint]:
    found: dict[Listener, Endpoint] = {"one-way": _endpoint(options.upstream, "--upstream")}
    if options.two_way_upstream is not None:
        found["two-way"] = _endpoint(options.two_way_upstream, "--two-way-upstream")
    elif options.cert is not None:
        raise ConfigurationError(
            "a client certificate is shown to the two-way listener: give --two-way-upstream",
            source="--cert",
        )
    return found


def _endpoint(url: str, option: str) -> Endpoint:
    target = read_target(url)
    if target.scheme != "https" or not target.host:
        raise ConfigurationError("an address that begins with https://", source=option, value=url)
    if target.extra or target.white_space or target.path not in ("", "/"):
        raise ConfigurationError(
            "only scheme, host and port, such as https://test.example.com:444",
            source=option,
            key=target.host,
        )
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = "" if target.port == _DEFAULT_PORT else f":{target.port}"
    return Endpoint(
        host=target.host,
        port=target.port,
        origin=f"https://{host}{port}",
        proxy=find_proxy(target.host, target.port),
    )


def _probes(names: Sequence[str]) -> Mapping[str, Probe]:
    for each in names:
        if each not in PROBES:
            near = find_nearest(each, PROBES)
            hint = f"did you mean {near}?" if near else "--dry-run prints all of them"
            raise ConfigurationError(f"no such probe; {hint}", source="--probe", value=each)
    wanted = {*names, *_ALWAYS} if names else PROBES.keys()
    return MappingProxyType({name: each for name, each in PROBES.items() if name in wanted})


def _subject(options: ProbeOptions, endpoints: Mapping[Listener, Endpoint]) -> Subject:
    changed = read_file(options.assumptions) if options.assumptions is not None else {}
    assumptions = Assumptions.of(changed)
    given = {
        KnownValue.APP_KEY: options.app_key,
        KnownValue.APP_SECRET: options.app_secret,
        KnownValue.USERNAME: options.username,
        KnownValue.PASSWORD: options.password,
        KnownValue.END_USER: options.end_user,
        KnownValue.END_USER_PASSWORD: options.end_user_password,
        KnownValue.REDIRECT_URI: options.redirect_uri,
    }
    return Subject(
        grant=options.grant,
        operation=_operation(options.operation),
        listener="two-way" if "two-way" in endpoints else "one-way",
        paths=assumptions.path,
        paging=assumptions.paging,
        origins={name: each.origin for name, each in endpoints.items()},
        given_paths=frozenset(name.partition(".")[2] for name in changed if _is_path(name)),
        has_other_certificate=options.other_cert is not None,
        known={name: _sendable(name, value) for name, value in given.items() if value is not None},
    )


def _is_path(name: str) -> bool:
    return name.startswith("path.")


def _sendable(name: KnownValue, value: str) -> str:
    """A value that can stand in a header. Raises :class:`ConfigurationError`."""
    is_text = all(each >= " " and each != "\x7f" and not _is_half(each) for each in value)
    if not value or not is_text:
        raise ConfigurationError(
            "must be a text in UTF-8 without line breaks and control characters",
            source=f"--{name}",
        )
    return value


def _is_half(character: str) -> bool:
    """Whether a character stands for a byte that is no UTF-8."""
    return "\ud800" <= character <= "\udfff"


def _operation(text: str) -> str:
    """The path of an operation that reads a list. Raises :class:`ConfigurationError`."""
    method, _, path = text.strip().partition(" ")
    path = path.strip()
    is_plain = path.startswith("/") and path.isascii() and path.isprintable()
    if method != "GET" or not is_plain or any(each in path for each in " ?#{}"):
        raise ConfigurationError(
            "GET and the path of a list that the application may read, such as "
            f"{DEFAULT_OPERATION}",
            source="--operation",
            value=text,
        )
    return path


def _identities(options: ProbeOptions) -> dict[ProbeIdentity, ShownIdentity]:
    own = _setup(options, options.cert, options.key, options.passphrase, "--cert")
    other = _setup(
        options, options.other_cert, options.other_key, options.other_passphrase, "--other-cert"
    )
    nothing = replace(own, certificate=None, key=None)
    return {
        ProbeIdentity.OWN: _identity(own),
        ProbeIdentity.OTHER: _identity(other),
        ProbeIdentity.NONE: _identity(nothing),
    }


def _setup(
    options: ProbeOptions,
    certificate: Path | None,
    key: Path | None,
    passphrase: str | None,
    source: str,
) -> Setup:
    """The files of an identity. Raises :class:`ConfigurationError` if they cannot be used."""
    files = Options(cacert=options.cacert, cert=certificate, key=key, passphrase=passphrase)
    setup = read_setup(options.upstream, files, environ={})
    for each in setup.files:
        if not each.was_read:
            raise ConfigurationError(each.problem, source=each.path)
    if key is not None and certificate is None:
        raise ConfigurationError("the key of no certificate", source=source)
    if certificate is not None and setup.key_file is None:
        problem = "has no private key; name the file of the key, too"
        raise ConfigurationError(problem, source=certificate)
    loading = setup.loading
    for problem, path in (
        (loading.ca, options.cacert),
        (loading.certificate, certificate),
        (loading.key, key or certificate),
        (loading.pair, certificate),
    ):
        if problem:
            raise ConfigurationError(
                f"OpenSSL cannot use it: {problem}; mock-sei doctor says more", source=path
            )
    return setup


def _identity(setup: Setup) -> ShownIdentity:
    try:
        context = trusting_context(setup)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(str(error), source="--cacert") from None
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    certificate = own_certificate(setup)
    name = common_name(certificate) if certificate is not None else None
    return ShownIdentity(context=context, common_name=name or None)


def _sleep(seconds: float) -> None:
    """Waits. On a terminal, a long wait is announced."""
    if seconds >= _LONG_WAIT and sys.stderr is not None and sys.stderr.isatty():
        click.echo(f"waiting {timedelta(seconds=round(seconds))}", err=True)
    time.sleep(seconds)


def typed_words() -> list[str]:
    """The words of this process's command."""
    return ["mock-sei", *sys.argv[1:]]
