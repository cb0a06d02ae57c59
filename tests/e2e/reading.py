"""Which shapes of files clients can read: one process for each client reads all of them."""

from __future__ import annotations

import contextlib
import json
import shlex
import ssl
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mock_sei.certificates.authority import Authority
from tests.doctor.key_files import STORE_PASSPHRASE
from tests.doctor.shapes import BOTH, CA, CERTIFICATE, KEY, Shape
from tests.e2e.patients import saying, speaking
from tests.e2e.serving import COMPILERS_PATIENCE, environment

PROGRAMS = Path(__file__).parent / "file_readers"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Said = Mapping[str, str]
"""Why a client cannot read a shape, by the shape's slug; empty if it can."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A shape on disk, with the file that belongs to it."""

    shape: Shape
    file: Path
    partner: Path

    @property
    def certificate(self) -> Path:
        return self.partner if self.shape.role == KEY else self.file

    @property
    def key(self) -> Path:
        return self.partner if self.shape.role == CERTIFICATE else self.file

    @property
    def options(self) -> dict[str, Any]:
        """Of the doctor."""
        if self.shape.role == CA:
            return {"cacert": self.file}
        given = {"cert": self.certificate, "passphrase": self.shape.passphrase}
        return given if self.shape.role == BOTH else given | {"key": self.key}


def place(shapes: Sequence[Shape], folder: Path) -> list[Placed]:
    """Each in a folder of its own; nobody else may read them, as keys should be."""
    placed = []
    for shape in shapes:
        home = folder / shape.slug
        home.mkdir()
        each = Placed(shape=shape, file=home / "my 'own' file.pem", partner=home / "partner.pem")
        for path, content in ((each.file, shape.content), (each.partner, shape.partner)):
            path.touch(mode=0o600)
            path.write_bytes(content)
        placed.append(each)
    return placed


def ask_clients(placed: Sequence[Placed], authority: Authority, folder: Path) -> dict[str, Said]:
    """The results by client. All clients run at the same time."""
    lists, java = _lists(placed, folder), PROGRAMS / "Read.java"
    with speaking(saying(ANSWER), context=_server(authority, folder)) as port:
        asked: dict[str, Callable[[], Said]] = {
            "python": lambda: _python(placed, authority, folder),
            "curl": lambda: _curl(placed, port, folder),
            "node": lambda: _node(lists["json"], port),
            "java": lambda: _table("java", java, lists["files"], STORE_PASSPHRASE),
            "go": lambda: _table("go", "run", PROGRAMS / "read.go", lists["pairs"]),
            "openssl": lambda: _openssl(placed, folder),
        }
        with ThreadPoolExecutor(len(asked)) as pool:
            running = {name: pool.submit(ask) for name, ask in asked.items()}
            return {name: each.result() for name, each in running.items()}


def _lists(placed: Sequence[Placed], folder: Path) -> dict[str, Path]:
    shapes = [
        {
            "slug": each.shape.slug,
            "role": each.shape.role,
            "file": str(each.file),
            "certificate": str(each.certificate),
            "key": str(each.key),
            "passphrase": each.shape.passphrase,
        }
        for each in placed
    ]
    texts = {
        "json": json.dumps(shapes),
        "files": "".join(f"{each['slug']}\t{each['file']}\n" for each in shapes),
        "pairs": "".join(
            f"{each['slug']}\t{each['role']}\t{each['certificate']}\t{each['key']}\n"
            for each in shapes
        ),
    }
    paths = {name: folder / f"shapes.{name}" for name in texts}
    for name, text in texts.items():
        paths[name].write_text(text)
    return paths


def _server(authority: Authority, folder: Path) -> ssl.SSLContext:
    identity = authority.issue_server(["localhost"], now=datetime.now(UTC))
    (folder / "server.pem").write_bytes(identity.certificate_pem + identity.chain_pem)
    (folder / "server.key").write_bytes(identity.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def _python(placed: Sequence[Placed], authority: Authority, folder: Path) -> Said:
    server = _server(authority, folder)
    return {each.shape.slug: _python_says(each, server) for each in placed}


def _python_says(each: Placed, server: ssl.SSLContext) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if each.shape.role == CA:
            context.load_verify_locations(each.file)
            _shake_hands(context, server)
        else:
            passphrase = each.shape.passphrase or ""
            context.load_cert_chain(each.certificate, each.key, password=passphrase)
    except (OSError, ValueError) as error:
        return str(error) or "not read"
    return ""


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (here, there):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()


def _curl(placed: Sequence[Placed], port: int, folder: Path) -> Said:
    """One run, a transfer for each shape."""
    transfers = []
    for each in placed:
        lines = [f'url = "https://localhost:{port}/"', 'output = "/dev/null"', "silent"]
        lines.append('write-out = "%{exitcode} %{errormsg}\\n"')
        if each.shape.role == CA:
            lines.append(f'cacert = "{each.file}"')
        else:
            lines += ["insecure", f'cert = "{each.certificate}"', f'key = "{each.key}"']
        lines.append(f'pass = "{each.shape.passphrase or ""}"')
        transfers.append("\n".join(lines))
    settings = folder / "curl.conf"
    settings.write_text("\nnext\n".join(transfers))
    printed = _printed("curl", "-q", "-K", settings).splitlines()
    assert len(printed) == len(placed)
    return {
        each.shape.slug: "" if line.startswith("0 ") else line
        for each, line in zip(placed, printed, strict=True)
    }


def _node(shapes: Path, port: int) -> Said:
    said: dict[str, str] = json.loads(_printed("node", PROGRAMS / "read.mjs", shapes, port))
    return said


def _table(*command: object) -> Said:
    lines = [each.partition("\t") for each in _printed(*command).splitlines()]
    return {slug: said for slug, _, said in lines}


def _openssl(placed: Sequence[Placed], folder: Path) -> Said:
    """One shell; the program has no mode for many files."""
    lines = []
    for each in placed:
        command = "openssl x509 -noout"
        if each.shape.role == KEY:
            command = f"openssl pkey -noout -passin {shlex.quote(f'pass:{each.shape.passphrase}')}"
        path = shlex.quote(str(each.file))
        lines.append(
            f"{command} -in {path} 2>/dev/null; printf '%s\\t%s\\n' {each.shape.slug} ${{?#0}}"
        )
    script = folder / "openssl.sh"
    script.write_text("\n".join(lines))
    return _table("sh", script)


def _printed(*command: object) -> str:
    finished = subprocess.run(
        [str(part) for part in command],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        timeout=COMPILERS_PATIENCE,
    )
    return finished.stdout
