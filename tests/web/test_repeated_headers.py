"""Repeated headers, and tokens in unusual places: which are refused, and which are not."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.oauth.flows import ALICE, AUTHORIZE, WEB, returned
from tests.support import Served

GUIDS = ("6f9619ff-8b86-d011-b42d-00cf4fc964ff", "0e984725-c51c-4bf4-9960-e1c80e27aba0")


def call(served: Served, *headers: tuple[str, str]) -> httpx2.Response:
    return served.client().get("/v2/investors", headers=[*served.headers().items(), *headers])


def test_two_different_tracking_ids_are_replaced_by_one(served: Served) -> None:
    answer = call(served, *(("RequestTrackingId", each) for each in GUIDS))

    assert answer.status_code == 200
    assert len(answer.headers.get_list("RequestTrackingId")) == 1
    assert answer.headers["RequestTrackingId"] not in GUIDS
    assert "different values" in served.platform.journal.last.notes[0]


@pytest.mark.parametrize("times", [1, 2])
def test_one_tracking_id_is_kept_however_often_it_came(served: Served, times: int) -> None:
    answer = call(served, *[("RequestTrackingId", GUIDS[0])] * times)

    assert answer.headers["RequestTrackingId"] == GUIDS[0]
    assert served.platform.journal.last.notes == []


@pytest.mark.parametrize("second", ["application/x-www-form-urlencoded", "text/plain"])
def test_a_form_of_the_log_in_page_with_two_media_types_is_refused(
    served: Served, browser: httpx2.Client, second: str
) -> None:
    form = "&".join(f"{name}={value}" for name, value in ALICE.items())
    kind = ("Content-Type", "application/x-www-form-urlencoded")

    good = browser.post(AUTHORIZE, params=WEB, content=form, headers=[kind])
    answer = browser.post(
        AUTHORIZE, params=WEB, content=form, headers=[kind, ("content-type", second)]
    )

    assert "code" in returned(good)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "The Content-Type header came 2 times" in answer.text
    assert served.platform.journal.last.refused_by == "parse"


OWN = """
openapi: 3.1.0
info: {title: Widgets, version: v1}
x-mock-sei: {product: widgets}
paths:
  /v1/tokens:
    get: {parameters: [{name: access_token, in: query, schema: {type: string}}]}
    post: {requestBody: {content: {application/x-www-form-urlencoded: {schema: SCHEMA}}}}
  /v1/names:
    get: {parameters: [{name: name, in: query, schema: {type: string}}]}
    post:
      requestBody:
        content:
          application/json: {schema: {type: object}}
          application/x-www-form-urlencoded:
            schema: {$ref: "#/components/schemas/Name"}
components:
  schemas:
    Name: {type: object, properties: {name: {type: string}}}
    Token: {type: object, properties: {access_token: {type: string}}}
    Whole: {allOf: [{$ref: "#/components/schemas/Name"}, {$ref: "#/components/schemas/Token"}]}
"""
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def own(tmp_path: Path, store: CertificateStore, schema: str) -> Served:
    (tmp_path / "widgets.yaml").write_text(OWN.replace("SCHEMA", schema))
    fixtures = load_fixtures(apis=tmp_path)
    assert fixtures.problems == ()
    platform = Platform(fixtures=fixtures, store=store, behaviour=Behaviour(seed=1))
    assert platform.catalogue.problems == []
    return Served(platform)


@pytest.mark.parametrize(
    "schema",
    [
        '{$ref: "#/components/schemas/Token"}',
        '{$ref: "#/components/schemas/Whole"}',
        "{type: object}",
        "true",
        "{properties: {access_token: true}}",
    ],
)
def test_what_an_operation_itself_calls_access_token_is_no_second_token(
    tmp_path: Path, shared_store: CertificateStore, schema: str
) -> None:
    served = own(tmp_path, shared_store, schema)
    http, headers = served.client(), list(served.headers().items())

    in_query = http.get("/v1/tokens?access_token=x", headers=headers)
    in_form = http.post("/v1/tokens", content="access_token=x", headers=[*headers, FORM])

    assert (in_query.status_code, in_form.status_code) == (200, 200)


def test_anything_else_of_that_name_is_one(tmp_path: Path, shared_store: CertificateStore) -> None:
    served = own(tmp_path, shared_store, "{type: object}")
    http, headers = served.client(), list(served.headers().items())

    for good, bad in (
        (
            http.get("/v1/names?name=x", headers=headers),
            http.get("/v1/names?name=x&access_token=x", headers=headers),
        ),
        (
            http.post("/v1/names", content="name=x", headers=[*headers, FORM]),
            http.post("/v1/names", content="name=x&access_token=x", headers=[*headers, FORM]),
        ),
    ):
        assert (good.status_code, bad.status_code) == (200, 400)
        assert 'error="invalid_request"' in bad.headers["WWW-Authenticate"]


@pytest.mark.parametrize("size", [100, 200_000])
def test_a_large_form_is_looked_through_too(served: Served, size: int) -> None:
    body = f"a={'x' * size}&access_token=x"
    headers = [*served.headers().items(), FORM]

    answer = served.client().post("/v1/order/tradetickets", content=body, headers=headers)

    assert 'error="invalid_request"' in answer.headers["WWW-Authenticate"]
