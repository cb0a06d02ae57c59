"""mock-sei: the SEI API Platform in a box, for tests.

What it exports is imported when first asked for: pytest imports this package in every
run on the machine, used or not, through the plugin's entry point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Account",
    "Answer",
    "Answers",
    "Application",
    "ApplicationFields",
    "Applications",
    "Attached",
    "BehaviourFields",
    "Certificate",
    "ChangedFields",
    "ClientName",
    "Clock",
    "ClockParts",
    "Collection",
    "ConfigurationError",
    "Data",
    "EnqueuedAnswer",
    "Fault",
    "FaultFields",
    "Faults",
    "Finding",
    "FormatName",
    "Journal",
    "JournalEntry",
    "JournalView",
    "LogIn",
    "Mail",
    "Mailbox",
    "MockSei",
    "MockSeiBug",
    "MockSeiError",
    "NoServer",
    "ReceivedRequest",
    "Rejected",
    "RequestFields",
    "ServerVariantName",
    "SettingFields",
    "StoreAway",
    "UnknownAccount",
    "UnknownAnswer",
    "UnknownApplication",
    "UnknownCertificate",
    "UnknownCollection",
    "UnknownFault",
    "UnknownMessage",
    "UnknownUser",
    "VariantName",
    "WantedCall",
    "WantedFields",
    "Workbench",
    "__version__",
]

if TYPE_CHECKING:
    from mock_sei.doctor.findings import Finding
    from mock_sei.errors import (
        ConfigurationError,
        MockSeiBug,
        MockSeiError,
        NoServer,
        Rejected,
        StoreAway,
        UnknownAccount,
        UnknownAnswer,
        UnknownApplication,
        UnknownCertificate,
        UnknownCollection,
        UnknownFault,
        UnknownMessage,
        UnknownUser,
    )
    from mock_sei.faults.answers import Answer, ReceivedRequest
    from mock_sei.journal.entries import Entry as JournalEntry
    from mock_sei.journal.journal import JournalView
    from mock_sei.journal.search import WantedCall, WantedFields
    from mock_sei.matching.fields import RequestFields
    from mock_sei.operations.flows import LogIn
    from mock_sei.portal.mailbox import Mail
    from mock_sei.rules.records import Application
    from mock_sei.testing.account import Account
    from mock_sei.testing.answers import Answers, EnqueuedAnswer
    from mock_sei.testing.applications import Applications
    from mock_sei.testing.attached import Attached
    from mock_sei.testing.certificate import Certificate
    from mock_sei.testing.clock import Clock
    from mock_sei.testing.data import Collection, Data
    from mock_sei.testing.faults import Fault, Faults
    from mock_sei.testing.in_process import MockSei
    from mock_sei.testing.inputs import (
        ApplicationFields,
        BehaviourFields,
        ChangedFields,
        ClientName,
        ClockParts,
        FaultFields,
        FormatName,
        ServerVariantName,
        SettingFields,
        VariantName,
    )
    from mock_sei.testing.journal import Journal
    from mock_sei.testing.mailbox import Mailbox
    from mock_sei.testing.workbench import Workbench
else:  # a type checker that saw it would take any name for one of ours
    _HOMES = {
        "doctor.findings": ["Finding"],
        "errors": [
            "ConfigurationError",
            "MockSeiBug",
            "MockSeiError",
            "NoServer",
            "Rejected",
            "StoreAway",
            "UnknownAccount",
            "UnknownAnswer",
            "UnknownApplication",
            "UnknownCertificate",
            "UnknownCollection",
            "UnknownFault",
            "UnknownMessage",
            "UnknownUser",
        ],
        "faults.answers": ["Answer", "ReceivedRequest"],
        "journal.entries": ["JournalEntry"],
        "journal.journal": ["JournalView"],
        "journal.search": ["WantedCall", "WantedFields"],
        "matching.fields": ["RequestFields"],
        "operations.flows": ["LogIn"],
        "portal.mailbox": ["Mail"],
        "rules.records": ["Application"],
        "testing.account": ["Account"],
        "testing.answers": ["Answers", "EnqueuedAnswer"],
        "testing.applications": ["Applications"],
        "testing.attached": ["Attached"],
        "testing.certificate": ["Certificate"],
        "testing.clock": ["Clock"],
        "testing.data": ["Collection", "Data"],
        "testing.faults": ["Fault", "Faults"],
        "testing.in_process": ["MockSei"],
        "testing.inputs": [
            "ApplicationFields",
            "BehaviourFields",
            "ChangedFields",
            "ClientName",
            "ClockParts",
            "FaultFields",
            "FormatName",
            "ServerVariantName",
            "SettingFields",
            "VariantName",
        ],
        "testing.journal": ["Journal"],
        "testing.mailbox": ["Mailbox"],
        "testing.workbench": ["Workbench"],
    }
    """The names of each module that are exported."""
    _OWN_NAMES = {"JournalEntry": "Entry"}
    """What a module calls something that is exported by another name."""

    def __getattr__(name: str) -> Any:
        home = next((each for each, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        from mock_sei.rules.machine import real_dates

        with real_dates():
            return getattr(import_module(f"{__name__}.{home}"), _OWN_NAMES.get(name, name))

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
