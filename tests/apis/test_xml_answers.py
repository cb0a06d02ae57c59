"""Values as XML, by the ``xml`` objects of their schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.references import Document
from mock_sei.apis.xml_answers import xml_text
from tests.cases import every_case

PET = "{properties: {id: {xml: {attribute: true}}, name: {type: string}}}"


def xml_of(schema: str, value: Any, **schemas: str) -> str:
    named = {name: yaml.safe_load(each) for name, each in schemas.items()}
    document = Document(source=Path("x.yaml"), content={"components": {"schemas": named}})
    return xml_text(value, yaml.safe_load(schema), document)


@every_case(
    ("schema", "value", "text"),
    [
        ("{$ref: '#/components/schemas/Pet'}", {"id": 5}, '<Pet id="5" />'),
        ("{$ref: '#/components/schemas/Pet'}", {"id": None, "name": None}, "<Pet><name /></Pet>"),
        (
            "{allOf: [{$ref: '#/components/schemas/Named'}, {properties: {n: {}}}]}",
            {"n": True},
            "<own><n>true</n></own>",
        ),
        ("{items: {$ref: '#/components/schemas/Pet'}}", [{}], "<root><Pet /></root>"),
        ("{items: {$ref: '#/components/schemas/Named'}}", [{}], "<root><own /></root>"),
        ("{items: {type: integer}}", [1, 2], "<root><item>1</item><item>2</item></root>"),
        ("{xml: {name: all}, items: {type: integer}}", [1], "<all><all>1</all></all>"),
        (
            "{properties: {a: {items: {}}, b: {xml: {wrapped: true}, items: {}}}}",
            {"a": [1, 2], "b": [3]},
            "<root><a>1</a><a>2</a><b><b>3</b></b></root>",
        ),
        (
            "{properties: {b: {xml: {wrapped: true, name: bs}, items: {xml: {name: x}}}}}",
            {"b": [3]},
            "<root><bs><x>3</x></bs></root>",
        ),
        (
            "{properties: {b: {xml: {wrapped: true, name: bs}, items: {}}}}",
            {"b": [3]},
            "<root><bs><b>3</b></bs></root>",
        ),
        (
            (
                "{xml: {name: r, prefix: p, namespace: 'urn:p'}, properties: {a: {xml:"
                " {prefix: p, namespace: 'urn:p', attribute: true}}, b: {xml: {prefix: p}}}}"
            ),
            {"a": 1, "b": 2},
            '<p:r xmlns:p="urn:p" p:a="1"><p:b>2</p:b></p:r>',
        ),
        (
            "{properties: {'soap:Body': {}, 'xml:lang': {xml: {attribute: true}}}}",
            {"soap:Body": 1, "xml:lang": "de"},
            '<root xml:lang="de"><soap:Body xmlns:soap="urn:soap">1</soap:Body></root>',
        ),
        ("{xml: {name: r, namespace: 'urn:d'}}", 1, '<r xmlns="urn:d">1</r>'),
        (
            (
                "{properties: {a: {xml: {nodeType: attribute}}, t: {xml: {nodeType: text}}, l:"
                " {xml: {nodeType: element}, items: {xml: {name: i}}}, o: {xml: {nodeType: none}}}}"
            ),
            {"a": 1, "t": "x", "l": [2], "o": {"in": 3}},
            '<root a="1">x<l><i>2</i></l><in>3</in></root>',
        ),
        ("true", {"a\0b": "c\0d", "1": 1, "größe": 2, "": 3}, None),
    ],
)
def test_a_value_is_written_as_its_schema_says(schema: str, value: Any, text: str | None) -> None:
    found = xml_of(schema, value, Pet=PET, Named="{xml: {name: own}}")

    assert found == (text or "<root><a_b>c\ufffdd</a_b><_1>1</_1><größe>2</größe><_>3</_></root>")


NAMES = st.one_of(
    st.text(max_size=6), st.sampled_from(["xmlns", "xmlns:a", "a:b", "xml:id", ":", "a:", "é", "²"])
)
ABOUT = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "prefix": NAMES,
        "namespace": NAMES,
        "attribute": st.booleans(),
        "wrapped": st.booleans(),
        "nodeType": st.sampled_from(["text", "none", "element", "attribute", "cdata"]),
    },
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, ABOUT, max_size=4), ABOUT, VALUES)
def test_whatever_is_written_is_well_formed(
    members: dict[str, Any], about: dict[str, Any], value: Any
) -> None:
    properties = {name: {"xml": each, "items": {"xml": about}} for name, each in members.items()}
    schema = {"xml": about, "properties": properties, "additionalProperties": {"xml": about}}

    text = xml_text(value, schema, Document(source=Path("x.yaml"), content={}))
    ET.fromstring(text)  # noqa: S314 - we made the text
