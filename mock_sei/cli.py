"""The command line. Each command imports what it needs, so that the small ones start at once."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from mock_sei import __version__
from mock_sei.commands.options import control_url_option, format_option
from mock_sei.commands.signals import end_once
from mock_sei.errors import MockSeiError
from mock_sei.values.paths import find_path_problem

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from mock_sei.testing.remote import Remote

OF_SERVER = {
    "clock": "Show, advance, set, freeze or reset the clock of a running server.",
    "faults": "List, add or clear the faults of a running server: what goes wrong on purpose.",
    "applications": "List, add, approve or remove the applications of a running server.",
    "data": "Show, add or clear the records of a running server.",
}
"""Groups of commands, each of which performs one operation."""
BAD_INPUT = 2
"""Exit status for a user's mistake; 1 is for a check that found something."""


class _Commands(click.Group):
    """Turns our own errors into one line and exit status 2.

    A command that is not defined here is an operation of its own.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), "reset"])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name != "reset":
            return super().get_command(ctx, name)
        from mock_sei.commands.control import commands_of

        return commands_of("")[name]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MockSeiError as error:
            click.echo(f"mock-sei: {error}", err=True)
            ctx.exit(BAD_INPUT)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="mock-sei")
def main() -> None:
    """The SEI API Platform in a box: a server to test client applications against.

    It asks for what the real platform asks for (two-way TLS, service accounts, OAuth tokens),
    refuses what the real one refuses, and says why. Start with `mock-sei serve` and paste the curl
    line it prints.
    """


_LEFT_BEHIND = 10_000
"""New objects before the collector looks again; about two megabytes."""


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """For what is made to last as long as the process: the collector neither waits nor looks there.

    Looking through some 300,000 new objects again and again took a tenth of a start; looking every
    700 new ones for the few that a request leaves behind took a fiftieth of the request.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(_LEFT_BEHIND, 10, 10)
        gc.enable()


class _FilePath(click.Path):
    def convert(self, value: Any, *rest: Any) -> Any:
        path = super().convert(value, *rest)
        problem = find_path_problem(Path(os.fsdecode(path)))
        return self.fail(problem, *rest) if problem else path


class _ServeCommand(click.Command):
    """Has an option for every setting, read from the settings when they are needed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        with _kept():
            from mock_sei.settings import FILE_ONLY, Settings

        options = [
            _setting_option(name, field)
            for name, field in Settings.model_fields.items()
            if name not in FILE_ONLY
        ]
        return [*options, *super().get_params(ctx)]


def _setting_option(name: str, field: FieldInfo) -> click.Option:
    """Values stay text: they are checked where options, variables and file meet."""
    choices = _choices_of(field.annotation)
    default = field.default
    text = ",".join(map(str, default)) if isinstance(default, tuple) else default
    shown = "" if default in (None, (), False) else f"  [default: {text}]"
    sentence = f"{field.description or ''}.{shown}"
    return click.Option(
        [f"--{name.replace('_', '-')}"],
        help=sentence[0].upper() + sentence[1:],
        is_flag=field.annotation is bool,
        metavar=f"[{'|'.join(choices)}]" if choices else _metavar(field.annotation),
        default=None,
        multiple=default == (),
    )


def _metavar(annotation: object) -> str | None:
    """What kind of value a setting has; text where nothing else is known."""
    kinds = set(_parts_of(annotation))
    return "PATH" if Path in kinds else "NUMBER" if kinds & {int, float} else None


def _parts_of(annotation: object) -> Iterator[object]:
    """The types that an annotation is made of."""
    yield annotation
    for each in get_args(annotation):
        yield from _parts_of(each)


def _choices_of(annotation: object) -> list[str]:
    """The values that a setting can have, where they are few."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(each.value) for each in annotation]
    return list(get_args(annotation)) if get_origin(annotation) is Literal else []


@main.command(cls=_ServeCommand)
@click.option(
    "--config",
    type=_FilePath(path_type=Path),
    help="Settings file.  [default: mock-sei.toml, if it is there]",
)
def serve(config: Path | None, **options: Any) -> None:
    """Run the platform until interrupted.

    Prints the addresses, where the CA and the certificates are, and two curl lines that work as
    they stand. Every option is also a MOCK_SEI_... variable and a key of mock-sei.toml; an option
    wins over a variable, a variable over the file.
    """
    # The first process of a container ignores what it has no handler for, and `docker stop` waits.
    end_once(lambda: sys.exit(0))

    with _kept():
        from mock_sei.commands.serve import log_error, prepare, run
        from mock_sei.settings import load_settings

        given = {name: value for name, value in options.items() if value not in (None, ())}
        settings = load_settings(given, file=config)
    try:
        with _kept():
            launched = prepare(settings)
        run(launched, settings)
    except MockSeiError as error:
        if settings.log_format != "json":
            raise
        log_error(str(error))
        sys.exit(BAD_INPUT)


