"""Checks request bodies of users' operations, which answer from examples, against their schema.

JSON is checked as it is. Forms and multipart bodies are checked as the object of their fields,
texts as the value that they spell. Bodies of other media types are not checked; ``unchecked.py``
reports that when a document is read. Source: OpenAPI 3.0.4 section 4.7.14 and 3.1.1 section 4.8.14
(request bodies), 4.8.15 (encoding).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

from mock_sei.apis.bodies import (
    FORM_TYPE,
    MULTIPART,
    body_schema,
    find_faults,
    is_json,
    media_type_of,
    parse_json,
    read_json,
)
from mock_sei.apis.directions import for_requests
from mock_sei.apis.heads import find_codec, parameters_of
from mock_sei.apis.multipart import FormPart, read_form_parts
from mock_sei.apis.operations import FORM, Operation, Parameter
from mock_sei.apis.parameters import Sent, gathered, takes_any_member
from mock_sei.apis.patterns import Budget
from mock_sei.apis.references import Document
from mock_sei.apis.spooled import Body
from mock_sei.apis.styles import Spelling, find_style
from mock_sei.apis.typed_texts import Texts
from mock_sei.apis.ways import ANYTHING, Way, ways_of
from mock_sei.errors import InvalidValue, MalformedRequest
from mock_sei.values.cached import cached_property

MOST_FORM_FIELDS = 1000
LARGEST_TEXT = 1024 * 1024
"""The most bytes of a text, and of all fields of a multipart body that are not files. For a larger
one, the journal says that it was not checked."""


@dataclass(frozen=True, kw_only=True)
class _Body:
    """A body together with the schema to check it against."""

    operation: Operation
    body: Body
    content_type: str
    media_type: str
    """The operation's media type, as the document writes it."""
    budget: Budget
    notes: list[str]

    @property
    def document(self) -> Document:
        return self._directed[0]

    @property
    def schema(self) -> Any:
        return self._directed[1]

    @cached_property
    def _directed(self) -> tuple[Document, Any]:
        return for_requests(self.operation.document, body_schema(self.operation, self.media_type))

    @cached_property
    def encoding(self) -> Mapping[str, Any]:
        """The encoding of each field, by the field's name."""
        document, place = self.operation.document, self.operation.name
        body = document.follow(self.operation.raw["requestBody"], place)
        found = document.follow(body["content"][self.media_type], place).get("encoding")
        entries = found.items() if isinstance(found, Mapping) else ()
        return {name: each for name, each in entries if isinstance(each, Mapping)}

    def texts(self, name: str = "", style: str = "form", *, explode: bool = True) -> Texts:
        spelling = Spelling(name=name, style=style, explode=explode)
        return Texts(
            document=self.document,
            budget=self.budget,
            spelling=spelling,
            is_query=media_type_of(self.content_type or self.media_type) == FORM_TYPE,
        )


def check_body(
    operation: Operation,
    body: Body,
    content_type: str | None,
    media_type: str,
    budget: Budget,
    notes: list[str],
) -> None:
    """Checks a body against the schema of ``media_type``, as the document writes that media type.

    ``notes`` gets what is not checked, and deviations that are not refused. Raises
    :class:`MalformedRequest`.
    """
    found = find_check(media_type_of(content_type) or media_type_of(media_type))
    if found is not None:
        sent = _Body(
            operation=operation,
            body=body,
            content_type=content_type or "",
            media_type=media_type,
            budget=budget,
            notes=notes,
        )
        found(sent)


def find_check(media_type: str) -> Callable[[_Body], None] | None:
    """The function that checks bodies of a media type against their schema, or None if there is
    none."""
    if is_json(media_type):
        return _check_json
    if media_type.startswith("text/") and media_type not in _NO_TEXTS:
        return _check_text
    return {FORM_TYPE: _check_form, MULTIPART: _check_multipart}.get(media_type)


def may_be_empty(content_type: str | None) -> bool:
    """Whether an empty body is valid for this media type: a form without fields, or an empty
    text."""
    return find_check(media_type_of(content_type)) in (_check_form, _check_text)


_NO_TEXTS = frozenset({"text/xml", "text/csv"})


def may_be_text(document: Document, schema: Any) -> bool:
    """Whether a text can spell a value of the schema. No rule says how a text spells an object."""
    ways = ways_of(document, schema)
    return any(way.is_open or way.kinds - {"array", "object"} for way in ways)


def _check_json(sent: _Body) -> None:
    read_json(sent.operation, sent.body.read(), sent.media_type, sent.budget)


