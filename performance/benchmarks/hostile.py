"""Measures the largest allowed requests with hostile content: their cost, and how long others wait.

Each request is sent on a connection of its own. Its cost is the CPU time of the server process. At
the same time another client requests ``/health`` again and again.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from performance.benchmarks.load import client_context
from performance.benchmarks.plans import fetch_token
from performance.benchmarks.processes import Runner, Server
from performance.benchmarks.requests import APP_KEY
from performance.benchmarks.table import MILLISECONDS, Limit, Row

CONTROL_BODY = 1024 * 1024
"""Bytes of the largest body that the control listener and the token endpoint read."""
BODY = 8 * 1024 * 1024
"""Bytes of the largest body of a functional call, except uploads."""
UPLOAD = 64 * 1024 * 1024
"""Bytes of the largest body of an upload, by default."""
VALUES = 99_000
"""A little less than the number of commas and opening brackets that such a body may have."""
HEAD = 60_000
"""Bytes of the large part of a head; a whole head may have 64 KiB."""
PATIENCE = 60.0
"""Most seconds to wait for one answer."""

ANSWERED = Limit(words="under 250 ms", at_most=250)
BESIDE_A_HEAD = Limit(words="under 100 ms", at_most=100)
BESIDE_A_BODY = Limit(words="under 250 ms", at_most=250)


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A request. With ``token``, it is an authorized functional call."""

    method: str = "GET"
    path: str = "/v2/investors"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Callable[[], bytes] = bytes
    """Creates the body when it is sent: all bodies together have hundreds of megabytes."""
    content_type: str = "application/json"
    let_in: bool = False
    control: bool = False
    """Whether it is sent to the control listener and not to the two-way listener."""

    def wire(self, token: str) -> bytes:
        body = self.body()
        headers = {"Host": "localhost", **self.headers}
        if self.let_in:
            headers |= {"AppKey": APP_KEY, "Authorization": f"Bearer {token}"}
        if self.method != "GET":
            headers |= {"Content-Type": self.content_type, "Content-Length": str(len(body))}
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def filled(start: str, part: str, end: str, size: int = CONTROL_BODY) -> bytes:
    """A text of ``size`` bytes: ``start``, then ``part`` as often as it fits, then ``end``."""
    count = (size - len(start) - len(end)) // len(part)
    return (start + part * count + end).encode()


def listed(parts: Sequence[object], start: str = "[", end: str = "]") -> bytes:
    return f"{start}{','.join(map(str, parts))}{end}".encode()


def _many_members() -> bytes:
    members = ",".join(f'"{number:x}":1' for number in range(100_000))
    return f'{{{members},"3e7f":1}}'.encode()


def _most_members() -> bytes:
    return listed([f'"{number:x}":"{"a" * 70}"' for number in range(VALUES)], "{", "}")


Body = Callable[[], bytes]

CONTROL_BODIES: Mapping[str, Body] = {
    "integers": partial(filled, "[", "1,", "1]"),
    "empty objects": partial(filled, "[", "{},", "{}]"),
    "floats": partial(filled, "[", "1e5,", "1]"),
    "many members, the last one twice": _many_members,
    "90 levels": partial(filled, "[" * 90, "1,", "1" + "]" * 90),
    "100,000 levels": partial(bytes, b"[" * 100_000),
    "a long text": partial(filled, '{"name":"', "a", '"}'),
    "escapes": partial(filled, '{"name":"', "\\u0041", '"}'),
    "backslashes": partial(filled, '{"password":"', "\\\\", '"}'),
    "quotes": partial(filled, "{", '"":"",', '"a":1}'),
    "long number": partial(filled, '{"a":', "9", "}", 4006),
    "open brackets of a secret's name": partial(filled, '{"password":', "[", ""),
}

