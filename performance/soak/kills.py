"""Kills the server and ``mock-sei issue`` by SIGKILL at random moments, and checks the files left.

Half of the kills come after a random time. The other half come after a random number of file
changes in the watched folder, because the moments in which files are written are short, and these
matter most.
"""

from __future__ import annotations

import contextlib
import shutil
import stat
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs7, pkcs12

from mock_sei.certificates.bundles import FORMATS
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE
from performance.benchmarks.load import Connection
from performance.soak.platform import Platform
from performance.soak.report import Report
from tests.e2e.serving import MOCK_SEI, Process, Serving, environment

SOUND = "a kill leaves no incomplete file"
SECRET = "a kill leaves no key that others can read"
PAIRED = "a kill leaves no certificate without its key"
STARTS = "the next start works, with the same CA and identities"
CLEAN = "the next start removes incomplete files"

LEFTOVER = ".part-"
LONGEST = 5.0
"""Most seconds that a kill waits for file changes."""
OFTEN = 30
"""The approximate number of file changes in a first start."""
TRIES = 4
"""Attempts for each kill, because a process may end before it is killed."""


class Kills:
    """Kills one process after the other, and checks the files after each kill."""

    def __init__(self, report: Report, folder: Path, random: Random) -> None:
        self._report = report
        self._random = random
        self._folder = folder
        self._certs = folder / "certs"
        self._formats = list(FORMATS)
        self.done: Counter[str] = Counter()
        self._start_takes = self._issue_takes = 0.0
        """Seconds that a start and an ``issue`` take if all files exist."""

    def run(self, count: int) -> None:
        began = time.monotonic()
        self._start_again(self._certs, {})  # creates the files before the first kill
        self._start_takes = time.monotonic() - began
        began = time.monotonic()
        self._issue_into(self._folder / "pem", "pem")
        self._issue_takes = time.monotonic() - began
        scenes: tuple[Callable[[], bool], ...] = (
            self._first_start,
            self._next_start,
            self._issue,
            self._serve,
        )
        for number in range(count * TRIES):
            if sum(self.done.values()) >= count:
                break
            scene = scenes[number % len(scenes)]
            if scene():
                self.done[scene.__name__.lstrip("_").replace("_", " ")] += 1

    # The scenes. Each returns whether the process was killed before it ended

    def _first_start(self) -> bool:
        certs = self._folder / "fresh"
        shutil.rmtree(certs, ignore_errors=True)
        with self._starting(certs) as serving:
            hit = self._kill(serving.process, certs, self._start_takes, OFTEN)
        self._look_and_start_again(certs)
        return hit

    def _next_start(self) -> bool:
        """A start with a new host name, so that the server certificate is created again."""
        name = f"kill-{self._random.randrange(1_000_000)}.example"
        if self._random.random() < 0.5:  # an account's certificate has also expired
            self._issue_into(self._certs / "svc-web", "pem", "--variant", "expired")
        with self._starting(self._certs, "--hostname", name) as serving:
            hit = self._kill(serving.process, self._certs, self._start_takes, 6)
        self._look_and_start_again(self._certs)
        return hit

    def _issue(self) -> bool:
        form = self._random.choice(self._formats)
        out = self._folder / form
        out.mkdir(exist_ok=True)
        command = self._issue_command(out, form)
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
        hit = self._kill(process, out, self._issue_takes, 6)
        self._look(out)
        self._issue_into(out, form)
        self._look(out)
        return hit

    def _issue_into(self, out: Path, form: str, *options: str) -> None:
        command = [*self._issue_command(out, form), *options]
        ended = subprocess.run(
            command, env=environment(), capture_output=True, text=True, check=False
        )
        if ended.returncode:
            self._report.broken(STARTS, f"issue --format {form}: {ended.stderr[-300:]}")

    def _issue_command(self, out: Path, form: str) -> list[str]:
        command = [str(MOCK_SEI), "issue", "svc-demo", "--certs-dir", str(self._certs)]
        return [*command, "--out", str(out), "--format", form]

    def _serve(self) -> bool:
        with self._serving(self._certs) as platform:
            working = threading.Thread(target=_work, args=(platform,))
            working.start()
            time.sleep(self._random.random() * 0.5)
            platform.serving.kill()
            working.join()
        self._look_and_start_again(self._certs)
        return True

    # Killing

    @contextmanager
    def _starting(self, certs: Path, *options: str) -> Iterator[Serving]:
        (self._folder / "ready.json").unlink(missing_ok=True)  # the file of a killed server
        options = ("--certs-dir", str(certs), *options)
        with Serving.launch(self._folder, *options, command=[MOCK_SEI]) as serving:
            yield serving

    @contextmanager
    def _serving(self, certs: Path) -> Iterator[Platform]:
        (self._folder / "ready.json").unlink(missing_ok=True)
        with Platform.running(self._folder, "--certs-dir", str(certs)) as platform:
            yield platform

    def _kill(self, process: Process, watched: Path, takes: float, changes: int) -> bool:
        deadline = time.monotonic() + LONGEST
        if self._random.random() < 0.5:
            ready = self._folder / "ready.json"
            until = time.monotonic() + self._random.random() * takes
            while process.poll() is None and time.monotonic() < until and not ready.exists():
                time.sleep(0.001)
        else:
            left = self._random.randint(1, changes)
            before = _listing(watched)
            while process.poll() is None and left and time.monotonic() < deadline:
                now = _listing(watched)
                left -= now != before
                before = now
        process.kill()
        return process.wait() < 0

    # Looking

    def _look_and_start_again(self, certs: Path) -> None:
        self._look(certs)
        self._start_again(certs, _kept(certs))
        self._look(certs)
        left = [path.name for path in certs.rglob(f"{LEFTOVER}*")]
        if left:
            self._report.broken(CLEAN, ", ".join(left))

    def _start_again(self, certs: Path, kept: dict[str, bytes]) -> None:
        try:
            with self._serving(certs) as platform:
                _take_token(platform)
                for bug in platform.new_bugs():
                    self._report.broken(STARTS, bug)
        except (AssertionError, OSError, httpx2.HTTPError) as error:
            self._report.broken(STARTS, f"{type(error).__name__}: {error}")
            return
        for name, content in kept.items():
            if (certs / name).read_bytes() != content:
                self._report.broken(STARTS, f"{name} has changed")

    def _look(self, folder: Path) -> None:
        for promise, problem in look(folder):
            self._report.broken(promise, problem)


