"""The servers that are measured: ours, the baseline and the installed peers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from performance.benchmarks.peers import (
    Peer,
    Registry,
    java_version,
    node_version,
    require_version,
)
from performance.benchmarks.plans import fetch
from performance.benchmarks.processes import Runner, Server
from performance.benchmarks.table import BARE, BARE_UVLOOP, OURS


@dataclass(kw_only=True)
class Samples:
    """The samples of one server: memory in bytes, times in seconds, rates per second."""

    tokens: list[float] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    new_connection: list[float] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    first_token: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A server that can be started any number of times, and its samples."""

    name: str
    start: Callable[[], AbstractContextManager[Server]]
    grants_tokens: bool = True
    signs: bool = True
    """Whether each token is a new one."""
    samples: Samples = field(default_factory=Samples)


@dataclass(frozen=True, kw_only=True)
class Field:
    """All servers of a run."""

    contestants: Sequence[Contestant]
    """Ours first, then the baseline, on uvloop too where it is installed, then the peers."""
    peers: Sequence[Peer]
    versions: Sequence[str]
    missing: Sequence[str]
    """A line with the reason for each peer that could not be measured."""

    @property
    def ours(self) -> Contestant:
        return self.contestants[0]

    @property
    def names(self) -> list[str]:
        """The names of the columns of all other servers."""
        baselines = (BARE, BARE_UVLOOP)
        started = [each.name for each in self.contestants if each.name in baselines]
        return [*started, *(each.name for each in self.peers)]

    @property
    def with_tokens(self) -> list[Contestant]:
        return [each for each in self.contestants if each.grants_tokens]

    @property
    def with_fixture(self) -> list[Peer]:
        return [each for each in self.peers if each.fixture]

    def of(self, what: Callable[[Samples], list[float]]) -> dict[str, list[float]]:
        """The samples of one kind from all other servers, by name."""
        return {each.name: what(each.samples) for each in self.contestants[1:]}


def line_up(
    runner: Runner,
    certs: Path,
    reasons: Mapping[Registry, str],
    peers: Iterable[Peer],
) -> Field:
    """Tries each peer once. ``reasons``, by registry, tell why peers are not installed."""
    found: list[Peer] = []
    versions: list[str] = []
    missing: list[str] = []
    for peer in peers:
        try:
            version = require_version(peer)
            if peer.is_server:
                with runner.peer(peer, certs) as server:
                    if peer.token_request:
                        fetch(server)
            if peer.fixture:
                runner.fixture_life(1, peer)
        except (OSError, RuntimeError) as error:
            reason = reasons.get(peer.registry) or str(error)
            missing.append(f"{peer.name} ({peer.registry}): {reason}")
        else:
            found.append(peer)
            versions.append(f"{peer.package} {version}")
            if peer.registry == "npm":
                versions.append(java_version() if peer.jar else node_version())
    started = [
        Contestant(
            name=peer.name,
            start=partial(runner.peer, peer, certs),
            grants_tokens=bool(peer.token_request),
            signs=not peer.jar,
        )
        for peer in found
        if peer.is_server
    ]
    on_uvloop = Contestant(name=BARE_UVLOOP, start=partial(runner.bare, certs, loop="uvloop"))
    return Field(
        contestants=[
            Contestant(name=OURS, start=partial(runner.mock_sei, certs)),
            Contestant(name=BARE, start=partial(runner.bare, certs)),
            *([on_uvloop] if find_spec("uvloop") else []),
            *started,
        ],
        peers=found,
        versions=list(dict.fromkeys(versions)),
        missing=missing,
    )
