"""The control API's reference as one page: rendered here, since a mock has no network for a CDN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c2733; }}
section {{ border-top: 1px solid #d5dde5; padding: .8rem 0; }}
h2 {{ font: 600 1rem ui-monospace, monospace; margin: 0; }}
p {{ margin: .3rem 0; }}
dl {{ margin: .3rem 0 0 1rem; }}
dt {{ font-family: ui-monospace, monospace; }}
dd {{ margin: 0 0 .2rem 1rem; color: #4a5b6c; }}
</style>
<h1>{title} {version}</h1>
<p>For machines: <a href="/openapi.json">openapi.json</a></p>
{calls}
</html>
"""


def reference_page(document: Mapping[str, Any]) -> str:
    """HTML of an OpenAPI document: each call, its parameters, its body's fields."""
    info = document["info"]
    calls = "\n".join(
        _call(method, path, operation, document)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    )
    return _PAGE.format(title=escape(info["title"]), version=escape(info["version"]), calls=calls)


def _call(method: str, path: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    text = operation.get("description") or operation.get("summary", "")
    fields = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(about)}</dd>"
        for name, about in _fields(operation, document)
    )
    return (
        f"<section><h2>{method.upper()} {escape(path)}</h2><p>{escape(text)}</p>"
        f"{f'<dl>{fields}</dl>' if fields else ''}</section>"
    )


def _fields(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for parameter in operation.get("parameters", ()):
        yield parameter["name"], parameter.get("description") or f"in the {parameter['in']}"
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for schema in _schemas(content.get("schema", {}), document):
        for name, member in schema.get("properties", {}).items():
            yield name, member.get("description") or "in the body"


def _schemas(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A body's schema, or those it is one of, references resolved."""
    for each in schema.get("anyOf", (schema,)):
        name = each.get("$ref", "").rpartition("/")[2]
        yield document["components"]["schemas"][name] if name else each
