"""The functional APIs over HTTP: paths as they are sent, documents, bodies, and the test data."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from mock_sei.apis.grammar import references
from mock_sei.apis.openapi import modern
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import Rejected, UnknownCollection
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour
from mock_sei.testing.data import Data
from mock_sei.web.app import platform_app
from mock_sei.web.portal.routes import page_routes
from mock_sei.web.received import ON_THE_LOOP
from tests.operations import InProcess
from tests.support import Served, control_client

OWN = """
openapi: 3.1.0
info: {title: Widgets, version: v1}
x-mock-sei: {product: widgets}
paths:
  /v1/widgets:
    get: {x-mock-sei: {collection: widgets, key: id}}
    post:
      x-mock-sei: {collection: widgets, key: id}
      requestBody: {content: {application/json: {schema: {type: object}}}}
  /v1/widgets/{id}:
    get:
      x-mock-sei: {action: read, collection: widgets, key: id}
      parameters: [{name: id, in: path}]
    delete:
      x-mock-sei: {action: remove, collection: widgets, key: id}
      parameters: [{name: id, in: path}]
      responses: {"204": {description: gone}}
"""
KEYS = ["plain", "with space", "a/b", "é€😀", "50%", "%2F", "a+b", "?&#", "..", "a;b", "None"]


@pytest.fixture
def own(tmp_path: Path, shared_store: CertificateStore) -> Served:
    (tmp_path / "apis").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "apis" / "widgets.yaml").write_text(OWN)
    (tmp_path / "data" / "widgets.json").write_text(json.dumps([{"id": key} for key in KEYS]))
    fixtures = load_fixtures(tmp_path)
    return Served(Platform(fixtures=fixtures, store=shared_store, behaviour=Behaviour(seed=1)))


@pytest.fixture
def control(platform: Platform) -> httpx2.Client:
    return control_client(platform)


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


@pytest.mark.parametrize("key", KEYS)
def test_a_value_in_a_path_is_any_text(own: Served, key: str) -> None:
    answer = own.get(f"/v1/widgets/{percent(key)}")

    assert answer.json() == {"id": key}


def test_a_path_that_is_not_utf_8_is_a_miss(own: Served) -> None:
    assert own.get("/v1/widgets/%ff").status_code == 404
    assert own.get("/v1/widgets/%ff%2f").status_code == 404


def test_a_query_that_is_not_utf_8_is_read_all_the_same(own: Served) -> None:
    assert own.get("/v1/widgets?x=%ff&%zz&=&&limit=1").status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [('{"id": 1}', 200), ('{"id": "\\ud83d\\ude00"}', 200), ('{"id": "\\ud83d"}', 400), ("", 400)],
)
def test_what_is_written_is_read_back(own: Served, body: str, status: int) -> None:
    headers = own.headers() | {"Content-Type": "application/json"}

    answer = own.client().post("/v1/widgets", content=body, headers=headers)

    assert answer.status_code == status
    assert own.platform.bugs == []
    if status == 200:
        key = percent(str(answer.json()["id"]))
        assert own.get(f"/v1/widgets/{key}").json() == json.loads(body)


@pytest.mark.parametrize(("size", "elsewhere"), [(ON_THE_LOOP, False), (ON_THE_LOOP + 1, True)])
def test_a_large_body_is_read_while_others_are_answered(
    own: Served, monkeypatch: pytest.MonkeyPatch, size: int, elsewhere: bool
) -> None:
    threads = {}
    answer, admit = Platform.answer, Platform.admit

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            threads[name] = threading.get_ident()
            return method(*arguments)

        return call

    monkeypatch.setattr(Platform, "admit", watched("loop", admit))
    monkeypatch.setattr(Platform, "answer", watched("answer", answer))
    body = json.dumps({"id": "big", "text": ""})
    body = body.replace('""', f'"{"x" * (size - len(body))}"')
    headers = own.headers() | {"Content-Type": "application/json"}

    made = own.client().post("/v1/widgets", content=body, headers=headers)

    assert made.status_code == 200
    assert (threads["answer"] != threads["loop"]) is elsewhere
    assert own.get("/v1/widgets/big").json()["text"]


def test_an_answer_without_a_body_has_no_media_type(own: Served) -> None:
    answer = own.client().delete("/v1/widgets/plain", headers=own.headers())

    assert answer.status_code == 204
    assert answer.content == b""
    assert "Content-Type" not in answer.headers


# Documents


@pytest.mark.parametrize("listener", [Listener.ONE_WAY, Listener.TWO_WAY])
def test_a_products_document_is_there_for_everybody(served: Served, listener: Listener) -> None:
    http = served.client(None, listener=listener)

    for name, product in served.platform.catalogue.products.items():
        assert http.get(f"/openapi/{name}.json").json() == product.content
    missing = http.get("/openapi/nothing.json")
    assert missing.status_code == 404
    assert "sma-trade-orders" in (served.platform.journal.last.refused_because or "")


@pytest.mark.long
def test_the_control_api_has_every_document_and_one_of_all(
    control: httpx2.Client, platform: Platform
) -> None:
    documents = control.get("/apis").json()
    content = control.get("/apis/openapi.json").json()

    assert documents.keys() == platform.catalogue.products.keys()
    assert content["paths"].keys() == {each.path for each in platform.catalogue.operations}
    assert list(references(content))
    assert modern(content, Path("merged")).wrong == []


# Test data

TICKETS = "trade-tickets"
TICKET = {"tradeTicketId": 7, "status": "Original"}


def shown(served: Served) -> list[Any]:
    body = served.get("/v1/order/tradetickets").json()
    return [each["tradeTicketId"] for each in body["data"]]


def test_records_of_a_test_are_answered_until_a_reset(served: Served) -> None:
    data = Data(InProcess(served.platform))
    bundled = shown(served)

    data[TICKETS].replace([TICKET, TICKET | {"tradeTicketId": 9}])
    data[TICKETS].add(TICKET | {"tradeTicketId": 8})
    assert shown(served) == [7, 8, 9]
    assert [each["tradeTicketId"] for each in data[TICKETS]] == [7, 9, 8]
    data[TICKETS].clear()
    assert shown(served) == []
    assert len(data[TICKETS]) == 0

    served.platform.reset()
    assert shown(served) == bundled
    assert TICKETS in list(data)


def test_what_cannot_be_is_refused_in_python(served: Served) -> None:
    data = Data(InProcess(served.platform))

    with pytest.raises(UnknownCollection, match="did you mean trade-tickets"):
        _ = data["trade-tiket"]
    with pytest.raises(Rejected, match=r"1\.tradeTicketId: missing"):
        data[TICKETS].add(TICKET, {"status": "Original"})
    assert 7 not in [each["tradeTicketId"] for each in data[TICKETS]]


def test_the_control_api_does_the_same(control: httpx2.Client, served: Served) -> None:
    count = control.get("/data").json()[TICKETS]

    added = control.post(f"/data/{TICKETS}", json=TICKET)
    assert (added.status_code, added.json()) == (201, {"records": count + 1})
    assert 7 in shown(served)
    replaced = control.put(f"/data/{TICKETS}", json=[TICKET])
    assert (replaced.status_code, replaced.json()) == (200, {"records": 1})
    assert control.get(f"/data/{TICKETS}").json() == [TICKET]
    assert control.delete(f"/data/{TICKETS}").status_code == 204
    assert control.get(f"/data/{TICKETS}").json() == []


def test_records_are_listed_page_by_page(control: httpx2.Client) -> None:
    control.put(f"/data/{TICKETS}", json=[{"tradeTicketId": number} for number in range(25)])

    pages = [
        control.get(f"/data/{TICKETS}", params={"start": start, "limit": 10}).json()
        for start in (0, 10, 20, 30)
    ]

    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [each["tradeTicketId"] for page in pages for each in page] == list(range(25))
    assert control.get(f"/data/{TICKETS}", params={"limit": 10_001}).status_code == 422


@pytest.mark.parametrize("levels", [101, 255, 900])
def test_a_record_that_no_answer_can_hold_is_refused(control: httpx2.Client, levels: int) -> None:
    before = control.get(f"/data/{TICKETS}").json()
    deep = '{"a":' * levels + "1" + "}" * levels

    answer = control.post(
        f"/data/{TICKETS}",
        content=f'{{"tradeTicketId": 5, "deep": {deep}}}',
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 400
    assert control.get(f"/data/{TICKETS}").json() == before


@pytest.mark.parametrize("status", ["204", "205", "304"])
def test_a_document_gives_no_body_to_a_status_without_one(
    tmp_path: Path, shared_store: CertificateStore, status: str
) -> None:
    text = f"""
