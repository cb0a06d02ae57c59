"""Work Desk: tickets by position, fields of a kind of ticket, and stored attachments."""

from __future__ import annotations

import pytest

from tests.apis.products.calls import Api, Record, faults
from tests.cases import every_case

TICKETS = "/v2/workdesk/ticketinfo"
FIELDS = "/v1/workdesk/projectissuetypefields"
ATTACHMENTS = "/v2/workdesk/tickets/DEMO-102/attachments"
FILE = ("local.bin", b"some \x00 bytes", "application/octet-stream")
HEADERS = {"FileName": "note.txt", "ContentType": "text/plain"}


def pages(api: Api, query: str, size: int) -> list[Record]:
    """All tickets, read in pages of this size."""
    found: list[Record] = []
    while True:
        body = api.read(f"{TICKETS}?{query}&startAt={len(found)}&maxResult={size}")
        found += body["data"]
        if not body["data"]:
            assert len(found) == body["paging"]["total"]
            return found


def test_walking_by_position_gives_every_ticket_once(reading: Api) -> None:
    keys = [each["key"] for each in pages(reading, "", 31)]

    assert len(keys) == len(set(keys)) == 72


@every_case(
    ("query", "start", "size", "count"),
    [
        ("", 0, 50, 50),
        ("startAt=70", 70, 50, 2),
        ("startAt=72", 72, 50, 0),
        ("startAt=999999999&maxResult=1", 999999999, 1, 0),
        ("maxResult=0", 0, 0, 0),
        ("maxResult=500", 0, 50, 50),
        ("startAt=&maxResult=", 0, 50, 50),
        ("startAt=007&maxResult=3", 7, 3, 3),
    ],
)
def test_edges_of_the_positions(
    reading: Api, query: str, start: int, size: int, count: int
) -> None:
    body = reading.read(f"{TICKETS}?{query}")

    assert body["paging"] == {"startAt": start, "maxResult": size, "total": 72}
    assert len(body["data"]) == count


@pytest.mark.parametrize("query", ["startAt=-1", "maxResult=1.5", "startAt=a&maxResult=b"])
def test_positions_that_are_no_numbers_count_as_not_sent(reading: Api, query: str) -> None:
    """The page declares positions as text."""
    assert reading.read(f"{TICKETS}?{query}") == reading.read(TICKETS)
    assert reading.read(f"{TICKETS}?startAt={'9' * 20}")["data"] == []


def test_a_position_comes_once(reading: Api) -> None:
    reading.check_wrong(TICKETS, {"startAt=1&startAt=2": ("startAt", "query")})


def test_tickets_are_picked_by_filter_and_by_id_or_name_of_their_state(reading: Api) -> None:
    everything = pages(reading, "", 50)
    filtered = pages(reading, "filterId=20002", 50)

    assert 0 < len(filtered) < len(everything)
    assert len(pages(reading, "filterId=20001", 50)) == len(everything)
    assert pages(reading, "filterId=1", 50) == []
    waiting = [each for each in everything if each["status"]["name"] == "Waiting"]
    assert waiting
    assert pages(reading, "statusId=10", 50) == pages(reading, "statusId=Waiting", 50) == waiting
    both = pages(reading, "statusId=10&filterId=20002", 50)
    assert both == [each for each in filtered if each in waiting]
    assert "filterIds" not in everything[0]


def test_fields_are_those_of_project_kind_and_operation(reading: Api) -> None:
    def names(query: str) -> set[str]:
        return {each["fieldId"] for each in reading.read(f"{FIELDS}?{query}")["data"]}

    reading.check_filters(
        FIELDS,
        {
            "projectId=10001": lambda each: each["projectId"] == "10001",
            "issueTypeId=2": lambda each: each["issueTypeId"] == "2",
            "operation=1": lambda each: "1" in each["operations"],
        },
    )
    assert names("projectId=10001&issueTypeId=1&operation=0") == {
        *("summary", "description", "priority", "attachment")
    }
    assert "status" in names("operation=2")
    reading.check_wrong(FIELDS, {"operation=3": ("operation", "query")})


def test_an_attachment_is_kept_and_listed(api: Api) -> None:
    before = api.read(ATTACHMENTS)["data"]

    answer = api.upload(ATTACHMENTS, FILE, "FileName", HEADERS)

    assert answer.status_code == 200
    made = answer.json()
    assert (made["fileName"], made["contentType"], made["size"]) == ("note.txt", "text/plain", 12)
    assert made["author"] == "svc-demo"
    listed = api.read(ATTACHMENTS)["data"]
    assert made in listed
    assert len(listed) == len(before) + 1
    assert made not in api.read("/v2/workdesk/tickets/CASH-101/attachments")["data"]
    assert api.served.platform.state.apis.contents[made["id"]].read() == FILE[1]


def test_a_reset_forgets_uploads(api: Api) -> None:
    api.upload(ATTACHMENTS, FILE, "FileName", HEADERS)

    api.served.platform.reset()

    assert not api.served.platform.state.apis.contents
    assert len(Api(api.served).read(ATTACHMENTS)["data"]) == 1


def test_an_attachment_without_its_headers_is_called_as_its_part(api: Api) -> None:
    made = api.upload(ATTACHMENTS, FILE, "FileName").json()

    assert (made["fileName"], made["contentType"]) == (FILE[0], FILE[2])
    assert made in api.read(ATTACHMENTS)["data"]


def test_an_attachment_needs_a_file_and_a_ticket(api: Api) -> None:
    for content, kind, place in (
        (b"{}", "application/json", ("content-type", "header")),
        (b"text", "multipart/form-data", ("filename", "body")),
        (b"--x--\r\n", "multipart/form-data; boundary=x", ("filename", "body")),
        (
            b'--x\r\nContent-Disposition: form-data; name="FileName"\r\n\r\na\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            ("filename", "body"),
        ),
    ):
        sent = HEADERS | {"Content-Type": kind}
        assert faults(api.call("POST", ATTACHMENTS, sent, content=content)) == [place], content
    unknown = "/v2/workdesk/tickets/DEMO-999/attachments"
    assert api.upload(unknown, FILE, "FileName", HEADERS).status_code == 404
    assert api.get(unknown).status_code == 404
    assert not api.served.platform.state.apis.contents


@pytest.mark.long
def test_a_file_of_many_megabytes_is_kept(api: Api) -> None:
    large = ("large.bin", bytes(range(256)) * 12 * 4096, "application/octet-stream")

    made = api.upload(ATTACHMENTS, large, "FileName").json()

    assert made["size"] == len(large[1])
    assert api.served.platform.state.apis.contents[made["id"]].read() == large[1]
