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
from tests.patience import PATIENCE

MIB = 1024 * 1024

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
    return f"[{','.join([unit] * ((MIB - 2) // (len(unit) + 1)))}]"


MEMBERS = ",".join(f'"{each:x}":1' for each in range(100_000))

BODIES = {
    "numbers": ("/own/things", list_of("1")),
    "objects": ("/own/things", list_of("{}")),
    "alternatives": ("/own/things", list_of('{"c":' * 40 + "{}" + "}" * 40)),
    "texts": ("/own/things", list_of('"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"')),
    "pattern": ("/own/texts", json.dumps("a" * 1_000_000 + "!")),
    "members": ("/v1/investors", "{" + MEMBERS + "}"),
    "twice": ("/v1/investors", "{" + MEMBERS + ',"1869f":1}'),
    "levels": ("/v1/investors", "[" * 500_000),
    "quotes": ("/v1/investors", '"\\"' * 300_000),
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
