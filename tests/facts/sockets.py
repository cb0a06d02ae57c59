"""Facts that take a connection or a program: hosts, two-way TLS, files that programs read."""

from __future__ import annotations

import re
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from mock_sei import MockSei
from tests.e2e.registering import printed
from tests.e2e.serving import MOCK_SEI, run
from tests.facts.table import Fact, OnSockets, cannot, on_sockets
from tests.patience import PATIENCE

SECURITY = "faq/security"
PASSPHRASE = "mock-sei"
ENCRYPTED = "BEGIN ENCRYPTED PRIVATE KEY"


def named(*hosts: str) -> OnSockets:
    """The hosts under which a strict client accepts the server's certificate."""

    def connect(server: MockSei, _folder: Path) -> object:
        address = urlsplit(server.url)
        context = ssl.create_default_context(cafile=str(server.ca_file))
        found = []
        for host in hosts:
            place = (address.hostname or "", address.port or 443)
            with (
                socket.create_connection(place, PATIENCE) as plain,
                context.wrap_socket(plain, server_hostname=host),
            ):
                found.append(host)
        return tuple(found)

    return connect


def hosts(number: str, environment: str, *names: str) -> Fact:
    """The three hosts of an environment."""
    text = f"the hosts of the {environment} environment: plain, mutual TLS, extranet"
    return on_sockets(number, text, "basics", named(*names), names)


def ask(server: MockSei, *tls: object, folder: Path) -> object:
    """What a request for a token on the two-way listener comes to, by curl with these options."""
    finished = run(
        *("curl", "-sS", "-o", "answer.json", "-w", "%{http_code}", "--cacert", server.ca_file),
        *tls,
        *("-u", "demo-server-key:demo-server-secret", "-d", "grant_type=client_credentials"),
        *("-d", "username=svc-demo", "-d", "password=svc-demo-password"),
        f"{server.two_way_url}/v2/oauthtoken",
        cwd=folder,
    )
    return "no connection" if finished.returncode else int(finished.stdout)


def fetch(server: MockSei, folder: Path, *names: str) -> None:
    """Files of svc-demo's certificate."""
    with httpx2.Client(trust_env=False) as control:
        for name in names:
            answer = control.get(f"{server.control_url}/service-accounts/svc-demo/{name}")
            (folder / name).write_bytes(answer.raise_for_status().content)


def without_certificate(server: MockSei, folder: Path) -> object:
    return ask(server, folder=folder)


def with_key_and_certificate(server: MockSei, folder: Path) -> object:
    fetch(server, folder, "certificate.crt", "privatekey.key")
    return ask(server, "--cert", "certificate.crt", "--key", "privatekey.key", folder=folder)


def from_pfx(server: MockSei, folder: Path) -> object:
    """By the two commands of the Windows instructions, after the linked page's for the key."""
    fetch(server, folder, "certificate.pfx")
    printed(
        "openssl pkcs12 -in certificate.pfx -clcerts -nokeys -out certificate.crt",
        folder,
        PASSPHRASE,
    )
    printed(
        "openssl pkcs12 -in certificate.pfx -nocerts -out keyfile-encrypted.key",
        folder,
        *(PASSPHRASE, "another", "another"),
    )
    printed("openssl rsa -in keyfile-encrypted.key -out keyfile-decrypted.key", folder, "another")
    return ask(server, "--cert", "certificate.crt", "--key", "keyfile-decrypted.key", folder=folder)


def from_two_p12(server: MockSei, folder: Path) -> object:
    """By the two commands of the Mac instructions."""
    fetch(server, folder, "certificate.p12", "privatekey.p12")
    printed(
        "openssl pkcs12 -in certificate.p12 -clcerts -nokeys -out certificate.crt",
        folder,
        PASSPHRASE,
    )
    printed(
        "openssl pkcs12 -in privatekey.p12 -nodes -out privatekey.key -nocerts",
        folder,
        PASSPHRASE,
    )
    return ask(server, "--cert", "certificate.crt", "--key", "privatekey.key", folder=folder)


def by_keytool(server: MockSei, folder: Path) -> object:
    fetch(server, folder, "certificate.pfx")
    listed = printed(
        f"keytool -list -keystore certificate.pfx -storetype PKCS12 -storepass {PASSPHRASE}", folder
    )
    return "PrivateKeyEntry" in listed


