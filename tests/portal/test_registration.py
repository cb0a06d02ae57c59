"""From the form's fields to a record: one error names all wrong fields."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.errors import Rejected
from mock_sei.portal.registration import (
    FIELDS,
    Registration,
    changed_application,
    free_username,
    new_application,
    new_keys,
    read_registration,
)
from mock_sei.rules.records import (
    Application,
    CertificateSource,
    Environment,
    ServiceAccount,
    is_account_name,
)
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import ApplicationType
from tests.cases import every_case
from tests.support import registration

PRODUCTS = ("investors", "sma-trade-orders")
NATIVE = registration(
    type="native", actor="end-user", redirect_addresses=("com.example.app:/callback",)
)


def make(**changes: Any) -> tuple[Application, ServiceAccount | None]:
    read = read_registration(registration(**changes))
    return new_application(read, Registry(), PRODUCTS, Random(1))  # noqa: S311  # seeded


def problems(**changes: Any) -> dict[str, str]:
    with pytest.raises(Rejected) as caught:
        make(**changes)
    return caught.value.problems


def test_what_is_left_out_is_the_widest() -> None:
    read = read_registration({"name": "one", "type": "server-server", "actor": "server"})

    assert read == Registration(
        name="one", type=ApplicationType.SERVER_SERVER, actor=read.actor, owner=read.owner
    )
    assert read.products == ("*",)
    assert read.environments == tuple(Environment)
    assert read.certificate is CertificateSource.SEI


def test_a_server_application_gets_keys_and_an_account_and_waits() -> None:
    application, account = make(name="Nightly batch")

    assert account is not None
    assert application.service_account == account.username == "svc-nightly-batch"
    assert len(account.password) == 20
    assert application.app_secret is not None
    assert {len(application.app_key), len(application.app_secret)} == {32}
    assert len({application.app_key, application.app_secret, account.password}) == 3
    assert not application.approved


def test_an_application_on_a_users_machine_gets_an_app_key_alone() -> None:
    application, account = make(**NATIVE)

    assert account is None
    assert (application.app_secret, application.service_account) == (None, None)
    assert len(application.app_key) == 32


@every_case(
    ("changes", "field", "words"),
    [
        ({"nmae": "x"}, "nmae", "no such field; did you mean name?"),
        ({"type": "robot"}, "type", "input should be 'client-server'"),
        ({"actor": 7}, "actor", "input should be"),
        ({"owner": None}, "owner", "input should be"),
        ({"name": None}, "name", "input should be a valid string"),
        ({"name": ["x"]}, "name", "input should be a valid string"),
        ({"products": "investors"}, "products", "input should be a valid tuple"),
        ({"products": [1]}, "products", "input should be a valid string"),
        ({"environments": ["moon"]}, "environments", "input should be 'build'"),
        ({"certificate": "none"}, "certificate", "input should be 'sei' or 'own'"),
        ({"app_key": "chosen"}, "app_key", "no such field"),
        ({"approved": True}, "approved", "no such field"),
        ({"\ud800": True}, "\ud800", "no such field"),
        ({"__pydantic_config__": {}}, "__pydantic_config__", "no such field"),
    ],
)
def test_a_field_of_another_kind_is_named(changes: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_registration(registration(**changes))

    assert caught.value.problems.keys() == {field}
    assert words in caught.value.problems[field]
    assert str(caught.value).startswith(f"{field}: ")


def test_every_missing_and_unknown_field_is_named_at_once() -> None:
    with pytest.raises(Rejected) as caught:
        read_registration({"nmae": "x", "products": 1})

    found = caught.value.problems
    assert found.keys() == {"nmae", "products", "name", "type", "actor"}
    assert {found[each] for each in ("name", "type", "actor")} == {"missing"}


def test_the_fields_are_those_of_the_form_and_no_other() -> None:
    assert set(FIELDS) == {
        "name",
        "type",
        "actor",
        "owner",
        "products",
        "environments",
        "redirect_addresses",
        "source_addresses",
        "scopes",
        "distribution_list",
        "certificate",
        "saml_certificate",
        "own_data",
    }


@pytest.mark.long
@every_case(
    ("changes", "found"),
    [
        ({"name": "a/b"}, {"name": "a/b: not a name"}),
        ({"name": ""}, {"name": "not a name"}),
        ({"distribution_list": "a\nBcc: b"}, {"distribution_list": "not an e-mail address"}),
        ({"source_addresses": ["x"]}, {"source_addresses": "x: not an address or network"}),
        ({"products": []}, {"products": "choose at least one"}),
        ({"products": ["nothing"]}, {"products": "no product nothing; there are investors, sma"}),
        ({"environments": []}, {"environments": "choose at least one"}),
        ({"scopes": []}, {"scopes": "choose at least one"}),
        ({"owner": "sei-client", "actor": "end-user"}, {"owner": "no row of the security"}),
        ({"scopes": ["a b"]}, {"scopes": "a b: not a scope"}),
        (
            {"type": "client-server", "actor": "end-user", "owner": "sei-client"},
            {"redirect_addresses": "missing: authorization_code sends its answer to one of them"},
        ),
        (
            {"type": "single-page", "actor": "end-user"},
            {"redirect_addresses": "missing: implicit sends its answer"},
        ),
        (
            NATIVE | {"redirect_addresses": ["com.example:/cb", "javascript:alert(1)"]},
            {"redirect_addresses": "javascript:alert(1): a javascript: address"},
        ),
        (
            {
                "name": "",
                "distribution_list": "",
                "products": [],
                "environments": [],
                "source_addresses": ["x"],
            },
            {
                "name": "not a name",
                "distribution_list": "not an e-mail address",
                "products": "choose",
                "environments": "choose",
                "source_addresses": "x: not",
            },
        ),
    ],
)
def test_what_the_platform_cannot_use_is_named_all_at_once(
    changes: dict[str, Any], found: dict[str, str]
) -> None:
    told = problems(**changes)

    assert told.keys() == found.keys()
    assert all(words in told[field] for field, words in found.items())


def test_a_password_application_needs_no_redirect_address() -> None:
    application, _ = make(type="client-server", actor="end-user", owner="sei-internal")
    assert application.redirect_addresses == ()


@every_case(
    ("name", "username"),
    [
        ("Nightly", "svc-nightly"),
        ("  A & B  (2)", "svc-a-b-2"),
        ("日本", "svc-application"),
        ("...", "svc-application"),
        ("x" * 80, "svc-" + "x" * 40),
        ("x" * 39 + " y", "svc-" + "x" * 39),
    ],
)
def test_an_account_is_called_after_its_application(name: str, username: str) -> None:
    assert free_username(name, Registry()) == username


def test_a_taken_account_name_is_numbered() -> None:
    known = Registry()
    for expected in ("svc-nightly", "svc-nightly-2", "svc-nightly-3"):
        username = free_username("Nightly!", known)
        assert username == expected
        application, _ = make(name=expected)
        known.register(
            replace(application, app_key=expected, service_account=username),
            ServiceAccount(username=username, password="p"),
        )


@given(name=st.text())
def test_every_name_makes_an_account_that_a_certificate_can_carry(name: str) -> None:
    assert is_account_name(free_username(name, Registry()))


def test_keys_repeat_under_a_seed_and_differ_otherwise() -> None:
    def keys(seed: int) -> object:
        return new_keys(secret=True, random=Random(seed))  # noqa: S311

    assert keys(1) == keys(1) != keys(2)
    assert new_keys(secret=False, random=Random(1))["app_secret"] is None  # noqa: S311


def test_a_change_keeps_everything_else() -> None:
    application, _ = make(name="one", products=["investors"])

    changed = changed_application(application, {"name": "two"}, PRODUCTS)

    assert changed == replace(application, name="two")


def test_nothing_changed_is_a_change_too() -> None:
    application, _ = make()
    assert changed_application(application, {}, PRODUCTS) == application


@pytest.mark.long
@every_case(
    ("changes", "field", "words"),
    [
        ({"type": "client-server"}, "type", "cannot be changed from server-server; register"),
        ({"actor": "end-user"}, "actor", "cannot be changed from server"),
        ({"owner": "sei-internal"}, "owner", "cannot be changed from anyone"),
        ({"app_secret": "chosen"}, "app_secret", "no such field"),
        ({"service_account": "svc-demo"}, "service_account", "no such field"),
        ({"name": "a/b"}, "name", "not a name"),
        ({"name": 5}, "name", "valid string"),
        ({"products": ["nothing"]}, "products", "no product nothing"),
    ],
)
def test_a_change_that_is_none_of_the_forms_is_refused(
    changes: dict[str, Any], field: str, words: str
) -> None:
    application, _ = make()

    with pytest.raises(Rejected) as caught:
        changed_application(application, changes, PRODUCTS)

    assert words in caught.value.problems[field]