def look(folder: Path) -> Iterator[tuple[str, str]]:
    """The broken promises about the files of a folder, each with its case."""
    for path in sorted(folder.rglob("*")):
        others = stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
        content = b"" if path.is_dir() else path.read_bytes()
        holds_key = b"PRIVATE KEY" in content or path.suffix in (".key", ".pfx", ".p12")
        if others and holds_key:
            yield SECRET, f"{path.name}: {stat.filemode(path.stat().st_mode)}"
        if path.is_dir() or path.name.startswith(LEFTOVER):
            continue
        if path.suffix in _CHECKS:
            try:
                _CHECKS[path.suffix](path)
            except _WithoutKey as error:
                yield PAIRED, str(error)
            except (ValueError, TypeError) as error:
                yield SOUND, f"{path.name}: {error}"


class _WithoutKey(Exception):  # the name says what is missing
    """A certificate without its key in the same folder."""


def _check_key(path: Path) -> None:
    load_pem_private_key(path.read_bytes(), None)


def _check_certificate(path: Path) -> None:
    content = path.read_bytes()
    leaf = x509.load_pem_x509_certificates(content)[0]
    if content.count(b"-----BEGIN ") != content.count(b"-----END CERTIFICATE-----"):
        raise ValueError("the last certificate is incomplete")
    if leaf.public_key() != _key_of(path):
        raise _WithoutKey(f"{path.name} does not belong to the key in its folder")


def _check_pkcs7(path: Path) -> None:
    key = _key_of(path)
    certificates = pkcs7.load_der_pkcs7_certificates(path.read_bytes())
    if not any(each.public_key() == key for each in certificates):
        raise _WithoutKey(f"{path.name} does not belong to the key in its folder")


def _check_pkcs12(path: Path) -> None:
    if path.name == "truststore.p12":
        pkcs12.load_pkcs12(path.read_bytes(), DEFAULT_PASSPHRASE.encode())
        return
    key, certificate, _ = pkcs12.load_key_and_certificates(
        path.read_bytes(), DEFAULT_PASSPHRASE.encode()
    )
    if key is None or certificate is None or key.public_key() != certificate.public_key():
        raise _WithoutKey(f"{path.name} does not hold both")


def _key_of(path: Path) -> object:
    name = path.with_suffix(".key").name if path.suffix == ".pem" else "privatekey.key"
    partner = path.parent / name
    if not partner.exists():
        raise _WithoutKey(f"{path.name} has no {name} in its folder")
    return load_pem_private_key(partner.read_bytes(), None).public_key()


_CHECKS: dict[str, Callable[[Path], None]] = {
    ".key": _check_key,
    ".pem": _check_certificate,
    ".crt": _check_certificate,
    ".p7s": _check_pkcs7,
    ".p12": _check_pkcs12,
    ".pfx": _check_pkcs12,
}


def _kept(certs: Path) -> dict[str, bytes]:
    """The files that a start must not change: the CA and complete identities, if they exist."""
    found = [certs / name for name in ("ca.pem", "signing.key") if (certs / name).exists()]
    if (certs / "ca.pem").exists() and (certs / "svc-demo" / "certificate.crt").exists():
        found += [path for path in certs.glob("svc-demo/*") if not path.name.startswith(LEFTOVER)]
    return {str(path.relative_to(certs)): path.read_bytes() for path in found}


def _listing(folder: Path) -> frozenset[tuple[str, int]]:
    """Names and inodes of files. A file that is replaced gets another inode."""
    with contextlib.suppress(OSError):
        return frozenset((str(path), path.lstat().st_ino) for path in folder.rglob("*"))
    return frozenset()


def _work(platform: Platform) -> None:
    """Issues certificates, and creates and downloads links, until the server is killed."""
    account = "/service-accounts/svc-demo"
    with (
        contextlib.suppress(httpx2.HTTPError, OSError),
        httpx2.Client(verify=platform.context(), trust_env=False) as http,
    ):
        while True:
            platform.control("POST", f"{account}/certificates")
            link = platform.control("POST", f"{account}/certificate-links")["url"]
            http.get(link)
            platform.control("GET", f"{account}/identity")


def _take_token(platform: Platform) -> None:
    """Gets a token with the identity on file. Raises ``OSError`` if the status is not 200."""
    plan = platform.token_plan()
    with Connection(plan, platform.context_of("svc-demo")) as connection:
        connection.send(plan.request.encode())
        connection.read_answer()
