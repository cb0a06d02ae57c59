"""The image, built and run by what this machine has: a Docker engine, or buildah and a script.

``MOCK_SEI_CONTAINER_CHECK`` names the script: it builds the image where there is neither engine nor
registry. There a container shares the machine's network and processes: it is given free ports.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from tests.e2e.serving import PATIENCE, wait_for

ROOT = Path(__file__).parents[2]
CHECK = "MOCK_SEI_CONTAINER_CHECK"
BUILD_PATIENCE = 1500.0
"""Seconds for a build: the first one on a machine makes the base image too."""
PORTS = {"ONE_WAY": 443, "TWO_WAY": 444, "CONTROL": 8044}
"""The image's own."""
UNWRITABLE = ("/tmp", "/var/tmp", "/run/lock")  # noqa: S108  # named, not used
"""What a user who is not root could write in the base image, volumes and /dev apart."""


def call(*command: object, patience: float = PATIENCE * 4) -> subprocess.CompletedProcess[str]:
    """Runs a program of the machine, with the machine's own settings, to its end."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=os.environ | Buildah.SETTINGS,
        capture_output=True,
        text=True,
        check=False,
        timeout=patience,
    )


def sound(*command: object, patience: float = PATIENCE * 4) -> str:
    """What a program printed that must not fail."""
    finished = call(*command, patience=patience)
    assert finished.returncode == 0, f"{command}: {finished.stderr[-3000:]}"
    return finished.stdout


class Container(Protocol):
    """One run of the image; leaving the ``with`` stops and removes it."""

    control_url: str
    one_way_url: str
    two_way_url: str

    def execute(self, *command: object) -> subprocess.CompletedProcess[str]:
        """Another program beside the running one."""

    def running(self) -> bool: ...

    def stop(self) -> int:
        """Sends SIGTERM and nothing after it; returns the exit status."""

    def output(self) -> str:
        """What it wrote so far, errors included."""

    def changed(self) -> set[str]:
        """Files that are not as in the image, volumes and memory apart."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Engine(Protocol):
    def build(self) -> None: ...

    def config(self) -> dict[str, Any]:
        """``Config`` of the image, as ``docker inspect`` shows it."""

    def volume(self, *, of_root: bool = False) -> str:
        """A new one, as the image makes it; or as a temporary file system is: root's, for all."""

    def start(
        self,
        *command: str,
        volume: str,
        environ: Mapping[str, str] | None = None,
        read_only: bool = False,
        low_ports: bool = True,
        user: str = "",
    ) -> Container:
        """Runs the image's entry point, with its own command or another one."""

    def once(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of the image instead of its entry point."""


def healthy(container: Container) -> Container:
    """Waits for what the image's own health check says."""
    try:
        wait_for(
            lambda: container.execute("mock-sei", "healthcheck").returncode == 0,
            still=container.running,
        )
    except AssertionError:
        print(container.output())  # noqa: T201  # shown by pytest beside the failure
        raise
    return container


def attach_options(container: Container) -> list[str]:
    """The options by which a suite finds the container."""
    return [
        *("--mock-sei-url", container.control_url),
        *("--mock-sei-one-way-url", container.one_way_url),
        *("--mock-sei-two-way-url", container.two_way_url),
    ]


class _Run:
    """What both kinds of container share."""

    control_url: str
    one_way_url: str
    two_way_url: str

    def remove(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


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
    ) -> _DockerRun:
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
        return _DockerRun(sound("docker", "run", "--detach", *options, self.image, *command))

    def once(self, *command: str) -> subprocess.CompletedProcess[str]:
        return call("docker", "run", "--rm", "--entrypoint", command[0], self.image, *command[1:])

    def close(self) -> None:
        for volume in self.volumes:
            call("docker", "volume", "rm", volume)


class _DockerRun(_Run):
    def __init__(self, printed: str) -> None:
        self.id = printed.strip()
        self.one_way_url = f"https://localhost:{self._published(443)}"
        self.two_way_url = f"https://localhost:{self._published(444)}"
        self.control_url = f"http://127.0.0.1:{self._published(8044)}"

    def _published(self, port: int) -> str:
        """Nothing for a container that ended already."""
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


class Buildah:
    """No engine. The user of a container is the image's; its root file system is its own."""

    SETTINGS: ClassVar = {
        "STORAGE_DRIVER": "vfs",
        "BUILDAH_ISOLATION": "chroot",
        "BUILDAH_FORMAT": "docker",  # the other format has no health check
    }
    """The script's own; a program that is not buildah does not look at them."""

    def __init__(self, check: Path, folder: Path) -> None:
        self.check = check
        self.folder = folder
        self.image = "localhost/mock-sei:check"
        self._config: dict[str, Any] = {}

    def build(self) -> None:
        before = self._image_id()
        finished = call(self.check, ROOT, patience=BUILD_PATIENCE)
        # It ends by measuring sizes through pipes that may close early; the image is there by then.
        late = finished.returncode == 128 + signal.SIGPIPE and self._image_id() != before
        assert finished.returncode == 0 or late, finished.stderr[-3000:]

    def _image_id(self) -> str:
        found = call("buildah", "images", "--quiet", "--no-trunc", self.image)
        return found.stdout if found.returncode == 0 else ""

    def config(self) -> dict[str, Any]:
        if not self._config:
            found = json.loads(sound("buildah", "inspect", "--type", "image", self.image))
            self._config = found["Docker"]["config"]
        return self._config

    def volume(self, *, of_root: bool = False) -> str:
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir(mode=0o700)
        if of_root:
            folder.chmod(0o1777)
        else:
            user, _, group = self.config()["User"].partition(":")
            os.chown(folder, int(user), int(group))
        return str(folder)

    def start(
        self,
        *command: str,
        volume: str,
        environ: Mapping[str, str] | None = None,
        read_only: bool = False,
        low_ports: bool = True,
        user: str = "",
        network: Sequence[str] = (),
    ) -> _BuildahRun:
        """``network`` is a command that runs another one in another network.

        Elsewhere there are no ports below 1024 to have: the three get free ones, by variables.
        """
        ports = dict(PORTS)
        given = dict(environ or {})
        if low_ports and not network:
            ports = {name: free_port() for name in ports}
            given = {f"MOCK_SEI_{name}_PORT": str(port) for name, port in ports.items()} | given
            given = {"MOCK_SEI_HOST": "127.0.0.1", "MOCK_SEI_CONTROL_HOST": "127.0.0.1"} | given
        options = ["--volume", f"{volume}:/certs"]
        for name, value in given.items():
            options += ["--env", f"{name}={value}"]
        if user:
            options += ["--user", user]
        if read_only:
            for place in UNWRITABLE:
                options += ["--volume", f"{self._root_s_own()}:{place}:ro"]
        config = self.config()
        arguments = [*config["Entrypoint"], *(command or config["Cmd"])]
        return _BuildahRun(self, options, arguments, ports, network)

    def once(self, *command: str) -> subprocess.CompletedProcess[str]:
        working = self.new_container()
        try:
            return call("buildah", "run", working, "--", *command)
        finally:
            call("buildah", "rm", working)

    def new_container(self) -> str:
        return sound("buildah", "from", "--pull-never", self.image).strip()

    def _root_s_own(self) -> Path:
        folder = self.folder / "unwritable"
        folder.mkdir(mode=0o755, exist_ok=True)
        return folder

    def close(self) -> None:
        """Nothing is left: the volumes are folders of pytest's."""


class _BuildahRun(_Run):
    def __init__(
        self,
        engine: Buildah,
        options: list[str],
        arguments: list[str],
        ports: Mapping[str, int],
        network: Sequence[str],
    ) -> None:
        self.one_way_url = f"https://localhost:{ports['ONE_WAY']}"
        self.two_way_url = f"https://localhost:{ports['TWO_WAY']}"
        self.control_url = f"http://127.0.0.1:{ports['CONTROL']}"
        self._options = options
        self._network = network
        self._log = engine.folder / f"{uuid.uuid4().hex}.log"
        self._working = engine.new_container()
        # Mounted over the declared volume, one of ours would lie below it.
        sound("buildah", "config", "--volume", "/certs-", self._working)
        self._root = Path(sound("buildah", "mount", self._working).strip())
        self._before = self._files()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*network, "buildah", "run", *options, self._working, "--", *arguments],
                env=os.environ | Buildah.SETTINGS,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def execute(self, *command: object) -> subprocess.CompletedProcess[str]:
        return call(*self._network, "buildah", "run", *self._options, self._working, "--", *command)

    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> int:
        if self.running():
            os.kill(_last_descendant(self._process.pid), signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def output(self) -> str:
        return self._log.read_text()

    def changed(self) -> set[str]:
        after = self._files()
        return {name for name, _ in after ^ self._before}

    def _files(self) -> set[tuple[str, int]]:
        """The tree of the container, as it is without its mounts."""
        return {
            (f"/{path.relative_to(self._root)}", path.lstat().st_mtime_ns)
            for path in self._root.rglob("*")
            if not path.is_dir() or path.is_symlink()
        }

    def remove(self) -> None:
        if self.running():
            os.kill(_last_descendant(self._process.pid), signal.SIGKILL)
            self._process.wait(PATIENCE)
        call("buildah", "rm", self._working)


def _last_descendant(pid: int) -> int:
    """The container's own process: buildah waits for it through two of its own."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            return _last_descendant(int(child))
    return pid


def free_port() -> int:
    """One that nobody had a moment ago, for a program that must be told its port beforehand."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
    return port


def find_engine(folder: Path) -> Docker | Buildah | None:
    """What can build and run the image here, None where nothing can."""
    if shutil.which("docker") and call("docker", "info").returncode == 0:
        return Docker()
    check = os.environ.get(CHECK)
    if check and (ROOT / check).exists() and os.geteuid() == 0:
        return Buildah((ROOT / check).resolve(), folder)
    return None
