"""Options that several commands have."""

from __future__ import annotations

import os

import click

LOOPBACK, CONTROL_PORT = "127.0.0.1", 8044
"""Where the control listener is, unless the environment says otherwise."""


def own_control_url() -> str:
    """Where `mock-sei serve` listens with the variables of this environment, as in a container."""
    from mock_sei.rules.addresses import host_to_call, url

    host = host_to_call(os.environ.get("MOCK_SEI_CONTROL_HOST") or LOOPBACK, loopback=LOOPBACK)
    port = os.environ.get("MOCK_SEI_CONTROL_PORT", "")
    return url("http", host, int(port) if port.isdecimal() else CONTROL_PORT)


def control_url_option() -> click.Option:
    """``--control-url``, of a command that asks a running server."""
    return click.Option(
        ["--control-url"],
        envvar="MOCK_SEI_CONTROL_URL",
        default=own_control_url,
        show_default=f"http://{LOOPBACK}:{CONTROL_PORT}",
        help="Control address of the running server.",
    )


def format_option(text: str) -> click.Option:
    """``--format``, of what a command prints for people and for programs."""
    return click.Option(
        ["--format", "format_name"],
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help=text,
    )
