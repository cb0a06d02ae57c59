"""Whether a run may begin: which host it asks, and who said so."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Sequence

from mock_sei.errors import ConfigurationError

_FOR_TESTS = re.compile(r"(?<![a-z])(?:test|build|sandbox)(?![a-z])")
PRODUCTION = "--production-i-have-permission"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, as its name says."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_for_tests(host: str) -> bool:
    """Whether a host is this machine, or its name says that it is for tests."""
    return is_loopback(host) or bool(_FOR_TESTS.search(host.lower()))


def require_permission(
    hosts: Sequence[str], *, repeated: Sequence[str], with_production: bool, command: Sequence[str]
) -> None:
    """Raises :class:`ConfigurationError` unless each host's name was repeated with ``--yes``.

    ``command`` are the words of the command as it was typed. The message has the line to type.
    """
    wanted = list(dict.fromkeys(each.lower() for each in hosts))
    given = {each.lower() for each in repeated}
    unnamed = [each for each in wanted if each not in given]
    for_production = [each for each in wanted if not is_for_tests(each)]
    if unnamed:
        more = [word for each in unnamed for word in ("--yes", each)]
        raise ConfigurationError(
            f"a run sends requests to {' and '.join(wanted)}, also wrong ones. --dry-run prints "
            f"them. To send them, repeat the name: {shlex.join([*command, *more])}",
            source="--yes",
        )
    if for_production and not with_production:
        raise ConfigurationError(
            f"the name of {' and '.join(for_production)} says neither test, build nor sandbox. "
            "Probes are for test environments; if the owner of this platform allows them, type: "
            f"{shlex.join([*command, PRODUCTION])}",
            source=PRODUCTION,
        )
    needless = sorted(given - set(wanted))
    if needless:
        raise ConfigurationError(
            f"this run does not ask {needless[0]}, but {' and '.join(wanted)}", source="--yes"
        )
