"""``mock-sei record``: relays to the real platform, and records what passes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import socket
import ssl
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from mock_sei import __version__
from mock_sei.certificates.store import CertificateStore, write_whole
from mock_sei.commands.serve import open_output
from mock_sei.commands.signals import end_once
from mock_sei.errors import ConfigurationError
from mock_sei.recorder.documented import DocumentedValues
from mock_sei.recorder.server import Recorder, RecorderListener, server_context
from mock_sei.recorder.upstream import Upstream, client_context, read_target
from mock_sei.recorder.writing import RecordingThread
from mock_sei.recordings.files import RecordingWriter
from mock_sei.recordings.kept import Bodies
from mock_sei.recordings.proxies import find_proxy
from mock_sei.rules import machine
from mock_sei.rules.records import ACCOUNT_NAME_RULE, is_account_name
from mock_sei.runtime.launch import SERVER_NAMES
from mock_sei.runtime.loops import new_event_loop
from mock_sei.runtime.sockets import Ports, bind

LOOPBACK = "127.0.0.1"
_COUNT_EVERY = 0.2
_SWITCH = 0.0005
"""Seconds that the thread which redacts may keep the interpreter while a request waits."""


@dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """The options of the command, as they were typed."""

    upstream: str
    two_way_upstream: str | None
    identity: Sequence[str]
    passphrase: str | None
    cacert: Path | None
    out: Path
    redact: Sequence[str]
    bodies: str
    apis: Path | None
    certs_dir: Path
    one_way_port: int | None
    two_way_port: int | None
    ready_file: Path | None


@dataclass(frozen=True, kw_only=True)
class PreparedRecorder:
    """A recorder whose sockets are bound; nothing answers before its start."""

    recorder: Recorder
    recording: RecordingThread
    writer: RecordingWriter
    store: CertificateStore


def record(options: RecordOptions) -> None:
    """Records until SIGINT or SIGTERM. Raises :class:`ConfigurationError`."""
    open_output("text")
    sys.setswitchinterval(_SWITCH)
    with contextlib.ExitStack() as undo:
        made = prepare_recorder(options, undo)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            made.recording.start()
            try:
                runner.run(_record(made, options))
            finally:
                made.recording.end()
    _say_end(made)


def prepare_recorder(options: RecordOptions, undo: contextlib.ExitStack) -> PreparedRecorder:
    """Reads all files, binds the sockets, and makes the folder. Raises ConfigurationError."""
    listeners, store = _listeners(options, undo)
    writer = RecordingWriter(
        options.out,
        version=__version__,
        redact=options.redact,
        bodies=Bodies(options.bodies),
        enumerations=DocumentedValues(options.apis),
    )
    recording = RecordingThread(writer)
    recorder = Recorder(listeners, recording)
    return PreparedRecorder(recorder=recorder, recording=recording, writer=writer, store=store)


async def _record(made: PreparedRecorder, options: RecordOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    end_once(functools.partial(loop.call_soon_threadsafe, stop.set))
    await made.recorder.start()
    try:
        _announce(made, options)
        await _count(made.recording, stop)
    finally:
        await made.recorder.stop()
        if options.ready_file is not None:
            with contextlib.suppress(OSError):
                options.ready_file.unlink(missing_ok=True)


async def _count(recording: RecordingThread, stop: asyncio.Event) -> None:
    """Waits for the end. On a terminal, a count runs along."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    shown = -1
    while not stop.is_set():
        if is_terminal and recording.count != shown:
            shown = recording.count
            click.echo(f"\r{shown} recorded", nl=False, err=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_COUNT_EVERY if is_terminal else None):
                await stop.wait()
    if is_terminal:
        click.echo("", err=True)


