"""Runs the image without an engine: with buildah, and a script that builds without a registry.

A container shares the machine's network and processes: it is given free ports.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.containers import (
    BUILD_PATIENCE,
    BUILDAH,
    PORTS,
    ROOT,
    Run,
    call,
    free_port,
    sound,
)
from tests.patience import PATIENCE

BUILD_TRIES = 3
UNWRITABLE = ("/tmp", "/var/tmp", "/run/lock")  # noqa: S108  # named, not used
"""What a user who is not root could write in the base image, volumes and /dev apart."""


class Buildah:
    """No engine. The user of a container is the image's; its root file system is its own."""

    def __init__(self, check: Path, folder: Path) -> None:
        self.check = check
        self.folder = folder
        self.image = "localhost/mock-sei:check"
        self._config: dict[str, Any] = {}

    def build(self) -> None:
        """The pipes of the script may close before or after the image is complete."""
        before = self._image_id()
        for _ in range(BUILD_TRIES):
            finished = call(self.check, ROOT, patience=BUILD_PATIENCE)
            cut_short = finished.returncode == 128 + signal.SIGPIPE
            if not cut_short or self._image_id() != before:
                break
        assert finished.returncode == 0 or cut_short, finished.stderr[-3000:]
        assert self._image_id() != before, "no new image"
        if before:  # nameless now, and a third of a gigabyte
            call("buildah", "rmi", before.strip())

    def _image_id(self) -> str:
        if not shutil.which("buildah"):
            return ""  # the script installs it
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
    ) -> BuildahRun:
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
        return BuildahRun(self, options, arguments, ports, network)

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
        """Removes nothing: the volumes are folders of pytest."""


class BuildahRun(Run):
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
                env=os.environ | BUILDAH,
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
        """The file system of the container without its mounts."""
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
