"""``mock-sei compare``: plays a recording against a fresh mock, and says what differs."""

from __future__ import annotations

import contextlib
import logging
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from mock_sei.certificates.store import CertificateStore
from mock_sei.comparison.accepting import Accepted, read_accepted
from mock_sei.comparison.comparing import ComparedMock, Progress, compare
from mock_sei.comparison.mapping import RecordingMap, read_map
from mock_sei.comparison.merging import merge_into, write_text
from mock_sei.comparison.reading import Recording
from mock_sei.comparison.reports import FORMATS, summary
from mock_sei.fixtures import Fixtures, load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Settings, load_settings
from mock_sei.web.app import platform_app

SAME, DIFFERENT = 0, 1


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """The options of the command, as they were typed."""

    recordings: Path
    map: Path | None = None
    write: Path | None = None
    accept: Path | None = None
    report: Path | None = None
    format_name: str = "text"
    config: Path | None = None
    settings: dict[str, Any]
    """Settings of the mock that were given, by name."""


def run(options: CompareOptions) -> int:
    """Prints the report, writes the files, and returns the exit status.

    Raises :class:`ConfigurationError` for input that cannot be used; then nothing is written.
    """
    settings = load_settings(options.settings, file=options.config)
    chosen = RecordingMap() if options.map is None else read_map(options.map)
    accepted = Accepted() if options.accept is None else read_accepted(options.accept)
    recording = Recording(options.recordings)
    fixtures = load_fixtures(settings.fixtures, settings.apis)
    with (
        tempfile.TemporaryDirectory(prefix="mock-sei-compare-") as folder,
        _progress() as shown,
        _without_log(),
    ):
        mock = _mock(settings, fixtures, Path(folder))
        found = compare(recording, mock, chosen=chosen, accepted=accepted, progress=shown)
    if options.write is not None and found.changes:
        merge_into(options.write, found.changes)
    if options.report is not None:
        write_text(options.report, summary(found))
    click.echo(FORMATS[options.format_name](found))
    return SAME if found.is_same else DIFFERENT


def _mock(settings: Settings, fixtures: Fixtures, folder: Path) -> ComparedMock:
    store = CertificateStore(folder)

    def make(changed: Fixtures) -> Platform:
        return Platform(
            fixtures=changed,
            store=store,
            behaviour=settings.behaviour,
            assumptions_source=settings.assumptions_source,
            journal_size=1,
            time_zone=settings.time_zone,
            upload_limit=settings.upload_limit,
        )

    return ComparedMock(
        fixtures=fixtures,
        assumptions=settings.assumptions,
        make=make,
        app=platform_app(),
    )


@contextlib.contextmanager
def _without_log() -> Iterator[None]:
    """The mock refuses what the recorded client did wrong; its log says nothing to this command."""
    log = logging.getLogger("mock_sei")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """Shows on a terminal how far the comparison is; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    with click.progressbar(length=0, label="comparing", file=sys.stderr) as bar:
        last = 0

        def show(number: int, count: int) -> None:
            nonlocal last
            if number != last:
                bar.label, bar.length, bar.pos, last = f"run {number}", count, 0, number
            bar.update(1)

        yield show
