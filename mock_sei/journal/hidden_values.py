"""Which secrets the journal hid in a request: what each ``***`` of it is, and whose.

What repeats requests, curl lines and tests, has a variable in the place of each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl

from mock_sei.journal.entries import Entry

LOGIN_PATH = "/v2/oauth/login"


class Secret(StrEnum):
    """What a hidden value is, if its place tells that. The values are names of variables."""

    TOKEN = "TOKEN"  # nosec B105  # names, no secrets: so are the next ones
    APP_SECRET = "APP_SECRET"  # nosec B105
    PASSWORD = "PASSWORD"  # nosec B105
    CODE = "CODE"
    CODE_VERIFIER = "CODE_VERIFIER"
    REFRESH_TOKEN = "REFRESH_TOKEN"  # nosec B105
    SESSION_TOKEN = "SESSION_TOKEN"  # nosec B105
    ASSERTION = "ASSERTION"
    COOKIE = "COOKIE"
    AUTHORIZATION = "AUTHORIZATION"
    LINK = "LINK"
    OTHER = "SECRET"


MEANINGS: Mapping[Secret, str] = {
    Secret.TOKEN: "access token",
    Secret.APP_SECRET: "AppSecret",
    Secret.PASSWORD: "password",
    Secret.CODE: "authorization code",
    Secret.CODE_VERIFIER: "code verifier",
    Secret.REFRESH_TOKEN: "refresh token",
    Secret.SESSION_TOKEN: "session token",
    Secret.ASSERTION: "assertion",
    Secret.COOKIE: "cookies",
    Secret.AUTHORIZATION: "Authorization header",
    Secret.LINK: "secret part of the path",
    Secret.OTHER: "secret value",
}
"""In words."""

_BY_NAME: Mapping[str, Secret] = {
    "accesstoken": Secret.TOKEN,
    "token": Secret.TOKEN,
    "clientsecret": Secret.APP_SECRET,
    "appsecret": Secret.APP_SECRET,
    "password": Secret.PASSWORD,
    "code": Secret.CODE,
    "codeverifier": Secret.CODE_VERIFIER,
    "refreshtoken": Secret.REFRESH_TOKEN,
    "sessiontoken": Secret.SESSION_TOKEN,
    "assertion": Secret.ASSERTION,
    "clientassertion": Secret.ASSERTION,
    "samlassertion": Secret.ASSERTION,
    "samlresponse": Secret.ASSERTION,
    "cookie": Secret.COOKIE,
    "authorization": Secret.AUTHORIZATION,
}
_REFUSED_BY: Mapping[str, Secret] = {
    "key pair": Secret.APP_SECRET,
    "account": Secret.PASSWORD,
    "end user": Secret.PASSWORD,
    "access token": Secret.TOKEN,
    "authorization code": Secret.CODE,
    "code verifier": Secret.CODE_VERIFIER,
    "refresh token": Secret.REFRESH_TOKEN,
}
"""By the name of a check: which secret it found to be wrong, unless two values are told that
differ."""
_SQUEEZE = re.compile(r"[\s_-]")
_LONGEST_NAME = 60
_MEMBER = re.compile(r'"([^"\\]{1,60})"\s{0,20}:\s{0,20}"?\Z')
"""A JSON member's name at the end of a text, directly before its value."""
_LONGEST_MEMBER = 2 * _LONGEST_NAME


@dataclass(frozen=True)
class HiddenValue:
    """A secret that the journal hid."""

    kind: Secret
    owner: str | None = None
    """By its name, AppKey or account: an application of a token or of an AppSecret. A user name of
    a password. None if it is unknown, or if the secret is nobody's."""
    is_user: bool = False
    """True if the owner is an end user."""
    is_wrong: bool = False
    """True if the request was refused because of this value."""

    @property
    def name(self) -> str:
        """The name of a variable for it."""
        return f"WRONG_{self.kind}" if self.is_wrong else str(self.kind)

    @property
    def stand_in(self) -> str:
        """A value that is refused in its place."""
        return f"not the {MEANINGS[self.kind]}".replace(" ", "-")


class HiddenValues:
    """The secrets of one request."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._fields = _fields_of(entry)

    def named(self, name: str) -> HiddenValue:
        """The value of a parameter, JSON member or header with this name."""
        kind = _BY_NAME.get(_SQUEEZE.sub("", name[:_LONGEST_NAME]).lower(), Secret.OTHER)
        return self.of(kind)

    def after(self, json: str) -> HiddenValue:
        """The value that follows the beginning of a JSON text."""
        found = _MEMBER.search(json[-_LONGEST_MEMBER:])
        return self.named(found[1] if found else "")

    def of(self, kind: Secret, owner: str | None = None) -> HiddenValue:
        """The value of a kind. ``owner`` is given if it stands beside the value."""
        fields, entry = self._fields, self._entry
        if _REFUSED_BY.get(entry.refused_by or "") is kind and entry.expected is None:
            return HiddenValue(kind, is_wrong=True)
        if kind is Secret.TOKEN:
            return HiddenValue(kind, entry.application or self._caller())
        if kind is Secret.APP_SECRET:
            return HiddenValue(kind, owner or fields.get("client_id") or entry.application)
        if kind is Secret.PASSWORD:
            name = fields.get("username") or fields.get("email") or entry.service_account
            return HiddenValue(kind, name, is_user=self._is_of_user())
        return HiddenValue(kind)

    def _caller(self) -> str | None:
        """The account of the client certificate, or the AppKey, of a request that was refused
        before its application was looked up."""
        shown = self._entry.certificate
        return shown.common_name if shown else find_header(self._entry, "appkey") or None

    def _is_of_user(self) -> bool:
        path = self._entry.request.path if self._entry.request else ""
        return path == LOGIN_PATH or self._fields.get("grant_type") == "password"


def _fields_of(entry: Entry) -> dict[str, str]:
    """The parameters of the query and of the form."""
    request = entry.request
    if request is None:
        return {}
    return dict(parse_qsl(request.query)) | dict(parse_qsl(form_of(entry) or ""))


def form_of(entry: Entry) -> str | None:
    """The body if it is a form; None if it is something else."""
    if entry.request is None:
        return None
    body = entry.request.body
    media_type = find_header(entry, "content-type").partition(";")[0].strip().lower()
    # The media type may be wrong: ``curl -d`` sends JSON as a form.
    is_form = media_type.endswith("form-urlencoded") and body.lstrip()[:1] not in ("{", "[")
    return body if is_form else None


def find_header(entry: Entry, name: str) -> str:
    """A header of the request, with secrets hidden; empty if it was not sent."""
    headers = entry.request.headers if entry.request else {}
    return next((value for each, value in headers.items() if each.lower() == name), "")
