"""Reading the bundled OpenAPI documents, as a process that has just started does it.

Prints JSON: seconds for what a start needs of them, and for all of every document. The floor under
both is a process that has imported the package.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class DocumentLife:
    """Seconds."""

    listed: float
    """Paths of every document, which is what a start reads."""
    read: float
    """Every document parsed, and every operation of it."""


def measure() -> DocumentLife:
    from mock_sei.apis.documents import Catalogue
    from mock_sei.fixtures import load_fixtures

    documents = load_fixtures().documents
    begun = time.perf_counter()
    catalogue = Catalogue(documents)
    listed = time.perf_counter() - begun
    assert catalogue.operations
    return DocumentLife(listed=listed, read=time.perf_counter() - begun)


if __name__ == "__main__":
    json.dump(asdict(measure()), sys.stdout)
