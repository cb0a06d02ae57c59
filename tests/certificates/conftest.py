"""Fixtures for the tests of accounts' certificates."""

from __future__ import annotations

import pytest

from mock_sei.certificates.accounts import AccountCertificates
from mock_sei.platform import Platform
from tests.certificates.client_ca import ClientCA
from tests.support import registration


@pytest.fixture
def certificates(platform: Platform) -> AccountCertificates:
    """A platform with one more account than the fixtures have."""
    platform.portal.register(registration(certificate="own"))
    return platform.certificates


@pytest.fixture(scope="module")
def ca() -> ClientCA:
    return ClientCA.create()
