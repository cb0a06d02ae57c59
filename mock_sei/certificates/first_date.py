"""A check for the class of dates that ``cryptography`` accepts in this process.

It is the class of the first date that ``cryptography`` gets. If that date was freezegun's, no
certificate with Python's own dates can be signed any more.
"""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from mock_sei.errors import MockSeiError
from mock_sei.rules import machine


def require_real_dates() -> None:
    """Gives ``cryptography`` one of Python's own dates, so that it accepts these from then on.

    Raises :class:`~mock_sei.errors.MockSeiError` if it got a date of another class before.
    """
    with machine.real_dates():
        try:
            _sign_a_date()
        except TypeError as error:
            raise MockSeiError(
                f"this process cannot sign certificates any more ({error}): cryptography was first "
                "used while freezegun had stopped the time, and since then accepts only dates of "
                "freezegun. Make the MockSei, or use cryptography, before the first freeze_time()"
            ) from None


def _sign_a_date() -> None:
    """Raises ``TypeError`` if ``cryptography`` accepts only dates of another class."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = machine.now()
    dated = x509.CertificateRevocationListBuilder(name, now, now + timedelta(days=1))
    dated.sign(key, hashes.SHA256())
