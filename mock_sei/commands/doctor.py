"""``mock-sei doctor``: finds what is wrong with a client's setup."""

from __future__ import annotations

import os
import sys

import click

from mock_sei.doctor.examination import as_json, as_text, examine, exit_status
from mock_sei.doctor.probe import observe
from mock_sei.doctor.setup import Options, read_setup


def run(url: str, options: Options, *, json_output: bool, verbose: bool) -> int:
    """Prints the report and returns the exit status. Raises :class:`ConfigurationError`."""
    setup = read_setup(url, options, environ=os.environ)
    findings = examine(setup, observe)
    encoding = sys.stdout.encoding or "ascii"
    report = (
        as_json(findings) if json_output else as_text(findings, encoding=encoding, verbose=verbose)
    )
    click.echo(report)
    return exit_status(setup, findings)
