"""Answers of a user's own document over HTTP: their headers, their notes, the echo of a header."""

from __future__ import annotations

from pathlib import Path

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.support import Served

OWN = """
openapi: 3.0.3
info: {title: Crates, version: v1}
servers: [{url: "https://crates.example.com/v1"}]
paths:
  /crates:
    post:
      responses:
        "201":
          description: made
          headers:
            Location: {required: true, schema: {type: string}}
            X-Crate-Id: {schema: {type: string}}
          content: {application/json: {schema: {type: object, properties: {id: {minimum: 4}}}}}
    get:
      responses:
        "200":
          description: all
          headers: {X-Total: {schema: {type: integer}, example: 12}}
          content: {text/csv: {schema: {type: integer, minimum: 5, maximum: 2}}}
  /moved:
    get: {responses: {"302": {description: x, headers: {Location: {example: /v1/crates}}}}}
  /gone:
    delete: {responses: {"204": {description: x, headers: {X-Left: {example: 0}}}}}
"""


def test_declared_headers_are_sent_with_every_kind_of_answer(
    tmp_path: Path, shared_store: CertificateStore
) -> None:
    (tmp_path / "crates.yaml").write_text(OWN)
    fixtures = load_fixtures(apis=tmp_path)
    served = Served(Platform(fixtures=fixtures, store=shared_store, behaviour=Behaviour(seed=1)))
    http, headers = served.client(), served.headers()

    made = http.post("/v1/crates", headers={**headers, "X-Crate-Id": "mine"})
    listed = http.get("/v1/crates", headers=headers)
    note = served.platform.journal.last.notes[0]
    moved = http.get("/v1/moved", headers=headers, follow_redirects=False)
    gone = http.delete("/v1/gone", headers=headers)

    assert (made.status_code, made.json()) == (201, {"id": 4})
    assert made.headers["Location"].endswith("/v1/crates/4")
    assert made.headers["X-Crate-Id"] == "mine"
    assert (listed.headers["X-Total"], listed.headers["Content-Type"][:8]) == ("12", "text/csv")
    assert note.endswith("one keyword could not be satisfied: 5 is greater than the maximum of 2")
    assert (moved.status_code, moved.headers["Location"]) == (302, "/v1/crates")
    assert (gone.status_code, gone.headers["X-Left"]) == (204, "0")
