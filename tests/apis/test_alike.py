"""Operations with one method and one path: either clients can call each of them, or it is
reported."""

# ruff: noqa: E501  # documents in YAML
from __future__ import annotations

from typing import Any

import pytest

from mock_sei.apis.paths import called
from tests.apis.engine import JSON, Engine, document
from tests.apis.test_structure import OK, brought, names
from tests.cases import every_case

ID = "parameters: [{name: id, in: path, required: true, schema: {type: string}}]"


def shown(value: str) -> str:
    """An answer that shows which operation gave it."""
    return f"responses: {{'200': {{description: ok, content: {{application/json: {{example: {value}}}}}}}}}"


@every_case(
    ("template", "path", "fixed"),
    [
        ("/x/{id}#rename", "/x/{id}", ()),
        ("/x?action=go&now", "/x", (("action", "go"), ("now", ""))),
        ("/x?action=go#then", "/x", (("action", "go"),)),
        ("/x#a?b=c", "/x", ()),
        ("/x{?page,size}", "/x", ()),
        ("/x/{id}{#part}", "/x/{id}", ()),
        ("/x?action={action}&mode=a", "/x", (("mode", "a"),)),
        ("/a%20b/{c%20d}", "/a b/{c%20d}", ()),
        ("/a%2Fb", "/a%2Fb", ()),
        ("/{a?b}", "/{a?b}", ()),
        ("/a%00b/{id}", "/a\0b/{id}", ()),
        ("/a\0b/{id}?go={x}&to=a#end", "/a\0b/{id}", (("to", "a"),)),
    ],
)
def test_a_template_is_called_without_what_is_no_path(
    template: str, path: str, fixed: tuple[tuple[str, str], ...]
) -> None:
    assert called(template) == (path, fixed)


def test_a_fragment_is_not_sent() -> None:
    engine = Engine.brought(
        f"servers: [{{url: /c73}}]\npaths: {{'/x/{{id}}#rename': {{put: {{{ID}, {shown('renamed')}}}}}}}"
    )

    assert engine.call("/c73/x/1", method="PUT").body == "renamed"


def test_the_query_of_a_template_says_which_operation_is_meant() -> None:
    engine = Engine.brought(
        f"paths: {{'/x?action=go': {{post: {{{shown('gone')}}}}}, '/x?action=stop': {{post: {{{shown('stopped')}}}}}}}"
    )

    assert engine.call("/x?action=go", method="POST").body == "gone"
    assert engine.call("/x?more=1&action=stop", method="POST").body == "stopped"
    assert "has no parameter action" not in "".join(engine.findings.notes)


def test_a_query_that_means_no_operation_is_refused_with_those_there_are() -> None:
    engine = Engine.brought(
        f"paths: {{'/x?action=go': {{post: {{{OK}}}}}, '/x?action=stop': {{post: {{{OK}}}}}}}"
    )

    refusal = engine.refusal("/x?action=fly", method="POST")

    assert refusal.kind.status == 404
    assert refusal.why.expected == "action=go or action=stop"


def test_an_operation_without_a_query_answers_what_no_other_does() -> None:
    engine = Engine.brought(
        f"paths: {{/x: {{post: {{{shown('plain')}}}}}, '/x?action=go': {{post: {{{shown('gone')}}}}}}}"
    )

    assert engine.call("/x?action=go", method="POST").body == "gone"
    assert engine.call("/x", method="POST").body == "plain"


def test_a_required_parameter_of_one_value_tells_operations_apart() -> None:
    action = "parameters: [{{name: Action, in: query, required: true, schema: {{type: string, enum: [{}]}}}}]"
    engine = Engine.brought(
        f"paths: {{'/#Action=Add': {{get: {{{action.format('Add')}, {shown('added')}}}}}, "
        f"'/#Action=Take': {{get: {{{action.format('Take')}, {shown('taken')}}}}}}}"
    )

    assert engine.call("/?Action=Take").body == "taken"
    assert engine.call("/?Action=Add").body == "added"


