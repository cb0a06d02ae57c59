"""Creates a server from settings: sockets, certificates, platform and listeners."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from mock_sei.apis.documents import Catalogue
from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform, operations_of, read_faults, require_free_paths
from mock_sei.rules import machine
from mock_sei.rules.addresses import Addresses, host_to_call
from mock_sei.rules.proxies import TrustedProxies
from mock_sei.rules.standards import Listener
from mock_sei.runtime.server import PlatformServer, ServerListener
from mock_sei.runtime.sockets import Ports, bind
from mock_sei.runtime.trial import Trial
from mock_sei.runtime.trust import ListenerTrust
from mock_sei.settings import ASSUMPTIONS, Behaviour, Settings
from mock_sei.state.certificates import share_certificates
from mock_sei.state.configuration import configuration_of
from mock_sei.state.opening import open_state, require_configuration, state_url, units_of
from mock_sei.web.app import platform_app
from mock_sei.web.control.listener import ControlListener, LazyApp
from mock_sei.web.listener import PlatformListener

if TYPE_CHECKING:
    from mock_sei.replay.recordings import ReplayedRecordings

SERVER_NAMES = (
    "localhost",
    "127.0.0.1",
    "::1",
    "mock-sei",
    "api.seic.com",
    "*.api.seic.com",
    "mtls.api.seic.com",
    "*.mtls.api.seic.com",
)
"""Names in every server certificate. Among them are the real hosts, so that a client configured for
them can be redirected here."""


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A platform and its server. The sockets are bound, but nothing answers before the start."""

    platform: Platform
    server: PlatformServer


CONTROL_PORT = 8044
"""The default port of the control listener."""

Sockets = dict[Listener, list[socket.socket]]
"""The listening sockets of each listener."""


def launch(settings: Settings, sockets: Sockets | None = None) -> Launch:
    """Creates the server of these settings. Raises :class:`ConfigurationError`.

    ``sockets`` are listening already, for a worker that shares them with others. Without, they are
    bound first, so that a port in use leaves no files behind.
    """
    _require_shared_state(settings)
    with contextlib.ExitStack() as undo:
        sockets = _bind_all(settings, undo) if sockets is None else sockets
        fixtures = load_fixtures(settings.fixtures, settings.apis)
        recordings = _read_recordings(settings)
        if settings.faults or settings.assumptions:  # wrong ones must not leave files behind either
            catalogue = Catalogue(fixtures.documents, fixtures.brought)
            read_faults(settings.faults, operations_of(catalogue, recordings), settings.source)
            require_free_paths(settings.assumptions, catalogue, settings.assumptions_source)
        state = open_state(
            settings.state, journal_size=settings.journal_size, replace=settings.replace_state
        )
        configuration: dict[str, str] = {}
        if state is not None:
            configuration = configuration_of_server(settings)
            undo.callback(state.abandon)
            if not settings.replace_state:
                require_configuration(state, configuration)
                share_certificates(settings.certs_dir, state, name=state.name)
        store = CertificateStore(settings.certs_dir)
        # The state is made or replaced last: a start that fails before has changed nothing.
        units = units_of(state, configuration, replace=settings.replace_state)
        if state is not None and settings.replace_state:  # the folder's CA is the new state's
            share_certificates(settings.certs_dir, state, name=state.name)
        platform = Platform(
            fixtures=fixtures,
            store=store,
            behaviour=settings.behaviour,
            faults=settings.faults,
            faults_source=settings.source,
            assumptions_source=settings.assumptions_source,
            journal_size=settings.journal_size,
            time_zone=settings.time_zone,
            upload_limit=settings.upload_limit,
            tls_problem=Trial(store.authority).find_problem,
            units=units,
            recordings=recordings,
        )
        platform.settings = settings
        platform.server_names = _server_names(settings)
        identity = store.server_identity(platform.server_names, now=machine.now())
        app = platform_app()
        listeners = [
            ServerListener(
                name=name,
                sockets=sockets[name],
                app=PlatformListener(app, platform, name),
                trust=ListenerTrust(
                    platform, identity, client_certificates=name is Listener.TWO_WAY
                ),
            )
            for name in (Listener.ONE_WAY, Listener.TWO_WAY)
        ]
        listeners.append(
            ServerListener(
                name=Listener.CONTROL,
                sockets=sockets[Listener.CONTROL],
                app=ControlListener(LazyApp(_control_app), platform),
            )
        )
        one_way, two_way, control_port = (each.port for each in listeners)
        platform.addresses = Addresses(
            one_way_port=one_way,
            two_way_port=two_way,
            control_port=control_port,
            one_way_host=host_to_call(settings.host, loopback="localhost"),
            two_way_host=host_to_call(settings.two_way_host or settings.host, loopback="localhost"),
            control_host=host_to_call(settings.control_host, loopback="127.0.0.1"),
            public_url=settings.public_url,
            public_two_way_url=settings.public_two_way_url,
        )
        platform.has_listeners = True
        undo.pop_all()
        server = PlatformServer(platform, listeners, proxies=TrustedProxies(settings.trusted_proxy))
        return Launch(platform=platform, server=server)


