"""Functions that the checks of all three files use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mock_sei.certificates.conversions import Role, find_commands
from mock_sei.certificates.forms import Form
from mock_sei.certificates.recognition import form_of
from mock_sei.doctor.advice import CA, Part, place_of
from mock_sei.doctor.findings import (
    CLIENTS,
    Finding,
    Level,
    found,
)
from mock_sei.doctor.identity import is_too_weak
from mock_sei.doctor.material import (
    own_certificate,
)
from mock_sei.doctor.readers import (
    Obstacle,
)
from mock_sei.doctor.setup import GivenFile, Setup
from mock_sei.doctor.shapes import find_refusal, holds_only


def with_reading(
    setup: Setup,
    file: GivenFile,
    part: Part,
    findings: Iterable[Finding],
    obstacles: Iterable[Obstacle],
) -> Iterator[Finding]:
    """The findings. If none is a problem, also which clients cannot read the file."""
    made = list(_with_refusal(setup, file, part, findings))
    yield from made
    if not any(each.level is Level.PROBLEM for each in made):
        yield from _unread_by(setup, file, part, obstacles)


def _with_refusal(
    setup: Setup, file: GivenFile, part: Part, findings: Iterable[Finding]
) -> Iterator[Finding]:
    """The findings, and OpenSSL's reason if OpenSSL refuses the file and no finding explains it.

    A file that OpenSSL refuses is never reported as right.
    """
    made = list(findings)
    refusal = find_refusal(setup, file, part)
    explained = any(each.level is Level.PROBLEM for each in made)
    # OpenSSL refuses a certificate that is too weak; the check of its strength reports that
    weak = part is not CA and is_too_weak(own_certificate(setup))
    if refusal is None or explained or weak:
        yield from made
        return
    yield from (each for each in made if each.level is not Level.RIGHT)
    yield refusal


def _unread_by(
    setup: Setup, file: GivenFile, part: Part, obstacles: Iterable[Obstacle]
) -> Iterator[Finding]:
    """One finding for all clients that cannot read a file that OpenSSL can read."""
    seen = list(obstacles)
    clients = tuple(client for client in CLIENTS if any(client in each.clients for each in seen))
    if not clients:
        return
    commands = find_commands(file.content, place_of(setup, file, part.role))
    name = {Role.CERTIFICATE: "certificate", Role.KEY: "key", Role.CA: "ca"}[part.role]
    yield found(
        f"{name}-unread-by",
        f"OpenSSL (Python, curl, Node) can read {file.path}, but not {_in_words(clients)}.",
        expected=part.expected,
        actual="; ".join(each.why for each in seen),
        cure="\n".join(commands) or "write the file again without this.",
        unread_by=clients,
        client=setup.client,
    )


_SHOWN = {"java": "Java", "go": "Go", "dotnet": ".NET"}


def _in_words(clients: Iterable[str]) -> str:
    return ", ".join(_SHOWN.get(each, each) for each in clients)


def find_unread(file: GivenFile, option: str, name: str, cure: str) -> Finding | None:
    """A finding if the file does not exist, is a folder, cannot be read or is empty; else None."""
    if file.missing:
        return found(
            f"{name}-missing",
            f"{option} {file.path} does not exist.",
            cure=f"{cure}; a relative path starts in this folder.",
        )
    if file.is_folder:
        return found(
            f"{name}-unreadable",
            f"{option} {file.path} is a folder, not a file.",
            cure=f"{cure}, with the file's name after the folder's.",
        )
    if file.problem:
        return found(
            f"{name}-unreadable",
            f"{option} {file.path} cannot be read: {file.problem}.",
            cure="let this user read the file.",
        )
    if form_of(file.content) is Form.EMPTY:
        return found(f"{name}-empty", f"{option} {file.path} is empty.", cure=f"{cure}.")
    return None


def are_swapped(setup: Setup) -> bool:
    """Whether ``--cert`` holds the key and ``--key`` the certificate."""
    if setup.certificate is None or setup.key is None:
        return False
    return holds_only(setup.certificate.content, Role.KEY) and holds_only(
        setup.key.content, Role.CERTIFICATE
    )