def test_of_two_that_no_call_can_tell_apart_one_answers_and_the_other_is_reported() -> None:
    key = ID.replace("name: id", "name: key")
    catalogue = brought(
        f"paths: {{'/x/{{id}}': {{put: {{{ID}, {OK}}}}}, '/x/{{key}}': {{put: {{{key}, {OK}}}, get: {{{key}, {OK}}}}}}}"
    )

    (cost,) = catalogue.costs
    assert (
        "paths[/x/{key}].put: no call can be told apart from a call of PUT /x/{id}, which answers"
        in str(cost.error)
    )
    assert tuple(cost.operations) == ("PUT /x/{key}",)
    assert sorted(names(catalogue)) == ["GET /x/{key}", "PUT /x/{id}"]


def asking(member: str) -> str:
    """An operation whose body must have a member, and whose answer names that member."""
    schema = f"{{type: object, required: [{member}], properties: {{{member}: {{type: string}}}}}}"
    body = f"requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}"
    return f"{{put: {{{ID}, {body}, {shown(member)}}}}}"


@pytest.mark.parametrize("order", [("", "#rename", "#close"), ("#close", "#rename", "")])
def test_where_only_a_fragment_differs_a_call_is_of_the_operation_that_it_fits(
    order: tuple[str, ...],
) -> None:
    members = {"": "all", "#rename": "name", "#close": "reason"}
    paths = ", ".join(f"'/x/{{id}}{each}': {asking(members[each])}" for each in order)
    told = [
        f"paths[/x/{{id}}{each}].put: clients never send a fragment, so a call counts as PUT /x/{{id}} if"
        for each in order
        if each
    ]
    engine = Engine.brought(f"paths: {{{paths}}}", told=told)

    def put(body: str) -> Any:
        engine.findings.notes.clear()
        return engine.call("/x/1", method="PUT", body=body, headers=JSON).body

    assert put('{"all": "a"}') == "all"
    assert engine.findings.notes == []
    assert put('{"name": "a"}') == "name"
    assert engine.findings.notes == ["the call counts as PUT /x/{id}#rename, which it fits"]
    assert put('{"reason": "a"}') == "reason"
    assert [
        each.field for each in engine.faults("/x/1", method="PUT", body="{}", headers=JSON)
    ] == ["all"]


def test_two_documents_of_one_path_are_reported_whatever_their_parameters_are_called() -> None:
    from mock_sei.apis.documents import Catalogue

    one = document(f"paths: {{'/x/{{id}}': {{get: {{{ID}, {OK}}}}}}}", product="one")
    other = document(
        f"paths: {{'/x/{{key}}': {{get: {{{ID.replace('name: id', 'name: key')}, {OK}}}}}}}",
        product="other",
    )

    (problem,) = Catalogue((), [one, other]).problems

    assert "GET /x/{key} is also in widgets.yaml, which answers it" in problem


def test_servers_of_a_path_and_of_an_operation_count_more_than_those_of_the_document() -> None:
    catalogue = brought(
        f"""
servers: [{{url: 'https://api.invalid/doc'}}]
paths:
  /a: {{servers: [{{url: 'https://api.invalid/{{v}}', variables: {{v: {{default: path}}}}}}], get: {{{OK}}}, post: {{servers: [{{url: /op}}], {OK}}}}}
  /b: {{servers: [], get: {{{OK}}}}}
  /c: {{servers: 5, get: {{{OK}}}, put: {{servers: [{{url: '/'}}], {OK}}}}}
"""
    )

    assert names(catalogue) == ["GET /path/a", "POST /op/a", "GET /doc/b", "PUT /c"]
    assert [each.sentence for each in catalogue.costs] == [
        "widgets.yaml: paths[/c].servers: not a list; GET /doc/c is left out"
    ]
