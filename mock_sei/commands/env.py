"""``mock-sei env``: prints the variables that tell clients which CA to trust, as shell lines."""

from __future__ import annotations

import shlex
from pathlib import Path

from mock_sei.doctor.java_options import TRUST_STORE, TRUST_STORE_PASSWORD, quoted
from mock_sei.errors import ConfigurationError

CA_VARIABLES = (
    "SSL_CERT_FILE",  # OpenSSL: Python's ssl and httpx2, Ruby, Go
    "REQUESTS_CA_BUNDLE",  # requests; overrides session.verify
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)


def export_lines(certs_dir: Path) -> str:
    """The export lines. Raises :class:`ConfigurationError` if the folder has no CA yet."""
    ca_file = certs_dir.absolute() / "ca.pem"
    if not ca_file.is_file():
        raise ConfigurationError(
            "there is no CA yet; `mock-sei serve` or `mock-sei issue` creates one", source=ca_file
        )
    values = dict.fromkeys(CA_VARIABLES, str(ca_file))
    truststore = certs_dir.absolute() / "truststore.p12"
    values["JAVA_TOOL_OPTIONS"] = " ".join(
        quoted(option)  # quoted twice: the JVM itself also splits the value at blanks
        for option in (f"{TRUST_STORE}{truststore}", f"{TRUST_STORE_PASSWORD}mock-sei")
    )
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in values.items())
