"""Which headers, parameters and members are secret by their name, and the kind of each.

A name may be written in any case, with ``_``, ``-`` or neither: ``client_secret``,
``clientSecret``. The names are those of the OAuth standards, of the vendor's pages, and those that
other platforms use for the same things.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from urllib.parse import unquote_plus


class SecretKind(StrEnum):
    """What a secret is. The value is the name of its placeholders: ``{{token-1}}``."""

    APP_KEY = "app-key"
    APP_SECRET = "app-secret"  # nosec B105  # names, no secrets: so are the next ones
    TOKEN = "token"  # nosec B105
    REFRESH_TOKEN = "refresh-token"  # nosec B105
    SESSION_TOKEN = "session-token"  # nosec B105
    CODE = "code"
    CODE_VERIFIER = "code-verifier"
    PASSWORD = "password"  # nosec B105
    ASSERTION = "assertion"
    COOKIE = "cookie"
    PRIVATE_KEY = "private-key"
    OTHER = "secret"


_EXACT: Mapping[str, SecretKind] = {
    "appkey": SecretKind.APP_KEY,
    "apikey": SecretKind.APP_KEY,
    "xapikey": SecretKind.APP_KEY,
    "clientid": SecretKind.APP_KEY,
    "token": SecretKind.TOKEN,
    "refreshtoken": SecretKind.REFRESH_TOKEN,
    "sessiontoken": SecretKind.SESSION_TOKEN,
    "codeverifier": SecretKind.CODE_VERIFIER,
    "samlresponse": SecretKind.ASSERTION,
    "passwd": SecretKind.PASSWORD,
    "pwd": SecretKind.PASSWORD,
    "sessionid": SecretKind.SESSION_TOKEN,
}
_ENDINGS: Mapping[str, SecretKind] = {
    "password": SecretKind.PASSWORD,
    "passphrase": SecretKind.PASSWORD,
    "appsecret": SecretKind.APP_SECRET,
    "clientsecret": SecretKind.APP_SECRET,
    "secret": SecretKind.OTHER,
    "token": SecretKind.TOKEN,
    "assertion": SecretKind.ASSERTION,
    "privatekey": SecretKind.PRIVATE_KEY,
    "authorization": SecretKind.OTHER,
}
"""By the end of a name, as in ``newPassword``. The first that fits counts."""
_CODE = "code"
_SQUEEZE = re.compile(r"[\s_-]")
_LONGEST_NAME = 200

PROTOCOL_WORDS = frozenset(
    {
        "password",
        "authorization_code",
        "client_credentials",
        "refresh_token",
        "invalidate_token",
        "access_token",
        "session_token",
        "sessionToken",
        "client_secret",
        "client_id",
        "token",
        "code",
        "secret",
        "cookie",
        "assertion",
        "bearer",
        "Bearer",
        "BearerToken",
        "true",
        "false",
        "null",
    }
)
"""Words that every client sends. If one of them is the value of a secret field, it is a placeholder
there, and nowhere else."""


class SecretNames:
    """Finds the kind of a value by the name of its field. ``others`` are names of the user."""

    def __init__(self, others: Iterable[str] = ()) -> None:
        self._others = frozenset(map(_squeezed, others))
        self._parts = sorted({*_EXACT, *_ENDINGS, *self._others} - {""})

    def of_header(self, name: str) -> SecretKind | None:
        """The kind of a header that holds one value, as ``AppKey`` does."""
        return self.of_member(name)

    def of_parameter(self, name: str) -> SecretKind | None:
        """The kind of a parameter of a form, a query or a fragment. ``code`` is secret there."""
        squeezed = _squeezed(unquote_plus(name) if "%" in name or "+" in name else name)
        return SecretKind.CODE if squeezed == _CODE else self._of(squeezed)

    def of_member(self, name: str) -> SecretKind | None:
        """The kind of a JSON member. ``code`` is the code of an error there."""
        return self._of(_squeezed(name))

    def may_be_in(self, text: str) -> bool:
        """False if no member of a JSON text can have a secret name. It reads the text quickly."""
        if "\\u" in text:
            return True
        squeezed = _without_separators(text).lower()
        return any(each in squeezed for each in self._parts)

    def _of(self, name: str) -> SecretKind | None:
        if not name:
            return None
        if found := _EXACT.get(name):
            return found
        if name in self._others:
            return SecretKind.OTHER
        single = name.removesuffix("s")  # tokens of an array
        return next((kind for end, kind in _ENDINGS.items() if single.endswith(end)), None)


def _without_separators(text: str) -> str:
    return "".join(text.split()).replace("_", "").replace("-", "")


def _squeezed(name: str) -> str:
    return _SQUEEZE.sub("", name[:_LONGEST_NAME]).lower()
