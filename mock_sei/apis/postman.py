"""Makes a Postman collection and environment from the products' OpenAPI documents.

All functions are pure. Source: the schema of collections v2.1.0 for names and nesting; Security FAQ
for what Postman must know about certificates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from mock_sei.apis.bodies import ANYTHING, FORM_TYPE
from mock_sei.apis.directions import for_requests
from mock_sei.apis.examples import shown_values
from mock_sei.apis.operations import FORM, METHODS
from mock_sei.apis.paths import called
from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample
from mock_sei.apis.servers import own_base
from mock_sei.apis.styles import Spelling, spelling_of, text_of
from mock_sei.assumptions.table import DEFAULTS, Assumptions
from mock_sei.document_files import EXTENSION

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

HEADERS = (("AppKey", "{{app_key}}"), ("Authorization", "Bearer {{access_token}}"))

_TOKEN_TESTS = """\
pm.test("a token came", () => pm.response.to.have.status(200));
pm.environment.set("access_token", pm.response.json().access_token);
"""
_TRACKING = DEFAULTS.request.tracking_header
_CALL_TESTS = """\
pm.test("the call was let in", () => pm.expect(pm.response.code).to.be.below(400));
pm.test("the answer can be traced", () => pm.response.to.have.header("RequestTrackingId"));
if ((pm.response.headers.get("Content-Type") || "").includes("json")) {
  const { jobStatusQueryKey, requestId } = pm.response.json();
  if (jobStatusQueryKey) pm.environment.set("jobStatusQueryKey", jobStatusQueryKey);
  if (requestId) pm.environment.set("requestId", requestId);
}
"""

FROM_ANSWERS = {"job-status": "{{jobStatusQueryKey}}", "collect-report": "{{requestId}}"}
"""Actions whose key comes from the answer to an earlier call of the collection."""

BOUNDARY = "mock-sei-boundary"
_FILE = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="filename"; filename="note.txt"\r\n'
    f"Content-Type: text/plain\r\n\r\nA note.\r\n--{BOUNDARY}--\r\n"
)

Keys = Mapping[str, str]
"""The key that examples use, by the name of the collection of records."""

Json = dict[str, Any]


def collection(
    documents: Mapping[str, Mapping[str, Any]],
    token: Sequence[str],
    keys: Keys,
    assumed: Assumptions = DEFAULTS,
) -> Json:
    """A Postman collection: the token request, then a folder for each product.

    ``token`` are the field names of the token request's form. Each is also a variable of the
    environment. It is empty if the application's grant needs a log-in page; then the environment
    holds a token. ``assumed`` has the paths and names on the wire.
    """
    folders = [_folder(document, keys, assumed) for document in documents.values()]
    first = [_token_request(token, assumed.path.token)] if token else []
    return {
        "info": {"name": "SEI API Platform (mock-sei)", "schema": SCHEMA},
        "item": [*first, *folders],
    }


def environment(name: str, values: Mapping[str, str], secret: Sequence[str]) -> Json:
    """The variables of the collection. Postman shows those in ``secret`` as dots."""
    return {
        "name": name,
        "values": [
            {"key": key, "value": value, "type": "secret" if key in secret else "default"}
            for key, value in values.items()
        ],
        "_postman_variable_scope": "environment",
    }


def _token_request(fields: Sequence[str], path: str) -> Json:
    pair = [
        {"key": key, "value": f"{{{{{value}}}}}", "type": "string"}
        for key, value in (("username", "app_key"), ("password", "app_secret"))
    ]
    form = [{"key": each, "value": f"{{{{{each}}}}}", "type": "text"} for each in fields]
    return {
        "name": "Token",
        "event": [_test(_TOKEN_TESTS)],
        "request": {
            "method": "POST",
            "auth": {"type": "basic", "basic": pair},
            "header": [],
            "body": {"mode": "urlencoded", "urlencoded": form},
            "url": _url(path, []),
        },
    }


def _always(name: str, value: str) -> Json:
    """A pair in the query of a path template, as a parameter."""
    return {"name": name, "in": "query", "required": True, "schema": {"enum": [value]}}


def _base(document: Mapping[str, Any], item: Mapping[str, Any], method: str) -> str:
    """The path of an operation's own server, or of its path item's, or of the document's."""
    holders = (item[method], item, document)
    return own_base([(each.get("servers"), "servers") for each in holders], Path()) or ""


_STATUS = "/v1/{appName}/status/{key}"
"""The path of the one operation of the products that an assumption can move."""


def _folder(document: Mapping[str, Any], keys: Keys, assumed: Assumptions) -> Json:
    info = document.get("info") or {}
    whole = Document(source=Path(), content=document)
    items = []
    for template, entry in (document.get("paths") or {}).items():
        if not template.startswith("/"):
            continue
        path, fixed = called(template)
        item = _resolved(whole.follow(entry, template), whole)
        always = [_always(*each) for each in fixed]
        item = {**item, "parameters": [*(item.get("parameters") or ()), *always]}
        items += [
            _call(method, _base(document, item, method) + path, item, keys, assumed)
            for method in METHODS
            if method in item
        ]
    # Deletes come last, because later calls cannot use a deleted record.
    items.sort(key=lambda each: each["request"]["method"] == "DELETE")
    return {
        "name": info.get("title", ""),
        "description": info.get("description", ""),
        "item": items,
    }


