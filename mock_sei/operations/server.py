"""The server as a whole: health, addresses, what a client must trust, reset, signing keys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mock_sei import __version__
from mock_sei.assumptions.table import Assumptions
from mock_sei.certificates.authority import new_signing_key_pem
from mock_sei.certificates.bundles import truststore
from mock_sei.certificates.profiles import ServerVariant
from mock_sei.errors import one_line
from mock_sei.faults.check_result import CheckResult
from mock_sei.oauth.tokens import SigningKey
from mock_sei.operations.answers import File, ReceivedAnswer, WrittenAnswer
from mock_sei.operations.kinds import MOST_LISTED, Limit, Passphrase
from mock_sei.operations.requests import Fields, Performer, Place, Request, WholeBody
from mock_sei.rules import machine
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE
from mock_sei.settings import Behaviour

if TYPE_CHECKING:
    from mock_sei.platform import Platform

LONGEST_NAME = 200
"""Characters of a test's name that a reset is given."""


class Health(Fields):
    """A server that is healthy."""

    status: Annotated[str, Field(examples=["ok"])]
    """Always ``ok``: a server that cannot answer is not healthy."""
    version: Annotated[str, Field(examples=[__version__])]
    """The version of mock-sei."""
    state: Annotated[str, Field(examples=["ok"])]
    """``ok``, or why the store that keeps the state cannot be reached."""


class ShowHealth(Request[Health]):
    """Whether the server is healthy. It answers also while its state cannot be reached.

    What it has counted is at ``GET /metrics``, for Prometheus, with the extra ``metrics``.
    """

    in_unit = False

    def perform(self, platform: Platform) -> Health:
        return Health(status="ok", version=__version__, state=platform.units.problem or "ok")


class Liveness(Fields):
    """A server whose event loop answers."""

    status: Annotated[str, Field(examples=["live"])]
    """Always ``live``."""
    version: Annotated[str, Field(examples=[__version__])]
    """The version of mock-sei."""


class ShowLiveness(Request[Liveness]):
    """Whether the server's event loop answers. Only a new start helps a server that does not.

    It never asks the store that keeps the state: a new start would not bring that back.
    """

    in_unit = False

    def perform(self, platform: Platform) -> Liveness:  # noqa: ARG002  # as its kind
        return Liveness(status="live", version=__version__)


class ReadinessState(Fields):
    """Whether a server takes requests."""

    status: Annotated[str, Field(examples=["ready"])]
    """``ready``, or ``not ready``."""
    version: Annotated[str, Field(examples=[__version__])]
    """The version of mock-sei."""
    reason: Annotated[str | None, Field(examples=[None])]
    """Why the server takes no requests now; null if it takes them."""


class ReadinessAnswer:
    """Whether a server takes requests: by its status, too."""

    def schema(self) -> Mapping[str, Any]:
        from mock_sei.operations.schemas import schema_of

        return schema_of(ReadinessState)

    def write(
        self,
        answer: ReadinessState,
        platform: Platform | None = None,  # noqa: ARG002  # as its kind
    ) -> WrittenAnswer:
        if answer.reason is None:
            return WrittenAnswer(json=vars(answer))
        return WrittenAnswer(json=vars(answer), status=503, headers={"Retry-After": "1"})

    def read(self, received: ReceivedAnswer) -> ReadinessState:
        return ReadinessState(**received.json)


class ShowReadiness(Request[ReadinessState]):
    """Whether the server takes requests now: 200, or 503 with the reason.

    It takes none while it starts, while it ends, and while its state cannot be reached. It answers
    at once: what it says of the state was found out within the last second or two.
    """

    in_unit = False

    def perform(self, platform: Platform) -> ReadinessState:
        reason = platform.readiness.problem
        if reason is None and platform.units.problem is not None:
            reason = f"the state cannot be reached: {platform.units.problem}"
        status = "ready" if reason is None else "not ready"
        return ReadinessState(status=status, version=__version__, reason=reason)


class ShowConnection(Request[dict[str, Any]]):
    """Connection details: addresses, settings, applications, service accounts and end users.

    ``assumptions`` are those that are not the default. A caller that reached this machine by
    another name gets addresses with that name. ``counts``
    says how many applications, accounts and users there are. ``pid`` is the server's process, and
    ``worker_pid`` the process that answers: with one worker it is the same.
    """

    limit: Limit = MOST_LISTED
    """How many applications, accounts and users are listed, at most."""
    host: Annotated[str | None, Place.HOST] = None
    """The name by which the caller reaches this machine."""

    def perform(self, platform: Platform) -> dict[str, Any]:
        state = platform.state
        registry = state.registry
        applications = registry.applications.page(limit=self.limit)
        accounts = registry.service_accounts.page(limit=self.limit)
        users = registry.end_users.page(limit=self.limit)
        addresses = platform.addresses.seen_by(self.host)
        return {
            "url": addresses.one_way,
            "two_way_url": addresses.two_way,
            "control_url": addresses.control,
            "ca_file": str(platform.store.ca_file),
            "certs_dir": str(platform.store.folder),
            "pid": platform.pid,
            "worker_pid": os.getpid(),
            **asdict(state.behaviour),
            "applications": [each.as_dict() for each in applications.records],
            "service_accounts": [asdict(each) for each in accounts.records],
            "end_users": [asdict(each) for each in users.records],
            "counts": {
                "applications": applications.count,
                "service_accounts": accounts.count,
                "end_users": users.count,
            },
        }


