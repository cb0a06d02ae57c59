"""The records behind the functional APIs, by collection."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, FastAPI

from mock_sei.web.control.models import Here

Records = Annotated[list[Any] | dict[str, Any], Body(description="a record, or a list of them")]


def add_data_calls(app: FastAPI) -> None:
    @app.get("/data", summary="How many records each collection has")
    def collections(sandbox: Here) -> dict[str, int]:
        data = sandbox.data
        return {name: len(data.all(name)) for name in data.names}

    @app.get("/data-keys", summary="Of each collection, the key of its first record")
    def first_keys(sandbox: Here) -> dict[str, str]:
        return sandbox.data.first_keys()

    @app.get("/data/{collection:path}", summary="The records of a collection")
    def records(sandbox: Here, collection: str) -> list[Any]:
        return list(sandbox.data.all(collection))

    @app.post("/data/{collection:path}", status_code=201, summary="Adds records")
    def add(sandbox: Here, collection: str, body: Records) -> dict[str, int]:
        sandbox.data.add(collection, body if isinstance(body, list) else [body])
        return {"records": len(sandbox.data.all(collection))}

    @app.put("/data/{collection:path}", summary="These records instead of all there are")
    def replace(sandbox: Here, collection: str, body: Records) -> dict[str, int]:
        sandbox.data.replace(collection, body if isinstance(body, list) else [body])
        return {"records": len(sandbox.data.all(collection))}

    @app.delete("/data/{collection:path}", status_code=204, summary="Empties a collection")
    def clear(sandbox: Here, collection: str) -> None:
        sandbox.data.clear(collection)
