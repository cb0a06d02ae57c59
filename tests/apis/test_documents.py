"""The catalogue: which operation a request belongs to, and the refusal if there is none."""

from __future__ import annotations

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.servers import base_path
from mock_sei.errors import ConfigurationError, MethodNotAllowed, Refusal
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import Document, Engine, document
from tests.cases import every_case

PATHS = """
paths:
  /v1/a/{id}: {parameters: [{name: id, in: path}], get: {}, delete: {}}
  /v1/a/search: {get: {}}
  /v1/{kind}/search: {get: {parameters: [{name: kind, in: path}]}}
  /v1/a/{id}/b/{other}: {get: {parameters: [{name: id, in: path}, {name: other, in: path}]}}
  /v1/a/{id}.{form}: {get: {parameters: [{name: id, in: path}, {name: form, in: path}]}}
  /v1/a: {get: {}, post: {}}
  /v2/{a}/{b}/much-longer: {parameters: [{name: a, in: path}, {name: b, in: path}], get: {}}
  /v2/p/q/{c}: {parameters: [{name: c, in: path}], get: {}}
"""


@every_case(
    ("path", "template", "values"),
    [
        ("/v1/a", "/v1/a", {}),
        ("/v1/a/search", "/v1/a/search", {}),
        ("/v1/a/7", "/v1/a/{id}", {"id": "7"}),
        ("/v1/b/search", "/v1/{kind}/search", {"kind": "b"}),
        ("/v1/a/x/b/y z", "/v1/a/{id}/b/{other}", {"id": "x", "other": "y z"}),
        ("/v2/p/q/much-longer", "/v2/p/q/{c}", {"c": "much-longer"}),
        ("/v1/a/x.y.csv", "/v1/a/{id}.{form}", {"id": "x.y", "form": "csv"}),
        ("/v1/a/é\n$(*)", "/v1/a/{id}", {"id": "é\n$(*)"}),
    ],
)
def test_a_path_spelled_out_comes_before_a_template(
    path: str, template: str, values: dict[str, str]
) -> None:
    found, taken = Engine.of(PATHS).catalogue.find("GET", path)

    assert (found.path, dict(taken)) == (template, values)


@every_case("path", ["/v1/a/", "/v1/A", "/v1", "/v1/a/x/b", "/v1/a//b/y", "", "/"])
def test_a_path_that_no_document_has_names_the_nearest_three(path: str) -> None:
    with pytest.raises(Refusal) as caught:
        Engine.of(PATHS).catalogue.find("GET", path)

    assert caught.value.kind.status == 404
    nearest = caught.value.why.because.partition("The nearest are: ")[2].partition(". ")[0]
    assert nearest.count("GET /v") >= 2
    assert nearest.count(" /v") == 3


def test_a_path_without_end_is_not_repeated_whole() -> None:
    refusal = Engine.of(PATHS).refusal("/v1/" + "x/" * 100_000)

    assert len(refusal.why.because) < 700


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/a", ("GET", "HEAD", "POST")),
        ("PATCH", "/v1/a/7", ("GET", "HEAD", "DELETE")),
        ("FOO", "/v1/a/search", ("GET", "HEAD", "DELETE")),
    ],
)
def test_another_method_is_told_the_ones_there_are(
    method: str, path: str, allowed: tuple[str, ...]
) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        Engine.of(PATHS).catalogue.find(method, path)

    assert caught.value.allowed == allowed


def test_no_such_product_names_the_ones_there_are() -> None:
    with pytest.raises(Refusal, match="'gadgets'; the products are widgets"):
        Engine.of(PATHS).catalogue.require_product("gadgets")


# Bundled documents


@pytest.mark.long
def test_every_bundled_document_is_read_and_its_file_is_its_product() -> None:
    catalogue = Catalogue(load_fixtures().documents)

    for product in catalogue.products.values():
        product.check()
        assert product.content["x-mock-sei"]["product"] == product.name
        assert str(product.content["openapi"]).startswith("3.1")


def test_every_collection_that_a_bundled_document_names_has_records() -> None:
    fixtures = load_fixtures()

    named = Catalogue(fixtures.documents).collections

    assert named - fixtures.collections.keys() == set()


def test_a_document_of_a_users_fixtures_is_checked_at_once() -> None:
    file = document("paths: {/x: 1}")

    Catalogue([Document(content=file.content, bundled=True)])
    with pytest.raises(ConfigurationError):
        Catalogue([file])


