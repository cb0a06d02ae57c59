"""Finds which parameter the client meant, among the sent names, when one is missing.

Values are never shown. Names are shown only if they cannot be a part of a secret value: the text
after ``password=`` may be the rest of a password with an ``&`` in it.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterable, Sequence
from itertools import islice

from mock_sei.errors import one_line

KNOWN = (
    "grant_type",
    "username",
    "email",
    "password",
    "client_id",
    "client_secret",
    "scope",
    "code",
    "code_verifier",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "redirect_url",
    "response_type",
    "refresh_token",
    "access_token",
    "token",
    "token_type_hint",
    "sessionToken",
    "SAMLResponse",
    "SAMLAssertion",
    "assertion",
    "state",
    "login_hint",
    "endOtherSessions",
)
"""Names that the OAuth endpoints read, and other names that OAuth clients send."""

_SECRET = {
    "password",
    "clientsecret",
    "code",
    "codeverifier",
    "refreshtoken",
    "accesstoken",
    "token",
    "sessiontoken",
    "samlresponse",
    "samlassertion",
    "assertion",
}
"""Names with secret values, in the form of :func:`_plain`."""

_ALIASES = {
    "appkey": "client_id",
    "apikey": "client_id",
    "consumerkey": "client_id",
    "clientkey": "client_id",
    "appsecret": "client_secret",
    "secret": "client_secret",
    "consumersecret": "client_secret",
    "user": "username",
    "login": "username",
    "serviceaccount": "username",
    "mail": "email",
    "emailaddress": "email",
    "pass": "password",
    "passwd": "password",
    "pwd": "password",
    "callback": "redirect_uri",
    "callbackurl": "redirect_uri",
    "returnurl": "redirect_uri",
    "authorizationcode": "code",
    "authcode": "code",
    "verifier": "code_verifier",
    "granttype": "grant_type",
    "scopes": "scope",
}
"""Names that other systems use for a parameter, in the form of :func:`_plain`."""

_NEAR = 0.75
_LONGEST = 60
_SHOWN = 12
_LOOKED_AT = 50
"""How many names are examined."""
_MARKUP = frozenset("<>{}")
_WORD = re.compile(r"[\w.;:&\[\]\\-]+")


def explain_absence(
    wanted: Sequence[str], came: Iterable[str], empty: Iterable[str] = (), *, oddity: str = ""
) -> str:
    """Sentences after one that says that a parameter is missing. A blank precedes each sentence.

    ``wanted`` are the names that the parameter may have. ``came`` are the names of the request in
    their order. ``empty`` are the names that were sent without a value. ``oddity`` is added if no
    sent name resembles the wanted ones.
    """
    names = list(islice(came, _LOOKED_AT))
    without = [each for each in wanted if each in set(empty)]
    told = [f"{without[0]} has no value, so it counts as missing."] if without else []
    meant = find_meant(wanted, names)
    if meant is not None:
        sent, name = meant
        told.append(f"The request has `{_shown(sent)}`: did you mean `{name}`?{_cure(sent)}")
    told.append(list_names(names))
    if meant is None and oddity:
        told.append(oddity)
    return "".join(f" {each}" for each in told)


def find_meant(wanted: Sequence[str], came: Iterable[str]) -> tuple[str, str] | None:
    """The first sent name that resembles a wanted one, and that wanted name."""
    plain_wanted = {_plain(each): each for each in wanted}
    candidates = [
        each
        for each in came
        if each not in KNOWN and len(each) <= _LONGEST and not _MARKUP.intersection(each)
    ]
    for sent in candidates:
        plain = _plain(sent)
        name = plain_wanted.get(plain)
        alias = _ALIASES.get(plain)
        if name or alias in wanted:
            return sent, name or str(alias)
    for sent in candidates:
        near = difflib.get_close_matches(_plain(sent), plain_wanted, n=1, cutoff=_NEAR)
        if near:
            return sent, plain_wanted[near[0]]
    return None


def find_spoilt(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """A note for each name that only case, escapes or invisible characters make unknown."""
    right = {*known, *KNOWN}
    plain = {_plain(each): each for each in known}
    notes = []
    for sent in islice(names, _LOOKED_AT):
        if sent in right or len(sent) > _LONGEST:
            continue
        meant = plain.get(_plain(sent))
        if meant is not None:
            notes.append(
                f"no parameter {_shown(sent)}; ignored (did you mean {meant}?){_cure(sent)}"
            )
    return notes


def list_names(came: Sequence[str]) -> str:
    """One sentence with the sent names, without those that may be a part of a secret."""
    if not came:
        return "The request has no parameters."
    shown: list[str] = []
    pieces = others = 0
    behind_secret = False
    for name in came:
        known = _known(name)
        if known is not None:
            behind_secret = known in _SECRET
        if known is None and behind_secret:
            pieces += 1
        elif known is None and (len(name) > _LONGEST or not _WORD.fullmatch(one_line(name))):
            others += 1
        else:
            shown.append(_shown(name))
    left = others + max(0, len(shown) - _SHOWN)
    told = [*shown[:_SHOWN], *([f"{left} more"] if left else [])]
    sentence = f"The request has these parameter names: {', '.join(told)}."
    if not shown:
        sentence = "The request has no valid parameter names."
    if pieces:
        sentence += " The text after a secret value may belong to it: write & in a value as %26."
    return sentence


def did_you_mean(sent: str, names: Iterable[str]) -> str:
    """The end of a sentence about a value that must be one of a few words."""
    plain = {_plain(str(each)): str(each) for each in names}
    begun = [each for each in plain.values() if re.match(re.escape(each) + r"\W", sent)]
    if begun:
        return f"; did you mean {begun[0]}, without the text after it?"
    if not sent or len(sent) > _LONGEST:
        return "."
    here = _plain(sent)
    near = [here] if here in plain else difflib.get_close_matches(here, plain, n=1, cutoff=_NEAR)
    return f"; did you mean {plain[near[0]]}?" if near and plain[near[0]] != sent else "."


def _known(name: str) -> str | None:
    """The known name that a name equals or resembles, in the form of :func:`_plain`."""
    plain = _plain(name) if len(name) <= _LONGEST else ""
    if plain in _PLAIN_KNOWN:
        return plain
    near = difflib.get_close_matches(plain, _PLAIN_KNOWN, n=1, cutoff=_NEAR) if plain else []
    return near[0] if near else None


def _plain(name: str) -> str:
    """The name without escapes, case, and separators between its words."""
    unescaped = html.unescape(name)
    return re.sub(r"^amp;|[\W_]", "", unescaped.replace("&", "").strip()).casefold()


_PLAIN_KNOWN = frozenset(map(_plain, KNOWN)) | _ALIASES.keys()


def _shown(name: str) -> str:
    return one_line(name[:_LONGEST].replace("\r", "\\r").replace("\n", "\\n"))


def _cure(sent: str) -> str:
    if sent.startswith("amp;"):
        return " Write & instead of the HTML escape &amp;."
    if "\r" in sent or "\n" in sent:
        return " Separate parameters only by &, without a line end."
    if sent != sent.strip():
        return " Separate parameters only by &, without a blank."
    return ""
