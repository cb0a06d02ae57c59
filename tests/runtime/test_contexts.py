"""Our TLS contexts work if another class has replaced ``ssl.SSLContext``."""

from __future__ import annotations

import ssl
import subprocess
import sys

import pytest

from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.runtime.contexts import PlainContext
from mock_sei.runtime.tls import ListenerContext
from tests.patience import PATIENCE

SETTINGS = {
    "maximum_version": ssl.TLSVersion.TLSv1_2,
    "minimum_version": ssl.TLSVersion.TLSv1_3,
    "options": ssl.OP_NO_TICKET,
    "verify_flags": ssl.VERIFY_X509_STRICT,
    "verify_mode": ssl.CERT_REQUIRED,
}


class Injected(ssl.SSLContext):
    """A subclass like truststore's, which has replaced its base class in the module."""


@pytest.fixture
def injected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "SSLContext", Injected)


@pytest.mark.usefixtures("injected")
@pytest.mark.parametrize(("name", "value"), SETTINGS.items())
def test_a_setting_is_set_and_read_as_python_reads_it(name: str, value: int) -> None:
    context = PlainContext(ssl.PROTOCOL_TLS_SERVER)

    setattr(context, name, value)

    assert getattr(context, name) == value
    assert type(getattr(context, name)) is type(value)


@pytest.mark.usefixtures("injected")
def test_python_s_own_class_would_call_itself_without_end() -> None:
    """If Python no longer fails here, our own class is not needed any more."""
    (python_s,) = (each for each in Injected.__mro__ if each.__module__ == "ssl")
    context = python_s(ssl.PROTOCOL_TLS_SERVER)

    with pytest.raises(RecursionError):
        context.verify_mode = ssl.CERT_REQUIRED


@pytest.mark.usefixtures("injected")
@pytest.mark.parametrize("client_certificates", [True, False])
def test_the_context_of_a_listener_is_made(
    platform: Platform, *, client_certificates: bool
) -> None:
    identity = platform.authority.issue_server(["localhost"], now=machine.now())

    context = ListenerContext.create(platform, identity, client_certificates=client_certificates)

    assert (context.verify_mode is ssl.CERT_REQUIRED) == client_certificates
    assert not isinstance(context, Injected)


FIRST = """
import ssl
class Injected(ssl.SSLContext): pass
ssl.SSLContext = Injected
from mock_sei.runtime.contexts import PlainContext
context = PlainContext(ssl.PROTOCOL_TLS_SERVER)
context.verify_mode = ssl.CERT_REQUIRED
assert context.verify_mode is ssl.CERT_REQUIRED
assert not isinstance(context, Injected)
"""


@pytest.mark.long
def test_a_class_that_was_injected_before_the_first_import_makes_no_difference() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", FIRST], check=True, timeout=PATIENCE)
