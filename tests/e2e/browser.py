"""A real browser, and applications on their own origins."""

from __future__ import annotations

import base64
import functools
import gc
import hashlib
import http.server
import json
import os
import shutil
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    FloatRect,
    Page,
    Playwright,
    Request,
    sync_playwright,
)

from mock_sei import MockSei
from tests.patience import PATIENCE

CHROMIUM = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
"""Its names. The shell has no windows: a page costs a fifth of what it costs in a whole browser."""
DESKTOP, PHONE = (1280, 800), (390, 844)

DOCS = Path(__file__).parents[2] / "docs"
PICTURES_WANTED = bool(os.environ.get("MOCK_SEI_SCREENSHOTS"))
"""Set by ``make screenshots``: the pictures in docs/ are taken anew."""

FOCUS = """() => {
  const { activeElement: element } = document, style = getComputedStyle(element);
  return [element.labels?.[0]?.textContent ?? element.textContent,
          style.outlineStyle === "solid" && parseFloat(style.outlineWidth) >= 2];
}"""
"""The text of the focused element, and whether the focus is visible."""
ANIMATIONS_END = "() => Promise.allSettled(document.getAnimations().map((each) => each.finished))"
"""While colours change, the contrast is that of no colour of ours."""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

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


@contextmanager
def driver() -> Iterator[Playwright]:
    """Playwright's driver. The sockets that it does not close are collected here, at its end."""
    with sync_playwright() as playwright:
        yield playwright
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def launch(playwright: Playwright, server: MockSei | None, *more: str) -> Browser:
    """Trusts the key of one server's certificate and no other that the system does not know.

    ``more`` are further arguments of the browser.
    """
    trust = [f"--ignore-certificate-errors-spki-list={_key_of(server)}"] if server else []
    return playwright.chromium.launch(executable_path=find_browser(), args=[*_QUIET, *trust, *more])


def _key_of(server: MockSei) -> str:
    """The SHA-256 of the certificate's public key in Base64, for an option of Chromium."""
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


def violations(page: Page, axe: str) -> list[Any]:
    """The problems that axe-core finds, including best practices."""
    page.evaluate(axe)  # not as a script element: the page's policy allows none
    return _violations(page)


def violations_in_both_schemes(page: Page, axe: str) -> dict[str, list[Any]]:
    """The problems that axe-core finds in the dark and in the light scheme, where there are some.

    A scheme changes nothing but colours, so that all rules run in one scheme, and in the other the
    rules that read colours.
    """
    page.emulate_media(color_scheme="dark")
    page.evaluate(ANIMATIONS_END)
    dark = violations(page, axe)
    page.emulate_media(color_scheme="light")
    page.evaluate(ANIMATIONS_END)
    light = violations_of_colours(page)
    return {scheme: found for scheme, found in (("dark", dark), ("light", light)) if found}


def violations_of_colours(page: Page) -> list[Any]:
    """The problems with colours of a page that axe-core was run on before."""
    return _violations(page, "color-contrast", "link-in-text-block")


def _violations(page: Page, *rules: str) -> list[Any]:
    """The problems that axe-core finds, which is loaded; of all rules if none is named."""
    only = {"runOnly": list(rules)} if rules else {}
    ran = page.evaluate("(options) => axe.run(options)", {"preload": False, **only})
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in ran["violations"]]


def picture_of(page: Page, name: str, *, height: int) -> None:
    """Saves a picture to docs/, without the empty margins of the window."""
    middle: FloatRect = {"x": 140, "y": 0, "width": 1000, "height": height}
    page.screenshot(path=DOCS / name, full_page=True, clip=middle)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A platform, a registered application on another origin, and a browser."""

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
        """A page in a new context, without cookies of other tests."""
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
        """Logs nothing, so that the output of the tests stays readable."""


class Watch:
    """The errors of a page, and the hosts that it called."""

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
