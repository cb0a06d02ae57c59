"""The registration form shows all problems at once, keeps the input and escapes it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import groupby

import pytest

from mock_sei.rules.records import CertificateSource, Environment
from mock_sei.rules.standards import STANDARDS
from mock_sei.web.portal.form import KINDS, LABELS
from tests.support import Served
from tests.web.portal.browser import (
    INJECTED,
    SERVER_KIND,
    Browser,
    chosen,
    elements,
    filled,
    is_unbroken,
    value_of,
)
from tests.web.portal.test_routes import check_page

NATIVE_KIND = "native/end-user/anyone"


def test_every_kind_of_the_standards_can_be_chosen_and_is_explained(browser: Browser) -> None:
    text = browser.get("/portal/apps/new").text
    offered = {(kind.type, kind.row.actor, kind.row.owner) for kind in KINDS}
    assert offered == {
        (each, row.actor, row.owner) for row in STANDARDS for each in row.application_types
    }
    for kind in KINDS:
        assert f'value="{kind.value}"' in text
        assert f"Grant {kind.row.grant_label}; " in text


def test_the_form_says_where_other_products_are_requested(browser: Browser) -> None:
    page = browser.get("/portal/apps/new")
    described = {str(found.get("id")): found for _, found in elements(page)}

    assert described["products"]["aria-describedby"] == "products-hint"
    sentence = page.text.partition('id="products-hint">')[2].partition("</p>")[0]
    assert "APISolutions@seic.com" in sentence


def test_a_kind_says_which_of_the_other_fields_it_needs(browser: Browser) -> None:
    """The stylesheet shows or hides fields by these classes."""
    marked = {
        found["value"]: str(found["class"]).split()
        for tag, found in elements(browser.get("/portal/apps/new"))
        if tag == "input" and found["name"] == "kind"
    }
    assert marked == {
        kind.value: ["two-way"] * kind.two_way + ["redirected"] * kind.redirected for kind in KINDS
    }


def test_what_was_filled_in_is_what_is_registered(browser: Browser) -> None:
    application = browser.registered(
        name="  Nightly batch ",
        products=["sma-trade-orders"],
        environments=["build"],
        source_addresses="203.0.113.0/24\r\n\r\n  2001:db8::1  \r\n",
        redirect_addresses="https://localhost/cb\nhttps://localhost/cb2",
        certificate="own",
    )
    assert application.name == "Nightly batch"
    assert (application.type, application.actor) == ("server-server", "server")
    assert application.products == ("sma-trade-orders",)
    assert application.environments == (Environment.BUILD,)
    assert application.source_addresses == ("203.0.113.0/24", "2001:db8::1")
    assert application.redirect_addresses == ("https://localhost/cb", "https://localhost/cb2")
    assert application.certificate is CertificateSource.OWN
    assert application.distribution_list == "team@example.com"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.value))
def test_every_kind_can_be_registered(browser: Browser, kind: object) -> None:
    value = str(getattr(kind, "value", ""))
    application = browser.registered(kind=value, redirect_addresses="https://localhost/cb")
    assert f"{application.type}/{application.actor}/{application.standard.owner}" == value


def test_everything_that_is_wrong_is_told_at_once(browser: Browser) -> None:
    page = browser.register(
        name="a/b",
        kind="",
        distribution_list="team",
        products=[],
        environments=[],
        redirect_addresses="javascript:alert(1)",
        source_addresses="10.0.0.1/24",
        certificate="sei",
    )
    assert page.status_code == 400
    check_page(page)
    # Which kind it is decides about the rest: only the missing choice is told then.
    assert 'href="#kind">Application type and actor</a>: choose one' in page.text

    page = browser.register(
        name="a/b",
        distribution_list="team",
        products=[],
        environments=[],
        redirect_addresses="javascript:alert(1)",
        source_addresses="10.0.0.1/24",
    )

    assert page.status_code == 400
    assert "6 fields need another value" in page.text
    wrong = ("name", "distribution_list", "products", "environments")
    for name in (*wrong, "redirect_addresses", "source_addresses"):
        assert f'<a href="#{name}">{LABELS[name]}</a>: ' in page.text
        assert f'id="{name}-problem"' in page.text
    assert "its host bits are set" in page.text
    entry = browser.served.platform.journal.last
    assert "form refused: name: a/b: not a name" in entry.notes[0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "robot/server/anyone"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"name": ""}, "name"),
        ({"name": "demo-server"}, "name"),
        ({"name": "new"}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"distribution_list": ""}, "distribution_list"),
        ({"distribution_list": "a@example.com\r\nBcc: b@example.com"}, "distribution_list"),
        ({"products": ["nothing"]}, "products"),
        ({"environments": ["moon"]}, "environments"),
        ({"certificate": "none"}, "certificate"),
        ({"kind": NATIVE_KIND}, "redirect_addresses"),
        ({"kind": NATIVE_KIND, "redirect_addresses": "data:x"}, "redirect_addresses"),
        ({"source_addresses": "everywhere"}, "source_addresses"),
    ],
)
def test_a_wrong_field_is_told_and_nothing_is_registered(
    browser: Browser, changes: dict[str, str | Sequence[str]], field: str
) -> None:
    before = browser.served.platform.state.registry.copy()

    page = browser.register(**changes)

    assert page.status_code == 400
    assert f'id="{field}-problem"' in page.text
    assert "1 field needs another value" in page.text
    assert browser.served.platform.state.registry == before
    assert len(browser.served.platform.portal.mailbox) == 0


def test_what_was_typed_is_kept(browser: Browser) -> None:
    page = browser.register(
        name=" typed/name ",
        kind=NATIVE_KIND,
        distribution_list="typed",
        products=["sma-trade-orders"],
        environments=["production"],
        redirect_addresses="com.example:/a\r\nnot one",
        source_addresses="typed\r\n::1",
        certificate="own",
    )
    assert page.status_code == 400
    assert value_of(page, "name") == " typed/name "
    assert value_of(page, "distribution_list") == "typed"
    kept = str(value_of(page, "redirect_addresses"))
    assert kept.splitlines() == ["com.example:/a", "not one"]
    assert str(value_of(page, "source_addresses")).split() == ["typed", "::1"]
    assert chosen(page, "kind") == [NATIVE_KIND]
    assert chosen(page, "products") == ["sma-trade-orders"]
    assert chosen(page, "environments") == ["production"]
    assert chosen(page, "certificate") == ["own"]


@pytest.mark.parametrize("field", LABELS)
def test_a_script_in_any_field_is_text(browser: Browser, field: str) -> None:
    page = browser.register(**{field: f"{INJECTED}</textarea></title></style>"})

    assert page.status_code == 400
    assert is_unbroken(page)
    check_page(page)


def test_a_script_in_a_name_is_text_wherever_the_name_stands(browser: Browser) -> None:
    application = browser.registered(name=INJECTED, certificate="own")
    assert application.name == INJECTED
    path = (
        browser.get("/portal/apps").text.partition('<a href="/portal/apps/%22')[2].partition('"')[0]
    )
    own = f"/portal/apps/%22{path}"

    browser.served.platform.portal.send_link("svc-demo")
    pages = [browser.get(each) for each in ("/portal/apps", own, f"{own}/edit", "/portal/mailbox")]
    pages += [browser.get(f"/portal/mailbox/{number}") for number in (1, 2, 3)]

    for page in pages:
        assert page.status_code == 200
        check_page(page)
    assert sum("&lt;script&gt;" in page.text for page in pages) == len(pages)


def test_the_form_of_a_registered_application_holds_its_values(browser: Browser) -> None:
    browser.registered(
        products=["sma-trade-orders"], environments=["build"], source_addresses="::1\n10.0.0.0/8"
    )
    page = browser.get("/portal/apps/Nightly/edit")

    assert value_of(page, "name") == "Nightly"
    assert value_of(page, "source_addresses") == "::1\n10.0.0.0/8"
    assert value_of(page, "kind") == SERVER_KIND
    assert chosen(page, "products") == ["sma-trade-orders"]
    assert chosen(page, "environments") == ["build"]
    assert "Type and actor cannot be changed" in page.text


def test_a_change_is_saved(browser: Browser, served: Served) -> None:
    before = browser.registered()

    answer = browser.post(
        "/portal/apps/Nightly/edit", filled(name="Daily & more", source_addresses="10.0.0.0/8")
    )

    assert answer.headers["Location"] == "/portal/apps/Daily%20%26%20more?done=changed"
    page = browser.get(answer.headers["Location"])
    assert "The changes are saved" in page.text
    after = served.application("Daily & more")
    assert after.app_key == before.app_key
    assert after.source_addresses == ("10.0.0.0/8",)


def test_a_kind_cannot_be_changed_by_the_form(browser: Browser, served: Served) -> None:
    browser.registered()
    browser.post("/portal/apps/Nightly/edit", filled(kind=NATIVE_KIND))
    assert served.application("Nightly").type == "server-server"


def test_a_wrong_change_is_told_and_kept_in_the_form(browser: Browser, served: Served) -> None:
    before = browser.registered()

    page = browser.post(
        "/portal/apps/Nightly/edit", filled(name="demo-server", distribution_list="team")
    )

    assert page.status_code == 400
    assert "Change Nightly" in page.text
    assert value_of(page, "name") == "demo-server"
    assert 'action="/portal/apps/Nightly/edit"' in page.text
    assert served.application("Nightly") == before


def test_kinds_of_one_type_are_beside_each_other_and_say_how_they_differ(browser: Browser) -> None:
    types = [each.type for each in KINDS]
    assert len(list(groupby(types))) == len(set(types))
    explanations = [each.explanation for each in KINDS]
    assert len(set(explanations)) == len(KINDS)
    text = html.unescape(browser.get("/portal/apps/new").text)
    assert all(each in text for each in explanations)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("demo-server", {"certificate"}),
        ("demo-web", {"certificate", "redirect_addresses"}),
        ("demo-spa", {"redirect_addresses"}),
        ("demo-internal", {"certificate"}),
    ],
)
def test_a_change_shows_only_the_fields_that_the_type_needs(
    browser: Browser, name: str, fields: set[str]
) -> None:
    page = browser.get(f"/portal/apps/{name}/edit")
    shown = {found.get("name") for _, found in elements(page)}
    assert shown & {"certificate", "redirect_addresses"} == fields


def test_a_field_with_a_problem_is_never_hidden(browser: Browser) -> None:
    for problem, expected in (("", {"for-redirected", "for-two-way"}), ("x y", {"for-two-way"})):
        page = browser.register(name="", redirect_addresses=problem)
        classes = {
            found.get("class") for tag, found in elements(page) if tag in ("div", "fieldset")
        }
        assert classes & {"for-redirected", "for-two-way"} == expected


def test_a_change_without_the_hidden_fields_keeps_what_they_held(
    browser: Browser, served: Served
) -> None:
    before = served.application("demo-spa")
    form = filled(name="demo-spa", redirect_addresses="\n".join(before.redirect_addresses))
    del form["certificate"]
    assert browser.post("/portal/apps/demo-spa/edit", form).status_code == 303
    after = served.application("demo-spa")
    assert after.certificate == before.certificate
    assert after.redirect_addresses == before.redirect_addresses
