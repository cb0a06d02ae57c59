"""Journal entries as lines for a POSIX shell: each line repeats its request with curl.

A secret is a variable, since the journal hides it; comments say how to set each variable. A request
that the journal does not have whole is not repeated, and a comment says why.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from urllib.parse import quote, unquote_plus

from mock_sei.journal.entries import Entry, HttpRequest, printed
from mock_sei.journal.hidden_values import MEANINGS, HiddenValue, HiddenValues, Secret, form_of
from mock_sei.journal.hiding import HIDDEN
from mock_sei.journal.recorded import snapshot
from mock_sei.journal.repeating import DOTS, LEFT_OUT, TOKEN_SCHEMES, named, whole_request
from mock_sei.journal.shell import Part, Variable, shell_word
from mock_sei.journal.surroundings import ClientFiles, Download, Surroundings
from mock_sei.journal.targets import quote_path, quote_query
from mock_sei.rules.connection import ClientCertificate
from mock_sei.rules.records import is_account_name

_USUAL = {"accept": "*/*", "content-type": "application/x-www-form-urlencoded"}
"""Headers that curl sends unasked, the second one with a body."""

_SIMPLE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_USUAL_CONTROL = ":8044"


class CurlLines:
    """Writes entries as lines. A variable has one meaning in all lines of an object."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._variables: dict[object, Variable] = {}
        self._counts: Counter[str] = Counter()
        self._files: dict[str, ClientFiles | None] = {}
        self._downloaded: set[Download] = set()
        self._settings: list[str] = []
        self._downloads: list[Download] = []

    def write(self, entries: Iterable[Entry]) -> list[str]:
        """The lines of some entries: for each a comment about it, and the line that repeats it.

        Before them come comments that say how to set the variables that no earlier line had, and a
        line that downloads the files that no earlier line had.
        """
        lines = [line for each in entries for line in self._lines_of(snapshot(each))]
        first, self._settings = self._settings, []
        if self._downloads:
            words = [word for each in self._downloads for word in ("-o", each.file, each.url)]
            first.append(" ".join(["curl", "-sS", *(shell_word([each]) for each in words)]))
            self._downloads = []
        return [*first, *lines]

    def _lines_of(self, entry: Entry) -> Iterator[str]:
        yield f"# {f'{entry.time:%H:%M:%S.%f}'[:-3]} {entry}"
        try:
            request = whole_request(entry)
            origin = self._surroundings.origins.of(entry.listener)
            words = list(_Words(entry, request, self._variable).all(origin))
        except ValueError as error:
            yield f"# Not repeated: {error}."
            return
        yield from self._remarks(entry)
        yield " ".join(["curl", "-sS", *self._tls(entry), *words])

    def _remarks(self, entry: Entry) -> Iterator[str]:
        shown = entry.certificate
        files = self._files_of(shown) if shown else None
        if shown and files and files.serial_number not in (None, shown.serial_number):
            yield (
                f"# The client had another certificate, with the serial number "
                f"{shown.serial_number:x}; the line has the current one."
            )

    def _tls(self, entry: Entry) -> Iterator[str]:
        self._download(self._surroundings.downloads)
        yield from ("--cacert", shell_word([self._surroundings.ca_file]))
        if entry.certificate is None:
            return
        files = self._files_of(entry.certificate)
        if files is not None:
            self._download(files.downloads)
            yield from ("--cert", shell_word([files.cert]), "--key", shell_word([files.key]))
            return
        whose = printed(entry.certificate.common_name)
        for option, name, what in (
            ("--cert", "CERT_FILE", "certificate"),
            ("--key", "KEY_FILE", "private key"),
        ):
            setting = f"'...'  # the client's {what}, PEM, of CN {whose}"
            variable = self._named((name, entry.certificate.fingerprint), name, setting)
            yield from (option, shell_word([variable]))

    def _files_of(self, certificate: ClientCertificate) -> ClientFiles | None:
        name = certificate.common_name
        if not is_account_name(name):
            return None
        if name not in self._files:
            self._files[name] = self._surroundings.find_files(name)
        return self._files[name]

    def _download(self, wanted: Sequence[Download]) -> None:
        self._downloads += [each for each in wanted if each not in self._downloaded]
        self._downloaded.update(wanted)

    def _variable(self, value: HiddenValue) -> Variable:
        return self._named(value, value.name, self._setting(value))

    def _named(self, what: Hashable, name: str, setting: str) -> Variable:
        """The variable for a value; the second one of a name has a number."""
        known = self._variables.get(what)
        if known is not None:
            return known
        self._counts[name] += 1
        count = self._counts[name]
        variable = self._variables[what] = Variable(name if count == 1 else f"{name}_{count}")
        self._settings.append(f"# {variable.name}={setting}")
        return variable

    def _setting(self, value: HiddenValue) -> str:
        """What stands after the ``=`` that sets a variable: a command, or what to put there."""
        if value.is_wrong:
            return f"{value.stand_in}  # the {MEANINGS[value.kind]} of the client was refused"
        if value.owner is None:
            return f"'...'  # the {MEANINGS[value.kind]} that the client sent"
        control = self._surroundings.control
        if value.kind is Secret.TOKEN and self._surroundings.has_command:
            where = "" if control.endswith(_USUAL_CONTROL) else f" --control-url {control}"
            return f"$(mock-sei token{where} --application {shell_word([value.owner])})"
        if value.kind is Secret.TOKEN:
            asked = shell_word([json.dumps({"application": value.owner})])
            return f"$(curl -sS -d {asked} {control}/tokens | {_take('access_token')})"
        listed, member = _LISTED[value.kind, value.is_user]
        url = shell_word([f"{control}/{listed}/{quote(value.owner, safe='')}"])
        return f"$(curl -sS {url} | {_take(member)})"


