"""``mock-sei clock``, ``faults``, ``answers``, ``reset`` and others: operations from a shell.

Each command is a row of :data:`COMMANDS`; its options are the fields of the operation.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from mock_sei.commands.named_options import (
    ANSWER_OPTIONS,
    ASSUMPTIONS_OPTION,
    REQUEST_OPTIONS,
    NamedOption,
)
from mock_sei.commands.options import control_url_option, format_option
from mock_sei.commands.server import server_at
from mock_sei.errors import ConfigurationError
from mock_sei.faults.faults import ArmedFault
from mock_sei.operations import applications as apps
from mock_sei.operations import clock, data, faults, scripts, server
from mock_sei.operations.places import mark_of
from mock_sei.operations.requests import Request
from mock_sei.operations.schemas import body_schema, descriptions
from mock_sei.operations.table import Row, row_of_kind
from mock_sei.rules.clock import read_moment
from mock_sei.rules.records import Application

_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)([dhms]))")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True, kw_only=True)
class Argument:
    """A value that a command takes without an option."""

    name: str
    """As the usage line shows it."""
    field: str
    """The field of the request, or of its whole body, that it becomes."""
    read: Callable[[str], Any] = str
    required: bool = True


@dataclass(frozen=True)
class Command:
    """One operation as a command."""

    group: str
    name: str
    request: type[Request[Any]]
    arguments: tuple[Argument, ...] = ()
    fixed: Mapping[str, Any] | None = None
    """Values of fields that the name of the command gives."""
    text: Callable[[Any], Iterator[str]] = lambda _: iter(())
    """The lines that a person reads."""
    options: tuple[NamedOption, ...] = ()
    """Options that are not made from the fields."""
    without: Command | None = None
    """What is done where the arguments are left out. It takes some of the options."""

    @property
    def row(self) -> Row:
        return row_of_kind(self.request)


def read_duration(text: str) -> float:
    """Seconds of ``31m``, ``1h30m``, ``2d`` or ``90``. Raises :class:`ConfigurationError`."""
    if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text):
        return float(text)
    parts = _PARTS.findall(text[:100])
    if not parts or "".join(map("".join, parts)) != text:
        wanted = "not a duration such as 31m, 1h30m, 2d or 90 (seconds)"
        raise ConfigurationError(wanted, source="DURATION", key=repr(text[:100]))
    try:
        step = timedelta(**_summed(parts))
    except OverflowError:
        problem = "further than the clock goes"
        raise ConfigurationError(problem, source="DURATION", key=repr(text[:100])) from None
    return step.total_seconds()


def _summed(parts: Sequence[tuple[str, str]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, unit in parts:
        found[_UNITS[unit]] = found.get(_UNITS[unit], 0.0) + float(number)
    return found


def read_time(text: str) -> Any:
    """A time with its zone. Raises :class:`ConfigurationError`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        wanted = "no time such as 2027-01-31T09:00:00Z"
        raise ConfigurationError(wanted, source="TIME", key=repr(text[:100])) from None
    return read_moment(moment)


