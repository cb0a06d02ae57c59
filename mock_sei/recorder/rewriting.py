"""The real platform's own addresses become the recorder's in what the client gets, and the
recorder's become the real ones in ``Origin`` and ``Referer``.

In JSON they may stand anywhere, also with ``\\/``. A body is rewritten while it passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

_HTTPS = 443
_SLASHES = (b"//", rb"\/\/")
_MAPPED_BACK = frozenset({b"origin", b"referer"})


class OriginMap:
    """Replaces origins, such as ``https://test.example.com:444``, wherever a text has them."""

    def __init__(self, origins: Mapping[str, str]) -> None:
        """``origins`` has for each origin the one in its place, both without a default port."""
        self._by_host = {
            urlsplit(old).netloc.lower().encode(): urlsplit(new).netloc.encode()
            for old, new in origins.items()
            if old.lower() != new.lower()
        }
        spelled = [
            spelling
            for host in self._by_host
            for spelling in (host, host + b":443")
            if spelling == host or not re.search(rb":[0-9]+\Z", host)
        ]
        hosts = b"|".join(re.escape(each) for each in sorted(spelled, key=len, reverse=True))
        self._pattern = re.compile(
            rb"(https:)(//|\\/\\/)(" + (hosts or b"(?!)") + rb")(?![\w.:-])", re.IGNORECASE
        )
        self._spellings = [b"https:" + slashes + host for slashes in _SLASHES for host in spelled]

    def replace(self, data: bytes) -> bytes:
        """The bytes with all origins replaced."""
        lower = data.lower()  # a plain search takes a tenth of the time of the pattern
        if not any(host in lower for host in self._by_host):
            return data
        return self._pattern.sub(self._new, data)

    def _new(self, found: re.Match[bytes]) -> bytes:
        host = found[3].lower()
        new = self._by_host.get(host) or self._by_host[host.removesuffix(b":443")]
        return found[1] + found[2] + new

    def replace_safely(self, data: bytes) -> tuple[bytes, bytes]:
        """The beginning of a body with its origins replaced, and the rest, which needs more bytes:
        an origin may begin there, or may be longer than it seems."""
        cut = len(data) - self._held_back(data)
        pieces: list[bytes] = []
        copied = 0
        for found in self._pattern.finditer(data):
            if found.start() >= cut:
                break
            pieces += (data[copied : found.start()], self._new(found))
            copied = found.end()
        cut = max(cut, copied)
        return b"".join([*pieces, data[copied:cut]]), data[cut:]

    def _held_back(self, data: bytes) -> int:
        end = data[-max(map(len, self._spellings), default=0) :].lower()
        return max(
            (
                size
                for spelling in self._spellings
                for size in range(1, len(spelling) + 1)
                if end.endswith(spelling[:size])
            ),
            default=0,
        )


class StreamedMap:
    """Replaces origins in a body that comes in pieces."""

    def __init__(self, origins: OriginMap) -> None:
        self._origins = origins
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """What can be sent after these bytes."""
        made, self._rest = self._origins.replace_safely(self._rest + data)
        return made

    def end(self) -> bytes:
        """What is left at the end of the body."""
        rest, self._rest = self._rest, b""
        return self._origins.replace(rest)


def origin_of(host: str, port: int) -> str:
    """The origin of an HTTPS server, without the default port."""
    shown = f"[{host}]" if ":" in host else host
    return f"https://{shown}" if port == _HTTPS else f"https://{shown}:{port}"


def to_client(
    headers: Iterable[tuple[bytes, bytes]], origins: OriginMap, hosts: Iterable[str]
) -> list[tuple[bytes, bytes]]:
    """Headers of an answer for the client: ``Location`` leads to the recorder, and cookies are
    the recorder's. ``hosts`` are the real platform's."""
    made = []
    for name, value in headers:
        lower = name.lower()
        if lower == b"location":
            value = origins.replace(value)
        elif lower == b"set-cookie":
            value = _own_cookie(value, hosts)
        made.append((name, value))
    return made


def to_upstream(
    headers: Iterable[tuple[bytes, bytes]], host: str, origins: OriginMap
) -> list[tuple[bytes, bytes]]:
    """Headers of a request for the real platform: its own ``Host``, and its own origin."""
    made = []
    for name, value in headers:
        lower = name.lower()
        if lower == b"host":
            value = host.encode("latin-1")
        elif lower in _MAPPED_BACK:
            value = origins.replace(value)
        made.append((name, value))
    return made


def _own_cookie(value: bytes, hosts: Iterable[str]) -> bytes:
    """A cookie without the real platform's domain: the recorder's host keeps it."""
    first, *attributes = value.split(b";")
    kept = [each for each in attributes if not _is_domain_of(each, hosts)]
    return b";".join([first, *kept])


def _is_domain_of(attribute: bytes, hosts: Iterable[str]) -> bool:
    name, _, value = attribute.partition(b"=")
    domain = value.strip().lstrip(b".").lower().decode("latin-1")
    return name.strip().lower() == b"domain" and any(
        host == domain or host.endswith(f".{domain}") for host in hosts
    )
