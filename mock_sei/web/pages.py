"""HTML pages: rendered on the server, without anything from another host.

Every value from a request is escaped. The content security policy allows the stylesheets by their
hash, and on a live page our one script, also by its hash: so no answer of this origin, which may be
a user's own text, runs as a script. It allows forms to this server and to the application's
redirect address, because browsers also apply the policy to the redirect after a form.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"

STYLES = (("style.css",), ("style.css", "portal/portal.css"))
"""The stylesheets in the ``<style>`` of a log-in page and of a portal page."""
SCRIPT = "portal/live.js"
"""The script in the ``<script>`` of a live page."""


@dataclass(frozen=True, kw_only=True)
class _Pages:
    """The templates, and the sources that the content security policy allows."""

    environment: Environment
    style_source: str
    script_source: str


@cache
def _pages() -> _Pages:
    # Imported for the first page, because most servers never show one.
    from jinja2 import DictLoader, Environment, StrictUndefined

    files = [each for each in _TEMPLATES.rglob("*") if each.suffix in (".html", ".css", ".js")]
    environment = Environment(
        loader=DictLoader(
            {each.relative_to(_TEMPLATES).as_posix(): each.read_text("utf-8") for each in files}
        ),
        autoescape=True,
        cache_size=-1,  # keep all compiled templates
        auto_reload=False,
        undefined=StrictUndefined,
        keep_trailing_newline=True,  # the stylesheet's hash is of every byte
    )
    sheets = ["".join(_sheet(environment, each) for each in names) for names in STYLES]
    return _Pages(
        environment=environment,
        style_source=" ".join(map(_hash, sheets)),
        script_source=_hash(_sheet(environment, SCRIPT)),
    )


def _sheet(environment: Environment, name: str) -> str:
    return environment.get_template(name).render()


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def page(
    template: str,
    *,
    status: int = 200,
    forms_lead_to: str | None = None,
    events: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """An HTML page that no other site can frame or read, and no cache stores.

    ``forms_lead_to`` is the address to which the answer to a form may redirect. ``events`` is the
    address of the stream that keeps the page up to date; without, the page has no script.
    """
    pages = _pages()
    text = pages.environment.get_template(template).render(events=events, **values)
    targets = "'self'" if forms_lead_to is None else f"'self' {_source(forms_lead_to)}"
    policy = (
        f"default-src 'none'; style-src {pages.style_source}; img-src data:; "
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )
    if events is not None:
        policy += f"; script-src {pages.script_source}; connect-src 'self'"
    return HTMLResponse(text, status, headers=PAGE_HEADERS | {POLICY: policy})


POLICY = "Content-Security-Policy"

PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""RFC 9700 sections 4.2 and 4.16."""


def _source(address: str) -> str:
    """An address as a source expression of the content security policy (CSP Level 3).

    For a private scheme, which has no host, it is the scheme.
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
