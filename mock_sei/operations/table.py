"""Every operation, a row each: its call of the control API, and how its answer is written.

The control API, its OpenAPI document, the attached mode and the reference are made from these
rows. A row whose request needs no waiting is answered on the event loop; the others in a thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from inspect import getdoc
from typing import TYPE_CHECKING, Any

from mock_sei.certificates.authority import read_identity
from mock_sei.faults.check_result import CheckResult
from mock_sei.faults.faults import ArmedFault, read_armed
from mock_sei.journal.entry_schema import ENTRIES
from mock_sei.journal.journal import Told, numbered
from mock_sei.journal.recorded import read_entry
from mock_sei.operations import applications as apps
from mock_sei.operations import certificates as certs
from mock_sei.operations import clock, data, faults, journal, people, scripts, server, tokens
from mock_sei.operations import journal_files as texts
from mock_sei.operations import mailbox as mails
from mock_sei.operations.answers import (
    COUNT,
    AnswerFormat,
    Files,
    Json,
    Lists,
    Nothing,
    Pages,
    ReceivedAnswer,
    WrittenAnswer,
    values_of,
)
from mock_sei.operations.mail_json import MAILS
from mock_sei.operations.places import Placed, place
from mock_sei.operations.requests import Request
from mock_sei.operations.schemas import adapter_of, schema_of
from mock_sei.rules.records import Application, EndUser, ServiceAccount
from mock_sei.values.cached import cached_property

if TYPE_CHECKING:
    from mock_sei.platform import Platform


@dataclass(frozen=True)
class Row:
    """One operation as a call of the control API."""

    method: str
    path: str
    request: type[Request[Any]]
    answer: AnswerFormat[Any]
    status: int | None = None
    """None for 200, or for 204 where nothing is answered."""
    on_loop: bool = False
    """Whether it is so quick that it is answered on the event loop."""
    group: str = ""
    """Its part of the reference."""
    fixed: Mapping[str, Any] | None = None
    """Values of fields that the path gives."""

    @cached_property
    def placed(self) -> Placed:
        """Where the fields of the request stand in the call."""
        return place(
            self.request, method=self.method, called=self.path, fixed=tuple(self.fixed or ())
        )

    @property
    def description(self) -> str:
        """Its docstring, in Markdown."""
        text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", getdoc(self.request) or "")
        return text.replace("``", "`")

    @property
    def summary(self) -> str:
        """The first sentence of its description."""
        first = " ".join(self.description.partition("\n\n")[0].split())
        return first.partition(". ")[0].removesuffix(".")

    @property
    def name(self) -> str:
        """Its identifier in the OpenAPI document."""
        return self.request.__name__[:1].lower() + self.request.__name__[1:]


PIECE = 64 * 1024
"""Characters of an answer that are written together."""

EXAMPLE_APPLICATION = {
    "name": "ledger",
    "type": "server-server",
    "actor": "server",
    "owner": "anyone",
    "app_key": "b2Fh0Zk5",
    "app_secret": "n3Xq8Tw1",
    "service_account": "svc-ledger",
    "products": ["*"],
    "environments": ["test"],
    "redirect_addresses": [],
    "source_addresses": [],
    "scopes": ["ilservices"],
    "approved": True,
    "own_data": False,
    "distribution_list": "team@example.com",
    "certificate": "sei",
    "saml_certificate": None,
}
APPLICATION = Json[Application](
    kind=Application,
    to_json=Application.as_dict,
    from_json=lambda told: adapter_of(Application).validate_python(told),
    example=EXAMPLE_APPLICATION,
)


def _registered(told: Any) -> apps.RegisteredApplication:
    own = {name: told.pop(name) for name in ("password", "certificate_files")}
    return apps.RegisteredApplication(application=APPLICATION.from_json(told), **own)


def _registered_schema() -> dict[str, Any]:
    schema = schema_of(Application)
    schema["properties"] |= {
        "password": {
            "type": ["string", "null"],
            "description": "of its service account; null without one",
        },
        "certificate_files": {
            "type": "array",
            "items": {"type": "string"},
            "description": "addresses of the files of its certificate; none if the client has one",
        },
    }
    return schema


REGISTERED = Json[apps.RegisteredApplication](
    kind=_registered_schema,
    to_json=apps.RegisteredApplication.to_json,
    from_json=_registered,
    example=EXAMPLE_APPLICATION
    | {
        "password": "k4Rm9Vd2",
        "certificate_files": [
            "http://127.0.0.1:8044/service-accounts/svc-ledger/certificate.crt",
            "http://127.0.0.1:8044/service-accounts/svc-ledger/privatekey.key",
        ],
    },
)
ACCOUNT = Json[ServiceAccount](
    kind=ServiceAccount,
    to_json=asdict,
    from_json=lambda told: ServiceAccount(**told),
    example={"username": "svc-demo", "password": "svc-demo-password"},
)
ACCOUNT_OF_APPLICATION = values_of(people.AccountOfApplication)
USER = Json[EndUser](
    kind=EndUser,
    to_json=asdict,
    from_json=lambda told: EndUser(**told),
    example={"email": "alice@example.com", "password": "alice-password"},
)
IDENTITY = Json[Any](
    kind=certs.IssuedCertificate,
    to_json=lambda identity: vars(certs.IssuedCertificate.of(identity)),
    from_json=lambda told: read_identity(
        told["certificate"].encode(), told["chain"].encode(), told["private_key"].encode()
    ),
)
FAULT = Json[ArmedFault](
    kind=faults.armed_body,
    to_json=ArmedFault.to_json,
    from_json=read_armed,
    example={"id": 1, "operation": "POST /v2/oauthtoken", "status": 503, "times": 2, "met": 0},
)
CHECK = Json[CheckResult](
    kind=CheckResult,
    to_json=asdict,
    from_json=lambda told: CheckResult(**told),
    example={"bugs": [], "unmet_faults": [], "unscripted_calls": [], "unused_answers": []},
)


def anything(example: Any) -> Json[Any]:
    """JSON whose members the server's state decides."""
    return Json(kind=dict, to_json=dict, from_json=dict, example=example)


