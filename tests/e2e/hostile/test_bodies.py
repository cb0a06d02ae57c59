"""The largest bodies that are allowed, hostile in content, over real sockets: each is answered, and
``/health`` is answered while they come.
"""

from __future__ import annotations

# ruff: noqa: E501  # documents in YAML
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.apis.bodies import MOST_VALUES
from mock_sei.web.received import PARSED_BODY
from tests.patience import PATIENCE

DOCUMENT = """
openapi: 3.1.0
info: {title: hostile, version: '1'}
paths:
  /own/things:
    post:
      requestBody:
        content:
          application/json:
            schema: {items: {anyOf: [{$ref: '#/components/schemas/Node'}, {type: string, pattern: '^(a+)+$'}]}}
      responses: {'201': {description: made}}
  /own/texts:
    post:
      requestBody: {content: {application/json: {schema: {pattern: '^(a|aa)+(?<!x)$'}}}}
      responses: {'201': {description: made}}
components:
  schemas:
    Node:
      anyOf:
        - {type: object, required: [x], properties: {c: {$ref: '#/components/schemas/Node'}}}
        - {type: object, required: [y], properties: {c: {$ref: '#/components/schemas/Node'}}}
"""


def list_of(unit: str) -> str:
    """As many as a body may have."""
    values = 1 + unit.count("{") + unit.count("[") + unit.count(",")
    count = min((PARSED_BODY.size - 2) // (len(unit) + 1), (MOST_VALUES - 1) // values)
    return f"[{','.join([unit] * count)}]"


def text_of(unit: str) -> str:
    """A member whose text is as long as a body may be."""
    start, end = '{"name":"', '"}'
    return start + unit * ((PARSED_BODY.size - len(start) - len(end)) // len(unit)) + end


MEMBERS = ",".join(f'"{each:x}":"{"x" * 70}"' for each in range(MOST_VALUES - 2))

BODIES = {
    "numbers": ("/own/things", list_of("1" * 80)),
    "objects": ("/own/things", list_of("{}")),
    "alternatives": ("/own/things", list_of('{"c":' * 40 + "{}" + "}" * 40)),
    "texts": ("/own/things", list_of(f'"{"a" * 78}!"')),
    "pattern": ("/own/texts", json.dumps("a" * (PARSED_BODY.size - 3) + "!")),
    "members": ("/v1/investors", "{" + MEMBERS + "}"),
    "twice": ("/v1/investors", "{" + MEMBERS + ',"0":1}'),
    "levels": ("/v1/investors", "[" * MOST_VALUES),
    "closing brackets": ("/v1/investors", "[" * 101 + "]" * (PARSED_BODY.size - 101)),
    "quotes": ("/v1/investors", "[" * 101 + '"\\"' * (PARSED_BODY.size // 3 - 101)),
    "escapes": ("/v1/investors", text_of("\\u0041")),
    "digits": ("/v1/investors", text_of("1" * 199 + " ")),
    "long number": ("/v1/investors", '{"a":1.' + "1" * (PARSED_BODY.size - 8) + "}"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockSei]:
    folder: Path = tmp_path_factory.mktemp("apis")
    (folder / "hostile.yaml").write_text(DOCUMENT)
    with MockSei(apis=folder) as running:
        yield running


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_and_health_is_answered_beside_it(
    server: MockSei, name: str
) -> None:
    path, body = BODIES[name]
    headers = {
        "AppKey": "demo-server-key",
        "Authorization": f"Bearer {server.token('demo-server')}",
        "Content-Type": "application/json",
    }

    with (
        server.client("svc-demo", timeout=PATIENCE) as http,
        httpx2.Client(base_url=server.control_url, trust_env=False, timeout=PATIENCE) as control,
        ThreadPoolExecutor(1) as beside,
    ):
        asked = beside.submit(http.post, path, content=body, headers=headers)
        healths = [control.get("/health").status_code]
        while not asked.done():
            healths.append(control.get("/health").status_code)
        answer = asked.result()

    assert answer.status_code == 400, answer.text[:300]
    assert answer.json()["errors"]
    assert len(answer.content) < 20_000
    assert set(healths) == {200}
