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
from bisect import bisect_right
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
from mock_sei.recordings.shapes import Enumerations, Shape, read_shape, shape_of
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
        while True:
            made, is_settled = self._redacted(exchange, bodies, enumerations)
            if is_settled:
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
    ) -> tuple[RecordedExchange, bool]:
        """The exchange after one search through all of its texts.

        The result is not settled if the search found a secret by its look: it may also stand
        somewhere in another encoding.
        """
        request, response = exchange.request, exchange.response
        is_full = bodies is Bodies.FULL or not is_functional(request)
        texts = _Texts()
        method, url = texts.add(request.method), self._address(texts, request.url)
        sent_headers = self._headers(texts, request.headers)
        sent = self._body(texts, request.body, None if is_full else enumerations(request, None))
        failure = texts.add(exchange.failure or "")
        answered = texts.add(exchange.recorder_answered or "")
        if response is not None:
            is_full = is_full or is_refusal(response)
            kept = None if is_full else enumerations(request, response.status)
            reason = texts.add(response.reason)
            got_headers = self._headers(texts, response.headers)
            got = self._body(texts, response.body, kept)
        known = len(self._by_value)
        self._hide_all(texts)
        if response is not None:
            response = replace(
                response, reason=reason(), headers=_made(got_headers), body=self._finished(got)
            )
        made = replace(
            exchange,
            request=replace(
                request,
                method=method(),
                url=url(),
                headers=_made(sent_headers),
                body=self._finished(sent),
            ),
            response=response,
            failure=failure() or None,
            recorder_answered=answered() or None,
            placeholders=self.redact,
        )
        return made, len(self._by_value) == known

    def _put(self, kind: SecretKind, value: str) -> str:
        """What stands in place of a value; an empty value is no secret.

        A value that is a placeholder already, as one of a recording is, stays.
        """
        if not value or PLACEHOLDER.fullmatch(value):
            return value
        return str(self.placeholder_of(kind, value))

    def _hide(self, text: str) -> str:
        """The text without secrets of which the value is known, or which look like one."""
        found = list(self._found(find_secrets(text, self._secrets)))
        return apply_stretches(text, found) if found else text

    def _hide_all(self, texts: _Texts) -> None:
        """The same for all texts of an exchange, in one search."""
        starts, start = [], 0
        for each in texts.texts:
            starts.append(start)
            start += len(each) + 1
        for stretch in self._found(find_secrets("\0".join(texts.texts), self._secrets)):
            place = bisect_right(starts, stretch.begin) - 1
            begin = starts[place]
            texts.stretches[place].append(
                Stretch(stretch.begin - begin, stretch.end - begin, stretch.instead)
            )

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

    def _headers(self, texts: _Texts, headers: RecordedHeaders) -> list[tuple[_Hidden, _Hidden]]:
        return [
            (texts.add(name), self._header(texts, name.lower(), text)) for name, text in headers
        ]

    def _header(self, texts: _Texts, name: str, value: str) -> _Hidden:
        if name in ("authorization", "proxy-authorization"):
            return texts.add(self._credentials(value))
        if name == "cookie":
            return texts.add(self._cookies(value))
        if name == "set-cookie":
            first, mark, attributes = value.partition(";")
            return texts.add(f"{self._cookies(first)}{mark}{attributes}")
        kind = self._names.of_header(name)
        if kind is not None:
            return texts.add(self._put(kind, value))
        return self._address(texts, value) if "?" in value or "#" in value else texts.add(value)

    def _cookies(self, value: str) -> str:
        made = []
        for each in value.split(";"):
            name, mark, secret = each.partition("=")
            if not mark:
                made.append(self._put(SecretKind.COOKIE, each.strip()))
            else:
                made.append(f"{name}={self._put(SecretKind.COOKIE, secret.strip())}")
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

    def _address(self, texts: _Texts, url: str) -> _Hidden:
        """An address, of which query and fragment may have secrets."""
        base, mark, fragment = url.partition("#")
        path, _, query = base.partition("?")
        return texts.add(
            url,
            [
                *self._parameters(query, len(path) + 1),
                *(self._parameters(fragment, len(base) + 1) if mark else ()),
            ],
        )

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

    def _body(
        self, texts: _Texts, body: RecordedBody, enumerations: Enumerations | None
    ) -> _KeptPart:
        """What is kept of a body: a shape with these enumerations, or all of it if it is None."""
        media_type = texts.add(body.media_type)
        if body.kind is not BodyKind.FULL or body.data is None:
            return _KeptPart(body, media_type)
        unseen = RecordedBody(size=body.size)
        try:
            text = body.data.decode()
        except UnicodeDecodeError:
            return _KeptPart(replace(unseen, left_out="it is no text in UTF-8"), media_type)
        if text.lstrip()[:1] in _OPENING or body.is_json:
            return self._json_body(texts, _KeptPart(unseen, media_type), text, enumerations)
        if not body.is_form and not _TEXTS.match(body.media_type):
            left_out = f"{_named(body.media_type)} is not searched for secrets"
            return _KeptPart(replace(unseen, left_out=left_out), media_type)
        stretches = list(self._parameters(text))
        if enumerations is not None:
            return _KeptPart(replace(unseen, left_out="values are not kept"), media_type)
        return _KeptPart(unseen, media_type, texts.add(text, stretches))

    def _json_body(
        self, texts: _Texts, part: _KeptPart, text: str, enumerations: Enumerations | None
    ) -> _KeptPart:
        try:
            value = json.loads(text)
        except RecursionError:
            return part.left_out("its JSON is nested too deeply")
        except ValueError:
            return part.left_out("it is no JSON")
        named = self._json(text) if self._names.may_be_in(text) else text
        if enumerations is None:
            return replace(part, text=texts.add(named), json=named)
        shape = shape_of(value, enumerations)
        return replace(part, text=texts.add(json.dumps(shape.to_json())), shape=shape)

    def _finished(self, part: _KeptPart) -> RecordedBody:
        body = replace(part.body, media_type=part.media_type())
        if part.text is None:
            # The reason may name the media type, which a client may fill with anything.
            return replace(body, left_out=self._hide(body.left_out)) if body.left_out else body
        hidden = part.text()
        if part.shape is not None:
            if hidden == part.text.original:
                return replace(body, shape=part.shape)
            # The name of a member was a secret.
            return replace(body, shape=read_shape(json.loads(hidden), source="", place=""))
        if part.json is not None and hidden != part.json:
            try:
                hidden = self._valid_json(part.json, hidden)
            except ValueError:
                return replace(body, left_out="its secrets are not values")
        return replace(body, data=hidden.encode())

    def _valid_json(self, text: str, hidden: str) -> str:
        """A JSON text with known secrets hidden. Raises ``ValueError`` if it is none then."""
        try:
            json.loads(hidden)
        except ValueError:  # a number has a secret in it: it becomes a text
            hidden = self._hide(self._json(text))
            json.loads(hidden)
        return hidden


