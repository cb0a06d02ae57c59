"""Where a state is kept, as users write it: ``memory``, ``sqlite:PATH`` or ``redis://…``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from mock_sei.errors import ConfigurationError
from mock_sei.values.paths import find_path_problem

MEMORY = "memory"
_SQLITE = "sqlite:"
_REDIS = "redis://127.0.0.1:6379/0?namespace=team-a"
_POSSIBLE = f"write memory, sqlite:PATH such as sqlite:state.db, or {_REDIS}"
REDIS_PORT = 6379
NAMESPACE = "mock-sei"
"""That of a Redis URL without one."""
_NAMESPACE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MOST_DATABASES = 2**31


@dataclass(frozen=True, kw_only=True)
class RedisAddress:
    """A state under a namespace of a Redis server. As text it has no secret."""

    host: str
    port: int = REDIS_PORT
    database: int = 0
    namespace: str = NAMESPACE
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    is_tls: bool = False
    ca: str | None = None
    """The file of the CA that signed the server's certificate; None for those of the system."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "rediss" if self.is_tls else "redis"
        place = f"{scheme}://{host}:{self.port}/{self.database}"
        return f"{place}?namespace={self.namespace}"


@dataclass(frozen=True, kw_only=True)
class StateUrl:
    """Where a state is kept."""

    path: Path | None = None
    """The SQLite file, if it is kept in one."""
    redis: RedisAddress | None = None
    """The place in Redis, if it is kept there."""

    @property
    def is_memory(self) -> bool:
        """True for the memory of one server."""
        return self.path is None and self.redis is None

    def __str__(self) -> str:
        if self.redis is not None:
            return str(self.redis)
        return MEMORY if self.path is None else f"{_SQLITE}{self.path}"


def read_state_url(text: str, *, source: object) -> StateUrl:
    """Raises :class:`ConfigurationError` that names the source and what is possible."""
    if text == MEMORY:
        return StateUrl()
    kind = text.partition(":")[0]
    try:
        if kind in ("redis", "rediss"):
            return StateUrl(redis=_read_redis(text))
        problem = _find_problem(text)
    except ValueError as error:
        problem = str(error)
    if problem is not None:
        raise ConfigurationError(problem, source=source, value=without_secret(text))
    return StateUrl(path=Path(text.removeprefix(_SQLITE)))


def _find_problem(text: str) -> str | None:
    kind, colon, rest = text.partition(":")
    if "cluster" in kind or "sentinel" in kind:
        return f"a Redis Cluster and Sentinel are not possible; name one Redis server: {_REDIS}"
    if kind != "sqlite" or not colon:
        return f"no place for a state; {_POSSIBLE}"
    if not rest or rest == ":memory:":
        return f"a file is missing; {_POSSIBLE}"
    if rest.startswith("//"):
        return "the path begins after the colon: sqlite:state.db, or sqlite:/var/lib/state.db"
    return find_path_problem(Path(rest))


def _read_redis(text: str) -> RedisAddress:
    """Raises :class:`ValueError` saying what is wrong."""
    if "#" in text:
        raise ValueError("a # in the password must be written %23")
    if "," in text.partition("?")[0].rpartition("@")[2]:
        raise ValueError(f"several servers are not possible; name one Redis server: {_REDIS}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"no URL of a Redis server; write {_REDIS}") from None
    if not text.isprintable() or not parts.hostname or port == 0:
        raise ValueError(f"no URL of a Redis server; write {_REDIS}")
    asked = _read_query(parts)
    namespace = asked.get("namespace", NAMESPACE)
    if not _NAMESPACE.fullmatch(namespace):
        raise ValueError("a namespace has 1 to 64 letters, digits, dots, hyphens and underscores")
    if "ca" in asked and parts.scheme != "rediss":
        raise ValueError("ca names the CA of a server with TLS: rediss://")
    return RedisAddress(
        host=parts.hostname,
        port=port or REDIS_PORT,
        database=_read_database(parts.path),
        namespace=namespace,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        is_tls=parts.scheme == "rediss",
        ca=asked.get("ca"),
    )


def _read_query(parts: SplitResult) -> dict[str, str]:
    asked = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in asked]
    if len(set(names)) < len(names) or not {*names} <= {"namespace", "ca"}:
        raise ValueError(
            "after the ? only namespace=NAME and, with rediss://, ca=FILE are possible"
        )
    return dict(asked)


def _read_database(path: str) -> int:
    number = path.removeprefix("/") or "0"
    if not (number.isascii() and number.isdigit() and len(number) < 10) or (
        int(number) >= _MOST_DATABASES
    ):
        raise ValueError(f"the path of a Redis URL is the number of a database; write {_REDIS}")
    return int(number)


def without_secret(text: str) -> str:
    """A URL without what stands before its ``@``: a password may be there."""
    before, at, rest = text.rpartition("@")
    if not at:
        return text
    scheme, slashes, _ = before.partition("//")
    return f"{scheme if slashes else before.partition(':')[0] + ':'}{slashes}***@{rest}"
