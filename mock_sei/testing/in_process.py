"""``MockSei``: a whole platform for a test, in the test's own process."""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from mock_sei.errors import ConfigurationError, MockSeiError
from mock_sei.operations.requests import Request
from mock_sei.rules.addresses import Addresses
from mock_sei.rules.arguments import named_plainly
from mock_sei.rules.machine import real_dates
from mock_sei.runtime.launch import launch
from mock_sei.runtime.server import ServerThread
from mock_sei.settings import Settings, make_settings
from mock_sei.testing.processes import close_off, is_patched_by_gevent
from mock_sei.testing.workbench import Workbench

if TYPE_CHECKING:
    from typing import Unpack

    from mock_sei.testing.inputs import SettingFields

A = TypeVar("A")


class MockSei(Workbench):
    """The SEI API Platform on free ports of this machine, for the length of a ``with``.

    Takes the settings of :class:`~mock_sei.settings.Settings` as keywords; ports default to free
    ones and certificates to a temporary folder. Neither ``mock-sei.toml`` nor ``MOCK_SEI_…``
    variables are read. Raises :class:`~mock_sei.errors.ConfigurationError`.

    In a process that was forked off the server runs on in the parent. This object then works by
    the control API, also by the clock or journal that was taken from it before the fork, and
    :meth:`stop` ends nothing. :attr:`platform` raises :class:`~mock_sei.errors.MockSeiError`.
    """

    @named_plainly
    def __init__(self, **settings: Unpack[SettingFields]) -> None:
        super().__init__()
        ports = {"one_way_port": 0, "two_way_port": 0, "control_port": 0}
        try:
            given: dict[str, Any] = {"certs_dir": self._folder.path / "certs", **ports, **settings}
            self.settings = make_settings(**given)
            _refuse_shared_state(self.settings)
            with real_dates():
                launched = launch(self.settings)
        except BaseException:
            self._folder.remove()
            raise
        self._with_gevent = is_patched_by_gevent()
        self.platform = launched.platform
        self._thread = ServerThread(launched.server)
        self._changing = threading.Lock()
        """Held while it is started or stopped."""
        self._started = self._stopped = False
        self._is_forked = False
        """Whether this is a child's copy of an object whose server runs in the parent."""
        self._abandoned = weakref.finalize(self, _abandon, self._thread, os.getpid())
        self._abandoned.atexit = False  # the end of the process closes its sockets

    def perform(self, request: Request[A]) -> A:
        """Performs an operation on the platform, in one state of it, whatever is reset meanwhile.

        Raises :class:`~mock_sei.errors.MockSeiError`, also where gevent came too late.
        """
        if is_patched_by_gevent() != self._with_gevent:
            raise MockSeiError(
                "gevent.monkey.patch_all() was called after this MockSei was made, so its server "
                "and the clients of this process wait for each other; patch first, at the top of "
                "conftest.py, and make the MockSei then"
            )
        if self._is_forked:
            from mock_sei.testing.attached import control_api
            from mock_sei.testing.remote import Remote

            return Remote(control_api(self.addresses.control)).perform(request)
        return request.perform(self.platform.pinned())

    @property
    def addresses(self) -> Addresses:
        """Where the listeners are reached: ``one_way``, ``two_way``, ``control``."""
        return self.platform.addresses

    @property
    def ca_file(self) -> Path:
        """The root CA that a client must trust, PEM."""
        return self.platform.store.ca_file

    def _new_identifier(self) -> str:
        """With a seed the same calls get the same ones."""
        if self._is_forked:
            return super()._new_identifier()
        return self.platform.new_tracking_id()[:8]

    def start(self) -> Self:
        """Returns when every listener answers; does nothing for one that runs already.

        Raises :class:`~mock_sei.errors.MockSeiError` for one that was stopped.
        """
        if self._is_forked:
            if not self._started:
                raise MockSeiError(
                    "this MockSei was made before the process was forked and never started; make "
                    "one in the process that starts it"
                )
            return self
        with self._changing:
            if self._stopped:
                raise MockSeiError("this MockSei was stopped, and its ports are free; make another")
            if self._started:
                return self
            try:
                self._thread.start()
            except BaseException:
                self._end()
                raise
            self._started = True
        return self

    def stop(self) -> None:
        """Closes every socket and removes the temporary folder; any number of times.

        The process that made it does so. In a forked child only that child's own files go.
        """
        if self._is_forked:
            self._folder.remove()
            return
        if self._thread.is_current:  # another thread may wait for this one while it stops
            self._end()
            return
        with self._changing:
            self._end()

    def _end(self) -> None:
        self._stopped = True
        self._abandoned.detach()
        try:
            self._thread.stop()
        finally:
            self._folder.remove()
            self.platform.state.let_go_of_files()

    def _in_child(self) -> None:
        super()._in_child()
        self._is_forked = True
        self._thread.let_go()
        platform = self.platform
        because = (
            "this object belongs to the process that this one was forked off, where the server "
            f"runs; ask the MockSei for it anew, or Attached({platform.addresses.control!r})"
        )
        close_off([platform], because, but=[platform.fixtures, platform.catalogue])

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a MockSei cannot be pickled: its server runs in this process. Hand its control_url to "
            "the other process, and use mock_sei.Attached(control_url) there"
        )


def _refuse_shared_state(settings: Settings) -> None:
    """Raises :class:`ConfigurationError` for the settings that only a server of its own has."""
    for name, usual in (("state", "memory"), ("workers", 1), ("replace_state", False)):
        if getattr(settings, name) != usual:
            raise ConfigurationError(
                "a MockSei keeps its state in memory, in one process; start mock-sei serve with "
                f"--{name.replace('_', '-')}, and attach to it",
                source="MockSei",
                key=name,
            )


def _abandon(thread: ServerThread, maker: int) -> None:
    """Nobody can stop it any more: the listeners close, and nobody waits for that.

    Collected as garbage, whoever let it go may hold what the server's thread waits for.
    """
    if os.getpid() == maker:
        thread.abandon()
