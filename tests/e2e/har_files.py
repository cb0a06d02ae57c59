"""What a foreign validator says of a HAR document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.serving import run


def judge(packages: Path, document: object) -> Any:
    """What npm's har-validator finds wrong."""
    done = run("node", packages / "har_validator.js", typed=json.dumps(document), cwd=packages)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