class EntriesAnswer:
    """Entries of the journal, written piece by piece: a full journal takes seconds."""

    def schema(self) -> Mapping[str, Any]:
        return ENTRIES

    def write(self, answer: Told, platform: Platform | None = None) -> WrittenAnswer:  # noqa: ARG002  # as its kind
        return WrittenAnswer(pieces=self._pieces(answer))

    def read(self, received: ReceivedAnswer) -> Told:
        told = received.json
        return Told(
            entries=[(each["number"], read_entry(each)) for each in told["entries"]],
            dropped=told["dropped"],
            last=told["last"],
        )

    @staticmethod
    def _pieces(told: Told) -> Iterator[str]:
        """The text of ``told.to_json()``, in pieces of about :data:`PIECE`."""
        piece = '{"entries":['
        for index, (number, entry) in enumerate(told.entries):
            piece += "," if index else ""
            piece += json.dumps(numbered(number, entry), separators=(",", ":"))
            if len(piece) >= PIECE:
                yield piece
                piece = ""
        yield f'{piece}],"dropped":{told.dropped},"last":{told.last}}}'


class WrittenFile(Files):
    """A file that is written piece by piece."""

    def write(
        self,
        answer: texts.JournalFile,  # type: ignore[override]  # a file that is no bytes yet
        platform: Platform | None = None,  # noqa: ARG002  # as each kind of answer
    ) -> WrittenAnswer:
        return WrittenAnswer(pieces=iter(answer.pieces), name=answer.name)

    def read(self, received: ReceivedAnswer) -> texts.JournalFile:  # type: ignore[override]  # so
        return texts.JournalFile(name=self.names[0], pieces=[received.content.decode()])


