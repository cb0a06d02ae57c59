"""A Postman collection and environment from the products' OpenAPI documents.

Pure functions from documents to the JSON of Postman's formats. Source: the schema of collections
v2.1.0 for names and nesting; Security FAQ for what Postman must be told of certificates.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mock_sei.api_files import EXTENSION
from mock_sei.apis.bodies import ANYTHING, FORM_TYPE
from mock_sei.apis.examples import shown_values
from mock_sei.apis.operations import METHODS
from mock_sei.apis.references import Document

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"

HEADERS = (("AppKey", "{{app_key}}"), ("Authorization", "Bearer {{access_token}}"))

_TOKEN_TESTS = """\
pm.test("a token came", () => pm.response.to.have.status(200));
pm.environment.set("access_token", pm.response.json().access_token);
"""
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
"""Actions whose key an earlier call of the collection was answered with."""

BOUNDARY = "mock-sei-boundary"
_FILE = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="filename"; filename="note.txt"\r\n'
    f"Content-Type: text/plain\r\n\r\nA note.\r\n--{BOUNDARY}--\r\n"
)

Keys = Mapping[str, str]
"""Of a collection of records, the key that examples name."""

Json = dict[str, Any]


def collection(
    documents: Mapping[str, Mapping[str, Any]], token: Sequence[str], keys: Keys
) -> Json:
    """A folder for each product, and before them the token request.

    ``token`` are the names of its form's fields, each a variable of the environment; none where
    the application's grant needs a log-in page, and the environment holds a token instead.
    """
    folders = [_folder(document, keys) for document in documents.values()]
    first = [_token_request(token)] if token else []
    return {
        "info": {"name": "SEI API Platform (mock-sei)", "schema": SCHEMA},
        "item": [*first, *folders],
    }


def environment(name: str, values: Mapping[str, str], secret: Sequence[str]) -> Json:
    """The variables of the collection; those in ``secret`` are shown as dots."""
    return {
        "name": name,
        "values": [
            {"key": key, "value": value, "type": "secret" if key in secret else "default"}
            for key, value in values.items()
        ],
        "_postman_variable_scope": "environment",
    }


def _token_request(fields: Sequence[str]) -> Json:
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
            "url": _url("/v2/oauthtoken", []),
        },
    }


def _folder(document: Mapping[str, Any], keys: Keys) -> Json:
    info = document.get("info") or {}
    items = [
        _call(method, path, _resolved(item, document), keys)
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    items.sort(key=lambda each: each["request"]["method"] == "DELETE")  # what is gone comes last
    return {
        "name": info.get("title", ""),
        "description": info.get("description", ""),
        "item": items,
    }


def _call(method: str, path: str, item: Mapping[str, Any], keys: Keys) -> Json:
    operation = item[method]
    rule = operation.get(EXTENSION) or {}
    parameters = [*item["parameters"], *operation["parameters"]]
    wanted = {group[0] for group in rule.get("requires", ()) if "?" not in group[0]}
    parameters = [
        {**each, "required": True} if each["name"] in wanted else each for each in parameters
    ]
    key = FROM_ANSWERS.get(rule.get("action", "")) or keys.get(rule.get("collection", ""), "")
    headers: list[Json] = [{"key": name, "value": value} for name, value in HEADERS]
    headers += [
        {"key": each["name"], "value": _example(each), "disabled": not each.get("required", False)}
        for each in parameters
        if each.get("in") == "header" and each["name"] not in dict(HEADERS)
    ]
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
        "event": [_test(_CALL_TESTS)],
        "request": request,
    }


def _resolved(item: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A path's methods, their parameters and bodies without references."""
    found = Document(source=Path(), content=document)

    def follow(value: Any) -> Any:
        return found.follow(value, "")

    def parameters(holder: Mapping[str, Any]) -> list[Json]:
        entries = [follow(each) for each in holder.get("parameters") or ()]
        return [{**each, "schema": follow(each.get("schema") or {})} for each in entries]

    resolved: Json = {"parameters": parameters(item)}
    for method in METHODS:
        if method in item:
            body = follow(item[method].get("requestBody") or {})
            media_types = (body.get("content") or {}).items()
            content = {name: dict(follow(media)) for name, media in media_types}
            for media in content.values():
                media["example"] = next(shown_values(media, found), {})
            resolved[method] = {
                **item[method],
                "parameters": parameters(item[method]),
                "requestBody": {"content": content},
            }
    return resolved


def _url(path: str, parameters: Sequence[Mapping[str, Any]], key: str = "") -> Json:
    """Path parameters are ``:name`` in Postman; optional ones of the query are switched off."""
    segments = [
        f":{part[1:-1]}" if part.startswith("{") and part.endswith("}") else part
        for part in path.strip("/").split("/")
    ]
    query = [
        {
            "key": each["name"],
            "value": _example(each),
            "description": each.get("description", ""),
            "disabled": not each.get("required", False),
        }
        for each in parameters
        if each.get("in") == "query"
    ]
    wanted = [each for each in query if not each["disabled"]]
    switched_on = "&".join(f"{each['key']}={each['value']}" for each in wanted)
    return {
        "raw": "{{url}}/" + "/".join(segments) + (f"?{switched_on}" if switched_on else ""),
        "host": ["{{url}}"],
        "path": segments,
        "query": query,
        "variable": [
            {
                "key": each["name"],
                "value": _example(each) or key,
            }
            for each in parameters
            if each.get("in") == "path"
        ],
    }


def _example(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema") or {}
    for found in _examples(parameter, schema):
        return str(found)
    return ""


def _examples(parameter: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Any]:
    for holder in (parameter, schema):
        if "example" in holder:
            yield holder["example"]
    yield from schema.get("examples", ())
    if "default" in schema:
        yield schema["default"]
    yield from schema.get("enum", ())
    yield from (parameter.get(EXTENSION) or {}).get("values", ())


def _body(operation: Mapping[str, Any]) -> tuple[str, str] | None:
    """Media type and text of a request body."""
    content = (operation.get("requestBody") or {}).get("content") or {}
    if not content:
        return None
    media_type, media = next(iter(content.items()))
    if media_type.startswith("multipart/"):
        return f"{media_type}; boundary={BOUNDARY}", _FILE
    found = media["example"]
    if media_type == FORM_TYPE:
        return media_type, urlencode(found)
    media_type = "application/json" if media_type == ANYTHING else media_type
    return media_type, json.dumps(found, indent=2)


def _test(script: str) -> Json:
    return {"listen": "test", "script": {"type": "text/javascript", "exec": script.splitlines()}}
