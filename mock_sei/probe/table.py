"""The probes, in the order in which they are asked.

Which assumptions a probe shows stands in their table: the column ``seen_by`` has the name of the
probe. ``tests/probe/test_table.py`` keeps the two lists one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mock_sei.assumptions.table import ROWS
from mock_sei.oauth.metadata import JWKS_PATH, METADATA_PATH
from mock_sei.probe import questions as ask
from mock_sei.probe.asking import ProbeIdentity
from mock_sei.probe.questions import WRONG_WORD, Question, asking_for_a_token, calling, once
from mock_sei.probe.subject import KnownValue


class ProbeFlag(StrEnum):
    """Without its flag a probe is left out. The value is the option's name."""

    WRITING = "writing"
    LARGE = "large"
    SLOW = "slow"


class ProbeNeed(StrEnum):
    """What a probe needs. The value names the options that give it."""

    APP_KEY = "--app-key"
    KEY_PAIR = "--app-key and --app-secret"
    END_USER = "--end-user and --end-user-password"
    REDIRECT_URI = "--redirect-uri"
    OTHER_CERTIFICATE = "--other-cert and --other-key"
    TWO_WAY = "--two-way-upstream"


class WrongSecret(StrEnum):
    """What a probe sends wrong that may lock somebody out: once a day."""

    PASSWORD = "password"  # nosec B105  # a name, no secret
    APP_SECRET = "AppSecret"  # nosec B105


