"""Journal entries as a module for pytest: one test that makes the same calls, in their order.

It uses the ``mock_sei`` fixture, which has the secrets that the journal hides. A call whose secrets
no fixture has is left out, and a comment says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from mock_sei.journal.curl import DOTS, LEFT_OUT, TOKEN_SCHEMES, named, whole_request
from mock_sei.journal.entries import Entry, HttpRequest
from mock_sei.journal.hidden_values import (
    LOGIN_PATH,
    MEANINGS,
    HiddenValue,
    HiddenValues,
    Secret,
    form_of,
)
from mock_sei.journal.hiding import HIDDEN
from mock_sei.journal.python_source import INDENT, Name, Names, call, joined, literal
from mock_sei.journal.targets import quote_path, quote_query
from mock_sei.rules.records import DEFAULT_USER, Application
from mock_sei.rules.standards import Actor, ApplicationType, Listener

TEST = "test_what_the_journal_had"
_DEPTH = 2
"""How far the calls of the test are indented."""
_IN_CALLS = INDENT * _DEPTH
_OK, _SEE_OTHER = 200, 303

_TOKEN_PATHS = ("/v2/oauthtoken", "/v2/oauth/token", "/v3/oauthtoken")
_SCRIPTED = "answered from a script"
"""The note of an entry whose answer a test scripted."""
_BODY_METHODS = ("POST", "PUT", "PATCH")
"""Methods whose function of the client takes a body."""
_BARE_METHODS = ("GET", "HEAD", "OPTIONS", "DELETE")
"""Methods whose function of the client takes no body."""
_LOOKED_UP = (Secret.TOKEN, Secret.APP_SECRET, Secret.PASSWORD)
"""Of an application that is not registered these are refused, whatever they are."""
_GRANTS_WITH_USER = ("authorization_code", "password")
"""Grants whose token ``mock_sei.token_response`` gets, log-in included."""
_USUAL_HEADERS = frozenset(
    {("accept", "*/*"), ("content-type", "application/x-www-form-urlencoded")}
)
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


def test_module(entries: Iterable[Entry], known: KnownApplications) -> list[str]:
    """The lines of the module."""
    test = _Test(known)
    calls = [line for each in entries for line in test.write(each)]
    return [
        '"""The calls that a journal of mock-sei had, as a test."""',
        "",
        "",
        f"def {TEST}(mock_sei):",
        *test.text(calls),
    ]


class _NoHelper(ValueError):
    """A call has a secret that no fixture has."""


@dataclass(frozen=True)
class _Assignment:
    """A line that sets a variable; it is left out if no later line uses the variable."""

    name: str
    line: str


Line = str | _Assignment


class _Test:
    """The body of the test. Each entry is written whole, or as a comment."""

    def __init__(self, known: KnownApplications) -> None:
        self._known = known
        self._names = Names(["mock_sei", "answer", "tokens", TEST])
        self._variables: dict[str, tuple[Name, Application]] = {}
        self._accounts: dict[str, Name] = {}
        self._clients: dict[str, tuple[Name, str]] = {}
        self._tokens: dict[tuple[Secret, str], Name] = {}
        self._obtained: set[Name] = set()
        self._users: dict[str, str] = {}
        """Who logged in last, by AppKey."""
        self._setup: list[Line] = []
        self._used: set[str] = set()
        # Of the entry that is being written
        self._before: list[Line] = []
        self._using: set[str] = set()

    def write(self, entry: Entry) -> list[Line]:
        """The lines of an entry."""
        self._before, self._using = [], set()
        told = f"{_IN_CALLS}# {entry}".rstrip()
        try:
            request = whole_request(entry)
            if not entry.status:
                raise _NoHelper("the connection was closed before there was an answer")
            lines = list(self._call(entry, request))
        except ValueError as error:
            return [told, f"{_IN_CALLS}# Left out: {error}."]
        self._used |= self._using
        before = [each if isinstance(each, str) else each.line for each in self._before]
        return [told, *before, *lines]

    def text(self, calls: Sequence[Line]) -> Iterator[str]:
        """The lines of the body, from the lines of all entries."""
        yield from self._kept(self._setup)
        opened = [
            f"{source} as {name.source}"
            for name, source in self._clients.values()
            if name.source in self._used
        ]
        if not opened:
            yield f"{INDENT}assert mock_sei.url"
            yield from (each[len(INDENT) :] for each in self._kept(calls))
            return
        if len(opened) == 1:
            yield f"{INDENT}with {opened[0]}:"
        else:
            yield f"{INDENT}with ("
            yield from (f"{_IN_CALLS}{each}," for each in opened)
            yield f"{INDENT}):"
        yield from self._kept(calls)

    def _kept(self, lines: Iterable[Line]) -> Iterator[str]:
        for each in lines:
            if isinstance(each, str):
                yield each
            elif each.name in self._used:
                yield each.line

    # Calls

    def _call(self, entry: Entry, request: HttpRequest) -> Iterator[Line]:
        grant = self._fields(entry).get("grant_type") if _is_token_request(request) else None
        if request.path == LOGIN_PATH and request.method == "POST" and entry.status == _SEE_OTHER:
            yield from self._login(entry)
        elif grant in _GRANTS_WITH_USER and entry.status == _OK:
            yield from self._token_of_user(entry)
        else:
            yield from self._plain_call(entry, request)

    def _login(self, entry: Entry) -> Iterator[Line]:
        fields = self._fields(entry)
        if fields.get("decision", "allow") != "allow" or "cookie" in _headers(entry):
            raise _NoHelper("mock_sei.login always logs in and allows")
        variable, application = self._application(fields.get("client_id"))
        user = fields.get("username", DEFAULT_USER)
        self._users[application.app_key] = user
        source = call("mock_sei.login", [variable], {"user": user}, _DEPTH)
        yield f"{_IN_CALLS}assert not {source}.error"

    def _token_of_user(self, entry: Entry) -> Iterator[Line]:
        variable, application = self._application(entry.application)
        fields = self._fields(entry)
        user = fields.get("username") or self._users.get(application.app_key, DEFAULT_USER)
        source = call("mock_sei.token_response", [variable], {"user": user}, _DEPTH)
        yield f"{_IN_CALLS}tokens = {source}"
        yield f'{_IN_CALLS}assert tokens["access_token"]'
        yield from self._new_tokens(entry, application, "tokens")

    def _plain_call(self, entry: Entry, request: HttpRequest) -> Iterator[Line]:
        hidden = HiddenValues(entry)
        url, keywords = self._target(entry, request, hidden)
        keywords |= self._body(entry, request, hidden) | self._head(entry, hidden)
        method = request.method
        client = self._client(entry)
        if method in _BODY_METHODS or (method in _BARE_METHODS and not request.body):
            function, arguments = f"{client.source}.{method.lower()}", [url]
        else:
            function, arguments = f"{client.source}.request", [method, url]
        yield from self._prepared_answer(entry)
        yield f"{_IN_CALLS}answer = {call(function, arguments, keywords, _DEPTH)}"
        yield f"{_IN_CALLS}assert answer.status_code == {entry.status}"
        if _is_token_request(request) and entry.status == _OK:
            _, application = self._application(entry.application)
            yield from self._new_tokens(entry, application, "answer.json()")

    def _prepared_answer(self, entry: Entry) -> Iterator[str]:
        """Sets up the fault or the scripted answer that an entry met."""
        if entry.refused_by == "fault":
            source = call("mock_sei.faults.add", [], {"status": entry.status, "times": 1}, _DEPTH)
            yield f"{_IN_CALLS}{source}"
        elif _SCRIPTED in entry.notes:
            source = call("mock_sei.enqueue", [entry.operation], _scripted(entry), _DEPTH)
            yield f"{_IN_CALLS}{source}"

    def _target(
        self, entry: Entry, request: HttpRequest, hidden: HiddenValues
    ) -> tuple[str, dict[str, Any]]:
        path, query = request.shown_path, request.query
        if HIDDEN in path:
            raise _NoHelper(f"no fixture has the {MEANINGS[Secret.LINK]}")
        if not path.startswith("/") or path.startswith("//") or DOTS.search(path):
            raise _NoHelper("the client of the fixture would change the path")
        url = quote_path(path)
        if HIDDEN in query or "client_id" in query:
            return url, {"params": self._parameters(entry, query, hidden)}
        return f"{url}?{quote_query(query)}" if query else url, {}

    def _body(self, entry: Entry, request: HttpRequest, hidden: HiddenValues) -> dict[str, Any]:
        if not request.body:
            return {}
        if form_of(entry) is not None:
            return {"data": self._parameters(entry, request.body, hidden)}
        return {"content": self._value(entry, request.body, hidden.after)}

    def _head(self, entry: Entry, hidden: HiddenValues) -> dict[str, Any]:
        keywords: dict[str, Any] = {}
        headers: dict[str, Any] = {}
        for name, value in _headers(entry).items():
            if name == "authorization":
                self._authorization(entry, value, hidden, keywords, headers)
            elif name == "appkey":
                headers[name] = self._app_key(value)
            elif name not in LEFT_OUT and (name, value) not in _USUAL_HEADERS:
                shown = self._value(entry, value, named(hidden, name))
                is_bytes = isinstance(shown, str) and not shown.isascii()
                headers[name] = shown.encode("latin-1", "replace") if is_bytes else shown
        return keywords | ({"headers": headers} if headers else {})

    def _authorization(
        self,
        entry: Entry,
        value: str,
        hidden: HiddenValues,
        keywords: dict[str, Any],
        headers: dict[str, Any],
    ) -> None:
        scheme, _, rest = value.partition(" ")
        app_key, colon, secret = rest.partition(":")
        if scheme == "Basic" and colon and secret == HIDDEN:
            of = hidden.of(Secret.APP_SECRET, app_key)
            keywords["auth"] = (self._app_key(app_key), self._secret(entry, of))
        elif rest == HIDDEN and scheme.lower() in TOKEN_SCHEMES:
            token = self._secret(entry, hidden.of(Secret.TOKEN))
            headers["authorization"] = joined([f"{scheme} ", token])
        else:
            raise _NoHelper(f"no fixture has the {MEANINGS[Secret.AUTHORIZATION]}")

    # Values

    def _fields(self, entry: Entry) -> dict[str, str]:
        query = entry.request.query if entry.request else ""
        return dict(parse_qsl(query)) | dict(parse_qsl(form_of(entry) or ""))

    def _parameters(self, entry: Entry, text: str, hidden: HiddenValues) -> dict[str, Any]:
        """A query string or form as a mapping; a repeated name has a list."""
        found: dict[str, Any] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            if HIDDEN in name:
                raise _NoHelper(f"no fixture has the {MEANINGS[Secret.OTHER]}")
            if name == "client_id":
                shown: Any = self._app_key(value)
            else:
                shown = self._value(entry, value, named(hidden, name))
            if name not in found:
                found[name] = shown
            elif isinstance(found[name], list):
                found[name].append(shown)
            else:
                found[name] = [found[name], shown]
        return found

    def _value(self, entry: Entry, text: str, found: Callable[[str], HiddenValue]) -> Any:
        first, *others = text.split(HIDDEN)
        parts: list[str | Name] = [first]
        before = first
        for each in others:
            parts += (self._secret(entry, found(before)), each)
            before = each
        return joined(parts)

    def _secret(self, entry: Entry, value: HiddenValue) -> str | Name:
        """A variable that has the secret, or a wrong value if the secret was refused."""
        if value.is_wrong:
            return value.stand_in
        name = self._right(entry, value)
        if name is not None:
            return name
        if entry.refused_by is not None and value.kind in _LOOKED_UP:
            return value.stand_in
        raise _NoHelper(f"no fixture has the {MEANINGS[value.kind]}")

    def _right(self, entry: Entry, value: HiddenValue) -> Name | None:
        application = value.owner and self._known.find_application(value.owner)
        if value.kind is Secret.REFRESH_TOKEN and entry.application is not None:
            return self._known_token(Secret.REFRESH_TOKEN, entry.application)
        if not application or value.is_user:
            return None
        variable, _ = self._application(application.name)
        if value.kind is Secret.TOKEN:
            return self._token(application, variable)
        if value.kind is Secret.APP_SECRET and application.app_secret is not None:
            return Name(f"{variable.source}.app_secret")
        if value.kind is Secret.PASSWORD and value.owner == application.service_account:
            return Name(f"{self._account(application, variable).source}.password")
        return None

    # Variables

    def _use(self, name: Name) -> Name:
        self._using.add(name.source)
        return name

    def _app_key(self, app_key: str) -> str | Name:
        if self._known.find_application(app_key) is None:
            if HIDDEN in app_key:
                raise _NoHelper("no fixture has the AppKey")
            return app_key
        variable, application = self._application(app_key)
        return Name(f"{variable.source}.app_key") if application.app_key == app_key else app_key

    def _application(self, name_or_key: str | None) -> tuple[Name, Application]:
        """The variable of an application. Raises :class:`_NoHelper` if there is no such one."""
        found = self._known.find_application(name_or_key) if name_or_key else None
        if found is None:
            raise _NoHelper("its application is not registered any more")
        if found.name not in self._variables:
            name = Name(self._names.new(found.name))
            self._variables[found.name] = (name, found)
            self._setup.append(
                _Assignment(name.source, f"{INDENT}{name.source} = {self._made(found)}")
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

    def _account(self, application: Application, variable: Name) -> Name:
        if application.name not in self._accounts:
            name = Name(self._names.new(f"{variable.source}_account"))
            self._accounts[application.name] = name
            source = f"mock_sei.service_account({variable.source})"
            self._setup.append(_Assignment(name.source, f"{INDENT}{name.source} = {source}"))
        return self._use(self._accounts[application.name])

    def _client(self, entry: Entry) -> Name:
        account = ""
        if entry.listener is Listener.TWO_WAY:
            account = entry.certificate.common_name if entry.certificate else "?"
            found = self._known.find_application(account)
            if found is None or found.service_account != account:
                raise _NoHelper("the client certificate is of no account")
            variable, _ = self._application(account)
            if account not in self._clients:
                name = Name(self._names.new(f"{variable.source}_client"))
                self._clients[account] = (name, f"mock_sei.client({variable.source})")
        elif account not in self._clients:
            name = Name(self._names.new("one_way_client"))
            self._clients[account] = (name, "mock_sei.client()")
        return self._use(self._clients[account][0])

    def _token(self, application: Application, variable: Name) -> Name:
        """The newest token of an application; one that no call got is obtained before."""
        known = self._known_token(Secret.TOKEN, application.name)
        if known is not None:
            return known
        name = self._token_name(Secret.TOKEN, application.name, variable)
        source = f"{name.source} = mock_sei.token({variable.source})"
        self._before.append(_Assignment(name.source, f"{_IN_CALLS}{source}"))
        self._obtained.add(name)
        return self._use(name)

    def _known_token(self, kind: Secret, application: str) -> Name | None:
        name = self._tokens.get((kind, application))
        return self._use(name) if name in self._obtained and name is not None else None

    def _token_name(self, kind: Secret, application: str, variable: Name) -> Name:
        key = (kind, application)
        if key not in self._tokens:
            self._tokens[key] = Name(self._names.new(f"{variable.source}_{kind}"))
        return self._tokens[key]

    def _new_tokens(self, entry: Entry, application: Application, answer: str) -> Iterator[Line]:
        """Lines that keep the tokens of an answer for later calls."""
        variable, _ = self._variables[application.name]
        body = entry.response.body if entry.response else ""
        members = [(Secret.TOKEN, "access_token")]
        if '"refresh_token"' in body:
            members.append((Secret.REFRESH_TOKEN, "refresh_token"))
        for kind, member in members:
            name = self._token_name(kind, application.name, variable)
            self._obtained.add(name)
            source = f'{name.source} = {answer}["{member}"]'
            yield _Assignment(name.source, f"{_IN_CALLS}{source}")


def _is_token_request(request: HttpRequest) -> bool:
    return request.method == "POST" and request.path in _TOKEN_PATHS


def _headers(entry: Entry) -> Mapping[str, str]:
    return entry.request.headers if entry.request else {}


def _scripted(entry: Entry) -> dict[str, Any]:
    """The keywords of the scripted answer that an entry had."""
    response = entry.response
    keywords: dict[str, Any] = {"status": entry.status}
    if response is None or not response.body or "body" in response.incomplete:
        return keywords
    try:
        return keywords | {"json": json.loads(response.body)}
    except ValueError:
        return keywords | {"text": response.body}
