"""What a test takes from the ``mock_sei`` fixture: applications, accounts, clients, tokens.

Each is a variable of the test, which is set once and only if a call uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mock_sei.journal.entries import Entry
from mock_sei.journal.hidden_values import Secret
from mock_sei.journal.hiding import HIDDEN
from mock_sei.journal.python_source import INDENT, Name, Names, call, literal
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Actor, ApplicationType, Listener

DEPTH = 2
"""How far the calls of the test are indented."""
IN_CALLS = INDENT * DEPTH

_FIELDS = (
    "type",
    "actor",
    "owner",
    "products",
    "environments",
    "redirect_addresses",
    "source_addresses",
    "scopes",
)
"""Fields of an application that a test registers."""
_USUAL_FIELDS = Application(
    name="usual",
    type=ApplicationType.SERVER_SERVER,
    actor=Actor.SERVER,
    app_key="usual",
)


@dataclass(frozen=True, kw_only=True)
class KnownApplications:
    """Who is registered at the server whose journal it is."""

    find_application: Callable[[str], Application | None]
    """Finds an application by its name, its AppKey or its service account."""
    is_seeded: Callable[[Application], bool]
    """True for an application that the server has from its start."""


class NoHelper(ValueError):
    """A test cannot make a call, for example since no fixture has its secret."""


@dataclass(frozen=True)
class Assignment:
    """A line that sets a variable; it is left out if no later line uses the variable."""

    name: str
    line: str


Line = str | Assignment


class FixtureVariables:
    """The variables of one test."""

    def __init__(self, known: KnownApplications, taken: Iterable[str]) -> None:
        """``taken`` are names that no variable may have."""
        self._known = known
        self._names = Names(taken)
        self._variables: dict[str, tuple[Name, Application]] = {}
        self._accounts: dict[str, Name] = {}
        self._clients: dict[str, tuple[Name, str]] = {}
        self._tokens: dict[tuple[Secret, str], Name] = {}
        self._obtained: set[Name] = set()
        self._setup: list[Line] = []
        self._used: set[str] = set()
        self.begin_call()

    def begin_call(self) -> None:
        """Forgets what a call used that is not written after all."""
        self._before: list[str] = []
        self._using: set[str] = set()
        self._obtaining: set[Name] = set()

    def end_call(self) -> list[str]:
        """Keeps what a call used; returns the lines that must stand before it."""
        self._used |= self._using
        self._obtained |= self._obtaining
        return self._before

    def kept(self, lines: Iterable[Line]) -> Iterator[str]:
        """The lines without those that set variables which nothing uses."""
        for each in lines:
            if isinstance(each, str):
                yield each
            elif each.name in self._used:
                yield each.line

    def setup(self) -> Iterator[str]:
        """The lines that set the variables of applications and accounts."""
        return self.kept(self._setup)

    def opened(self) -> list[str]:
        """The clients, as a ``with`` statement opens them."""
        return [
            f"{source} as {name.source}"
            for name, source in self._clients.values()
            if name.source in self._used
        ]

    def _use(self, name: Name) -> Name:
        self._using.add(name.source)
        return name

    def app_key(self, app_key: str) -> str | Name:
        """An AppKey: of a known application by its variable."""
        if HIDDEN in app_key:
            raise NoHelper("no fixture has the AppKey")
        found = self._known.find_application(app_key)
        if found is None or found.app_key != app_key:
            return app_key
        variable, _ = self.application(app_key)
        return Name(f"{variable.source}.app_key")

    def application(self, name_or_key: str | None) -> tuple[Name, Application]:
        """The variable of an application. Raises :class:`NoHelper` if there is no such one."""
        found = self._known.find_application(name_or_key) if name_or_key else None
        if found is None:
            raise NoHelper("its application is not registered any more")
        if found.name not in self._variables:
            name = Name(self._names.new(found.name))
            self._variables[found.name] = (name, found)
            self._setup.append(
                Assignment(name.source, f"{INDENT}{name.source} = {self._made(found)}")
            )
        variable, application = self._variables[found.name]
        return self._use(variable), application

    def _made(self, application: Application) -> str:
        """The expression that gives a test the application."""
        if self._known.is_seeded(application):
            return f"mock_sei.applications[{literal(application.name)}]"
        usual = {each: getattr(_USUAL_FIELDS, each) for each in _FIELDS}
        fields = {each: getattr(application, each) for each in _FIELDS}
        given: dict[str, Any] = {"name": application.name}
        for name, value in fields.items():
            if value != usual[name] or name in ("type", "actor"):
                given[name] = [*map(str, value)] if isinstance(value, tuple) else str(value)
        made = "new_application" if application.approved else "applications.register"
        return call(f"mock_sei.{made}", [], given, 1)

    def app_secret(self, application: Application) -> Name:
        """The AppSecret of an application."""
        variable, _ = self.application(application.name)
        return Name(f"{variable.source}.app_secret")

    def password(self, application: Application) -> Name:
        """The password of the service account of an application."""
        variable, _ = self.application(application.name)
        if application.name not in self._accounts:
            name = Name(self._names.new(f"{variable.source}_account"))
            self._accounts[application.name] = name
            source = f"mock_sei.service_account({variable.source})"
            self._setup.append(Assignment(name.source, f"{INDENT}{name.source} = {source}"))
        return Name(f"{self._use(self._accounts[application.name]).source}.password")

    def client(self, entry: Entry) -> Name:
        """A client of the listener, with the certificate, that an entry had."""
        account = ""
        if entry.listener is Listener.TWO_WAY:
            account = entry.certificate.common_name if entry.certificate else "?"
            found = self._known.find_application(account)
            if found is None or found.service_account != account:
                raise NoHelper("the client certificate is of no account")
            variable, _ = self.application(account)
            if account not in self._clients:
                name = Name(self._names.new(f"{variable.source}_client"))
                self._clients[account] = (name, f"mock_sei.client({variable.source})")
        elif account not in self._clients:
            name = Name(self._names.new("one_way_client"))
            self._clients[account] = (name, "mock_sei.client()")
        return self._use(self._clients[account][0])

    def token(self, application: Application) -> Name:
        """The newest token of an application; one that no call got is obtained before."""
        known = self.known_token(Secret.TOKEN, application.name)
        if known is not None:
            return known
        variable, _ = self.application(application.name)
        name = self._token_name(Secret.TOKEN, application.name, variable)
        source = f"{name.source} = mock_sei.token({variable.source})"
        self._before.append(f"{IN_CALLS}{source}")
        self._obtaining.add(name)
        return self._use(name)

    def known_token(self, kind: Secret, application: str) -> Name | None:
        """The newest token of a kind that a call got; None if there is none."""
        name = self._tokens.get((kind, application))
        if name is None or (name not in self._obtained and name not in self._obtaining):
            return None
        return self._use(name)

    def _token_name(self, kind: Secret, application: str, variable: Name) -> Name:
        key = (kind, application)
        if key not in self._tokens:
            self._tokens[key] = Name(self._names.new(f"{variable.source}_{kind}"))
        return self._tokens[key]

    def new_tokens(self, entry: Entry, application: Application, answer: str) -> Iterator[Line]:
        """Lines that keep the tokens of an answer for later calls."""
        variable, _ = self._variables[application.name]
        body = entry.response.body if entry.response else ""
        members = [(Secret.TOKEN, "access_token")]
        if '"refresh_token"' in body:
            members.append((Secret.REFRESH_TOKEN, "refresh_token"))
        for kind, member in members:
            name = self._token_name(kind, application.name, variable)
            self._obtaining.add(name)
            source = f'{name.source} = {answer}["{member}"]'
            yield Assignment(name.source, f"{IN_CALLS}{source}")
