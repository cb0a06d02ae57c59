"""``docs/reference.md``: the public names of ``mock_sei``, the pytest plugin and the settings."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_args, is_typeddict

import mock_sei
from docs.generator.examples import EXAMPLES
from docs.generator.markdown import block, cell, prose, table
from mock_sei.journal import search
from mock_sei.matching.fields import RequestFields
from mock_sei.operations.schemas import descriptions
from mock_sei.settings import ENVIRONMENT_PREFIX, FILE_ONLY, Behaviour, Settings
from mock_sei.testing import inputs, plugin

EXAMPLE_SETTINGS = Path(__file__).parents[2] / "mock-sei.example.toml"

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "The platform": ("MockSei", "Attached", "Workbench"),
    "What a platform has": (
        "Applications",
        "Clock",
        "Data",
        "Collection",
        "Faults",
        "Fault",
        "Answers",
        "EnqueuedAnswer",
        "Answer",
        "ReceivedRequest",
        "Journal",
        "JournalView",
        "JournalEntry",
        "Mailbox",
        "Mail",
    ),
    "Values": ("Account", "Application", "Certificate", "Finding", "LogIn"),
    "Keywords": (
        "ApplicationFields",
        "BehaviourFields",
        "ChangedFields",
        "ClockParts",
        "FaultFields",
        "SettingFields",
        "RequestFields",
        "WantedFields",
        "WantedCall",
    ),
    "Names": ("ClientName", "FormatName", "ServerVariantName", "VariantName"),
    "Errors": (
        "MockSeiError",
        "ConfigurationError",
        "MockSeiBug",
        "NoServer",
        "Rejected",
        "StoreAway",
        "UnknownAccount",
        "UnknownAnswer",
        "UnknownApplication",
        "UnknownCertificate",
        "UnknownCollection",
        "UnknownFault",
        "UnknownMessage",
        "UnknownUser",
    ),
}
"""The public names, in the order of the page."""

OF_THE_SERVER: Mapping[str, frozenset[str]] = {
    "Answers": frozenset({"remove_of"}),
    "Application": frozenset({"as_dict", "check", "problems", "standard", "source_networks"}),
    "Certificate": frozenset({"identity", "performer"}),
    "Faults": frozenset({"remove_of"}),
    "JournalEntry": frozenset(
        {
            "called",
            "sent",
            "shown",
            "connection",
            "findings",
            "hide",
            "let_go_of_bodies",
            "let_go_of_head",
            "may_have",
            "measure",
            "note",
            "refuse",
            "releases",
            "settle",
            "size",
            "text",
            "to_search",
        }
    ),
    "JournalView": frozenset({"nothing"}),
    "Mail": frozenset({"letter"}),
    "Workbench": frozenset({"perform"}),
    "MockSei": frozenset({"perform"}),
    "Attached": frozenset({"perform"}),
}
"""Members that mock-sei uses itself."""

SPELLED = {
    "__contains__": "name in {}",
    "__getitem__": "{}[name]",
    "__iter__": "for each in {}",
    "__len__": "len({})",
}
"""Members that are no names, as they are written."""

INTRODUCTION = """\
# Python reference

<!-- `make tables` makes this page from docstrings. Change the docstrings. -->

