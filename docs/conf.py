"""How `make docs` builds the site: Sphinx reads the documents where they are, as GitHub shows them.

The source folder is the checkout (`sphinx-build -c docs . build/site`), so a link between two
documents is the same in both places. A link or an anchor that leads nowhere ends the build.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent

(version,) = re.findall(
    r'(?m)^__version__ = "(.*)"$', (ROOT / "mock_sei" / "__init__.py").read_text(encoding="utf-8")
)
project = "mock-sei"
html_title = f"mock-sei {version}"
html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
highlight_language = "none"
"""Of a block that names no language: most are what a terminal shows."""
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

extensions = ["myst_parser"]
myst_heading_anchors = 4
"""Headings have the anchors that GitHub gives them."""
root_doc = "README"

NAVIGATION = {
    "Start": ["docs/installing", "docs/testing", "docs/seeding", "docs/state", "docs/identities"],
    "Reference": ["docs/reference", "docs/control"],
    "Run it": ["docs/container", "docs/deploying", "docs/ci"],
    "Clients": ["docs/clients", "docs/certificates", "docs/doctor"],
    "Examples": [
        "examples/README",
        "examples/java/README",
        "examples/node/README",
        "examples/go/README",
        "examples/dotnet/README",
    ],
    "The platform": ["docs/apis", "docs/fidelity", "docs/real-platform"],
    "The project": [
        "CHANGELOG",
        "CONTRIBUTING",
        "SECURITY",
        "docs/architecture",
        "performance/benchmarks/README",
        "docs/history",
        "performance/soak/README",
    ],
}
"""The pages beside the README, in the order of the side bar."""
include_patterns = [
    f"{page}.md" for page in [root_doc, *(page for part in NAVIGATION.values() for page in part)]
]


def _add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """The side bar is no part of the README, which GitHub shows too."""
    if page == root_doc:
        for caption, pages in NAVIGATION.items():
            listed = "\n".join(pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"


def _write_index(app: Sphinx, error: Exception | None) -> None:
    """A web server shows `index.html` first. The search leads to `README.html`, which stays."""
    if error is None:
        shutil.copyfile(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", _add_navigation)
    app.connect("build-finished", _write_index)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
