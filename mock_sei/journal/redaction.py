"""Hides secrets in headers, queries, forms and bodies, for the journal and the log.

This module finds values that are secret by the name of their field. ``hiding.py`` finds secret
values anywhere. AppKeys, user names and e-mail addresses are shown, since testers search for them.
The cost of each function grows only with the length of its text.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote_plus

from mock_sei.journal.hiding import (
    HIDDEN,
    LONGEST_HARMLESS,
    MOST_HARMLESS,
    NO_SECRETS,
    PRIVATE_KEY,
    Field,
    Secrets,
    Stretch,
    show,
)
from mock_sei.journal.readings import Span, unescape

SECRET_NAMES = frozenset(
    {
        "password",
        "client_secret",
        "app_secret",
        "passphrase",
        "key_passphrase",
        "private_key",
        "code",
        "code_verifier",
        "access_token",
        "refresh_token",
        "token",
        "sessiontoken",
        "samlresponse",
        "samlassertion",
        "assertion",
        "client_assertion",
    }
)
"""Names of secret parameters and JSON members, in lower case. Other spellings, such as
``clientSecret`` and ``client-secret``, count, too."""

_SQUEEZED_NAMES = frozenset(name.replace("_", "") for name in SECRET_NAMES)
_SQUEEZE = re.compile(r"[\s_-]")
_LONGEST_NAME = 200
"""A longer name is never the name of a secret, even if it has escapes."""

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_SCHEMES = frozenset({"basic", "bearer", "bearertoken", "digest", "dpop", "negotiate", "ntlm"})

_PARAMETER = re.compile(r"(?<![^&])([^&=]*+)=([^&]*+)")
_CODE = "code"
"""A name with two meanings: an authorization code, which is secret, and in an answer the code of an
error, which testers need."""
_LONG_WORD = re.compile(r"[A-Za-z0-9_~+/-]{20,}")
"""A word that is as long as an authorization code. An error code has dots, or no digits."""


def _secret_member(names: Iterable[str]) -> re.Pattern[str]:
    """A pattern for a JSON member that has one of these names. Its group is the value."""
    any_name = "|".join(sorted(names)).replace("_", "[_-]?")
    value = r'("[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{].*|[^\s,}\]]++)'
    # Only the name is without case: so the search goes quickly from one quote to the next.
    return re.compile(rf'"(?i:{any_name})"\s*+:\s*+{value}', re.DOTALL)


_SECRET_MEMBER = _secret_member(SECRET_NAMES)
_SECRET_MEMBER_OF_ANSWER = _secret_member(SECRET_NAMES - {_CODE})
_CODE_MEMBER = re.compile(rf'"(?i:{_CODE})"\s*+:\s*+("[^"\\]*+(?:\\.[^"\\]*+)*+"?)', re.DOTALL)
_ESCAPE_IN_JSON = re.compile(
    r"\\(?:u00(2d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])|.)", re.IGNORECASE | re.DOTALL
)
"""An escape in JSON. The first group is set if it stands for a letter, _ or -."""


def header_fields(
    headers: Iterable[tuple[bytes, bytes]], secrets: Secrets, *, shown: int | None = None
) -> list[Field]:
    """The name and the value of each header, as fields in a row.

    ``shown`` is the largest number of characters of each that are shown.
    """
    fields = []
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        fields += [Field(name, shown=shown), _header(name.lower(), value, secrets, shown)]
    return fields


def show_message(
    fields: Sequence[Field],
    headers: Sequence[tuple[bytes, bytes]],
    secrets: Secrets,
    *,
    shown: int,
) -> tuple[list[str], list[tuple[str, str]]]:
    """The texts of fields, and the name and the value of each header, with secrets hidden.

    ``shown`` is the largest number of characters of a header's name and of its value that are
    shown. A header that was harmless before costs next to nothing.
    """
    known, harmless = secrets.shown_headers, secrets.harmless
    if shown < LONGEST_HARMLESS:
        known = {}
    new = [each for each in headers if each not in known]
    texts = show([*fields, *header_fields(new, secrets, shown=shown)], secrets)
    start = len(fields)
    found = dict(zip(new, zip(texts[start::2], texts[start + 1 :: 2], strict=True), strict=True))
    pairs = [known.get(each) or found[each] for each in headers]
    for header, pair in found.items():
        if harmless.issuperset(pair) and pair[0].lower() not in _SECRET_HEADERS:
            if len(known) >= MOST_HARMLESS:
                known.clear()
            known[header] = pair
    return texts[:start], pairs


def query_field(query: bytes, *, shown: int | None = None) -> Field:
    """A query string as a field. ``shown`` is the largest number of bytes that are shown."""
    return _form(query.decode("utf-8", "replace"), _characters(query, shown))


def redact_form(text: str, secrets: Secrets = NO_SECRETS) -> str:
    """A form or query string with secret values hidden, also if their names are encoded."""
    return show([_form(text)], secrets)[0]


def body_field(
    content_type: str,
    body: bytes,
    *,
    encoded: bool = False,
    of_answer: bool = False,
    shown: int | None = None,
    size: int = 0,
) -> Field:
    """A body as a field.

    ``encoded`` is True if a header says that the body is compressed. ``of_answer`` is True for an
    answer: in its JSON, a member ``code`` is shown if it is an error code. ``shown`` is the largest
    number of bytes that are shown. ``size`` is the size of the whole body, 0 if it is unknown;
    ``body`` may be only its beginning, or empty.
    """
    if not body and not size:
        return Field("")
    media_type = content_type.partition(";")[0].strip()
    if not shows_text(content_type, body, encoded=encoded):
        is_whole = shown is None or len(body) <= shown
        told = size or (len(body) if is_whole else f"more than {shown}")
        named = media_type if _MEDIA_TYPE.fullmatch(media_type) else "unnamed type"
        return Field(f"<{told} bytes of {named}>")
    text, shown = body.decode("utf-8", "replace"), _characters(body, shown)
    # The media type may be wrong: `curl -d` sends everything as a form.
    if text.lstrip()[:1] not in ("{", "["):
        return _form(text, shown)
    return Field(text, _members(text, of_answer=of_answer), shown)


def shows_text(content_type: str, body: bytes, *, encoded: bool = False) -> bool:
    """True if :func:`body_field` shows the text of this body, False if it shows a note."""
    media_type = content_type.partition(";")[0].strip().lower()
    is_text = media_type.endswith(("form-urlencoded", "json"))
    return (
        is_text and not encoded and bool(body) and not (b"\0" in body or body.startswith(_NO_TEXT))
    )


def _characters(text: bytes, shown: int | None) -> int | None:
    """The number of characters in the first ``shown`` bytes; None if that is the whole text."""
    if shown is None or len(text) <= shown:
        return None
    return len(text[:shown].decode("utf-8", "replace"))


_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}")
_NO_TEXT = (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")
"""The first bytes of gzip and UTF-16."""


def _form(text: str, shown: int | None = None) -> Field:
    stretches = list(_parameters(text))
    if '"' in text or "%22" in text:  # JSON as a parameter
        stretches += _members(text)
    return Field(text, stretches, shown)


def _parameters(text: str, place: int = 0) -> Iterator[Stretch]:
    """The values of secret parameters in a form. ``place`` is the form's place in a longer text."""
    for each in _PARAMETER.finditer(text):
        name, value = each.groups()
        if _is_secret_name(name) or (len(value) > len(PRIVATE_KEY) and _has_key(value)):
            yield Stretch(place + each.start(2), place + each.end(2))


