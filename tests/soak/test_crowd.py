"""The process that holds hostile connections ends if one of them fails."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mock_sei.certificates.store import CertificateStore
from performance.soak import crowd
from tests.patience import PATIENCE


async def broken(_: crowd.TargetListener, __: crowd.Inside) -> None:
    raise ValueError("a mistake of this member")


@pytest.mark.long
def test_a_member_that_fails_ends_the_crowd_with_its_error(
    shared_store: CertificateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = shared_store.authority.issue_identity("svc-demo", now=datetime.now(UTC))
    files = {name: tmp_path / f"{name}.pem" for name in ("ca_file", "certificate", "key")}
    files["ca_file"].write_bytes(shared_store.authority.pem.root)
    files["certificate"].write_bytes(identity.certificate_pem)
    files["key"].write_bytes(identity.key_pem)
    plan = crowd.Plan(
        ports={"one-way": 1}, count=1, seed=1, **{name: str(path) for name, path in files.items()}
    )
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(asdict(plan)) + "\n"))
    monkeypatch.setattr(crowd, "KINDS", (broken,))

    with pytest.raises(ExceptionGroup) as raised:
        asyncio.run(asyncio.wait_for(crowd.main(), PATIENCE))

    assert raised.group_contains(ValueError, match="a mistake of this member")