# Users' own documents

BUNDLED = [
    document("paths: {/v1/a: {get: {}, put: {}}, /v1/b: {get: {}}}", product="one"),
    document("paths: {/v1/c: {get: {}}}", product="two"),
]


def found(catalogue: Catalogue, path: str, method: str = "GET") -> str:
    return catalogue.find(method, path)[0].product


def test_a_document_of_a_bundled_products_name_takes_its_place() -> None:
    catalogue = Catalogue(BUNDLED, [document("paths: {/v9/a: {get: {}}}", product="one")])

    assert found(catalogue, "/v9/a") == "one"
    assert found(catalogue, "/v1/c") == "two"
    with pytest.raises(Refusal):
        catalogue.find("GET", "/v1/a")


def test_a_document_of_a_bundled_products_paths_takes_their_place() -> None:
    own = document("paths: {/v1/a: {get: {}}}", product="own")

    catalogue = Catalogue(BUNDLED, [own])

    assert found(catalogue, "/v1/a") == "own"
    assert found(catalogue, "/v1/b") == "one"


def test_a_template_of_ones_own_takes_the_place_of_one_as_exact() -> None:
    parameter = "{get: {parameters: [{name: %s, in: path}]}}"
    bundled = document(f"paths: {{'/v1/a/{{id}}': {parameter % 'id'}}}", product="one")
    own = document(f"paths: {{'/v1/a/{{widgetId}}': {parameter % 'widgetId'}}}", product="own")

    assert found(Catalogue([bundled], [own]), "/v1/a/7") == "own"


def test_a_broken_document_is_left_out_and_the_others_still_load() -> None:
    broken = document("paths: [1]", product="broken")
    good = document("paths: {/v9/a: {get: {}}}", product="good")

    catalogue = Catalogue(BUNDLED, [broken, good])

    assert catalogue.problems == ["widgets.yaml: paths: not a mapping"]
    assert list(catalogue.products) == ["broken", "good", "one", "two"]
    assert [each.name for each in catalogue.operations if each.product == "broken"] == []


def test_two_documents_of_one_product_are_told() -> None:
    own = [document("paths: {/a: {}}"), document("paths: {/b: {get: {}}}")]

    (problem,) = Catalogue((), own).problems

    assert problem == (
        "widgets.yaml: widgets.yaml is the document of the product 'widgets'; name another product "
        "in one of them (x-mock-sei: {product: NAME}), or take one away"
    )


@every_case(
    ("servers", "base"),
    [
        ("[]", ""),
        ("[{url: /}]", ""),
        ("[{url: 'https://api.example.com'}]", ""),
        ("[{url: 'https://api.example.com/v2/'}, {url: /other}]", "/v2"),
        ("[{url: v2}]", "/v2"),
        (
            "[{url: '{scheme}://x/{v}', variables: {scheme: {default: http}, v: {default: 3}}}]",
            "/3",
        ),
        ("[{url: 'https://{host}/v1'}]", "/v1"),
    ],
)
def test_paths_begin_with_the_path_of_the_first_server(servers: str, base: str) -> None:
    text = f"servers: {servers}\npaths: {{/x: {{get: {{}}}}}}"

    engine = Engine.brought(text)

    assert engine.catalogue.find("GET", f"{base}/x")[0].path == f"{base}/x"


@every_case(
    ("servers", "line"),
    [
        ("{url: /v1}", "servers: not a list"),
        ("[/v1]", "servers[0]: not a mapping"),
        (
            "[{url: '/{region}'}]",
            "servers[0].url = '/{region}': it has a variable without a default",
        ),
        ("[{url: '/{v}', variables: [v]}]", "servers[0].variables: not a mapping"),
        ("[{url: '/{v}', variables: {v: 1}}]", "servers[0].variables.v: not a mapping"),
        ("[{url: 'http://[::1/x'}]", "servers[0].url = 'http://[::1/x': Invalid IPv6 URL"),
    ],
)
def test_a_server_that_is_none_is_told(servers: str, line: str) -> None:
    file = document(f"servers: {servers}\npaths: {{}}")

    with pytest.raises(ConfigurationError) as caught:
        base_path(file.content["servers"], file.source)

    assert str(caught.value) == f"widgets.yaml: {line}"
