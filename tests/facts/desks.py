"""Work Desk, documents, jobs and investments."""

from __future__ import annotations

from tests.facts.table import GUID, cannot, fact, facts_of, get, picks, post, send

TICKETS = "/v2/workdesk/ticketinfo"
FIELDS = "/v1/workdesk/projectissuetypefields"
ATTACHMENTS = "/v2/workdesk/tickets/CASH-101/attachments"
FOLDERS = "/v1/contentmanagement/folders"
UPLOAD = f"{FOLDERS}/uploadfiles"
FILES = "/v2/contentmanagement/files"
ONE_FILE = "40471680-d501-4b6a-8ef2-edfa921cdb4b"
ONE_FOLDER = "eef662ed-922e-4e0d-9c78-8e0051fde96d"
TICKET_PAGE = "workdesk/get/ticketinfo"
FIELD_PAGE = "workdesk/get/projectissuetypefields"
ATTACHMENT_PAGE = "workdesk/post/tickets/{key}/attachments"
FOLDER_PAGE = "content-management/get/folders"
UPLOAD_PAGE = "content-management/v1/post/folders/uploadfiles"
FILE_PAGE = "content-management/v2/get/files"
BOUNDARY = "multipart/form-data; boundary=123456789"
FORM = (
    b"--123456789\r\n"
    b'Content-Disposition: form-data; name="FileName"; filename="note.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\nsome words\r\n--123456789--\r\n"
)

DESKS = (
    fact(
        "work-01",
        "tickets are paged by startAt and maxResult, both texts",
        TICKET_PAGE,
        get(f"{TICKETS}?startAt=2&maxResult=3"),
        count=3,
    ),
    facts_of(
        "work-02",
        "statusId is the number or the name of a state",
        TICKET_PAGE,
        (get(f"{TICKETS}?statusId=3"), get(f"{TICKETS}?statusId=In Progress")),
        each={"status.name": "In Progress"},
    ),
    fact(
        "work-03",
        "filterId picks tickets",
        TICKET_PAGE,
        get(f"{TICKETS}?filterId=20002&maxResult=5"),
        each={"key": str},
    ),
    fact(
        "work-04",
        "fields of a kind of ticket are asked for by project, kind and operation",
        FIELD_PAGE,
        get(f"{FIELDS}?projectId=10001&issueTypeId=1&operation=0"),
        body={"": ...},
        holds="summary",
    ),
    facts_of(
        "work-05",
        "operation is 0 to create, 1 to edit and 2 to view",
        FIELD_PAGE,
        tuple(get(f"{FIELDS}?projectId=10001&issueTypeId=1&operation={each}") for each in "012"),
        holds="summary",
    ),
    fact(
        "work-06",
        "an attachment is sent as a form with the boundary of the page, name and type as headers",
        ATTACHMENT_PAGE,
        post(
            ATTACHMENTS,
            content=FORM,
            headers={"Content-Type": BOUNDARY, "FileName": "n.txt", "ContentType": "text/plain"},
        ),
    ),
    fact(
        "work-07",
        "an attachment for a ticket that does not exist: 404",
        ATTACHMENT_PAGE,
        post(
            ATTACHMENTS.replace("CASH-101", "CASH-999"),
            content=FORM,
            headers={"Content-Type": BOUNDARY, "FileName": "n.txt", "ContentType": "text/plain"},
        ),
        status=404,
    ),
    cannot(
        "work-08",
        "the page of the attachments lists no status of success",
        ATTACHMENT_PAGE,
        "there is nothing to compare with; the platform answers 200",
    ),
    fact(
        "documents-01",
        "the folders below a path; the tree is walked by appending names",
        FOLDER_PAGE,
        get(f"{FOLDERS}?path=/Sites/"),
        holds="lakeview",
    ),
    fact(
        "documents-02",
        "a deeper folder is reached by its whole path",
        FOLDER_PAGE,
        get(f"{FOLDERS}?path=/Sites/lakeview/documentLibrary"),
        holds="Statements",
    ),
    fact(
        "documents-03",
        "a file is sent as the attachment filename; writing answers 200",
        UPLOAD_PAGE,
        post(UPLOAD, files={"filename": ("letter.pdf", b"bytes", "application/pdf")}),
        body={"id": GUID, "objectName": "letter.pdf"},
    ),
    fact(
        "documents-04",
        "the attachment filename is required",
        UPLOAD_PAGE,
        post(UPLOAD, {}),
        status=400,
        body={"errors.0.field": "filename"},
    ),
    fact(
        "documents-05",
        "the page names application/json as the content type of the header",
        UPLOAD_PAGE,
        post(
            UPLOAD,
            content=FORM.replace(b'"FileName"', b'"filename"'),
            headers={"Content-Type": "application/json"},
        ),
    ),
    fact(
        "documents-06",
        "a folder is renamed; the answer is 200",
        "content-management/v1/post/folders/rename/{id}",
        post(f"{FOLDERS}/rename/{ONE_FOLDER}?newName=Places"),
        body={"objectName": "Places"},
    ),
    fact(
        "documents-07",
        "a file is deleted by its number, a GUID; the answer is 200",
        "content-management/v1/delete/files/{id}",
        send("DELETE", f"/v1/contentmanagement/files/{ONE_FILE}"),
    ),
    fact(
        "documents-08",
        "a file that does not exist cannot be deleted: 404",
        "content-management/v1/delete/files/{id}",
        send("DELETE", "/v1/contentmanagement/files/3a4bf5f7-bb2e-4b10-81fc-c791235448d8"),
        status=404,
    ),
    picks("documents-09", FILE_PAGE, FILES, "searchText=statement"),
    facts_of(
        "documents-10",
        "sortBy takes the members that the page gives as examples",
        FILE_PAGE,
        tuple(
            get(f"{FILES}?sortBy={name}&sortOrder=desc")
            for name in ("creationDate", "modifiedDate", "objectName", "creator")
        ),
        each={"objectName": str},
    ),
    facts_of(
        "documents-11",
        "the list of sortBy ends with etc., so other values are not refused",
        FILE_PAGE,
        (get(f"{FILES}?sortBy=title"), get(f"{FILES}?sortBy=size")),
        each={"objectName": str},
    ),
    facts_of(
        "documents-12",
        "appId, searchConfigName, mode, logic and limit are parameters with these defaults",
        FILE_PAGE,
        (
            get(f"{FILES}?appId=aca&searchConfigName=default&mode=client&logic=AND"),
            get(f"{FILES}?logic=OR&limit=5"),
        ),
        each={"objectName": str},
    ),
    fact(
        "jobs-01",
        "jobs of end-client reporting are listed",
        "jobs/get/{businessLine}/metadata",
        get("/v1/jobs/endClientReporting/metadata"),
        holds="JOB-001",
    ),
    fact(
        "jobs-02",
        "endClientReporting is the only business line",
        "jobs/get/{businessLine}/metadata",
        get("/v1/jobs/middleOffice/metadata"),
        status=400,
    ),
    fact(
        "investments-01",
        "every investment product comes with its identifiers; there are no parameters",
        "investments/get/accounts",
        get("/v1/investments/accounts"),
        each={
            "externalId": str,
            "type": str,
        },
    ),
)