def _renamed(parameter: Json, assumed: Assumptions) -> Json:
    """A parameter of an operation on records, as it is called on the wire."""
    wire = {"limit": assumed.paging.limit, "cursor": assumed.paging.cursor}
    name = parameter["name"]
    return {**parameter, "name": wire.get(name, name)} if parameter["in"] == "query" else parameter


def _call(
    method: str, path: str, item: Mapping[str, Any], keys: Keys, assumed: Assumptions
) -> Json:
    operation = item[method]
    rule = operation.get(EXTENSION) or {}
    own = {(each["in"], each["name"]) for each in operation["parameters"]}
    shared = [each for each in item["parameters"] if (each["in"], each["name"]) not in own]
    parameters = [*shared, *operation["parameters"]]
    wanted = {group[0] for group in rule.get("requires", ()) if "?" not in group[0]}
    parameters = [
        {**each, "required": True} if each["name"] in wanted else each for each in parameters
    ]
    if rule:
        parameters = [_renamed(each, assumed) for each in parameters]
    moved = assumed.path.insight_status
    if path == _STATUS and moved != DEFAULTS.path.insight_status:
        path = moved
        parameters = [each for each in parameters if each["name"] != "appName"]
    key = FROM_ANSWERS.get(rule.get("action", "")) or keys.get(rule.get("collection", ""), "")
    headers: list[Json] = [{"key": name, "value": value} for name, value in HEADERS]
    headers += [
        {
            "key": each["name"],
            "value": _text(each),
            "disabled": not each.get("required", False),
        }
        for each in parameters
        if each["in"] == "header" and each["name"] not in dict(HEADERS)
    ]
    cookies = [each for each in parameters if each["in"] == "cookie" and each.get("required")]
    if cookies:
        pairs = [
            f"{name}={text if each.get('style') == 'cookie' else quote(text)}"
            for each in cookies
            for name, text in _pairs(each)
        ]
        headers.append({"key": "Cookie", "value": "; ".join(pairs), "disabled": False})
    request: Json = {
        "method": method.upper(),
        "description": operation.get("summary", ""),
        "url": _url(path, parameters, key),
        "header": headers,
    }
    body = _body(operation)
    if body is not None:
        media_type, text = body
        headers[:] = [each for each in headers if each["key"].lower() != "content-type"]
        headers.append({"key": "Content-Type", "value": media_type})
        request["body"] = {"mode": "raw", "raw": text}
    return {
        "name": f"{method.upper()} {path}",
        "event": [_test(_CALL_TESTS.replace(_TRACKING, assumed.request.tracking_header))],
        "request": request,
    }


def _resolved(item: Mapping[str, Any], document: Document) -> Mapping[str, Any]:
    """The methods of a path with their parameters and bodies, without references and with the
    values to send."""

    def follow(value: Any) -> Any:
        return document.follow(value, "")

    def parameters(holder: Mapping[str, Any]) -> list[Json]:
        entries = [follow(each) for each in holder.get("parameters") or ()]
        return [_with_example(each, document) for each in entries if "name" in each]

    resolved: Json = {"parameters": parameters(item)}
    for method in METHODS:
        if method in item:
            body = follow(item[method].get("requestBody") or {})
            media_types = (body.get("content") or {}).items()
            content = {name: dict(follow(media)) for name, media in media_types}
            for media in content.values():
                media["example"] = _shown(media, document)
            resolved[method] = {
                **item[method],
                "parameters": parameters(item[method]),
                "requestBody": {"content": content},
            }
    return resolved


def _with_example(parameter: Mapping[str, Any], document: Document) -> Json:
    """A parameter with the value to send.

    The value of a required parameter is made if there is no example.
    """
    schema = document.follow(parameter.get("schema") or {}, "")
    schema = schema if isinstance(schema, Mapping) else {}
    content = parameter.get("content") or {}
    if content:
        media = document.follow(next(iter(content.values())), "")
        return {**parameter, "schema": schema, _SENT: _shown(media, document)}
    for found in _examples(parameter, schema):
        return {**parameter, "schema": schema, _SENT: found}
    if parameter.get("required") and parameter["in"] != "path" and schema:
        return {**parameter, "schema": schema, _SENT: sample(schema, document).value}
    return {**parameter, "schema": schema, _MADE: sample(schema, document).value if schema else ""}


_SENT = "x-mock-sei-sent"
_MADE = "x-mock-sei-made"
"""Keys of a parameter: the value to send, and a made value that fits the schema."""


