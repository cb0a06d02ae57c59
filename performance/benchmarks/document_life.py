"""Measures reading the bundled OpenAPI documents in a process that has just started.

Prints JSON: the seconds for what a start reads of them, and for reading all documents completely.
The package is already imported when the measurement begins.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class DocumentLife:
    """The measured times in seconds."""

    listed: float
    """Reading the paths of all documents, as a start does."""
    read: float
    """Reading all documents with all operations."""


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
