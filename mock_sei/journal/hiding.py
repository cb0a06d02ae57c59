"""Hides secrets anywhere in a text, also if they are encoded.

Secrets are registered passwords and AppSecrets, the codes and tokens that the platform issued, and
texts that look like a secret: an access token, a private key, a certificate link. The cost of each
function grows only with the length of its text, not with the number of secrets.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from string import ascii_letters, digits
from typing import NamedTuple, Protocol

from mock_sei.journal.readings import FoundValue, Span, find_stretches, find_values
from mock_sei.rules.addresses import CERTIFICATE_LINK_PATH
from mock_sei.rules.randomness import SECRET_LENGTH
from mock_sei.rules.secret_index import SecretIndex

HIDDEN = "***"

LOOK_AHEAD = 2048
"""A search also reads so many characters after the part of a text that is shown. So it recognises a
secret that begins in this part and ends after it."""
_LONGEST_SPELLING = 20
"""One encoded character of a secret has so many characters at most: four bytes, each ``%2541``."""

_LINK = re.compile(rf"{re.escape(CERTIFICATE_LINK_PATH)}[\w-]{{0,6}}([^/?#&\"'\s]*+)")
"""A certificate link. The group is its secret without the first characters, which are shown."""
PRIVATE_KEY = "PRIVATE KEY-----"
"""The mark of a private key. Users may paste one in place of a certificate."""
_KEY_BLOCK = re.compile(rf"(?:-----BEGIN [A-Z ]{{0,30}})?{PRIVATE_KEY}[\w+/=\s\\:,-]*+")

_DOTTED_CHARACTERS = f"{ascii_letters}{digits}_.-"
_NOT_DOTTED = re.compile(rf"[^{_DOTTED_CHARACTERS}]")
_TOKEN_BEGINS = "eyJ"
_TOKEN_HEADER = 11
"""The first part of a JWT has so many characters at least."""
_OPAQUE_BEGINS = "ZXlK"
"""The beginning of a token in the opaque format: the Base64 of a JWT."""
_OPAQUE = re.compile(rf"{_OPAQUE_BEGINS}[A-Za-z0-9_-]{{{_TOKEN_HEADER},}}+")
_OPAQUE_LENGTH = 100
"""A complete token in the opaque format has so many characters at least."""
_ENDS = re.compile(r"""\0*+(?:\xff{3})?\Z|['"]""")
"""What may follow a text that was cut: the end, a quote, or bytes that the decoding added."""
_ISSUED = re.compile(
    rf"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{{{SECRET_LENGTH},{SECRET_LENGTH + 21}}}(?![A-Za-z0-9_-])"
)
"""The shape of a code, a refresh token, a session and a link; other texts may have it, too. It may
be longer, if another word is directly beside it."""


class Secrets(Protocol):
    """The secret values that must be hidden anywhere: a client may send one in the wrong place."""

    @property
    def shortest(self) -> int:
        """The length of the shortest registered secret."""

    @property
    def longest(self) -> int:
        """The length of the longest registered secret."""

    @property
    def has_delimiters(self) -> bool:
        """True if a registered secret has a character of :data:`DELIMITERS`."""

    @property
    def harmless(self) -> set[str]:
        """Texts without any secret. They are remembered, since clients send the same texts
        often."""

    @property
    def shown_headers(self) -> dict[tuple[bytes, bytes], tuple[str, str]]:
        """Headers of which name and value are harmless, as text. They are remembered, too."""

    @property
    def shown_texts(self) -> dict[object, tuple[str, Collection[str]]]:
        """Long texts as they are shown, and with each the words that must be hidden, too, once they
        are issued."""

    def find_in(self, text: str) -> list[Span]:
        """The places of registered secrets in a text."""

    def __contains__(self, text: object) -> bool:
        """True if a whole text is a registered or an issued secret."""


NO_SECRETS: Secrets = SecretIndex()


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """The secrets of a platform: registered ones, and issued ones, which are looked up by text."""

    registered: SecretIndex
    is_issued: Callable[[str], bool]

    @property
    def shortest(self) -> int:
        """The length of the shortest registered secret."""
        return self.registered.shortest

    @property
    def longest(self) -> int:
        """The length of the longest registered secret."""
        return self.registered.longest

    @property
    def has_delimiters(self) -> bool:
        """True if a registered secret has a character of :data:`DELIMITERS`."""
        return self.registered.has_delimiters

    @property
    def harmless(self) -> set[str]:
        """Texts without any secret."""
        return self.registered.harmless

    @property
    def shown_headers(self) -> dict[tuple[bytes, bytes], tuple[str, str]]:
        """Headers of which name and value are harmless, as text."""
        return self.registered.shown_headers

    @property
    def shown_texts(self) -> dict[object, tuple[str, Collection[str]]]:
        """Long texts as they are shown, and with each the words that may be issued later."""
        return self.registered.shown_texts

    def find_in(self, text: str) -> list[Span]:
        """The places of registered secrets in a text."""
        return self.registered.find_in(text)

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and (text in self.registered or self.is_issued(text))


class Stretch(NamedTuple):
    """A part of a text that is hidden, and the text that is shown in its place."""

    begin: int
    end: int
    instead: str = HIDDEN


class Field(NamedTuple):
    """A text to show, with the parts that are secret by their name or place."""

    text: str
    stretches: Sequence[Stretch] = ()
    shown: int | None = None
    """The largest number of characters that are shown; None for all."""
    is_ready: bool = False
    """True if secrets are hidden already."""

    @property
    def is_cut(self) -> bool:
        """True if only the beginning of the text is shown."""
        return self.shown is not None and len(self.text) > self.shown


def hide_values(text: str, secrets: Secrets, *, shown: int | None = None) -> str:
    """The text, or its first ``shown`` characters, with all secrets hidden, also encoded ones."""
    if text in secrets.harmless and (shown is None or len(text) <= shown):
        return text
    return show([Field(text, shown=shown)], secrets)[0]


def show(fields: Sequence[Field], secrets: Secrets) -> list[str]:
    """The texts of fields, with secrets hidden. One search covers all fields that are not cut."""
    cut = [each.is_cut and not each.is_ready for each in fields]
    whole = [
        each for each, is_cut in zip(fields, cut, strict=True) if not (is_cut or each.is_ready)
    ]
    found = iter(_stretches_of(whole, secrets))
    return [
        each.text
        if each.is_ready
        else _show_beginning(each, secrets)
        if is_cut
        else _show_whole(each, next(found))
        for each, is_cut in zip(fields, cut, strict=True)
    ]


def _show_whole(field: Field, found: Sequence[Stretch]) -> str:
    if not (found or field.stretches):
        return field.text
    return apply_stretches(field.text, [*field.stretches, *found])


def show_once(key: object, make: Callable[[], Field], secrets: Secrets) -> Field:
    """The field that ``make`` makes, with secrets hidden. It is remembered by its key, which says
    everything about it: clients read the same long answers often, and a search takes long."""
    known = secrets.shown_texts
    text, may_be_issued = known.get(key, ("", None))
    if may_be_issued is None or any(each in secrets for each in may_be_issued):
        asking = _Asking(secrets)
        text = show([make()], asking)[0]
        if len(known) >= MOST_SHOWN:
            known.clear()
        known[key] = text, asking.unknown
    return Field(text, is_ready=True)


MOST_SHOWN = 128
"""So many long texts are remembered as they are shown."""


class _Asking:
    """Secrets that note for which words somebody asks, and that are none until now."""

    def __init__(self, secrets: Secrets) -> None:
        self.shortest, self.longest = secrets.shortest, secrets.longest
        self.has_delimiters = secrets.has_delimiters
        self.harmless, self.shown_texts = secrets.harmless, secrets.shown_texts
        self.shown_headers = secrets.shown_headers
        self.find_in = secrets.find_in
        self.unknown: set[str] = set()
        self._secrets = secrets

    def __contains__(self, text: object) -> bool:
        if text in self._secrets:
            return True
        self.unknown.add(str(text))
        return False


def find_sent(texts: Iterable[str], secrets: Secrets) -> set[str]:
    """The secrets in some texts, decoded. Escaped secrets are found, those in Base64 are not."""
    search = partial(_search, secrets=secrets, cut=False)
    found = find_values("\0".join(texts), search, shortest=0, decoded=0)
    return {each.value for each in found}


def find_secrets(text: str, secrets: Secrets) -> list[FoundValue]:
    """The secrets in a text, also encoded ones: the place of each, and how it reads decoded."""
    shortest = min(secrets.shortest or SECRET_LENGTH, SECRET_LENGTH)
    search = partial(_search, secrets=secrets, cut=False)
    return find_values(text, search, shortest=shortest)


def hide_beginnings(text: str, sent: Iterable[str]) -> str:
    """The text with the beginnings of secrets hidden, at its end and before a quote.

    ``sent`` are the secrets. A message may repeat only the beginning of a value that was sent.
    """
    for secret in sorted(sent, key=len, reverse=True):
        text = _beginning_of(secret, text)
    return text


def _stretches_of(fields: Sequence[Field], secrets: Secrets) -> list[list[Stretch]]:
    stretches: list[list[Stretch]] = [[] for _ in fields]
    asked = list(_asked(fields, secrets))
    if not asked:
        return stretches
    starts, start = [], 0
    for part in asked:
        starts.append(start)
        start += len(part.text) + 1
    found = set()
    for begin, end in _find("\0".join(part.text for part in asked), secrets):
        place = bisect_right(starts, begin) - 1
        found.add(place)
        part = asked[place]
        shift = part.begin - starts[place]
        stretches[part.field].append(Stretch(begin + shift, end + shift))
    harmless = secrets.harmless
    for place, part in enumerate(asked):
        if place not in found and _can_be_remembered(part.text):
            if len(harmless) >= MOST_HARMLESS:
                harmless.clear()
            harmless.add(part.text)
    return stretches


class _Part(NamedTuple):
    """A part of a field in which secrets are searched."""

    field: int
    """The place of the field in its list."""
    begin: int
    text: str


def _asked(fields: Sequence[Field], secrets: Secrets) -> Iterator[_Part]:
    """The parts of fields that must be searched: not what is hidden by its name anyway, and not
    what is known to be harmless."""
    harmless, is_cut = secrets.harmless, not secrets.has_delimiters
    for which, each in enumerate(fields):
        begin, text = 0, each.text
        if each.stretches and is_cut:
            for stretch in sorted(each.stretches):
                if stretch.begin >= begin and _is_closed(text, stretch):
                    if text[begin : stretch.begin] not in harmless:
                        yield _Part(which, begin, text[begin : stretch.begin])
                    begin = stretch.end
            text = text[begin:]
        if text not in harmless and not _is_guid(text, secrets):
            yield _Part(which, begin, text)


def _is_guid(text: str, secrets: Secrets) -> bool:
    """True for a GUID, such as each exchange has another of, if no secret is in it."""
    is_guid = len(text) == _GUID_LENGTH and _GUID.fullmatch(text) is not None
    return is_guid and not secrets.find_in(text)


_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_GUID_LENGTH = 36


def _is_closed(text: str, stretch: Stretch) -> bool:
    """True if a stretch has :data:`DELIMITERS` at both sides, so that no secret without them can
    begin before it and end in it, or begin in it and end behind it."""
    begin, end = stretch.begin, stretch.end
    if text[begin : begin + 1] == '"':
        return end - begin > 1 and text[end - 1] == '"'
    return text[begin - 1 : begin] == "=" and text[end : end + 1] in ("", "&", "#")


MOST_HARMLESS = 1024
"""So many short texts are remembered as harmless."""
LONGEST_HARMLESS = 512
"""So many characters has a text that is remembered, at most."""
_LONG_RUN = re.compile(rf"[A-Za-z0-9+/_-]{{{SECRET_LENGTH * 4 // 3}}}|[%\\\r\n]")
"""What may be a secret in Base64, or encoded in another way."""


def _can_be_remembered(text: str) -> bool:
    """True if a text cannot hold a secret that will be issued later, even an encoded one."""
    if len(text) < SECRET_LENGTH:
        return True
    is_short = len(text) <= LONGEST_HARMLESS
    return is_short and not _LONG_RUN.search(text) and not _ISSUED.search(text)


def _show_beginning(field: Field, secrets: Secrets) -> str:
    shown = field.shown or 0
    # A secret may be longer than the part that was searched. Then its end was not seen, and so its
    # beginning must be hidden, too.
    unseen = max(0, secrets.longest * _LONGEST_SPELLING - LOOK_AHEAD)
    text = field.text[: shown + LOOK_AHEAD]
    found = [Stretch(*each) for each in _find(text, secrets, cut=True)]
    if unseen:
        found.append(Stretch(max(0, shown - unseen), len(text)))
    return apply_stretches(text, [*field.stretches, *found], shown)


def _find(text: str, secrets: Secrets, *, cut: bool = False) -> list[Span]:
    shortest = min(secrets.shortest or SECRET_LENGTH, SECRET_LENGTH)
    search = partial(_search, secrets=secrets, cut=cut)
    return find_stretches(text, search, shortest=shortest)


def _search(text: str, *, secrets: Secrets, cut: bool) -> list[Span]:
    return [*secrets.find_in(text), *_shaped(text, secrets, cut=cut)]


def _shaped(text: str, secrets: Secrets, *, cut: bool) -> Iterator[Span]:
    """The places of texts that look like a secret, and of secrets that the platform issued."""
    links: dict[int, int] = {}
    if CERTIFICATE_LINK_PATH in text:
        for link in _LINK.finditer(text):
            links[link.start() + len(CERTIFICATE_LINK_PATH)] = link.start(1)
            yield link.span(1)
    if PRIVATE_KEY in text:
        yield from (each.span() for each in _KEY_BLOCK.finditer(text))
    if _TOKEN_BEGINS in text:
        yield from _tokens(text, cut=cut)
    if _OPAQUE_BEGINS in text:
        yield from _opaque_tokens(text, cut=cut)
    if len(text) >= SECRET_LENGTH:
        yield from ((links.get(begin, begin), end) for begin, end in _issued(text, secrets))


def _tokens(text: str, *, cut: bool) -> Iterator[Span]:
    """The places of JWTs, also of other servers. If the text was cut, a JWT's beginning counts."""
    for begin, end in _chains(text):
        chain = text[begin:end]
        is_cut = cut and _ENDS.match(text, end) is not None
        place, last = begin, begin + len(chain.rstrip("."))
        for part in chain.split("."):
            at = part.find(_TOKEN_BEGINS)
            is_followed = place + len(part) < last
            if at >= 0 and len(part) - at >= _TOKEN_HEADER and (is_followed or is_cut):
                yield place + at, end
                break
            place += len(part) + 1


def _chains(text: str) -> Iterator[Span]:
    """The places of parts with dots between them, if the beginning of a JWT is in one of them."""
    end = 0
    while (at := text.find(_TOKEN_BEGINS, end)) >= 0:
        begin = end + len(text[end:at].rstrip(_DOTTED_CHARACTERS))
        behind = _NOT_DOTTED.search(text, at)
        end = len(text) if behind is None else behind.start()
        yield begin, end


def _opaque_tokens(text: str, *, cut: bool) -> Iterator[Span]:
    """The places of tokens in the opaque format, or of the beginning of one that was cut."""
    for word in _OPAQUE.finditer(text):
        is_cut = cut and _ENDS.match(text, word.end()) is not None
        if is_cut or len(word[0]) >= _OPAQUE_LENGTH:
            yield word.span()


def _issued(text: str, secrets: Secrets) -> Iterator[Span]:
    for each in _ISSUED.finditer(text):
        for begin in range(each.start(), each.end() - SECRET_LENGTH + 1):
            if text[begin : begin + SECRET_LENGTH] in secrets:
                yield begin, begin + SECRET_LENGTH


_LEAST_BEGINNING = 16
"""The beginning of a secret is recognised from so many characters on: fewer may be a name."""


def _beginning_of(secret: str, text: str) -> str:
    stretches = []
    at = text.find(secret[:_LEAST_BEGINNING]) if len(secret) > _LEAST_BEGINNING else -1
    while at >= 0:
        size = _common(text, at, secret)
        if _ENDS.match(text, at + size):
            stretches.append(Stretch(at, at + size))
        at = text.find(secret[:_LEAST_BEGINNING], at + size)
    return apply_stretches(text, stretches)


def _common(text: str, at: int, secret: str) -> int:
    size = 0
    for one, other in zip(text[at : at + len(secret)], secret, strict=False):
        if one != other:
            break
        size += 1
    return size


def _widest_first(stretch: Stretch) -> tuple[int, int, int]:
    return stretch.begin, -stretch.end, -len(stretch.instead)


def apply_stretches(text: str, stretches: Sequence[Stretch], shown: int | None = None) -> str:
    """The first ``shown`` characters of a text, with these parts hidden. Overlaps are joined."""
    if shown is None:
        shown = len(text)
    pieces: list[str] = []
    at = 0
    for begin, end, instead in sorted(set(stretches), key=_widest_first):
        if begin >= shown and begin < len(text):
            break
        if end < at or begin < at == end:
            continue
        if begin >= at:
            pieces += (text[at:begin], instead)
        at = end
    return "".join([*pieces, text[at:shown]])
