"""Content Management: the folder tree, files found by words, upload, rename, delete."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.apis.products.calls import Api, Record, faults

FOLDERS = "/v1/contentmanagement/folders"
UPLOAD = f"{FOLDERS}/uploadfiles"
FILES = "/v2/contentmanagement/files"
LIBRARY = "/Sites/lakeview/documentLibrary"
FILE = ("capital call.pdf", b"%PDF-", "application/pdf")


def names(api: Api, path: str) -> list[str]:
    return [each["objectName"] for each in api.read(f"{FOLDERS}?path={path}")["data"]]


def folder(api: Api, path: str) -> Record:
    above = path.rpartition("/")[0] or "/"
    found = api.read(f"{FOLDERS}?path={above}")["data"]
    return next(each for each in found if each["path"] == path)


def test_the_tree_is_walked_down_by_appending_names(reading: Api) -> None:
    assert [each["path"] for each in reading.read(FOLDERS)["data"]] == ["/Sites"]
    assert names(reading, "/Sites/") == names(reading, "/Sites") == ["lakeview", "testing"]
    assert names(reading, LIBRARY) == ["Legal", "Notices", "Statements", "Tax"]
    assert names(reading, f"{LIBRARY}/Statements/") == ["2025", "2026"]
    assert names(reading, f"{LIBRARY}/Tax") == names(reading, "/Nowhere") == []


def test_words_are_looked_for_in_names_and_descriptions(reading: Api) -> None:
    everything = reading.every(FILES)

    def holding(*words: str) -> list[Record]:
        return [
            each
            for each in everything
            if all(word in f"{each['objectName']} {each['description']}".lower() for word in words)
        ]

    assert reading.every(f"{FILES}?searchText=TAX") == holding("tax")
    assert reading.every(f"{FILES}?searchText=notice%20call") == holding("notice", "call")
    assert reading.every(f"{FILES}?searchText=tax%20statement") == []
    either = reading.every(f"{FILES}?searchText=tax%20statement&logic=OR")
    assert len(either) == len(holding("tax")) + len(holding("statement")) < len(everything)
    assert reading.every(f"{FILES}?searchText=&logic=OR") == everything


@pytest.mark.parametrize("field", ["creationDate", "modifiedDate", "objectName", "creator"])
def test_files_are_put_in_order_and_walked_in_it(reading: Api, field: str) -> None:
    everything = {each["id"] for each in reading.every(FILES)}

    for order, descending in (("", False), ("&sortOrder=asc", False), ("&sortOrder=desc", True)):
        found = reading.every(f"{FILES}?sortBy={field}{order}&limit=9")
        values = [each[field] for each in found]
        assert values == sorted(values, reverse=descending), order
        assert {each["id"] for each in found} == everything
        assert len(found) == len(everything)


def test_the_order_can_be_turned_round_without_a_field(reading: Api) -> None:
    assert reading.every(f"{FILES}?sortOrder=desc&limit=9") == reading.every(FILES)[::-1]


def test_links_repeat_what_was_asked(reading: Api) -> None:
    link = reading.read(f"{FILES}?searchText=tax&sortBy=creator&limit=2")["paging"]["next"]

    query = parse_qs(urlsplit(link).query)
    assert (query["searchText"], query["sortBy"], query["limit"]) == (["tax"], ["creator"], ["2"])


def test_wrong_values_are_named(reading: Api) -> None:
    reading.check_wrong(
        FILES,
        {
            "sortOrder=up&logic=NOT": [("sortOrder", "query"), ("logic", "query")],
            "limit=x": ("limit", "query"),
            "cursor=%21": ("cursor", "query"),
            "sortBy=creator&cursor=YWJj": ("cursor", "query"),
        },
    )


def test_a_file_is_kept_and_found(api: Api) -> None:
    answer = api.upload(f"{UPLOAD}?path={LIBRARY}/Notices", FILE, "filename")

    assert answer.status_code == 200
    made = answer.json()
    assert (made["objectName"], made["size"], made["creator"]) == (FILE[0], 5, "svc-demo")
    assert made["contentType"] == "application/pdf"
    assert made["parentPath"] == f"{LIBRARY}/Notices"
    assert api.every(f"{FILES}?searchText=capital%20call.pdf") == [made]
    assert api.served.platform.state.apis.contents[made["id"]].read() == FILE[1]


def test_an_upload_needs_a_file(api: Api) -> None:
    assert faults(api.call("POST", UPLOAD, json={})) == [("filename", "body")]


def test_files_are_ordered_by_any_member(reading: Api) -> None:
    files = reading.every(f"{FILES}?sortBy=size")
    sizes = [each["size"] for each in files]

    assert sizes == sorted(sizes)
    assert reading.every(f"{FILES}?sortBy=SIZE&sortOrder=desc") == files[::-1]
    assert reading.every(f"{FILES}?sortBy=colour") == reading.every(FILES)


def test_every_member_of_a_file_can_be_sorted_by(reading: Api) -> None:
    operation, _ = reading.served.platform.catalogue.find("GET", FILES)
    file = operation.document.find("#/components/schemas/File", FILES)

    assert set(operation.parameters["query", "sortBy"].values) == set(file["properties"])


def test_a_deleted_file_is_gone_with_its_content(api: Api) -> None:
    made = api.upload(UPLOAD, FILE, "filename").json()
    path = f"/v1/contentmanagement/files/{made['id']}"

    deleted = api.call("DELETE", path)

    assert (deleted.status_code, deleted.json()) == (200, {"id": made["id"]})
    assert api.every(f"{FILES}?searchText=capital%20call.pdf") == []
    assert not api.served.platform.state.apis.contents
    assert api.call("DELETE", path).status_code == 404


def test_a_renamed_folder_takes_everything_below_it_along(api: Api) -> None:
    old = folder(api, f"{LIBRARY}/Statements")
    below = [each for each in api.every(FILES) if each["parentPath"].startswith(old["path"])]

    answer = api.call("POST", f"{FOLDERS}/rename/{old['id']}?newName=Old%20Letters")

    assert answer.status_code == 200
    new = answer.json()
    assert (new["id"], new["objectName"]) == (old["id"], "Old Letters")
    assert new["path"] == f"{LIBRARY}/Old Letters"
    assert new["modifiedDate"] > old["modifiedDate"]
    assert names(api, f"{LIBRARY}/Statements") == []
    assert names(api, f"{LIBRARY}/Old Letters") == ["2025", "2026"]
    files = {each["id"]: each for each in api.every(FILES)}
    assert below
    assert all(files[each["id"]]["parentPath"].startswith(new["path"]) for each in below)


def test_a_folder_may_keep_its_name(api: Api) -> None:
    old = folder(api, "/Sites")

    assert api.call("POST", f"{FOLDERS}/rename/{old['id']}?newName=Sites").status_code == 200
    assert names(api, "/Sites") == ["lakeview", "testing"]


@pytest.mark.long
def test_a_wrong_new_name_leaves_the_folder_as_it_was(api: Api) -> None:
    old = folder(api, f"{LIBRARY}/Tax")
    rename = f"{FOLDERS}/rename/{old['id']}"

    for query in ("?newName=", "?newName=%20", "?newName=a/b", "?newName=Legal"):
        assert faults(api.call("POST", rename + query)) == [("newName", "query")], query
    assert folder(api, f"{LIBRARY}/Tax") == old
    kept = api.call("POST", rename)
    assert (kept.status_code, kept.json()["path"]) == (200, old["path"])
    unknown = "3a4bf5f7-bb2e-4b10-81fc-c791235448d8"
    assert api.call("POST", f"{FOLDERS}/rename/{unknown}?newName=x").status_code == 404
