"""Every assumption, alone and together: what differs in the real platform is found by its probe.

The real platform is a mock with changed assumptions. The runs and the comparison are in this
process. Refusals that come before a request is one are in ``tests/e2e/test_probe.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mock_sei.assumptions.reading import require_consistent
from mock_sei.assumptions.table import ROWS
from mock_sei.certificates.store import CertificateStore
from mock_sei.comparison.comparing import compare
from mock_sei.comparison.reading import Recording
from mock_sei.comparison.results import Comparison, Outcome
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.probe.table import PROBES, Probe, ProbeFlag
from mock_sei.settings import Behaviour
from tests.assumptions.looking import SIGHTS
from tests.comparison.recorder import compared_mock
from tests.probe.test_running import EVERYTHING, IN_PROCESS
from tests.probe.upstream import run_on
from tests.support import Served

pytestmark = pytest.mark.long

Rows = Mapping[str, Any]

WRITING = ProbeFlag.WRITING
GRANTS = ("client_credentials", "authorization_code")
SMALL = {name: each for name, each in IN_PROCESS.items() if ProbeFlag.LARGE not in each.flags}
"""All but the probe that sends megabytes, which takes as long as all others."""
ALWAYS = ("metadata", "token", "log-in", "first-page")
"""Probes that others need."""
NEEDED = {
    "used-refresh-token": ("refresh",),
    "two-mistakes": ("no-app-key", "garbled-token", "other-certificate"),
}
SEEN = [name for name, row in ROWS.items() if row.seen_by in IN_PROCESS]
ROUNDED = {"token.idle_limit", "code.lifetime", "request.body_limit", "gateway.order"}
"""Rows that a recording shows only by what was accepted and what was not."""


def other_value(row: str) -> Any:
    """Another value than the default."""
    member = row.rpartition(".")[2]
    if row in SIGHTS:
        return SIGHTS[row].other
    values = {"status": 418, "transient": not ROWS[row].default}
    return values.get(member, f"Another {member}")


def probed(
    store: CertificateStore,
    folder: Path,
    changed: Rows,
    probes: Mapping[str, Probe],
    grants: Iterable[str] = GRANTS,
) -> None:
    """Runs against a platform with these assumptions, as an application of each grant."""
    platform = Platform(
        fixtures=load_fixtures(),
        store=store,
        behaviour=Behaviour(seed=7, assumptions=dict(changed)),
    )
    platform.clock.freeze()
    served = Served(platform)
    for grant in grants:
        list(run_on(served, folder, grant, flags=EVERYTHING).outcomes(probes))


def compared(store: CertificateStore, folder: Path, changed: Rows) -> Comparison:
    return compare(Recording(folder), compared_mock(store, changed))


def only(*names: str) -> Mapping[str, Probe]:
    """These probes and what they need, in the order of the table."""
    needed = {*ALWAYS, *names, *(each for name in names for each in NEEDED.get(name, ()))}
    return {name: each for name, each in PROBES.items() if name in needed}


def require_found(found: Comparison, changed: Rows) -> None:
    """Each changed row is found with its value, or is hidden by a row that is named."""
    hidden = {row for row in changed if hiding(found, row) is not None}
    assert not found.findings
    assert found.changes.keys() | hidden == changed.keys()
    for row, value in found.changes.items():
        assert row in ROUNDED or value == changed[row], row


def hiding(found: Comparison, row: str) -> str | None:
    """The row that hides another one; None if none does."""
    group = f"{row.rpartition('.')[0]}.*"
    return found.hidden.get(row) or found.hidden.get(group)


@pytest.mark.slow
def test_a_platform_like_the_mock_compares_clean(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    probed(shared_store, tmp_path, {}, IN_PROCESS)

    found = compared(shared_store, tmp_path, {})

    assert found.is_same, found
    assert found.compared.get(Outcome.NOT_COMPARED, 0) == 0, found.not_compared


def require_shown(store: CertificateStore, folder: Path, changed: Rows) -> None:
    """The one probe of these rows shows all of them."""
    (name,) = {ROWS[row].seen_by for row in changed}
    assert name is not None
    grant = next(each for each in GRANTS if each in PROBES[name].grants)
    probed(store, folder, changed, only(name), [grant])

    found = compared(store, folder, {})

    require_found(found, changed)
    assert found.changes.keys() == changed.keys()
    assert compared(store, folder, found.changes).is_same


KINDS = sorted({row.rpartition(".")[0] for row in SEEN if row.startswith("refusal.")})
SINGLE = [row for row in SEEN if not row.startswith("refusal.")]


@pytest.mark.slow
@pytest.mark.parametrize("row", SINGLE)
def test_a_changed_row_is_found_by_its_probe(
    shared_store: CertificateStore, tmp_path: Path, row: str
) -> None:
    require_shown(shared_store, tmp_path, {row: other_value(row)})


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_refusal_is_found_by_its_probe(
    shared_store: CertificateStore, tmp_path: Path, kind: str
) -> None:
    changed = {row: other_value(row) for row in SEEN if row.startswith(f"{kind}.")}
    require_shown(shared_store, tmp_path, changed)


MEMBER_ROWS = {kind: [row for row in SEEN if row.rpartition(".")[0] == kind] for kind in KINDS}
ONE_OF_SOME = {rows[at % len(rows)] for at, rows in enumerate(MEMBER_ROWS.values()) if not at % 4}
"""With each change: the test before calls the probe of each kind, and this is about members."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(row, marks=() if row in ONE_OF_SOME else pytest.mark.nightly)
        for rows in MEMBER_ROWS.values()
        for row in rows
    ],
)
def test_a_changed_member_of_a_refusal_is_found_by_its_probe(
    shared_store: CertificateStore, tmp_path: Path, row: str
) -> None:
    require_shown(shared_store, tmp_path, {row: other_value(row)})


