"""The problems of each certificate in a client's chain.

OpenSSL only says what is wrong with a chain, and Python's ``ssl`` does not say with which of its
certificates. The registration of a client's own certificate, the journal and the doctor must name
it, so all three use this module. The checks are in :mod:`mock_sei.certificates.judgements`.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from mock_sei.certificates.judgements import (
    JUDGEMENTS,
    OF_DATES,
    UNREADABLE,
    ChainPlace,
    Judgement,
    find_extension,
    is_self_issued,
    name_of,
)
from mock_sei.rules.connection import ChainProblem, ChainProblemKind

LONGEST_CHAIN = 8
MOST_SENT = 30
"""Of the certificates that a client sends, so many are checked. Usual chains have three or four."""


def find_chain_problems(chain: Sequence[x509.Certificate], now: datetime) -> list[ChainProblem]:
    """All problems of each certificate in a chain, those of the client's own certificate first.

    ``chain`` is the client's own certificate and the CAs above it, from its issuer upward. A check
    is left out if it needs a part of the certificate that cannot be read.
    """
    return [problem for place in _places(chain, now) for problem in _problems_of(place, JUDGEMENTS)]


def find_date_problems(
    authorities: Sequence[x509.Certificate], now: datetime
) -> list[ChainProblem]:
    """The CAs above a client's certificate that are not valid at the time ``now``.

    ``authorities`` are these CAs, from the issuer upward.
    """
    return [
        problem
        for position, each in enumerate(authorities, 1)
        if not is_valid(each, now)
        for problem in _problems_of(ChainPlace(each, position, None, 0, now), OF_DATES)
    ]


def _problems_of(
    place: ChainPlace, judgements: Mapping[ChainProblemKind, Judgement]
) -> Iterator[ChainProblem]:
    for kind, judge in judgements.items():
        problem = None
        with contextlib.suppress(*UNREADABLE):
            problem = judge(place)
        if problem is not None:
            yield ChainProblem(
                kind=kind,
                position=place.position,
                subject=name_of(place.certificate.subject),
                not_before=place.certificate.not_valid_before_utc,
                not_after=place.certificate.not_valid_after_utc,
                problem=problem.what,
                expected=problem.expected,
                actual=problem.actual,
            )


def _places(chain: Sequence[x509.Certificate], now: datetime) -> Iterator[ChainPlace]:
    below = 0
    for position, certificate in enumerate(chain):
        issuer = chain[position + 1] if position + 1 < len(chain) else None
        yield ChainPlace(certificate, position, issuer, below, now)
        if position > 0 and not is_self_issued(certificate):
            below += 1


def read_chain(ders: Iterable[bytes]) -> tuple[x509.Certificate, ...]:
    """The certificates that can be read, from DER. If the first one cannot, the result is empty."""
    read: list[x509.Certificate] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for number, der in enumerate(ders):
            try:
                certificate = x509.load_der_x509_certificate(der)
                _ = certificate.subject, certificate.issuer
            except UNREADABLE:
                if number == 0:
                    return ()
                continue
            read.append(certificate)
    return tuple(read)


def path_of_ders(ders: Sequence[bytes], now: datetime) -> tuple[x509.Certificate, ...]:
    """As :func:`path_of`, for certificates in DER as a client sent them, its own one first.

    The result is empty if the client's own certificate cannot be read.
    """
    own, *others = read_chain(ders[:MOST_SENT]) or (None,)
    return () if own is None else path_of(own, others, now)


def path_of(
    certificate: x509.Certificate, others: Sequence[x509.Certificate], now: datetime
) -> tuple[x509.Certificate, ...]:
    """A certificate and the CAs above it, from its issuer upward, chosen from ``others``.

    They are chosen as OpenSSL does: by names and key identifiers, and if possible with valid dates.
    """
    by_name: dict[x509.Name, list[x509.Certificate]] = {}
    for each in others:
        by_name.setdefault(each.subject, []).append(each)
    path = [certificate]
    while len(path) <= LONGEST_CHAIN and not is_self_issued(path[-1]):
        named = by_name.get(path[-1].issuer, ())
        above = [each for each in named if each not in path and may_have_issued(each, path[-1])]
        if not above:
            break
        path.append(next((each for each in above if is_valid(each, now)), above[0]))
    return tuple(path)


def may_have_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """True if ``issuer`` has the name and the key identifier that ``certificate`` asks for.

    The key identifier only counts if both certificates have it.
    """
    if issuer.subject != certificate.issuer:
        return False
    try:
        wanted = find_extension(certificate, x509.AuthorityKeyIdentifier)
        own = find_extension(issuer, x509.SubjectKeyIdentifier)
    except UNREADABLE:
        return True
    if wanted is None or own is None or wanted.key_identifier is None:
        return True
    return wanted.key_identifier == own.digest


def is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    """True if the certificate's dates allow the time ``now``."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
