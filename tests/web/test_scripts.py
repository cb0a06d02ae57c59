"""Scripted answers over HTTP: placeholders, functions, states, and answers that cannot be made."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from uuid import UUID

import httpx2
import pytest

from mock_sei import Answer, ReceivedRequest
from mock_sei.journal.entries import Entry
from mock_sei.operations.scripts import EnqueueFunction
from mock_sei.rules.standards import Listener
from tests.operations import enqueue, set_clock
from tests.patience import PATIENCE
from tests.support import TICKETS, TOKEN_PATH, Served

ACCOUNT = "/v1/accounts/A-1"
PATCH = "PATCH /v1/accounts/{id}"
GET = f"GET {TICKETS}"
UPLOAD = "/v1/contentmanagement/folders/uploadfiles"


def script(served: Served, operation: str = GET, **fields: Any) -> None:
    enqueue(served.platform, operation, **fields)


def script_function(
    served: Served, function: Callable[[ReceivedRequest], Any], operation: str = GET, **fields: Any
) -> None:
    EnqueueFunction(operation=operation, function=function, **fields).perform(served.platform)


def patch(served: Served, path: str = ACCOUNT, **options: Any) -> httpx2.Response:
    sent: Mapping[str, str] = {**served.headers(), **options.pop("headers", {})}
    return served.client().patch(path, headers=dict(sent), **options)


def last_entry(served: Served) -> Entry:
    return served.platform.journal.entries[-1]


def assert_not_made(served: Served, answer: httpx2.Response) -> Entry:
    """The platform's error, and a journal entry that says which check refused."""
    assert answer.status_code == 500
    told = answer.json()
    assert (told["code"], told["errors"]) == ("gateway.fault", [])
    entry = last_entry(served)
    assert entry.refused_by == "scripted answer"
    return entry


# Placeholders


def test_values_of_the_request_are_put_into_the_answer(served: Served) -> None:
    set_clock(served.platform, frozen=True)
    script(
        served,
        PATCH,
        status=201,
        json={
            "account": "{{request.path.id}}",
            "limit": "{{request.query.limit}}",
            "amount": "{{ request.json/order/amount }}",
            "echo": "{{request.json}}",
            "at": "{{clock.now}}",
        },
        headers={"X-Agent": "{{request.headers.x-agent}}", "X-Method": "{{request.method}}"},
    )

    answer = patch(
        served,
        f"{ACCOUNT}?limit=5",
        headers={"X-Agent": "me"},
        json={"order": {"amount": 7.5}},
    )

    assert answer.status_code == 201
    assert answer.json() == {
        "account": "A-1",
        "limit": "5",
        "amount": 7.5,
        "echo": {"order": {"amount": 7.5}},
        "at": served.platform.clock.now().isoformat().replace("+00:00", "Z"),
    }
    assert (answer.headers["X-Agent"], answer.headers["X-Method"]) == ("me", "PATCH")
    assert last_entry(served).findings.notes == ["answered from a script"]


def test_a_value_that_is_missing_is_an_error_that_the_journal_explains(served: Served) -> None:
    script(served, json={"cursor": "{{request.query.cursor}}"})

    entry = assert_not_made(served, served.get(f"{TICKETS}?limit=5&page=2"))

    assert entry.refused_because == (
        f"The scripted answer for {GET} cannot be filled: {{{{request.query.cursor}}}}: the query "
        "has no cursor."
    )
    assert entry.expected == "a value for {{request.query.cursor}}"
    assert entry.actual == "the parameters limit, page"
    assert served.platform.scripts.is_quiet
    assert served.get().status_code == 200


def test_the_explanation_hides_secrets(served: Served) -> None:
    secret = served.application("demo-server").app_secret
    script(served, json="{{request.query.cursor}}")

    entry = assert_not_made(served, served.get(f"{TICKETS}?{secret}=1"))

    assert secret is not None
    assert secret not in str(entry.to_json())
    assert "***" in str(entry.actual)


@pytest.mark.parametrize("value", ["a%0D%0AX-Evil:%201", "%E6%97%A5"])
def test_a_value_cannot_break_the_headers(served: Served, value: str) -> None:
    script(served, headers={"X-Mine": "{{request.query.v}}"}, times=None)

    answer = served.get(f"{TICKETS}?v={value}")

    entry = assert_not_made(served, answer)
    assert "X-Evil" not in answer.headers
    assert "one line of Latin-1" in (entry.refused_because or "")
    assert served.get(f"{TICKETS}?v=good").headers["X-Mine"] == "good"