UNSEEN = [name for name, row in ROWS.items() if row.unseen and name in SIGHTS]


@pytest.mark.slow
def test_rows_without_a_probe_change_no_other_one(
    shared_store: CertificateStore, tmp_path: Path
) -> None:
    """They may be found by chance, but nothing else is."""
    quick = {name: each for name, each in IN_PROCESS.items() if not each.flags - {WRITING}}
    probed(shared_store, tmp_path, {row: other_value(row) for row in UNSEEN}, quick)

    found = compared(shared_store, tmp_path, {})

    assert found.changes.keys() <= set(UNSEEN)


@st.composite
def sets_of_rows(draw: st.DrawFn) -> Rows:
    # With another name of limit, no probe sends a known parameter twice: it hides the row for that.
    rows = [each for each in SEEN if each != "paging.limit"]
    names = draw(st.lists(st.sampled_from(rows), min_size=2, max_size=12, unique=True))
    return {name: other_value(name) for name in names}


def is_possible(rows: Rows) -> bool:
    try:
        require_consistent(rows, source="test")
    except ConfigurationError:
        return False
    return True


def require_all_found(store: CertificateStore, folder: Path, changed: Rows) -> None:
    needs_large = any(ROWS[row].seen_by not in SMALL for row in changed)
    probes = IN_PROCESS if needs_large else SMALL
    probed(store, folder, changed, probes)
    found = compared(store, folder, {})
    require_found(found, changed)
    assert compared(store, folder, found.changes).is_same


TOGETHER: dict[str, tuple[str, ...]] = {
    "paths, names and words": (
        *("path.token", "path.revoke", "paging.next", "paging.total", "request.tracking_header"),
        *("refusal.api_key.message", "refusal.not_found.status", "refusal.key_pair.code"),
    ),
    "lifetimes and sizes": (
        *("code.lifetime", "token.idle_limit", "token.extra_members", "paging.default"),
        *("paging.cursor", "paging.absolute_links"),
    ),
    "one that hides another": (
        *("refresh_token.rotates", "refresh_token.reuse_ends_family", "token.lifetime"),
        *("path.authorize", "refusal.grant_invalid.message"),
    ),
    "a size only in its refusal": ("refusal.body_too_large.message", "refusal.scope_invalid.code"),
}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(rows, id=name, marks=pytest.mark.slow if at else ())
        for at, (name, rows) in enumerate(sorted(TOGETHER.items()))
    ],
)
def test_some_changed_rows_are_found_together(
    shared_store: CertificateStore, tmp_path: Path, rows: tuple[str, ...]
) -> None:
    require_all_found(shared_store, tmp_path, {row: other_value(row) for row in rows})


@pytest.mark.slow
@settings(  # an example takes seconds
    max_examples=max(1, settings().max_examples // 15),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(sets_of_rows().filter(is_possible))
def test_several_changed_rows_are_found_together(
    shared_store: CertificateStore, changed: Rows
) -> None:
    with TemporaryDirectory() as folder:
        require_all_found(shared_store, Path(folder), changed)


def named(rows: Iterable[str]) -> set[str]:
    return {row for row in rows if ROWS[row].seen_by is not None}


def test_flags_are_what_the_slow_and_large_rows_need() -> None:
    """A run without flags shows most rows."""
    plain = {name for name, each in PROBES.items() if not each.flags}
    rows = named(ROWS)
    shown = {row for row in rows if ROWS[row].seen_by in plain}

    assert len(shown) > len(rows) * 2 // 3
    assert {ROWS[row].seen_by for row in rows - shown} <= {
        name for name, each in PROBES.items() if each.flags & set(ProbeFlag)
    }
