"""The table of the checks has every name, and calls pass the checks in its order."""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import mock_sei
from mock_sei.faults.faults import FaultRule
from mock_sei.journal.entries import Entry
from mock_sei.journal.recorded import read_entry
from mock_sei.rules import checks
from mock_sei.rules.standards import TOKEN_GRANTS, Listener
from tests.oauth.flows import by_code, information, refresh, revoke
from tests.sources import nodes_of, tree_of
from tests.support import TICKETS, Served

PACKAGE = Path(mock_sei.__file__).parent
RAISING = {
    "Refusal",
    "Explanation",
    "Check",
    "NoToken",
    "RedirectedRefusal",
    "read_pairs",
    "__init__",
}
CONSTANTS = {name: value for name, value in vars(checks).items() if isinstance(value, str)}


@functools.cache
def modules() -> tuple[tuple[str, Path], ...]:
    return tuple(
        (path.relative_to(PACKAGE).as_posix(), path) for path in sorted(PACKAGE.rglob("*.py"))
    )


def constants_of(module: ast.Module) -> dict[str, str]:
    """The texts of a module's constants, those that are names of the table included."""
    found = dict(CONSTANTS)
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            text = text_of(node.value, found)
            if text is not None:
                found[node.targets[0].id] = text
    return found


def text_of(node: ast.expr, known: dict[str, str]) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("checks", "limits"):
        return CONSTANTS.get(node.attr) or ("request" if node.attr == "CHECK" else None)
    return known.get(node.id) if isinstance(node, ast.Name) else None


def constants_of_all() -> dict[str, str]:
    return {
        name: text
        for _, module in modules()
        for name, text in constants_of(tree_of(module)).items()
        if name not in ("CHECK", "HOME")
    }


@functools.cache
def named_checks() -> tuple[tuple[str, str | None], ...]:
    """Where a check is named, and its name; None if this test cannot read the name."""
    return tuple(_named_checks())


def _named_checks() -> Iterator[tuple[str, str | None]]:
    everywhere = constants_of_all()
    for path, module in modules():
        # The doctor's checks are of the client's setup; the recorder's are in no journal.
        if path.startswith(("doctor/", "recorder/")):
            continue
        known = everywhere | constants_of(tree_of(module))
        for node in nodes_of(module):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            function = called.attr if isinstance(called, ast.Attribute) else ast.unparse(called)
            if function in RAISING:
                for keyword in node.keywords:
                    if keyword.arg == ("name" if function == "Check" else "check"):
                        yield f"{path}:{node.lineno}", text_of(keyword.value, known)
            elif function == "passes" and node.args:
                yield f"{path}:{node.lineno}", text_of(node.args[0], known)


HANDED_ON = ("errors.py", "oauth/authorize.py", "reasons/tokens.py", "web/forms.py")
"""Modules that also name the check of another refusal, or of their caller."""


@pytest.mark.long
def test_every_check_that_the_code_names_is_in_the_table() -> None:
    named = named_checks()

    unread = [where for where, name in named if name is None and not where.startswith(HANDED_ON)]
    # CHECK of another module is not followed: the module that defines it is read itself.
    unread = [each for each in unread if "CHECK" not in source_of(each)]
    assert unread == []
    assert {name for _, name in named if name} - checks.KNOWN.keys() == set()
    assert len(named) > 70


def source_of(where: str) -> str:
    path, _, line = where.partition(":")
    lines = (PACKAGE / path).read_text(encoding="utf-8").splitlines()
    return "\n".join(lines[int(line) - 1 : int(line) + 3])


@pytest.mark.long
def test_no_name_of_the_table_is_of_no_check() -> None:
    named = {name for _, name in named_checks()} | {checks.TLS, "TLS handshake"}

    assert checks.KNOWN.keys() - named <= {checks.CERTIFICATE, "HTTP", checks.SIGNATURE}


def test_every_grant_has_its_checks() -> None:
    assert checks.TOKENS.keys() == set(TOKEN_GRANTS)


def way(entry: Entry) -> list[str]:
    """The steps of an entry: the passed ones by name, the others with a mark before the name."""
    marks = {"passed": "", "refused": "!", "not reached": "?"}
    return [f"{marks[each.result]}{each.check}" for each in entry.checks]


CONNECTED = ["TLS", "client certificate"]


@pytest.fixture(autouse=True)
def _cheap(one_key: None) -> None:
    """Uses one key for all certificates, because creating keys is slow."""


