"""The catalogue: every API product and its operations, found by method and path.

A product's document is read when first needed; before that its file's own list of paths tells which
product a call is for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

from mock_sei.apis.costs import Cost, costs_of
from mock_sei.apis.openapi import Modern, modern
from mock_sei.apis.operations import OVER_RECORDS, Operation
from mock_sei.apis.path_items import read_operations
from mock_sei.apis.paths import Pairs, PathTree, blanked, called
from mock_sei.apis.reach import Reach
from mock_sei.apis.reading import LeftOut, Reading
from mock_sei.apis.references import Document
from mock_sei.apis.servers import base_path
from mock_sei.apis.swagger import from_swagger, is_swagger
from mock_sei.apis.unchecked import find_unchecked
from mock_sei.document_files import Outline, collector_at_rest
from mock_sei.errors import (
    NOT_FOUND,
    ConfigurationError,
    MethodNotAllowed,
    Refusal,
    distinct,
    raise_all,
)
from mock_sei.reasons.paths import NearPaths, find_path_difference
from mock_sei.values.texts import spelled


class DocumentFile(Protocol):
    """A document's file, parsed or not yet."""

    @property
    def source(self) -> Path: ...
    @property
    def product(self) -> str: ...
    @property
    def bundled(self) -> bool:
        """Whether it comes with the package: our own tests hold it to the rules."""

    @property
    def paths(self) -> Sequence[str]:
        """The path templates of the document."""

    @property
    def outline(self) -> Outline | None:
        """What is known of a bundled document without parsing it."""

    @property
    def content(self) -> Mapping[str, Any]:
        """Raises :class:`~mock_sei.errors.ConfigurationError`."""

    @property
    def name(self) -> str:
        """Within the folder of documents, by which they refer to one another."""

    @property
    def problems(self) -> Sequence[ConfigurationError]:
        """What is read otherwise than it is written."""

    def read_part(self, name: str) -> tuple[Path, Any]:
        """Another file of the folder, and its content.

        Raises :class:`~mock_sei.errors.ConfigurationError`.
        """