def test_a_body_that_would_be_too_large_is_an_error(served: Served) -> None:
    script(served, PATCH, text="{{request.body}}" * 1000)

    entry = assert_not_made(served, patch(served, content=b'"' + b"a" * 1_000_000 + b'"'))

    assert "would have more than 16777216 bytes" in (entry.refused_because or "")


def test_a_body_over_a_mebibyte_is_read_for_no_placeholder(served: Served) -> None:
    for text in ("{{request.body}}", "as it is {{request.path.id}}"):
        script(served, PATCH, text=text)
    large = b'"' + b"a" * (1024 * 1024) + b'"'

    entry = assert_not_made(served, patch(served, content=large))

    assert "the body has more than 1048576 bytes" in (entry.refused_because or "")
    assert patch(served, content=large).text == "as it is A-1"


def test_counters_and_uuids_are_of_the_platform_until_a_reset(served: Served) -> None:
    def answered() -> list[str]:
        for operation in (GET, PATCH):
            script(served, operation, json=["{{counter.a}}", "{{random.uuid}}"])
        return [*served.get().json(), *patch(served).json()]

    first = answered()
    assert first[0::2] == ["1", "2"]
    assert UUID(first[1]).version == 4
    assert first[1] != first[3]
    second = answered()
    assert second[0::2] == ["3", "4"]
    assert not set(first[1::2]) & set(second[1::2])
    served.platform.reset()
    served.get("/elsewhere")  # draws other random values first
    assert answered() == first


def test_a_uuid_is_no_other_random_value_of_the_platform(served: Served) -> None:
    served.platform.reset()
    tracking = [served.platform.new_tracking_id() for _ in range(20)]
    script(served, json="{{random.uuid}}")

    assert served.get().json() not in tracking


def test_a_head_shows_what_the_get_will_get(served: Served) -> None:
    body = ["{{request.method}}", "{{counter.a}}", "{{random.uuid}}", "{{state.s}}"]
    script(served, then={"s": "found"})
    served.get()
    script(served, json=body, headers={"X-Id": "{{random.uuid}}"}, then={"s": "moved"})
    sent = served.headers()

    looked = served.client().head(TICKETS, headers=sent)
    assert served.platform.scripts.states == {"s": "found"}
    got = served.client().get(TICKETS, headers=sent)

    assert got.json()[:2] == ["GET", "1"]
    assert got.json()[3] == "found"
    assert looked.headers["X-Id"] == got.headers["X-Id"]
    assert looked.headers["Content-Length"] == got.headers["Content-Length"]
    assert served.platform.scripts.states == {"s": "moved"}


def test_an_answer_for_head_itself_knows_its_method(served: Served) -> None:
    script(served, f"HEAD {TICKETS}", headers={"X-Method": "{{request.method}}"})

    looked = served.client().head(TICKETS, headers=served.headers())

    assert looked.headers["X-Method"] == "HEAD"
    assert served.platform.scripts.is_quiet


def test_the_token_endpoint_is_scripted_with_placeholders_and_states(served: Served) -> None:
    operation = f"POST {TOKEN_PATH}"
    script(
        served,
        operation,
        status=503,
        json={"user": "{{request.body}}"},
        when={"down": None},
        then={"down": "no longer"},
    )
    script(served, operation, json="{{request.json/a}}", when={"down": "no longer"})

    first = served.post_token()
    assert (first.status_code, "username=svc-demo" in first.json()["user"]) == (503, True)
    failed = served.post_token()
    assert (failed.status_code, failed.json()["error"]) == (500, "server_error")
    assert last_entry(served).refused_because == (
        f"The scripted answer for {operation} cannot be filled: {{{{request.json/a}}}}: the body "
        "is no JSON."
    )
    assert served.post_token().status_code == 200


# Matching and order


def test_an_answer_is_for_the_calls_that_have_its_parts(served: Served) -> None:
    script(served, PATCH, status=299, request={"json": {"currency": "USD"}}, query={"page": 2})
    script(served, PATCH, status=298, request={"headers": {"X-Kind": None}, "body": "exactly"})
    script(served, status=297, listener=Listener.ONE_WAY)

    assert patch(served, json={"currency": "USD"}).status_code not in (298, 299)
    assert patch(served, content=b"exactly", headers={"X-Kind": "a"}).status_code != 298
    assert served.get().status_code == 200
    usd = {"currency": "USD", "more": [1]}
    assert patch(served, f"{ACCOUNT}?page=2&x=y", json=usd).status_code == 299
    assert patch(served, content=b"exactly").status_code == 298
    assert len(served.platform.scripts) == 1


