"""The date that ``cryptography`` meets first in a process.

Its class is the only one that ``cryptography`` takes from then on. Where freezegun had put a class
of its own there, no certificate can be signed any more with Python's own dates.
"""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from mock_sei.errors import MockSeiError
from mock_sei.rules import machine


def require_real_dates() -> None:
    """Makes Python's own ``datetime`` that class, if there is none yet.

    Raises :class:`~mock_sei.errors.MockSeiError` where another one was first.
    """
    with machine.real_dates():
        try:
            _sign_a_date()
        except TypeError as error:
            raise MockSeiError(
                f"this process can sign no certificate any more ({error}): cryptography was first "
                "used while freezegun had stopped the time, and since then takes only dates of "
                "freezegun. Make the MockSei, or use cryptography, before the first freeze_time()"
            ) from None


def _sign_a_date() -> None:
    """Raises ``TypeError`` where ``cryptography`` knows another class."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = machine.now()
    dated = x509.CertificateRevocationListBuilder(name, now, now + timedelta(days=1))
    dated.sign(key, hashes.SHA256())