class VerifiedAnswer:
    """200, or 409 with the nearest entries."""

    def schema(self) -> Mapping[str, Any]:
        return values_of(journal.Verification).schema()

    def write(
        self,
        answer: journal.Verification,
        platform: Platform | None = None,  # noqa: ARG002  # as each kind of answer
    ) -> WrittenAnswer:
        found = {
            "found": answer.found,
            "nearest": [each.to_json() for each in answer.nearest],
            "entries": [each.to_json() for each in answer.entries],
        }
        if answer.problem is None:
            return WrittenAnswer(json={**found, "problem": None})
        told = {"error": "NotVerified", "detail": answer.problem, "problems": {}}
        return WrittenAnswer(json={**told, **found}, status=409)

    def read(self, received: ReceivedAnswer) -> journal.Verification:
        told = received.json
        return journal.Verification(
            found=told["found"],
            problem=told.get("problem", told.get("detail")),
            nearest=list(map(read_entry, told["nearest"])),
            entries=list(map(read_entry, told["entries"])),
        )


class RecordsAnswer:
    """The records of a collection; a header says how many there are."""

    def schema(self) -> Mapping[str, Any]:
        return {"type": "array", "items": {}, "examples": [[{"externalId": "INV-1"}]]}

    def write(self, answer: data.RecordPage, platform: Platform | None = None) -> WrittenAnswer:  # noqa: ARG002
        return WrittenAnswer(json=list(answer.records), headers={COUNT: str(answer.count)})

    def read(self, received: ReceivedAnswer) -> data.RecordPage:
        return data.RecordPage(records=received.json, count=int(received.headers[COUNT]))


EXAMPLE_TOKEN = {"access_token": "eyJ…", "token_type": "BearerToken", "expires_in": 3600}
NOTHING = Nothing()
APPLICATIONS = "Applications"
PEOPLE = "Service accounts and end users"
CERTIFICATES = "Certificates"
CLOCK = "Clock"
DATA = "Records"
FAULTS = "Faults"
JOURNAL = "Journal"
MAILBOX = "Mailbox"
SCRIPTS = "Scripted answers"
SERVER = "The server"
OF_ACCOUNT = "/service-accounts/{username}"
OF_APPLICATION = "/applications/{app_key}"
OF_COLLECTION = "/data/{collection:path}"

