"""The command line. Each command imports only what it needs, so that small commands start fast."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from mock_sei import __version__
from mock_sei.commands.collector import kept
from mock_sei.commands.named_options import REQUEST_OPTIONS
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
    "answers": "List, add, remove or clear the scripted answers of a running server.",
    "applications": "List, add, approve or remove the applications of a running server.",
    "data": "Show, add or clear the records of a running server.",
}
"""Groups of commands, each of which performs one operation."""
BAD_INPUT = 2
"""Exit status for wrong input. Status 1 means that a check found a problem."""


class _Commands(click.Group):
    """A group of commands that prints our own errors as one line and exits with status 2.

    ``reset`` is an operation of its own, and not defined here.
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

    Like the real platform, it requires two-way TLS, service accounts and OAuth tokens. It refuses
    what the real platform refuses, and gives the reason. Start with `mock-sei serve`, and run the
    curl lines that it prints.
    """


class _FilePath(click.Path):
    def convert(self, value: Any, *rest: Any) -> Any:
        path = super().convert(value, *rest)
        problem = find_path_problem(Path(os.fsdecode(path)))
        return self.fail(problem, *rest) if problem else path


class _ServeCommand(click.Command):
    """A command with one option for each setting. The settings are imported only when needed."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        with kept():
            from mock_sei.settings import FILE_ONLY, Settings

        options = [
            _setting_option(name, field)
            for name, field in Settings.model_fields.items()
            if name not in FILE_ONLY
        ]
        return [*options, *super().get_params(ctx)]


def _setting_option(name: str, field: FieldInfo) -> click.Option:
    """The option of a setting. Its value is checked later, together with variables and file."""
    choices = _choices_of(field.annotation)
    default = field.default
    text = ",".join(map(str, default)) if isinstance(default, tuple) else default
    shown = "" if default in (None, (), {}, False) else f"  [default: {text}]"
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
    """The kind of a setting's value for the help text; None means text."""
    kinds = set(_parts_of(annotation))
    if dict in kinds:
        return "FILE"
    return "PATH" if Path in kinds else "NUMBER" if kinds & {int, float} else None


def _parts_of(annotation: object) -> Iterator[object]:
    """An annotation and all types in it."""
    yield get_origin(annotation) or annotation
    for each in get_args(annotation):
        yield from _parts_of(each)


def _choices_of(annotation: object) -> list[str]:
    """All values of a setting that has a fixed list of values; otherwise empty."""
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(each.value) for each in annotation]
    return list(get_args(annotation)) if get_origin(annotation) is Literal else []


@main.command(cls=_ServeCommand)
@click.option(
    "--config",
    type=_FilePath(path_type=Path),
    help="Settings file.  [default: mock-sei.toml, if it exists]",
)
def serve(config: Path | None, **options: Any) -> None:
    """Run the platform until interrupted.

    Prints the addresses, the paths of the CA and the certificates, and two curl lines that you can
    run at once. Each option can also be set by a MOCK_SEI_... variable or by a key of
    mock-sei.toml. An option overrides a variable, and a variable overrides the file.
    """
    # The first process of a container ignores signals without a handler; `docker stop` would wait.
    end_once(lambda: sys.exit(0))

    with kept():
        from mock_sei.commands.serve import log_error, prepare, run
        from mock_sei.settings import load_settings

        given = {name: value for name, value in options.items() if value not in (None, ())}
        settings = load_settings(given, file=config)
    try:
        with kept():
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
    help="Folder of the CA; created if it does not exist.",
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
    help="Format of the files; see above.",
)
@click.option(
    "--passphrase",
    default="mock-sei",
    show_default=True,
    envvar="MOCK_SEI_PASSPHRASE",
    show_envvar=True,
    help="Passphrase of .pfx and .p12 files; '' for files without a passphrase.",
)
@click.option(
    "--variant",
    type=click.Choice(
        ["valid", "expired", "not-yet-valid", "untrusted", "self-signed", "wrong-cn"]
    ),
    default="valid",
    show_default=True,
    help="What is wrong with the certificate, if anything.",
)
@click.option("--legacy", is_flag=True, help="Encryption that old Windows and macOS can import.")
def issue(
    account: str,
    certs_dir: Path,
    out: Path,
    format_name: str,
    passphrase: str,
    variant: str,
    legacy: bool,
) -> None:
    """Issue an identity certificate for a service account, without a server.

    \b
    pem   certificate.crt and privatekey.key
    pfx   certificate.pfx (with the key and the whole chain)
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
    """An option that a variable can set too: other users can see the options of a process."""
    variable = f"MOCK_SEI_{name.removeprefix('--').replace('-', '_').upper()}"
    return click.option(name, envvar=variable, show_envvar=True, help=text)


def _with(option: click.Option, command: Callable[..., None]) -> Callable[..., None]:
    """The function of a command, with one more option before the others that it has."""
    params: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [*params, option]  # type: ignore[attr-defined]  # of click
    return command


def _control_url_option(command: Callable[..., None]) -> Callable[..., None]:
    return _with(control_url_option(), command)


def _request_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options for what the client sent, such as ``--query``."""
    for each in reversed(REQUEST_OPTIONS):
        command = _with(each.click_option(), command)
    return command


