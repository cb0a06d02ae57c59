"""``Attached``: a server that runs elsewhere, with everything ``MockSei`` has."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from mock_sei import __version__
from mock_sei.certificates.store import write_whole
from mock_sei.errors import ConfigurationError, MockSeiError, NoServer, Rejected
from mock_sei.operations.requests import Request
from mock_sei.operations.server import DownloadCa, ShowConnection
from mock_sei.rules.arguments import kind_of, named_plainly, require_text
from mock_sei.settings import Behaviour, make_settings
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.processes import TemporaryFolder
from mock_sei.testing.remote import Remote
from mock_sei.testing.workbench import Workbench

if TYPE_CHECKING:
    from typing import Unpack

    from mock_sei.testing.inputs import BehaviourFields, SettingFields

A = TypeVar("A")


@dataclass(frozen=True, kw_only=True)
class AttachedAddresses:
    """Where the listeners are reached from here."""

    one_way: str
    two_way: str
    control: str


TIMEOUT = 30.0
"""Seconds for each call of the control API: a certificate's key is made in some."""
CONNECT_TIMEOUT = 5.0
"""Seconds for a listener to accept a connection, when it is looked for."""

_HINT = "--mock-sei-url or MOCK_SEI_URL names another address"


class Attached(Workbench):
    """A running server, by the address of its control listener: ``Attached("http://host:8044")``.

    ``one_way_url`` and ``two_way_url`` are for mapped ports. ``settings`` are those of ``MockSei``;
    a reset applies what a reset can change, the others are the server's own and only checked.
    Leaving the ``with`` removes the applications of :meth:`new_application`; the rest of the
    server's state stays as it is.

    Entering it raises :class:`~mock_sei.errors.MockSeiError`, in one line, where no server answers,
    one of another version does, or its listeners cannot be reached.
    """

    @named_plainly
    def __init__(
        self,
        url: str,
        *,
        one_way_url: str | None = None,
        two_way_url: str | None = None,
        settings: SettingFields | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self._asked = (one_way_url, two_way_url)
        self._addresses: AttachedAddresses | None = None
        """None while it is not attached."""
        try:
            if not isinstance(settings, Mapping | None):
                raise Rejected({"settings": f"must be a dict, not {kind_of(settings)}"})
            checked = make_settings(**(settings or {}))
            self._behaviour: Any = {
                name: getattr(checked.behaviour, name)
                for name in settings or {}
                if name in Behaviour.__dataclass_fields__
            }
            self._remote = Remote(control_api(_checked(url, "http")))
        except BaseException:
            self._folder.remove()
            raise

    def perform(self, request: Request[A]) -> A:
        """Performs an operation at the server, and returns its answer.

        Raises :class:`~mock_sei.errors.MockSeiError`.
        """
        self._require_attached()
        return self._remote.perform(request)

    @property
    def addresses(self) -> AttachedAddresses:
        """Where the listeners are reached from here."""
        return self._require_attached()

    @property
    def ca_file(self) -> Path:
        """The root CA that a client must trust, PEM."""
        self._require_attached()
        return self._folder.here / "ca.pem"

    def _require_attached(self) -> AttachedAddresses:
        if self._addresses is None:
            raise MockSeiError("not attached yet: use it in a with statement, or call start()")
        return self._addresses

    def start(self) -> Self:
        """Looks for the server and its listeners; changes nothing there.

        Does nothing where it is attached already, and may be called again after :meth:`stop` or
        after it raised.
        """
        if self._addresses is not None:
            return self
        if not self._folder.path.is_dir():
            self._folder = TemporaryFolder()
        try:
            self._check_version()
            addresses = self._find_addresses()
            ca = self._remote.perform(DownloadCa())
            write_whole(self._folder.here / "ca.pem", ca.content)
            self._addresses = addresses
        except BaseException:
            self._folder.remove()
            raise
        return self

    def stop(self) -> None:
        """Removes the applications that were made by this object, and the temporary folder.

        Any number of times. In a forked child only what that child made goes.
        """
        try:
            self.remove_new_applications()
        finally:
            self._addresses = None
            self._folder.remove()

    def _in_child(self) -> None:
        super()._in_child()
        self._remote.api.renew()

    @named_plainly
    def reset(self, **changes: Unpack[BehaviourFields]) -> None:
        """Takes the server back to its first state, with the settings of this object.

        ``changes`` are settings that hold until the next reset: ``reset(dialect="rfc")``.
        """
        super().reset(**{**self._behaviour, **changes})

    def _check_version(self) -> None:
        api = self._remote.api
        try:
            version = api.get("/health")["version"]
        except NoServer:
            raise
        except (MockSeiError, ValueError, KeyError, TypeError):
            raise api.stranger() from None
        if version != __version__:
            raise NoServer(
                f"the server at {api.url} is mock-sei {version}, and this is {__version__}; "
                "both must be of one version"
            )

    def _find_addresses(self) -> AttachedAddresses:
        details = self._remote.perform(ShowConnection(limit=1))
        told = AttachedAddresses(
            one_way=details["url"], two_way=details["two_way_url"], control=self._remote.api.url
        )
        one_way, two_way = self._asked
        if one_way is not None:
            told = replace(told, one_way=_checked(one_way, "https"))
        if two_way is not None:
            told = replace(told, two_way=_checked(two_way, "https"))
        _find_listener(told.one_way, "one-way")
        _find_listener(told.two_way, "two-way")
        return told


def control_api(url: str) -> ControlApi:
    """The calls of the server with this control address."""
    return ControlApi(url, timeout=TIMEOUT, hint=_HINT)


def _checked(url: str, scheme: str) -> str:
    """Raises :class:`ConfigurationError` for what is no address of that scheme."""
    require_text("address", url)
    try:
        parts = urlsplit(url)
        sound = parts.scheme == scheme and bool(parts.hostname) and parts.path in ("", "/")
        _ = parts.port  # raises ValueError where it is no number
    except ValueError:
        sound = False
    if not sound:
        raise ConfigurationError(
            f"not an {scheme}:// address without path", source="address", key=repr(url)
        )
    return url.rstrip("/")


def _find_listener(url: str, name: str) -> None:
    """A bare connection, which the server's journal does not see."""
    parts = urlsplit(url)
    try:
        place = (parts.hostname or "", parts.port or 443)
        socket.create_connection(place, timeout=CONNECT_TIMEOUT).close()
    except OSError as error:
        option = f"--mock-sei-{name}-url"
        variable = option[2:].replace("-", "_").upper()
        raise NoServer(
            f"the {name} listener cannot be reached at {url} ({error}); where its port is mapped, "
            f"{option} or {variable} names its address"
        ) from None
