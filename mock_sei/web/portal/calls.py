"""How to call with one application: its addresses, keys and files, for the clients of
docs/clients.md.

The programs themselves are in ``templates/portal/calls.html``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from mock_sei.apis.operations import Operation
from mock_sei.fixtures import is_demo
from mock_sei.journal.shell import shell_word
from mock_sei.platform import Platform
from mock_sei.rules.addresses import Addresses
from mock_sei.rules.records import DEFAULT_USER, Application
from mock_sei.rules.standards import GrantType

PASSWORD_OF_MAIL = "PASSWORD-FROM-THE-MAIL"  # nosec B105  # a placeholder
PASSWORD_OF_USER = "PASSWORD-OF-THE-USER"  # nosec B105  # a placeholder
CODE = "CODE-FROM-THE-REDIRECT"
TOKEN = "TOKEN-FROM-THE-REDIRECT"  # nosec B105  # a placeholder

CODE_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
"""The example of RFC 7636 appendix B. A real client makes a new one for each log-in."""

_FAVOURITE = "GET /v1/order/tradetickets"
_FAVOURITE_QUERY = "?limit=2"

_RESPONSE_TYPES = {GrantType.AUTHORIZATION_CODE: "code", GrantType.IMPLICIT: "token"}


@dataclass(frozen=True, kw_only=True)
class CallPlan:
    """What a program needs to get a token for one application and to make a call with it."""

    url: str
    """The listener that the application calls."""
    host: str
    port: str
    name: str
    app_key: str
    app_secret: str | None
    account: str | None
    """The service account, None for an application with one-way TLS."""
    form: Mapping[str, str]
    """The parameters of the token request; empty if the redirect brings the token."""
    authorize: str | None
    """The address of the log-in page, None for a grant without one."""
    token_path: str
    """The path of the token endpoint."""
    path: str
    """Path and query of a functional call."""
    placeholders: tuple[str, ...]
    """The texts in a program that the reader must replace."""

    @property
    def certificate(self) -> str:
        return f"certs/{self.account}/certificate.crt"

    @property
    def key(self) -> str:
        return f"certs/{self.account}/privatekey.key"

    @property
    def pfx(self) -> str:
        return f"certs/{self.account}/certificate.pfx"

    @property
    def postman(self) -> str:
        """The command that writes a Postman collection for the application."""
        return _line(["mock-sei", "postman", "--application", self.name])

    @property
    def encoded_form(self) -> str:
        """The parameters as the body of the token request."""
        return urlencode(self.form)

    @property
    def pair(self) -> str | None:
        """AppKey and AppSecret for HTTP Basic, None without an AppSecret."""
        return None if self.app_secret is None else f"{self.app_key}:{self.app_secret}"

    @property
    def curl(self) -> str:
        """The lines for a shell."""
        tls = ["--cacert", "certs/ca.pem"]
        if self.account is not None:
            tls += ["--cert", self.certificate, "--key", self.key]
        request = ["curl", "-sS", *tls]
        call = _line([*request, self.url + self.path, "-H", f"AppKey: {self.app_key}"])
        call += ' -H "Authorization: Bearer $TOKEN"'
        if not self.form:
            return f"TOKEN={TOKEN}\n{call}"
        pair = [] if self.pair is None else ["-u", self.pair]
        fields = [word for each in self.form.items() for word in ("--data-urlencode", _field(each))]
        token = _line([*request, *pair, self.url + self.token_path, *fields])
        read = 'sed -E \'s/.*"access_token":"([^"]+)".*/\\1/\''
        return f"TOKEN=$({token} | {read})\n{call}"


def _field(pair: tuple[str, str]) -> str:
    return "=".join(pair)


def _line(words: Iterable[str]) -> str:
    return " ".join(shell_word([each]) for each in words)


def quoted(value: object) -> str:
    """A text or a dictionary of texts as Python, JavaScript, Java, Go and C# write it."""
    return json.dumps(value, ensure_ascii=False)


def plan_call(
    platform: Platform, addresses: Addresses, application: Application, password: str | None
) -> CallPlan:
    """``password`` is that of the service account, None if the page must not show it."""
    standard = application.standard
    url = addresses.two_way if standard.two_way_tls else addresses.one_way
    form = _form(platform, application, password)
    unknown = (PASSWORD_OF_MAIL, PASSWORD_OF_USER, CODE)
    placeholders = [each for each in unknown if each in form.values()]
    paths = platform.state.assumptions.path
    authorize = _authorize(f"{addresses.one_way}{paths.authorize}", application)
    host, _, port = url.partition("://")[2].rpartition(":")
    return CallPlan(
        url=url,
        host=host or port,
        port=port if host else "443",
        name=application.name,
        app_key=application.app_key,
        app_secret=application.app_secret,
        account=application.service_account,
        form=form,
        authorize=authorize,
        token_path=paths.token,
        path=_path(platform, application),
        placeholders=tuple(placeholders if form else [TOKEN]),
    )


def _form(platform: Platform, application: Application, password: str | None) -> dict[str, str]:
    grant = application.standard.grant
    form: dict[str, str] = {"grant_type": str(grant)}
    if grant is GrantType.IMPLICIT:
        return {}
    if grant is GrantType.CLIENT_CREDENTIALS:
        form |= {
            "username": application.service_account or "",
            "password": password or PASSWORD_OF_MAIL,
        }
    if grant is GrantType.PASSWORD:
        form |= _user(platform)
    if grant is GrantType.AUTHORIZATION_CODE:
        form |= {"code": CODE, "redirect_uri": _redirect_address(application)}
    if application.standard.proof_key:
        form["code_verifier"] = CODE_VERIFIER
    if application.app_secret is None:
        form["client_id"] = application.app_key
    return form


def _user(platform: Platform) -> dict[str, str]:
    """The default user of the fixtures; another one if it is not there."""
    users = platform.registry.end_users
    first = users.page(limit=1).records
    user = users.get(DEFAULT_USER) or (first[0] if first else None)
    if user is None:
        return {"username": "E-MAIL-OF-THE-USER", "password": PASSWORD_OF_USER}
    password = user.password if is_demo(user) else PASSWORD_OF_USER
    return {"username": user.email, "password": password}


def _redirect_address(application: Application) -> str:
    return next(iter(application.redirect_addresses), "REDIRECT-ADDRESS")


def _authorize(endpoint: str, application: Application) -> str | None:
    standard = application.standard
    response_type = _RESPONSE_TYPES.get(standard.grant)
    if response_type is None:
        return None
    query = {
        "client_id": application.app_key,
        "response_type": response_type,
        "redirect_uri": _redirect_address(application),
    }
    if standard.proof_key:
        digest = hashlib.sha256(CODE_VERIFIER.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
    return f"{endpoint}?{urlencode(query)}"


def _path(platform: Platform, application: Application) -> str:
    """The path of a call that the application may make, and that needs no value from the reader."""
    granted = (
        operation
        for product in platform.catalogue.products.values()
        if application.is_granted(product.name)
        for operation in product.operations.values()
        if _is_simple(operation)
    )
    favourite = platform.catalogue.products.get("sma-trade-orders")
    if favourite is not None and application.is_granted(favourite.name):
        known = (each for each in favourite.operations.values() if each.name == _FAVOURITE)
        found = next(known, None)
        if found is not None:
            return found.path + _FAVOURITE_QUERY
    simple = next(granted, None)
    return simple.path if simple is not None else "/PATH-OF-AN-OPERATION"


def _is_simple(operation: Operation) -> bool:
    needs = any(each.required for each in operation.parameters.values())
    return operation.method == "GET" and "{" not in operation.path and not needs
