"""Bodies of functional calls: their limits, where they are kept, and their journal entries."""

from __future__ import annotations

import asyncio
import json
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mock_sei.apis.actions.create import MOST_COPIED
from mock_sei.apis.bodies import MOST_VALUES
from mock_sei.apis.spooled import IN_MEMORY, Spool
from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.journal.entries import Entry
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour
from mock_sei.web.app import platform_app
from mock_sei.web.listener import PlatformListener
from mock_sei.web.received import PARSED_BODY
from tests.support import Served, with_certificate

pytestmark = pytest.mark.long

OWN = """
openapi: 3.1.0
info: {title: Own, version: v1}
paths:
  /own/files:
    post:
      requestBody:
        required: true
        content:
          multipart/form-data: {schema: {type: object}}
          application/octet-stream: {}
          application/json: {schema: {type: object}}
          application/json-patch+json: {schema: {type: array}}
      responses: {"201": {description: taken}}
  /own/anything:
    post:
      requestBody: {content: {"*/*": {}}}
      responses: {"201": {description: taken}}
  /own/nothing:
    post: {responses: {"204": {description: done}}}
"""
MIB = 1024 * 1024
UPLOAD_LIMIT = 2 * MIB
UPLOADS = "/v1/contentmanagement/folders/uploadfiles"
ATTACHMENTS = "/v2/workdesk/tickets/DEMO-102/attachments"
INVESTOR = "/v1/investors/INV-0001"
PATCH = "application/json-patch+json"
MARK = "only-the-file-has-this"
MEMBERS = ["code", "errors", "message", "trackingId", "transient"]
"""The members of the vendor's error bodies."""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, shared_store: CertificateStore) -> Served:
    folder: Path = tmp_path_factory.mktemp("apis")
    (folder / "own.yaml").write_text(OWN)
    fixtures = load_fixtures(apis=folder)
    return Served(
        Platform(
            fixtures=fixtures,
            store=shared_store,
            behaviour=Behaviour(seed=1),
            upload_limit=UPLOAD_LIMIT,
        )
    )


@pytest.fixture
def served(own: Served) -> Iterator[Served]:
    """A platform with a limit of 2 MB for uploads. After a test no body may be left."""
    own.platform.reset()
    yield own
    own.platform.reset()
    assert spool_of(own).size == 0
    assert own.platform.bugs == []


def spool_of(served: Served) -> Spool:
    return served.platform.new_body()._spool  # noqa: SLF001  # what it counts has no other face


def send(
    served: Served,
    path: str,
    content: Any,
    content_type: str | None,
    *,
    method: str = "POST",
    **headers: str,
) -> httpx2.Response:
    sent = served.headers() | headers
    if content_type is not None:
        sent["Content-Type"] = content_type
    return served.client().request(method, path, content=content, headers=sent)


def form(content: bytes) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="FileName"; filename="a.bin"\r\n\r\n'
    return head + content + b"\r\n--x--\r\n"


FORM = "multipart/form-data; boundary=x"


def whole(size: int) -> bytes:
    """A form of exactly ``size`` bytes."""
    return form(b"x" * (size - len(form(b""))))


def pieces(content: bytes, size: int = 50_000) -> Iterator[bytes]:
    yield from (content[each : each + size] for each in range(0, len(content), size))


def text_of(size: int) -> bytes:
    """JSON of exactly ``size`` bytes with one value."""
    return b'{"name":"' + b"x" * (size - len(b'{"name":""}')) + b'"}'


def refused(served: Served, answer: httpx2.Response) -> Entry:
    """The journal's entry of a 413 in the vendor's shape."""
    assert answer.status_code == 413, answer.text
    body = answer.json()
    assert sorted(body) == MEMBERS
    assert body["code"] == "request.size.failure"
    return served.platform.journal.last


# JSON


@pytest.mark.parametrize("announced", [True, False])
def test_json_may_have_eight_megabytes(served: Served, announced: bool) -> None:
    body = text_of(PARSED_BODY.size)

    answer = send(served, "/own/files", body if announced else pieces(body), "application/json")

    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("path", "method", "content_type"),
    [
        ("/own/files", "POST", "application/json"),
        ("/own/files", "POST", PATCH),
        ("/own/anything", "POST", "application/problem+json"),
        ("/own/nothing", "POST", "text/plain"),
        ("/v1/investors", "POST", "application/json"),
        ("/v1/investors", "POST", FORM),
        (INVESTOR, "PATCH", PATCH),
        (ATTACHMENTS, "POST", "application/json"),
        (UPLOADS, "POST", "application/x-www-form-urlencoded"),
        ("/v1/accounts/attributes", "POST", "application/xxx-form-url encoded"),
    ],
)
def test_every_body_but_files_has_eight_megabytes(
    served: Served, path: str, method: str, content_type: str, announced: bool
) -> None:
    body = b"x" * (PARSED_BODY.size + 1)

    answer = send(served, path, body if announced else pieces(body), content_type, method=method)

    entry = refused(served, answer)
    assert entry.refused_by == "body size"
    assert entry.expected == "at most 8388608 bytes"
    assert entry.actual == ("8388609 bytes" if announced else "more than 8388608 bytes")
    assert "Send it in several calls" in (entry.refused_because or "")