@main.command()
@click.argument("account")
@click.option(
    "--certs-dir",
    type=_FilePath(path_type=Path),
    default=Path("certs"),
    show_default=True,
    envvar="MOCK_SEI_CERTS_DIR",
    help="Folder of the CA; made if it is not there.",
)
@click.option(
    "--out",
    type=_FilePath(path_type=Path),
    default=Path(),
    show_default="this folder",
    help="Folder the files are written to.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["pem", "pfx", "p12", "p7s"]),
    default="pem",
    show_default=True,
    help="Which files are written.",
)
@click.option(
    "--passphrase",
    default="mock-sei",
    show_default=True,
    envvar="MOCK_SEI_PASSPHRASE",
    show_envvar=True,
    help="Of .pfx and .p12 files; '' for files that anybody can open.",
)
@click.option(
    "--variant",
    type=click.Choice(
        ["valid", "expired", "not-yet-valid", "untrusted", "self-signed", "wrong-cn"]
    ),
    default="valid",
    show_default=True,
    help="A certificate that is wrong in one way.",
)
@click.option("--legacy", is_flag=True, help="Encryption of old Windows and macOS importers.")
def issue(
    account: str,
    certs_dir: Path,
    out: Path,
    format_name: str,
    passphrase: str,
    variant: str,
    legacy: bool,
) -> None:
    """Issue an identity certificate for a service account; no server is needed.

    \b
    pem   certificate.crt and privatekey.key
    pfx   certificate.pfx, key and whole chain
    p12   certificate.p12 and privatekey.p12
    p7s   certificate.p7s (DER, with the intermediate) and privatekey.key
    """
    from mock_sei.commands.issue import issue_files
    from mock_sei.rules.passphrases import find_warning

    written = issue_files(
        account,
        certs_dir=certs_dir,
        out=out,
        format_name=format_name,
        passphrase=passphrase,
        variant=variant,
        legacy=legacy,
    )
    for path in written:
        click.echo(path)
    warning = find_warning(format_name, passphrase)
    if warning:
        click.echo(f"Warning: {warning}", err=True)


def _secret_option(name: str, text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Takes a variable too, since every user of the machine can read an option."""
    variable = f"MOCK_SEI_{name.removeprefix('--').replace('-', '_').upper()}"
    return click.option(name, envvar=variable, show_envvar=True, help=text)


def _with(option: click.Option, command: Callable[..., None]) -> Callable[..., None]:
    """The function of a command, with one more option before the others that it has."""
    params: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [*params, option]  # type: ignore[attr-defined]  # of click
    return command


def _control_url_option(command: Callable[..., None]) -> Callable[..., None]:
    return _with(control_url_option(), command)


@main.command()
@click.option("--account", default="svc-demo", show_default=True, help="Service account.")
@click.option("--application", help="Application, instead of a service account: any grant.")
@click.option(
    "--user",
    default="alice@example.com",
    show_default=True,
    help="End user who logs in, where the application's grant has one.",
)
@_control_url_option
def token(account: str, application: str | None, user: str, control_url: str) -> None:
    """Obtain an access token from a running server and print it, nothing else."""
    from mock_sei.commands.server import obtain_token

    click.echo(obtain_token(_remote(control_url), application or account, user))


@main.command()
@click.option(
    "--application", default="demo-server", show_default=True, help="By name or service account."
)
@click.option(
    "--user",
    default="alice@example.com",
    show_default=True,
    help="End user who logs in, where the application's grant has one.",
)
@click.option(
    "--out",
    type=_FilePath(path_type=Path),
    default=Path("postman"),
    show_default=True,
    help="Folder the files are written to.",
)
@_secret_option(
    "--passphrase",
    "Encrypts the private key; without it, or with '', it is open. The newman command takes it "
    "from the variable.",
)
@_control_url_option
def postman(
    application: str, user: str, out: Path, passphrase: str | None, control_url: str
) -> None:
    """Write a Postman collection and environment, with the certificate they need.

    Prints what to fill in in Postman, and the newman command that runs them. An application whose
    users log in on a page gets a token in its environment instead of a token request; write again
    when it has expired.
    """
    from mock_sei.commands.postman import write_files

    written = write_files(_remote(control_url), application, user, out, passphrase or None)
    for path in written.files:
        click.echo(path)
    click.echo("")
    click.echo("Postman: import both .json files.")
    for line in written.settings:
        click.echo(line)
    click.echo(written.newman)


def _format_option(text: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return lambda command: _with(format_option(text), command)


class _OfServer(click.Group):
    """Commands that each perform one operation at a running server.

    Without a command it is the first of them, which shows what there is.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or [self.list_commands(ctx)[0]])

    def list_commands(self, _: click.Context) -> list[str]:
        return list(self._commands())

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        return self._commands().get(name)

    def _commands(self) -> dict[str, click.Command]:
        from mock_sei.commands.control import commands_of

        return commands_of(self.name or "")


