"""The requests of the probes: a function for each one that takes more than a line of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mock_sei.oauth.metadata import METADATA_PATH
from mock_sei.probe.asking import Pairs, ProbeAnswer, ProbeAsk, ProbeIdentity, Steps
from mock_sei.probe.log_in import authorization, walk
from mock_sei.probe.subject import KnownValue, Subject
from mock_sei.recordings.exchanges import Listener

WRONG_WORD = "no-such-thing"
"""In place of every name that shall be unknown."""
# Each of these is a placeholder in the recording, so none may be a word that stands elsewhere.
UNKNOWN_APP_KEY = "app-key-of-nobody"
WRONG_SECRET = "secret-of-nobody"  # nosec B105  # wrong on purpose: so are the next ones
GARBLED_TOKEN = "token-of-nobody"  # nosec B105
WRONG_PASSWORD = "password-of-nobody"  # nosec B105
UNKNOWN_CODE = "code-of-nobody"
ESIGN_PATH = "/v1/esign/subscribe"
_OTHER: dict[Listener, Listener] = {"one-way": "two-way", "two-way": "one-way"}
_KIBIBYTE = 1024
LARGE_BODIES = tuple(
    each * _KIBIBYTE for each in (64, 512, 1024, 2048, 4096, 7168, 9216, 16384, 33792)
)
"""Bytes of the bodies that are sent, until one is refused."""
LARGE_HEAD = 70_000
"""Characters of a header."""
IDLE_MARKS = tuple(timedelta(minutes=each) for each in (5, 10, 20, 29, 31, 45, 59))
"""How long tokens are not used. One more token is used at each mark, and at the last one."""
LAST_MARK = timedelta(minutes=61)
CODE_MARKS = (timedelta(seconds=15), timedelta(seconds=25))
"""How long codes are not exchanged."""
STALL_PATIENCE = timedelta(minutes=3)
LARGE_PATIENCE = timedelta(minutes=2)

Question = Callable[[Subject], Steps]


def once(make: Callable[[Subject], ProbeAsk]) -> Question:
    """A probe of one request."""

    def steps(it: Subject) -> Steps:
        yield make(it)

    return steps


def each_of(*makers: Callable[[Subject], ProbeAsk]) -> Question:
    """A probe of several requests that need nothing of one another."""

    def steps(it: Subject) -> Steps:
        for make in makers:
            yield make(it)

    return steps


def calling(**changes: Any) -> Question:
    """A functional call; see :meth:`Subject.call`."""
    return once(lambda it: it.call(**changes))


def asking_for_a_token(*changes: tuple[str, str | None], **others: Any) -> Question:
    """A good token request of which some parameters are changed; None leaves one out."""
    return once(lambda it: it.token_request(changed(grant_form(it), *changes), **others))


def changed(form: Pairs, *changes: tuple[str, str | None]) -> Pairs:
    """A form with other values; None leaves a parameter out, a new name is put at the end."""
    new = dict(changes)
    kept = [(name, new.pop(name, value)) for name, value in form]
    return tuple((name, value) for name, value in (*kept, *new.items()) if value is not None)


def grant_form(it: Subject) -> Pairs:
    """The form of a good token request. Its refusals need no code, so a grant with one has none."""
    if it.grant == "client_credentials":
        account = (it.value(KnownValue.USERNAME), it.value(KnownValue.PASSWORD))
    elif it.grant == "password":
        account = (it.value(KnownValue.END_USER), it.value(KnownValue.END_USER_PASSWORD))
    else:
        return (("grant_type", it.grant), ("code", UNKNOWN_CODE))
    return (("grant_type", it.grant), ("username", account[0]), ("password", account[1]))


def metadata(it: Subject) -> Steps:
    """The metadata. Paths that it names are used from then on, if they are the upstream's."""
    answer = yield public(it, METADATA_PATH)
    found = answer.json
    if not isinstance(found, dict):
        return
    aliases = found.get("mtls_endpoint_aliases")
    for name, member in _NAMED.items():
        address = found.get(member)
        if it.listener == "two-way" and isinstance(aliases, dict):
            address = aliases.get(member, address)
        if isinstance(address, str):
            it.learn_path(name, address)


_NAMED = {
    "token": "token_endpoint",
    "authorize": "authorization_endpoint",
    "revoke": "revocation_endpoint",
}


def public(it: Subject, path: str) -> ProbeAsk:
    """A request that needs nothing."""
    return it.call(
        path=path, app_key=None, token=None, listener="one-way", identity=ProbeIdentity.NONE
    )


def token(it: Subject) -> Steps:
    """A token, which the probes behind this one use."""
    learn_tokens(it, (yield it.token_request(grant_form(it))))


def learn_tokens(it: Subject, answer: ProbeAnswer) -> None:
    """Keeps the tokens of an answer."""
    it.learn(KnownValue.TOKEN, answer.find_text("access_token"))
    it.learn(KnownValue.REFRESH_TOKEN, answer.find_text("refresh_token"))


def first_page(it: Subject) -> Steps:
    """The list as it is."""
    yield it.call()