def _has_key(value: str) -> bool:
    return "KEY" in value and PRIVATE_KEY in unquote_plus(value)


@functools.lru_cache(maxsize=1024)
def _is_secret_name(name: str) -> bool:
    if not name or len(name) > _LONGEST_NAME:
        return False
    return _SQUEEZE.sub("", unquote_plus(name)).lower() in _SQUEEZED_NAMES


def _members(text: str, *, of_answer: bool = False) -> list[Stretch]:
    """The values of secret JSON members, also if their names have escapes.

    JSON may also be inside a JSON text or a parameter.
    """
    values = _values_in_answer if of_answer else _values_in_request
    if "\\" not in text and "%" not in text:
        return [_member(text, span) for span in values(text)]
    plain: list[str] = []
    offsets: list[int] = []
    end = 0
    for each in _ESCAPE_IN_JSON.finditer(text):
        if each[1] is not None:
            plain += (text[end : each.start()], chr(int(each[1], 16)))
            offsets += (*range(end, each.start()), each.start())
            end = each.end()
    plain.append(text[end:])
    offsets.extend(range(end, len(text) + 1))
    found = [(offsets[begin], offsets[end]) for begin, end in values("".join(plain))]
    inside = unescape(text) if '\\"' in text or "%22" in text else None
    if inside is not None:
        found += map(inside.origin, values(inside.text))
    return [_member(text, span) for span in found]


def _member(text: str, span: Span) -> Stretch:
    """The value of a JSON member, which is hidden."""
    is_escaped = text[span[0] : span[0] + 1] == "\\"
    return Stretch(*span, HIDDEN if is_escaped else f'"{HIDDEN}"')


def _values_in_request(text: str) -> Iterator[Span]:
    return (each.span(1) for each in _SECRET_MEMBER.finditer(text))


def _values_in_answer(text: str) -> Iterator[Span]:
    yield from (each.span(1) for each in _SECRET_MEMBER_OF_ANSWER.finditer(text))
    for each in _CODE_MEMBER.finditer(text):
        if not _names_error(each[1]):
            yield each.span(1)


def _names_error(value: str) -> bool:
    """True if the value of a member ``code`` does not look like an authorization code."""
    return not any(re.search("[0-9]", word) for word in _LONG_WORD.findall(value))


def _header(name: str, value: str, secrets: Secrets, shown: int | None) -> Field:
    if name in _SECRET_HEADERS:
        return Field(_credentials(value, secrets) if "auth" in name else HIDDEN, shown=shown)
    has_parameters = "?" in value or "#" in value
    return Field(value, list(_address(value)) if has_parameters else (), shown)


def _credentials(value: str, secrets: Secrets) -> str:
    scheme, _, rest = value.strip().partition(" ")
    if rest and scheme.lower() != "basic":
        # An unknown scheme is shown if it has only letters, as BearerToken has: a key pair or a
        # token has other characters, too.
        known = scheme.lower() in _SCHEMES or (scheme.isalpha() and not _is_part(value, secrets))
        return f"{scheme if known else HIDDEN} {HIDDEN}"
    try:
        app_key, colon, _ = base64.b64decode(rest or scheme, validate=True).decode().partition(":")
    except ValueError:  # not Base64, not ASCII, not UTF-8
        return HIDDEN
    return f"{'Basic ' if rest else ''}{app_key}:{HIDDEN}" if colon else HIDDEN


def _is_part(value: str, secrets: Secrets) -> bool:
    """True if a value has a registered secret, which may have spaces: its first word is hidden."""
    return bool(secrets.find_in(value))


def _address(value: str) -> Iterator[Stretch]:
    """The secrets in an address: a redirect may have a code in its query, or a token in its
    fragment.
    """
    base, _, fragment = value.partition("#")
    address, _, query = base.partition("?")
    yield from _parameters(query, len(address) + 1)
    yield from _parameters(fragment, len(base) + 1)