for _name, _help in OF_SERVER.items():
    main.add_command(_OfServer(_name, help=_help))


@main.group()
def apis() -> None:
    """Look at OpenAPI documents without a server."""


@apis.command()
@click.argument("folder", type=_FilePath(path_type=Path))
@_format_option("How the faults are printed.")
def check(folder: Path, format_name: str) -> None:
    """Name all faults of the OpenAPI documents in FOLDER, and what they cost.

    Exit status 0 when there is none, 1 when there is one, 2 for a folder that cannot be read.
    """
    from mock_sei.commands.apis import run

    sys.exit(run(folder, as_json=format_name == "json"))


@main.command()
@click.option("--follow", "-f", is_flag=True, help="Go on until interrupted.")
@click.option("--operation", help="Only this one, such as 'POST /v2/oauthtoken'; * for anything.")
@click.option("--application", help="Only this application's.")
@click.option("--refused-by", help="Only what this check refused.")
@click.option("--kind", type=click.Choice(["exchange", "handshake"]), help="Only these.")
@_control_url_option
def journal(
    follow: bool,
    operation: str | None,
    application: str | None,
    refused_by: str | None,
    kind: str | None,
    control_url: str,
) -> None:
    """Show what a running server saw: exchanges and failed handshakes, with their reasons."""
    from mock_sei.commands.journal import lines
    from mock_sei.commands.signals import end_once, interrupt

    wanted = {
        "operation": operation,
        "application": application,
        "refused_by": refused_by,
        "kind": kind,
    }
    # A shell starts what runs in the background with SIGINT ignored, and Python keeps it so.
    end_once(interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        for each in lines(_remote(control_url), wanted, follow=follow):
            click.echo(each)


@main.command()
def standards() -> None:
    """Print the security standards: who uses which grant, on which port."""
    from mock_sei.rules.standards import standards_table

    click.echo(standards_table())


@main.command()
@click.option(
    "--certs-dir",
    type=_FilePath(path_type=Path),
    default=Path("certs"),
    show_default=True,
    envvar="MOCK_SEI_CERTS_DIR",
    help="Folder of the CA.",
)
def env(certs_dir: Path) -> None:
    """Print export lines that make clients of this shell trust the CA: eval "$(mock-sei env)"."""
    from mock_sei.commands.env import export_lines

    click.echo(export_lines(certs_dir))


@main.command()
@click.argument("url")
@click.option("--cacert", type=_FilePath(path_type=Path), help="CA the client trusts, PEM.")
@click.option("--cert", type=_FilePath(path_type=Path), help="Client certificate, PEM.")
@click.option("--key", type=_FilePath(path_type=Path), help="Its private key, PEM.")
@_secret_option("--passphrase", "Of the private key.")
@click.option("--app-key", help="AppKey of the application.")
@_secret_option("--app-secret", "AppSecret of the application.")
@click.option("--username", help="Service account.")
@_secret_option("--password", "Password of the service account.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    default=10.0,
    show_default=True,
    help="Seconds to wait for each step of a connection.",
)
@click.option(
    "--client",
    type=click.Choice(["curl", "requests", "httpx", "node", "java", "dotnet", "go"]),
    help="The client in use: what it needs, and what is only a hint for others.",
)
@_format_option("How the findings are printed.")
@click.option("--json", "json_output", is_flag=True, help="As --format json.")
@click.option("--verbose", is_flag=True, help="Also what is fine but often asked about.")
def doctor(
    url: str,
    timeout: float,
    format_name: str,
    json_output: bool,
    verbose: bool,
    **given: Any,
) -> None:
    """Check what a client is configured with against the server at URL, and say what to do.

    Every option may be absent; the doctor looks at what there is: files, environment, handshakes
    and, where all four credentials are there and the server is trusted, a token request. Exit
    status 0 when nothing is wrong, 1 when something is, 2 for a file or URL that cannot be read.
    """
    from datetime import timedelta

    from mock_sei.commands.doctor import run
    from mock_sei.doctor.setup import Options

    options = Options(**given, timeout=timedelta(seconds=timeout))
    as_json = json_output or format_name == "json"
    sys.exit(run(url, options, json_output=as_json, verbose=verbose))


@main.command()
@_control_url_option
def healthcheck(control_url: str) -> None:
    """Exit with status 0 when a running server is healthy, with 1 when it is not."""
    from mock_sei.testing.health import find_problem

    problem = find_problem(control_url)
    if problem:
        click.echo(f"mock-sei: {problem}", err=True)
        sys.exit(1)
    click.echo("healthy")


def _remote(control_url: str) -> Remote:
    from mock_sei.commands.server import server_at

    return server_at(control_url)
