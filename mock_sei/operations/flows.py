"""The client's side of every grant: from an application's name to its token, by real requests.

The flow follows from the application's row of the security standards, as it would in a real client.
``MockSei`` and the command line both walk through here; they differ in how they connect.
"""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from mock_sei.assumptions.groups import Paths
from mock_sei.errors import MockSeiError, UnknownApplication, one_line
from mock_sei.journal.redaction import redact_form
from mock_sei.oauth.metadata import RESPONSE_TYPES
from mock_sei.oauth.proof_key import Method, challenge_of
from mock_sei.rules.arguments import require_text
from mock_sei.rules.records import Application, EndUser, ServiceAccount
from mock_sei.rules.standards import GrantType

LONGEST_ANSWER = 1000
"""Characters of an answer that an error repeats."""


@dataclass(frozen=True, kw_only=True)
class LogIn:
    """What came back to the application's redirect address after a log-in."""

    location: str
    """The whole address, query or fragment included."""
    code_verifier: str | None = field(default=None, repr=False)
    """The code verifier (PKCE) whose challenge was sent; None where the grant has none."""

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters in the query or fragment of the address."""
        parts = urlsplit(self.location)
        return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))

    @property
    def code(self) -> str:
        """The authorization code. Raises :class:`~mock_sei.errors.MockSeiError` naming the error
        that came instead."""
        return self._member("code")

    @property
    def access_token(self) -> str:
        """The access token of the implicit grant. Raises :class:`~mock_sei.errors.MockSeiError`
        naming the error that came instead."""
        return self._member("access_token")

    @property
    def error(self) -> str | None:
        """The error code that came back, None where there is none."""
        return self.parameters.get("error")

    def _member(self, name: str) -> str:
        value = self.parameters.get(name)
        if value is None:
            shown = redact_form(urlencode(self.parameters))
            raise MockSeiError(f"the redirect has no {name}: {shown}")
        return value


class Directory(Protocol):
    """Who is registered: what a flow asks of :class:`~mock_sei.rules.registry.Registry`."""

    def require_application(self, name: str) -> Application: ...
    def require_account(self, username: str) -> ServiceAccount: ...
    def require_user(self, email: str) -> EndUser: ...
    def account_names(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Flows:
    """The grants of one platform, walked through over its own listeners."""

    registry: Callable[[], Directory]
    connect: Callable[[str | None], httpx2.Client]
    """A client with a service account's certificate, or a one-way client for None."""
    paths: Callable[[], Paths] = Paths
    """Where the endpoints are."""

    def log_in(self, application: str, user: str, **parameters: str | None) -> LogIn:
        """Logs in and consents without a page; ``parameters`` change the authorization request.

        Raises :class:`MockSeiError` where a page comes instead of a redirect.
        """
        found = self.application(application)
        query: dict[str, str | None] = {
            "client_id": found.app_key,
            "response_type": RESPONSE_TYPES.get(found.standard.grant),
        }
        if found.redirect_addresses:
            query["redirect_uri"] = found.redirect_addresses[0]
        verifier = None
        if found.standard.proof_key:
            verifier = secrets.token_urlsafe(48)
            query["code_challenge"] = challenge_of(verifier)
            query["code_challenge_method"] = Method.S256
        query |= parameters
        for name, value in query.items():
            if value is not None:
                require_text(name, str(value))
        form = {"username": user, "password": self.password_of(user), "decision": "allow"}
        sent = {name: value for name, value in query.items() if value is not None}
        paths = self.paths()
        with self.connect(None) as http:
            answer = http.get(paths.authorize, params=sent, follow_redirects=False)
            address = _find_login_address(answer, paths.login)
            if address is not None:
                answer = http.post(address, data=form, follow_redirects=False)
        location = answer.headers.get("Location")
        if location is None:
            raise MockSeiError(f"no redirect for {user}: {answer.status_code} {_said(answer)}")
        return LogIn(location=location, code_verifier=verifier)

    def token_response(self, name: str, user: str) -> dict[str, Any]:
        """The token endpoint's answer for an application, or for a service account's application.

        For the implicit grant, what came back in the fragment. Raises :class:`MockSeiError`.
        """
        application = self.application(name)
        answer: dict[str, Any] = _FLOWS[application.standard.grant](self, application, user)
        return answer

    def application(self, name: str) -> Application:
        """By its name, its AppKey or its service account. Raises :class:`UnknownApplication`."""
        registry = self.registry()
        try:
            return registry.require_application(require_text("application", name))
        except UnknownApplication as error:
            accounts = registry.account_names()
            raise UnknownApplication(f"{error}; service accounts are {accounts}") from None

    def request_token(self, application: Application, form: Mapping[str, str | None]) -> Any:
        """One token request, over the application's own listener."""
        parameters = {name: value for name, value in form.items() if value is not None}
        options: dict[str, Any] = {}
        if application.app_secret is None:
            parameters["client_id"] = application.app_key
        else:
            options["auth"] = (application.app_key, application.app_secret)
        with self.connect(application.service_account) as http:
            answer = http.post(self.paths().token, data=parameters, **options)
        if answer.status_code != 200:
            raise MockSeiError(f"no token for {application.name}: {answer.text}")
        return answer.json()

    def password_of(self, user: str) -> str:
        """Raises :class:`~mock_sei.errors.UnknownUser` naming some end users there are."""
        return self.registry().require_user(user).password


def _find_login_address(answer: httpx2.Response, path: str) -> str | None:
    """Where authorize sent the browser, from the path on; None of an answer to the application.

    The password goes to the server that was asked, whatever host the address names. An answer to an
    application has no ``client_id``, even where its redirect address has this path.
    """
    location, _, query = answer.headers.get("Location", "").partition("?")
    is_login = location.endswith(path) and "client_id" in dict(parse_qsl(query))
    return f"{path}?{query}" if is_login else None


def _said(answer: httpx2.Response) -> str:
    """What a page tells a person to be wrong; of what is no such page the beginning."""
    found = re.search(r'role="alert"[^>]*>([^<]*)<', answer.text)
    return html.unescape(found[1]) if found else one_line(answer.text[:LONGEST_ANSWER])


def _client_credentials(flows: Flows, application: Application, _: str) -> Any:
    account = flows.registry().require_account(application.service_account or "")
    form = {"username": account.username, "password": account.password}
    return flows.request_token(application, {"grant_type": GrantType.CLIENT_CREDENTIALS, **form})


def _password_grant(flows: Flows, application: Application, user: str) -> Any:
    form = {"username": user, "password": flows.password_of(user)}
    return flows.request_token(application, {"grant_type": GrantType.PASSWORD, **form})


def _authorization_code(flows: Flows, application: Application, user: str) -> Any:
    login = flows.log_in(application.name, user)
    form = {
        "grant_type": GrantType.AUTHORIZATION_CODE,
        "code": login.code,
        "redirect_uri": application.redirect_addresses[0],
        "code_verifier": login.code_verifier,
    }
    return flows.request_token(application, form)


def _implicit(flows: Flows, application: Application, user: str) -> Any:
    login = flows.log_in(application.name, user)
    return {**login.parameters, "access_token": login.access_token}


_FLOWS: Mapping[GrantType, Callable[[Flows, Application, str], Any]] = {
    GrantType.CLIENT_CREDENTIALS: _client_credentials,
    GrantType.PASSWORD: _password_grant,
    GrantType.AUTHORIZATION_CODE: _authorization_code,
    GrantType.IMPLICIT: _implicit,
}
"""By the grant of the application's row."""
