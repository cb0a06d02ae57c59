"""Writes a value as XML. The schema's ``xml`` objects give names, attributes and wrappers.

Sources: OpenAPI 3.1.1 section 4.8.26, 3.2.0 section 4.26 (``nodeType``); XML 1.0; Namespaces in XML
1.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from mock_sei.apis.combining import ways
from mock_sei.apis.plain import Parts, Plain
from mock_sei.apis.references import Document

_MOST_SCHEMAS = 50
"""How many schemas of one value are searched for an ``xml`` object."""

_Prefixes = Mapping[str | None, str]
"""The namespaces that are declared at a place, by prefix."""


def xml_text(value: Any, schema: Any, document: Document) -> str:
    """The root element as text, without an XML declaration."""
    writer = _XmlWriter(document)
    element = writer.root(value, schema)
    text: str = ET.tostring(element, encoding="unicode")
    return text


def _xml_object(parts: Parts, document: Document) -> Mapping[str, Any]:
    """The first ``xml`` object in the schemas, or in those that ``$ref`` and allOf lead to."""
    waiting = list(parts)
    for _ in range(_MOST_SCHEMAS):
        if not waiting:
            break
        each = waiting.pop(0)
        if not isinstance(each, Mapping):
            continue
        if isinstance(each.get("xml"), Mapping):
            found: Mapping[str, Any] = each["xml"]
            return found
        inner = list(each.get("allOf") or ())
        if isinstance(each.get("$ref"), str):
            inner.insert(0, document.find(each["$ref"], "$ref"))
        waiting = [*inner, *waiting]
    return {}


def _name_of_schema(parts: Parts) -> str | None:
    """The last part of a reference: ``Pet`` for ``#/components/schemas/Pet``."""
    for each in parts:
        reference = each.get("$ref") if isinstance(each, Mapping) else None
        if isinstance(reference, str) and reference.rpartition("/")[2]:
            return reference.rpartition("/")[2]
    return None


def _node_of(about: Mapping[str, Any], value: Any) -> str:
    """The kind of node that a value becomes, in the terms of ``nodeType`` (OpenAPI 3.2)."""
    node = about.get("nodeType")
    if isinstance(node, str):
        return node
    if about.get("attribute") is True:
        return "attribute"
    is_bare = isinstance(value, list) and about.get("wrapped") is not True
    return "none" if is_bare else "element"


class _XmlWriter:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._plain: dict[tuple[int, ...], tuple[Parts, Plain]] = {}

    def _schema(self, parts: Parts) -> Plain:
        """The combined schemas.

        They are combined only once, because lists have many items with one schema.
        """
        key = tuple(map(id, parts))
        if key not in self._plain:
            self._plain[key] = parts, next(ways(parts, self._document))
        return self._plain[key][1]

    def root(self, value: Any, schema: Any) -> ET.Element:
        about = _xml_object((schema,), self._document)
        shown = about.get("name") or _name_of_schema((schema,))
        items = _name_of_schema(self._schema((schema,)).item(0)) or shown or "item"
        name = str(shown or "root")
        return self._element(name, value, (schema,), {}, str(items))

    def _element(
        self, name: str, value: Any, parts: Parts, prefixes: _Prefixes, items: str | None = None
    ) -> ET.Element:
        """An element. ``items`` is the name of list items that have no name of their own."""
        about = _xml_object(parts, self._document)
        element = ET.Element("_")
        found = dict(prefixes)
        element.tag = _declared(element, name, about, found)
        if isinstance(value, Mapping):
            self._put_members(element, value, self._schema(parts), found)
        elif isinstance(value, list):
            element.extend(self._items(items or name, value, self._schema(parts).item(0), found))
        elif value is not None:
            element.text = _text(value)
        return element

    def _put_members(
        self,
        element: ET.Element,
        value: Mapping[str, Any],
        plain: Plain,
        prefixes: dict[str | None, str],
    ) -> None:
        for each, one in value.items():
            self._put(element, str(each), one, plain.member(str(each)), prefixes)

    def _put(
        self,
        element: ET.Element,
        name: str,
        value: Any,
        parts: Parts,
        prefixes: dict[str | None, str],
    ) -> None:
        about = _xml_object(parts, self._document)
        own = str(about.get("name") or name)
        node = _node_of(about, value)
        is_simple = not isinstance(value, Mapping | list)
        if node == "attribute" and is_simple:
            if value is not None:
                element.set(
                    _declared(element, own, about, prefixes, of_attribute=True), _text(value)
                )
        elif node in ("text", "cdata") and is_simple:
            element.text = (element.text or "") + ("" if value is None else _text(value))
        elif node == "none" and isinstance(value, list):
            element.extend(self._items(own, value, self._schema(parts).item(0), prefixes))
        elif node == "none" and isinstance(value, Mapping):
            self._put_members(element, value, self._schema(parts), prefixes)
        else:
            element.append(self._element(own, value, parts, prefixes, name))

    def _items(
        self, name: str, values: list[Any], parts: Parts, prefixes: _Prefixes
    ) -> Iterator[ET.Element]:
        own = str(_xml_object(parts, self._document).get("name") or name)
        return (self._element(own, each, parts, prefixes) for each in values)


def _declared(
    element: ET.Element,
    name: str,
    about: Mapping[str, Any],
    prefixes: dict[str | None, str],
    *,
    of_attribute: bool = False,
) -> str:
    """A name with its prefix. The element declares the namespace if it is not declared yet."""
    local, shown = name, about.get("prefix")
    if not shown and ":" in name.strip(":"):
        shown, _, local = name.partition(":")
    prefix = _name(str(shown)) if shown else None
    local = _name(local)
    if prefix == "xml":
        return f"xml:{local}"
    prefix = f"_{prefix}" if prefix == "xmlns" else prefix
    namespace = about.get("namespace")
    is_given = isinstance(namespace, str) and namespace != ""
    if prefix is None and (of_attribute or not is_given):
        return f"_{local}" if of_attribute and local == "xmlns" else local
    given = quote(str(namespace), safe=_IN_AN_ADDRESS) if is_given else None
    uri = given or prefixes.get(prefix, f"urn:{prefix}")
    key = f"xmlns:{prefix}" if prefix else "xmlns"
    if prefixes.get(prefix) != uri and element.get(key) is None:
        element.set(key, _text(uri))
        prefixes[prefix] = uri
    return f"{prefix}:{local}" if prefix else local


_IN_AN_ADDRESS = ":/?#[]@!$&'()*+,;=%"
"""Characters of a URI (RFC 3986 section 2.2). Some XML readers refuse other characters."""

_LETTERS = (
    "A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0131\u0391-\u03a1\u03a3-\u03a9\u03b1-\u03c9"
    "\u0410-\u044f\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5"
)
_UNFIT_IN_NAMES = re.compile(rf"[^{_LETTERS}0-9.\-]")
_FIRST = re.compile(rf"[{_LETTERS}]")
"""Letters that names may have in every edition of XML 1.0. All other characters are replaced."""


def _name(text: str) -> str:
    found = _UNFIT_IN_NAMES.sub("_", text)
    return found if _FIRST.match(found) else f"_{found}"


_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot express."""


def _text(value: Any) -> str:
    return _UNFIT.sub("\ufffd", value if isinstance(value, str) else json.dumps(value))
