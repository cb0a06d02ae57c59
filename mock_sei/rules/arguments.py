"""Checks of the arguments that a caller passes to the Python API, and their error messages.

The platform in this process and an attached one both check their arguments here, so each message is
written once. Every error is a :class:`~mock_sei.errors.Rejected`, which names the argument.
Messages show the type of a wrong value, and not the value itself, since it may be a secret. The one
exception is a value that should be one of a list of choices: it is shown.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from mock_sei.errors import Rejected
from mock_sei.values.paths import find_path_problem
from mock_sei.values.texts import is_text, spelled

P = ParamSpec("P")
R = TypeVar("R")
E = TypeVar("E", bound=Enum)

MOST_COMPARED = 1000
"""The search for the nearest name looks at so many names at most."""
LONGEST_COMPARED = 100
"""Two names are compared by their first characters, so many at most."""
MOST_LISTED = 30
"""A message lists so many names at most."""
MOST_PROBLEMS = 20
"""One error names so many unknown names at most: a request's body can have a hundred thousand."""


def find_nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most similar to ``name``, None if no known name is similar.

    Upper and lower case count as equal, and so do ``-`` and ``_``.
    """
    names = {_folded(each): each for each in islice(known, MOST_COMPARED)}
    near = difflib.get_close_matches(_folded(name), names, n=1)
    return names[near[0]] if near else None


def _folded(name: str) -> str:
    return name[:LONGEST_COMPARED].lower().replace("_", "-")


def suggestion(name: object, known: Iterable[object]) -> str:
    """``did you mean status?``, or a list of the known names if none of them is similar."""
    names = list(map(str, islice(known, MOST_COMPARED)))
    near = find_nearest(str(name), names)
    if near is not None:
        return f"did you mean {near}?"
    more = ", …" if len(names) > MOST_LISTED else ""
    return f"there are {', '.join(names[:MOST_LISTED])}{more}" if names else "there are none"


def unknown_names(given: Iterable[object], known: Iterable[object], *, what: str) -> dict[str, str]:
    """The given names that are not known, each with its problem in words.

    The dictionary is what :class:`Rejected` takes. ``what`` is the word for such a name, for
    example ``field``.
    """
    names = list(map(str, known))
    there = set(names)
    unknown = (each for each in given if each not in there)
    problems = {
        str(each): f"no such {what}; {suggestion(each, names)}"
        for each in islice(unknown, MOST_PROBLEMS)
    }
    if next(unknown, None) is not None:
        problems["and so on"] = f"only the first {MOST_PROBLEMS} unknown names are listed"
    return problems


def refuse_unknown(given: Iterable[object], known: Iterable[object], *, what: str) -> None:
    """Raises :class:`Rejected` if a given name is not known; the error lists each such name."""
    problems = unknown_names(given, known, what=what)
    if problems:
        raise Rejected(problems)


def kind_of(value: object) -> str:
    """The type of a value, for a message that does not show the value: ``int``, ``None``."""
    if value is None:
        return "None"
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def require_text(name: str, value: object, wanted: str = "a text") -> str:
    """Returns ``value`` if it is a text.

    Raises :class:`Rejected` for another type, and for a text with a lone surrogate, which has no
    UTF-8 form. ``wanted`` is the description of the text in the message.
    """
    if not isinstance(value, str):
        raise Rejected({name: f"must be {wanted}, not {kind_of(value)}"})
    if not is_text(value):
        raise Rejected({name: "half a surrogate pair is no text"})
    return value


def require_whole(name: str, value: object) -> int:
    """Returns ``value`` if it is a whole number. Raises :class:`Rejected` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Rejected({name: f"must be a whole number, not {kind_of(value)}"})
    return value


def require_count(name: str, value: object) -> int:
    """Returns ``value`` if it is a whole number, 0 or more. Raises :class:`Rejected` otherwise."""
    number = require_whole(name, value)
    if number < 0:
        raise Rejected({name: "must be 0 or more"})
    return number


def require_times(name: str, value: object) -> int:
    """Returns ``value`` if it is a whole number, 1 or more. Raises :class:`Rejected` otherwise."""
    number = require_whole(name, value)
    if number < 1:
        raise Rejected({name: "must be 1 or more"})
    return number


