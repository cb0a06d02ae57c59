"""Keywords of the methods that users call, for editors and type checkers.

Nothing here exists at run time: what comes is checked where it is used, which names the nearest
keyword of a misspelt one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict

from mock_sei.journal.search import ListenerName
from mock_sei.matching.fields import RequestFields
from mock_sei.rules.records import CertificateSource, Environment
from mock_sei.rules.standards import Actor, ApplicationType, Listener, Owner
from mock_sei.testing.assumption_values import AssumptionValues

VariantName = Literal["valid", "expired", "not-yet-valid", "untrusted", "self-signed", "wrong-cn"]
"""A client certificate that is valid, or wrong in one way."""
ServerVariantName = Literal["valid", "expired", "wrong-host", "self-signed", "untrusted"]
"""A certificate of the server that is valid, or wrong in one way."""
ClientName = Literal["curl", "requests", "httpx", "node", "java", "dotnet", "go"]
"""Clients for which ``diagnose`` has advice."""
FormatName = Literal["pfx", "p12", "p7s", "pem"]
"""The format of the file that a one-time link downloads."""
EnvironmentName = Literal["build", "sandbox", "test", "production"]
"""The environments of the vendor."""


class BehaviourFields(TypedDict, total=False):
    """What a reset, and the pytest marker, can change."""

    dialect: Literal["sei", "rfc"]
    """``"sei"``: answers as the vendor documents them; ``"rfc"``: as the RFCs want them."""
    environment: EnvironmentName | Environment
    """The environment that the server plays."""
    auto_login: bool
    """Whether a ``login_hint`` that names a user logs in and consents without a page."""
    seed: int | None
    """Makes keys, passwords and identifiers repeatable."""
    approval: Literal["auto", "manual"]
    """Whether a new application is approved at once."""
    concurrent_sessions: Literal["allow", "refuse"]
    """Whether a user may have several sessions at once, with whatever applications."""
    assumptions: AssumptionValues
    """What is assumed of the real platform otherwise than by default, by dotted names."""


class SettingFields(BehaviourFields, total=False):
    """The settings of ``MockSei``, of ``Attached`` and of the ``mock_sei_settings`` fixture."""

    host: str
    """Address of the one-way listener."""
    two_way_host: str | None
    """Address of the two-way listener."""
    control_host: str
    """Address of the control listener."""
    one_way_port: int | None
    """Port of the one-way listener, 0 for a free one."""
    two_way_port: int | None
    """Port of the two-way listener, 0 for a free one."""
    control_port: int
    """Port of the control listener, 0 for a free one."""
    certs_dir: str | Path
    """The folder of the CA and the certificates."""
    fixtures: str | Path | None
    """The folder with ``platform.toml``, documents and records."""
    apis: str | Path | None
    """The folder with your own OpenAPI documents."""
    recordings: str | Path | None
    """A folder or a HAR file of recorded calls, whose answers are given again."""
    recordings_only: bool
    """Whether functional calls that are not in the recording are refused."""
    hostname: str | Sequence[str]
    """Further names in the server's certificate."""
    public_url: str | None
    """The one-way address that clients know."""
    public_two_way_url: str | None
    """The two-way address that clients know."""
    trusted_proxy: str | Sequence[str]
    """Addresses and networks of balancers that send PROXY protocol headers."""
    portal_controls: bool
    """Whether the portal's controls are shown to everybody who can reach the portal."""
    certificate_link_days: int
    """How many days a one-time link lives."""
    renewal_notices: Sequence[int]
    """How many days before a certificate's end a notice is mailed."""
    time_zone: Literal["America/New_York", "EST"]
    """The zone of times without an offset."""
    faults: Sequence[Mapping[str, Any]]
    """Faults that every reset arms."""
    ready_file: str | Path | None
    """A file that appears when every listener answers."""
    log_format: Literal["text", "json"]
    """The form of the log lines."""
    journal_size: int
    """How many entries the journal keeps."""
    state: str
    """Where the state is kept: always ``"memory"`` for a ``MockSei``."""
    replace_state: bool
    """Whether a kept state is emptied: only for ``mock-sei serve``."""
    workers: int
    """How many processes serve: always 1 for a ``MockSei``."""
    upload_limit_mib: int
    """The largest upload, in MiB."""


class FaultFields(RequestFields, total=False):
    """Which calls it happens to, what goes wrong, and when."""

    listener: ListenerName | Listener | None
    """Only calls, or handshakes, of this listener."""
    times: int | None
    """How often it happens; None: until it is removed."""
    probability: float
    """How likely it happens at a call, above 0, at most 1."""
    required: bool
    """Whether the test fails where it was never met."""
    latency: float
    """Seconds before anything else happens."""
    spread: float
    """Seconds by which the latency differs at random, at most."""
    stall: bool
    """No answer ever comes."""
    status: int | None
    """The status of an answer in the platform's shape, instead of the operation's answer."""
    retry_after: int | None
    """Seconds in ``Retry-After``."""
    cut: Literal["before-headers", "after-headers", "in-body"] | None
    """Where the connection is reset."""
    malformed: bool
    """The JSON of the body breaks off, in a complete answer."""
    content_type: str | None
    """A wrong media type."""
    drip: int | None
    """Bytes a second at which the body comes."""
    token_lifetime: int | None
    """Seconds after which a token of this answer is dead."""
    tls: Literal["stall", "close"] | None
    """The handshake is never finished, or the connection is closed right after it."""


class ClockParts(TypedDict, total=False):
    """How far the clock moves: the keywords of a ``timedelta``."""

    weeks: float
    """Weeks."""
    days: float
    """Days of 24 hours."""
    hours: float
    """Hours."""
    minutes: float
    """Minutes."""
    seconds: float
    """Seconds."""
    milliseconds: float
    """Thousandths of a second."""
    microseconds: float
    """Millionths of a second."""


class ChangedFields(TypedDict, total=False):
    """The fields of the portal's form that an application can change."""

    name: str
    """The name of the application, which no other has."""
    products: Sequence[str]
    """The API products that it may call; ``*`` for all."""
    environments: Sequence[EnvironmentName | Environment]
    """The environments that it is granted."""
    redirect_addresses: Sequence[str]
    """Where authorize sends the browser back to."""
    source_addresses: Sequence[str]
    """Addresses or networks that it may call from; empty for all."""
    scopes: Sequence[str]
    """The scopes that it may ask for."""
    distribution_list: str
    """The e-mail address of the team."""
    certificate: Literal["sei", "own"] | CertificateSource
    """A certificate of the platform, or of your own CA."""
    saml_certificate: str | None
    """The certificate of its SAML identity provider, PEM."""


class ApplicationFields(ChangedFields, total=False):
    """The fields of the portal's form."""

    type: Literal["client-server", "server-server", "single-page", "native"] | ApplicationType
    """The type of the application, such as ``"server-server"``."""
    actor: Literal["server", "end-user"] | Actor
    """Who acts through it: ``"server"`` or ``"end-user"``."""
    owner: Literal["anyone", "sei-client", "sei-internal"] | Owner
    """Who may use the row of the standards."""
    own_data: bool
    """Whether it works on its own copy of the seeded records, which no other application sees;
    ``mock_sei.data.of(application)`` shows and changes it."""
