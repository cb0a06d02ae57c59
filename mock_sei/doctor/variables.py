"""Functions for the checks of variables: how serious a finding is, and how to show a value."""

from __future__ import annotations

import re

from cryptography import x509

from mock_sei.doctor.findings import Level
from mock_sei.doctor.material import certificates_in, is_ca, readable
from mock_sei.doctor.setup import Setup


def level_of(setup: Setup, affected: tuple[str, ...], *, otherwise: Level = Level.HINT) -> Level:
    """A problem if ``--client`` names an affected client; ``otherwise`` if it names none."""
    if setup.client is None:
        return otherwise
    return Level.PROBLEM if setup.client in affected else Level.HINT


def wanted_cas(setup: Setup) -> list[x509.Certificate]:
    """The CA certificates in ``--cacert``."""
    return [each for each in certificates_in(setup.ca) if is_ca(each)]


def setting_of(setup: Setup, name: str) -> str:
    """The setting of a variable, up to its first password."""
    shown = re.sub(r"(?is)(password=).*", r"\1(secret)", setup.environ.get(name, ""))
    return f"{name}={readable(shown, 100)}"
