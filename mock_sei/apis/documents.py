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
from urllib.parse import urlsplit

from mock_sei.apis.openapi import modern
from mock_sei.apis.operations import OVER_RECORDS, Operation
from mock_sei.apis.paths import PathTree
from mock_sei.apis.reading import mapping, read_operations
from mock_sei.apis.references import Document
from mock_sei.apis.unchecked import find_unchecked
from mock_sei.errors import NOT_FOUND, ConfigurationError, MethodNotAllowed, Refusal
from mock_sei.reasons.paths import NearPaths, find_path_difference


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
    def content(self) -> Mapping[str, Any]:
        """Raises :class:`~mock_sei.errors.ConfigurationError`."""


class Product:
    """One API product."""

    def __init__(self, file: DocumentFile, *, brought: bool = False) -> None:
        self._file = file
        self.name = file.product
        self.bundled = file.bundled
        self.brought = brought
        """Whether a user brought its document."""
        self.problems: list[str] = []
        """What of its document is left out, each with its place."""
        self.unchecked: list[str] = []
        """What its document asks for and nothing checks, each with its place."""

    @cached_property
    def document(self) -> Document:
        content, source = self._file.content, self._file.source
        if not self.bundled:
            content = modern(content, source, self.problems)
        return Document(source=source, content=content, lenient=self.bundled)

    @property
    def content(self) -> Mapping[str, Any]:
        """The whole OpenAPI document."""
        return self.document.content

    @property
    def title(self) -> str:
        info = self.content.get("info")
        return str(info.get("title", self.name)) if isinstance(info, Mapping) else self.name

    @property
    def paths(self) -> Sequence[str]:
        """As they are called: with the path of the document's server before them."""
        if not self.brought:
            return self._file.paths
        return list(dict.fromkeys(each.path for each in self.operations.values()))

    @cached_property
    def operations(self) -> dict[tuple[str, str], Operation]:
        """By method and path template. Raises :class:`~mock_sei.errors.ConfigurationError`."""
        base = base_path(self.document) if self.brought else ""
        found = read_operations(self.name, self.document, base)
        return {(each.method, each.path): each for each in found}

    @cached_property
    def methods(self) -> Mapping[str, Sequence[str]]:
        """The methods of each path template."""
        found: dict[str, list[str]] = {}
        for method, template in self.operations:
            found.setdefault(template, []).append(method)
        return found

    def check(self) -> None:
        """The whole document. Raises :class:`~mock_sei.errors.ConfigurationError`."""
        self.document.check_references()
        self.unchecked = find_unchecked(self.document, self.operations.values())