def _shown(media: Mapping[str, Any], document: Document) -> Any:
    """The example of a media type, or else a value that fits its schema."""
    for found in shown_values(media, document):
        return found
    if "schema" not in media:
        return {}
    in_requests, schema = for_requests(document, media["schema"])
    return sample(schema, in_requests).value


def _spelling(parameter: Mapping[str, Any]) -> Spelling:
    place, style, explode = parameter["in"], parameter.get("style"), parameter.get("explode")
    return spelling_of(parameter["name"], place, style, explode)


def _text(parameter: Mapping[str, Any]) -> str:
    """The value to send in a path or a header; empty if none is known."""
    if _SENT not in parameter:
        return ""
    if "content" in parameter:
        return text_of(parameter[_SENT])
    return _spelling(parameter).text(parameter[_SENT])


def _pairs(parameter: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The pairs to send in a query or a cookie."""
    if _SENT not in parameter:
        return [(parameter["name"], "")]
    if "content" in parameter:
        return [(parameter["name"], text_of(parameter[_SENT]))]
    return _spelling(parameter).pairs(parameter[_SENT])


_IN_PATH = re.compile(r"\{([^{}]+)\}")


def _url(path: str, parameters: Sequence[Mapping[str, Any]], key: str = "") -> Json:
    """A URL of Postman. Path parameters are ``:name``. Optional query parameters are switched off.

    In a path segment with more than one parameter, Postman knows no parameters.
    """
    in_path = [each for each in parameters if each["in"] == "path"]
    values = {
        each["name"]: _text(each) or key or _text({_SENT: each.get(_MADE, ""), **each})
        for each in in_path
    }
    parts = path.strip("/").split("/")
    whole = [each for each in parts if _IN_PATH.fullmatch(each)]
    segments = [
        f":{part[1:-1]}"
        if part in whole
        else _IN_PATH.sub(lambda found: quote(values.get(found[1], "")), part)
        for part in parts
    ]
    query = [
        {
            "key": name,
            "value": text,
            "description": each.get("description", ""),
            "disabled": not each.get("required", False),
        }
        for each in parameters
        if each["in"] == "query"
        for name, text in _pairs(each)
    ]
    wanted = [each for each in query if not each["disabled"]]
    switched_on = "&".join(f"{each['key']}={each['value']}" for each in wanted)
    return {
        "raw": "{{url}}/" + "/".join(segments) + (f"?{switched_on}" if switched_on else ""),
        "host": ["{{url}}"],
        "path": segments,
        "query": query,
        "variable": [
            {"key": name, "value": text} for name, text in values.items() if f"{{{name}}}" in whole
        ],
    }


def _examples(parameter: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Any]:
    for holder in (parameter, schema):
        if "example" in holder:
            yield holder["example"]
    named = parameter.get("examples")
    for each in named.values() if isinstance(named, Mapping) else ():
        if isinstance(each, Mapping) and "value" in each:
            yield each["value"]
    yield from schema.get("examples", ())
    if "default" in schema:
        yield schema["default"]
    yield from schema.get("enum", ())
    yield from (parameter.get(EXTENSION) or {}).get("values", ())


def _body(operation: Mapping[str, Any]) -> tuple[str, str] | None:
    """The media type and the text of a request body."""
    content = (operation.get("requestBody") or {}).get("content") or {}
    if not content:
        return None
    media_type, media = next(iter(content.items()))
    found = media["example"]
    if media_type.startswith("multipart/"):
        text = _FILE if EXTENSION in operation or not found else _parts(found, media)
        return f"{media_type}; boundary={BOUNDARY}", text
    if media_type == FORM_TYPE and isinstance(found, Mapping):
        encoding = media.get("encoding") or {}
        return media_type, urlencode(
            [pair for name, each in found.items() for pair in _field(name, each, encoding)]
        )
    media_type = "application/json" if media_type == ANYTHING else media_type
    if media_type.startswith("text/"):
        return media_type, text_of(found)
    return media_type, json.dumps(found, indent=2)


def _field(name: str, value: Any, encoding: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A field of a form. An object without a style is JSON (OpenAPI, encoding)."""
    written = encoding.get(name) or {}
    if "style" not in written and isinstance(value, Mapping):
        return [(name, text_of(value))]
    return spelling_of(name, FORM, written.get("style"), written.get("explode")).pairs(value)


def _parts(found: Mapping[str, Any], media: Mapping[str, Any]) -> str:
    """The parts of a multipart body. A field that is binary by its schema is sent as a file."""
    schema = media.get("schema") or {}
    known = schema.get("properties") or {}
    lines = []
    for name, value in found.items():
        items = value if isinstance(value, list) else [value]
        is_file = isinstance(known.get(name), Mapping) and known[name].get("format") == "binary"
        more = '; filename="note.txt"' if is_file else ""
        lines += [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
            f"{text_of(each)}\r\n"
            for each in items
        ]
    return f"{''.join(lines)}--{BOUNDARY}--\r\n"


def _test(script: str) -> Json:
    return {"listen": "test", "script": {"type": "text/javascript", "exec": script.splitlines()}}
