"""The records behind the functional APIs, by collection."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI, Query
from starlette.responses import Response

from mock_sei.web.control.models import Here
from mock_sei.web.refusals import JsonResponse

MOST_SHOWN = 10_000
"""Records of one answer."""

Records = Annotated[list[Any] | dict[str, Any], Body(description="a record, or a list of them")]


def add_data_calls(app: FastAPI) -> None:
    @app.get("/data", summary="How many records each collection has")
    def collections(platform: Here) -> dict[str, int]:
        data = platform.data
        return {name: data.size(name) for name in data.names}

    @app.get("/data-keys", summary="Of each collection, the key of its first record")
    def first_keys(platform: Here) -> dict[str, str]:
        return platform.data.first_keys()

    @app.get(
        "/data/{collection:path}",
        response_model=list[Any],
        summary="The records of a collection, as they were put in",
    )
    def records(
        platform: Here,
        collection: str,
        limit: Annotated[int, Query(ge=1, le=MOST_SHOWN)] = MOST_SHOWN,
        start: Annotated[int, Query(ge=0, le=2**31, description="how many to pass over")] = 0,
    ) -> Response:
        # Not by the framework: it takes records apart that are JSON already.
        page = platform.data.page(collection, start=start, limit=limit)
        count = {"X-Total-Count": str(platform.data.size(collection))}
        return JsonResponse(list(page), headers=count)

    @app.post("/data/{collection:path}", status_code=201, summary="Adds records")
    def add(platform: Here, collection: str, body: Records) -> dict[str, int]:
        platform.data.add(collection, body if isinstance(body, list) else [body])
        return {"records": platform.data.size(collection)}

    @app.put("/data/{collection:path}", summary="These records instead of all there are")
    def replace(platform: Here, collection: str, body: Records) -> dict[str, int]:
        platform.data.replace(collection, body if isinstance(body, list) else [body])
        return {"records": platform.data.size(collection)}

    @app.delete("/data/{collection:path}", status_code=204, summary="Empties a collection")
    def clear(platform: Here, collection: str) -> None:
        platform.data.clear(collection)