def test_a_default_is_set_once_and_exceptions_afterwards(served: Served) -> None:
    script(served, text="default", times=None)
    script(served, text="exception", times=2)

    assert [served.get().text for _ in range(4)] == ["exception"] * 2 + ["default"] * 2


def test_a_client_that_the_gateway_refuses_moves_no_state(served: Served) -> None:
    script(served, then={"s": "moved"})

    assert served.get(http=served.client("svc-web")).status_code == 403
    assert served.platform.scripts.states == {}
    assert len(served.platform.scripts) == 1


def test_a_call_in_another_state_is_without_a_script_in_strict_mode(served: Served) -> None:
    script(served, when={"s": "moved"})
    served.platform.scripts.strict = True

    assert served.get().status_code == 200
    assert served.platform.check_result().unscripted_calls == [GET]


# Functions


def test_a_function_makes_the_answer_from_the_request(served: Served) -> None:
    seen: list[ReceivedRequest] = []

    def answer(request: ReceivedRequest) -> Answer:
        seen.append(request)
        return Answer(status=202, json={"got": request.json()}, headers={"X-Mine": "yes"})

    script_function(served, answer, PATCH)
    made = patch(served, f"{ACCOUNT}?a=1&a=2", json={"b": 3}, headers={"X-Kind": "k"})

    assert (made.status_code, made.json(), made.headers["X-Mine"]) == (
        202,
        {"got": {"b": 3}},
        "yes",
    )
    request = seen[0]
    assert (request.method, request.path) == ("PATCH", ACCOUNT)
    assert dict(request.path_values) == {"id": "A-1"}
    assert (request.query["a"], request.headers["x-kind"]) == (("1", "2"), ("k",))
    assert (request.body, request.application) == (b'{"b":3}', "demo-server")
    assert request.listener == "two-way"
    with pytest.raises(TypeError):
        request.query["a"] = ("3",)  # type: ignore[index]
    with pytest.raises(AttributeError):
        request.path = "/"  # type: ignore[misc]


async def awaited(_: ReceivedRequest) -> Answer:
    await asyncio.sleep(0)
    return Answer(text="later")


@pytest.mark.parametrize(
    ("function", "status", "content", "media_type"),
    [
        (lambda _: {"a": 1}, 200, b'{"a": 1}', "application/json"),
        (lambda _: [], 200, b"[]", "application/json"),
        (lambda _: "text", 200, b'"text"', "application/json"),
        (lambda _: False, 200, b"false", "application/json"),
        (lambda _: None, 200, b"", None),
        (lambda _: Answer(status=204), 204, b"", None),
        (lambda _: Answer(text="{{a}}"), 200, b"{{a}}", "text/plain; charset=utf-8"),
        (awaited, 200, b"later", "text/plain; charset=utf-8"),
    ],
)
def test_what_a_function_returns_is_the_answer(
    served: Served,
    function: Callable[[ReceivedRequest], Any],
    status: int,
    content: bytes,
    media_type: str | None,
) -> None:
    script_function(served, function)

    answer = served.get()

    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("Content-Type") == media_type


def test_a_function_may_call_the_platform_itself(served: Served) -> None:
    sent = served.headers()

    def answer(_: ReceivedRequest) -> Any:
        inner = served.client().get(TICKETS, headers=sent)
        return {"inner": inner.status_code}

    script_function(served, answer, times=1)

    assert served.get(headers=sent).json() == {"inner": 200}


@pytest.mark.long
def test_many_functions_at_once_do_not_wait_for_each_other(served: Served) -> None:
    """More than a pool of threads has, by default."""
    count = 50
    barrier = threading.Barrier(count)
    script_function(served, lambda _: barrier.wait(PATIENCE) >= 0, times=None)
    sent = served.headers()
    results: list[int] = []

    def run() -> None:
        results.append(served.client().get(TICKETS, headers=sent).status_code)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)

    assert results == [200] * count


def test_a_function_gets_a_large_body_whole(served: Served) -> None:
    script_function(served, lambda request: len(request.body), f"POST {UPLOAD}")

    answer = served.client().post(
        UPLOAD, headers=served.headers(), files={"file": ("a.txt", b"a" * 3_000_000)}
    )

    assert answer.status_code == 200
    assert answer.json() > 3_000_000