def _check_text(sent: _Body) -> None:
    if not may_be_text(sent.document, sent.schema):
        return
    if sent.body.size > LARGEST_TEXT:
        sent.notes.append(
            f"the body has {sent.body.size} bytes; a text of more than {LARGEST_TEXT} bytes is not "
            "checked against its schema"
        )
        return
    charset = parameters_of(sent.content_type).get("charset", "utf-8")
    codec = find_codec(charset)
    try:
        if codec is None:
            raise LookupError
        text = sent.body.read().decode(codec)
    except (LookupError, ValueError):
        reason = f"not a text in the character set {charset[:40]}"
        raise MalformedRequest([InvalidValue("", "body", reason)]) from None
    _, problems = sent.texts().best([text], sent.schema, is_top=True)
    if problems:
        raise MalformedRequest([InvalidValue("", "body", each) for each in problems])


def _check_form(sent: _Body) -> None:
    try:
        text = sent.body.read().decode("utf-8")
        fields = parse_qs(
            text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FORM_FIELDS
        )
    except UnicodeError:
        raise MalformedRequest([InvalidValue("", "body", "not a form: it is not UTF-8")]) from None
    except ValueError:
        reason = f"the form has more than {MOST_FORM_FIELDS} fields"
        raise MalformedRequest([InvalidValue("", "body", reason)]) from None
    _Fields(sent).check(fields)


def _check_multipart(sent: _Body) -> None:
    texts: dict[str, list[str]] = {}
    json_texts: dict[str, list[FormPart]] = {}
    files: dict[str, int] = {}
    unread: dict[str, None] = {}
    faults: list[InvalidValue] = []
    left = LARGEST_TEXT
    encoding = sent.encoding
    for part in read_form_parts(sent.body, sent.content_type):
        if not part.name:
            continue
        written = encoding.get(part.name, {})
        faults += _faults_of_headers(part, written, sent)
        _note_media_type(part, written, sent)
        in_json = is_json(part.media_type) or (
            is_json(str(written.get("contentType"))) and not part.file_name
        )
        is_text = part.file_name is None and part.media_type.startswith("text/")
        if in_json or is_text:
            left -= part.content.size
        if left < 0 and (in_json or is_text):
            unread[part.name] = None
        if left < 0 or not (in_json or is_text):
            files[part.name] = files.get(part.name, 0) + 1
        elif in_json:
            json_texts.setdefault(part.name, []).append(part)
        else:
            text = part.content.read().decode(errors="replace")
            texts.setdefault(part.name, []).append(text)
    if unread:
        sent.notes.append(
            f"the fields of the body have more than {LARGEST_TEXT} bytes in total; not checked "
            f"against the schema: {', '.join(list(unread)[:_MOST_NAMED])}"
        )
    _Fields(sent, faults).check(texts, json_texts, files)


_MOST_NAMED = 20


def _note_media_type(part: FormPart, written: Mapping[str, Any], sent: _Body) -> None:
    """Notes a file whose media type is not the declared one.

    Most servers accept that, so it is not refused.
    """
    wanted = [media_type_of(each) for each in str(written.get("contentType") or "").split(",")]
    if not wanted[0] or "content-type" not in part.headers:
        return
    if not any(fnmatchcase(part.media_type, each) for each in wanted):
        sent.notes.append(
            f"the part {part.name} has the media type {part.media_type}; the document declares "
            f"{' or '.join(wanted)}"
        )


def _faults_of_headers(
    part: FormPart, written: Mapping[str, Any], sent: _Body
) -> Iterator[InvalidValue]:
    """What is wrong in the headers of a part.

    They are checked like headers of a response. ``Content-Type`` is checked elsewhere.
    """
    declared = written.get("headers")
    for name, entry in declared.items() if isinstance(declared, Mapping) else ():
        header = sent.document.follow(entry, "headers")
        if name.lower() == "content-type" or not isinstance(header, Mapping):
            continue
        text = part.headers.get(name.lower())
        if text is None:
            if header.get("required") is True:
                yield InvalidValue(part.name, FORM, f"its header {name} is required and missing")
        elif "schema" in header:
            reader = sent.texts(name, "simple", explode=header.get("explode") is True)
            _, problems = reader.best([text], header["schema"], is_top=True)
            for each in problems[:1]:
                yield InvalidValue(part.name, FORM, f"its header {name}: {each}")


