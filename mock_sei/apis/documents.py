"""The catalogue: all API products with their operations, found by method and path.

A product's document is read when it is first needed. Before that, the list of paths in its file
tells which product a call belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlencode

from mock_sei.apis.costs import Cost, costs_of
from mock_sei.apis.paths import Pairs, PathTree, blanked
from mock_sei.document_files import Outline, paused_collector
from mock_sei.errors import (
    NOT_FOUND,
    ConfigurationError,
    MethodNotAllowed,
    Refusal,
    raise_all,
)
from mock_sei.reasons.paths import NearPaths, find_path_difference
from mock_sei.rules.machine import real_dates
from mock_sei.values.cached import cached_property
from mock_sei.values.texts import spelled

if TYPE_CHECKING:
    from mock_sei.apis.operations import Operation
    from mock_sei.apis.product_reading import ProductReading
    from mock_sei.apis.reading import LeftOut
    from mock_sei.apis.references import Document


class ProductFile(Protocol):
    """The file of a document, whether it is parsed already or not."""

    @property
    def source(self) -> Path:
        """The path of the file."""

    @property
    def product(self) -> str:
        """The name of the product."""

    @property
    def bundled(self) -> bool:
        """Whether the document is part of the package. Our own tests check these documents."""

    @property
    def paths(self) -> Sequence[str]:
        """The path templates of the document."""

    @property
    def outline(self) -> Outline | None:
        """What the index says of a bundled document, which is not parsed for it."""

    @property
    def content(self) -> Mapping[str, Any]:
        """The parsed document. Raises :class:`~mock_sei.errors.ConfigurationError`."""

    @property
    def name(self) -> str:
        """The file's name within the folder of documents.

        Documents use it to refer to one another.
        """

    @property
    def problems(self) -> Sequence[ConfigurationError]:
        """What is read differently from how it is written."""

    def read_part(self, name: str) -> tuple[Path, Any]:
        """The path and the content of another file of the folder.

        Raises :class:`~mock_sei.errors.ConfigurationError`.
        """


class Product:
    """One API product with its document."""

    def __init__(self, file: ProductFile, *, brought: bool = False) -> None:
        self._file = file
        self.name = file.product
        self.bundled = file.bundled
        self.brought = brought
        """Whether the document is a user's own."""

    @property
    def source(self) -> Path:
        """The path of the document's file."""
        return self._file.source

    @cached_property
    def _read(self) -> ProductReading:
        with real_dates():
            from mock_sei.apis.product_reading import ProductReading
        return ProductReading(self._file, brought=self.brought)

    @property
    def document(self) -> Document:
        """The document. Unless it is bundled, it is converted to 3.1, without its faulty parts."""
        return self._read.document

    @property
    def content(self) -> Mapping[str, Any]:
        """The whole OpenAPI document."""
        return self.document.content

    @property
    def title(self) -> str:
        """The title that the document gives the product."""
        if self._file.outline is not None:
            return self._file.outline.title
        info = self.content.get("info")
        return str(info.get("title", self.name)) if isinstance(info, Mapping) else self.name

    @property
    def paths(self) -> Sequence[str]:
        """The path templates as clients call them: with the path of the document's server in
        front."""
        if not self.brought:
            return self._file.paths
        return list(dict.fromkeys(each.path for each in self.operations.values()))

    @property
    def names(self) -> Iterable[str]:
        """The names of its operations, such as ``GET /v2/investors``.

        A bundled document is not parsed for this.
        """
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
        return self._read.collections

    def read_outline(self) -> Outline:
        """What an index says of its document, which is parsed for it."""
        info = self.content["info"]
        return Outline(
            title=info["title"],
            operations=[each.name for each in self.operations.values()],
            collections=self._read.collections,
        )

    @cached_property
    def operations(self) -> dict[tuple[str, str], Operation]:
        """The operations, by method and by the path template as the document writes it.

        Raises :class:`~mock_sei.errors.ConfigurationError`.
        """
        return {(each.method, each.written): each for each in self._read.operations}

    @cached_property
    def _by_call(self) -> Mapping[tuple[str, str], Sequence[Operation]]:
        """The operations by method and called path.

        Those with more fixed values in the query come first.
        """
        found: dict[tuple[str, str], list[Operation]] = {}
        for each in sorted(self.operations.values(), key=lambda one: -len(one.fixed)):
            found.setdefault((each.method, each.path), []).append(each)
        return found

    def has(self, method: str, path: str) -> bool:
        """Whether an operation has this method and this path template as clients call it."""
        return (method, path) in self._by_call

    def find(self, method: str, path: str, query: str) -> Operation | None:
        """The operation of a call, by the path template that fits it, or None."""
        found = self._by_call.get((method, path), ())
        if found and not found[0].fixed:
            return found[0]
        sent = set(parse_qsl(query, keep_blank_values=True)) if found else set()
        return next((each for each in found if sent.issuperset(each.fixed)), None)

    def queries(self, method: str, path: str) -> Sequence[str]:
        """The queries of the operations of one path.

        The query of a call must contain one of them.
        """
        return [urlencode(each.fixed) for each in self._by_call.get((method, path), ())]

    @property
    def left_out(self) -> Sequence[LeftOut]:
        """The operations that cannot be called."""
        return self._read.left_out

    def all_left_out(self, why: ConfigurationError) -> list[LeftOut]:
        """The paths of a document that cannot be used, as far as they can be read."""
        return self._read.all_left_out(why)

    @cached_property
    def methods(self) -> Mapping[str, Sequence[str]]:
        """The methods of each path template."""
        found: dict[str, list[str]] = {}
        for method, template in self._by_call:
            found.setdefault(template, []).append(method)
        return found

    @property
    def wrong(self) -> Sequence[ConfigurationError]:
        """All faults of the document, also those in parts that no operation uses.

        Raises :class:`~mock_sei.errors.ConfigurationError` if the document cannot be read.
        """
        return self._read.wrong

    @property
    def problems(self) -> Sequence[ConfigurationError]:
        """What is read differently from how the document writes it, while all operations can be
        called."""
        return self._read.problems

    @property
    def unchecked(self) -> Sequence[str]:
        """What a user's document demands and mock-sei does not check, each with its place."""
        return self._read.unchecked if self.brought else ()

    def check(self) -> None:
        """Checks the whole document.

        Raises :class:`~mock_sei.errors.ConfigurationError` with all faults.
        """
        raise_all(self.wrong)