class Product:
    """One API product."""

    def __init__(self, file: DocumentFile, *, brought: bool = False) -> None:
        self._file = file
        self.name = file.product
        self.bundled = file.bundled
        self.brought = brought
        """Whether a user brought its document."""

    @property
    def source(self) -> Path:
        return self._file.source

    @cached_property
    def _modern(self) -> Modern:
        """The document as one of 3.1. Raises :class:`~mock_sei.errors.ConfigurationError`."""
        file = self._file
        return modern(file.content, file.source, name=file.name, read_part=file.read_part)

    @property
    def _written(self) -> Mapping[str, Any]:
        """The document as its file has it, Swagger 2.0 as OpenAPI 3.0."""
        content = self._file.content
        return from_swagger(content) if is_swagger(content) else content

    @cached_property
    def document(self) -> Document:
        source = self._file.source
        if self.bundled:
            return Document(source=source, content=self._file.content, lenient=True)
        modern = self._modern
        return Document(
            source=source, content=modern.content, bases=modern.bases, flags=modern.flags
        )

    @property
    def content(self) -> Mapping[str, Any]:
        """The whole OpenAPI document."""
        return self.document.content

    @property
    def title(self) -> str:
        if self._file.outline is not None:
            return self._file.outline.title
        info = self.content.get("info")
        return str(info.get("title", self.name)) if isinstance(info, Mapping) else self.name

    @property
    def paths(self) -> Sequence[str]:
        """As they are called: with the path of the document's server before them."""
        if not self.brought:
            return self._file.paths
        return list(dict.fromkeys(each.path for each in self.operations.values()))

    @property
    def names(self) -> Iterable[str]:
        """Its operations, as in ``GET /v2/investors``; a bundled document is not parsed for it."""
        if self._file.outline is not None:
            return self._file.outline.operations
        return [each.name for each in self.operations.values()]

    @property
    def collections(self) -> Mapping[str, Sequence[str]]:
        """The collections that its operations read and write.

        Each has the fields by which they find and order its records.
        """
        if self._file.outline is not None:
            return self._file.outline.collections
        return _keys_by_collection(self.operations.values())

    def read_outline(self) -> Outline:
        """What an index says of its document, which is parsed for it."""
        info = self.content["info"]
        return Outline(
            title=info["title"],
            operations=[each.name for each in self.operations.values()],
            collections=_keys_by_collection(self.operations.values()),
        )

    @cached_property
    def operations(self) -> dict[tuple[str, str], Operation]:
        """By method and path template, as the document has it.

        Raises :class:`~mock_sei.errors.ConfigurationError`.
        """
        return {(each.method, each.written): each for each in self._reading.operations}

    @cached_property
    def _by_call(self) -> Mapping[tuple[str, str], Sequence[Operation]]:
        """By method and path as they are called; those that ask for most come first."""
        found: dict[tuple[str, str], list[Operation]] = {}
        for each in sorted(self.operations.values(), key=lambda one: -len(one.fixed)):
            found.setdefault((each.method, each.path), []).append(each)
        return found

    def has(self, method: str, path: str) -> bool:
        """Whether an operation with this method is called by a path template."""
        return (method, path) in self._by_call

    def find(self, method: str, path: str, query: str) -> Operation | None:
        """The operation of a call, by the path template that fits it."""
        found = self._by_call.get((method, path), ())
        if found and not found[0].fixed:
            return found[0]
        sent = set(parse_qsl(query, keep_blank_values=True)) if found else set()
        return next((each for each in found if sent.issuperset(each.fixed)), None)

    def queries(self, method: str, path: str) -> Sequence[str]:
        """Of which the query of a call must have one."""
        return [urlencode(each.fixed) for each in self._by_call.get((method, path), ())]

    @cached_property
    def _reading(self) -> Reading:
        servers = self.content.get("servers") or [{}]
        base = base_path(servers, self.source) if self.brought else ""
        reach = Reach((), ()) if self.bundled else self._modern.reach()
        return read_operations(self.name, self.document, base, reach)

    @property
    def left_out(self) -> Sequence[LeftOut]:
        """Its operations that cannot be used."""
        return self._reading.left_out

    def written_paths(self) -> Sequence[str]:
        """The paths of a document that cannot be used, as far as they can be read."""
        try:
            paths = self._file.paths
            base = base_path(self._written.get("servers") or [{}], self.source)
        except ConfigurationError:
            return ()
        return [base + called(str(each))[0] for each in paths]

    @cached_property
    def methods(self) -> Mapping[str, Sequence[str]]:
        """The methods of each path template."""
        found: dict[str, list[str]] = {}
        for method, template in self._by_call:
            found.setdefault(template, []).append(method)
        return found

    @cached_property
    def wrong(self) -> Sequence[ConfigurationError]:
        """All wrong spots, whether an operation reads them or not.

        Raises :class:`~mock_sei.errors.ConfigurationError` where the document cannot be read.
        """
        found = [each.error for each in self._modern.wrong]
        found += [error for each in self.left_out for error in each.reasons]
        return distinct(found)

    @property
    def problems(self) -> Sequence[ConfigurationError]:
        """What is taken otherwise than its document has it, and costs no operation."""
        return distinct((*self._file.problems, *self._modern.problems, *self._reading.problems))

    @cached_property
    def unchecked(self) -> Sequence[str]:
        """What its document asks for and nothing checks, each with its place."""
        if not self.brought:
            return ()
        return find_unchecked(self.document, self.operations.values(), self._modern.formats)

    def check(self) -> None:
        """The whole document. Raises :class:`~mock_sei.errors.ConfigurationError` with all."""
        raise_all(self.wrong)