def test_the_body_of_a_get_is_not_read_and_may_be_no_larger(served: Served) -> None:
    def ask(content: Any) -> httpx2.Response:
        return send(served, "/v1/payments", content, "application/json", method="GET")

    refused(served, ask(b"x" * (PARSED_BODY.size + 1)))
    assert ask(pieces(b"x" * (PARSED_BODY.size + 1))).status_code == 200
    assert served.platform.journal.last.request is not None
    assert served.platform.journal.last.request.body_size == 0


@pytest.mark.parametrize(
    ("path", "method", "content_type"),
    [
        ("/own/files", "POST", "application/json"),
        ("/own/files", "POST", PATCH),
        ("/own/anything", "POST", "application/problem+json"),
        ("/own/nothing", "POST", None),
        ("/v1/investors", "POST", "application/json"),
        (INVESTOR, "PATCH", PATCH),
        ("/v1/trade/users/USR-0001", "PUT", "application/json"),
    ],
)
def test_a_body_may_have_so_many_values(
    served: Served, path: str, method: str, content_type: str | None
) -> None:
    body = b"[" + b"1," * MOST_VALUES + b"1]"

    answer = send(served, path, body, content_type, method=method)

    entry = refused(served, answer)
    assert entry.refused_by == "body values"
    assert entry.expected == "at most 100000 commas and opening brackets"
    assert entry.actual == "100001"
    assert "several calls" in (entry.refused_because or "")
    fewer = b"[" + b"1," * (MOST_VALUES - 1) + b"1]"
    assert send(served, path, fewer, content_type, method=method).status_code != 413


def test_a_body_that_came_whole_leaves_its_connection_open(served: Served) -> None:
    many = send(served, "/v1/investors", b"[" * (MOST_VALUES + 1), "application/json")
    large = send(served, "/v1/investors", b"x" * (PARSED_BODY.size + 1), "application/json")

    assert "connection" not in many.headers
    assert large.headers["connection"] == "close"


def test_a_list_whose_entries_repeat_a_long_text_is_refused(served: Served) -> None:
    body = {
        "requestType": "New Subscription",
        "channel": "x" * (MOST_COPIED // 100),
        "products": [{"productExternalId": "FND-01"}] * 101,
        "investor": {"standard": {"fullName": "Alder Cove Trust"}},
    }

    answer = send(served, "/v1/trade/initiation", json.dumps(body).encode(), "application/json")

    entry = refused(served, answer)
    assert entry.refused_by == "body copies"
    body["products"] = [{"productExternalId": "FND-01"}] * 50
    good = send(served, "/v1/trade/initiation", json.dumps(body).encode(), "application/json")
    assert good.status_code == 201, good.text[:300]


@pytest.mark.parametrize(
    ("path", "elsewhere"), [("/v1/trade/initiation", True), ("/own/nothing", False)]
)
def test_a_short_list_whose_entries_make_records_is_read_while_others_are_answered(
    served: Served, monkeypatch: pytest.MonkeyPatch, path: str, elsewhere: bool
) -> None:
    threads: dict[str, int] = {}
    answer, admit = Platform.answer, Platform.admit

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            threads[name] = threading.get_ident()
            return method(*arguments)

        return call

    monkeypatch.setattr(Platform, "admit", watched("loop", admit))
    monkeypatch.setattr(Platform, "answer", watched("answer", answer))

    send(served, path, b"{}", "application/json")

    assert (threads["answer"] != threads["loop"]) is elsewhere


# Files


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        (UPLOADS, FORM),
        (UPLOADS, "application/json"),
        (ATTACHMENTS, FORM),
        ("/own/files", FORM),
        ("/own/files", "application/octet-stream"),
        ("/own/anything", "image/png"),
        ("/own/anything", None),
    ],
)
def test_an_upload_may_have_what_the_setting_says(
    served: Served, path: str, content_type: str | None, announced: bool
) -> None:
    most, more = whole(UPLOAD_LIMIT), whole(UPLOAD_LIMIT + 1)

    good = send(served, path, most if announced else pieces(most), content_type)
    bad = send(served, path, more if announced else pieces(more), content_type)

    assert good.status_code in (200, 201), good.text
    entry = refused(served, bad)
    assert entry.refused_by == "body size"
    assert entry.expected == f"at most {UPLOAD_LIMIT} bytes"
    assert "--upload-limit-mib" in (entry.refused_because or "")


@pytest.mark.parametrize("size", [10, IN_MEMORY, UPLOAD_LIMIT - 1000])
@pytest.mark.parametrize(("path", "key"), [(UPLOADS, "id"), (ATTACHMENTS, "id")])
def test_every_byte_of_an_upload_is_kept(served: Served, path: str, key: str, size: int) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]

    made = send(served, path, pieces(form(content)), FORM).json()

    assert made["size"] == size
    assert served.platform.state.apis.contents[made[key]].read() == content