def _control_app() -> ASGIApp:
    from mock_sei.web.control.app import control_app  # most servers get no control call

    return control_app()


def _require_shared_state(settings: Settings) -> None:
    """Raises :class:`ConfigurationError` if several workers would each have a state of their own,
    and for a state that cannot be named so."""
    if settings.workers > 1 and state_url(settings.state).is_memory:
        raise ConfigurationError(
            f"{settings.workers} workers need a state that they share; add --state "
            "sqlite:platform.db, for example",
            source="--workers",
        )


def _read_recordings(settings: Settings) -> ReplayedRecordings | None:
    """Raises :class:`ConfigurationError`."""
    if settings.recordings is not None:
        from mock_sei.replay.recordings import read_recordings  # few servers replay something

        return read_recordings(settings.recordings, is_only=settings.recordings_only)
    if settings.recordings_only:
        raise ConfigurationError(
            "there is nothing that the server could answer; add --recordings and a folder or a HAR "
            "file of recorded calls",
            source="--recordings-only",
        )
    return None


COMMON_SETTINGS = (
    *(name for name in Behaviour.__dataclass_fields__ if name != ASSUMPTIONS),
    "time_zone",
    "faults",
    "journal_size",
    "upload_limit_mib",
    "recordings_only",
)
"""The settings that all servers on one state must have, besides the assumptions."""


def configuration_of_server(settings: Settings) -> dict[str, str]:
    """The digest of each part of the configuration that all servers on one state must have.

    The bundled files need none: they belong to the version.
    """
    folders = {
        "--fixtures": settings.fixtures,
        "--apis": settings.apis,
        "--recordings": settings.recordings,
    }
    return configuration_of(
        {name: getattr(settings, name) for name in COMMON_SETTINGS},
        {name: folder for name, folder in folders.items() if folder is not None},
        settings.assumptions,
    )


def _bind_all(settings: Settings, undo: contextlib.ExitStack) -> Sockets:
    control = (settings.control_port, CONTROL_PORT)
    wanted = {
        Listener.ONE_WAY: (
            settings.host,
            Ports(
                option="--one-way-port",
                asked=settings.one_way_port,
                documented=443,
                fallback=8443,
                control=control,
            ),
        ),
        Listener.TWO_WAY: (
            settings.two_way_host or settings.host,
            Ports(
                option="--two-way-port",
                asked=settings.two_way_port,
                documented=444,
                fallback=8444,
                control=control,
            ),
        ),
        Listener.CONTROL: (
            settings.control_host,
            Ports(
                option="--control-port",
                asked=settings.control_port,
                documented=CONTROL_PORT,
                control=control,
            ),
        ),
    }
    bound = {}
    for listener, (host, ports) in wanted.items():
        bound[listener] = bind(host, ports)
        for each in bound[listener]:
            undo.callback(each.close)
    return bound


def _server_names(settings: Settings) -> list[str]:
    hosts = (settings.host, settings.two_way_host or settings.host)
    named = [each for each in hosts if not ipaddress.ip_address(each).is_unspecified]
    return list(dict.fromkeys((*SERVER_NAMES, *named, *settings.hostname)))
