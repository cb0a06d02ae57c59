"""Secrets of an exchange become placeholders, in memory, before anything is written.

A value is secret by the name of its field (``names.py``), or because it looks like a secret: a JWT,
a private key, a certificate link. From then on it is a placeholder wherever it stands, in every
encoding that the journal's redaction knows. The same value is always the same placeholder. Bodies
that cannot be searched by names of fields, such as HTML, are left out.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote_plus, unquote_plus

from mock_sei.journal.hiding import (
    PRIVATE_KEY,
    KnownSecrets,
    Stretch,
    apply_stretches,
    find_secrets,
)
from mock_sei.journal.readings import FoundValue, Span
from mock_sei.recordings.exchanges import (
    BodyKind,
    RecordedBody,
    RecordedExchange,
    RecordedHeaders,
    RecordedRequest,
    RecordedResponse,
)
from mock_sei.recordings.json_values import replace_values
from mock_sei.recordings.kept import (
    Bodies,
    FindEnumerations,
    is_functional,
    is_refusal,
    no_enumerations,
)
from mock_sei.recordings.names import PROTOCOL_WORDS, SecretKind, SecretNames
from mock_sei.recordings.shapes import Enumerations, read_shape, shape_of
from mock_sei.rules.secret_index import ANCHOR, SecretIndex

PLACEHOLDER = re.compile(r"\{\{([a-z]+(?:-[a-z]+)*)-([1-9][0-9]{0,8})\}\}")
"""A placeholder: its kind and its number."""

_SHORTEST_COOKIE = 8
"""A shorter value of a cookie, such as a language, is a placeholder in cookies only."""
_MOST_INSIDE = 3
"""JSON in a text of JSON is searched so many times."""
_PARAMETER = re.compile(r"(?<![^&])([^&=]*+)=([^&]*+)")
_TEXTS = re.compile(r"(?i)\s*text/(plain|csv)\s*(;|$)")
"""Media types without fields, of which the text may be kept."""


@dataclass(frozen=True, slots=True)
class SecretPlaceholder:
    """What stands in place of a secret."""

    kind: str
    """One of :class:`SecretKind`, in a recording that this version wrote."""
    number: int

    def __str__(self) -> str:
        return f"{{{{{self.kind}-{self.number}}}}}"


def placeholders_in(text: str) -> Iterator[SecretPlaceholder]:
    """The placeholders of a text, in their order."""
    return (SecretPlaceholder(each[1], int(each[2])) for each in PLACEHOLDER.finditer(text))


class Placeholders:
    """The placeholders of one recording, and the secrets that they stand for."""

    def __init__(
        self, redact: Iterable[str] = (), *, used: Mapping[str, int] | None = None
    ) -> None:
        """``redact`` are further names of headers, parameters and members that are secret.

        ``used`` has the highest number of each kind that an earlier run gave: its values are
        unknown now, so their numbers are not given again.
        """
        self.redact = tuple(redact)
        self._names = SecretNames(self.redact)
        self._numbers = dict(used or {})
        self._by_value: dict[str, SecretPlaceholder] = {}
        self._index = SecretIndex()
        self._secrets = KnownSecrets(self._index, lambda _: False)

    def redacted(
        self,
        exchange: RecordedExchange,
        bodies: Bodies = Bodies.SHAPES,
        enumerations: FindEnumerations = no_enumerations,
    ) -> RecordedExchange:
        """The exchange with placeholders in place of secrets, and with what is kept of its bodies.

        ``enumerations`` finds the enumerations that shapes keep; of a request, and with a status of
        its answer.
        """
        self._pass_over_literals(exchange)
        # The answer may name a secret that stands unnamed in the request: then it is done again.
        while True:
            known = len(self._by_value)
            made = self._redacted(exchange, bodies, enumerations)
            if len(self._by_value) == known:
                return made

    def hidden(self, text: str) -> str:
        """A text with each known secret, and each that looks like one, as its placeholder."""
        return self._hide(text)

    def placeholder_of(self, kind: SecretKind, value: str) -> SecretPlaceholder:
        """The placeholder of a secret, which is a new one for a new value."""
        known = self._by_value.get(value)
        if known is not None:
            return known
        number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
        made = self._by_value[value] = SecretPlaceholder(kind, number)
        is_short = kind is SecretKind.COOKIE and len(value) < _SHORTEST_COOKIE
        if not is_short and len(value) >= ANCHOR and value not in PROTOCOL_WORDS:
            self._index.add(value)
        return made

    def _pass_over_literals(self, exchange: RecordedExchange) -> None:
        """A client may send a text that looks like a placeholder: no secret gets its number."""
        for text in _texts(exchange):
            for each in placeholders_in(text) if "{{" in text else ():
                self._numbers[each.kind] = max(self._numbers.get(each.kind, 0), each.number)

    def _redacted(
        self, exchange: RecordedExchange, bodies: Bodies, enumerations: FindEnumerations
    ) -> RecordedExchange:
        request, response = exchange.request, exchange.response
        is_full = bodies is Bodies.FULL or not is_functional(request)
        made = RecordedRequest(
            method=self._hide(request.method),
            url=self._address(request.url),
            http_version=request.http_version,
            headers=self._headers(request.headers),
            body=self._body(request.body, None if is_full else enumerations(request, None)),
        )
        return replace(
            exchange,
            request=made,
            response=response and self._answer(request, response, is_full, enumerations),
            failure=exchange.failure and self._hide(exchange.failure),
            recorder_answered=exchange.recorder_answered and self._hide(exchange.recorder_answered),
            placeholders=self.redact,
        )

    def _answer(
        self,
        request: RecordedRequest,
        response: RecordedResponse,
        is_full: bool,
        enumerations: FindEnumerations,
    ) -> RecordedResponse:
        is_full = is_full or is_refusal(response)
        kept = None if is_full else enumerations(request, response.status)
        return RecordedResponse(
            status=response.status,
            reason=self._hide(response.reason),
            http_version=response.http_version,
            headers=self._headers(response.headers),
            body=self._body(response.body, kept),
        )

    def _put(self, kind: SecretKind, value: str) -> str:
        """What stands in place of a value; an empty value is no secret.

        A value that is a placeholder already, as one of a recording is, stays.
        """
        if not value or PLACEHOLDER.fullmatch(value):
            return value
        return str(self.placeholder_of(kind, value))

    def _hide(self, text: str, stretches: Iterable[Stretch] = ()) -> str:
        """The text with these parts replaced, and with all secrets of which the value is known."""
        named = list(stretches)  # first: their values have a kind by their name
        found = [*named, *self._found(find_secrets(text, self._secrets))]
        return apply_stretches(text, found) if found else text

    def _found(self, found: Iterable[FoundValue]) -> Iterator[Stretch]:
        """What stands in place of each secret that a search found.

        A part of a text may read as a secret in several encodings: then a known value counts, or
        else the one that was decoded most.
        """
        readings: dict[Span, list[str]] = {}
        for span, value in found:
            readings.setdefault(span, []).append(value)
        reached = 0
        for span in sorted(readings, key=lambda each: (each[0], -each[1])):
            if span[1] > reached:
                yield Stretch(*span, str(self._read_as(readings[span])))
                reached = span[1]

    def _read_as(self, values: list[str]) -> SecretPlaceholder:
        spellings = (spelling for each in values for spelling in (each, _as_utf8(each)))
        known = (self._by_value.get(each) for each in spellings)
        last = values[-1]
        return next(filter(None, known), None) or self.placeholder_of(_kind_by_look(last), last)

    def _headers(self, headers: RecordedHeaders) -> RecordedHeaders:
        return tuple(
            (self._hide(name), self._header(name.lower(), value)) for name, value in headers
        )

    def _header(self, name: str, value: str) -> str:
        if name in ("authorization", "proxy-authorization"):
            return self._credentials(value)
        if name == "cookie":
            return self._cookies(value)
        if name == "set-cookie":
            first, mark, attributes = value.partition(";")
            return f"{self._cookies(first)}{mark}{self._hide(attributes)}"
        kind = self._names.of_header(name)
        if kind is not None:
            return self._put(kind, value)
        return self._address(value) if "?" in value or "#" in value else self._hide(value)

    def _cookies(self, value: str) -> str:
        made = []
        for each in value.split(";"):
            name, mark, secret = each.partition("=")
            if not mark:
                made.append(self._put(SecretKind.COOKIE, each.strip()))
            else:
                made.append(f"{self._hide(name)}={self._put(SecretKind.COOKIE, secret.strip())}")
        return "; ".join(each.strip() for each in made)

    def _credentials(self, value: str) -> str:
        """``Authorization``: a key pair in clear, or the scheme and a token."""
        scheme, _, rest = value.strip().partition(" ")
        rest = rest.strip()
        if rest and scheme.lower() not in _SCHEMES:
            return self._put(SecretKind.OTHER, value)
        pair = _key_pair(rest or scheme)
        if pair is not None and (not rest or scheme.lower() == "basic"):
            app_key, app_secret = pair
            shown = (
                self._put(SecretKind.APP_KEY, app_key)
                + ":"
                + self._put(SecretKind.APP_SECRET, app_secret)
            )
            return f"{scheme} {shown}" if rest else shown
        kind = SecretKind.TOKEN if scheme.lower() in _OF_TOKENS or not rest else SecretKind.OTHER
        return f"{scheme} {self._put(kind, rest)}" if rest else self._put(kind, scheme)

    def _address(self, url: str) -> str:
        """An address, of which query and fragment may have secrets."""
        base, mark, fragment = url.partition("#")
        path, _, query = base.partition("?")
        stretches = [
            *self._parameters(query, len(path) + 1),
            *(self._parameters(fragment, len(base) + 1) if mark else ()),
        ]
        return self._hide(url, stretches)

    def _parameters(self, text: str, place: int = 0) -> Iterator[Stretch]:
        """The secret values of a form. ``place`` is the form's place in a longer text."""
        for each in _PARAMETER.finditer(text):
            name, value = each.groups()
            begin, end = place + each.start(2), place + each.end(2)
            kind = self._names.of_parameter(name)
            if kind is not None:
                yield Stretch(begin, end, self._put(kind, unquote_plus(value)))
            elif value and (inner := self._text_inside(unquote_plus(value))) is not None:
                yield Stretch(begin, end, quote_plus(inner, safe="{}"))

    def _text_inside(self, text: str, depth: int = _MOST_INSIDE) -> str | None:
        """A text that is JSON, with its secret values replaced; None if nothing changes."""
        if text.lstrip()[:1] not in _OPENING or not depth:
            return None
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return None
        made = self._json(text, depth - 1)
        return None if made == text else made

    def _json(self, text: str, depth: int = _MOST_INSIDE) -> str:
        """The text of a JSON value with secret values replaced by the names of their members."""

        def put(kind: SecretKind | None, value: str, is_string: bool) -> str | None:
            if kind is not None:
                shown = self._put(kind, value)
                return json.dumps(shown) if shown != value else None
            if not is_string:
                hidden = self._hide(value) if self._index.find_in(value) else value
                return json.dumps(hidden) if hidden != value else None
            inner = self._text_inside(value, depth)
            return None if inner is None else json.dumps(inner)

        return replace_values(text, self._names.of_member, put)

    def _body(self, body: RecordedBody, enumerations: Enumerations | None) -> RecordedBody:
        """What is kept of a body: a shape with these enumerations, or all of it if it is None."""
        media_type = self._hide(body.media_type)
        if body.kind is not BodyKind.FULL or body.data is None:
            return replace(body, media_type=media_type)
        unseen = RecordedBody(media_type=media_type, size=body.size)
        try:
            text = body.data.decode()
        except UnicodeDecodeError:
            return replace(unseen, left_out="it is no text in UTF-8")
        if text.lstrip()[:1] in _OPENING or body.is_json:
            return self._json_body(unseen, text, enumerations)
        if not body.is_form and not _TEXTS.match(body.media_type):
            return replace(unseen, left_out=f"{_named(media_type)} is not searched for secrets")
        shown = self._hide(text, self._parameters(text))
        if enumerations is not None:
            return replace(unseen, left_out="values are not kept")
        return replace(unseen, data=shown.encode())

    def _json_body(
        self, unseen: RecordedBody, text: str, enumerations: Enumerations | None
    ) -> RecordedBody:
        try:
            value = json.loads(text)
            named = self._json(text) if self._names.may_be_in(text) else text
            if enumerations is None:
                return replace(unseen, data=self._hidden_json(named).encode())
        except RecursionError:
            return replace(unseen, left_out="its JSON is nested too deeply")
        except ValueError:
            return replace(unseen, left_out="it is no JSON")
        shape = shape_of(value, enumerations)
        written = json.dumps(shape.to_json())
        if (hidden := self._hide(written)) != written:  # the name of a member is a secret
            shape = read_shape(json.loads(hidden), source="", place="")
        return replace(unseen, shape=shape)

    def _hidden_json(self, text: str) -> str:
        """A JSON text with known secrets hidden. Raises ``ValueError`` if it is none then."""
        hidden = self._hide(text)
        if hidden == text:
            return text
        try:
            json.loads(hidden)
        except ValueError:  # a number has a secret in it: it becomes a text
            hidden = self._hide(self._json(text))
            json.loads(hidden)
        return hidden


_OPENING = ("{", "[")
_SCHEMES = frozenset(
    {"basic", "bearer", "bearertoken", "digest", "dpop", "negotiate", "ntlm", "token"}
)
"""Schemes of ``Authorization`` that are shown. Another first word may be a part of a secret."""
_OF_TOKENS = frozenset({"bearer", "bearertoken", "dpop", "token"})


def _key_pair(text: str) -> tuple[str, str] | None:
    """The key and the secret of credentials in Base64."""
    try:
        app_key, colon, app_secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (app_key, app_secret) if colon else None


def _kind_by_look(value: str) -> SecretKind:
    if PRIVATE_KEY in value:
        return SecretKind.PRIVATE_KEY
    return SecretKind.TOKEN if value.startswith("eyJ") else SecretKind.OTHER


def _as_utf8(value: str) -> str:
    """A text whose UTF-8 bytes were read as Latin-1, as those of a header are."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value


def _named(media_type: str) -> str:
    return media_type.partition(";")[0].strip() or "a body without a media type"


def _texts(exchange: RecordedExchange) -> Iterator[str]:
    for message in (exchange.request, exchange.response):
        if message is None:
            continue
        for name, value in message.headers:
            yield name
            yield value
        yield message.body.text
    yield exchange.request.url