@main.command()
@click.option("--account", default="svc-demo", show_default=True, help="Service account.")
@click.option("--application", help="Application, of any grant, instead of a service account.")
@click.option(
    "--user",
    default="alice@example.com",
    show_default=True,
    help="End user who logs in, where the application's grant has one.",
)
@_control_url_option
def token(account: str, application: str | None, user: str, control_url: str) -> None:
    """Get an access token from a running server and print only the token."""
    from mock_sei.commands.server import obtain_token

    click.echo(obtain_token(_remote(control_url), application or account, user))


@main.command()
@click.option(
    "--application",
    default="demo-server",
    show_default=True,
    help="Name or service account of the application.",
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
    "Encrypts the private key. Without it, or with '', the key is not encrypted. The newman "
    "command reads the passphrase from the variable.",
)
@_control_url_option
def postman(
    application: str, user: str, out: Path, passphrase: str | None, control_url: str
) -> None:
    """Write a Postman collection and environment, with the certificate they need.

    Prints the settings to enter in Postman, and the newman command that runs the collection. If
    the users of the application log in on a page, the environment holds a token instead of a
    token request. Run this command again when the token has expired.
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


@main.command()
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "toml", "json"]),
    default="text",
    show_default=True,
    help="toml: a file to edit, which serve --assumptions reads.",
)
@click.option("--changed", is_flag=True, help="Only the assumptions that are not the default.")
@click.option(
    "--config",
    type=_FilePath(path_type=Path),
    help="Settings file.  [default: mock-sei.toml, if it exists]",
)
@click.option("--assumptions", metavar="FILE", help="File with changed assumptions.")
@click.option("--control-url", help="Ask the running server with this control address instead.")
def assumptions(
    format_name: str,
    changed: bool,
    config: Path | None,
    assumptions: str | None,
    control_url: str | None,
) -> None:
    """Print what is assumed of the real platform, and what of it is changed.

    Each line has the value, what it changes, why it is assumed, and which probe of a real platform
    shows it. The changes are those that mock-sei serve would find here.
    """
    from mock_sei.commands.assumptions import changed_at, changed_here, print_table

    if control_url is not None and (config is not None or assumptions is not None):
        raise click.UsageError("--control-url cannot be used with --config or --assumptions")
    found = changed_here(config, assumptions) if control_url is None else changed_at(control_url)
    print_table(found, format_name=format_name, only_changed=changed)


@main.group()
def apis() -> None:
    """Check OpenAPI documents without a server."""


@apis.command()
@click.argument("folder", type=_FilePath(path_type=Path))
@_format_option("Output format of the faults.")
def check(folder: Path, format_name: str) -> None:
    """List all faults of the OpenAPI documents in FOLDER, and the operations they disable.

    The exit status is 0 without faults, 1 with faults, and 2 if the folder cannot be read.
    """
    from mock_sei.commands.apis import run

    sys.exit(run(folder, as_json=format_name == "json"))


@main.group()
def state() -> None:
    """Show, export, import or clear a state that lasts: sqlite:state.db, or redis://HOST.

    An export holds private keys, passwords and tokens: all of them are for tests only.
    """


@state.command()
@click.argument("url")
@_format_option("Output format.")
def show(url: str, format_name: str) -> None:
    """Show what is in the state at URL, and whether a server uses it."""
    from mock_sei.commands.state import describe

    for line in describe(url, as_json=format_name == "json"):
        click.echo(line)


@state.command()
@click.argument("url")
@click.argument("file", type=_FilePath())
def export(url: str, file: str) -> None:
    """Write everything in the state at URL into FILE, or with - to standard output.

    It is the state of one moment. Servers may use it meanwhile.
    """
    from mock_sei.commands.state import export as write

    write(url, file)


@state.command(name="import")
@click.argument("url")
@click.argument("file", type=_FilePath())
@click.option("--replace", is_flag=True, help="Import in place of a state that is there.")
def import_(url: str, file: str, replace: bool) -> None:
    """Make the state at URL of an export in FILE, or with - of standard input.

    The state must be new or empty, and no server may use it. It is imported as a whole or not at
    all.
    """
    from mock_sei.commands.state import take_over

    take_over(url, file, replace=replace)


@state.command()
@click.argument("url")
def clear(url: str) -> None:
    """Remove everything from the state at URL, so that the next server begins a new one.

    No server may use the state. `mock-sei reset` resets the state of a running server.
    """
    from mock_sei.commands.state import clear as empty

    empty(url)


@main.command()
@click.option("--follow", "-f", is_flag=True, help="Wait for new entries until interrupted.")
@click.option(
    "--operation", help="Only this operation, such as 'POST /v2/oauthtoken'; * matches any text."
)
@click.option("--application", help="Only entries of this application.")
@click.option("--service-account", help="Only exchanges that stand on this service account.")
@click.option(
    "--listener", type=click.Choice(["one-way", "two-way"]), help="Only entries of this listener."
)
@click.option("--status", type=click.INT, help="Only answers with this status.")
@click.option("--refused-by", help="Only requests that this check refused.")
@click.option(
    "--kind", type=click.Choice(["exchange", "handshake"]), help="Only entries of this kind."
)
@click.option(
    "--as",
    "form",
    type=click.Choice(["pytest", "curl", "har"]),
    help="Write the calls as a test, as curl lines, or as HAR 1.2; secrets are hidden.",
)
@click.option(
    "--checks", is_flag=True, help="Show below each line which checks were passed, and which not."
)
@_request_options
@_control_url_option
def journal(follow: bool, form: str | None, checks: bool, control_url: str, **wanted: Any) -> None:
    """Show the requests and failed handshakes of a running server, with the reason of a refusal."""
    from mock_sei.commands.journal import texts
    from mock_sei.commands.signals import end_once, interrupt

    for option in REQUEST_OPTIONS:
        given = wanted.pop(option.key)
        if given is not None and given != ():
            option.put(given, wanted)
    # A shell starts background commands with SIGINT ignored, and Python does not change that.
    end_once(interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        shown = texts(_remote(control_url), wanted, form=form, follow=follow, checks=checks)
        for each in shown:
            click.echo(each)


@main.command()
def standards() -> None:
    """Print the security standards: the grant and port of each type of application."""
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
    """Print export lines that make clients in this shell trust the CA: eval "$(mock-sei env)"."""
    from mock_sei.commands.env import export_lines

    click.echo(export_lines(certs_dir))


@main.command()
@click.argument("url")
@click.option("--cacert", type=_FilePath(path_type=Path), help="CA that the client trusts, PEM.")
@click.option("--cert", type=_FilePath(path_type=Path), help="Client certificate, PEM.")
@click.option(
    "--key", type=_FilePath(path_type=Path), help="Private key of the client certificate, PEM."
)
@_secret_option("--passphrase", "Passphrase of the private key.")
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
    help="HTTP client in use: adds checks for it, and turns hints about it into problems.",
)
@_format_option("Output format of the findings.")
@click.option("--json", "json_output", is_flag=True, help="Same as --format json.")
@click.option("--verbose", is_flag=True, help="Also print what is right.")
def doctor(
    url: str,
    timeout: float,
    format_name: str,
    json_output: bool,
    verbose: bool,
    **given: Any,
) -> None:
    """Check the configuration of a client against the server at URL, and say what to do.

    All options are optional. The doctor checks the files, the environment and the handshakes. If
    all four credentials are given and the server is trusted, it also requests a token. The exit
    status is 0 without problems, 1 with problems, and 2 if a file or the URL cannot be read.
    """
    from datetime import timedelta

    from mock_sei.commands.doctor import run
    from mock_sei.doctor.setup import Options

    options = Options(**given, timeout=timedelta(seconds=timeout))
    as_json = json_output or format_name == "json"
    sys.exit(run(url, options, json_output=as_json, verbose=verbose))


@main.command()
@click.option(
    "--upstream",
    required=True,
    metavar="URL",
    help="Address of the real platform's one-way listener, such as https://test.example.com.",
)
@click.option(
    "--two-way-upstream", metavar="URL", help="Address of the real platform's two-way listener."
)
@click.option(
    "--identity",
    multiple=True,
    metavar="ACCOUNT=CERT,KEY",
    help="Certificate and key, in PEM, with which the real platform is called for this service "
    "account. A client shows a certificate of this mock with the name of the account.",
)
@_secret_option("--passphrase", "Passphrase of the keys of --identity.")
@click.option(
    "--cacert",
    type=_FilePath(path_type=Path),
    help="CA of the real platform, in PEM.  [default: the CAs of this machine]",
)
@click.option(
    "--out",
    type=_FilePath(path_type=Path),
    required=True,
    help="Folder of the recording. Files of earlier runs stay, and this run goes on after them.",
)
@click.option(
    "--redact",
    multiple=True,
    metavar="NAME",
    help="A further header, parameter or JSON member whose values become placeholders.",
)
@click.option(
    "--bodies",
    type=click.Choice(["shapes", "full"]),
    default="shapes",
    show_default=True,
    help="What is kept of the bodies of functional APIs: shapes without values, or all of it, "
    "which may be personal data.",
)
@click.option(
    "--apis",
    type=_FilePath(path_type=Path),
    help="Folder of OpenAPI documents. Of enumerations with at most 12 values that a document "
    "names, shapes keep the values.",
)
@click.option(
    "--certs-dir",
    type=_FilePath(path_type=Path),
    default=Path("certs"),
    show_default=True,
    envvar="MOCK_SEI_CERTS_DIR",
    help="Folder of the mock's CA; created if it does not exist.",
)
@click.option(
    "--one-way-port", type=click.IntRange(0, 65535), help="Port, 0 for a free one.  [default: 443]"
)
@click.option(
    "--two-way-port", type=click.IntRange(0, 65535), help="Port, 0 for a free one.  [default: 444]"
)
@click.option(
    "--ready-file",
    type=_FilePath(path_type=Path),
    help="File that is written, as JSON, when the recorder answers.",
)
def record(**given: Any) -> None:
    """Record what passes between a client and the real platform.

    Listens on this machine as the mock does, and sends each request to the real platform. The
    client keeps its configuration, but trusts the mock's CA and shows a certificate of the mock.
    The recording is a folder of HAR files. Secrets are replaced before anything is written.
    """
    end_once(lambda: sys.exit(0))
    from mock_sei.commands.record import RecordOptions
    from mock_sei.commands.record import record as run

    run(RecordOptions(**given))


@main.command()
@click.option(
    "--upstream",
    required=True,
    metavar="URL",
    help="Address of the real platform's one-way listener, such as https://test.example.com.",
)
@click.option(
    "--two-way-upstream", metavar="URL", help="Address of the real platform's two-way listener."
)
@click.option(
    "--out",
    type=_FilePath(path_type=Path),
    required=True,
    help="Folder of the recording. Files of earlier runs stay, and this run goes on after them.",
)
@click.option("--dry-run", is_flag=True, help="Print every request, and send nothing.")
@click.option("--yes", multiple=True, metavar="HOST", help="The name of the host that is asked.")
@click.option(
    "--production-i-have-permission",
    "production",
    is_flag=True,
    help="Ask a host whose name says neither test, build nor sandbox.",
)
@click.option(
    "--cacert",
    type=_FilePath(path_type=Path),
    help="CA of the real platform, PEM.  [default: the CAs of this machine]",
)
@click.option("--cert", type=_FilePath(path_type=Path), help="Client certificate, PEM.")
@click.option(
    "--key", type=_FilePath(path_type=Path), help="Private key of the client certificate, PEM."
)
@_secret_option("--passphrase", "Passphrase of the private key.")
@click.option(
    "--other-cert",
    type=_FilePath(path_type=Path),
    help="A client certificate of another service account, PEM: calls with it are refused.",
)
@click.option("--other-key", type=_FilePath(path_type=Path), help="Private key of --other-cert.")
@_secret_option("--other-passphrase", "Passphrase of --other-key.")
@click.option("--app-key", help="AppKey of the application.")
@_secret_option("--app-secret", "AppSecret of the application.")
@click.option("--username", help="Service account.")
@_secret_option("--password", "Password of the service account.")
@click.option("--end-user", help="End user who logs in, where the grant has one.")
@_secret_option("--end-user-password", "Password of the end user.")
@click.option("--redirect-uri", help="A redirect address of the application.")
@click.option(
    "--grant",
    type=click.Choice(["client_credentials", "password", "authorization_code"]),
    default="client_credentials",
    show_default=True,
    help="Grant of the application.",
)
@click.option(
    "--operation",
    default="GET /v1/order/tradetickets",
    show_default=True,
    help="A list that the application may read.",
)
@click.option(
    "--assumptions",
    type=_FilePath(path_type=Path),
    help="File of assumptions: its paths and names are used in the requests.",
)
@click.option("--probe", multiple=True, metavar="NAME", help="Only this probe, and what it needs.")
@click.option(
    "--writing",
    is_flag=True,
    help="Also probes that change something: log-in, refresh, revocation, writes that do not fit.",
)
@click.option("--large", is_flag=True, help="Also probes that send much: up to 33 MiB.")
@click.option("--slow", is_flag=True, help="Also probes that wait: more than an hour in all.")
@click.option(
    "--bodies",
    type=click.Choice(["shapes", "full"]),
    default="shapes",
    show_default=True,
    help="What is kept of the bodies of functional APIs: shapes without values, or all of it, "
    "which may be personal data.",
)
@click.option(
    "--redact",
    multiple=True,
    metavar="NAME",
    help="A further header, parameter or JSON member whose values become placeholders.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    default=10.0,
    show_default=True,
    help="Seconds to wait for each step of a connection.",
)
@click.option(
    "--pause",
    type=click.FloatRange(min=0, max=3600),
    default=1.0,
    show_default=True,
    help="Seconds between two requests. Less than one only for this machine.",
)
def probe(**given: Any) -> None:
    """Ask the real platform what the mock only assumes, and record the answers.

    Sends about 60 requests, one a second, many of them wrong on purpose. It stops at the first
    answer that asks for fewer requests or says that something is locked. A wrong password is sent
    at most once a day. The recording is a folder of HAR files without secrets, for `mock-sei
    compare`. The exit status is 0 at the end, 1 if it had to stop, and 2 for wrong input.
    """
    from mock_sei.commands.probe import ProbeOptions, run, typed_words

    sys.exit(run(ProbeOptions(**given), typed=typed_words()))


@main.group()
def recordings() -> None:
    """Work with recordings of the real platform."""


@recordings.command()
@click.argument("file", type=_FilePath(path_type=Path))
@click.option(
    "--out",
    type=_FilePath(path_type=Path),
    required=True,
    help="Folder the files are written to. It must have no HAR file.",
)
def split(file: Path, out: Path) -> None:
    """Split the HAR file FILE, of any size, into files of at most 100 exchanges."""
    from mock_sei.recordings.splitting import split_recording

    count = split_recording(file, out, version=__version__)
    click.echo(f"{count} exchanges in {out}")


@main.command()
@click.argument("recordings", type=_FilePath(path_type=Path))
@click.option(
    "--map",
    type=_FilePath(path_type=Path),
    help="TOML file: which application plays a recorded AppKey, and names of service accounts.",
)
@click.option(
    "--write",
    type=_FilePath(path_type=Path),
    help="TOML file that gets the assumptions which the recording shows; the rest of it stays.",
)
@click.option(
    "--accept", type=_FilePath(path_type=Path), help="TOML file of differences that are accepted."
)
@click.option(
    "--report",
    type=_FilePath(path_type=Path),
    help="File that gets a summary without values, for an issue.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json", "junit"]),
    default="text",
    show_default=True,
    help="Output format.",
)
@click.option(
    "--config",
    type=_FilePath(path_type=Path),
    help="Settings file of the mock.  [default: mock-sei.toml, if it exists]",
)
@click.option(
    "--assumptions", type=_FilePath(), help="File with what the mock assumes; as for serve."
)
@click.option("--apis", type=_FilePath(), help="Folder of your own OpenAPI documents.")
@click.option("--fixtures", type=_FilePath(), help="Fixtures folder of the mock.")
@click.option("--dialect", type=click.Choice(["sei", "rfc"]), help="Dialect of the mock.")
@click.option("--environment", help="Environment that the mock plays.")
@click.option("--time-zone", help="Time zone of the mock's records.")
def compare(
    recordings: Path,
    map: Path | None,  # noqa: A002  # the name of the option
    write: Path | None,
    accept: Path | None,
    report: Path | None,
    format_name: str,
    config: Path | None,
    **settings: str | None,
) -> None:
    """Compare RECORDINGS of the real platform with the mock, and say what differs.

    RECORDINGS is a folder that `mock-sei record` or `mock-sei probe` wrote, or a HAR file of
    another tool. It is played in its order against a fresh mock in this process. A difference
    that an assumption covers is printed as the line that mends it. The exit status is 0 if the
    mock answers as the real platform did, 1 if it differs, and 2 if a file cannot be used.
    """
    from mock_sei.commands.compare import CompareOptions, run

    options = CompareOptions(
        recordings=recordings,
        map=map,
        write=write,
        accept=accept,
        report=report,
        format_name=format_name,
        config=config,
        settings={name: value for name, value in settings.items() if value is not None},
    )
    sys.exit(run(options))


@main.command()
@_control_url_option
@click.option(
    "--live",
    is_flag=True,
    help="Ask only whether the server answers at all; it may still be starting, or have lost its "
    "state.",
)
def healthcheck(control_url: str, *, live: bool) -> None:
    """Exit with status 0 if a running server takes requests, otherwise with status 1."""
    from mock_sei.testing.health import LIVE, READY, find_problem

    problem = find_problem(control_url, LIVE if live else READY)
    if problem:
        click.echo(f"mock-sei: {problem}", err=True)
        sys.exit(1)
    click.echo("healthy")


def _remote(control_url: str) -> Remote:
    from mock_sei.commands.server import server_at

    return server_at(control_url)
