"""Any functional call that passes the gateway gets an answer of the platform.

There is never a bug, and each refusal has the platform's form.
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, urlencode

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.operations import Operation
from mock_sei.fixtures import load_fixtures
from tests.any_values import JSON_VALUES
from tests.support import Served

OPERATIONS = sorted(Catalogue(load_fixtures().documents).operations, key=lambda each: each.name)
LISTS = [
    each
    for each in OPERATIONS
    if each.method == "GET"
    and each.find_parameters("cursor")
    and not each.required_parameters
    and not each.rule.requires
]
"""The operations that can be called without further parameters."""
ERROR_MEMBERS = {"code", "message", "trackingId", "transient", "errors"}

LIKELY = ["1", "-1", "true", "50", "2026-03-31", "2026-02-30", "a,b", "INV-0001", "*", "externalId"]
TEXTS = st.text(max_size=20) | st.sampled_from([*LIKELY, "9" * 400, "1e400", "\0", "%", "é", "''"])
BOUNDARY = "XX"
MEDIA_TYPES = st.sampled_from(
    [
        "application/json",
        "application/json-patch+json",
        f"multipart/form-data; boundary={BOUNDARY}",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "application/xxx-form-url encoded",
        "text/plain",
        "*/*",
        "",
    ]
)
PATCHES = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"]),
            "path": st.text("/-~01ab", max_size=6) | st.sampled_from(["", "/", "/firstName"]),
        },
        optional={"value": JSON_VALUES, "from": st.text("/-~01ab", max_size=6)},
    ),
    max_size=3,
)
PARTS = st.binary(max_size=60).map(
    lambda content: (
        b'--XX\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
        + content
        + b"\r\n--XX--\r\n"
    )
)
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    PARTS,
    JSON_VALUES.map(lambda value: json.dumps(value).encode()),
    PATCHES.map(lambda patch: json.dumps(patch).encode()),
)


@st.composite
def targets(draw: st.DrawFn, operation: Operation) -> str:
    """A path of the operation, and a query of its parameters and others."""
    path = operation.path
    names = []
    for parameter in operation.parameters.values():
        if parameter.place == "path":
            text = draw(TEXTS.filter(bool))
            path = path.replace(f"{{{parameter.name}}}", quote(text, safe="", errors="replace"))
        elif parameter.place == "query":
            names.append(parameter.name)
    pairs = draw(st.lists(st.tuples(st.sampled_from([*names, "other"]), TEXTS), max_size=4))
    return f"{path}?{urlencode(pairs, errors='replace')}"


CALLS = st.sampled_from(OPERATIONS).flatmap(
    lambda operation: st.tuples(st.just(operation), targets(operation))
)


@pytest.fixture(scope="module")
def http(hammered: Served) -> httpx2.Client:
    """A client with the account's certificate, and a token for each call."""
    http = hammered.client()
    http.headers.update(hammered.headers())
    return http


def check(served: Served, answer: httpx2.Response) -> None:
    assert served.platform.bugs == []
    if answer.status_code >= 400:
        body = answer.json()
        assert body.keys() == ERROR_MEMBERS
        assert body["trackingId"] == answer.headers["RequestTrackingId"]
    last = served.platform.journal.last.to_json()
    assert json.dumps(last, ensure_ascii=False).encode()  # no half of a surrogate pair


@pytest.mark.long
@given(call=CALLS, body=BODIES, media_type=MEDIA_TYPES)
def test_any_call_is_answered(
    hammered: Served,
    http: httpx2.Client,
    call: tuple[Operation, str],
    body: bytes,
    media_type: str,
) -> None:
    operation, target = call
    sends = operation.method not in ("GET", "DELETE")
    answer = http.request(
        operation.method,
        target,
        content=body if sends else None,
        headers={"Content-Type": media_type} if sends and media_type else {},
    )
    check(hammered, answer)


@pytest.mark.long
@given(operation=st.sampled_from(LISTS), cursor=st.text(max_size=20) | st.binary(max_size=20))
@example(operation=LISTS[0], cursor=b"\x1f999999999")
@example(operation=LISTS[0], cursor="")
def test_a_cursor_that_was_not_issued_is_refused_or_a_place_of_the_list(
    hammered: Served, http: httpx2.Client, operation: Operation, cursor: str | bytes
) -> None:
    if isinstance(cursor, bytes):
        cursor = base64.b64encode(cursor).decode()

    answer = http.get(operation.path, params={"cursor": cursor})

    check(hammered, answer)
    if answer.status_code == 200:
        everything = http.get(operation.path).json()
        assert answer.json()["paging"]["totalCount"] == everything["paging"]["totalCount"]
    else:
        assert answer.status_code == 400
        assert [each["field"] for each in answer.json()["errors"]] == ["cursor"]
