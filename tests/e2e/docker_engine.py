"""A Docker engine: each container has a network of its own, its ports published on loopback."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Mapping
from typing import Any

from tests.e2e.containers import BUILD_PATIENCE, PORTS, ROOT, Run, call, sound


class Docker:
    """A real engine; each container has a network of its own, its ports published on loopback."""

    def __init__(self) -> None:
        self.image = "mock-sei:test"
        self.volumes: list[str] = []

    def build(self) -> None:
        sound("docker", "build", "--tag", self.image, ROOT, patience=BUILD_PATIENCE)

    def config(self) -> dict[str, Any]:
        [found] = json.loads(sound("docker", "image", "inspect", self.image))
        config: dict[str, Any] = found["Config"]
        return config

    def volume(self, *, of_root: bool = False) -> str:
        name = sound("docker", "volume", "create", f"mock-sei-test-{uuid.uuid4().hex}").strip()
        self.volumes.append(name)
        if of_root:
            as_root = ("docker", "run", "--rm", "--user", "0", "--volume", f"{name}:/certs")
            change = "chown 0:0 /certs && chmod 1777 /certs"
            sound(*as_root, "--entrypoint", "sh", self.image, "-c", change)
        return name

    def start(
        self,
        *command: str,
        volume: str,
        environ: Mapping[str, str] | None = None,
        read_only: bool = False,
        low_ports: bool = True,
        user: str = "",
    ) -> DockerRun:
        options = ["--volume", f"{volume}:/certs"]
        for name, value in (environ or {}).items():
            options += ["--env", f"{name}={value}"]
        for port in PORTS.values():
            options += ["--publish", f"127.0.0.1::{port}"]
        if user:
            options += ["--user", user]
        if read_only:
            options.append("--read-only")
        if not low_ports:
            options += ["--sysctl", "net.ipv4.ip_unprivileged_port_start=1024"]
        return DockerRun(sound("docker", "run", "--detach", *options, self.image, *command))

    def once(self, *command: str) -> subprocess.CompletedProcess[str]:
        return call("docker", "run", "--rm", "--entrypoint", command[0], self.image, *command[1:])

    def close(self) -> None:
        for volume in self.volumes:
            call("docker", "volume", "rm", volume)


class DockerRun(Run):
    def __init__(self, printed: str) -> None:
        self.id = printed.strip()
        self.one_way_url = f"https://localhost:{self._published(443)}"
        self.two_way_url = f"https://localhost:{self._published(444)}"
        self.control_url = f"http://127.0.0.1:{self._published(8044)}"

    def _published(self, port: int) -> str:
        """Does nothing for a container that has already ended."""
        printed = call("docker", "port", self.id, f"{port}/tcp").stdout
        return printed.partition("\n")[0].rpartition(":")[2]

    def execute(self, *command: object) -> subprocess.CompletedProcess[str]:
        return call("docker", "exec", self.id, *command)

    def running(self) -> bool:
        return sound("docker", "inspect", "-f", "{{.State.Running}}", self.id).strip() == "true"

    def stop(self) -> int:
        if self.running():
            sound("docker", "kill", "--signal", "TERM", self.id)
        return int(sound("docker", "wait", self.id))

    def output(self) -> str:
        finished = call("docker", "logs", self.id)
        return finished.stdout + finished.stderr

    def changed(self) -> set[str]:
        lines = sound("docker", "diff", self.id).splitlines()
        return {line.split(maxsplit=1)[1] for line in lines}

    def remove(self) -> None:
        call("docker", "rm", "--force", self.id)