class _Fields:
    """The fields of one form, read as the object that its schema describes."""

    def __init__(self, sent: _Body, faults: Sequence[InvalidValue] = ()) -> None:
        self._sent = sent
        self._encoding = sent.encoding
        self._ways = ways_of(sent.document, sent.schema)
        self._value: dict[str, Any] = {}
        self._faults = list(faults)

    def check(
        self,
        texts: Mapping[str, Sequence[str]],
        json_texts: Mapping[str, Sequence[FormPart]] | None = None,
        files: Mapping[str, int] | None = None,
    ) -> None:
        """Checks all fields.

        ``files`` has the number of files of each name; their content is not checked. Raises
        :class:`MalformedRequest`.
        """
        if not any(way.wants("object") or way.is_open for way in self._ways):
            if self._faults:
                raise MalformedRequest(self._faults)
            return
        found, others = gathered(self._parameters, texts, self._sent.document)
        scattered, others = self._scattered({each.name for each, _ in found}, texts, others)
        for parameter, came in (*found, *scattered):
            self._read(parameter, came)
        for name in others:
            self._read(self._parameter(name), Sent(texts=texts[name]))
        for name, parts in (json_texts or {}).items():
            self._put(name, [self._of_json(name, part) for part in parts])
        for name, count in (files or {}).items():
            self._put(name, [""] * count)
        self._faults += self._misfits(files or {})
        if self._faults:
            raise MalformedRequest(self._faults)

    def _scattered(
        self, found: set[str], texts: Mapping[str, Sequence[str]], others: Sequence[str]
    ) -> tuple[list[tuple[Parameter, Sent]], Sequence[str]]:
        """Objects whose members were sent as separate fields, under names that no declared field
        has."""
        left = [
            replace(each, style="form", explode=True)
            for each in self._parameters
            if each.name not in found
            and "style" not in self._encoding.get(each.name, {})
            and self._wants(each.schema, "object")
            and not takes_any_member(each, self._sent.document)
        ]
        return gathered(left, {name: texts[name] for name in others}, self._sent.document)

    def _misfits(self, files: Mapping[str, int]) -> list[InvalidValue]:
        sent, wrong = self._sent, {each.field for each in self._faults}
        return [
            each
            for each in find_faults(sent.operation, self._value, sent.media_type, sent.budget)
            if (name := each.field.partition(".")[0]) not in wrong
            and not (name in files and "missing" not in each.reason)
        ]

    def _put(self, name: str, values: Sequence[Any]) -> None:
        """Stores one value, or an array of values."""
        several = len(values) > 1 or self._wants(self._schema(name), "array")
        is_array = len(values) == 1 and isinstance(values[0], list)
        self._value[name] = values[0] if is_array or not several else list(values)

    def _of_json(self, name: str, part: FormPart) -> Any:
        try:
            return parse_json(part.content.read())
        except MalformedRequest as error:
            self._faults.append(InvalidValue(name, "body", error.faults[0].reason))
            return None

    def _read(self, parameter: Parameter, came: Sent) -> None:
        name, texts = parameter.name, came.texts
        if self._is_json(parameter, texts):
            try:
                self._value[name] = parse_json(texts[0].encode(errors="replace"))
            except MalformedRequest as error:
                self._faults.append(InvalidValue(name, "body", error.faults[0].reason))
            return
        reader = self._sent.texts(
            name, parameter.spelling.style, explode=parameter.spelling.explode
        )
        try:
            self._value[name], problems = reader.best(came.tree(), parameter.schema)
        except ValueError as error:
            problems = [str(error)]
        self._faults += [InvalidValue(name, "body", each) for each in problems[:1]]

    def _is_json(self, parameter: Parameter, texts: Sequence[str]) -> bool:
        """Whether a field is sent as JSON.

        An object is JSON unless its encoding gives a style (OpenAPI).
        """
        if len(texts) != 1:
            return False
        if is_json(parameter.content):
            return True
        begins = texts[0].lstrip()[:1]
        wanted = {"{": "object", "[": "array"}.get(begins)
        return wanted is not None and self._wants(parameter.schema, wanted)

    def _wants(self, schema: Any, kind: str) -> bool:
        return any(each.wants(kind) for each in ways_of(self._sent.document, schema))

    @cached_property
    def _parameters(self) -> list[Parameter]:
        names = dict.fromkeys(name for way in self._ways for name in way.members)
        return [self._parameter(name) for name in names]

    def _parameter(self, name: str) -> Parameter:
        """A field of the form as a parameter whose place is the body."""
        written = self._encoding.get(name, {})
        style, explode = find_style(written.get("style"), FORM), written.get("explode")
        schema = self._schema(name)
        if style is None and self._wants(schema, "object"):
            style = "deepObject"  # so its members are not taken for fields of the form
        content = written.get("contentType")
        return Parameter(
            name=name,
            place=FORM,
            required=False,
            description="",
            schema=schema if isinstance(schema, Mapping) else ANYTHING,
            style=style,
            explode=explode if isinstance(explode, bool) else None,
            content=str(content) if content and "style" not in written else None,
        )

    def _schema(self, name: str) -> Any:
        return next(filter(None, (_member(name, way) for way in self._ways)), None)


def _member(name: str, way: Way) -> Any:
    return way.members.get(name, way.others)