class Catalogue:
    """All products."""

    def __init__(
        self,
        files: Iterable[DocumentFile],
        brought: Iterable[DocumentFile] = (),
        *,
        oauth: Sequence[str] = (),
        pages: Sequence[str] = (),
        unread: Sequence[str] = (),
    ) -> None:
        """``brought`` are users' own documents: they take a bundled product's name or paths.
        ``unread`` says of further files why they could not be read.

        ``oauth`` and ``pages`` are what else is called on the same listeners, each as in ``GET
        /portal``: who misspells a path may have meant one of them.

        Raises :class:`~mock_sei.errors.ConfigurationError` for those of the fixtures that are
        wrong; an operation of a brought one is left out instead, and stands in :attr:`costs`.
        """
        self._oauth = oauth
        self._pages = pages
        self.costs: list[Cost] = []
        """What is wrong with the documents, each with its file, its place and what it costs."""
        self._unread = unread
        self._left_out: list[tuple[Product, LeftOut]] = []
        self._brought_operations: dict[tuple[str, str, Pairs], Product] = {}
        self.products: dict[str, Product] = {}
        with collector_at_rest():
            for file in brought:
                self._bring(Product(file, brought=True))
        wrong: list[ConfigurationError] = []
        for file in files:
            if file.product not in self.products:
                product = self.products[file.product] = Product(file)
                if not file.bundled:
                    try:
                        wrong += product.wrong
                        self.costs += costs_of(product.problems, ())
                    except ConfigurationError as error:
                        wrong.append(error)
        raise_all(wrong)
        paths = [(path, product) for product in self.products.values() for path in product.paths]
        self._exact: dict[str, list[Product]] = {}
        for path, product in paths:
            if "{" not in path:
                self._exact.setdefault(path, []).append(product)
        self.bundled_paths = frozenset(
            path for path, product in paths if "{" not in path and product.bundled
        )
        """Spelled out in a document of ours: never the path of anything else."""
        # The more of a template is spelled out, the earlier it is tried.
        templates = sorted(
            (each for each in paths if "{" in each[0]), key=lambda each: _looseness(each[0])
        )
        self._templates = PathTree(templates)
        if self._brought_operations:  # the time for them is the start's, not that of a call
            self._near.load()

    def _bring(self, product: Product) -> None:
        try:
            wrong = product.wrong
            other = self.products.get(product.name)
            if other is not None:
                raise ConfigurationError(
                    f"{other.source} is the document of the product {spelled(product.name)}; name "
                    "another product in one of them (x-mock-sei: {product: NAME}), or take "
                    "one away",
                    source=product.source,
                )
        except ConfigurationError as error:
            self.costs.append(Cost(error=error, is_whole=True))
            self._left_out += [
                (product, LeftOut(method=None, path=path, reasons=[error]))
                for path in product.written_paths()
            ]
            return
        self._tell_shared(product)
        self.products[product.name] = product
        self.costs += costs_of([*wrong, *product.problems], product.left_out)
        self._left_out += [(product, each) for each in product.left_out]

    def _tell_shared(self, product: Product) -> None:
        """The operations that an earlier document answers."""
        for each in product.operations.values():
            key = each.method, blanked(each.path), each.fixed
            first = self._brought_operations.setdefault(key, product)
            if first is not product:
                problem = f"{each.name} is in {first.source} too, which answers it"
                error = ConfigurationError(problem, source=product.source)
                self.costs.append(Cost(error=error, operations=[each.name]))

    @property
    def problems(self) -> list[str]:
        """The faults, a sentence each."""
        return [str(each.error) for each in self.costs]

    @property
    def unchecked(self) -> list[str]:
        """What users' documents ask for and nothing checks."""
        return [each for one in self.products.values() for each in one.unchecked]

    @property
    def names(self) -> Iterable[str]:
        """Every operation, as in ``GET /v2/investors``; no bundled document is parsed for it."""
        return chain.from_iterable(each.names for each in self.products.values())

    @property
    def operations(self) -> list[Operation]:
        return [each for one in self.products.values() for each in one.operations.values()]

    def require_product(self, name: str) -> Product:
        """A :class:`Refusal` that names the products if there is no such one."""
        if name not in self.products:
            raise Refusal(
                NOT_FOUND,
                check="path",
                because=f"No API product {spelled(name)}; there are {', '.join(self.products)}.",
            )
        return self.products[name]

    def has(self, method: str, path: str) -> bool:
        """Whether an operation with this method has a path that fits."""
        return any(product.has(method, template) for template, product, _ in self._candidates(path))

    def find(self, method: str, path: str, query: str = "") -> tuple[Operation, Mapping[str, str]]:
        """The operation for a request and the values in its path.

        A :class:`Refusal` that names the nearest ones if there is none.
        """
        allowed: list[str] = []
        queries: list[str] = []
        for template, product, values in self._candidates(path):
            operation = product.find(method, template, query)
            if operation is not None:
                return operation, values
            queries += product.queries(method, template)
            here = product.methods.get(template, ())
            allowed += [each for each in here if each not in allowed]
        left_out = self._find_left_out(method, path)
        if left_out is not None:
            raise left_out
        if queries:
            raise Refusal(
                NOT_FOUND,
                check="path",
                because=f"The query says which operation of {method} {path} is meant, and this one "
                "says none that there is.",
                expected=" or ".join(queries[:_MOST_QUERIES]),
            )
        if allowed:
            raise MethodNotAllowed(method, path, tuple(allowed))
        raise self.miss(method, path)

    def _find_left_out(self, method: str, path: str) -> Refusal | None:
        """What to raise for an operation that a document has and that cannot be used."""
        for found in self._left_out_tree.find_all(path):
            product, each = found.owner
            if each.method in (None, method):
                more = len(each.reasons) - 1
                return Refusal(
                    NOT_FOUND,
                    check="path",
                    because=f"{each.name} is in {product.source}, and was left out: "
                    f"{each.reasons[0]}{f' (and {more} more reasons)' if more else ''}. "
                    "`mock-sei apis check` lists all faults of a folder.",
                    actual=f"{method} {path}",
                )
        return None

    @property
    def left_out(self) -> Sequence[tuple[Product, LeftOut]]:
        """The operations of users' documents that cannot be used."""
        return self._left_out

    @cached_property
    def _left_out_tree(self) -> PathTree[tuple[Product, LeftOut]]:
        return PathTree((each.path, (product, each)) for product, each in self._left_out)

    def has_path(self, path: str) -> bool:
        """Whether an operation has this path, whatever its method."""
        return any(True for _ in self._candidates(path))

    def miss(self, method: str, path: str) -> Refusal:
        """What to raise for a path that leads nowhere; it names the nearest ones."""
        near = self.nearest(method, path)
        because = f"No operation has this method and path. The nearest are: {', '.join(near)}."
        right = near[0].partition(" ")[2] if near else ""
        if self._unread:
            more = len(self._unread) - 1
            because += f" A document that could not be read may have it: {self._unread[0]}"
            because += f" (and {more} more)." if more else "."
        difference = find_path_difference(path, right)
        if difference is not None:
            because += f" The path differs from {right} in {difference}."
        return Refusal(NOT_FOUND, check="path", because=because, actual=f"{method} {path}")

    def _candidates(self, path: str) -> Iterable[tuple[str, Product, Mapping[str, str]]]:
        for product in self._exact.get(path, ()):
            yield path, product, {}
        for found in self._templates.find_all(path):
            yield found.template, found.owner, found.values

    def nearest(self, method: str, path: str) -> list[str]:
        """Names of the operations most like a request, those of other parts among them."""
        return self._near.nearest(method, path)

    @cached_property
    def _near(self) -> NearPaths:
        return NearPaths(self._oauth, chain(self.names, self._pages))

    @property
    def collections(self) -> set[str]:
        """Every collection that an operation reads or writes."""
        return set(self.keys_by_collection)

    @cached_property
    def keys_by_collection(self) -> Mapping[str, Sequence[str]]:
        """Every collection, with the fields by which operations find and order its records."""
        found: dict[str, set[str]] = {}
        for product in self.products.values():
            for name, keys in product.collections.items():
                found.setdefault(name, set()).update(keys)
        return {name: sorted(keys) for name, keys in found.items()}


def _keys_by_collection(operations: Iterable[Operation]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for each in operations:
        rule = each.rule
        if rule.action in OVER_RECORDS:
            found.setdefault(rule.collection, set()).update({rule.key} - {""})
        for name in (*(str(one["collection"]) for one in rule.records), *rule.reports.values()):
            found.setdefault(name, set())
    return {name: sorted(keys) for name, keys in found.items() if name}


_MOST_QUERIES = 10
"""Queries that a refusal names."""


def _looseness(path: str) -> tuple[int, int]:
    wild = sum(bool(re.fullmatch(r"\{[^}]*\}", part)) for part in path.split("/"))
    return wild, -len(re.sub(r"\{[^}]*\}", "", path))
