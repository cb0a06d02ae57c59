"""A real browser, and applications on origins of their own for it to visit."""

from __future__ import annotations

import base64
import functools
import hashlib
import http.server
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

from mock_sei import MockSei
from tests.e2e.serving import PATIENCE

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP, PHONE = (1280, 800), (390, 844)

_QUIET = (
    "--no-sandbox",  # containers run as root
    "--disable-dev-shm-usage",  # theirs is small
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SINGLE_PAGE = Path(__file__).parent / "single_page"


def find_browser() -> str | None:
    return next((path for path in map(shutil.which, CHROMIUM) if path), None)


def launch(playwright: Playwright, server: MockSei | None) -> Browser:
    """Trusts the key of one server's certificate and no other that the system does not know."""
    trust = [f"--ignore-certificate-errors-spki-list={_key_of(server)}"] if server else []
    return playwright.chromium.launch(executable_path=find_browser(), args=[*_QUIET, *trust])


def _key_of(server: MockSei) -> str:
    """As Chromium wants it: SHA-256 of the certificate's public key, in Base64."""
    address = urlsplit(server.url)
    with (
        socket.create_connection((address.hostname, address.port)) as raw,
        server.ssl_context().wrap_socket(raw, server_hostname=address.hostname) as connection,
    ):
        shown = connection.getpeercert(binary_form=True)
    assert shown is not None
    key = x509.load_der_x509_certificate(shown).public_key()
    content = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A platform, an application registered with it, another origin, and the browser between."""

    server: MockSei
    application: Site
    stranger: Site
    browser: Browser
    playwright: Playwright

    @property
    def authorize(self) -> str:
        """The request of the single-page application."""
        return f"{self.server.url}/v2/oauth/authorize?client_id=demo-spa-key&response_type=token"

    @contextmanager
    def page(self, **options: Any) -> Iterator[Page]:
        """In a context of its own: no cookie of another test."""
        with self.browser.new_context(**options) as context:
            context.set_default_timeout(PATIENCE * 1000)
            yield context.new_page()


class Site:
    """The pages of ``single_page/`` on a free port of localhost: an origin."""

    def __init__(self) -> None:
        self.config: dict[str, str] = {}
        handler = functools.partial(_Pages, self, directory=str(_SINGLE_PAGE))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://localhost:{self._server.server_port}"

    @contextmanager
    def serving(self) -> Iterator[Site]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class _Pages(http.server.SimpleHTTPRequestHandler):
    def __init__(self, site: Site, *arguments: Any, **options: Any) -> None:
        self._site = site
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        if self.path == "/config.json":
            content = json.dumps(self._site.config).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return
        if urlsplit(self.path).path == "/callback":
            self.path = "/index.html"
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Not into the tests' output."""


class Watch:
    """What a page complained of, and whom it talked to."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        self.origins: set[str] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self.origins.add(f"{parts.scheme}://{parts.netloc}")