openapi: 3.0.0
paths:
  /v2/pet:
    get:
      responses:
        "{status}":
          description: nothing
          content: {{application/json: {{example: {{a: 1}}}}}}
"""
    served = with_document(tmp_path, shared_store, text)
    Data(InProcess(served.platform))["/v2/pet"].add({"name": "Rex"})

    answer = served.get("/v2/pet")

    assert (answer.status_code, answer.content) == (int(status), b"")
    assert answer.headers.get("Content-Length") == ("0" if status == "205" else None)
    assert served.platform.check_result().bugs == []


@pytest.mark.parametrize("status", ["99", "100", "199", "600", "99999", "\u00b2\u00b2\u00b2"])
def test_a_status_that_no_answer_has_is_not_taken_from_a_document(
    tmp_path: Path, shared_store: CertificateStore, status: str
) -> None:
    text = f"""
openapi: 3.0.0
paths: {{/v2/pet: {{get: {{responses: {{"{status}": {{description: odd}}}}}}}}}}
"""
    served = with_document(tmp_path, shared_store, text)

    assert served.get("/v2/pet").status_code in (200, 404)  # or the document is left out
    assert served.platform.check_result().bugs == []


@pytest.mark.parametrize("media_type", ["text/a\\r\\nX: y", "text/\u20ac"])
def test_a_media_type_that_breaks_the_head_is_never_sent(
    tmp_path: Path, shared_store: CertificateStore, media_type: str
) -> None:
    text = f"""