TABLE: tuple[Row, ...] = (
    Row("GET", "/health", server.ShowHealth, values_of(server.Health), group=SERVER, on_loop=True),
    Row(
        "GET",
        "/health/live",
        server.ShowLiveness,
        values_of(server.Liveness),
        group=SERVER,
        on_loop=True,
    ),
    Row(
        "GET",
        "/health/ready",
        server.ShowReadiness,
        server.ReadinessAnswer(),
        group=SERVER,
        on_loop=True,
    ),
    Row("GET", "/", server.ShowConnection, anything({"url": "https://localhost"}), group=SERVER),
    Row("GET", "/apis/openapi.json", server.ShowMergedDocument, anything({}), group=SERVER),
    Row("GET", "/apis", server.ShowDocuments, anything({}), group=SERVER, on_loop=True),
    Row("GET", "/ca.pem", server.DownloadCa, Files("ca.pem"), group=SERVER, on_loop=True),
    Row("GET", "/crl.pem", server.DownloadRevocations, Files("crl.pem"), group=SERVER),
    Row(
        "GET",
        "/truststore.p12",
        server.DownloadTruststore,
        Files("truststore.p12"),
        group=SERVER,
        on_loop=True,
    ),
    Row("PUT", "/server-certificate", server.SetServerCertificate, NOTHING, group=SERVER),
    Row("POST", "/reset", server.Reset, NOTHING, group=SERVER, on_loop=True),
    Row("GET", "/check", server.CheckTest, CHECK, group=SERVER, on_loop=True),
    Row(
        "POST",
        "/signing-keys/rotate",
        server.RotateSigningKey,
        values_of(server.KeyId),
        status=201,
        group=SERVER,
        on_loop=True,
    ),
    Row(
        "DELETE",
        "/signing-keys/{kid}",
        server.RetireSigningKey,
        NOTHING,
        group=SERVER,
        on_loop=True,
    ),
    Row("POST", "/tokens", tokens.IssueToken, anything(EXAMPLE_TOKEN), group=APPLICATIONS),
    Row("GET", "/applications", apps.ListApplications, Pages(APPLICATION), group=APPLICATIONS),
    Row(
        "POST",
        "/applications",
        apps.RegisterApplication,
        REGISTERED,
        status=201,
        group=APPLICATIONS,
    ),
    Row("GET", OF_APPLICATION, apps.FindApplication, APPLICATION, group=APPLICATIONS, on_loop=True),
    Row("PATCH", OF_APPLICATION, apps.ChangeApplication, APPLICATION, group=APPLICATIONS),
    Row("DELETE", OF_APPLICATION, apps.RemoveApplication, NOTHING, group=APPLICATIONS),
    Row(
        "POST",
        f"{OF_APPLICATION}/approve",
        apps.ApproveApplication,
        APPLICATION,
        group=APPLICATIONS,
    ),
    Row("POST", f"{OF_APPLICATION}/keys", apps.RefreshKeys, APPLICATION, group=APPLICATIONS),
    Row("GET", "/service-accounts", people.ListAccounts, Pages(ACCOUNT), group=PEOPLE),
    Row("GET", OF_ACCOUNT, people.FindAccount, ACCOUNT_OF_APPLICATION, group=PEOPLE, on_loop=True),
    Row("GET", "/end-users", people.ListUsers, Pages(USER), group=PEOPLE),
    Row("GET", "/end-users/{email}", people.FindUser, USER, group=PEOPLE, on_loop=True),
    Row(
        "GET",
        f"{OF_ACCOUNT}/certificates",
        certs.ListCertificates,
        Lists(values_of(certs.HeldCertificate)),
        group=CERTIFICATES,
    ),
    Row("GET", f"{OF_ACCOUNT}/identity", certs.ShowIdentity, IDENTITY, group=CERTIFICATES),
    *(
        Row(
            "GET",
            f"{OF_ACCOUNT}/{file}",
            certs.DownloadCertificate,
            Files(file),
            group=CERTIFICATES,
            fixed={"file": file},
        )
        for file in certs.FILES
    ),
    Row(
        "POST",
        f"{OF_ACCOUNT}/certificates",
        certs.IssueCertificate,
        IDENTITY,
        status=201,
        group=CERTIFICATES,
    ),
    Row(
        "POST",
        f"{OF_ACCOUNT}/certificates/{{serial_number}}/revoke",
        certs.RevokeCertificate,
        NOTHING,
        group=CERTIFICATES,
    ),
    Row(
        "POST",
        f"{OF_ACCOUNT}/certificate-links",
        certs.SendCertificateLink,
        values_of(certs.CertificateLink),
        status=201,
        group=CERTIFICATES,
    ),
    Row(
        "POST",
        f"{OF_ACCOUNT}/certificate-requests",
        certs.SignRequest,
        values_of(certs.SignedCertificate),
        status=201,
        group=CERTIFICATES,
    ),
    Row(
        "POST",
        f"{OF_ACCOUNT}/own-certificates",
        certs.RegisterCertificate,
        values_of(certs.HeldCertificate),
        status=201,
        group=CERTIFICATES,
    ),
    Row("GET", "/clock", clock.ShowClock, values_of(clock.ClockState), group=CLOCK, on_loop=True),
    Row("PUT", "/clock", clock.SetClock, values_of(clock.ClockState), group=CLOCK, on_loop=True),
    Row(
        "POST",
        "/clock/advance",
        clock.AdvanceClock,
        values_of(clock.ClockState),
        group=CLOCK,
        on_loop=True,
    ),
    Row("DELETE", "/clock", clock.ResetClock, NOTHING, group=CLOCK, on_loop=True),
    Row("GET", "/faults", faults.ListFaults, Lists(FAULT), group=FAULTS),
    Row("POST", "/faults", faults.AddFault, FAULT, status=201, group=FAULTS),
    Row("GET", "/faults/{identifier}", faults.FindFault, FAULT, group=FAULTS, on_loop=True),
    Row("DELETE", "/faults", faults.ClearFaults, NOTHING, group=FAULTS, on_loop=True),
    Row("DELETE", "/faults/{identifier}", faults.RemoveFault, NOTHING, group=FAULTS, on_loop=True),
    Row(
        "POST",
        "/answers",
        scripts.EnqueueAnswer,
        values_of(scripts.WaitingAnswers),
        status=201,
        group=SCRIPTS,
    ),
    Row("GET", "/answers", scripts.ShowScripts, values_of(scripts.Scripted), group=SCRIPTS),
    Row("DELETE", "/answers", scripts.ClearAnswers, NOTHING, group=SCRIPTS, on_loop=True),
    Row("PUT", "/answers/strict", scripts.RequireScripts, NOTHING, group=SCRIPTS, on_loop=True),
    Row(
        "GET",
        "/answers/{identifier}",
        scripts.FindAnswer,
        values_of(scripts.ListedAnswer),
        group=SCRIPTS,
        on_loop=True,
    ),
    Row(
        "DELETE",
        "/answers/{identifier}",
        scripts.RemoveAnswer,
        NOTHING,
        group=SCRIPTS,
        on_loop=True,
    ),
    Row("GET", "/journal", journal.ReadJournal, EntriesAnswer(), group=JOURNAL),
    Row("POST", "/journal/search", journal.SearchJournal, EntriesAnswer(), group=JOURNAL),
    Row("POST", "/journal/verify", journal.VerifyJournal, VerifiedAnswer(), group=JOURNAL),
    Row("POST", "/journal/verify-order", journal.VerifyOrder, VerifiedAnswer(), group=JOURNAL),
    Row("POST", "/journal/wait", journal.WaitForCalls, VerifiedAnswer(), group=JOURNAL),
    Row("GET", "/journal.har", texts.DownloadHar, WrittenFile("journal.har"), group=JOURNAL),
    Row("GET", "/journal.curl", texts.DownloadCurl, WrittenFile("journal.sh"), group=JOURNAL),
    Row("GET", "/journal.py", texts.DownloadTest, WrittenFile("test_journal.py"), group=JOURNAL),
    Row("DELETE", "/journal", journal.ClearJournal, NOTHING, group=JOURNAL, on_loop=True),
    Row("GET", "/mailbox", mails.ReadMailbox, MAILS, group=MAILBOX),
    Row(
        "GET",
        "/mailbox/{number}.eml",
        mails.DownloadMail,
        Files("mail.eml"),
        group=MAILBOX,
        on_loop=True,
    ),
    Row("DELETE", "/mailbox", mails.ClearMailbox, NOTHING, group=MAILBOX, on_loop=True),
    Row("GET", "/data", data.CountRecords, anything({"investors": 3}), group=DATA),
    Row("GET", "/data-keys", data.ListKeys, anything({"investors": "INV-1"}), group=DATA),
    Row("GET", OF_COLLECTION, data.ReadRecords, RecordsAnswer(), group=DATA),
    Row(
        "POST",
        OF_COLLECTION,
        data.AddRecords,
        values_of(data.RecordCount),
        status=201,
        group=DATA,
    ),
    Row("PUT", OF_COLLECTION, data.ReplaceRecords, values_of(data.RecordCount), group=DATA),
    Row("DELETE", OF_COLLECTION, data.ClearRecords, NOTHING, group=DATA),
)


def row_of(request: Request[Any]) -> Row:
    """The row of a request."""
    for row in _ROWS[type(request)]:
        if all(getattr(request, name) == value for name, value in (row.fixed or {}).items()):
            return row
    raise LookupError(f"no call performs {type(request).__name__}")


def row_of_kind(kind: type[Request[Any]]) -> Row:
    """The first row of a kind of request."""
    return _ROWS[kind][0]


_ROWS: dict[type[Request[Any]], list[Row]] = {
    kind: [row for row in TABLE if row.request is kind] for kind in {row.request for row in TABLE}
}
