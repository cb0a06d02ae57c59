"""The part of Docker's Engine API that testcontainers calls; a container is ``mock-sei serve``.

There need be no engine where the tests run. What else is asked for is a 501, and fails the test.
"""

from __future__ import annotations

import json
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.e2e.containers import free_port
from tests.e2e.serving import Serving, environment

STREAMS = {1: "output", 2: "errors"}


class FakeContainer:
    """What was asked for at its creation, and the process after its start."""

    def __init__(self, identifier: str, asked: dict[str, Any], folder: Path) -> None:
        self.id = identifier
        self.asked = asked
        self.folder = folder
        self.serving: Serving | None = None
        published = asked["HostConfig"]["PortBindings"]
        self.ports = {each: free_port() for each in published}

    def start(self) -> None:
        """The ports that it would have inside are the ones they are published at."""
        one_way, two_way, control = (self.ports[f"{port}/tcp"] for port in (443, 444, 8044))
        given = dict(each.split("=", 1) for each in self.asked["Env"])
        self.serving = Serving.launch(
            self.folder,
            ports=(
                *("--one-way-port", str(one_way), "--two-way-port", str(two_way)),
                *("--control-port", str(control)),
            ),
            environ=environment() | given,
        )

    def inspect(self) -> dict[str, Any]:
        status, code = "created", 0
        if self.serving is not None:
            ended = self.serving.process.poll()
            status, code = ("running", 0) if ended is None else ("exited", ended)
        published = {
            name: [{"HostIp": "127.0.0.1", "HostPort": str(port)}]
            for name, port in self.ports.items()
        }
        return {
            "Id": self.id,
            "Name": "/mock-sei",
            "Image": self.asked["Image"],
            "Config": {"Image": self.asked["Image"], "Env": self.asked["Env"], "Tty": False},
            "HostConfig": self.asked["HostConfig"],
            "State": {"Status": status, "Running": status == "running", "ExitCode": code},
            "NetworkSettings": {"Ports": published},
        }

    def logs(self, *streams: int) -> bytes:
        """In frames, as they come without a terminal."""
        frames = b""
        for stream in streams:
            words = getattr(self.serving, STREAMS[stream]).encode()
            frames += struct.pack(">BxxxL", stream, len(words)) + words
        return frames

    def remove(self) -> None:
        if self.serving is not None and self.serving.process.poll() is None:
            self.serving.kill()


class EngineApi:
    """Containers by their id, as long as they are not removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.containers: dict[str, FakeContainer] = {}
        self.removed: list[FakeContainer] = []

    def answer(self, method: str, path: str, query: str, body: Any) -> tuple[int, Any]:
        path = re.sub(r"^/v\d+\.\d+", "", path)
        if path == "/version":
            return 200, {"ApiVersion": "1.47", "Version": "27.0.0"}
        if re.fullmatch(r"/images/.+/json", path):
            return 200, {"Id": "sha256:0", "RepoTags": [path.split("/")[2]], "Config": {}}
        if (method, path) == ("POST", "/containers/create"):
            identifier = f"{len(self.containers):064x}"
            folder = self.folder / identifier[-4:]
            folder.mkdir()
            self.containers[identifier] = FakeContainer(identifier, body, folder)
            return 201, {"Id": identifier, "Warnings": []}
        found = re.fullmatch(r"/containers/([0-9a-f]{64})(/\w+)?", path)
        if not found or found[1] not in self.containers:
            return 501, {"message": f"{method} {path} is not played here"}
        container = self.containers[found[1]]
        if (method, found[2]) == ("GET", "/json"):
            return 200, container.inspect()
        if (method, found[2]) == ("POST", "/start"):
            container.start()
            return 204, None
        if (method, found[2]) == ("GET", "/logs"):
            wanted = [
                number for number, name in ((1, "stdout"), (2, "stderr")) if f"{name}=1" in query
            ]
            return 200, container.logs(*wanted)
        if (method, found[2]) == ("DELETE", None):
            self.removed.append(self.containers.pop(found[1]))
            container.remove()
            return 204, None
        return 501, {"message": f"{method} {path} is not played here"}


@contextmanager
def engine_api(folder: Path) -> Iterator[tuple[str, EngineApi]]:
    """Its address for ``DOCKER_HOST``, and what is behind it."""
    api = EngineApi(folder)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            path, _, query = self.path.partition("?")
            status, content = api.answer(self.command, path, query, body)
            sent = content if isinstance(content, bytes) else json.dumps(content).encode()
            sent = b"" if content is None else sent
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  # the library's names

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_port}", api
        finally:
            for container in api.containers.values():
                container.remove()
            server.shutdown()
            thread.join()