class Catalogue:
    """All API products."""

    def __init__(
        self,
        files: Iterable[ProductFile],
        brought: Iterable[ProductFile] = (),
        *,
        oauth: Sequence[str] = (),
        pages: Sequence[str] = (),
        unread: Sequence[str] = (),
    ) -> None:
        """Reads users' documents (``brought``) now and those of the fixtures (``files``) when
        needed.

        A user's document replaces the bundled product of the same name, and takes paths from other
        products. ``unread`` says why further files could not be read. ``oauth`` and ``pages`` are
        other paths of the same listeners, each written as ``GET /portal``: a misspelt path may mean
        one of them.

        Raises :class:`~mock_sei.errors.ConfigurationError` for wrong documents of the fixtures. A
        wrong operation of a user's document is only left out, and listed in :attr:`costs`.
        """
        self._oauth = oauth
        self._pages = pages
        self.costs: list[Cost] = []
        """The faults of the documents, each with its file, place and consequence."""
        self._unread = unread
        self._left_out: list[tuple[Product, LeftOut]] = []
        self._brought_operations: dict[tuple[str, str, Pairs], Product] = {}
        self.products: dict[str, Product] = {}
        with paused_collector():
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
        self._paths = [
            (path, product) for product in self.products.values() for path in product.paths
        ]
        self._exact: dict[str, list[Product]] = {}
        for path, product in self._paths:
            if "{" not in path:
                self._exact.setdefault(path, []).append(product)
        self.bundled_paths = frozenset(
            path for path, product in self._paths if "{" not in path and product.bundled
        )
        """Paths without parameters in bundled documents. Such a path never belongs to another
        product."""
        if self._brought_operations:  # loaded at the start, so that no call waits for it
            self._near.load()
            _ = self._templates

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
            self._left_out += [(product, each) for each in product.all_left_out(error)]
            return
        self._tell_shared(product)
        self.products[product.name] = product
        self.costs += costs_of([*wrong, *product.problems], product.left_out)
        self._left_out += [(product, each) for each in product.left_out]

    def _tell_shared(self, product: Product) -> None:
        """Reports the operations that an earlier document already answers."""
        for each in product.operations.values():
            key = each.method, blanked(each.path), each.fixed
            first = self._brought_operations.setdefault(key, product)
            if first is not product:
                problem = f"{each.name} is also in {first.source}, which answers it"
                error = ConfigurationError(problem, source=product.source)
                self.costs.append(Cost(error=error, operations=[each.name]))

    @property
    def problems(self) -> list[str]:
        """The faults of the documents, one sentence for each."""
        return [str(each.error) for each in self.costs]

    @property
    def unchecked(self) -> list[str]:
        """What users' documents demand and mock-sei does not check."""
        return [each for one in self.products.values() for each in one.unchecked]

    @property
    def names(self) -> Iterable[str]:
        """Every operation, as in ``GET /v2/investors``; no bundled document is parsed for it."""
        return chain.from_iterable(each.names for each in self.products.values())

    @property
    def operations(self) -> list[Operation]:
        """The operations of all products."""
        return [each for one in self.products.values() for each in one.operations.values()]

    def require_product(self, name: str) -> Product:
        """The product of this name.

        Raises a :class:`Refusal` that names the products if there is none.
        """
        if name not in self.products:
            raise Refusal(
                NOT_FOUND,
                check="path",
                because=f"There is no API product {spelled(name)}; the products are "
                f"{', '.join(self.products)}.",
            )
        return self.products[name]

    def has(self, method: str, path: str) -> bool:
        """Whether an operation has this method and a path template that fits."""
        return any(product.has(method, template) for template, product, _ in self._candidates(path))

    def find(self, method: str, path: str, query: str = "") -> tuple[Operation, Mapping[str, str]]:
        """The operation of a request, and the values in its path.

        Raises a :class:`Refusal` that names the nearest operations if there is none.
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
                because=f"The query decides which operation of {method} {path} is called, and this "
                "query fits none of them.",
                expected=" or ".join(queries[:_MOST_QUERIES]),
            )
        if allowed:
            raise MethodNotAllowed(method, path, tuple(allowed))
        raise self.miss(method, path)

    def _find_left_out(self, method: str, path: str) -> Refusal | None:
        """The refusal of a call whose operation a document has but cannot be used, or None."""
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
        """The operations of users' documents that cannot be used, each with its product."""
        return self._left_out

    @cached_property
    def _left_out_tree(self) -> PathTree[tuple[Product, LeftOut]]:
        return PathTree((each.path, (product, each)) for product, each in self._left_out)

    def has_path(self, path: str) -> bool:
        """Whether an operation of any method has this path."""
        return any(True for _ in self._candidates(path))

    def operations_at(self, path: str) -> Iterator[str]:
        """The names of the operations that have this path."""
        for template, product, _ in self._candidates(path):
            yield from (f"{method} {template}" for method in product.methods.get(template, ()))

    def miss(self, method: str, path: str) -> Refusal:
        """The refusal of a path that no operation has. It names the nearest paths."""
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

    @cached_property
    def _templates(self) -> PathTree[Product]:
        """Templates with more fixed text are tried earlier."""
        templates = (each for each in self._paths if "{" in each[0])
        return PathTree(sorted(templates, key=lambda each: _looseness(each[0])))

    def _candidates(self, path: str) -> Iterable[tuple[str, Product, Mapping[str, str]]]:
        for product in self._exact.get(path, ()):
            yield path, product, {}
        for found in self._templates.find_all(path):
            yield found.template, found.owner, found.values

    def nearest(self, method: str, path: str) -> list[str]:
        """The names of the operations that resemble a request most, including those outside the
        catalogue."""
        return self._near.nearest(method, path)

    @cached_property
    def _near(self) -> NearPaths:
        return NearPaths(self._oauth, chain(self.names, self._pages))

    @property
    def collections(self) -> set[str]:
        """The names of all collections that an operation reads or writes."""
        return set(self.keys_by_collection)

    @cached_property
    def keys_by_collection(self) -> Mapping[str, Sequence[str]]:
        """For each collection, the fields by which operations find and order its records."""
        found: dict[str, set[str]] = {}
        for product in self.products.values():
            for name, keys in product.collections.items():
                found.setdefault(name, set()).update(keys)
        return {name: sorted(keys) for name, keys in found.items()}


_MOST_QUERIES = 10
"""How many queries a refusal names."""


_WILD = re.compile(r"\{[^}]*\}")


def _looseness(path: str) -> tuple[int, int]:
    wild = sum(_WILD.fullmatch(part) is not None for part in path.split("/"))
    return wild, -len(_WILD.sub("", path))