@pytest.mark.parametrize("content_type", [FORM, "application/json"])
@pytest.mark.parametrize("fits", [True, False])
def test_the_journal_shows_size_and_type_of_an_upload_and_nothing_of_it(
    served: Served, content_type: str, fits: bool
) -> None:
    size = UPLOAD_LIMIT if fits else UPLOAD_LIMIT + 1
    body = form((MARK * (size // len(MARK))).encode()[: size - len(form(b""))])

    send(served, UPLOADS, pieces(body), content_type)

    entry = served.platform.journal.last
    assert entry.request is not None
    named = content_type.partition(";")[0]
    assert entry.request.body == f"<{len(body)} bytes of {named}>"
    assert entry.request.raw_body == b""
    assert MARK not in json.dumps(entry.to_json())


def test_the_journal_shows_how_large_a_body_is_that_is_no_text(served: Served) -> None:
    send(served, "/v1/investors", b"\0" * 100_000, "application/pdf")

    request = served.platform.journal.last.request
    assert request is not None
    assert request.body == "<100000 bytes of application/pdf>"


@pytest.mark.parametrize("path", [UPLOADS, "/own/files", "/v1/investors"])
def test_a_call_without_a_token_is_refused_before_its_body_is_read(
    served: Served, path: str
) -> None:
    read: list[int] = []

    def sending() -> Iterator[bytes]:
        for each in pieces(form(b"x" * MIB)):
            read.append(len(each))
            yield each

    answer = send(served, path, sending(), FORM, Authorization="Bearer none")

    assert answer.status_code == 401
    assert served.platform.journal.last.request is not None
    assert served.platform.journal.last.request.body_size == 0


def test_an_upload_that_is_refused_leaves_nothing(served: Served) -> None:
    answer = send(served, UPLOADS, pieces(b"--x\r\n\r\n" + b"y" * MIB), FORM)

    assert answer.status_code == 400
    assert not served.platform.state.apis.contents
    assert spool_of(served).size == 0


def test_a_reset_and_a_removal_drop_files(served: Served) -> None:
    first = send(served, UPLOADS, form(b"x" * MIB), FORM).json()["id"]
    send(served, UPLOADS, form(b"y" * MIB), FORM)
    assert spool_of(served).size > 2 * MIB

    gone = served.client().delete(f"/v1/contentmanagement/files/{first}", headers=served.headers())

    assert gone.status_code in (200, 204), gone.text
    assert MIB < spool_of(served).size < 2 * MIB
    served.platform.reset()
    assert spool_of(served).size == 0


def test_an_upload_that_a_reset_overtakes_leaves_nothing(served: Served) -> None:
    def sending() -> Iterator[bytes]:
        yield from pieces(form(b"x" * MIB))
        served.platform.reset()

    headers = served.headers()
    sent = {**headers, "Content-Type": FORM}
    served.client().post(UPLOADS, content=sending(), headers=sent)

    assert not served.platform.state.apis.contents


def test_bodies_that_come_at_once_have_a_limit_together(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_of(served), "most", MIB)

    answer = send(served, UPLOADS, pieces(form(b"x" * MIB)), FORM)

    assert answer.status_code == 503
    assert sorted(answer.json()) == MEMBERS
    entry = served.platform.journal.last
    assert entry.refused_by == "bodies"
    assert entry.expected == f"at most {MIB} bytes of all request bodies"
    assert served.platform.check_result().bugs


def test_a_disk_without_room_is_told_as_that(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)

    answer = send(served, UPLOADS, pieces(form(b"x" * MIB)), FORM)

    assert answer.status_code == 503
    assert "no space is left" in (served.platform.journal.last.refused_because or "")
    assert spool_of(served).size == 0


@pytest.mark.parametrize("path", [UPLOADS, "/v1/investors"])
def test_a_client_that_leaves_in_the_middle_leaves_nothing(served: Served, path: str) -> None:
    body = form(b"x" * MIB)
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": each, "more_body": True} for each in pieces(body)
    ]
    messages.append({"type": "http.disconnect"})
    headers = {**served.headers(), "Content-Type": FORM, "Content-Length": str(len(body) + 1)}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        "client": ("127.0.0.1", 1),
    }
    app = with_certificate(
        PlatformListener(platform_app(), served.platform, Listener.TWO_WAY),
        served.platform.certificates.identity("svc-demo"),
    )

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def sent(_: object) -> None: ...

    async def call() -> None:
        await app(scope, receive, sent)

    asyncio.run(call())

    entry = served.platform.journal.last
    assert "the client left" in (entry.refused_because or "")
    assert entry.expected == f"{len(body) + 1} bytes"
    assert entry.actual == f"{len(body)} bytes"
    assert not served.platform.state.apis.contents
    assert spool_of(served).size == 0
