"""Many cases of one behaviour as one test: what pytest does for each test is done once.

``@every_case`` takes the arguments of ``pytest.mark.parametrize``. Every case runs, in random
order. The test then fails with all failures, and each failure names its case. All cases share the
fixtures of the test, so a test whose cases change its fixtures keeps ``pytest.mark.parametrize``.
"""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

Test = Callable[..., None]
Ids = Iterable[object] | Callable[[Any], object] | None

PARAM = type(pytest.param())
OUTCOMES = (Exception, pytest.fail.Exception, pytest.skip.Exception)
"""What ends a case: a case that skips would hide that it did not run, so it fails."""


def every_case(
    names: str | Sequence[str], cases: Iterable[Any], *, ids: Ids = None
) -> Callable[[Test], Test]:
    """Runs a test function once for each case and reports all cases that fail."""
    single = isinstance(names, str) and "," not in names
    listed = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    given = ids if ids is None or callable(ids) else list(ids)
    named = [_named(listed, case, given, at, single=single) for at, case in enumerate(cases)]
    if not named:
        raise ValueError(f"no case for {listed}")

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def run(*args: Any, **fixtures: Any) -> None:
            failures: list[BaseException] = []
            for name, values in random.sample(named, len(named)):
                try:
                    test(*args, **fixtures, **values)
                except OUTCOMES as failure:
                    failure.add_note(f"in the case {name}")
                    failures.append(failure)
            if len(failures) == 1:
                raise failures[0]
            if failures:
                raise BaseExceptionGroup(f"{len(failures)} of {len(named)} cases fail", failures)

        signature = inspect.signature(test)
        kept = [one for one in signature.parameters.values() if one.name not in listed]
        run.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return run

    return decorate


def _named(
    names: list[str],
    case: Any,
    ids: list[object] | Callable[[Any], object] | None,
    at: int,
    *,
    single: bool,
) -> tuple[str, dict[str, Any]]:
    """A case's name, and its value for each parameter."""
    name: object = None
    if isinstance(case, PARAM):
        if case.marks:
            raise ValueError(f"a case of @every_case has marks: {case}")
        values, name = tuple(case.values), case.id
    else:
        values = (case,) if single else tuple(case)
    if name is None and ids is not None:
        name = "-".join(str(ids(one)) for one in values) if callable(ids) else ids[at]
    return str(name or f"{at}: {_shown(values)}"), dict(zip(names, values, strict=True))


def _shown(values: tuple[Any, ...]) -> str:
    try:
        return repr(values)[:200]
    except ValueError:  # a whole number of more digits than Python writes
        return "values that cannot be written"
