"""``MockSei``: a whole platform for a test, in the test's own process."""

from __future__ import annotations

from typing import Any, Self

from mock_sei.runtime.launch import launch
from mock_sei.runtime.server import ServerThread
from mock_sei.sandbox import Sandbox
from mock_sei.settings import make_settings
from mock_sei.workbench import Workbench


class MockSei(Workbench):
    """The SEI API Platform on free ports of this machine, for the length of a ``with``.

    Takes the settings of :class:`~mock_sei.settings.Settings` as keywords; ports default to free
    ones and certificates to a temporary folder. Neither ``mock-sei.toml`` nor ``MOCK_SEI_…``
    variables are read. Raises :class:`~mock_sei.errors.ConfigurationError`.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        ports = {"one_way_port": 0, "two_way_port": 0, "control_port": 0}
        try:
            self.settings = make_settings(
                **{"certs_dir": self._folder / "certs", **ports, **settings}
            )
            launched = launch(self.settings)
        except BaseException:
            self._undo.close()
            raise
        self.sandbox = launched.sandbox
        self._thread = ServerThread(launched.server)

    @property
    def controls(self) -> Sandbox:
        return self.sandbox

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Closes every socket and removes the temporary folder."""
        self._thread.stop()
        self._undo.close()
