"""A form for each call of the control API at ``/docs/try``: Swagger UI.

The package ``fastapi-swagger`` brings the files of Swagger UI. They are sent as they are, and none
of that package's code is imported. The browser asks nobody but the control listener: the page's
policy forbids everything else. Only the paths of :func:`add_viewer` exist, so no path leads to
another file.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mock_sei.web.control.own_files import file_answer

VIEWER_PATH = "/docs/try"

_OWN = Path(__file__).parent / "viewer"
_VIEWER = "fastapi-swagger"

_MEDIA_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript"}

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

Read = Callable[[], bytes]


def add_viewer(app: FastAPI) -> None:
    """Adds the page and its files.

    Our own files are read now: ``mock-sei serve`` answers when it can open no further file. Those
    of Swagger UI are 1.9 MB and are read when a browser asks.
    """
    _add_file(app, VIEWER_PATH, "page.html", _own("page.html"))
    for name in ("page.css", "page.js"):
        _add_file(app, f"/docs/{name}", name, _own(name))
    for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
        _add_file(app, f"/docs/{name}", name, _of_viewer(name))


def _own(name: str) -> Read:
    content = (_OWN / name).read_bytes()
    return lambda: content


def _of_viewer(name: str) -> Read:
    def read() -> bytes:
        spec = find_spec(_VIEWER.replace("-", "_"))
        if spec is None:
            raise _missing(name, f"the Python package {_VIEWER} is not installed")
        for folder in spec.submodule_search_locations or ():
            # The package promises no name of a folder, so all of them are looked into.
            for parent, _, names in os.walk(folder, onerror=_fail):
                if name in names:
                    return Path(parent, name).read_bytes()
        raise _missing(name, f"this version of the Python package {_VIEWER} has none")

    return read


def _fail(error: OSError) -> None:
    raise error


def _missing(name: str, reason: str) -> HTTPException:
    return HTTPException(404, f"no file {name}: {reason}; GET /openapi.json has all calls too")


def _add_file(app: FastAPI, path: str, name: str, read: Read) -> None:
    media_type = _MEDIA_TYPES[Path(name).suffix]

    def answer(request: Request) -> Response:
        return file_answer(request, read(), media_type=media_type, headers=_HEADERS)

    app.add_route(path, answer, methods=["GET"], include_in_schema=False)
