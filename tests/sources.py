"""Source files as syntax trees. Each is parsed once for all tests that read it: that takes long."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file: several tests walk through all modules."""
    return tuple(ast.walk(tree_of(path)))