def read_identifier(text: str) -> int:
    """Raises :class:`ConfigurationError`."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ConfigurationError("not a number", source="ID", key=repr(text[:100]))
    return int(text)


def read_records(text: str) -> Any:
    """JSON, ``-`` for standard input, ``@FILE`` for a file. Raises :class:`ConfigurationError`."""
    source = "RECORDS"
    try:
        if text == "-":
            source, text = "standard input", sys.stdin.read()
        elif text.startswith("@"):
            source = text[1:]
            text = Path(source).read_text(encoding="utf-8")
        found = json.loads(text)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigurationError(problem, source=source) from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"no JSON: {error}", source=source) from None
    if not isinstance(found, list | dict):
        raise ConfigurationError("must be a record or a list of records", source=source)
    return found


def _clock_lines(state: clock.ClockState) -> Iterator[str]:
    how = "frozen" if state.frozen else "running"
    whose = ", the machine's time" if state.is_machine else ""
    yield f"{state.now.isoformat().replace('+00:00', 'Z')}  {how}{whose}"


def _fault_lines(armed: Sequence[ArmedFault]) -> Iterator[str]:
    for each in armed:
        fault = each.fault
        often = f" of {fault.times}" if fault.times else ""
        over = ", over" if each.is_over else ""
        yield f"{each.identifier}  {fault.target}: {fault}; met {each.met}{often}{over}"


def _answer_lines(scripted: scripts.Scripted) -> Iterator[str]:
    yield from (f"{each.id}  {each}" for each in scripted.answers)
    yield from (f"state {name} = {value}" for name, value in scripted.states.items())


def _application_lines(found: Sequence[Application]) -> Iterator[str]:
    for each in found:
        state = "approved" if each.approved else "waits for approval"
        account = f"  {each.service_account}" if each.service_account else ""
        own = ", own data" if each.own_data else ""
        yield f"{each.name}  {each.app_key}  {each.type}, {each.actor}, {state}{own}{account}"


def _registered_lines(registered: apps.RegisteredApplication) -> Iterator[str]:
    application = registered.application
    yield from _application_lines([application])
    if application.app_secret is not None:
        yield f"AppSecret: {application.app_secret}"
    if registered.password is not None:
        yield f"password of {application.service_account}: {registered.password}"
    yield from (f"certificate: {each}" for each in registered.certificate_files)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _count_lines(counts: Mapping[str, int]) -> Iterator[str]:
    yield from (f"{count:>6}  {name}" for name, count in counts.items())


NAME = Argument(name="APPLICATION", field="app_key")
COLLECTION = Argument(name="COLLECTION", field="collection")

COMMANDS = (
    Command("clock", "show", clock.ShowClock, text=_clock_lines),
    Command(
        "clock",
        "advance",
        clock.AdvanceClock,
        arguments=(Argument(name="DURATION", field="seconds", read=read_duration),),
        text=_clock_lines,
    ),
    Command(
        "clock",
        "set",
        clock.SetClock,
        arguments=(Argument(name="TIME", field="now", read=read_time),),
        text=_clock_lines,
    ),
    Command("clock", "freeze", clock.SetClock, fixed={"frozen": True}, text=_clock_lines),
    Command("clock", "unfreeze", clock.SetClock, fixed={"frozen": False}, text=_clock_lines),
    Command("clock", "reset", clock.ResetClock),
    Command("faults", "list", faults.ListFaults, text=_fault_lines),
    Command(
        "faults",
        "add",
        faults.AddFault,
        arguments=(Argument(name="OPERATION", field="operation", required=False),),
        options=REQUEST_OPTIONS,
        text=lambda armed: _fault_lines([armed]),
    ),
    Command(
        "faults",
        "remove",
        faults.RemoveFault,
        arguments=(Argument(name="ID", field="identifier", read=read_identifier),),
    ),
    Command("faults", "clear", faults.ClearFaults),
    Command("answers", "list", scripts.ShowScripts, text=_answer_lines),
    Command(
        "answers",
        "add",
        scripts.EnqueueAnswer,
        arguments=(Argument(name="OPERATION", field="operation"),),
        options=ANSWER_OPTIONS,
        text=lambda added: iter([f"answer {added.id}; {added.waiting} waiting"]),
    ),
    Command(
        "answers",
        "remove",
        scripts.RemoveAnswer,
        arguments=(Argument(name="ID", field="identifier", read=read_identifier),),
    ),
    Command("answers", "clear", scripts.ClearAnswers),
    Command("", "reset", server.Reset, options=(ASSUMPTIONS_OPTION,)),
    Command(
        "applications",
        "list",
        apps.ListApplications,
        text=lambda page: _application_lines(page.records),
    ),
    Command(
        "applications",
        "add",
        apps.RegisterApplication,
        arguments=(Argument(name="NAME", field="name"),),
        text=_registered_lines,
    ),
    Command(
        "applications",
        "approve",
        apps.ApproveApplication,
        arguments=(NAME,),
        text=lambda application: _application_lines([application]),
    ),
    Command("applications", "remove", apps.RemoveApplication, arguments=(NAME,)),
    Command(
        "data",
        "show",
        data.ReadRecords,
        arguments=(Argument(name="COLLECTION", field="collection", required=False),),
        text=lambda page: map(_json, page.records),
        without=Command("data", "show", data.CountRecords, text=_count_lines),
    ),
    Command(
        "data",
        "add",
        data.AddRecords,
        arguments=(COLLECTION, Argument(name="RECORDS", field="body", read=read_records)),
        text=lambda count: iter([f"{count.records} records"]),
    ),
    Command("data", "clear", data.ClearRecords, arguments=(COLLECTION,)),
)
"""Every command that performs one operation."""


def commands_of(group: str) -> dict[str, click.Command]:
    """The commands of a group, by their names."""
    return {each.name: _click_command(each) for each in COMMANDS if each.group == group}


def _click_command(command: Command) -> click.Command:
    return click.Command(
        command.name,
        params=[
            *map(_argument, command.arguments),
            *_options(command),
            *(each.click_option() for each in command.options),
            control_url_option(),
            format_option("How the answer is printed."),
        ],
        help=command.row.summary + ".",
        context_settings={
            "ignore_unknown_options": any(each.read is read_duration for each in command.arguments)
        },
        callback=lambda control_url, format_name, **given: _run(
            command, control_url, given, as_json=format_name == "json"
        ),
    )


def _argument(argument: Argument) -> click.Argument:
    return click.Argument(
        [argument.name.lower()], required=argument.required, metavar=argument.name
    )


def _run(command: Command, control_url: str, given: Mapping[str, Any], *, as_json: bool) -> None:
    values = {
        name: value
        for name, value in given.items()
        if value is not None and value is not False and value != ()
    }
    if command.without is not None and not any(
        each.name.lower() in values for each in command.arguments
    ):
        _refuse_options(values, command)
        command = command.without
    fields = dict(command.fixed or {})
    for each in command.arguments:
        if each.name.lower() in values:
            fields[each.field] = each.read(values.pop(each.name.lower()))
    for option in command.options:
        if option.key in values:
            option.put(values.pop(option.key), values)
    fields |= values
    placed = command.row.placed
    if placed.whole is not None and placed.whole not in fields:
        elsewhere = (*placed.path, *placed.query)
        whole = {name: fields.pop(name) for name in list(fields) if name not in elsewhere}
        fields[placed.whole] = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in whole.items()
        }
    answer = server_at(control_url).perform(command.request(**fields))
    if as_json:
        click.echo(json.dumps(command.row.answer.write(answer).json, indent=2))
        return
    for line in command.text(answer):
        click.echo(line)


def _refuse_options(values: Mapping[str, Any], command: Command) -> None:
    """Refuses an option that means nothing where the arguments of a command are left out."""
    shorter = command.without
    unused = [name for name in values if shorter is None or name not in shorter.request.names]
    if unused:
        missing = " ".join(each.name for each in command.arguments)
        raise click.UsageError(f"--{unused[0].replace('_', '-')} needs {missing}")


def _options(command: Command) -> Iterator[click.Option]:
    """An option for each field that no argument and no name of the command gives."""
    request, row = command.request, command.row
    placed = row.placed
    taken = {each.field for each in command.arguments} | (command.fixed or {}).keys()
    taken |= {each.top_field for each in command.options} - _ALSO_MADE
    members = dict(body_schema(request, (*placed.query, *placed.body)).get("properties", {}))
    if placed.whole is not None and placed.whole not in taken:
        mark = mark_of(request, placed.whole)
        members |= mark.schema().get("properties", {}) if mark.schema else {}
    for name, member in members.items():
        if name not in taken:
            yield _option(name, member, descriptions(request).get(name))


def _option(name: str, schema: Mapping[str, Any], text: str | None) -> click.Option:
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    kind = kinds[0] if kinds else {}
    several = kind.get("type") == "array"
    if several:
        kind = kind.get("items", {})
    told = text or schema.get("description") or name.replace("_", " ")
    choices = [each for each in kind.get("enum", ()) if each is not None]
    is_flag = kind.get("type") == "boolean"
    return click.Option(
        [f"--{name.replace('_', '-')}", name],
        help=_sentence(told),
        multiple=several,
        is_flag=is_flag,
        default=None,
        type=None
        if is_flag
        else click.Choice(choices)
        if choices
        else _TYPES.get(kind.get("type", "")),
    )


_ALSO_MADE = {"times"}
"""Fields for which a value has an option that is made, beside the flag."""
_TYPES: Mapping[str, Any] = {"integer": click.INT, "number": click.FLOAT}


def _sentence(text: str) -> str:
    line = " ".join(text.replace("`", "").split())
    ended = line if line.endswith((".", ")")) else f"{line}."
    return ended[:1].upper() + ended[1:]
