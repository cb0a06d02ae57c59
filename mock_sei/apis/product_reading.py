"""Reads the document of a product: converts it, checks it, and makes its operations.

It is loaded when the first document is read: a test that calls no functional API needs none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mock_sei.apis.openapi import Modern, modern
from mock_sei.apis.operations import OVER_RECORDS, Operation
from mock_sei.apis.path_items import read_operations
from mock_sei.apis.paths import called
from mock_sei.apis.reach import Reach
from mock_sei.apis.reading import DocumentOperations, LeftOut
from mock_sei.apis.references import Document
from mock_sei.apis.servers import base_path
from mock_sei.apis.swagger import from_swagger, is_swagger
from mock_sei.apis.unchecked import find_unchecked
from mock_sei.errors import ConfigurationError, distinct
from mock_sei.values.cached import cached_property

if TYPE_CHECKING:
    from mock_sei.apis.documents import ProductFile


class ProductReading:
    """The document of a product, with what its reading found.

    What needs the parsed file raises :class:`~mock_sei.errors.ConfigurationError`.
    """

    def __init__(self, file: ProductFile, *, brought: bool) -> None:
        self._file = file
        self._brought = brought

    @cached_property
    def _modern(self) -> Modern:
        """The document converted to OpenAPI 3.1."""
        file = self._file
        return modern(file.content, file.source, name=file.name, read_part=file.read_part)

    @property
    def _written(self) -> Mapping[str, Any]:
        """The document as its file has it, but Swagger 2.0 converted to OpenAPI 3.0."""
        content = self._file.content
        return from_swagger(content) if is_swagger(content) else content

    @cached_property
    def document(self) -> Document:
        """The document. Unless it is bundled, it is converted to 3.1, without its faulty parts."""
        source = self._file.source
        if self._file.bundled:
            return Document(source=source, content=self._file.content, lenient=True)
        modern = self._modern
        return Document(
            source=source, content=modern.content, bases=modern.bases, flags=modern.flags
        )

    @cached_property
    def _found(self) -> DocumentOperations:
        file, document = self._file, self.document
        servers = document.content.get("servers") or [{}]
        base = base_path(servers, file.source) if self._brought else ""
        reach = Reach((), ()) if file.bundled else self._modern.reach()
        return read_operations(file.product, document, base, reach)

    @property
    def operations(self) -> Sequence[Operation]:
        """The operations that can be called."""
        return self._found.operations

    @property
    def collections(self) -> Mapping[str, list[str]]:
        """The collections of the operations, with the fields that find and order their records."""
        return _keys_by_collection(self.operations)

    @property
    def left_out(self) -> Sequence[LeftOut]:
        """The operations that cannot be called."""
        return self._found.left_out

    def all_left_out(self, why: ConfigurationError) -> list[LeftOut]:
        """The paths of a document that cannot be used, as far as they can be read."""
        try:
            paths = self._file.paths
            base = base_path(self._written.get("servers") or [{}], self._file.source)
        except ConfigurationError:
            return []
        return [
            LeftOut(method=None, path=base + called(str(each))[0], reasons=[why]) for each in paths
        ]

    @cached_property
    def wrong(self) -> Sequence[ConfigurationError]:
        """All faults of the document, also those in parts that no operation uses."""
        found = [each.error for each in self._modern.wrong]
        found += [error for each in self.left_out for error in each.reasons]
        return distinct(found)

    @property
    def problems(self) -> Sequence[ConfigurationError]:
        """What is read differently from how the document writes it, while all operations can be
        called."""
        return distinct((*self._file.problems, *self._modern.problems, *self._found.problems))

    @cached_property
    def unchecked(self) -> Sequence[str]:
        """What the document demands and mock-sei does not check, each with its place."""
        return find_unchecked(self.document, self.operations, self._modern.formats)


def _keys_by_collection(operations: Iterable[Operation]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for each in operations:
        rule = each.rule
        if rule.action in OVER_RECORDS:
            found.setdefault(rule.collection, set()).update({rule.key} - {""})
        for name in (*(str(one["collection"]) for one in rule.records), *rule.reports.values()):
            found.setdefault(name, set())
    return {name: sorted(keys) for name, keys in found.items() if name}
