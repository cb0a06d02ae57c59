"""``mock-sei serve``: runs a platform in this process until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shlex
import shutil
import signal
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from mock_sei.bench.entries import LOG_SHOWN, Entry
from mock_sei.certificates.store import write_whole
from mock_sei.errors import ConfigurationError
from mock_sei.runtime.launch import Launch, launch
from mock_sei.runtime.loops import new_event_loop
from mock_sei.sandbox import Sandbox
from mock_sei.settings import Settings

EXAMPLE_ACCOUNT = "svc-demo"


def prepare(settings: Settings) -> Launch:
    """Everything up to the first answer. Raises :class:`ConfigurationError`."""
    _configure_log(settings.log_format)
    if settings.ready_file is not None:
        try:
            settings.ready_file.unlink(missing_ok=True)  # an old one would speak for a dead server
        except OSError as error:
            problem = f"cannot be written: {error.strerror}"
            raise ConfigurationError(problem, source=settings.ready_file) from None
        if not settings.ready_file.absolute().parent.is_dir():
            raise ConfigurationError("its folder does not exist", source=settings.ready_file)
    return launch(settings)


def run(launched: Launch, settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM."""
    # RSA keys cost up to 110 ms each: they are made while the listeners already answer.
    identities = threading.Thread(target=_seed, args=(launched.sandbox,), daemon=True)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(launched, settings, identities))


def _seed(sandbox: Sandbox) -> None:
    sandbox.seed_identities()


async def _serve(launched: Launch, settings: Settings, identities: threading.Thread) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await launched.server.start()
    identities.start()
    await asyncio.to_thread(identities.join)
    click.echo(announcement(launched.sandbox))
    sys.stdout.flush()
    if settings.ready_file is not None:
        write_whole(settings.ready_file, json.dumps(_ready(launched.sandbox), indent=2).encode())
    await stop.wait()
    await launched.server.stop()
    if settings.ready_file is not None:
        settings.ready_file.unlink(missing_ok=True)


def _ready(sandbox: Sandbox) -> dict[str, object]:
    return {
        "url": sandbox.addresses.one_way,
        "two_way_url": sandbox.addresses.two_way,
        "control_url": sandbox.addresses.control,
        "ca_file": str(sandbox.store.ca_file),
        "certs_dir": str(sandbox.store.folder),
        "pid": os.getpid(),
    }


def announcement(sandbox: Sandbox) -> str:
    """What a new user needs: addresses, files, and two lines to paste."""
    addresses, folder = sandbox.addresses, sandbox.store.folder
    lines = [
        "mock-sei: the SEI API Platform in a box. For tests only: its secrets are printed.",
        "",
        f"  one-way TLS   {addresses.one_way}",
        f"  two-way TLS   {addresses.two_way}",
        f"  control API   {addresses.control}  (reference at /docs)",
        f"  CA to trust   {sandbox.store.ca_file}",
        f"  certificates  {folder}{os.sep}<service account>",
    ]
    examples = curl_lines(sandbox)
    if examples:
        lines += ["", "A token, then a call with one; paste as they stand:", "", *examples]
    return "\n".join(lines)


def curl_lines(sandbox: Sandbox) -> list[str]:
    """A token request and a functional call, each one line beginning with ``curl``."""
    registry = sandbox.state.registry
    application = registry.find_application_of(EXAMPLE_ACCOUNT)
    if application is None:
        return []  # the user's own fixtures have no demo account
    account = registry.service_accounts[EXAMPLE_ACCOUNT]
    url = sandbox.addresses.two_way
    folder = sandbox.store.account_folder(EXAMPLE_ACCOUNT)
    tls = [
        "--cacert",
        sandbox.store.ca_file,
        "--cert",
        folder / "certificate.crt",
        "--key",
        folder / "privatekey.key",
    ]
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
        f"{url}/v2/oauthtoken",
    ]
    call = ["curl", "-sS", *tls, "-H", f"AppKey: {application.app_key}"]
    bearer = f'-H "Authorization: Bearer $({_token_command(sandbox)})"'
    resource = shlex.quote(f"{url}/v1/order/tradetickets?limit=2")
    return [
        shlex.join(map(str, token)),
        f"{shlex.join(map(str, call))} {bearer} {resource}",
    ]


def _token_command(sandbox: Sandbox) -> str:
    """``mock-sei token`` as this user can run it: by name where that is on the path."""
    here = Path(sys.argv[0]).absolute()
    on_path = shutil.which("mock-sei")
    if on_path and Path(on_path).resolve() == here.resolve():
        command = ["mock-sei"]
    elif here.name == "mock-sei":
        command = [str(here)]
    else:
        command = [sys.executable, "-m", "mock_sei"]
    command.append("token")
    if sandbox.addresses.control_port != 8044:
        command += ["--control-url", sandbox.addresses.control]
    return shlex.join(command)


class _Lines(logging.Formatter):
    """One readable line a record; times are the machine's."""

    def __init__(self) -> None:
        super().__init__()
        self._second = -1
        self._stamp = ""

    def format(self, record: logging.LogRecord) -> str:
        second = int(record.created)
        if second != self._second:  # a busy server writes thousands of lines in each
            self._stamp = time.strftime("%H:%M:%S", time.localtime(second))
            self._second = second
        return f"{self._stamp} {record.getMessage()}"


class _JsonLines(logging.Formatter):
    """One JSON object a record; for an exchange the journal entry's fields."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "level": record.levelname.lower(),
            "logged_at": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if isinstance(record.msg, Entry):
            return json.dumps(fields | record.msg.to_json(LOG_SHOWN))
        return json.dumps(fields | {"message": record.getMessage()})


def _configure_log(form: str) -> None:
    # Neither form shows them, and each is asked for at every line (logging HOWTO, "Optimization").
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001  # the HOWTO says so; one line of code logs
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if form == "json" else _Lines())
    root = logging.getLogger("mock_sei")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False
