"""What the checks of the environment share: how bad a variable is for whom, and how it is shown."""

from __future__ import annotations

import re

from cryptography import x509

from mock_sei.doctor.findings import Level
from mock_sei.doctor.material import certificates_in, is_ca, readable
from mock_sei.doctor.setup import Setup


def level_of(setup: Setup, affected: tuple[str, ...], *, otherwise: Level = Level.HINT) -> Level:
    """A problem where the named client is among the affected, ``otherwise`` where none is named."""
    if setup.client is None:
        return otherwise
    return Level.PROBLEM if setup.client in affected else Level.HINT


def wanted_cas(setup: Setup) -> list[x509.Certificate]:
    return [each for each in certificates_in(setup.ca) if is_ca(each)]


def setting_of(setup: Setup, name: str) -> str:
    """Up to the first password, which may have blanks and quotes in it."""
    shown = re.sub(r"(?is)(password=).*", r"\1(secret)", setup.environ.get(name, ""))
    return f"{name}={readable(shown, 100)}"
