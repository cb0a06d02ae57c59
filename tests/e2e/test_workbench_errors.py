"""Wrong calls of the object that the fixtures hand out: one sentence, the same in both modes."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

import mock_sei
from mock_sei import Attached, MockSei
from mock_sei.errors import ConfigurationError, MockSeiError, UnknownAccount, UnknownApplication
from mock_sei.testing.workbench import Workbench

MOMENT = datetime(2027, 1, 1, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:9"


WRONG: dict[str, tuple[Callable[[Any], object], str]] = {
    "a moment as text": (
        lambda sei: sei.clock.set("2027-01-01"),
        (
            "moment: must be a datetime with a time zone, such as "
            "datetime(2027, 1, 1, tzinfo=UTC), not str"
        ),
    ),
    "a moment without a time zone": (
        lambda sei: sei.clock.set(datetime(2027, 1, 1)),  # noqa: DTZ001
        "moment: 2027-01-01T00:00:00 has no time zone; add one, such as tzinfo=UTC",
    ),
    "a date": (lambda sei: sei.clock.set(date(2027, 1, 1)), "not date"),
    "a class as moment": (lambda sei: sei.clock.set(datetime), "not the class datetime"),
    "no moment": (lambda sei: sei.clock.set(), "moment: missing"),
    "a moment too far away": (
        lambda sei: sei.clock.set(MOMENT.replace(year=9999)),
        "9999-01-01T00:00:00+00:00 is outside the years 2001 to 2998",
    ),
    "a misspelt keyword of the clock": (
        lambda sei: sei.clock.set(MOMENT, frozn=True),
        "frozn: no such keyword; did you mean frozen?",
    ),
    "a flag as text": (
        lambda sei: sei.clock.set(MOMENT, frozen="no"),
        "frozen: must be True or False, not str",
    ),
    "a misspelt unit": (
        lambda sei: sei.clock.advance(minute=3),
        "minute: no such unit of time; did you mean minutes?",
    ),
    "an unknown unit": (
        lambda sei: sei.clock.advance(fortnight=1),
        "fortnight: no such unit of time; there are weeks, days, hours, minutes, seconds",
    ),
    "backwards": (lambda sei: sei.clock.advance(minutes=-3), "advance: the clock only advances"),
    "not a number": (lambda sei: sei.clock.advance(minutes=math.nan), "minutes: NaN is no"),
    "infinite": (lambda sei: sei.clock.advance(minutes=math.inf), "minutes=inf is further than"),
    "huge": (lambda sei: sei.clock.advance(days=10**400), "days=… is further than the clock goes"),
    "minutes as text": (
        lambda sei: sei.clock.advance(minutes="3"),
        "minutes: must be a number, not str",
    ),
    "a bare number": (lambda sei: sei.clock.advance(5), "such as minutes=31, not int"),
    "a misspelt variant": (
        lambda sei: sei.certificate("svc-demo", "expierd"),
        (
            "variant: must be one of valid, expired, not-yet-valid, untrusted, self-signed, "
            "wrong-cn, not 'expierd'; did you mean expired?"
        ),
    ),
    "a variant that is none": (lambda sei: sei.certificate("svc-demo", None), "wrong-cn, not None"),
    "a misspelt keyword of certificate": (
        lambda sei: sei.certificate("svc-demo", varient="expired"),
        "varient: no such keyword; did you mean variant?",
    ),
    "a misspelt account": (
        lambda sei: sei.certificate("svc-dmo"),
        "no service account 'svc-dmo' (did you mean svc-demo?); there are svc-demo, svc-web",
    ),
    "an application instead of its account": (
        lambda sei: sei.service_account("demo-server"),
        "(demo-server is an application; its service account is svc-demo)",
    ),
    "an application without an account": (
        lambda sei: sei.service_account("demo-spa"),
        "(demo-spa is an application without a service account)",
    ),
    "no account at all": (
        lambda sei: sei.service_account(None),
        "account: must be an Account or its user name, not None",
    ),
    "a variant with an underscore": (
        lambda sei: sei.server_certificate("wrong_host"),
        "not 'wrong_host'; did you mean wrong-host?",
    ),
    "a misspelt field of find": (
        lambda sei: sei.journal.find(statsu=200),
        "statsu: no such field; did you mean status?",
    ),
    "a field that the journal is not searched by": (
        lambda sei: sei.journal.assert_called("GET /v2/investors", cookie="x"),
        "cookie: no such field; there are operation, status, kind, listener",
    ),
    "a misspelt field of one application's journal": (
        lambda sei: sei.journal.of(sei.applications["demo-server"]).find(statsu=200),
        "statsu: no such field; did you mean status?",
    ),
    "a status as text": (
        lambda sei: sei.journal.find(status="200"),
        "status: must be a whole number, not str",
    ),
    "a misspelt listener": (
        lambda sei: sei.journal.find(listener="two_way"),
        "listener: must be one of one-way, two-way, control, not 'two_way'; did you mean two-way?",
    ),
    "a number of calls as text": (
        lambda sei: sei.journal.assert_called("GET /v2/investors", times="2"),
        "times: must be a whole number, not str",
    ),
    "an operation that is no text": (lambda sei: sei.journal.find(5), "operation: must be a text"),
    "the journal of a name": (
        lambda sei: sei.journal.of("demo-server"),
        'must be an Application, such as mock_sei.applications["demo-server"], not str',
    ),
    "a misspelt field of a fault": (
        lambda sei: sei.faults.add("GET /v2/investors", statsu=503),
        "statsu: no such field; did you mean status?",
    ),
    "a status that cannot be read": (
        lambda sei: sei.faults.add("GET /v2/investors", status="x"),
        "status: input should be a valid integer",
    ),
    "a misspelt choice of a fault": (
        lambda sei: sei.faults.add("GET /v2/investors", cut="in-bdy"),
        "or 'in-body'; did you mean in-body?",
    ),
    "a class in a fault": (
        lambda sei: sei.faults.add("GET /v2/investors", status=int),
        "status: input should be a valid integer",
    ),
    "a fault of no application": (
        lambda sei: sei.faults.add("GET /v2/investors", application=5, status=503),
        "application: must be an Application, an Account or a name of either, not int",
    ),
    "whose faults were met": (
        lambda sei: sei.faults.assert_met(application=5),
        "application: must be an Application, an Account or a name of either, not int",
    ),
    "a misspelt keyword of enqueue": (
        lambda sei: sei.enqueue("GET /v2/investors", staus=500),
        "staus: no such keyword; did you mean status?",
    ),
    "a status without its keyword": (
        lambda sei: sei.enqueue("GET /v2/investors", 503),
        "only operation can be given without a keyword; give the others as keywords: application",
    ),
    "a misspelt part of a request": (
        lambda sei: sei.enqueue("GET /v2/investors", request={"hedaers": {}}),
        "request: 'hedaers': no such part; did you mean headers?",
    ),
    "a listener that is none": (
        lambda sei: sei.enqueue("GET /v2/investors", listener="two-wy"),
        "listener: must be one of one-way, two-way, control, not 'two-wy'; did you mean two-way?",
    ),
    "a function beside an answer": (
        lambda sei: sei.enqueue("GET /v2/investors", answer=print, status=503, text="a"),
        "status: the function gives the whole answer; use either it or answer",
    ),
    "a function that is none": (
        lambda sei: sei.enqueue("GET /v2/investors", answer=5),
        "answer: must be a function that takes the request, not int",
    ),
    "whose answers were used": (
        lambda sei: sei.answers.assert_used(application=5),
        "application: must be an Application, an Account or a name of either, not int",
    ),
    "an answer for no operation": (lambda sei: sei.enqueue(), "operation: missing"),
    "an operation of None": (
        lambda sei: sei.enqueue(None),
        "operation: must be a method and a path, such as GET /v2/investors, not None",
    ),
    "a misspelt field of an application": (
        lambda sei: sei.new_application(typ="native"),
        "typ: no such field; did you mean type?",
    ),
    "a misspelt type": (
        lambda sei: sei.new_application(type="natve"),
        "or 'native'; did you mean native?",
    ),
    "a misspelt product": (
        lambda sei: sei.new_application(products=["investor"]),
        "products: no product investor (did you mean investors?); there are accounts",
    ),
    "a change that cannot be sent": (
        lambda sei: sei.applications.change("demo-server", distribution_list=object()),
        "distribution_list: input should be a valid string",
    ),
    "a misspelt change": (
        lambda sei: sei.applications.change("demo-server", nme="x"),
        "nme: no such field; did you mean name?",
    ),
    "a misspelt application": (
        lambda sei: sei.applications["demo-sever"],
        "no application 'demo-sever' (did you mean demo-server?); there are demo-server, demo-web",
    ),
    "a name that no path can have": (
        lambda sei: sei.applications["demo/server"],
        "no application 'demo/server' (did you mean demo-server?); there are demo-server",
    ),
    "an application of None": (lambda sei: sei.applications[None], "a name of either, not None"),
    "a number as an application": (
        lambda sei: sei.applications.refresh_keys(5),
        "a name of either, not int",
    ),
    "a misspelt collection": (
        lambda sei: sei.data["investers"],
        "no operation reads a collection 'investers'; did you mean investors",
    ),
    "a collection of None": (
        lambda sei: sei.data[None],
        "collection: must be the name of a collection, not None",
    ),
    "records that are none": (
        lambda sei: sei.data["investors"].replace(5),
        "records: must be a list of records, not int",
    ),
    "a record that cannot be sent": (
        lambda sei: sei.data["investors"].add({"investorId": object()}),
        "0: cannot be sent as JSON",
    ),
    "a passphrase of None": (
        lambda sei: sei.certificate("svc-demo").pfx(passphrase=None),
        "passphrase: must be a text, not None",
    ),
    "a misspelt keyword of pfx": (
        lambda sei: sei.certificate("svc-demo").pfx(pasphrase="x"),
        "pasphrase: no such keyword; did you mean passphrase?",
    ),
    "a token of nobody": (
        lambda sei: sei.token("svc-dmo"),
        "no application 'svc-dmo' (did you mean svc-demo?)",
    ),
    "a token of None": (lambda sei: sei.token(None), "a name of either, not None"),
    "a token of a misspelt user": (
        lambda sei: sei.token("demo-web", user="alic@example.com"),
        "no end user 'alic@example.com' (did you mean alice@example.com?)",
    ),
    "a user that is a number": (
        lambda sei: sei.token("demo-web", user=5),
        "user: must be an end user's e-mail address, not int",
    ),
    "a misspelt keyword of token": (
        lambda sei: sei.token("demo-web", usr="bob@example.com"),
        "usr: no such keyword; did you mean user?",
    ),
    "a misspelt keyword of login": (
        lambda sei: sei.login("demo-web", usr="bob@example.com"),
        "usr: no such keyword; did you mean user?",
    ),
    "a class as a parameter of login": (
        lambda sei: sei.login("demo-web", state=str),
        "state: must be a text, a number or None, not the class str",
    ),
    "a log-in of an application that has none": (
        lambda sei: sei.login("demo-server"),
        "no redirect for alice@example.com: 400 The application demo-server has no redirect",
    ),
    "a misspelt option of a client": (
        lambda sei: sei.client("svc-demo", tmeout=3),
        "tmeout: no such keyword; did you mean timeout?",
    ),
    "a misspelt account of a client": (
        lambda sei: sei.client(acount="svc-demo"),
        "acount: no such keyword; did you mean account?",
    ),
    "a client of a number": (lambda sei: sei.client(5), "an Account or its user name, not int"),
    "a misspelt keyword of a context": (
        lambda sei: sei.ssl_context(acount="svc-demo"),
        "acount: no such keyword; did you mean account?",
    ),
    "a class as an account": (lambda sei: sei.ssl_context(str), "not the class str"),
    "a misspelt keyword of reset": (
        lambda sei: sei.reset(dialekt="rfc"),
        "dialekt: unknown key; did you mean dialect?",
    ),
    "a misspelt value of reset": (
        lambda sei: sei.reset(dialect="rcf"),
        "dialect = 'rcf': input should be 'sei' or 'rfc'; did you mean rfc?",
    ),
    "a value of reset that cannot be sent": (
        lambda sei: sei.reset(seed=object()),
        "seed: input should be a valid integer",
    ),
    "a misspelt setting": (
        lambda _: MockSei(dialekt="rfc"),  # type: ignore[call-arg]
        "MockSei: dialekt: unknown key; did you mean dialect?",
    ),
    "a misspelt address": (
        lambda _: Attached(NOWHERE, one_way_ur="https://localhost"),  # type: ignore[call-arg]
        "one_way_ur: no such keyword; did you mean one_way_url?",
    ),
    "a misspelt setting of an attached server": (
        lambda _: Attached(NOWHERE, settings={"dialekt": "rfc"}),
        "dialekt: unknown key; did you mean dialect?",
    ),
    "a number as an address": (lambda _: Attached(5), "address: must be a text, not int"),  # type: ignore[arg-type]
    "a misspelt keyword of a link": (
        lambda sei: sei.certificate_link("svc-demo", fromat="pfx"),
        "fromat: no such keyword; did you mean format?",
    ),
    "a flag of a link as text": (
        lambda sei: sei.certificate_link("svc-demo", legacy="no"),
        "legacy: must be True or False, not str",
    ),
    "a number that nobody can write": (
        lambda sei: sei.faults.add("GET /v2/investors", cut=10**5000),
        "cut: input should be 'before-headers'",
    ),
    "a CSR as bytes": (
        lambda sei: sei.sign_request("svc-demo", b"x"),
        "request: must be a CSR as PEM text, not bytes",
    ),
    "a certificate as bytes": (
        lambda sei: sei.register_certificate("svc-demo", b"x", "y"),
        "certificate: must be a certificate as PEM text, not bytes",
    ),
    "an unknown signing key": (
        lambda sei: sei.retire_signing_key("x"),
        "kid: no signing key 'x'; the newest are",
    ),
    "a number as a signing key": (
        lambda sei: sei.retire_signing_key(5),
        "kid: must be a text, not int",
    ),
    "the number of a mail as text": (
        lambda sei: sei.mailbox.require("x"),
        "number: must be a whole number, not str",
    ),
    "a misspelt field of a mail": (
        lambda sei: sei.mailbox.find(form="x"),
        "form: no such keyword; there are to, about",
    ),
}


def test_every_wrong_call_is_one_sentence_with_the_nearest_right_one(workbench: Workbench) -> None:
    failures = []
    for case, (call, words) in WRONG.items():
        told: object = "nothing was raised"
        try:
            call(workbench)
        except MockSeiError as error:
            told = error
        except Exception as error:
            told = repr(error)
        sentence = str(told)
        if not isinstance(told, MockSeiError) or words not in sentence or "\n" in sentence:
            failures.append(f"{case}: {told!r}")
    assert not failures, "\n".join(failures)


def test_both_modes_raise_the_same_class_with_the_same_words(
    server: MockSei, attached: Attached
) -> None:
    def raised(call: Callable[[Any], object], workbench: Workbench) -> tuple[type, str]:
        with pytest.raises(MockSeiError) as caught:
            call(workbench)
        return caught.type, str(caught.value)

    server.reset()
    differ = [
        case for case, (call, _) in WRONG.items() if raised(call, server) != raised(call, attached)
    ]
    assert not differ


def test_what_is_wrong_changes_nothing(workbench: Workbench) -> None:
    for call, _ in WRONG.values():
        with pytest.raises(MockSeiError):
            call(workbench)
    assert workbench.clock.is_machine
    assert len(workbench.faults) == 0
    assert len(workbench.applications) == 6


def test_a_wrong_argument_is_a_value_error_and_a_type_error_too(workbench: Workbench) -> None:
    for kind in (ValueError, TypeError, mock_sei.Rejected, mock_sei.MockSeiError):
        with pytest.raises(kind, match="did you mean minutes"):
            workbench.clock.advance(minute=3)  # type: ignore[call-arg]
    with pytest.raises(mock_sei.MockSeiError):
        workbench.token("svc-dmo")


def test_a_parameter_that_nobody_knows_is_sent_with_the_log_in_all_the_same(
    workbench: Workbench,
) -> None:
    assert workbench.login("demo-web", foo="bar", state="5", login_hint=None).code


def test_an_application_is_renamed_by_the_keyword_name(workbench: Workbench) -> None:
    changed = workbench.applications.change("demo-server", name="renamed")
    assert changed.name == "renamed"
    with pytest.raises(UnknownApplication, match=r"'demo-server' \(it was renamed to renamed\)"):
        _ = workbench.applications["demo-server"]


def test_an_application_that_a_reset_removed_is_reported_with_the_test_that_reset(
    workbench: Workbench,
) -> None:
    made = workbench.new_application(name="shared")
    workbench.test = "test_two"
    try:
        workbench.reset()
    finally:
        workbench.test = None
    clause = "it was removed by the reset of test_two"
    for look in (
        lambda: workbench.applications["shared"],
        lambda: workbench.token("shared"),
        lambda: workbench.applications.approve("shared"),
        lambda: workbench.login("shared"),
    ):
        with pytest.raises(UnknownApplication, match=rf"no application 'shared' \({clause}\)"):
            look()
    belonged = "it belonged to shared, which was removed by the reset of test_two"
    with pytest.raises(UnknownAccount, match=belonged):
        workbench.certificate(made)
    with pytest.raises(UnknownApplication, match=belonged):
        workbench.token(made)


def test_a_test_with_a_long_name_resets_too(workbench: Workbench) -> None:
    workbench.new_application(name="shared")
    workbench.test = "test_long[" + "é\n" * 1000 + "]"
    try:
        workbench.reset()
    finally:
        workbench.test = None
    with pytest.raises(UnknownApplication, match=r"reset of test_long\[é\\x0aé") as caught:
        _ = workbench.applications["shared"]
    assert "\n" not in str(caught.value)


def test_a_reset_that_nobody_named_is_reported_with_its_time(workbench: Workbench) -> None:
    workbench.new_application(name="shared")
    workbench.reset()
    with pytest.raises(UnknownApplication, match=r"removed by the reset at \d\d:\d\d:\d\d UTC"):
        _ = workbench.applications["shared"]


def test_an_application_that_was_deleted_is_reported_with_its_time(workbench: Workbench) -> None:
    workbench.new_application(name="shared")
    workbench.applications.remove("shared")
    workbench.reset()
    with pytest.raises(UnknownApplication, match=r"it was deleted at \d\d:\d\d:\d\d UTC"):
        _ = workbench.applications["shared"]


def test_an_application_that_is_there_again_is_found(workbench: Workbench) -> None:
    workbench.new_application(name="shared")
    workbench.reset()
    made = workbench.new_application(name="shared")
    assert workbench.applications["shared"] == made


def test_a_setting_of_a_reset_names_the_ones_that_a_reset_can_change(workbench: Workbench) -> None:
    with pytest.raises(ConfigurationError, match="a reset cannot change it; it can change dialect"):
        workbench.reset(one_way_port=5)  # type: ignore[call-arg]
