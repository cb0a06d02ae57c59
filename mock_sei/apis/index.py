"""``python -m mock_sei.apis.index FILE`` writes the index of the bundled OpenAPI documents.

:class:`~mock_sei.document_files.Index` reads it. ``make tables`` and ``make dist`` write it anew,
and a test checks that it says what the documents say.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from mock_sei.apis.documents import Product
from mock_sei.document_files import DIGEST, DocumentFile, digest
from mock_sei.fixtures import load_fixtures


def make_index(files: Iterable[DocumentFile]) -> str:
    """The text of the index; every document is parsed for it, whatever an index says of it."""
    entries = {}
    for file in files:
        outline = asdict(Product(file).read_outline())
        entries[file.product] = {DIGEST: digest(outline, file.raw), **outline}
    return json.dumps(entries, indent=1) + "\n"


def main(path: Path) -> None:
    """Writes the file unless it says the right thing already: another process may read it now."""
    text = make_index(load_fixtures().documents)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
