"""Takes secrets and whole tokens out of what the journal and the log show.

Application keys, user names and e-mail addresses stay: they are what a tester looks for.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from urllib.parse import unquote_plus

from mock_sei.addresses import CERTIFICATE_LINK_PATH
from mock_sei.randomness import SECRET_LENGTH

HIDDEN = "***"

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

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_ADDRESS_HEADERS = frozenset({"location", "referer"})
_ANY_SECRET_NAME = "|".join(sorted(SECRET_NAMES)).replace("_", "[_-]?")
_SECRET_MEMBER = re.compile(
    rf'("(?:{_ANY_SECRET_NAME})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[\[{{].*|[^\s,}}\]]+)',
    re.DOTALL | re.IGNORECASE,
)


_ESCAPED_NAME_CHARACTER = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u00(2d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])", re.IGNORECASE
)
"""A letter, underscore or hyphen that JSON text spells as an escape."""

_LINK = re.compile(rf"({re.escape(CERTIFICATE_LINK_PATH)})([\w-]{{0,6}})[^/?#\s]*")
_HIDDEN_LINK = rf"\1\2{HIDDEN}"

_PRIVATE_KEY = "PRIVATE KEY-----"
"""Pasted where a certificate was asked for."""

Secrets = Collection[str]
"""Values known to be secret, hidden wherever they turn up: a client may have swapped its pair."""


class KnownSecrets(Collection[str]):
    """What was registered, and what a platform issued, of which there is too much to go through."""

    def __init__(self, registered: Callable[[], Secrets], is_issued: Callable[[str], bool]) -> None:
        self._registered = registered
        self._is_issued = is_issued

    def __iter__(self) -> Iterator[str]:
        return iter(self._registered())

    def __len__(self) -> int:
        return len(self._registered())

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and (text in self._registered() or self._is_issued(text))


_ACCESS_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
"""A JWT, ours or another's."""
_ISSUED = re.compile(rf"(?<![\w-])[\w-]{{{SECRET_LENGTH}}}(?![\w-])")
"""A code, a refresh token, a session or a link has this shape, and so have things that are none."""

SHORTEST_SECRET = 4
"""Shorter values would hide half of every text."""


def hide_values(text: str, secrets: Secrets) -> str:
    """The text with every known secret in it hidden."""
    present = [each for each in secrets if each in text and len(each) >= SHORTEST_SECRET]
    for secret in sorted(present, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    if len(text) < SECRET_LENGTH:
        return text
    text = _ACCESS_TOKEN.sub(HIDDEN, text)
    return _ISSUED.sub(lambda found: HIDDEN if found[0] in secrets else found[0], text)


def redact_headers(
    headers: Iterable[tuple[bytes, bytes]], secrets: Secrets = ()
) -> list[tuple[str, str]]:
    """Header names and values as text."""
    shown = []
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        shown.append((name, hide_values(_header(name, value, secrets), secrets)))
    return shown


def redact_path(path: str) -> str:
    """A path with no more than the beginning of a certificate link's secret."""
    return _LINK.sub(_HIDDEN_LINK, path) if CERTIFICATE_LINK_PATH in path else path


def redact_query(query: bytes, secrets: Secrets = ()) -> str:
    return redact_form(query.decode("utf-8", "replace"), secrets)


def redact_form(text: str, secrets: Secrets = ()) -> str:
    """A form or query string with secret values hidden, whatever the encoding of their names."""
    parts = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        plain = unquote_plus(value)
        secret = re.sub(r"[\s_-]", "", unquote_plus(name)).lower() in _SQUEEZED_NAMES
        secret = secret or _PRIVATE_KEY in plain or redact_path(plain) != plain
        secret = secret or hide_values(plain, secrets) != plain
        parts.append(f"{name}={HIDDEN}" if secret and equals else part)
    return hide_values("&".join(parts), secrets)


def redact_body(content_type: str, body: bytes, secrets: Secrets = ()) -> str:
    """A body as text: forms and JSON with secrets hidden, of anything else its size alone."""
    if not body:
        return ""
    media_type = content_type.partition(";")[0].strip().lower()
    text = body.decode("utf-8", "replace")
    if media_type.endswith(("form-urlencoded", "json")):
        # A client may have mistaken one for the other: `curl -d` calls everything a form.
        if text.lstrip()[:1] not in ("{", "["):
            return redact_form(text, secrets)
        return hide_values(redact_json(text), secrets)
    return f"<{len(body)} bytes of {media_type or 'unnamed type'}>"


def redact_json(text: str) -> str:
    """JSON text, whole or cut short, with the values of secret members hidden."""
    plain = _ESCAPED_NAME_CHARACTER.sub(lambda found: found[1] + chr(int(found[2], 16)), text)
    return _SECRET_MEMBER.sub(rf'\1"{HIDDEN}"', plain)


def _header(name: str, value: str, secrets: Secrets) -> str:
    if name.lower() in _ADDRESS_HEADERS:
        return _address(value, secrets)
    if name.lower() not in _SECRET_HEADERS:
        return value
    scheme, _, rest = value.strip().partition(" ")
    if not name.lower().endswith("authorization"):
        return HIDDEN
    if rest and scheme.lower() != "basic":
        # Whatever stands there, BearerToken for one; but a pair or token has other characters too.
        return f"{scheme if scheme.isalpha() else HIDDEN} {HIDDEN}"
    try:
        app_key, colon, _ = base64.b64decode(rest or scheme, validate=True).decode().partition(":")
    except ValueError:  # not Base64, not ASCII, not UTF-8
        return HIDDEN
    return f"{'Basic ' if rest else ''}{app_key}:{HIDDEN}" if colon else HIDDEN


def _address(value: str, secrets: Secrets) -> str:
    """A redirect may carry a code in its query or a token in its fragment."""
    address, hash_sign, fragment = value.partition("#")
    base, question_mark, query = address.partition("?")
    query, fragment = redact_form(query, secrets), redact_form(fragment, secrets)
    return f"{redact_path(base)}{question_mark}{query}{hash_sign}{fragment}"
