"""``MockSeiContainer``: runs the image with testcontainers (extra ``testcontainers``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

try:
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.exceptions import ContainerStartException
    from testcontainers.core.wait_strategies import WaitStrategy
    from testcontainers.core.waiting_utils import WaitStrategyTarget
except ImportError as error:
    raise ImportError(
        f"{error}; MockSeiContainer needs an extra: in the source folder of mock-sei, run "
        "pip install '.[testcontainers]'"
    ) from None

from mock_sei.testing.attached import Attached
from mock_sei.testing.health import find_problem
from mock_sei.testing.inputs import SettingFields

ONE_WAY, TWO_WAY, CONTROL = 443, 444, 8044
"""The ports inside the container."""

ENDED = frozenset({"exited", "dead", "removing"})
POLL_INTERVAL = timedelta(milliseconds=100)


class Healthy(WaitStrategy):
    """Waits until the health URL answers. If the container ends first, the error has its logs."""

    def __init__(self) -> None:
        super().__init__()
        self.with_poll_interval(POLL_INTERVAL)

    def wait_until_ready(self, container: WaitStrategyTarget) -> None:
        """Waits for the health URL. Raises an error if the container ends, or time is over."""
        problem: str | None = "its health was not checked yet"

        def settled() -> bool:
            nonlocal problem
            container.reload()
            if container.status in ENDED:
                return True
            problem = find_problem(_control_url(container))
            return problem is None

        if not self._poll(settled):
            raise TimeoutError(f"mock-sei is not healthy: {problem}")
        if problem is not None:
            words = b"".join(container.get_logs()).decode(errors="replace").strip()
            raise ContainerStartException(f"the container of mock-sei ended: {words}")


class MockSeiContainer(DockerContainer):
    """A mock-sei server in a container of its own. Its three ports are mapped to free ports.

    ``with MockSeiContainer("mock-sei:0.1.0") as container`` starts the container, waits until it is
    healthy, and removes it at the end. You must have built the image, from the same version as this
    package. Settings are environment variables: ``with_env("MOCK_SEI_DIALECT", "rfc")``.

    The server does not know how its ports are mapped: its issuer and its metadata contain the ports
    443 and 444. If your client uses these, map fixed ports with ``with_bind_ports``, and set
    ``MOCK_SEI_PUBLIC_URL`` and ``MOCK_SEI_PUBLIC_TWO_WAY_URL``.
    """

    def __init__(self, image: str = "mock-sei", **options: Any) -> None:
        super().__init__(image, **options)
        self.with_exposed_ports(ONE_WAY, TWO_WAY, CONTROL)
        self.waiting_for(Healthy())

    def _configure(self) -> None:
        """Adds the name of the container engine's machine to the server certificate."""
        names = [self.env.get("MOCK_SEI_HOSTNAME", ""), self.get_docker_client().host()]
        self.with_env("MOCK_SEI_HOSTNAME", ",".join(filter(None, names)))

    @property
    def url(self) -> str:
        """The base URL of the one-way listener, with the port it is mapped to."""
        return _url(self, "https", ONE_WAY)

    @property
    def two_way_url(self) -> str:
        """The base URL of the two-way listener, with the port it is mapped to."""
        return _url(self, "https", TWO_WAY)

    @property
    def control_url(self) -> str:
        """The base URL of the control listener, with the port it is mapped to."""
        return _control_url(self)

    def attached(self, *, settings: SettingFields | Mapping[str, Any] | None = None) -> Attached:
        """The server as an :class:`Attached`, which has everything that ``MockSei`` has.

        ``settings`` are checked against those of the server. Use it as a context manager.
        """
        return Attached(
            self.control_url,
            one_way_url=self.url,
            two_way_url=self.two_way_url,
            settings=settings,
        )


def _control_url(container: WaitStrategyTarget) -> str:
    return _url(container, "http", CONTROL)


def _url(container: WaitStrategyTarget, scheme: str, port: int) -> str:
    """The URL by which this machine reaches a port of the container."""
    return f"{scheme}://{container.get_container_host_ip()}:{container.get_exposed_port(port)}"