def next_page(it: Subject) -> Steps:
    """A page of one record, and the page to which its link leads."""
    limit = ((it.paging.limit, "1"),)
    answer = yield it.call(query=limit)
    if answer.is_imagined:
        yield it.call(query=(*limit, (it.paging.cursor, it.value(KnownValue.CURSOR))))
        return
    link = answer.find_text("paging", it.paging.next)
    if link is not None:
        yield it.call(query=tuple(parse_qsl(urlsplit(link).query, keep_blank_values=True)))


def wrong_listener(it: Subject) -> Steps:
    """A call on the listener that the application must not use."""
    other = _OTHER[it.listener]
    identity = ProbeIdentity.NONE if other == "one-way" else ProbeIdentity.OWN
    yield it.call(listener=other, identity=identity)


def two_mistakes(it: Subject) -> Steps:
    """Calls with two mistakes each: the refusal says which check comes first."""
    yield it.call(app_key=None, token=GARBLED_TOKEN)
    if it.has_other_certificate:
        yield it.call(app_key=None, identity=ProbeIdentity.OTHER)
        yield it.call(token=GARBLED_TOKEN, identity=ProbeIdentity.OTHER)


def two_mistakes_for_a_token(it: Subject) -> Steps:
    """Token requests with two mistakes each."""
    unknown = ("grant_type", WRONG_WORD)
    yield it.token_request(changed(grant_form(it), unknown), pair=None)
    yield it.token_request((unknown,))
    yield it.token_request((), pair=None)
    yield it.token_request(changed(grant_form(it), unknown, ("scope", WRONG_WORD)))
    if it.has_other_certificate:
        yield it.token_request(changed(grant_form(it), unknown), identity=ProbeIdentity.OTHER)


def wrong_password(it: Subject) -> Steps:
    """A wrong password."""
    yield it.token_request(changed(grant_form(it), ("password", WRONG_PASSWORD)))


def wrong_key_pair(it: Subject) -> Steps:
    """A wrong AppSecret."""
    yield it.token_request(grant_form(it), pair=(it.value(KnownValue.APP_KEY), WRONG_SECRET))


def forbidden_grant(it: Subject) -> Steps:
    """A grant that exists, and that is not of the application's row."""
    if it.grant == "client_credentials":
        yield it.token_request((("grant_type", "authorization_code"), ("code", UNKNOWN_CODE)))
    else:
        yield it.token_request((("grant_type", "client_credentials"),))


def authorize(it: Subject) -> Steps:
    """The beginning of a log-in."""
    yield it.page(it.paths.authorize, authorization(it))


def log_in(it: Subject) -> Steps:
    """A log-in, and the exchange of its code."""
    form = yield from walk(it)
    if form is not None:
        learn_tokens(it, (yield it.token_request(form)))


def refresh(it: Subject) -> Steps:
    """A refresh, and a call with the new token."""
    used = it.value(KnownValue.REFRESH_TOKEN)
    answer = yield it.token_request(_refreshing(used))
    if answer.find_text("access_token") is not None:
        it.learn(KnownValue.USED_REFRESH_TOKEN, used)
        learn_tokens(it, answer)
    yield it.call()


def used_refresh_token(it: Subject) -> Steps:
    """A refresh token again that was used, and then the newest tokens of the consent."""
    yield it.token_request(_refreshing(it.value(KnownValue.USED_REFRESH_TOKEN)))
    yield it.call()
    yield it.token_request(_refreshing(it.value(KnownValue.REFRESH_TOKEN)))


def _refreshing(refresh_token: str) -> Pairs:
    return (("grant_type", "refresh_token"), ("refresh_token", refresh_token))


def revoke(it: Subject) -> Steps:
    """A token of its own that is revoked, and a call with it."""
    answer = yield it.token_request(grant_form(it))
    found = answer.find_text("access_token")
    if found is None:
        return
    yield it.token_request((("token", found),), path=it.paths.revoke)
    yield it.call(token=found)


def large_body(it: Subject) -> Steps:
    """Larger and larger bodies: nothing but blanks, which are no JSON."""
    for size in LARGE_BODIES:
        answer = yield it.call("POST", body=b" " * size, patience=LARGE_PATIENCE)
        if answer.status in (0, _TOO_LARGE):
            return


_TOO_LARGE = 413


def idle_token(it: Subject) -> Steps:
    """Tokens that are used after 5 to 61 minutes, and one that is used all the time."""
    tokens: list[str] = []
    for _ in (*IDLE_MARKS, LAST_MARK):
        answer = yield it.token_request(grant_form(it))
        tokens.append(answer.find_text("access_token") or "")
    used = tokens.pop()
    passed = timedelta(0)
    for mark, idle in zip((*IDLE_MARKS, LAST_MARK), (*tokens, ""), strict=True):
        for number, each in enumerate(each for each in (idle, used) if each):
            yield replace(it.call(token=each), wait=timedelta(0) if number else mark - passed)
            passed = mark


def late_code(it: Subject) -> Steps:
    """Codes that are exchanged after a while."""
    for mark in CODE_MARKS:
        form = yield from walk(it)
        if form is None:
            return
        yield replace(it.token_request(form), wait=mark)


def slow_head(it: Subject) -> Steps:
    """A request whose head does not end."""
    yield replace(it.call(), is_cut=True, patience=STALL_PATIENCE)