def test_a_head_calls_no_function(served: Served) -> None:
    called: list[str] = []
    script_function(served, lambda request: called.append(request.method))
    sent = served.headers()

    assert served.client().head(TICKETS, headers=sent).status_code == 200
    assert called == []
    assert "a HEAD does not call it" in last_entry(served).findings.notes[-1]
    script_function(served, lambda request: called.append(request.method), f"HEAD {TICKETS}")
    served.client().head(TICKETS, headers=sent)
    assert called == ["HEAD"]


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")


def raising(error: BaseException) -> Callable[[ReceivedRequest], NoReturn]:
    def function(_: ReceivedRequest) -> NoReturn:
        raise error

    return function


async def failing(_: ReceivedRequest) -> NoReturn:
    raise LookupError("later")


@pytest.mark.parametrize(
    ("function", "because"),
    [
        (raising(ValueError("the reason")), "raised ValueError: the reason"),
        (raising(AssertionError()), "raised AssertionError"),
        (raising(Unspeakable()), "raised Unspeakable"),
        (raising(SystemExit(3)), "raised SystemExit: 3"),
        (raising(KeyboardInterrupt()), "raised KeyboardInterrupt"),
        (raising(StopIteration()), "raised StopIteration"),
        (lambda _: pytest.fail("by hand"), "raised Failed: by hand"),
        (failing, "raised LookupError: later"),
        (lambda _: b"bytes", "returned bytes that cannot be sent: json: cannot be sent as JSON"),
        (lambda _: float("nan"), "returned float that cannot be sent: json: "),
        (lambda _: Answer(status=7), "returned an Answer that cannot be sent: status: 7"),
        (lambda _: Answer(headers={"A": "b\r\nC: d"}), "headers: 'A': the value must be one line"),
        (lambda _: Answer(json=1, text="a"), "text: either json or text, not both"),
    ],
)
def test_a_function_that_fails_is_an_error_that_journal_and_log_explain(
    served: Served,
    caplog: pytest.LogCaptureFixture,
    function: Callable[[ReceivedRequest], Any],
    because: str,
) -> None:
    script_function(served, function)

    with caplog.at_level(logging.ERROR, "mock_sei"):
        answer = served.get()

    entry = assert_not_made(served, answer)
    assert because in (entry.refused_because or "")
    errors = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "test_scripts.py" in errors[0]
    assert "mock_sei/faults/functions.py" not in errors[0]
    assert served.platform.check_result().bugs == []
    assert served.get().status_code == 200


def test_the_failure_of_a_function_shows_no_secret(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    secret = str(served.application("demo-server").app_secret)
    script_function(served, raising(ValueError(f"wrong: {secret} {'a' * 100_000}")))

    with caplog.at_level(logging.ERROR, "mock_sei"):
        entry = assert_not_made(served, served.get())

    assert secret not in str(entry.to_json())
    assert "***" in (entry.refused_because or "")
    assert secret not in caplog.text
    assert max(len(each.getMessage()) for each in caplog.records) < 25_000


def test_a_function_is_over_after_its_times_and_moves_states(served: Served) -> None:
    script_function(served, lambda _: "one", times=2, then={"s": "moved"})
    script_function(served, lambda _: "two", times=None, when={"s": "moved"})

    assert [served.get().json() for _ in range(3)] == ["one", "one", "two"]


def test_a_reset_lets_a_function_that_is_called_finish(served: Served) -> None:
    def answer(_: ReceivedRequest) -> str:
        served.platform.reset()
        return "finished"

    script_function(served, answer, times=None)

    assert served.get().json() == "finished"
    assert served.platform.scripts.is_quiet


# What is left over


def test_the_check_names_required_answers_that_were_not_used(served: Served) -> None:
    script(served, times=2, required=True, query={"page": "1"})
    script(served, "GET /v2/reports/{id}", times=None, required=True, application="demo-web")
    script(served, "GET /elsewhere")
    served.get(f"{TICKETS}?page=1")

    result = served.platform.check_result()
    assert result.unused_answers == [
        f'{GET} with query={{"page": "1"}}: used 1 of 2 times',
        "GET /v2/reports/{id} of demo-web: never used",
    ]
    with pytest.raises(AssertionError, match="required answers that were not used: GET"):
        result.check()
    served.get(f"{TICKETS}?page=1")
    served.platform.scripts.remove(2)
    assert served.platform.check_result().unused_answers == []


def test_a_check_names_the_first_of_many(served: Served) -> None:
    for _ in range(60):
        script(served, required=True)

    assert served.platform.check_result().unused_answers[-1] == "and 10 more"
