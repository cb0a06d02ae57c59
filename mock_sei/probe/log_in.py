"""The log-in of an end user, as a browser walks through it.

The pages of the real platform are unknown. So forms are filled in as they come: the first text is
the user, and a field for a password gets the password, once. Nothing is sent to another host than
the upstream.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from mock_sei.oauth.proof_key import Method, challenge_of
from mock_sei.probe.asking import Pairs, ProbeAnswer, ProbeAsk, placeholder
from mock_sei.probe.pages import find_form
from mock_sei.probe.subject import KnownValue, Subject

_MOST_STEPS = 12
_STATE = "mock-sei-probe"
_FORM = "application/x-www-form-urlencoded"


class Browser:
    """The cookies of a log-in, and where it is."""

    def __init__(self, it: Subject) -> None:
        self._it = it
        self._cookies: dict[str, str] = {}
        self._address = ""
        self._sent_password = False

    def open(self, path: str, query: Pairs = ()) -> ProbeAsk:
        """A request of a page."""
        return self._with_cookies(self._it.page(path, query))

    def learn(self, ask: ProbeAsk, answer: ProbeAnswer) -> None:
        """Takes the cookies of an answer."""
        self._address = urljoin(self._it.origins["one-way"], ask.target)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self._cookies[key.strip()] = rest.partition(";")[0].strip()

    def next_page(self, answer: ProbeAnswer) -> ProbeAsk | None:
        """What a user does with an answer; None if that is not known."""
        location = answer.find_header("Location")
        if location is not None:
            return self._follow(location)
        form = find_form(answer.body)
        if form is None or (form.has_password and self._sent_password):
            return None
        ask = self._follow(form.action)
        if ask is None:
            return None
        self._sent_password = self._sent_password or form.has_password
        fields = form.filled(
            self._it.value(KnownValue.END_USER), self._it.value(KnownValue.END_USER_PASSWORD)
        )
        if not form.is_post:
            return replace(ask, query=fields)
        return as_form(ask, fields)

    def _follow(self, address: str) -> ProbeAsk | None:
        there = urlsplit(urljoin(self._address, address))
        if f"{there.scheme}://{there.netloc}" != self._it.origins["one-way"]:
            return None
        return self.open(there.path or "/", tuple(parse_qsl(there.query, keep_blank_values=True)))

    def _with_cookies(self, ask: ProbeAsk) -> ProbeAsk:
        if not self._cookies:
            return ask
        shown = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        return replace(ask, headers=(*ask.headers, ("Cookie", shown)))


def as_form(ask: ProbeAsk, fields: Pairs) -> ProbeAsk:
    """The request of a page as the POST of a form."""
    headers = (*ask.headers, ("Content-Type", _FORM))
    return replace(ask, method="POST", headers=headers, body=urlencode(fields).encode())


def walk(it: Subject) -> Generator[ProbeAsk, ProbeAnswer, Pairs | None]:
    """Walks through the log-in. Returns the form of the token request; None if no code came."""
    redirect_uri = it.value(KnownValue.REDIRECT_URI)
    verifier = secrets.token_urlsafe(48) if it.is_public else None
    browser = Browser(it)
    ask: ProbeAsk | None = browser.open(it.paths.authorize, authorization(it, verifier))
    for _ in range(_MOST_STEPS):
        if ask is None:
            return None
        answer = yield ask
        if answer.is_imagined:
            yield from _imagined(it)
            return _token_form(placeholder(KnownValue.CODE), redirect_uri, None)
        browser.learn(ask, answer)
        location = answer.find_header("Location") or ""
        if location.startswith(redirect_uri):
            code = dict(parse_qsl(urlsplit(location).query)).get("code")
            return None if code is None else _token_form(code, redirect_uri, verifier)
        ask = browser.next_page(answer)
    return None


def authorization(it: Subject, verifier: str | None = None) -> Pairs:
    """The parameters of an authorization request."""
    sent = [
        ("client_id", it.value(KnownValue.APP_KEY)),
        ("response_type", "code"),
        ("redirect_uri", it.value(KnownValue.REDIRECT_URI)),
        ("state", _STATE),
    ]
    if verifier is not None:
        sent += [
            ("code_challenge", challenge_of(verifier)),
            ("code_challenge_method", Method.S256),
        ]
    return tuple(sent)


def _imagined(it: Subject) -> Generator[ProbeAsk, ProbeAnswer, None]:
    """What a dry run shows of the pages, which nobody has seen."""
    fields = (
        ("username", it.value(KnownValue.END_USER)),
        ("password", it.value(KnownValue.END_USER_PASSWORD)),
    )
    yield as_form(it.page(it.paths.login), fields)


def _token_form(code: str, redirect_uri: str, verifier: str | None) -> Pairs:
    form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
    ]
    if verifier is not None:
        form.append(("code_verifier", verifier))
    return tuple(form)