def assumptions_of(performer: Performer) -> Assumptions:
    """What a platform assumes that is here or elsewhere."""
    return Assumptions.of(performer.perform(ShowConnection(limit=1))["assumptions"])


class ShowDocuments(Request[dict[str, Any]]):
    """The OpenAPI document of every API product, by product."""

    def perform(self, platform: Platform) -> dict[str, Any]:
        return {each.name: each.content for each in platform.catalogue.products.values()}


class ShowMergedDocument(Request[dict[str, Any]]):
    """One OpenAPI document of all API products."""

    def perform(self, platform: Platform) -> dict[str, Any]:
        from mock_sei.apis.merged import merged  # few tests ask for it

        products = platform.catalogue.products.values()
        return merged(products, title="SEI API Platform (mock-sei)", version=__version__)


class DownloadCa(Request[File]):
    """The root CA that a client must trust, PEM."""

    def perform(self, platform: Platform) -> File:
        return File(name="ca.pem", content=platform.authority.pem.root)


class DownloadRevocations(Request[File]):
    """The certificates that are revoked (CRL), PEM."""

    def perform(self, platform: Platform) -> File:
        return File(name="crl.pem", content=platform.certificates.revocations.crl_pem())


class DownloadTruststore(Request[File]):
    """The root CA for Java, PKCS#12."""

    passphrase: Passphrase = DEFAULT_PASSPHRASE
    """The passphrase of the file."""

    def perform(self, platform: Platform) -> File:
        chain = platform.authority.chain[::-1]
        return File(name="truststore.p12", content=truststore(chain, self.passphrase))


class SetServerCertificate(Request[None]):
    """Changes the certificate that both TLS listeners show, from the next connection on, until a
    reset.
    """

    variant: Annotated[ServerVariant, Field(examples=["expired"])]
    """Valid, or wrong in one way."""

    def perform(self, platform: Platform) -> None:
        state, identity = platform.state, None
        if self.variant is not ServerVariant.VALID:
            identity = platform.authority.issue_server_variant(
                self.variant, platform.server_names, now=machine.now()
            )
        state.server_identity = identity


def behaviour_schema() -> dict[str, Any]:
    """The JSON Schema of what a reset can change."""
    from mock_sei.operations.schemas import schema_of

    return schema_of(Behaviour)


class Reset(Request[None]):
    """Takes the server back to its first state: records, tokens, faults, journal, clock,
    revocations, server certificate.

    Raises :class:`~mock_sei.errors.ConfigurationError` for what a reset cannot change, and then
    resets nothing.
    """

    changes: Annotated[
        Mapping[str, Any] | None, WholeBody(behaviour_schema), Field(examples=[{"dialect": "rfc"}])
    ] = None
    """Settings that hold until the next reset: the keywords of the pytest marker."""
    by: Annotated[
        str | None, Place.QUERY, Field(max_length=LONGEST_NAME, examples=["test_positions"])
    ] = None
    """The name of the test that resets, for the message about an application that it removes."""

    def check(self) -> None:
        Behaviour().with_changes(self.changes or {}, source="reset")

    def perform(self, platform: Platform) -> None:
        platform.reset(self.changes, by=None if self.by is None else one_line(self.by))


class CheckTest(Request[CheckResult]):
    """What went wrong since the reset: failures of mock-sei itself, required faults that no call
    met, calls that found no script.
    """

    reads: Annotated[bool, Place.READS] = True
    """Whether the caller reads the answer; failures of mock-sei count as reported then."""

    def perform(self, platform: Platform) -> CheckResult:
        return platform.check_result(reported=self.reads)


class KeyId(Fields):
    """A key that signs tokens."""

    kid: Annotated[str, Field(examples=["b7Qe3J2k"])]
    """Its identifier, as in the key set."""


class RotateSigningKey(Request[KeyId]):
    """Makes a new key that signs tokens until a reset; the old key stays accepted."""

    def perform(self, platform: Platform) -> KeyId:
        keys = platform.state.oauth.keys
        key = SigningKey(new_signing_key_pem())
        keys.rotate(key)
        return KeyId(kid=key.kid)


class RetireSigningKey(Request[None]):
    """Refuses the tokens of an old key from now on. Raises :class:`~mock_sei.errors.Rejected`."""

    kid: Annotated[str, Field(examples=["b7Qe3J2k"])]
    """The identifier of the key."""

    def perform(self, platform: Platform) -> None:
        platform.state.oauth.keys.retire(self.kid)
