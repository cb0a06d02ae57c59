"""For each shape of a file, the doctor agrees with the clients that read it.

Python, curl and Node read by OpenSSL's rules, Java and Go by their own. All shapes are read in one
process of each client, and one test compares: a row for each disagreement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.doctor.examination import SETUP_CHECKS
from mock_sei.doctor.findings import CA_FILE, CERTIFICATE_FILE, KEY_FILE, Finding, Level
from mock_sei.doctor.setup import Options, Setup, read_setup
from tests.doctor.shapes import CA, KEY, Shape
from tests.e2e.reading import Placed, Said, ask_clients, place
from tests.e2e.serving import THOROUGH

OF_FILES = (CA_FILE, CERTIFICATE_FILE, KEY_FILE)
BY_OPENSSL = ("python", "curl", "node")
OTHERS = ("java", "go")


def examined(setup: Setup) -> list[Finding]:
    """The findings about the files."""
    findings = [each for check in SETUP_CHECKS for each in check(setup)]
    return [each for each in findings if each.check in OF_FILES]


def problems(findings: Iterable[Finding]) -> list[str]:
    return [each.name for each in findings if each.level is Level.PROBLEM]


def disagreements(each: Placed, said: dict[str, Said]) -> list[str]:
    """In which the doctor and a client differ over one shape."""
    slug = each.shape.slug
    setup = read_setup("https://localhost:1", Options(**each.options), environ={})
    found = examined(setup)
    failing = [name for name in BY_OPENSSL if said[name][slug]]
    rows = []
    if bool(failing) != bool(problems(found)):
        rows.append(f"{slug}: not read by {failing}, and the doctor finds {problems(found)}")
    for client in OTHERS:
        fails = bool(said[client][slug])
        # Java reads no PEM key whatever its shape, and Go no encrypted one
        if each.shape.role == KEY and (client == "java" or each.shape.passphrase):
            continue
        for_client = problems(examined(replace(setup, client=client)))
        if fails and not for_client:
            rows.append(f"{slug}: {client} fails, and with --client {client} nothing is found")
        if failing:
            continue
        if not fails and for_client:
            rows.append(f"{slug}: {client} reads it, and --client {client} finds {for_client}")
        named = any(client in finding.unread_by for finding in found)
        if fails != named:
            rows.append(f"{slug}: {client} {'is not' if fails else 'is'} named as one that fails")
    return rows


@pytest.mark.needs("openssl", "curl", "node", "java", "go", "ssh-keygen")
def test_the_doctor_calls_wrong_what_clients_cannot_read_and_nothing_else(
    shared_store: CertificateStore, shapes: tuple[Shape, ...], tmp_path: Path
) -> None:
    authority = shared_store.authority
    assert len({each.slug for each in shapes}) == len(shapes) > 300
    placed = place(shapes if THOROUGH else shapes[::12], tmp_path)
    said = ask_clients(placed, authority, tmp_path)
    refused = {name: {slug for slug, words in each.items() if words} for name, each in said.items()}
    table = (
        (each.shape.slug, [name for name, slugs in refused.items() if each.shape.slug in slugs])
        for each in placed
    )
    (tmp_path / "what clients said.txt").write_text(
        "\n".join(f"{slug}: cannot be read by {', '.join(by) or 'nobody'}" for slug, by in table)
    )
    assert {len(each) for each in said.values()} == {len(placed)}
    wrong = [row for each in placed for row in disagreements(each, said)]
    assert wrong == []
    # Each client read something, and each refused something
    assert all(0 < len(each) < len(placed) for each in refused.values())
    # What Python reads, the program openssl reads, but for CAs, of which it reads the first only
    unread = [
        each.shape.slug
        for each in placed
        if each.shape.role != CA and not said["python"][each.shape.slug]
        if each.shape.slug in refused["openssl"]
    ]
    assert unread == []
