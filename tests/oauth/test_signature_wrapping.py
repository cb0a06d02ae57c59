"""Signature wrapping: a good signature beside an element that it does not cover (SAML core
5.4.2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from tests.oauth.assertions import NAMESPACES, assert_refused, assertion, response, send, sign
from tests.support import Served


def test_two_signatures_in_one_element_are_refused(registered: Served) -> None:
    xml = signed_element(registered)
    xml.append(parts(registered)[1])

    answer = send(registered, etree.tostring(xml).decode())

    assert_refused(registered, answer, "has 2 signatures")


def evil(served: Served, **changes: str) -> etree._Element:
    changes = {"identifier": "_evil", "subject": "bob@example.com"} | changes
    return etree.fromstring(assertion(served, **changes).encode())


def signed_element(served: Served) -> etree._Element:
    return etree.fromstring(sign(assertion(served)).encode())


def parts(served: Served) -> tuple[etree._Element, etree._Element]:
    """A signed element and its signature, which is good wherever the two are moved."""
    good = signed_element(served)
    found = good.find("ds:Signature", NAMESPACES)
    assert found is not None
    good.remove(found)
    return good, found


def wrapped_in_the_evil_one(served: Served) -> etree._Element:
    good, signature = parts(served)
    outer = evil(served)
    outer.append(signature)
    outer.append(good)
    return outer


def wrapped_in_the_signature(served: Served) -> etree._Element:
    good, signature = parts(served)
    inner = etree.SubElement(signature, f"{{{NAMESPACES['ds']}}}Object")
    inner.append(good)
    outer = evil(served)
    outer.insert(1, signature)
    return outer


def wrapped_under_the_same_name(served: Served) -> etree._Element:
    good, signature = parts(served)
    outer = evil(served, identifier="_assertion-1")
    outer.append(signature)
    outer.append(good)
    return outer


def wrapped_without_its_own_signature(served: Served) -> etree._Element:
    outer = evil(served)
    outer.append(signed_element(served))
    return outer


def beside_the_evil_one(served: Served) -> etree._Element:
    root = etree.fromstring(response("").encode())
    root.append(evil(served))
    root.append(signed_element(served))
    return root


def hidden_in_an_extension(served: Served) -> etree._Element:
    good, signature = parts(served)
    root = etree.fromstring(response("<samlp:Extensions/>").encode())
    root[-1].append(good)
    outer = evil(served)
    outer.insert(1, signature)
    root.append(outer)
    return root


def signing_another_element(served: Served) -> etree._Element:
    """The response's signature covers only the assertion, and there is a second assertion."""
    good, signature = parts(served)
    root = etree.fromstring(response("<samlp:Extensions/>").encode())
    root[-1].append(good)
    root.append(signature)
    root.append(evil(served))
    return root


@pytest.mark.parametrize(
    ("wrap", "because"),
    [
        (wrapped_in_the_evil_one, "does not cover this Assertion"),
        (wrapped_in_the_signature, "does not cover this Assertion"),
        (wrapped_under_the_same_name, "Ambiguous reference"),
        (wrapped_without_its_own_signature, "is not signed"),
        (beside_the_evil_one, "must hold one Assertion"),
        (hidden_in_an_extension, "does not cover this Assertion"),
        (signing_another_element, "does not cover this Response"),
    ],
)
def test_a_wrapped_signature_is_refused(
    registered: Served, wrap: Callable[[Served], etree._Element], because: str
) -> None:
    assert_refused(registered, send(registered, etree.tostring(wrap(registered)).decode()), because)
    assert send(registered, sign(assertion(registered))).status_code == 200