def test_a_call_with_the_certificate_of_another_account_shows_how_far_it_came(
    served: Served,
) -> None:
    token = served.token()
    headers = {"AppKey": "demo-server-key", "Authorization": f"Bearer {token}"}
    served.client("svc-web").get(TICKETS, headers=headers)

    last = served.platform.journal.last
    assert way(last) == [
        *CONNECTED,
        *("path", "listener", "source address", "AppKey", "access token", "scope"),
        *("!certificate name", "?parameters"),
    ]
    assert (last.expected, last.actual) == ("svc-demo", "svc-web")


def test_an_answered_call_passed_every_check(served: Served) -> None:
    served.get()

    assert way(served.platform.journal.last) == [*CONNECTED, *checks.FUNCTIONAL.order]


def test_a_token_request_passes_the_checks_of_its_grant(served: Served) -> None:
    served.token()

    order = checks.TOKENS["client_credentials"].order
    assert way(served.platform.journal.last) == [*CONNECTED, *order]


def test_a_token_request_without_a_parameter_shows_what_was_checked_before(served: Served) -> None:
    served.post_token(password=None)

    assert way(served.platform.journal.last) == [
        *CONNECTED,
        *("key pair", "source address", "row and grant", "listener", "!parse"),
        *("?account", "?certificate name", "?scope"),
    ]


def test_an_unknown_app_key_is_refused_before_the_checks_of_an_application(served: Served) -> None:
    served.get(headers={"AppKey": "of-nobody", "Authorization": "Bearer x"})

    assert way(served.platform.journal.last) == [
        *CONNECTED,
        *("path", "!AppKey", "?access token", "?scope", "?certificate name", "?parameters"),
    ]


def test_a_path_that_no_operation_has_ends_the_way_at_once(served: Served) -> None:
    served.get("/v1/nothing")

    assert way(served.platform.journal.last)[:3] == [*CONNECTED, "!path"]


def test_a_fault_that_answers_leaves_no_check_of_the_call(served: Served) -> None:
    served.platform.faults.arm(FaultRule(operation=f"GET {TICKETS}", status=503))
    served.get(headers={})

    assert way(served.platform.journal.last) == [*CONNECTED, "!fault"]


def test_a_wrong_value_is_refused_after_all_checks_of_the_caller(served: Served) -> None:
    served.get(f"{TICKETS}?limit=x")

    assert way(served.platform.journal.last) == [
        *CONNECTED,
        *checks.FUNCTIONAL.order[:-1],
        "!parameters",
    ]


def test_every_kind_of_call_passes_its_checks_in_the_order_of_the_table(served: Served) -> None:
    redeemed = by_code(served).json()
    refreshed = refresh(served, redeemed["refresh_token"])
    information(served, refreshed.json()["access_token"], client_id="demo-web-key")
    revoke(served, token=refreshed.json()["access_token"])
    served.client(None, listener=Listener.ONE_WAY).get("/portal")
    entries = served.platform.journal.entries

    seen = {each.findings.course for each in entries if each.findings.passed}
    assert seen >= {
        *(checks.TOKENS["authorization_code"], checks.TOKENS["refresh_token"], checks.REVOKE),
        *(checks.TOKEN_INFORMATION, checks.LOG_IN),
    }
    for each in entries:
        order, passed = each.findings.course.order, each.findings.passed
        assert passed == [name for name in order if name in passed], each


def test_an_entry_that_is_read_from_json_has_the_same_way(served: Served) -> None:
    served.get()
    served.get(headers={"AppKey": "of-nobody", "Authorization": "Bearer x"})
    served.post_token(http=served.client("svc-web"))
    served.post_token(password=None)
    served.client(None, listener=Listener.ONE_WAY).get("/portal/nowhere")

    for each in served.platform.journal.entries:
        read = read_entry(json.loads(json.dumps(each.to_json())))
        assert read.checks == each.checks
        assert read_entry(read.to_json()).checks == each.checks


def test_a_name_that_is_read_from_json_is_kept_once(served: Served) -> None:
    served.get()
    read = read_entry(json.loads(json.dumps(served.platform.journal.last.to_json())))

    assert all(each.check is checks.KNOWN[each.check] for each in read.checks)


def test_a_unit_that_runs_again_notes_each_check_once(served: Served) -> None:
    platform = served.platform
    served.get()
    entry = platform.journal.last

    assert len(set(entry.findings.passed)) == len(entry.findings.passed)
