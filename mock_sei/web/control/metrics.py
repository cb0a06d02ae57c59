"""``GET /metrics``: what the server has counted, for Prometheus."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from mock_sei.platform import Platform
from mock_sei.web.control.listener import METRICS
from mock_sei.web.control.problems import REFUSALS, PlainJson, problem
from mock_sei.web.exchange import CONTROL_KEY

WITHOUT = (
    "this server counts nothing: metrics are of mock-sei serve with the extra metrics (pip install "
    "'.[metrics]'); install it, and start the server again"
)


def add_metrics(app: FastAPI) -> None:
    """Adds the call. It is no operation: its answer is for a program of another project."""

    @app.get(METRICS, include_in_schema=False)
    async def metrics(request: Request) -> Response:
        platform: Platform = request.scope[CONTROL_KEY]
        if platform.observer is None:
            return PlainJson(problem(REFUSALS[501], WITHOUT), 501)
        content, media_type = platform.observer.expose(request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": media_type})
