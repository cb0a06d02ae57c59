"""A connection to a Redis server on which nothing waits long, and what its errors mean."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import redis
from redis.connection import Connection, SSLConnection

from mock_sei.errors import ConfigurationError, StoreAway, one_line
from mock_sei.rules import machine
from mock_sei.state.redis_scripts import GONE, Script
from mock_sei.state.store import is_on_event_loop
from mock_sei.state.urls import RedisAddress

logger = logging.getLogger("mock_sei")

PATIENCE = 0.5
"""Seconds that a connection, or a command, waits for the Redis server."""
PAUSE = 0.25
"""Seconds after a failure in which nothing is tried: work that waits fails at once."""

_CODES: Mapping[type[Exception], str] = {
    redis.AuthenticationError: "WRONGPASS",
    redis.exceptions.BusyLoadingError: "LOADING",
    redis.exceptions.ReadOnlyError: "READONLY",
    redis.exceptions.OutOfMemoryError: "OOM",
    redis.exceptions.NoPermissionError: "NOPERM",
    redis.exceptions.MovedError: "MOVED",
    redis.exceptions.ClusterDownError: "CLUSTERDOWN",
    redis.exceptions.MasterDownError: "MASTERDOWN",
}
"""The codes of Redis that the library takes from its messages."""
_CLUSTER = "is a node of a Redis Cluster; name a Redis server that is none"
_PROBLEMS: Mapping[str, str] = {
    "NOAUTH": "wants a password: redis://:PASSWORD@host, best in the variable MOCK_SEI_STATE",
    "HELLO must be called": "wants a password: redis://:PASSWORD@host, best in the variable "
    "MOCK_SEI_STATE",
    "Authentication required": "wants a password: redis://:PASSWORD@host, best in the variable "
    "MOCK_SEI_STATE",
    "WRONGPASS": "refuses the user or the password of the URL",
    "NOPERM": "does not let its user do what mock-sei needs; docs/state.md lists the commands",
    "READONLY": "is a read-only replica; name the server that it copies",
    "OOM": "has no memory left for a change (its setting maxmemory)",
    "MISCONF": "cannot save to its disk, so that it refuses changes",
    "LOADING": "is still loading its data",
    "MASTERDOWN": "has lost the server that it copies",
    "NOREPLICAS": "has not enough replicas, so that it refuses changes",
    "CLUSTERDOWN": _CLUSTER,
    "MOVED": _CLUSTER,
    "WRONGTYPE": "has keys of another program under this namespace; choose another one with "
    "?namespace=NAME",
    GONE: "has lost the state: it was emptied, or it restarted without its data; bring the "
    "data back, or start all servers again",
    "DB index is out of range": "has no database of this number",
    "Protocol error": "does not speak the protocol of Redis: another program has this address",
    "WRONG_VERSION_NUMBER": "has no TLS at this port; write redis://, or name the port with TLS",
    "unknown command": "does not know a command that mock-sei needs; it must speak Redis 6",
}
"""What an error of Redis says, by what its message has."""
_CLOSED = ("Connection reset", "closed by server")
"""What errors of a connection say that the other end has closed."""


class _Connection(Protocol):
    """What this module uses of a connection of the library."""

    def connect(self) -> None: ...
    def send_command(self, *command: object, check_health: bool) -> None: ...
    def read_response(self) -> Any: ...
    def disconnect(self) -> None: ...


class Line:
    """One connection to a Redis server. Whoever uses it waits; only one thread at a time may, and
    never one that runs an event loop."""

    def __init__(self, address: RedisAddress, *, patience: float = PATIENCE) -> None:
        self.name = str(address)
        self._is_tls = address.is_tls
        self._patience = patience
        self._away: str | None = None
        self._away_until = 0.0
        kind: Callable[..., _Connection] = SSLConnection if address.is_tls else Connection
        tls: dict[str, Any] = {"ssl_ca_certs": address.ca} if address.ca else {}
        self._connection: _Connection = kind(
            host=address.host,
            port=address.port,
            db=address.database,
            username=address.user,
            password=address.password,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            decode_responses=True,
            protocol=2,
            **tls,
        )

    def call(self, *command: object) -> Any:
        """The answer to a command. After a lost connection it is sent once more. Raises
        :class:`StoreAway`."""
        return self._told(command)

    def run(self, script: Script, keys: Sequence[str], *arguments: object) -> Any:
        """What a script returns. The server may not know the script yet."""
        rest = (len(keys), *keys, *arguments)
        try:
            return self._told(("EVALSHA", script.digest, *rest))
        except redis.exceptions.NoScriptError:
            return self._told(("EVAL", script.text, *rest))

    def pairs(self, *command: object) -> Iterator[tuple[str, str]]:
        """The answer to a command that is a list of names and values."""
        found = self.call(*command)
        if isinstance(found, dict):
            return iter(found.items())
        return zip(found[::2], found[1::2], strict=True)

    def scan(self, key: str, count: int) -> Iterator[tuple[str, str]]:
        """All fields and values of a hash that are there from the beginning to the end."""
        cursor = "0"
        while True:
            cursor, found = self.call("HSCAN", key, cursor, "COUNT", count)
            yield from zip(found[::2], found[1::2], strict=True)
            if cursor in ("0", 0):
                return

    def _told(self, command: Sequence[object]) -> Any:
        if is_on_event_loop():
            raise RuntimeError("the event loop would wait for Redis")
        if self._away is not None and machine.monotonic() < self._away_until:
            raise StoreAway(self._away)
        try:
            try:
                answer = self._once(command)
            except redis.exceptions.BusyLoadingError:
                raise
            except redis.AuthenticationError:
                raise
            except redis.ConnectionError:
                answer = self._once(command)  # the first connection may have ended long ago
        except redis.exceptions.NoScriptError:
            raise
        except (redis.TimeoutError, TimeoutError):
            self._connection.disconnect()
            problem = f"does not answer within {self._patience} s"
            raise self._gone_away(problem) from None
        except (redis.ConnectionError, OSError) as error:
            self._connection.disconnect()
            raise self._gone_away(problem_of(error)) from None
        except redis.RedisError as error:
            raise StoreAway(f"{self.name} {problem_of(error)}") from None
        self._away = None
        return answer

    def _once(self, command: Sequence[object]) -> Any:
        try:
            self._connection.connect()  # only if it is not connected
            self._connection.send_command(*command, check_health=False)
            return self._connection.read_response()
        except redis.ResponseError:
            raise
        except BaseException:
            self._connection.disconnect()
            raise

    def _gone_away(self, problem: str) -> StoreAway:
        self._away = f"{self.name} {problem}"
        self._away_until = machine.monotonic() + PAUSE
        return StoreAway(self._away)

    def require_single(self) -> None:
        """Raises :class:`StoreAway` for a node of a Cluster, and for a Sentinel. Warns of a server
        that removes keys."""
        try:
            told = dict(self.pairs("HELLO"))
        except StoreAway as error:
            if not self._is_tls and any(each in str(error) for each in _CLOSED):
                problem = "closes the connection at once; if it has TLS, write rediss://"
                raise StoreAway(f"{self.name} {problem}") from None
            if self._is_tls and "does not answer" in str(error):
                raise StoreAway(f"{error}; if it has no TLS at this port, write redis://") from None
            if "unknown command" not in str(error) and _PROBLEMS["unknown command"] not in str(
                error
            ):
                raise
            told = {}
        if told.get("mode") == "cluster":
            raise StoreAway(f"{self.name} {_CLUSTER}")
        if told.get("mode") == "sentinel":
            raise StoreAway(f"{self.name} is a Sentinel; name the Redis server that it watches")
        self._warn_of_eviction()

    def _warn_of_eviction(self) -> None:
        try:
            told = self.call("INFO", "memory")
        except StoreAway:
            return  # its user may not ask
        lines = (each.partition(":") for each in str(told).splitlines())
        found = {name: value for name, _, value in lines}
        policy = found.get("maxmemory_policy", "")
        if policy.startswith("allkeys") and found.get("maxmemory") != "0":
            logger.warning(
                "%s removes keys when its memory is full (maxmemory-policy %s): parts of the state "
                "would be lost; set noeviction",
                self.name,
                policy,
            )

    def close(self) -> None:
        self._connection.disconnect()


def problem_of(error: Exception) -> str:
    """What an error of Redis or of the way to it means: the end of a sentence about the server."""
    text = f"{_CODES.get(type(error), '')} {error}"
    for code, problem in _PROBLEMS.items():
        if code in text:
            return problem
    if isinstance(error, redis.ConnectionError | OSError):
        return f"cannot be reached: {one_line(str(error))[:200]}"
    return f"answers with an error: {one_line(str(error))[:200]}"


@contextmanager
def complaining(name: str) -> Iterator[None]:
    """Turns what prevents the use of a Redis server into :class:`ConfigurationError`."""
    try:
        yield
    except StoreAway as error:
        raise ConfigurationError(str(error).removeprefix(f"{name} "), source=name) from None