def require_seconds(name: str, value: object, *, most: float) -> float:
    """Returns ``value`` if it is a number of seconds, more than 0 and at most ``most``.

    Raises :class:`~mock_sei.errors.Rejected` otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected({name: f"must be a number of seconds, not {kind_of(value)}"})
    if not 0 < value <= most:
        raise Rejected({name: f"must be more than 0 and at most {most:g} seconds"})
    return float(value)


def require_path(name: str, value: object) -> Path:
    """The path that ``value`` is: a ``Path`` or a text.

    Raises :class:`~mock_sei.errors.Rejected` for another type, and for a text that cannot be a
    path.
    """
    if not isinstance(value, str | Path):
        raise Rejected({name: f"must be a path, not {kind_of(value)}"})
    path = Path(value)
    problem = find_path_problem(path)
    if problem is not None:
        raise Rejected({name: problem})
    return path


def require_flag(name: str, value: object) -> bool:
    """Returns ``value`` if it is True or False. Raises :class:`Rejected` for anything else."""
    if not isinstance(value, bool):
        raise Rejected({name: f"must be True or False, not {kind_of(value)}"})
    return value


def require_choice(name: str, value: object, choices: type[E]) -> E:
    """The member of ``choices`` that has this value.

    Raises :class:`Rejected` if there is none; the error lists all choices and suggests the nearest.
    """
    if isinstance(value, str):
        for each in choices:
            if each.value == value:
                return each
    raise Rejected({name: _no_choice(value, [each.value for each in choices])})


def find_choice_problem(value: object, choices: Iterable[str]) -> str | None:
    """What is wrong with a value that is not one of ``choices``, None if it is one of them."""
    there = list(choices)
    return None if isinstance(value, str) and value in there else _no_choice(value, there)


def _no_choice(value: object, choices: list[str]) -> str:
    there = f"must be one of {', '.join(choices)}"
    if not isinstance(value, str):
        return f"{there}, not {kind_of(value)}"
    near = find_nearest(value, choices)
    hint = f"; did you mean {near}?" if near else ""
    return f"{there}, not {spelled(value[:LONGEST_COMPARED])}{hint}"


def plain_problem(details: Mapping[str, Any]) -> str:
    """One of pydantic's errors as a plain sentence. ``details`` is pydantic's dictionary of it."""
    kind, message = details["type"], str(details["msg"]).removeprefix("Value error, ")
    if kind in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return "missing"
    message = message.split(", unable to parse")[0]  # the rest repeats the first half
    hint = ""
    if kind in ("enum", "literal_error"):
        choices = str(details.get("ctx", {}).get("expected", "")).replace(" or ", ", ").split(", ")
        came = details.get("input")
        known = (each.strip("'") for each in choices)
        near = find_nearest(came, known) if isinstance(came, str) else None
        hint = f"; did you mean {near}?" if near else ""
    return message[:1].lower() + message[1:] + hint


def named_plainly(method: Callable[P, R]) -> Callable[P, R]:
    """Makes a method raise :class:`Rejected` where Python would raise ``TypeError`` for its
    arguments.

    That is an unknown keyword, a missing argument, or too many positional arguments.
    """
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        __tracebackhide__ = True  # pytest shows the caller's line
        try:
            return method(*args, **kwargs)
        except TypeError:
            problems = _misfits(signature, args, kwargs)
            if not problems:
                raise
        raise Rejected(problems)

    return call


def _misfits(
    signature: inspect.Signature, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> dict[str, str]:
    """Each argument that does not fit the method, with its problem. ``args`` begins with
    ``self``."""
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        reason = str(error)
    else:
        return {}
    parameters = list(signature.parameters.values())[1:]
    positional = [each.name for each in parameters if each.kind in _WITHOUT_KEYWORD]
    by_keyword = [each.name for each in parameters if each.kind in _WITH_KEYWORD]
    takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    problems = {} if takes_any else unknown_names(kwargs, by_keyword, what="keyword")
    if problems:
        return problems
    if len(args) - 1 > len(positional):
        taken = f"only {', '.join(positional)} can be given" if positional else "no value is taken"
        others = [each for each in by_keyword if each not in positional]
        hint = f"; give the others as keywords: {', '.join(others)}" if others else ""
        return {"arguments": f"{taken} without a keyword{hint}"}
    given = {*positional[: len(args) - 1], *kwargs}
    missing = [
        each.name
        for each in parameters
        if each.default is inspect.Parameter.empty
        and each.kind in (*_WITH_KEYWORD, *_WITHOUT_KEYWORD)
        and each.name not in given
    ]
    return dict.fromkeys(missing, "missing") or {"arguments": reason}


_WITHOUT_KEYWORD = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)
_WITH_KEYWORD = (
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)

C = TypeVar("C")


def named_plainly_throughout(kind: type[C]) -> type[C]:
    """Applies :func:`named_plainly` to each public method that the class itself defines."""
    for name, member in list(vars(kind).items()):
        is_public = not name.startswith("_") or name == "__init__"
        if is_public and inspect.isfunction(member):
            setattr(kind, name, named_plainly(member))
    return kind