def postman(server: MockSei, folder: Path, *options: str) -> str:
    finished = run(
        *(MOCK_SEI, "postman", "--control-url", server.control_url, *options), cwd=folder
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def postman_files(server: MockSei, folder: Path) -> object:
    """Files with the certificate, and whether Host and both proxies are named."""
    text = postman(server, folder)
    names = sorted(each.name for each in folder.rglob("*") if each.suffix in (".crt", ".key"))
    return names, "host" in text.lower(), re.search("(?i)proxy.*off", text) is not None


def postman_passphrase(server: MockSei, folder: Path) -> object:
    postman(server, folder, "--passphrase", "a-passphrase")
    (key,) = folder.rglob("*.key")
    return ENCRYPTED in key.read_text()


def standard_time(server: MockSei, _folder: Path) -> object:
    """Day and time of the creation of an investor that is made in July, with EST all year."""
    del server
    with MockSei(time_zone="EST") as own:
        next_july = datetime(own.clock.now().year + 1, 7, 15, 3, 30, tzinfo=UTC)
        own.clock.set(next_july, frozen=True)
        headers = {
            "AppKey": "demo-server-key",
            "Authorization": f"Bearer {own.token('svc-demo')}",
        }
        with own.client("svc-demo") as http:
            url = own.two_way_url
            new = {"externalId": "INV-9001", "name": "Alder Cove Trust"}
            http.post(f"{url}/v1/investors", json=new, headers=headers).raise_for_status()
            found = http.get(f"{url}/v2/investors?externalId=INV-9001", headers=headers).json()
        return found["data"][0]["createDate"].partition("-")[2]


SOCKETS = (
    hosts(
        "hosts-01",
        "build",
        "build.api.seic.com",
        "build.mtls.api.seic.com",
        "extranetbuild.api.seic.com",
    ),
    hosts(
        "hosts-02",
        "sandbox",
        "sandbox.api.seic.com",
        "sandbox.mtls.api.seic.com",
        "extranetsandbox.api.seic.com",
    ),
    hosts(
        "hosts-03",
        "test",
        "test.api.seic.com",
        "test.mtls.api.seic.com",
        "extranettest.api.seic.com",
    ),
    hosts("hosts-04", "production", "api.seic.com", "mtls.api.seic.com", "extranet.api.seic.com"),
    cannot(
        "hosts-05",
        "which data an environment has: masked, dummy, unmasked, live",
        "basics",
        "all records here are invented",
    ),
    on_sockets(
        "tls-01",
        "server-based applications need two-way TLS: without a certificate nobody gets in",
        SECURITY,
        without_certificate,
        "no connection",
        needs=("curl",),
    ),
    on_sockets(
        "tls-02",
        "a .crt and a .key open the two-way listener, which is port 444 where it is free",
        SECURITY,
        with_key_and_certificate,
        200,
        needs=("curl",),
    ),
    on_sockets(
        "tls-03",
        "the commands for Windows turn a .pfx into certificate and key that work",
        SECURITY,
        from_pfx,
        200,
        needs=("curl", "openssl"),
    ),
    on_sockets(
        "tls-04",
        "the commands for a Mac turn two .p12 files into certificate and key that work",
        SECURITY,
        from_two_p12,
        200,
        needs=("curl", "openssl"),
    ),
    on_sockets(
        "tls-05",
        "Java imports a .pfx by keytool",
        SECURITY,
        by_keytool,
        True,
        needs=("keytool",),
    ),
    on_sockets(
        "tls-06",
        "Postman is given a .crt and a .key and the host; both its proxies are off",
        SECURITY,
        postman_files,
        (["certificate.crt", "privatekey.key"], True, True),
    ),
    on_sockets(
        "tls-07",
        "Postman can be given a passphrase, for a key that is encrypted",
        SECURITY,
        postman_passphrase,
        True,
    ),
    cannot(
        "tls-08",
        "IIS imports a .pfx by its certificate wizard",
        SECURITY,
        "it runs on Windows only",
    ),
    on_sockets(
        "dates-08",
        "times are Eastern Standard Time, as the pages have it all year",
        "investors/get/standard",
        standard_time,
        "07-14T22:30:00.000",
    ),
)
