"""HTML pages: rendered on the server, no script, nothing from outside.

Everything a request says is escaped; the policy allows the stylesheets by their hash, forms to
ourselves and, since browsers apply it to the redirect that follows a form, to the application's
redirect address.
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
"""What stands in a page's ``<style>``: the log-in's, the portal's."""


@dataclass(frozen=True, kw_only=True)
class _Pages:
    """The compiled templates, and what the policy calls their stylesheets."""

    environment: Environment
    style_source: str


@cache
def _pages() -> _Pages:
    # Imported with the first page: most servers never show one.
    from jinja2 import DictLoader, Environment, StrictUndefined

    files = [each for each in _TEMPLATES.rglob("*") if each.suffix in (".html", ".css")]
    environment = Environment(
        loader=DictLoader(
            {each.relative_to(_TEMPLATES).as_posix(): each.read_text("utf-8") for each in files}
        ),
        autoescape=True,
        cache_size=-1,  # else the fifty last used
        auto_reload=False,
        undefined=StrictUndefined,
        keep_trailing_newline=True,  # the stylesheet's hash is of every byte
    )
    sheets = ["".join(_sheet(environment, each) for each in names) for names in STYLES]
    return _Pages(environment=environment, style_source=" ".join(map(_hash, sheets)))


def load_pages() -> None:
    """Reads every template, so that no page needs a file later. The first page compiles its own."""
    _pages()


def _sheet(environment: Environment, name: str) -> str:
    return environment.get_template(name).render()


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def page(
    template: str, *, status: int = 200, forms_lead_to: str | None = None, **values: Any
) -> HTMLResponse:
    """A page that no other site can frame or read, and no cache keeps.

    ``forms_lead_to`` is the address that a form's answer may redirect to.
    """
    pages = _pages()
    text = pages.environment.get_template(template).render(**values)
    targets = "'self'" if forms_lead_to is None else f"'self' {_source(forms_lead_to)}"
    policy = (
        f"default-src 'none'; style-src {pages.style_source}; img-src data:; "
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )
    return HTMLResponse(text, status, headers=PAGE_HEADERS | {"Content-Security-Policy": policy})


PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""RFC 9700 sections 4.2 and 4.16."""


def _source(address: str) -> str:
    """An address as a source of the policy; a private scheme has no host."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
