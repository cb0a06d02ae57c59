"""What a caller hands to the Python object: names and values, and the sentence about a wrong one.

The platform in this process and an attached one both read their arguments here, so each message is
made once. Every error is a :class:`~mock_sei.errors.Rejected`, which names the argument. A value is
not shown, since it may be a secret: its type is, and a choice that does not exist.
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
"""Names among which the nearest one is looked for."""
LONGEST_COMPARED = 100
"""Characters of a name by which it is compared."""
MOST_LISTED = 30
"""Names that a message lists."""
MOST_PROBLEMS = 20
"""Unknown names that one error names: the body of a request can have a hundred thousand."""


def find_nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, None where none is much like it.

    Upper and lower case, ``-`` and ``_`` make no difference.
    """
    names = {_folded(each): each for each in islice(known, MOST_COMPARED)}
    near = difflib.get_close_matches(_folded(name), names, n=1)
    return names[near[0]] if near else None


def _folded(name: str) -> str:
    return name[:LONGEST_COMPARED].lower().replace("_", "-")


def suggestion(name: object, known: Iterable[object]) -> str:
    """``did you mean status?``, or which names there are where none is much like this one."""
    names = list(map(str, islice(known, MOST_COMPARED)))
    near = find_nearest(str(name), names)
    if near is not None:
        return f"did you mean {near}?"
    more = ", …" if len(names) > MOST_LISTED else ""
    return f"there are {', '.join(names[:MOST_LISTED])}{more}" if names else "there are none"


def unknown_names(given: Iterable[object], known: Iterable[object], *, what: str) -> dict[str, str]:
    """The problem with each given name that is not known, as :class:`Rejected` takes them."""
    names = list(map(str, known))
    there = set(names)
    unknown = (each for each in given if each not in there)
    problems = {
        str(each): f"no such {what}; {suggestion(each, names)}"
        for each in islice(unknown, MOST_PROBLEMS)
    }
    if next(unknown, None) is not None:
        problems["and so on"] = f"after {MOST_PROBLEMS} of them no further name was looked at"
    return problems


def refuse_unknown(given: Iterable[object], known: Iterable[object], *, what: str) -> None:
    """Raises :class:`Rejected` naming each given name that is not known."""
    problems = unknown_names(given, known, what=what)
    if problems:
        raise Rejected(problems)


def kind_of(value: object) -> str:
    """What a value is, for a message that does not show it: ``int``, ``None``, ``a class``."""
    if value is None:
        return "None"
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def require_text(name: str, value: object, wanted: str = "a text") -> str:
    """Raises :class:`Rejected` for another type, and for half a surrogate pair."""
    if not isinstance(value, str):
        raise Rejected({name: f"must be {wanted}, not {kind_of(value)}"})
    if not is_text(value):
        raise Rejected({name: "half a surrogate pair is no text"})
    return value


def require_whole(name: str, value: object) -> int:
    """A whole number. Raises :class:`Rejected`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Rejected({name: f"must be a whole number, not {kind_of(value)}"})
    return value


def require_count(name: str, value: object) -> int:
    """A whole number, 0 or more. Raises :class:`Rejected`."""
    number = require_whole(name, value)
    if number < 0:
        raise Rejected({name: "must be 0 or more"})
    return number


def require_seconds(name: str, value: object, *, most: float) -> float:
    """More than 0, at most ``most``. Raises :class:`~mock_sei.errors.Rejected`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected({name: f"must be a number of seconds, not {kind_of(value)}"})
    if not 0 < value <= most:
        raise Rejected({name: f"must be more than 0 and at most {most:g} seconds"})
    return float(value)


def require_path(name: str, value: object) -> Path:
    """A path, or its text. Raises :class:`~mock_sei.errors.Rejected`."""
    if not isinstance(value, str | Path):
        raise Rejected({name: f"must be a path, not {kind_of(value)}"})
    path = Path(value)
    problem = find_path_problem(path)
    if problem is not None:
        raise Rejected({name: problem})
    return path


def require_flag(name: str, value: object) -> bool:
    """Raises :class:`Rejected` for what is neither True nor False."""
    if not isinstance(value, bool):
        raise Rejected({name: f"must be True or False, not {kind_of(value)}"})
    return value


def require_choice(name: str, value: object, choices: type[E]) -> E:
    """The member with this value. Raises :class:`Rejected` naming the nearest, and all of them."""
    if isinstance(value, str):
        for each in choices:
            if each.value == value:
                return each
    raise Rejected({name: _no_choice(value, [each.value for each in choices])})


def find_choice_problem(value: object, choices: Iterable[str]) -> str | None:
    """Why a value is none of these, None where it is one."""
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
    """The sentence about one error of pydantic's, of which ``details`` is the dictionary."""
    kind, message = details["type"], str(details["msg"]).removeprefix("Value error, ")
    if kind in ("missing", "missing_argument", "missing_keyword_only_argument"):
        return "missing"
    message = message.split(", unable to parse")[0]  # which says it a second time
    hint = ""
    if kind in ("enum", "literal_error"):
        choices = str(details.get("ctx", {}).get("expected", "")).replace(" or ", ", ").split(", ")
        came = details.get("input")
        known = (each.strip("'") for each in choices)
        near = find_nearest(came, known) if isinstance(came, str) else None
        hint = f"; did you mean {near}?" if near else ""
    return message[:1].lower() + message[1:] + hint


def named_plainly(method: Callable[P, R]) -> Callable[P, R]:
    """The method, raising :class:`Rejected` where Python would say that a call does not fit it.

    A keyword that it does not take, one that is missing, or too many values without a keyword.
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
    """Why a call cannot be made, by argument; ``self`` is the first of ``args``."""
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
        taken = f"only {', '.join(positional)} can be given" if positional else "nothing is taken"
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
    """The class with each public method of its own as :func:`named_plainly` makes it."""
    for name, member in list(vars(kind).items()):
        is_public = not name.startswith("_") or name == "__init__"
        if is_public and inspect.isfunction(member):
            setattr(kind, name, named_plainly(member))
    return kind