class Catalogue:
    """All products."""

    def __init__(
        self,
        files: Iterable[DocumentFile],
        brought: Iterable[DocumentFile] = (),
        *,
        oauth: Sequence[str] = (),
        pages: Sequence[str] = (),
    ) -> None:
        """``brought`` are users' own documents: they take a bundled product's name or paths.

        ``oauth`` and ``pages`` are what else is called on the same listeners, each as in ``GET
        /portal``: who misspells a path may have meant one of them.

        Raises :class:`~mock_sei.errors.ConfigurationError` for one of the fixtures that is wrong; a
        brought one is left out instead and stands in :attr:`problems`.
        """
        self._oauth = oauth
        self._pages = pages
        self.problems: list[str] = []
        self.products: dict[str, Product] = {}
        for file in brought:
            self._bring(Product(file, brought=True))
        for file in files:
            if file.product not in self.products:
                product = self.products[file.product] = Product(file)
                if not file.bundled:
                    product.check()
                    self.problems += product.problems
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

    def _bring(self, product: Product) -> None:
        try:
            product.check()
            if product.name in self.products:
                raise ConfigurationError(
                    "another file is the document of this product",
                    source=product.document.source,
                    key="x-mock-sei.product",
                    value=product.name,
                )
        except ConfigurationError as error:
            self.problems.append(str(error))
        else:
            self.products[product.name] = product
            self.problems += product.problems

    @property
    def unchecked(self) -> list[str]:
        """What users' documents ask for and nothing checks."""
        return [each for one in self.products.values() for each in one.unchecked]

    @property
    def operations(self) -> list[Operation]:
        return [each for one in self.products.values() for each in one.operations.values()]

    def require_product(self, name: str) -> Product:
        """A :class:`Refusal` that names the products if there is no such one."""
        if name not in self.products:
            raise Refusal(
                NOT_FOUND,
                check="path",
                because=f"No API product {name!r}; there are {', '.join(self.products)}.",
            )
        return self.products[name]

    def has(self, method: str, path: str) -> bool:
        """Whether an operation with this method has a path that fits."""
        return any(
            (method, template) in product.operations
            for template, product, _ in self._candidates(path)
        )

    def find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
        """The operation for a request and the values in its path.

        A :class:`Refusal` that names the nearest ones if there is none.
        """
        allowed: list[str] = []
        for template, product, values in self._candidates(path):
            operation = product.operations.get((method, template))
            if operation is not None:
                return operation, values
            here = product.methods.get(template, ())
            allowed += [each for each in here if each not in allowed]
        if allowed:
            raise MethodNotAllowed(method, path, tuple(allowed))
        raise self.miss(method, path)

    def has_path(self, path: str) -> bool:
        """Whether an operation has this path, whatever its method."""
        return any(True for _ in self._candidates(path))

    def miss(self, method: str, path: str) -> Refusal:
        """What to raise for a path that leads nowhere; it names the nearest ones."""
        near = self.nearest(method, path)
        because = f"No operation has this method and path. The nearest are: {', '.join(near)}."
        right = near[0].partition(" ")[2] if near else ""
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
        names = (each.name for each in self.operations)
        return NearPaths(self._oauth, chain(names, self._pages))

    @property
    def collections(self) -> set[str]:
        """Every collection that an operation reads or writes."""
        return set(self.keys_by_collection)

    @cached_property
    def keys_by_collection(self) -> Mapping[str, Sequence[str]]:
        """Every collection, with the fields by which operations find and order its records."""
        found: dict[str, set[str]] = {}
        for each in self._over_records():
            keys = found.setdefault(each.rule.collection, set())
            keys |= {each.rule.key} - {""}
        for each in self.operations:
            written = (str(one["collection"]) for one in each.rule.records)
            for name in (*written, *each.rule.reports.values()):
                found.setdefault(name, set())
        return {name: sorted(keys) for name, keys in found.items() if name}

    def _over_records(self) -> Iterable[Operation]:
        return (each for each in self.operations if each.rule.action in OVER_RECORDS)


def base_path(document: Document) -> str:
    """The path of the first server a document names, its variables at their defaults.

    Raises :class:`~mock_sei.errors.ConfigurationError`.
    """
    source = document.source
    servers = document.content.get("servers") or [{}]
    if not isinstance(servers, list):
        raise ConfigurationError("not a list", source=source, key="servers")
    first = mapping(servers[0], source, "servers[0]")
    url = str(first.get("url", ""))
    place = "servers[0].variables"
    for name, entry in mapping(first.get("variables") or {}, source, place).items():
        default = mapping(entry, source, f"{place}.{name}").get("default", "")
        url = url.replace(f"{{{name}}}", str(default))
    try:
        path = urlsplit(url).path.strip("/")
    except ValueError as error:
        raise ConfigurationError(
            str(error), source=source, key="servers[0].url", value=url
        ) from None
    if "{" in path:
        raise ConfigurationError(
            "no default for a variable of it", source=source, key="servers[0].url", value=url
        )
    return f"/{path}" if path else ""


def _looseness(path: str) -> tuple[int, int]:
    wild = sum(bool(re.fullmatch(r"\{[^}]*\}", part)) for part in path.split("/"))
    return wild, -len(re.sub(r"\{[^}]*\}", "", path))