@dataclass(frozen=True, slots=True)
class _KeptPart:
    """What is kept of a body, before secrets are hidden."""

    body: RecordedBody
    media_type: _Hidden
    text: _Hidden | None = None
    """The whole text, or the shape as JSON."""
    json: str | None = None
    """The whole text, if it is JSON."""
    shape: Shape | None = None

    def left_out(self, reason: str) -> _KeptPart:
        return replace(self, body=replace(self.body, left_out=reason))


class _Texts:
    """The texts of one exchange, with the parts of each that are secret by their name."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.stretches: list[list[Stretch]] = []

    def add(self, text: str, stretches: Iterable[Stretch] = ()) -> _Hidden:
        self.texts.append(text)
        self.stretches.append(list(stretches))
        return _Hidden(self, len(self.texts) - 1)


@dataclass(frozen=True, slots=True)
class _Hidden:
    """One of the texts. To call it returns the text without secrets, after all were searched."""

    texts: _Texts
    place: int

    @property
    def original(self) -> str:
        return self.texts.texts[self.place]

    def __call__(self) -> str:
        stretches = self.texts.stretches[self.place]
        return apply_stretches(self.original, stretches) if stretches else self.original


def _made(headers: list[tuple[_Hidden, _Hidden]]) -> RecordedHeaders:
    return tuple((name(), value()) for name, value in headers)


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