openapi: 3.0.0
paths:
  /v2/pet:
    get:
      responses:
        "200": {{description: odd, content: {{"{media_type}": {{example: text}}}}}}
"""
    served = with_document(tmp_path, shared_store, text)

    answer = served.get("/v2/pet")

    assert "X" not in answer.headers
    assert served.platform.check_result().bugs == []


def with_document(folder: Path, store: CertificateStore, text: str) -> Served:
    (folder / "pets.yaml").write_text(text, encoding="utf-8")
    fixtures = load_fixtures(None, folder)
    return Served(Platform(fixtures=fixtures, store=store, behaviour=Behaviour()))


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ('[{"tradeTicketId": 1001}]', 400, "0.tradeTicketId"),
        ('[{"tradeTicketId": 1}, {"status": "Original"}]', 400, "1.tradeTicketId"),
        ('[{"tradeTicketId": 1}, 7]', 400, "1"),
        ('{"tradeTicketId": NaN}', 400, "0"),
        ('"text"', 422, None),
        ("{", 422, None),
    ],
)
def test_the_control_api_tells_what_is_wrong_and_keeps_nothing(
    control: httpx2.Client, body: str, status: int, told: str | None
) -> None:
    before = control.get(f"/data/{TICKETS}").json()

    answer = control.post(
        f"/data/{TICKETS}", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == status
    assert told is None or told in answer.json()["problems"]
    assert control.get(f"/data/{TICKETS}").json() == before


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_the_control_api_names_the_nearest_collection(control: httpx2.Client, method: str) -> None:
    answer = control.request(method, "/data/trade-tiket", json=[] if method != "GET" else None)

    assert answer.status_code == 404
    assert "did you mean trade-tickets" in answer.json()["detail"]


def test_a_collection_may_be_named_by_a_path(
    tmp_path: Path, shared_store: CertificateStore
) -> None:
    text = "openapi: 3.0.0\npaths: {/v2/pet: {get: {responses: {200: {description: all}}}}}"
    (tmp_path / "pets.yaml").write_text(text)
    fixtures = load_fixtures(None, tmp_path)
    served = Served(Platform(fixtures=fixtures, store=shared_store, behaviour=Behaviour()))
    control = control_client(served.platform)

    assert control.post("/data//v2/pet", json={"name": "Rex"}).status_code == 201
    assert served.get("/v2/pet").json() == [{"name": "Rex"}]
    assert list(Data(InProcess(served.platform))["/v2/pet"]) == [{"name": "Rex"}]


def test_no_bundled_path_is_one_of_the_platforms_own(served: Served) -> None:
    """Paths of the documents are matched before all other routes."""
    paths = served.platform.catalogue.bundled_paths
    others = [
        route
        for route in (*platform_app().routes, *page_routes())
        if isinstance(route, Route) and route.path != "/{path:path}"
    ]

    assert "/v1/order/tradetickets" in paths
    assert len(others) > 20
    for route in others:
        assert not [path for path in paths if route.path_regex.match(path)], route.path


def test_a_document_of_ones_own_does_not_hide_the_token_endpoint(
    tmp_path: Path, shared_store: CertificateStore
) -> None:
    text = "openapi: 3.0.0\npaths: {/v2/oauthtoken: {post: {responses: {200: {}}}}}"
    (tmp_path / "own.yaml").write_text(text)
    fixtures = load_fixtures(None, tmp_path)
    served = Served(Platform(fixtures=fixtures, store=shared_store, behaviour=Behaviour()))

    assert served.token()
