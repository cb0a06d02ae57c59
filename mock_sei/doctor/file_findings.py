"""What the checks of all three files have in common."""

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
from mock_sei.doctor.setup import File, Setup
from mock_sei.doctor.shapes import find_refusal, holds_only


def with_reading(
    setup: Setup,
    file: File,
    part: Part,
    findings: Iterable[Finding],
    obstacles: Iterable[Obstacle],
) -> Iterator[Finding]:
    """The findings, and who cannot read a file in which there is no problem."""
    made = list(_with_refusal(setup, file, part, findings))
    yield from made
    if not any(each.level is Level.PROBLEM for each in made):
        yield from _unread_by(setup, file, part, obstacles)


def _with_refusal(
    setup: Setup, file: File, part: Part, findings: Iterable[Finding]
) -> Iterator[Finding]:
    """The findings, and what OpenSSL says where none of them is a problem that explains it.

    Nothing is called right that OpenSSL refuses.
    """
    made = list(findings)
    refusal = find_refusal(setup, file, part)
    explained = any(each.level is Level.PROBLEM for each in made)
    # OpenSSL takes no certificate that is too weak; the check of its strength says so
    weak = part is not CA and is_too_weak(own_certificate(setup))
    if refusal is None or explained or weak:
        yield from made
        return
    yield from (each for each in made if each.level is not Level.RIGHT)
    yield refusal


def _unread_by(
    setup: Setup, file: File, part: Part, obstacles: Iterable[Obstacle]
) -> Iterator[Finding]:
    """What OpenSSL reads and another client does not: one finding for all of them."""
    seen = list(obstacles)
    clients = tuple(client for client in CLIENTS if any(client in each.clients for each in seen))
    if not clients:
        return
    commands = find_commands(file.content, place_of(setup, file, part.role))
    name = {Role.CERTIFICATE: "certificate", Role.KEY: "key", Role.CA: "ca"}[part.role]
    yield found(
        f"{name}-unread-by",
        f"{file.path} can be read by OpenSSL (Python, curl, Node), and not by "
        f"{_in_words(clients)}.",
        expected=part.expected,
        actual="; ".join(each.why for each in seen),
        cure="\n".join(commands) or "write the file again without it.",
        unread_by=clients,
        client=setup.client,
    )


_SHOWN = {"java": "Java", "go": "Go", "dotnet": ".NET"}


def _in_words(clients: Iterable[str]) -> str:
    return ", ".join(_SHOWN.get(each, each) for each in clients)


def find_unread(file: File, option: str, name: str, cure: str) -> Finding | None:
    if file.missing:
        return found(
            f"{name}-missing",
            f"{option} {file.path} is not there.",
            cure=f"{cure}; a relative path starts at this folder.",
        )
    if file.is_folder:
        return found(
            f"{name}-unreadable",
            f"{option} {file.path} is a folder, not a file.",
            cure=f"{cure}, with its name behind the folder's.",
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
    if setup.certificate is None or setup.key is None:
        return False
    return holds_only(setup.certificate.content, Role.KEY) and holds_only(
        setup.key.content, Role.CERTIFICATE
    )
