"""Takes secrets and whole tokens out of headers, queries, forms and bodies, for journal and log.

What is secret because of its name is found here; what is secret wherever it stands, in
``hiding.py``. Application keys, user names and e-mail addresses stay: they are what a tester looks
for. Everything here costs what its text is long.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_plus

from mock_sei.journal.hiding import HIDDEN, NO_SECRETS, PRIVATE_KEY, Field, Secrets, Stretch, show
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
"""Parameter and member names in lower case; ``clientSecret`` and ``client-secret`` are ones too."""

_SQUEEZED_NAMES = frozenset(name.replace("_", "") for name in SECRET_NAMES)
_SQUEEZE = re.compile(r"[\s_-]")
_LONGEST_NAME = 200
"""Characters of a name that is looked at, escapes included."""

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_SCHEMES = frozenset({"basic", "bearer", "bearertoken", "digest", "dpop", "negotiate", "ntlm"})

_PARAMETER = re.compile(r"(?<![^&])([^&=]*+)=([^&]*+)")
_CODE = "code"
"""The one name with two meanings: what a log-in gives, and in an answer what an error is called,
which testers look for first."""
_LONG_WORD = re.compile(r"[A-Za-z0-9_~+/-]{20,}")
"""What is as long as an authorization code. The code of an error has points, or no digits."""


def _secret_member(names: Iterable[str]) -> re.Pattern[str]:
    """A member of one of these names; the group is its value."""
    any_name = "|".join(sorted(names)).replace("_", "[_-]?")
    value = r'("(?:[^"\\]|\\.)*+"?|[\[{].*|[^\s,}\]]++)'
    return re.compile(rf'"(?:{any_name})"\s*+:\s*+{value}', re.DOTALL | re.IGNORECASE)


_SECRET_MEMBER = _secret_member(SECRET_NAMES)
_SECRET_MEMBER_OF_ANSWER = _secret_member(SECRET_NAMES - {_CODE})
_CODE_MEMBER = re.compile(rf'"{_CODE}"\s*+:\s*+("(?:[^"\\]|\\.)*+"?)', re.DOTALL | re.IGNORECASE)
_ESCAPE_IN_JSON = re.compile(
    r"\\(?:u00(2d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])|.)", re.IGNORECASE | re.DOTALL
)
"""An escape in JSON; the first group is set where it stands for a letter, _ or -."""


def header_fields(
    headers: Iterable[tuple[bytes, bytes]], secrets: Secrets, *, shown: int | None = None
) -> list[Field]:
    """The name and the value of each header, one after the other."""
    fields = []
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        fields += [Field(name, shown=shown), _header(name.lower(), value, secrets, shown)]
    return fields


def query_field(query: bytes, *, shown: int | None = None) -> Field:
    return _form(query.decode("utf-8", "replace"), _characters(query, shown))


def redact_form(text: str, secrets: Secrets = NO_SECRETS) -> str:
    """A form or query string with secret values hidden, whatever the encoding of their names."""
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
    """``encoded`` where a header says that the bytes are no text, such as those of gzip; ``size``
    is that of the whole body, where it is known, of which nothing may have been kept.

    In the JSON of an answer the member ``code`` is shown where it names an error.
    """
    if not body and not size:
        return Field("")
    media_type = content_type.partition(";")[0].strip()
    is_text = media_type.lower().endswith(("form-urlencoded", "json"))
    if not is_text or encoded or not body or b"\0" in body or body.startswith(_NO_TEXT):
        is_whole = shown is None or len(body) <= shown
        told = size or (len(body) if is_whole else f"more than {shown}")
        named = media_type if _MEDIA_TYPE.fullmatch(media_type) else "unnamed type"
        return Field(f"<{told} bytes of {named}>")
    text, shown = body.decode("utf-8", "replace"), _characters(body, shown)
    # A client may have mistaken one for the other: `curl -d` calls everything a form.
    if text.lstrip()[:1] not in ("{", "["):
        return _form(text, shown)
    return Field(text, _members(text, of_answer=of_answer), shown)


def _characters(text: bytes, shown: int | None) -> int | None:
    """How many characters the first ``shown`` bytes are; None where these are all."""
    if shown is None or len(text) <= shown:
        return None
    return len(text[:shown].decode("utf-8", "replace"))


_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}")
_NO_TEXT = (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff")
"""How gzip and UTF-16 begin."""


def _form(text: str, shown: int | None = None) -> Field:
    stretches = list(_parameters(text))
    if '"' in text or "%22" in text:  # JSON as a parameter
        stretches += _members(text)
    return Field(text, stretches, shown)


def _parameters(text: str, place: int = 0) -> Iterator[Stretch]:
    """``place`` is where the text stands in another."""
    for each in _PARAMETER.finditer(text):
        name, value = each.groups()
        if _is_secret_name(name) or (len(value) > len(PRIVATE_KEY) and _has_key(value)):
            yield Stretch(place + each.start(2), place + each.end(2))


def _has_key(value: str) -> bool:
    return "KEY" in value and PRIVATE_KEY in unquote_plus(value)


def _is_secret_name(name: str) -> bool:
    if not name or len(name) > _LONGEST_NAME:
        return False
    return _SQUEEZE.sub("", unquote_plus(name)).lower() in _SQUEEZED_NAMES


def _members(text: str, *, of_answer: bool = False) -> list[Stretch]:
    """The values of secret members, whatever the spelling of their names; also of JSON that is
    the value of a member or of a parameter."""
    values = _values_in_answer if of_answer else _values_in_request
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
    return [
        Stretch(begin, end, f'"{HIDDEN}"' if text[begin : begin + 1] != "\\" else HIDDEN)
        for begin, end in found
    ]


def _values_in_request(text: str) -> Iterator[Span]:
    return (each.span(1) for each in _SECRET_MEMBER.finditer(text))


def _values_in_answer(text: str) -> Iterator[Span]:
    yield from (each.span(1) for each in _SECRET_MEMBER_OF_ANSWER.finditer(text))
    for each in _CODE_MEMBER.finditer(text):
        if not _names_error(each[1]):
            yield each.span(1)


def _names_error(value: str) -> bool:
    """Whether the value of a member ``code`` is no authorization code, to go by its shape."""
    return not any(re.search("[0-9]", word) for word in _LONG_WORD.findall(value))


def _header(name: str, value: str, secrets: Secrets, shown: int | None) -> Field:
    if name in _SECRET_HEADERS:
        return Field(_credentials(value, secrets) if "auth" in name else HIDDEN, shown=shown)
    return Field(value, list(_address(value)), shown)


def _credentials(value: str, secrets: Secrets) -> str:
    scheme, _, rest = value.strip().partition(" ")
    if rest and scheme.lower() != "basic":
        # Whatever stands there, BearerToken for one; but a pair or token has other characters too.
        known = scheme.lower() in _SCHEMES or (scheme.isalpha() and not _is_part(value, secrets))
        return f"{scheme if known else HIDDEN} {HIDDEN}"
    try:
        app_key, colon, _ = base64.b64decode(rest or scheme, validate=True).decode().partition(":")
    except ValueError:  # not Base64, not ASCII, not UTF-8
        return HIDDEN
    return f"{'Basic ' if rest else ''}{app_key}:{HIDDEN}" if colon else HIDDEN


def _is_part(value: str, secrets: Secrets) -> bool:
    """Whether the first word of a value may belong to a secret with spaces in it."""
    return bool(secrets.find_in(value))


def _address(value: str) -> Iterator[Stretch]:
    """A redirect may carry a code in its query or a token in its fragment."""
    base, _, fragment = value.partition("#")
    address, _, query = base.partition("?")
    yield from _parameters(query, len(address) + 1)
    yield from _parameters(fragment, len(base) + 1)