def _listeners(
    options: RecordOptions, undo: contextlib.ExitStack
) -> tuple[list[RecorderListener], CertificateStore]:
    one_way = read_target(options.upstream, "--upstream")
    two_way = None
    if options.two_way_upstream is not None:
        two_way = read_target(options.two_way_upstream, "--two-way-upstream")
    identities = read_identities(options.identity)
    if bool(identities) != (two_way is not None):
        problem = "--two-way-upstream and --identity belong together: the client certificate of "
        problem += "an account is shown to the two-way listener"
        raise ConfigurationError(problem, source="--identity" if two_way else "--two-way-upstream")
    contexts: dict[str | None, ssl.SSLContext] = {
        account: client_context(options.cacert, files, options.passphrase)
        for account, files in identities.items()
    }
    plain: dict[str | None, ssl.SSLContext] = {None: client_context(options.cacert)}
    wanted = [(one_way, plain, False)]
    if two_way is not None:
        wanted.append((two_way, contexts, True))
    sockets = [_bind(options, is_two_way, undo) for _, _, is_two_way in wanted]
    store = CertificateStore(options.certs_dir)
    now = machine.now()
    server = store.server_identity(SERVER_NAMES, now=now)
    for account in identities:
        issue = functools.partial(store.authority.issue_identity, account, now=now)
        store.find_or_write_identity(account, issue, now=now)
    issuing = store.authority.pem.issuing
    return [
        RecorderListener(
            sockets=bound,
            context=server_context(server, issuing if is_two_way else None),
            upstream=Upstream(
                target=target, contexts=made, proxy=find_proxy(target.host, target.port)
            ),
            is_two_way=is_two_way,
        )
        for (target, made, is_two_way), bound in zip(wanted, sockets, strict=True)
    ], store


def _bind(
    options: RecordOptions, is_two_way: bool, undo: contextlib.ExitStack
) -> list[socket.socket]:
    ports = (
        Ports(
            option="--two-way-port",
            asked=options.two_way_port,
            documented=444,
            fallback=8444,
        )
        if is_two_way
        else Ports(
            option="--one-way-port",
            asked=options.one_way_port,
            documented=443,
            fallback=8443,
        )
    )
    bound = bind(LOOPBACK, ports)
    for each in bound:
        undo.callback(each.close)
    return bound


def read_identities(texts: Sequence[str]) -> dict[str, tuple[Path, Path]]:
    """The files of each account, from ``ACCOUNT=CERT,KEY``, or ``ACCOUNT=FILE`` for both in one.

    Raises :class:`ConfigurationError`.
    """
    found: dict[str, tuple[Path, Path]] = {}
    for text in texts:
        account, mark, files = text.partition("=")
        certificate, comma, key = files.partition(",")
        if not mark or not certificate or (comma and not key):
            problem = "write it as ACCOUNT=CERT,KEY, such as svc-demo=certificate.crt,private.key"
            raise ConfigurationError(problem, source="--identity", value=text)
        if not is_account_name(account):
            raise ConfigurationError(ACCOUNT_NAME_RULE, source="--identity", value=account)
        if account in found:
            raise ConfigurationError("it is given twice", source="--identity", value=account)
        found[account] = Path(certificate), Path(key or certificate)
    return found


def _announce(made: PreparedRecorder, options: RecordOptions) -> None:
    urls, store = made.recorder.urls, made.store
    lines = ["mock-sei record: what passes is recorded; secrets become placeholders.", ""]
    lines += [f"  {name:<14}{url}  ->  {origin}" for name, url, origin in urls]
    lines += [
        f"  CA to trust   {store.ca_file}",
        f"  certificates  {store.folder}",
        f"  recording     {options.out}",
        "",
        "  Bodies of functional APIs are kept with their values: they may be personal data."
        if options.bodies == Bodies.FULL
        else "  Of bodies of functional APIs, only shapes are kept (--bodies full keeps values).",
    ]
    with contextlib.suppress(OSError):
        click.echo("\n".join(lines))
        if sys.stdout is not None:
            sys.stdout.flush()
    if options.ready_file is not None:
        ready: Mapping[str, object] = {
            "url": urls[0][1],
            "two_way_url": urls[1][1] if len(urls) > 1 else None,
            "ca_file": str(store.ca_file),
            "certs_dir": str(store.folder),
            "out": str(options.out.absolute()),
            "pid": os.getpid(),
        }
        write_whole(options.ready_file, json.dumps(ready, indent=2).encode())


def _say_end(made: PreparedRecorder) -> None:
    writer, lost_count = made.writer, made.recording.lost
    lost = f", {lost_count} lost by a bug of mock-sei" if lost_count else ""
    exchanges = "1 exchange" if writer.written == 1 else f"{writer.written} exchanges"
    with contextlib.suppress(OSError):
        click.echo(f"{exchanges} recorded in {writer.folder}{lost}")