JSON_BODIES: Mapping[str, Body] = {
    "too many values": partial(filled, "[", "1,", "1]", BODY),
    "integers": partial(listed, ["1"] * VALUES),
    "floats": partial(listed, ["1." + "1" * 78] * VALUES),
    "texts": partial(listed, [f'"{"a" * 78}"'] * VALUES),
    "objects": partial(listed, [f'{{"a":"{"a" * 150}"}}'] * (VALUES // 2)),
    "many members": _most_members,
    "90 levels": partial(listed, ["1"] * (VALUES - 90), "[" * 90, "]" * 90),
    "a long text": partial(filled, '{"name":"', "a", '"}', BODY),
    "escapes": partial(filled, '{"name":"', "\\u0041", '"}', BODY),
    "backslashes": partial(filled, '{"password":"', "\\\\", '"}', BODY),
    "quotes": partial(filled, "{", '"":""', '"a":1}', BODY),
}

LISTS: Mapping[str, str] = {
    "pattern": "{type: string, pattern: '^(a+)+$'}",
    "lookahead": "{type: string, pattern: '^(?=a)(a+)+$'}",
    "choice": "{oneOf: [{type: integer}, {type: string, maxLength: 1}, {type: object}]}",
}
"""Schemas for the items of a list, by the name of the path that accepts the list."""

DOCUMENT = "".join(
    (
        "openapi: 3.1.0\ninfo: {title: Lists, version: '1'}\npaths:\n",
        *(
            f"  /lists/{name}:\n    post:\n      requestBody:\n        content:\n"
            f"          application/json:\n            schema: {{type: array, items: {schema}}}\n"
            "      responses: {'200': {description: ok}}\n"
            for name, schema in {**LISTS, "unique": "{}, uniqueItems: true"}.items()
        ),
    )
)
"""A user's document that is loaded with the bundled ones."""

LIST_BODIES: Mapping[str, Body] = {
    "pattern": partial(listed, [f'"{"a" * 78}b"'] * VALUES),
    "lookahead": partial(listed, [f'"{"a" * 78}b"'] * VALUES),
    "choice": partial(listed, [f'"{"a" * 78}b"'] * VALUES),
    "unique": partial(listed, range(VALUES)),
}

FILE = 'Content-Disposition: form-data; name="filename"; filename="a.bin"\r\n\r\n'
"""The head of a part in a multipart body."""

ATTACKS: Mapping[str, Mapping[str, Attack]] = {
    "body": {
        **{
            f"a user's document: {name}": Attack(
                method="POST", path=f"/lists/{name}", body=body, let_in=True
            )
            for name, body in LIST_BODIES.items()
        },
        **{
            f"JSON: {name}": Attack(method="POST", path="/v1/investors", body=body, let_in=True)
            for name, body in JSON_BODIES.items()
        },
        "JSON Patch: a copy that doubles": Attack(
            method="PATCH",
            path="/v1/investors/INV-0001",
            content_type="application/json-patch+json",
            body=partial(listed, ['{"op":"copy","from":"","path":"/a"}'] * (VALUES // 4)),
            let_in=True,
        ),
        "JSON Patch: many additions": Attack(
            method="PATCH",
            path="/v1/investors/INV-0001",
            content_type="application/json-patch+json",
            body=partial(listed, ['{"op":"add","path":"/a","value":1}'] * (VALUES // 4)),
            let_in=True,
        ),
        "form: ampersands": Attack(
            method="POST",
            path="/v2/oauthtoken",
            content_type="application/x-www-form-urlencoded",
            body=partial(filled, "a=1", "&", ""),
        ),
        "form: parameters": Attack(
            method="POST",
            path="/v2/oauthtoken",
            content_type="application/x-www-form-urlencoded",
            body=partial(filled, "a=1", "&b=%41", ""),
        ),
    },
    "upload": {
        name: Attack(
            method="POST",
            path="/v1/contentmanagement/folders/uploadfiles",
            content_type="multipart/form-data; boundary=x",
            body=partial(filled, f"--x\r\n{FILE}", part, "\r\n--x--", UPLOAD),
            let_in=True,
        )
        for name, part in {
            "zeros": "\0",
            "beginnings of boundaries": "\r\n--xy",
            "boundaries": "\r\n--x\r\n",
        }.items()
    },
    "control body": {
        f"JSON: {name}": Attack(method="POST", path="/data/investors", body=body, control=True)
        for name, body in CONTROL_BODIES.items()
    },
    "path": {
        name: Attack(path="/" + part * (HEAD // len(part)))
        for name, part in {
            "beginnings of tokens": "eyJ",
            "slashes": "/",
            "encoded slashes": "%2F",
            "one letter": "a",
            "words": "ab/cd-",
            "certificate links": "portal/certificates/",
        }.items()
    },
    "query": {
        name: Attack(path="/v2/investors?" + part * (HEAD // len(part)), let_in=True)
        for name, part in {
            "ampersands": "&",
            "beginnings of tokens": "a=eyJ&",
            "unknown parameters": "a=1&",
            "one parameter": "limit=1&",
            "encoded": "%61%3D%31%26",
        }.items()
    },
    "headers": {
        "beginnings of tokens": Attack(headers={"X-Long": "eyJ" * (HEAD // 3)}),
        "many": Attack(headers={f"X-{number}": "1" for number in range(6000)}),
        "authorization": Attack(headers={"Authorization": "Bearer " + "a." * (HEAD // 2)}),
        "a pair in Base64": Attack(headers={"Authorization": "Basic " + "QUFB" * (HEAD // 4)}),
    },
    "cookie": {
        name: Attack(path="/portal", headers={"Cookie": part * (HEAD // len(part))})
        for name, part in {"pairs": "a=b;", "semicolons": ";", "quotes": 'a="\\"";'}.items()
    },
}
"""The requests by their large part."""

READINGS: Mapping[str, str] = {
    "reading the journal": "/journal",
    "the journal as HAR": "/journal.har",
    "the journal as curl lines": "/journal.curl",
    "the journal as a test": "/journal.py",
}
"""How the journal is read after these requests, each with its path."""


def hostile(runner: Runner, certs: Path, *, rounds: int) -> Iterator[Row]:
    """Two rows for each part: the most CPU time of a request, and the slowest ``/health``."""
    costs: dict[str, list[float]] = {part: [] for part in ATTACKS}
    waits: dict[str, list[float]] = {part: [] for part in ATTACKS}
    reading: dict[str, list[float]] = {form: [] for form in READINGS}
    beside_reading: dict[str, list[float]] = {form: [] for form in READINGS}
    documents = runner.folder / "hostile-documents"
    documents.mkdir()
    (documents / "lists.yaml").write_text(DOCUMENT, encoding="utf-8")
    with runner.mock_sei(certs, apis=documents) as server:
        token = fetch_token(server)
        for _ in range(rounds):
            for part, attacks in ATTACKS.items():
                seen = [
                    _attack(server, each.wire(token), control=each.control)
                    for each in attacks.values()
                ]
                costs[part].append(max(cost for cost, _ in seen) * 1000)
                waits[part].append(max(wait for _, wait in seen) * 1000)
            for form, path in READINGS.items():
                read = Attack(path=path, control=True)
                cost, wait = _attack(server, read.wire(token), control=True)
                reading[form].append(cost * 1000)
                beside_reading[form].append(wait * 1000)
    for part in ATTACKS:
        is_body = part.endswith("body") or part == "upload"
        yield Row(
            measured=f"largest {part}, hostile: CPU of the slowest",
            form=MILLISECONDS,
            ours=costs[part],
            targets=[ANSWERED],
        )
        yield Row(
            measured=f"largest {part}, hostile: slowest /health meanwhile",
            form=MILLISECONDS,
            ours=waits[part],
            targets=[BESIDE_A_BODY if is_body else BESIDE_A_HEAD],
        )
    for form in READINGS:
        yield Row(measured=f"{form} of all these: CPU", form=MILLISECONDS, ours=reading[form])
        yield Row(
            measured=f"{form} of all these: slowest /health meanwhile",
            form=MILLISECONDS,
            ours=beside_reading[form],
            targets=[BESIDE_A_HEAD],
        )


def _attack(server: Server, request: bytes, *, control: bool) -> tuple[float, float]:
    """The CPU seconds of one request, and the seconds of the slowest ``/health`` in that time."""
    with _AskingHealth(server) as health:
        before = cpu_seconds(server.pid)
        send(server, request, control=control)
        cost = cpu_seconds(server.pid) - before
    return cost, health.slowest


def send(server: Server, request: bytes, *, control: bool) -> bytes:
    """Sends a request. Returns the bytes until the answer is complete or the connection ends."""
    port = urlsplit(server.control_url).port if control else server.port
    with socket.create_connection(("127.0.0.1", port or 80), timeout=PATIENCE) as connected:
        connection: socket.socket = connected
        if not control and server.files is not None:
            context = client_context(*server.files)
            connection = context.wrap_socket(connected, server_hostname="localhost")
        with contextlib.suppress(OSError):  # the server refused the request before its end
            connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        try:
            answer.begin()
            return answer.read()
        except (OSError, http.client.HTTPException):
            return b""
        finally:
            answer.close()


def cpu_seconds(pid: int) -> float:
    """CPU seconds of all threads of a process, more precise than the clock ticks of its status."""
    used = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread has ended
            used += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return used / 1e9


class _AskingHealth:
    """A client that requests ``/health`` on one connection as long as it is entered."""

    def __init__(self, server: Server) -> None:
        address = urlsplit(server.control_url)
        self._http = http.client.HTTPConnection("127.0.0.1", address.port, timeout=PATIENCE)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.slowest = 0.0

    def __enter__(self) -> Self:
        self._once()  # connects, as a warm-up
        self.slowest = 0.0
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._http.close()

    def _ask(self) -> None:
        while not self._ended.is_set():
            self._once()
            self._ended.wait(0.002)

    def _once(self) -> None:
        began = time.perf_counter()
        self._http.request("GET", "/health")
        self._http.getresponse().read()
        self.slowest = max(self.slowest, time.perf_counter() - began)
