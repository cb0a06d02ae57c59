"""The calls of a recording with their answers: found by method and path, then by query and body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mock_sei.reasons.paths import NearPaths
from mock_sei.replay.answers import RecordedAnswer
from mock_sei.replay.kept_bodies import ReplayBody
from mock_sei.replay.requests import ComparedAs, ComparedRequest, Places, template_apart
from mock_sei.replay.templates import TemplateIndex, template_of
from mock_sei.values.cached import cached_property


@dataclass(kw_only=True, slots=True)
class RecordedCall:
    """Equal recorded requests, with their answers in the order of the recording."""

    key: str
    """Names it among all calls of the recording; the next start gives the same one."""
    query: Mapping[str, tuple[str, ...]]
    kind: ComparedAs
    sent: ReplayBody | None
    """The body of the first request, if it is JSON or a form; to say how another one differs."""
    answers: list[RecordedAnswer] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class RecordedPath:
    """The recorded calls of one method and path."""

    method: str
    path: str
    _calls: dict[tuple[frozenset[str], ComparedAs], TemplateIndex[bytes, Places, RecordedCall]] = (
        field(default_factory=dict)
    )
    """By the names of the query's parameters, and how the body is compared."""

    def find(self, called: ComparedRequest) -> RecordedCall | None:
        """The recorded call that is equal to a call."""
        names = frozenset(called.query)
        kinds = [called.body.kind]
        if called.body.kind is not ComparedAs.NONE:
            kinds.append(ComparedAs.ANY)
        for kind in kinds:
            index = self._calls.get((names, kind))
            if index is None:
                continue
            request = called if kind is called.body.kind else called.with_any_body()
            found = next(index.find_all(request.key, request.masked), None)
            if found is not None:
                return found
        return None

    def calls(self, query: Mapping[str, object]) -> Iterator[RecordedCall]:
        """All its calls, first those with parameters of the same names."""
        names = frozenset(query)
        for is_first in (True, False):
            for (each, _), index in self._calls.items():
                if (each == names) is is_first:
                    yield from index.values()

    def index_of(self, request: ComparedRequest) -> TemplateIndex[bytes, Places, RecordedCall]:
        """Where a recorded request is added."""
        key = frozenset(request.query), request.body.kind
        return self._calls.setdefault(key, TemplateIndex())


class RecordedCalls:
    """All calls of a recording that can be answered."""

    def __init__(self) -> None:
        self._paths: dict[
            tuple[str, int], TemplateIndex[tuple[str, ...], tuple[int, ...], RecordedPath]
        ] = {}
        """By method and number of segments, then by the segments."""
        self._literal_paths: dict[str, dict[str, None]] = {}
        """The methods of each path."""
        self._number = 0
        self.only_literal = 0
        """Exchanges with placeholders that are only found by the text of the placeholders."""

    def add(
        self, request: ComparedRequest, answer: RecordedAnswer, sent: ReplayBody | None = None
    ) -> None:
        """Adds a recorded answer. ``sent`` is the body of its request, if it can be shown."""
        self._literal_paths.setdefault(request.path, {})[request.method] = None
        missed = False
        for path in self._paths_of(request):
            if path is None:
                missed = True
                continue
            for call in self._calls_of(path, request, sent):
                if call is None:
                    missed = True
                else:
                    call.answers.append(answer)
        self.only_literal += missed

    def _paths_of(self, request: ComparedRequest) -> Iterator[RecordedPath | None]:
        index = self._paths.setdefault((request.method, len(request.segments)), TemplateIndex())

        def make() -> RecordedPath:
            return RecordedPath(method=request.method, path=request.path)

        yield index.literal(request.segments, make)
        mask = request.path_mask()
        if mask:
            masked = request.masked_path(mask)
            yield index.templated(mask, masked.key, list(map(template_of, masked.values)), make)

    def _calls_of(
        self, path: RecordedPath, request: ComparedRequest, sent: ReplayBody | None
    ) -> Iterator[RecordedCall | None]:
        index = path.index_of(request)

        def make() -> RecordedCall:
            self._number += 1
            return RecordedCall(
                key=str(self._number), query=request.query, kind=request.body.kind, sent=sent
            )

        yield index.literal(request.key(), make)
        places = request.places()
        if places:
            masked = request.masked(places)
            templates = list(map(template_apart, masked.values))
            yield index.templated(places, masked.key, templates, make)

    def find_paths(self, method: str, segments: tuple[str, ...]) -> list[RecordedPath]:
        """The recorded paths that a path fits: its own text, and those with placeholders."""
        index = self._paths.get((method, len(segments)))
        if index is None:
            return []
        request = ComparedRequest.of_path(method, segments)
        return list(index.find_all(lambda: segments, request.masked_path))

    def methods_of(self, path: str) -> list[str]:
        """The recorded methods of a path, as it is written."""
        return list(self._literal_paths.get(path, ()))

    @property
    def operations(self) -> Iterator[str]:
        """Every method with its path."""
        for path, methods in self._literal_paths.items():
            yield from (f"{method} {path}" for method in methods)

    def load(self) -> None:
        """Prepares :meth:`nearest` now. Otherwise the first search does it."""
        self._near.load()

    def nearest(self, method: str, path: str) -> list[str]:
        """The recorded methods and paths that resemble one most."""
        return self._near.nearest(method, path)

    @cached_property
    def _near(self) -> NearPaths:
        return NearPaths((), self.operations)
