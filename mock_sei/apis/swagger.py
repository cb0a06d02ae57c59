"""Converts Swagger 2.0 to OpenAPI 3.0, because older portals offer such documents.

What OpenAPI 3.0 cannot express stays unchanged, so that the reader of 3.0 reports its place.
Source: Swagger 2.0; each field is converted as OpenAPI's own migration guide says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mock_sei.apis.bodies import FORM_TYPE, MULTIPART
from mock_sei.apis.grammar import PATH_METHODS, FieldShape, ObjectKind, Pointer, field_of, tokens_of
from mock_sei.apis.styles import ITEM_STYLE

Json = dict[str, Any]

_MOVED = {
    "definitions": ("components", "schemas"),
    "parameters": ("components", "parameters"),
    "responses": ("components", "responses"),
}
"""The places in OpenAPI 3.0 for the parts of Swagger 2.0 that references lead to."""

_STYLES: Mapping[str, Json] = {
    "csv": {"explode": False},
    "multi": {"style": "form", "explode": True},
    "ssv": {"style": "spaceDelimited", "explode": False},
    "pipes": {"style": "pipeDelimited", "explode": False},
    "tsv": {"style": "x-tabDelimited", "explode": False},
}
"""The style for each ``collectionFormat``."""

_OF_A_PARAMETER = frozenset(
    ["name", "in", "required", "description", "allowEmptyValue", "collectionFormat"]
)
"""Fields of a parameter that do not describe its values. All other fields form its schema."""

_FOLLOWED = 20


def is_swagger(content: Mapping[str, Any]) -> bool:
    """Whether a document is Swagger 2.0."""
    return "openapi" not in content and str(content.get("swagger", "")).startswith("2")


def from_swagger(content: Mapping[str, Any]) -> Json:
    """The document as OpenAPI 3.0."""
    return _Conversion(content).whole()


def moved(pointer: Pointer) -> Pointer:
    """The place of a part in OpenAPI 3.0, for its place in Swagger 2.0."""
    return (*_MOVED.get(str(pointer[0]), pointer[:1]), *pointer[1:]) if pointer else pointer


def part_from_swagger(content: Mapping[str, Any], part: Any, kind: ObjectKind) -> Any:
    """A part of another file as OpenAPI 3.0. ``content`` is the document that refers to it."""
    whole = _Conversion(content)
    convert: Mapping[ObjectKind, Callable[[Any], Any]] = {
        ObjectKind.PATH_ITEM: whole.path_item,
        ObjectKind.RESPONSE: whole.response,
        ObjectKind.PARAMETER: _parameter,
        ObjectKind.SCHEMA: _schema,
    }
    return convert[kind](part) if kind in convert else part


class _Conversion:
    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    def whole(self) -> Json:
        content = self._content
        moved = {*_MOVED, "swagger", "paths", "basePath", "host", "schemes", "consumes", "produces"}
        found = {key: each for key, each in content.items() if key not in moved}
        found["openapi"] = "3.0.3"
        found["servers"] = [{"url": content.get("basePath") or "/"}]
        found["paths"] = _each(content.get("paths"), self.path_item)
        parameters = content.get("parameters")
        found["components"] = {
            "schemas": _each(content.get("definitions"), _schema),
            "securitySchemes": found.pop("securityDefinitions", None),
            "parameters": _each(
                {
                    name: each
                    for name, each in (parameters or {}).items()
                    if not isinstance(each, Mapping) or each.get("in") not in ("body", "formData")
                }
                if isinstance(parameters, Mapping | None)
                else parameters,
                _parameter,
            ),
            "responses": _each(content.get("responses"), self.response),
        }
        return found

    def response(self, response: Any) -> Any:
        return self._response(response, self._produced({}))

    def path_item(self, item: Any) -> Any:
        if not isinstance(item, Mapping):
            return item
        found = {**item}
        shared, body = self._split(item.get("parameters"))
        if "parameters" in item:
            found["parameters"] = shared
        for method in PATH_METHODS:
            if isinstance(item.get(method), Mapping):
                found[method] = self._operation(item[method], body)
        return found

    def _operation(self, operation: Mapping[str, Any], shared: list[Json]) -> Json:
        found = {k: each for k, each in operation.items() if k not in ("consumes", "produces")}
        parameters, own = self._split(operation.get("parameters"))
        if "parameters" in operation:
            found["parameters"] = parameters
        names = {(each.get("in"), str(each.get("name"))) for each in own}
        fields = [
            each for each in shared if (each.get("in"), str(each.get("name"))) not in names
        ] + own
        if fields:
            found["requestBody"] = self._body(fields, operation)
        produced = self._produced(operation)
        found["responses"] = _each(
            operation.get("responses"), lambda each: self._response(each, produced)
        )
        return found

    def _split(self, parameters: Any) -> tuple[Any, list[Json]]:
        """The parameters that remain parameters, and those that become a body."""
        if not isinstance(parameters, list):
            return parameters, []
        kept: list[Any] = []
        body: list[Json] = []
        for each in parameters:
            found = self._followed(each, "parameters")
            if isinstance(found, Mapping) and found.get("in") in ("body", "formData"):
                body.append(dict(found))
            else:
                kept.append(_parameter(each))
        return kept, body

    def _followed(self, value: Any, section: str) -> Any:
        """The value, or the target of its reference into a section of the document."""
        for _ in range(_FOLLOWED):
            reference = value.get("$ref") if isinstance(value, Mapping) else None
            if not isinstance(reference, str) or not reference.startswith(f"#/{section}/"):
                break
            entries = self._content.get(section)
            name = tokens_of(reference)[1]
            if not isinstance(entries, Mapping) or name not in entries:
                break
            value = entries[name]
        return value

    def _body(self, fields: list[Json], operation: Mapping[str, Any]) -> Json:
        consumed = operation.get("consumes", self._content.get("consumes"))
        types = _texts(consumed)
        whole = next((each for each in fields if each.get("in") == "body"), None)
        if whole is not None:
            media: Json = {"schema": _schema(whole.get("schema") or {})}
            kept = {k: each for k, each in whole.items() if k in ("description", "required")}
            return {**kept, "content": dict.fromkeys(types or ["application/json"], media)}
        has_file = any(each.get("type") == "file" for each in fields)
        known = (MULTIPART,) if has_file else (FORM_TYPE, MULTIPART)
        forms = [each for each in types if each.partition(";")[0] in known]
        required = [each.get("name") for each in fields if each.get("required") is True]
        schema: Json = {
            "type": "object",
            "properties": {str(each.get("name")): _field(each) for each in fields},
        }
        if required:
            schema["required"] = required
        encoding = _encoding(fields)
        media = {"schema": schema} | ({"encoding": encoding} if encoding else {})
        content = dict.fromkeys(forms or [MULTIPART if has_file else FORM_TYPE], media)
        return {"required": bool(required), "content": content}

    def _produced(self, operation: Mapping[str, Any]) -> list[str]:
        found = _texts(operation.get("produces", self._content.get("produces")))
        return found or ["application/json"]

    def _response(self, response: Any, types: list[str]) -> Any:
        followed = self._followed(response, "responses")
        if not isinstance(followed, Mapping) or "$ref" in followed:
            return followed
        found = {k: each for k, each in followed.items() if k not in ("schema", "examples")}
        if "headers" in found:
            found["headers"] = _each(found["headers"], _header)
        examples = followed.get("examples")
        examples = examples if isinstance(examples, Mapping) else {}
        if "schema" in followed:
            schema = _schema(followed["schema"])
            found["content"] = {each: {"schema": schema} for each in types}
        for media_type, example in examples.items():
            media = found.setdefault("content", {}).setdefault(str(media_type), {})
            media["example"] = example
        return found


def _parameter(parameter: Any) -> Any:
    if not isinstance(parameter, Mapping):
        return parameter
    if "$ref" in parameter:
        return parameter
    kept = {
        key: each
        for key, each in parameter.items()
        if key in _OF_A_PARAMETER - {"collectionFormat"} or str(key).startswith("x-")
    }
    found = {**kept, "schema": _schema_of(parameter)}
    if parameter.get("type") == "array":
        found |= _STYLES.get(str(parameter.get("collectionFormat", "csv")), {"explode": False})
    return found


def _encoding(fields: Iterable[Json]) -> Json:
    """How the arrays of a form are written."""
    return {
        str(each.get("name")): _STYLES.get(str(each.get("collectionFormat", "csv")), _STYLES["csv"])
        for each in fields
        if each.get("type") == "array"
    }


def _field(field: Json) -> Any:
    """The schema of a field of a form. With ``allowEmptyValue`` it may be empty."""
    schema = _schema_of(field)
    return {"anyOf": [schema, {"enum": [""]}]} if field.get("allowEmptyValue") is True else schema


def _header(header: Any) -> Any:
    if not isinstance(header, Mapping):
        return header
    kept = {"description": header["description"]} if "description" in header else {}
    return {**kept, "schema": _schema_of(header)}


def _schema_of(parameter: Mapping[str, Any]) -> Any:
    """The schema inside a parameter, an item or a header."""
    return _schema({key: each for key, each in parameter.items() if key not in _OF_A_PARAMETER})


def _schema(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    found: Json = {}
    for key, each in schema.items():
        shape, kind = field_of(ObjectKind.SCHEMA, str(key))
        if kind is not ObjectKind.SCHEMA:
            found[key] = each
        elif shape is FieldShape.ONE:
            found[key] = _schema(each)
        elif shape is FieldShape.LIST:
            found[key] = [_schema(one) for one in each] if isinstance(each, list) else each
        else:
            found[key] = _each(each, _schema)
    if found.get("type") == "file":
        found |= {"type": "string", "format": "binary"}
    if isinstance(found.get("discriminator"), str):
        found["discriminator"] = {"propertyName": found["discriminator"]}
    if found.get("x-nullable") is True:
        found.setdefault("nullable", True)
    style = _STYLES.get(str(found.pop("collectionFormat", None)), {}).get("style")
    if style is not None and style != "form":
        found[ITEM_STYLE] = style
    return found


def _each(entries: Any, convert: Callable[[Any], Any]) -> Any:
    if not isinstance(entries, Mapping):
        return entries
    return {
        name: each if str(name).startswith("x-") and convert is not _schema else convert(each)
        for name, each in entries.items()
    }


def _texts(value: Any) -> list[str]:
    entries: Iterable[Any] = value if isinstance(value, list) else ()
    return [each for each in entries if isinstance(each, str)]
