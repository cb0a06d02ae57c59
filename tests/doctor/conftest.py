"""Fixtures of the doctor's unit tests."""

from __future__ import annotations

import pytest

from mock_sei.certificates.store import CertificateStore
from tests.doctor.clients import Clients


@pytest.fixture(scope="session")
def clients(shared_store: CertificateStore) -> Clients:
    return Clients(shared_store.authority)
