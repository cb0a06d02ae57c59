"""Journal entries as a module for pytest: one test that makes the same calls, in their order.

It uses the ``mock_sei`` fixture, which has the secrets that the journal hides. A call whose secrets
no fixture has is left out, and a comment says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from mock_sei.journal.entries import Entry, HttpRequest
from mock_sei.journal.fixture_variables import (
    DEPTH,
    IN_CALLS,
    FixtureVariables,
    KnownApplications,
    Line,
    NoHelper,
)
from mock_sei.journal.hidden_values import (
    LOGIN_PATH,
    MEANINGS,
    HiddenValue,
    HiddenValues,
    Secret,
    form_of,
)
from mock_sei.journal.hiding import HIDDEN
from mock_sei.journal.python_source import INDENT, Name, call, joined
from mock_sei.journal.recorded import snapshot
from mock_sei.journal.repeating import DOTS, LEFT_OUT, TOKEN_SCHEMES, named, whole_request
from mock_sei.journal.targets import quote_path, quote_query
from mock_sei.rules.records import DEFAULT_USER

TEST = "test_what_the_journal_had"
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
_USUAL_HEADERS = (("accept", "*/*"), ("content-type", "application/x-www-form-urlencoded"))
"""Headers that the client sends unasked, the second one with a form."""


def test_module(entries: Iterable[Entry], known: KnownApplications) -> list[str]:
    """The lines of the module."""
    test = _Test(known)
    calls = [line for each in entries for line in test.write(snapshot(each))]
    return [
        '"""The calls that a journal of mock-sei had, as a test."""',
        "",
        "",
        f"def {TEST}(mock_sei):",
        *test.text(calls),
    ]


class _Test:
    """The body of the test. Each entry is written whole, or as a comment."""

    def __init__(self, known: KnownApplications) -> None:
        self._known = known
        self._variables = FixtureVariables(known, ["mock_sei", "answer", "tokens", TEST])
        self._users: dict[str, str] = {}
        """Who logged in last, by AppKey."""

    def write(self, entry: Entry) -> list[Line]:
        """The lines of an entry."""
        self._variables.begin_call()
        told = f"{IN_CALLS}# {entry}".rstrip()
        try:
            request = whole_request(entry)
            if not entry.status:
                raise NoHelper("the connection was closed before there was an answer")
            lines = list(self._call(entry, request))
        except ValueError as error:
            return [told, f"{IN_CALLS}# Left out: {error}."]
        return [told, *self._variables.end_call(), *lines]

    def text(self, calls: Sequence[Line]) -> Iterator[str]:
        """The lines of the body, from the lines of all entries."""
        yield from self._variables.setup()
        opened = self._variables.opened()
        if not opened:
            yield f"{INDENT}assert mock_sei.url"
            for each in self._variables.kept(calls):
                yield each[len(INDENT) :].replace(f"\n{INDENT}", "\n")
            return
        if len(opened) == 1:
            yield f"{INDENT}with {opened[0]}:"
        else:
            yield f"{INDENT}with ("
            yield from (f"{IN_CALLS}{each}," for each in opened)
            yield f"{INDENT}):"
        yield from self._variables.kept(calls)

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
            raise NoHelper("mock_sei.login always logs in and allows")
        variable, application = self._variables.application(fields.get("client_id"))
        user = fields.get("username", DEFAULT_USER)
        self._users[application.app_key] = user
        source = call("mock_sei.login", [variable], {"user": user}, DEPTH)
        yield f"{IN_CALLS}assert not {source}.error"

    def _token_of_user(self, entry: Entry) -> Iterator[Line]:
        variable, application = self._variables.application(entry.application)
        fields = self._fields(entry)
        user = fields.get("username") or self._users.get(application.app_key, DEFAULT_USER)
        source = call("mock_sei.token_response", [variable], {"user": user}, DEPTH)
        yield f"{IN_CALLS}tokens = {source}"
        yield f'{IN_CALLS}assert tokens["access_token"]'
        yield from self._variables.new_tokens(entry, application, "tokens")

    def _plain_call(self, entry: Entry, request: HttpRequest) -> Iterator[Line]:
        hidden = HiddenValues(entry)
        url, keywords = self._target(entry, request, hidden)
        keywords |= self._body(entry, request, hidden) | self._head(entry, hidden)
        method = request.method
        client = self._variables.client(entry)
        if method in _BODY_METHODS or (method in _BARE_METHODS and not request.body):
            function, arguments = f"{client.source}.{method.lower()}", [url]
        else:
            function, arguments = f"{client.source}.request", [method, url]
        yield from self._prepared_answer(entry)
        yield f"{IN_CALLS}answer = {call(function, arguments, keywords, DEPTH)}"
        yield f"{IN_CALLS}assert answer.status_code == {entry.status}"
        if _is_token_request(request) and entry.status == _OK:
            _, application = self._variables.application(entry.application)
            yield from self._variables.new_tokens(entry, application, "answer.json()")

    def _prepared_answer(self, entry: Entry) -> Iterator[str]:
        """Sets up the fault or the scripted answer that an entry met."""
        if entry.refused_by == "fault":
            source = call("mock_sei.faults.add", [], {"status": entry.status, "times": 1}, DEPTH)
            yield f"{IN_CALLS}{source}"
        elif _SCRIPTED in entry.notes:
            source = call("mock_sei.enqueue", [entry.operation], _scripted(entry), DEPTH)
            yield f"{IN_CALLS}{source}"

    def _target(
        self, entry: Entry, request: HttpRequest, hidden: HiddenValues
    ) -> tuple[str, dict[str, Any]]:
        path, query = request.wire_path or request.shown_path, request.query
        if HIDDEN in path:
            raise NoHelper(f"no fixture has the {MEANINGS[Secret.LINK]}")
        if not path.startswith("/") or path.startswith("//") or DOTS.search(path):
            raise NoHelper("the client of the fixture would change the path")
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
                headers[name] = self._variables.app_key(value)
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
            keywords["auth"] = (self._variables.app_key(app_key), self._secret(entry, of))
        elif rest == HIDDEN and scheme.lower() in TOKEN_SCHEMES:
            token = self._secret(entry, hidden.of(Secret.TOKEN))
            headers["authorization"] = joined([f"{scheme} ", token])
        else:
            raise NoHelper(f"no fixture has the {MEANINGS[Secret.AUTHORIZATION]}")

    # Values

    def _fields(self, entry: Entry) -> dict[str, str]:
        query = entry.request.query if entry.request else ""
        return dict(parse_qsl(query)) | dict(parse_qsl(form_of(entry) or ""))

    def _parameters(self, entry: Entry, text: str, hidden: HiddenValues) -> dict[str, Any]:
        """A query string or form as a mapping; a repeated name has a list."""
        found: dict[str, Any] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            if HIDDEN in name:
                raise NoHelper(f"no fixture has the {MEANINGS[Secret.OTHER]}")
            if name == "client_id":
                shown: Any = self._variables.app_key(value)
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
        raise NoHelper(f"no fixture has the {MEANINGS[value.kind]}")

    def _right(self, entry: Entry, value: HiddenValue) -> Name | None:
        application = value.owner and self._known.find_application(value.owner)
        if value.kind is Secret.REFRESH_TOKEN and entry.application is not None:
            return self._variables.known_token(Secret.REFRESH_TOKEN, entry.application)
        if not application or value.is_user:
            return None
        if value.kind is Secret.TOKEN:
            return self._variables.token(application)
        if value.kind is Secret.APP_SECRET and application.app_secret is not None:
            return self._variables.app_secret(application)
        if value.kind is Secret.PASSWORD and value.owner == application.service_account:
            return self._variables.password(application)
        return None


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
        value = json.loads(response.body)
        json.dumps(value, allow_nan=False)  # source of Python has no word for what is no number
        return keywords | {"json": value}
    except ValueError:
        return keywords | {"text": response.body}