_ANY = frozenset({"client_credentials", "password", "authorization_code"})
_OWN = frozenset({"client_credentials", "password"})
_OF_USERS = frozenset({"password", "authorization_code"})
_WITH_CODE = frozenset({"authorization_code"})


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One question to the real platform."""

    name: str
    """As the column ``seen_by`` of the assumptions has it."""
    sentence: str
    steps: Question
    needs: tuple[ProbeNeed, ...] = ()
    grants: frozenset[str] = _ANY
    """The grants of the applications that can ask it."""
    flags: frozenset[ProbeFlag] = frozenset()
    wrong: WrongSecret | None = None

    @property
    def shows(self) -> tuple[str, ...]:
        """The names of the assumptions that it shows."""
        return tuple(name for name, row in ROWS.items() if row.seen_by == self.name)


_CALL = (ProbeNeed.APP_KEY,)
_PAIR = (ProbeNeed.KEY_PAIR,)
_WRITING, _LARGE, _SLOW = (frozenset({each}) for each in ProbeFlag)

_PROBES = (
    Probe(
        name="metadata",
        sentence="The metadata of the authorization server.",
        steps=ask.metadata,
    ),
    Probe(
        name="keys",
        sentence="The public keys of the authorization server.",
        steps=once(lambda it: ask.public(it, JWKS_PATH)),
    ),
    Probe(
        name="token",
        sentence="A token, with everything right.",
        steps=ask.token,
        needs=_PAIR,
        grants=_OWN,
    ),
    Probe(
        name="authorize",
        sentence="An authorization request, up to the log-in page.",
        steps=ask.authorize,
        needs=(ProbeNeed.APP_KEY, ProbeNeed.REDIRECT_URI),
        grants=_WITH_CODE,
    ),
    Probe(
        name="log-in",
        sentence="A log-in of the end user, and a token for its code.",
        steps=ask.log_in,
        needs=(ProbeNeed.APP_KEY, ProbeNeed.REDIRECT_URI, ProbeNeed.END_USER),
        grants=_WITH_CODE,
        flags=_WRITING,
    ),
    Probe(
        name="token-information",
        sentence="What the token stands for.",
        steps=once(
            lambda it: it.call(
                path=it.paths.token_information,
                query=(("client_id", it.value(KnownValue.APP_KEY)),),
                app_key=None,
            )
        ),
        needs=_CALL,
    ),
    Probe(
        name="first-page",
        sentence="A list without parameters.",
        steps=ask.first_page,
        needs=_CALL,
    ),
    Probe(
        name="next-page",
        sentence="A page of one record, and the page to which its link leads.",
        steps=ask.next_page,
        needs=_CALL,
    ),
    Probe(
        name="limit-500",
        sentence="A page of 500 records.",
        steps=once(lambda it: it.call(query=((it.paging.limit, "500"),))),
        needs=_CALL,
    ),
    Probe(
        name="limit-0",
        sentence="A page of no records.",
        steps=once(lambda it: it.call(query=((it.paging.limit, "0"),))),
        needs=_CALL,
    ),
    Probe(
        name="limit-word",
        sentence="A page whose size is a word.",
        steps=once(lambda it: it.call(query=((it.paging.limit, WRONG_WORD),))),
        needs=_CALL,
    ),
    Probe(
        name="garbled-cursor",
        sentence="A page that begins nowhere.",
        steps=once(lambda it: it.call(query=((it.paging.cursor, WRONG_WORD),))),
        needs=_CALL,
    ),
    Probe(
        name="unknown-parameter",
        sentence="A parameter that does not exist.",
        steps=calling(query=((WRONG_WORD, "1"),)),
        needs=_CALL,
    ),
    Probe(
        name="parameter-twice",
        sentence="A parameter twice, with two values.",
        steps=once(lambda it: it.call(query=((it.paging.limit, "1"), (it.paging.limit, "2")))),
        needs=_CALL,
    ),
    Probe(
        name="insight-status",
        sentence="The status of a job that does not exist.",
        steps=once(lambda it: it.call(path=it.paths.insight_status.replace("{key}", WRONG_WORD))),
        needs=_CALL,
    ),
    Probe(
        name="unknown-path",
        sentence="A path that does not exist.",
        steps=calling(path=f"/v1/{WRONG_WORD}"),
        needs=_CALL,
    ),
    Probe(
        name="wrong-method",
        sentence="A GET where only POST can be.",
        steps=once(lambda it: it.call(path=it.paths.token, app_key=None, token=None)),
    ),
    Probe(
        name="no-app-key",
        sentence="A call without AppKey.",
        steps=calling(app_key=None),
        needs=_CALL,
    ),
    Probe(
        name="unknown-app-key",
        sentence="A call with an AppKey that no application has.",
        steps=calling(app_key=ask.UNKNOWN_APP_KEY),
        needs=_CALL,
    ),
    Probe(
        name="no-token",
        sentence="A call without a token.",
        steps=calling(token=None),
        needs=_CALL,
    ),
    Probe(
        name="garbled-token",
        sentence="A call with a token that nobody issued.",
        steps=calling(token=ask.GARBLED_TOKEN),
        needs=_CALL,
    ),
    Probe(
        name="two-mistakes",
        sentence="Calls with two mistakes each, of which the first check refuses one.",
        steps=ask.two_mistakes,
        needs=_CALL,
    ),
    Probe(
        name="wrong-listener",
        sentence="A call on the listener that the application must not use.",
        steps=ask.wrong_listener,
        needs=(ProbeNeed.APP_KEY, ProbeNeed.TWO_WAY),
    ),
    Probe(
        name="other-certificate",
        sentence="A call with the certificate of another account.",
        steps=calling(identity=ProbeIdentity.OTHER),
        needs=(ProbeNeed.APP_KEY, ProbeNeed.OTHER_CERTIFICATE),
    ),
    Probe(
        name="no-certificate",
        sentence="A connection to the two-way listener without a certificate.",
        steps=calling(
            path=METADATA_PATH,
            app_key=None,
            token=None,
            listener="two-way",
            identity=ProbeIdentity.NONE,
        ),
        needs=(ProbeNeed.TWO_WAY,),
    ),
    Probe(
        name="no-key-pair",
        sentence="A token request without AppKey and AppSecret.",
        steps=asking_for_a_token(pair=None),
        needs=_PAIR,
    ),
    Probe(
        name="unknown-key-pair",
        sentence="A token request with an AppKey that no application has.",
        steps=asking_for_a_token(pair=(ask.UNKNOWN_APP_KEY, ask.WRONG_SECRET)),
        needs=_PAIR,
    ),
    Probe(
        name="no-grant-type",
        sentence="A token request without grant_type.",
        steps=asking_for_a_token(("grant_type", None)),
        needs=_PAIR,
    ),
    Probe(
        name="grant-type-twice",
        sentence="A token request with grant_type twice.",
        steps=once(lambda it: it.token_request((*ask.grant_form(it), ("grant_type", it.grant)))),
        needs=_PAIR,
    ),
    Probe(
        name="unknown-grant",
        sentence="A token request with a grant that does not exist.",
        steps=asking_for_a_token(("grant_type", WRONG_WORD)),
        needs=_PAIR,
    ),
    Probe(
        name="forbidden-grant",
        sentence="A token request with a grant that is not the application's.",
        steps=ask.forbidden_grant,
        needs=_PAIR,
    ),
    Probe(
        name="unknown-scope",
        sentence="A token request with a scope that does not exist.",
        steps=asking_for_a_token(("scope", WRONG_WORD)),
        needs=_PAIR,
        grants=_OWN,
    ),
    Probe(
        name="no-username",
        sentence="A token request without a user name.",
        steps=asking_for_a_token(("username", None)),
        needs=_PAIR,
        grants=_OWN,
    ),
    Probe(
        name="two-mistakes-for-a-token",
        sentence="Token requests with two mistakes each.",
        steps=ask.two_mistakes_for_a_token,
        needs=_PAIR,
    ),
    Probe(
        name="unknown-code",
        sentence="A token request with a code that nobody issued.",
        steps=asking_for_a_token(),
        needs=_PAIR,
        grants=_WITH_CODE,
    ),
    Probe(
        name="wrong-password",
        sentence="A token request with a wrong password, at most once a day.",
        steps=ask.wrong_password,
        needs=_PAIR,
        grants=_OWN,
        wrong=WrongSecret.PASSWORD,
    ),
    Probe(
        name="wrong-key-pair",
        sentence="A token request with a wrong AppSecret, at most once a day.",
        steps=ask.wrong_key_pair,
        needs=_PAIR,
        wrong=WrongSecret.APP_SECRET,
    ),
    Probe(
        name="broken-request",
        sentence="A request with two Host headers.",
        steps=calling(headers=(("Host", "mock-sei-probe.example.com"),)),
        needs=_CALL,
    ),
    Probe(
        name="large-head",
        sentence="A request with 70,000 characters of headers.",
        steps=calling(headers=(("X-Mock-SEI-Probe", "x" * ask.LARGE_HEAD),)),
        needs=_CALL,
        flags=_LARGE,
    ),
    Probe(
        name="large-body",
        sentence="Larger and larger bodies up to 33 MiB, until one is refused.",
        steps=ask.large_body,
        needs=_CALL,
        flags=_LARGE,
    ),
    Probe(
        name="invalid-payload",
        sentence="A write whose JSON does not fit.",
        steps=calling(method="POST", path=ask.ESIGN_PATH, body={"trackingNumber": 7}),
        needs=_CALL,
        flags=_WRITING,
    ),
    Probe(
        name="unknown-opportunity",
        sentence="A signing ceremony for an opportunity that does not exist.",
        steps=calling(method="POST", path=ask.ESIGN_PATH, body={"trackingNumber": WRONG_WORD}),
        needs=_CALL,
        flags=_WRITING,
    ),
    Probe(
        name="wrong-method-of-a-list",
        sentence="A PUT without a body where a list is read.",
        steps=calling(method="PUT"),
        needs=_CALL,
        flags=_WRITING,
    ),
    Probe(
        name="revoked-token",
        sentence="A token of its own that is revoked, and a call with it.",
        steps=ask.revoke,
        needs=_PAIR,
        grants=_OWN,
        flags=_WRITING,
    ),
    Probe(
        name="refresh",
        sentence="A refresh, and a call with the new token.",
        steps=ask.refresh,
        needs=_PAIR,
        grants=_OF_USERS,
        flags=_WRITING,
    ),
    Probe(
        name="used-refresh-token",
        sentence="A refresh token again that was used, and then the tokens of its consent.",
        steps=ask.used_refresh_token,
        needs=_PAIR,
        grants=_OF_USERS,
        flags=_WRITING,
    ),
    Probe(
        name="late-code",
        sentence="Codes that are exchanged after 15 and 25 seconds.",
        steps=ask.late_code,
        needs=(ProbeNeed.APP_KEY, ProbeNeed.REDIRECT_URI, ProbeNeed.END_USER),
        grants=_WITH_CODE,
        flags=_WRITING | _SLOW,
    ),
    Probe(
        name="idle-token",
        sentence="Tokens that are used after 5 to 61 minutes, and one that is used all the time.",
        steps=ask.idle_token,
        needs=_PAIR,
        grants=_OWN,
        flags=_SLOW,
    ),
    Probe(
        name="slow-head",
        sentence="A request whose head does not end, up to three minutes.",
        steps=ask.slow_head,
        needs=_CALL,
        flags=_SLOW,
    ),
)

PROBES: Mapping[str, Probe] = MappingProxyType({each.name: each for each in _PROBES})
"""All probes, by name."""
