"""Random calls, answered by one server with its own memory, and by several servers on one store.

All answers are equal but for identifiers, whichever server takes a call: also if work runs again,
if a commit fails before, and if servers are started anew in between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx2
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import MockSeiError, StoreAway
from mock_sei.fixtures import load_fixtures
from mock_sei.operations.flows import Flows
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour
from mock_sei.state.sqlite import SqliteStore
from mock_sei.state.store import Change
from mock_sei.state.unit_of_work import Restart, SharedUnits, _Unit
from mock_sei.web.control.listener import ControlListener
from mock_sei.web.listener import PlatformListener
from tests.certificates.client_ca import rsa_key
from tests.support import (
    TOKEN_PATH,
    in_process,
    one_control_app,
    one_platform_app,
    with_certificate,
)

pytestmark = pytest.mark.slow  # random calls on three platforms take ten seconds

EXAMPLES = max(settings().max_examples // 5, 2)


class TroubledStore(SqliteStore):
    """A store whose commits fail while ``fails``."""

    fails = False

    def commit(self, changes: Iterable[Change]) -> int:
        if self.fails:
            list(changes)
            self.release()
            raise StoreAway("the disk is full")
        return super().commit(changes)


class TroubledUnits(SharedUnits):
    """Units of work that run twice while ``restarts``."""

    restarts = False

    def _hold(self, unit: _Unit) -> None:
        if self.restarts:
            raise Restart
        super()._hold(unit)


class Trouble(NamedTuple):
    """What happens at one step of the servers that share a store."""

    server: int
    restarts: bool
    fails_before: bool
    starts_anew: bool


@dataclass
class World:
    """One platform: the servers that answer for it, and what its client knows."""

    servers: Sequence[Platform]
    make: Callable[[], Platform]
    known: dict[str, list[str]] = field(default_factory=dict)
    """Tokens and the like that answers gave, by their kind."""
    turn: int = 0

    def platform(self) -> Platform:
        """The server whose turn it is, with what the others did."""
        found = self.servers[self.turn % len(self.servers)]
        found.units.refresh()
        return found

    def identity(self, account: str | None) -> Identity | None:
        platform = self.platform()
        if account is None:
            return None
        store = getattr(platform.units, "_store", None)
        with pytest.MonkeyPatch.context() as patch:
            if store is not None:
                patch.setattr(store, "fails", False)  # the client has the certificate already
            return platform.units.run(lambda: platform.certificates.identity(account))

    def client(self, account: str | None) -> httpx2.Client:
        listener = Listener.ONE_WAY if account is None else Listener.TWO_WAY
        app = PlatformListener(one_platform_app(), self.platform(), listener)
        return in_process(with_certificate(app, self.identity(account)), "https://localhost")

    def control(self) -> httpx2.Client:
        return in_process(
            ControlListener(one_control_app(), self.platform()), "http://127.0.0.1:8044"
        )

    def last(self, kind: str, at: int) -> str:
        found = self.known.get(kind, [])
        return found[at % len(found)] if found else "unknown"

    def learn(self, answer: Any) -> None:
        """Keeps what later calls use, in the order in which answers gave it."""
        if isinstance(answer, list):
            for each in answer:
                self.learn(each)
        if not isinstance(answer, dict):
            return
        for name, value in answer.items():
            if name in LEARNT and isinstance(value, str | int):
                kept = self.known.setdefault(name, [])
                if str(value) not in kept:
                    kept.append(str(value))
            self.learn(value)


NOON = 1_800_014_400.0
LEARNT = {"access_token", "refresh_token", "app_key", "serial_number", "id", "link", "externalId"}
_IDENTIFIER = re.compile(
    r"-----BEGIN.*?-----END[^-]*-----|[A-Za-z0-9_.=+/-]*[0-9a-f]{8}-[0-9a-f]{4}-[0-9A-Za-z._=-]+"
    r"|[A-Za-z0-9_-]{20,}(\.[A-Za-z0-9_-]{20,})*",
    re.DOTALL,
)
_TIME_OF_DAY = re.compile(r"\d\d:\d\d:\d\d UTC")
_OWN = {
    "duration_ms",
    "kid",
    "server",
    "not_valid_before",
    "not_valid_after",
    "app_secret",
    "password",
}
"""Members whose values differ from run to run."""


def plain(value: Any) -> Any:
    """An answer without identifiers."""
    if isinstance(value, dict):
        return {plain(name): "#" if name in _OWN else plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        return _IDENTIFIER.sub("#", _TIME_OF_DAY.sub("#", value))
    return value


def told(answer: httpx2.Response, world: World) -> Any:
    try:
        body = answer.json()
    except ValueError:
        return answer.status_code, plain(answer.text)
    world.learn(body)
    return answer.status_code, plain(body)


Step = Callable[[World], Any]


def call(
    method: str, path: str, body: Any = None, *, at: int = 0, **params: Any
) -> tuple[str, Step]:
    """A call of the control API; ``{kind}`` in its path stands for something that it learnt."""

    def step(world: World) -> Any:
        asked = re.sub(r"\{(\w+)\}", lambda found: world.last(found[1], at), path)
        with world.control() as http:
            return told(http.request(method, asked, json=body, params=params or None), world)

    return f"{method} {path} {body} {params} {at}", step


def token(account: str, form: Mapping[str, str], at: int) -> tuple[str, Step]:
    def step(world: World) -> Any:
        registry = world.platform().registry
        try:
            application = registry.require_application(account)
        except MockSeiError as error:
            return plain(str(error))
        password = None
        if application.service_account:
            password = registry.require_account(application.service_account).password
        sent = {
            name: value.format(
                password=password,
                account=application.service_account,
                refresh=world.last("refresh_token", at),
                access=world.last("access_token", at),
            )
            for name, value in form.items()
        }
        path = "/v2/oauth/revoke" if "token" in form else TOKEN_PATH
        with world.client(application.service_account) as http:
            pair = (application.app_key, application.app_secret or "")
            return told(http.post(path, data=sent, auth=pair), world)

    return f"token {account} {form} {at}", step


def flow(name: str) -> tuple[str, Step]:
    def step(world: World) -> Any:
        flows = Flows(registry=lambda: world.platform().registry, connect=world.client)
        try:
            answer = flows.token_response(name, "alice@example.com")
        except MockSeiError as error:
            return plain(str(error))
        world.learn(answer)
        return plain(answer)

    return f"flow {name}", step


def functional(
    name: str, method: str, path: str, body: Any, at: int, app: str = "demo-server"
) -> tuple[str, Step]:
    def step(world: World) -> Any:
        try:
            application = world.platform().registry.require_application(app)
        except MockSeiError as error:
            return plain(str(error))
        asked = re.sub(r"\{(\w+)\}", lambda found: world.last(found[1], at), path)
        headers = {
            "AppKey": application.app_key,
            "Authorization": f"Bearer {world.last('access_token', at)}",
        }
        if isinstance(body, list):
            headers["Content-Type"] = "application/json-patch+json"
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers.setdefault("Content-Type", "application/json")
        with world.client(application.service_account) as http:
            return told(http.request(method, asked, content=content, headers=headers), world)

    return f"{name} {method} {path} {body} {at} {app}", step


def page(method: str, path: str, at: int) -> tuple[str, Step]:
    """A page of the portal; a form is sent with the secret of its page."""

    def step(world: World) -> Any:
        asked = re.sub(r"\{(\w+)\}", lambda found: world.last(found[1], at), path)
        with world.client(None) as http:
            sent = None
            if method == "POST":
                shown = http.get("/portal/mailbox")
                if shown.status_code == 503:
                    return shown.status_code, shown.text
                secret = re.search(r'name="page" value="([^"]+)"', shown.text)
                sent = {"page": secret[1] if secret else ""}
            answer = http.request(method, asked, data=sent, follow_redirects=False)
        if answer.status_code == 503:
            return answer.status_code, answer.text
        return answer.status_code, len(plain(answer.text)) // 10_000

    return f"{method} {path} {at}", step


NAMES = st.sampled_from(["Alpha", "Beta"])
AT = st.integers(0, 3)
TARGETS = st.sampled_from(
    ["GET /v1/order/tradetickets", "POST /v2/oauthtoken", "GET /v1/investors", "POST /v1/investors"]
)
APPS = st.sampled_from([None, "demo-server", "Alpha"])
FAULTS = st.fixed_dictionaries(
    {"operation": TARGETS, "status": st.sampled_from([500, 503]), "times": st.integers(1, 2)},
    optional={"application": st.just("demo-server"), "required": st.booleans()},
)
ANSWERS = st.fixed_dictionaries(
    {
        "operation": TARGETS,
        "json": st.sampled_from([{"n": "{{counter.a}}"}, {"u": "{{random.uuid}}"}, {"x": 1}]),
        "times": st.integers(1, 3),
    },
    optional={
        "when": st.just({"order": "open"}),
        "then": st.just({"order": "closed"}),
        "required": st.booleans(),
        "application": st.just("demo-server"),
    },
)
REGISTRATION = st.fixed_dictionaries(
    {
        "name": NAMES,
        "type": st.just("server-server"),
        "actor": st.just("server"),
        "distribution_list": st.just("team@example.com"),
    },
    optional={"own_data": st.booleans()},
)
GRANT = {"grant_type": "client_credentials", "username": "{account}", "password": "{password}"}
CONTROL = st.one_of(
    st.builds(lambda body: call("POST", "/applications", body), REGISTRATION),
    st.builds(lambda at: call("DELETE", "/applications/{app_key}", at=at), AT),
    st.builds(lambda at: call("POST", "/applications/{app_key}/keys", at=at), AT),
    st.builds(lambda at: call("POST", "/applications/{app_key}/approve", at=at), AT),
    st.builds(
        lambda at, name: call("PATCH", "/applications/{app_key}", {"name": name}, at=at), AT, NAMES
    ),
    st.builds(lambda body: call("POST", "/faults", body), FAULTS),
    st.builds(lambda number: call("DELETE", f"/faults/{number}"), st.integers(1, 4)),
    st.builds(lambda body: call("POST", "/answers", body), ANSWERS),
    st.builds(lambda number: call("DELETE", f"/answers/{number}"), st.integers(1, 4)),
    st.builds(lambda strict: call("PUT", "/answers/strict", {"strict": strict}), st.booleans()),
    st.builds(lambda days: call("POST", "/clock/advance", {"days": days}), st.integers(1, 400)),
    st.builds(lambda s: call("POST", "/clock/advance", {"seconds": s}), st.integers(1, 4000)),
    st.builds(
        lambda account, at: call(
            "POST", f"/service-accounts/{account}/certificates/{{serial_number}}/revoke", at=at
        ),
        st.sampled_from(["svc-demo", "svc-limited"]),
        AT,
    ),
    st.builds(
        lambda renew: call(
            "POST", "/service-accounts/svc-limited/certificate-links", {"renew": renew}
        ),
        st.booleans(),
    ),
    st.builds(
        lambda app: call("POST", "/data/investors", {"externalId": "mine"}, application=app),
        st.sampled_from(["Alpha", "Beta"]),
    ),
    st.builds(lambda: call("POST", "/data/investors", {"externalId": "mine"})),
    st.builds(lambda: call("PUT", "/data/investors", [{"externalId": "a"}])),
    st.builds(lambda: call("DELETE", "/data/investors")),
    st.builds(lambda: call("POST", "/signing-keys/rotate")),
    st.sampled_from(
        [
            call("GET", path)
            for path in (
                "/applications",
                "/service-accounts",
                "/service-accounts/svc-demo/certificates",
                "/faults",
                "/answers",
                "/check",
                "/mailbox",
                "/clock",
                "/data",
                "/data/investors",
                "/data-keys",
            )
        ]
        + [call("DELETE", path) for path in ("/faults", "/answers", "/mailbox", "/clock")]
    ),
    st.builds(
        lambda changes: call("POST", "/reset", changes),
        st.sampled_from([{}, {"dialect": "rfc"}, {"auto_login": "alice@example.com"}]),
    ),
)
APP = st.sampled_from(["demo-server", "demo-limited", "Alpha", "demo-web"])
OAUTH = st.one_of(
    st.builds(lambda app, at: token(app, GRANT, at), APP, AT),
    st.builds(
        lambda app, at: token(
            app, {"grant_type": "refresh_token", "refresh_token": "{refresh}"}, at
        ),
        APP,
        AT,
    ),
    st.builds(lambda app, at: token(app, {"token": "{access}"}, at), APP, AT),
    st.builds(flow, st.sampled_from(["demo-web", "demo-spa", "demo-native", "demo-internal"])),
)
PATCH = [{"op": "add", "path": "/name", "value": "changed"}]
CALLS = st.one_of(
    st.builds(
        lambda path, at, app: functional("read", "GET", path, None, at, app),
        st.sampled_from(["/v1/order/tradetickets", "/v2/oauth/tokeninfo"]),
        AT,
        APP,
    ),
    st.builds(
        lambda at, app: functional(
            "make", "POST", "/v1/investors", {"externalId": "INV-N1", "name": "x"}, at, app
        ),
        AT,
        APP,
    ),
    st.builds(
        lambda at: functional("change", "PATCH", "/v1/investors/{externalId}", PATCH, at), AT
    ),
    st.builds(
        lambda path, at: page("POST", path, at),
        st.sampled_from(
            ["/portal/mailbox/clear"]
            + [
                f"/portal/apps/{{app_key}}/{action}"
                for action in ("approve", "keys", "delete", "revoke", "renew")
            ]
        ),
        AT,
    ),
    st.builds(
        lambda method, path, at: page(method, path, at),
        st.sampled_from(["GET", "HEAD"]),
        st.sampled_from(["/portal/mailbox", "/portal/apps", "/portal/apps/{app_key}"]),
        AT,
    ),
)
TROUBLE = st.builds(
    Trouble,
    server=st.integers(0, 1),
    restarts=st.booleans(),
    fails_before=st.booleans(),
    starts_anew=st.integers(0, 7).map(lambda each: each == 7),
)
STEPS = st.lists(st.tuples(st.one_of(CONTROL, OAUTH, OAUTH, CALLS), TROUBLE), max_size=25)
FIRST = [
    call("PUT", "/clock", {"now": "2027-03-01T12:00:00Z", "frozen": True}),
    token("demo-server", GRANT, 0),
    call("GET", "/service-accounts/svc-demo/certificates"),
]
LAST = [
    call("GET", path)
    for path in (
        "/applications",
        "/service-accounts",
        "/service-accounts/svc-demo/certificates",
        "/faults",
        "/answers",
        "/mailbox",
        "/clock",
        "/data",
        "/data/investors",
        "/check",
    )
]


@pytest.fixture(scope="module")
def worlds(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], tuple[World, World]]]:
    """Makes a platform in memory, and one of two servers on a store, both as after a reset."""
    folder = tmp_path_factory.mktemp("random")
    path, fixtures = folder / "platform.db", load_fixtures()
    store = CertificateStore(folder / "certs")  # other tests need accounts without files

    def make(units: SharedUnits | None = None) -> Platform:
        platform = Platform(
            fixtures=fixtures, store=store, behaviour=Behaviour(seed=1), units=units
        )
        platform.clock._machine = lambda: NOON  # noqa: SLF001  # time stands still
        return platform

    def shared() -> Platform:
        return make(TroubledUnits(TroubledStore(path)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mock_sei.certificates.authority.new_identity_key", rsa_key)
        memory, servers = make(), [shared(), shared()]
        for each in (memory, *servers):
            each.seed_identities()

    def fresh() -> tuple[World, World]:
        for each in (memory, servers[0]):
            each.reset()
        return World([memory], make), World(servers, shared)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mock_sei.certificates.authority.new_identity_key", rsa_key)
        yield fresh
    for each in servers:
        each.units.close()


def take(world: World, step: Step, trouble: Trouble) -> Any:
    """What servers with trouble answer."""
    servers = world.servers
    assert isinstance(servers, list)
    if trouble.starts_anew:
        servers[trouble.server].units.close()
        servers[trouble.server] = world.make()
    world.turn = trouble.server
    units = servers[trouble.server].units
    units.restarts = trouble.restarts
    if trouble.fails_before:
        units._store.fails = True  # noqa: SLF001
        try:
            known = {name: [*each] for name, each in world.known.items()}
            failed = step(world)
        finally:
            units._store.fails = False  # noqa: SLF001
        if not was_away(failed):
            return failed  # it changed nothing
        world.known = known
    return step(world)


def told_apart(one: Any, other: Any, place: str = "") -> str | None:
    """The first place where two answers differ, and what they have there."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(name, one[name], other[name]) for name in one]
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return (
                f"{place}: {len(one)} and {len(other)} entries: {one!r:.1000} and {other!r:.1000}"
            )
        pairs = [(str(number), *both) for number, both in enumerate(zip(one, other, strict=True))]
    else:
        return None if one == other else f"{place}: {one!r:.1000} and {other!r:.1000}"
    found = (told_apart(first, second, f"{place}/{name}") for name, first, second in pairs)
    return next(filter(None, found), None)


def was_away(answer: Any) -> bool:
    text = json.dumps(answer)
    return answer == (503, "") or "the disk is full" in text or "cannot reach its state" in text


@settings(max_examples=EXAMPLES, phases=[Phase.generate, Phase.explain])
@given(steps=STEPS)
@pytest.mark.hypothesis
def test_several_servers_answer_as_one_does(
    worlds: Callable[[], tuple[World, World]], steps: list[tuple[tuple[str, Step], Trouble]]
) -> None:
    memory, shared = worlds()
    quiet = Trouble(0, False, False, False)
    whole = [(each, quiet) for each in FIRST] + steps + [(each, quiet) for each in LAST]
    for (name, step), trouble in whole:
        expected = step(memory)
        answered = take(shared, step, trouble)

        assert told_apart(answered, expected) is None, name
