"""What ``pytester`` keeps after it ran a user's suite in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from _pytest.pytester import SysModulesSnapshot


def modules_of_suites(pytester: pytest.Pytester) -> SysModulesSnapshot:
    """The modules that are loaded now. Its ``restore`` unloads those of the suite in the folder of
    ``pytester``, and no others."""

    def stays(name: str) -> bool:
        file = getattr(sys.modules[name], "__file__", None)
        return file is None or not Path(file).is_relative_to(pytester.path)

    return SysModulesSnapshot(preserve=stays)
