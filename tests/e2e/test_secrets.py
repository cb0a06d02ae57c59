"""No secret is shown where it must not be, whatever a client does.

A server with secrets of its own is driven through every grant, refusal and form, with the secrets
in their places and in wrong ones; then log, journal, error bodies, pages and processes are read.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from mock_sei import Attached
from mock_sei.fixtures import bundled_folder
from tests.e2e.serving import THOROUGH, Serving, environment, run_mock_sei

PASSPHRASE = "canary-passphrase-7f3a9c"
AUTHORIZE, LOGIN = "/v2/oauth/authorize", "/v2/oauth/login"
TOKEN, REVOKE = "/v2/oauthtoken", "/v2/oauth/revoke"
INFO, TICKETS, PORTAL = "/v2/oauth/tokeninfo", "/v1/order/tradetickets", "/portal/apps"


@dataclass(kw_only=True)
class Canaries:
    """Secrets by what they are; what is found of one is told by that name."""

    known: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, secret: str | None) -> str:
        assert secret
        assert len(secret) > 15
        self.known[f"{name} {len(self.known)}"] = secret
        return secret

    def in_text(self, text: str) -> list[str]:
        """Those that stand in a text, as they are or as an address writes them."""
        return [
            name for name, secret in self.known.items() if secret in text or quote(secret) in text
        ]


@dataclass(kw_only=True)
class Scene:
    serving: Serving
    attached: Attached
    canaries: Canaries
    refusals: list[httpx2.Response] = field(default_factory=list)
    pages: list[httpx2.Response] = field(default_factory=list)

    def send(self, http: httpx2.Client, method: str, path: str, **options: Any) -> httpx2.Response:
        answer = http.request(method, path, **options)
        if answer.status_code >= 400:
            self.refusals.append(answer)
        return answer


def own_fixtures(folder: Path, canaries: Canaries) -> Path:
    """The demo applications, with secrets that nobody knows."""
    folder.mkdir()
    text = (bundled_folder() / "platform.toml").read_text(encoding="utf-8")

    def another(found: re.Match[str]) -> str:
        secret = canaries.add(found[1], f"canary-{len(canaries.known)}-{found[2]}")
        return f'{found[1]} = "{secret}"'

    own = re.sub(r'(?m)^(app_secret|password) = "([^"]+)"', another, text)
    (folder / "platform.toml").write_text(own, encoding="utf-8")
    return folder


@pytest.fixture(params=["text", pytest.param("json", marks=pytest.mark.nightly)])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    canaries = Canaries()
    canaries.add("passphrase", PASSPHRASE)
    fixtures = own_fixtures(tmp_path / "own", canaries)
    options = ["--fixtures", str(fixtures), "--log-format", request.param]
    options += ["--journal-size", "100000"]
    with (
        Serving.start(tmp_path, *options) as serving,
        Attached(serving.ready["control_url"]) as attached,
    ):
        yield Scene(serving=serving, attached=attached, canaries=canaries)


def every_grant(scene: Scene) -> dict[str, str]:
    """Tokens of each, refreshed, shown, revoked; returns one secret of each kind."""
    attached, canaries = scene.attached, scene.canaries
    samples = {}
    for name in ("demo-server", "demo-web", "demo-internal", "demo-spa", "demo-native"):
        application = attached.applications[name]
        got = attached.token_response(name)
        samples["access token"] = canaries.add("access token", got["access_token"])
        pair = {"client_id": application.app_key}
        if application.app_secret:
            pair["client_secret"] = application.app_secret
        account = application.service_account
        with attached.client(account) as http:
            if "refresh_token" in got:
                refresh = canaries.add("refresh token", got["refresh_token"])
                samples["refresh token"] = refresh
                form = {"grant_type": "refresh_token", "refresh_token": refresh, **pair}
                second = scene.send(http, "POST", TOKEN, data=form)
                assert second.status_code == 200
                canaries.add("access token", second.json()["access_token"])
                canaries.add("refresh token", second.json()["refresh_token"])
                assert scene.send(http, "POST", TOKEN, data=form).status_code == 400  # again
            headers = {"Authorization": f"Bearer {got['access_token']}"}
            scene.send(http, "GET", INFO, headers=headers)
            scene.send(http, "GET", TICKETS, headers={"AppKey": application.app_key, **headers})
            scene.send(http, "POST", REVOKE, data={"token": got["access_token"], **pair})
    login = attached.login("demo-web")
    samples["code"] = canaries.add("code", login.code)
    return samples


def misplaced(scene: Scene, secret: str, accounts: Sequence[str | None]) -> None:
    """One secret in every place where a client may put it by mistake.

    ``accounts`` are those of the clients; one of None calls the one-way listener.
    """
    for account in accounts:
        with scene.attached.client(account) as http:
            for path in (TOKEN, TICKETS, AUTHORIZE, LOGIN, "/portal/journal"):
                for name in ("client_secret", "client_id", "username", "x"):
                    scene.send(http, "GET", path, params={name: secret})
                    scene.send(http, "POST", path, data={name: secret})
                    scene.send(http, "POST", path, json={name: secret, "deep": [{name: secret}]})
                scene.send(http, "POST", path, content=secret)
                for header in (
                    "Authorization",
                    "AppKey",
                    "Cookie",
                    "Referer",
                    "X-Own",
                    "User-Agent",
                ):
                    scene.send(http, "GET", path, headers={header: secret})
                scene.send(http, "GET", path, headers={"Authorization": f"Bearer {secret}"})
                scene.send(http, "GET", path, headers={"Authorization": f"Basic {secret}"})
                scene.send(http, "GET", path, auth=(secret, secret))
                scene.send(http, "GET", path, headers={"RequestTrackingId": secret})
            scene.send(http, "GET", f"/v2/investors/{secret}")
            scene.send(http, "GET", f"/{secret}/{secret}")
            scene.send(http, "GET", f"/portal/certificates/{secret}")


def portal_forms(scene: Scene) -> None:
    attached, canaries = scene.attached, scene.canaries
    with attached.client(follow_redirects=False) as http:
        page = http.get(f"{PORTAL}/new")
        found = re.search(r'name="page" value="([^"]+)"', page.text)
        assert found
        token = found[1]  # good with its cookie alone
        canaries.add("form cookie", next(iter(http.cookies.jar)).value)

        def post(path: str, **form: str) -> httpx2.Response:
            answer = scene.send(http, "POST", path, data={"page": token, **form})
            assert answer.status_code < 500
            return answer

        key = canaries.add(
            "private key", private_key_line(post(f"{PORTAL}/demo-server/privatekey.key"))
        )
        pem = f"-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n"
        post(f"{PORTAL}/demo-server/link", format="pfx", passphrase=PASSPHRASE)
        link = attached.mailbox.last.link
        assert link
        canaries.add("one-time link", link.path.rpartition("/")[2])
        assert http.get(link.path).status_code == 200
        scene.send(http, "GET", link.path)
        scene.send(http, "GET", f"{link.path}?passphrase={PASSPHRASE}")
        post(f"{PORTAL}/demo-server/request", request=pem)
        post(f"{PORTAL}/demo-server/certificate", certificate=pem, ca=pem)
        post(f"{PORTAL}/demo-server/link", format="x", passphrase=PASSPHRASE)
        scene.pages += [
            http.get(path)
            for path in ("/portal", PORTAL, f"{PORTAL}/new", "/portal/journal", "/portal/apis")
        ]


def private_key_line(answer: httpx2.Response) -> str:
    assert answer.status_code == 200
    return str(answer.text.splitlines()[3])


def commands(scene: Scene, folder: Path) -> list[subprocess.CompletedProcess[str]]:
    """Our commands with secrets, by variables; but for what prints a secret to be used."""
    attached = scene.attached
    account = attached.service_account("svc-demo")
    certificate = attached.certificate("svc-demo")
    control = {"MOCK_SEI_CONTROL_URL": attached.control_url}
    given = {
        "MOCK_SEI_PASSPHRASE": PASSPHRASE,
        "MOCK_SEI_APP_SECRET": account.app_secret,
        "MOCK_SEI_PASSWORD": account.password,
    }
    environ = environment() | control | given
    tls = (
        "--cacert",
        attached.ca_file,
        "--cert",
        certificate.cert_file,
        "--key",
        certificate.key_file,
    )
    doctor = ("doctor", attached.two_way_url, *tls, "--username", account.username)
    issue = ("issue", "svc-new", "--certs-dir", folder / "c", "--out", folder / "o")
    return [
        run_mock_sei(*issue, "--format", "pfx", environ=environ),
        run_mock_sei(*doctor, "--app-key", account.app_key, "--verbose", environ=environ),
        run_mock_sei(*doctor, "--app-key", account.app_key, "--json", environ=environ),
        run_mock_sei(*doctor, "--app-key", "wrong", environ=environ),
        run_mock_sei(*doctor, "--app-key", account.app_secret, environ=environ),
        run_mock_sei("postman", "--out", folder / "p", environ=environ),
        run_mock_sei("journal", environ=environ),
        run_mock_sei("healthcheck", environ=environ),
    ]


def test_no_secret_leaves_its_place(scene: Scene, tmp_path: Path) -> None:
    attached, canaries = scene.attached, scene.canaries
    samples = every_grant(scene)
    portal_forms(scene)
    account = attached.service_account("svc-demo")
    both = ("svc-demo", None)
    for number, secret in enumerate((account.app_secret, account.password, *samples.values())):
        misplaced(scene, secret, both if THOROUGH else both[number % 2 :][:1])
    done = commands(scene, tmp_path)
    # The variables were read: the file opens, and the doctor obtained a token where it could.
    pfx = (tmp_path / "o" / "certificate.pfx").read_bytes()
    assert pkcs12.load_pkcs12(pfx, PASSPHRASE.encode()).key
    assert [each.returncode for each in done] == [0, 0, 0, 1, 1, 0, 0, 0]

    assert canaries.in_text(json.dumps(attached_journal(attached))) == []
    for answer in [*scene.refusals, *scene.pages]:
        found = [each for each in canaries.in_text(answer.text) if not is_shown(each, answer)]
        assert found == [], f"{answer.request.method} {answer.url.path[:60]}"
    for each in done:
        assert "Traceback" not in each.stderr
        assert canaries.in_text(each.stdout + each.stderr) == [], each.args
    process = Path(f"/proc/{scene.serving.process.pid}")
    for part in ("cmdline", "environ"):
        assert canaries.in_text((process / part).read_text(errors="replace")) == [], part
    scene.serving.stop()
    assert "refused by" in scene.serving.errors or '"refused_by": "' in scene.serving.errors
    assert canaries.in_text(scene.serving.errors) == []


def is_shown(name: str, answer: httpx2.Response) -> bool:
    """An application's page has its AppSecret behind the eye."""
    return name == "app_secret 1" and answer.url.path.startswith(f"{PORTAL}/demo-server")


def attached_journal(attached: Attached) -> Any:
    answer = httpx2.get(f"{attached.control_url}/journal", trust_env=False)
    assert len(answer.json()["entries"]) > 500
    return answer.json()