_LISTED: Mapping[tuple[Secret, bool], tuple[str, str]] = {
    (Secret.APP_SECRET, False): ("applications", "app_secret"),
    (Secret.PASSWORD, False): ("service-accounts", "password"),
    (Secret.PASSWORD, True): ("end-users", "password"),
}
"""Where the control API has a secret, and as which member."""


def _take(member: str) -> str:
    """A command that takes a member out of JSON."""
    return rf"""sed -E 's/.*"{member}":"([^"]+)".*/\1/'"""


class _Words:
    """The words of one line, quoted for the shell."""

    def __init__(
        self, entry: Entry, request: HttpRequest, variable: Callable[[HiddenValue], Variable]
    ) -> None:
        self._entry = entry
        self._request = request
        self._variable = variable
        self._hidden = HiddenValues(entry)

    def all(self, origin: str) -> Iterator[str]:
        """Every word after ``curl -sS`` and the words about TLS."""
        yield from self._method()
        yield from self._headers()
        yield from self._body()
        yield from self._url(origin)

    def _method(self) -> Iterator[str]:
        method = self._request.method
        if method == "HEAD" and self._request.body:
            raise ValueError("curl sends no HEAD with a body")
        if method == "HEAD":
            yield "--head"
        elif method != ("POST" if self._request.body else "GET"):
            yield from ("-X", shell_word([method]))

    def _headers(self) -> Iterator[str]:
        for name, value in self._request.headers.items():
            if name in LEFT_OUT or self._is_usual(name, value):
                continue
            if name == "authorization":
                yield from self._authorization(name, value)
            elif not value:
                yield from ("-H", shell_word([f"{name};"]))  # curl sends it without a value
            else:
                yield from self._header(name, value, self._hidden.named(name))

    def _is_usual(self, name: str, value: str) -> bool:
        if name == "content-type" and not self._request.body:
            return False
        return value == _USUAL.get(name)

    def _authorization(self, name: str, value: str) -> Iterator[str]:
        scheme, _, rest = value.partition(" ")
        app_key, colon, secret = rest.partition(":")
        if scheme == "Basic" and colon and secret == HIDDEN and HIDDEN not in app_key:
            variable = self._variable(self._hidden.of(Secret.APP_SECRET, app_key))
            yield from ("-u", shell_word([f"{app_key}:", variable]))
            return
        is_token = rest == HIDDEN and scheme.lower() in TOKEN_SCHEMES
        kind = Secret.TOKEN if is_token else Secret.AUTHORIZATION
        if not is_token:
            value = HIDDEN  # what is shown of it is decoded
        yield from self._header(name, value, self._hidden.of(kind))

    def _header(self, name: str, value: str, hidden: HiddenValue) -> Iterator[str]:
        parts = [f"{name}: ", *self._parts(value, lambda _: hidden)]
        yield from ("-H", shell_word(parts, encoding="latin-1"))

    def _body(self) -> Iterator[str]:
        """``--data-raw`` sends a text as it is, also one that begins with ``@``."""
        body = self._request.body
        if not body:
            return
        if HIDDEN in body and form_of(self._entry) is not None:
            yield from self._form(body)
        else:
            yield from ("--data-raw", shell_word(self._parts(body, self._hidden.after)))

    def _form(self, body: str) -> Iterator[str]:
        """A form with secrets, which curl must encode. It puts ``&`` between its data options."""
        for has_secret, fields in groupby(body.split("&"), lambda each: HIDDEN in each):
            if not has_secret:
                yield from ("--data-raw", shell_word(["&".join(fields)]))
                continue
            for each in fields:
                yield from self._secret_field(each)

    def _secret_field(self, field: str) -> Iterator[str]:
        name, equals, value = field.partition("=")
        option = "--data-raw"
        if equals and _SIMPLE_NAME.fullmatch(name):
            option, value = "--data-urlencode", unquote_plus(value)
        found = named(self._hidden, unquote_plus(name))
        yield from (option, shell_word([f"{name}{equals}", *self._parts(value, found)]))

    def _url(self, origin: str) -> Iterator[str]:
        path, query = self._request.shown_path, self._request.query
        if not path.startswith("/"):
            yield from ("--request-target", shell_word([path]))
            path = ""
        if DOTS.search(path):
            yield "--path-as-is"
        link = self._hidden.of(Secret.LINK)
        parts: list[Part] = [origin, *self._parts(quote_path(path), lambda _: link)]
        for index, field in enumerate(query.split("&") if query else ()):
            found = named(self._hidden, unquote_plus(field.partition("=")[0]))
            parts += ("&" if index else "?", *self._parts(quote_query(field), found))
        yield shell_word(parts)

    def _parts(self, text: str, found: Callable[[str], HiddenValue]) -> list[Part]:
        """The texts between the secrets, and the variable of each secret.

        ``found`` returns what is hidden, from the text before it.
        """
        first, *others = text.split(HIDDEN)
        parts: list[Part] = [first]
        before = first
        for each in others:
            parts += (self._variable(found(before)), each)
            before = each
        return parts
