"""Source distributions from PyPI, for files that wheels do not contain: test suites, documents."""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.e2e.building import once, succeeds

_BACKENDS = (
    "hatch-fancy-pypi-readme",
    "hatch-vcs",
    "hatchling",
    "poetry-core",
    "setuptools",
    "wheel",
)
"""What the packages are built with: pip asks even for the metadata of what it downloads."""


def unpacked(factory: pytest.TempPathFactory, package: str, members: Sequence[str]) -> Path:
    """The folder of a package, such as ``jsonschema==4.26.0``, with these folders and files of it.

    It is downloaded once a session, by pip: uv, which runs it, does not download.
    """
    made = once(factory, package, lambda folder: _download(folder, package, members))
    return next(each for each in made.iterdir() if each.is_dir())


def _download(folder: Path, package: str, members: Sequence[str]) -> None:
    backends = [word for each in _BACKENDS for word in ("--with", each)]
    succeeds(
        *(sys.executable, "-m", "uv", "--quiet", "tool", "run", *backends),
        *("pip", "download", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--no-binary", ":all:", "--dest", folder, package),
    )
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        for each in opened.getmembers():
            if each.name.partition("/")[2].startswith(tuple(members)):
                opened.extract(each, folder, filter="data")
    archive.unlink()