Everything that a test suite uses: the [pytest fixtures, marker and options](#pytest), the [settings](#settings), and each
name that `mock_sei` exports. [testing.md](testing.md) has recipes, [control.md](control.md) the control API. mypy and
pyright know the types: a misspelt keyword such as `faults.add(statsu=503)` is an error in the editor, and
`mock_sei.Rejected` when the test runs.

Each example is a complete test. In signatures, `Owner` is an `Application`, an `Account`, or a name of either.
"""


def python_page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, "## pytest", *_pytest(), "## Settings", *_settings()]
    for heading, names in SECTIONS.items():
        parts.append(f"## {heading}")
        for name in names:
            parts += _entry(name)
    return "\n\n".join(each.strip() for each in parts) + "\n"


def _pytest() -> Iterator[str]:
    yield "### Fixtures"
    yield (
        "Every test can take these. Annotate `mock_sei` as `mock_sei.MockSei`, or as "
        "`mock_sei.Workbench` where the suite runs against a server elsewhere too."
    )
    for name, fixture in fixtures().items():
        yield f"#### `{name}`"
        yield f"Scope: {scope_of(fixture)}. {prose(inspect.getdoc(function_of(fixture)) or '')}"
        yield block("python", EXAMPLES[name])
    yield "### Marker"
    yield (
        "`@pytest.mark.mock_sei(...)` sets these for one test, one class or one module. The nearest "
        "marker wins, keyword by keyword."
    )
    told = keywords_of(inputs.BehaviourFields)
    yield table(
        ["keyword", "default", "what", "example"],
        (
            [
                f"`{name}`",
                f"`{_plain(default)!r}`",
                told[name],
                f"`@pytest.mark.mock_sei({name}={MARKED[name]!r})`",
            ]
            for name, default in _defaults().items()
        ),
    )
    yield block("python", EXAMPLES["marker"])
    yield "### Options"
    yield "An option of the command line, or a variable of the environment."
    yield table(
        ["option", "variable", "what", "example"],
        (
            [f"`{option}`", f"`{_variable(option)}`", text, f"`pytest {option} {OPTION[option]}`"]
            for option, text in plugin.OPTIONS.items()
        ),
    )


MARKED: Mapping[str, Any] = {
    "dialect": "rfc",
    "environment": "build",
    "auto_login": True,
    "seed": 7,
    "approval": "manual",
    "concurrent_sessions": "refuse",
    "assumptions": {"token.lifetime": 60},
}
"""An example of each keyword of the marker."""

OPTION = {
    plugin.URL: "http://mock-sei:8044",
    plugin.ONE_WAY_URL: "https://localhost:8443",
    plugin.TWO_WAY_URL: "https://localhost:8444",
}
"""An example of each option."""


def fixtures() -> dict[str, Any]:
    """The fixtures of the plugin, by name."""
    found = {
        name: each for name, each in vars(plugin).items() if hasattr(each, "_get_wrapped_function")
    }
    return {name: found[name] for name in sorted(found, key=len)}


def function_of(fixture: Any) -> Any:
    """What makes the value of a fixture."""
    return fixture._get_wrapped_function()  # noqa: SLF001  # pytest has no public name for it


def scope_of(fixture: Any) -> str:
    return str(fixture._fixture_function_marker.scope)  # noqa: SLF001


def _defaults() -> dict[str, Any]:
    return dict(vars(Behaviour()))


def _plain(told: Any) -> Any:
    return str(told) if isinstance(told, str) else told


def _variable(option: str) -> str:
    return option.removeprefix("--").replace("-", "_").upper()


def _settings() -> Iterator[str]:
    yield (
        "One name for each setting: the keyword of `MockSei` and of the `mock_sei_settings` fixture, and the "
        "key in `mock-sei.toml`. `mock-sei serve` has an option for it, and reads a variable. An option is "
        "taken before a variable, a variable before the file, the file before the default. A reset, "
        "and the marker, can change " + ", ".join(f"`{name}`" for name in _defaults()) + "."
    )
    shown = example_settings()
    yield table(
        ["setting", "option", "variable", "default", "what", "in mock-sei.toml"],
        (
            [
                f"`{name}`",
                "" if name in FILE_ONLY else f"`--{name.replace('_', '-')}`",
                "" if name in FILE_ONLY else f"`{ENVIRONMENT_PREFIX}{name.upper()}`",
                _default(field.default),
                _sentence(field.description or ""),
                f"`{shown[name]}`",
            ]
            for name, field in Settings.model_fields.items()
        ),
    )
    yield (
        "[`mock-sei.example.toml`](../mock-sei.example.toml) is a file with all of them, "
        "[testing.md](testing.md#the-fields-of-a-fault) has the fields of `faults`."
    )


def _default(told: Any) -> str:
    if told is None:
        return "none"
    plain = list(told) if isinstance(told, tuple) else told
    return f"`{str(plain).lower() if isinstance(plain, bool) else plain}`"


def example_settings() -> dict[str, str]:
    """A line of ``mock-sei.example.toml`` for each setting."""
    text = EXAMPLE_SETTINGS.read_text(encoding="utf-8")
    lines = re.findall(r"(?m)^(?:# )?(\w+ = (?:\"[^\"]*\"|\[.*?\]|[^#\n]*?)) *(?:#.*)?$", text)
    found = {line.partition(" = ")[0]: line for line in lines}
    tables = {
        "faults": '[[faults]] operation = "GET /v2/investors" status = 503',
        "assumptions": "[assumptions] token.lifetime = 1800",
    }
    shown = {name: tables.get(name) or found[name] for name in Settings.model_fields}
    for name in shown.keys() - tables.keys():
        tomllib.loads(shown[name])
    return shown


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _entry(name: str) -> Iterator[str]:
    """One public name."""
    found = getattr(mock_sei, name)
    yield f"### `{name}`"
    if not inspect.isclass(found):
        yield f"{described(name)} One of {', '.join(f'`{each!r}`' for each in get_args(found))}."
    elif is_typeddict(found):
        yield _linked(described(name), but=name)
        yield table(["keyword", "type", "what"], _keywords(found))
    else:
        yield block("python", signature_of(name, found))
        yield _linked(described(name), but=name)
        bases = [each.__name__ for each in found.__mro__[1:] if is_public(each)]
        if bases and not issubclass(found, Exception):
            yield f"It has everything that [`{bases[0]}`](#{bases[0].lower()}) has."
        members = list(members_of(name))
        if members:
            yield table(
                ["member", "what"],
                (
                    [f"`{cell(text)}`".replace("\\|", "|"), _linked(told, but=name)]
                    for _, text, told in members
                ),
            )
    yield block("python", EXAMPLES[name])


def is_public(kind: type) -> bool:
    return any(getattr(mock_sei, name) is kind for name in mock_sei.__all__)


def described(name: str) -> str:
    """The docstring of a public name."""
    found = getattr(mock_sei, name)
    if inspect.isclass(found):
        return prose(inspect.getdoc(found) or "")
    source = inspect.getsource(inputs)
    below = re.search(rf'(?m)^{name} = .*\n"""(.*)"""$', source)
    return below[1] if below else ""


def _linked(text: str, *, but: str) -> str:
    """With a link at each public name in it that is another's."""
    return re.sub(
        r"(?<!\[)`(\w+)`",
        lambda found: (
            f"[`{found[1]}`](#{found[1].lower()})"
            if found[1] in mock_sei.__all__ and found[1] != but
            else found[0]
        ),
        text,
    )


def _keywords(kind: Any) -> Iterator[list[str]]:
    told = keywords_of(kind)
    for name, hint in kind.__annotations__.items():
        yield [f"`{name}`", f"`{_type_of(hint)}`", told[name]]


def keywords_of(kind: Any) -> dict[str, str]:
    """What each keyword of a ``TypedDict`` is, those of its bases too.

    Python 3.11 does not keep the bases: they are those whose keywords it has.
    """
    found: dict[str, str] = {}
    for each in (*vars(inputs).values(), *vars(search).values(), RequestFields):
        if is_typeddict(each) and each.__annotations__.items() <= kind.__annotations__.items():
            found |= descriptions(each)
    return found | descriptions(kind)


def _type_of(hint: Any) -> str:
    text = getattr(hint, "__forward_arg__", None) or str(hint)
    return str(text).replace("|", "or")


def signature_of(name: str, kind: Any) -> str:
    """How a class is made, or only its name where a platform hands it out."""
    if issubclass(kind, Exception) or name not in MADE:
        return f"class {name}"
    return f"{name}{_signature(kind.__init__)}".removesuffix(" -> None")


MADE = ("MockSei", "Attached")
"""Classes whose objects a user makes."""


def _signature(function: Any) -> str:
    signature = inspect.signature(inspect.unwrap(function))
    kept = [each for each in signature.parameters.values() if each.name != "self"]
    text = str(signature.replace(parameters=kept))
    return _plain_hints(text)


def _plain_hints(text: str) -> str:
    """Annotations without quotes, by the names that are exported."""
    text = re.sub(r"(: |-> )(['\"])(.*?)\2(?=[,)=\s]|$)", r"\1\3", text)
    return re.sub(r"\bEntry\b", "JournalEntry", text)


def members_of(name: str) -> Iterator[tuple[str, str, str]]:
    """Name, signature and docstring of each public member, those of unexported bases too."""
    kind = getattr(mock_sei, name)
    if is_typeddict(kind) or not inspect.isclass(kind):
        return
    fields = descriptions(kind) if is_dataclass(kind) else {}
    annotations = kind.__annotations__ if is_dataclass(kind) else {}
    for field, hint in annotations.items():
        if field[0] != "_" and field not in OF_THE_SERVER.get(name, ()):
            yield field, f"{field}: {hint}", prose(fields.get(field, ""))
    seen = set(annotations)
    for base in kind.__mro__:
        if base is object or (issubclass(base, Exception) and base is not kind):
            continue
        if base is not kind and is_public(base):
            continue
        if not base.__module__.startswith("mock_sei."):
            continue
        for member, value in vars(base).items():
            wanted = (member[0] != "_" or member in SPELLED) and _is_member(value)
            if wanted and member not in seen and member not in OF_THE_SERVER.get(name, ()):
                seen.add(member)
                yield member, _written(name, member, value), prose(doc_of(kind, member))


def doc_of(kind: type, member: str) -> str:
    """The docstring of a member, or of the member of a base that it stands for."""
    for base in kind.__mro__:
        found = vars(base).get(member)
        text = getattr(getattr(found, "fget", found), "__doc__", None)
        if found is not None and text:
            return inspect.cleandoc(str(text))
    return ""


def _is_member(value: Any) -> bool:
    return inspect.isfunction(value) or isinstance(value, property)


def _written(name: str, member: str, value: Any) -> str:
    if member in SPELLED:
        return SPELLED[member].format(HANDED_OUT.get(name, name.lower()))
    if isinstance(value, property):
        given = inspect.signature(value.fget).return_annotation if value.fget else ""
        return _plain_hints(f"{member}: {given}")
    return f"{member}{_signature(value)}"


HANDED_OUT = {
    "Applications": "mock_sei.applications",
    "Collection": "collection",
    "Data": "mock_sei.data",
    "Faults": "mock_sei.faults",
    "Journal": "mock_sei.journal",
    "JournalView": "journal",
    "Mailbox": "mock_sei.mailbox",
}
"""What an object is called in examples."""
