"""Forms are accepted only from our own pages and up to a size; Chrome gets a warning."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mock_sei.rules.registry import Registry
from tests.support import Served
from tests.web.portal.browser import Browser, filled
from tests.web.portal.test_routes import ACTIONS, check_page

pytestmark = pytest.mark.long

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
FORM_TYPE = "application/x-www-form-urlencoded"


@pytest.fixture
def before(browser: Browser) -> Registry:
    """The registry, a mail and a certificate before the test; :func:`untouched` compares them."""
    browser.link()
    return browser.served.platform.state.registry.copy()


def untouched(browser: Browser, before: Registry) -> bool:
    platform = browser.served.platform
    certificates = platform.certificates.of("svc-demo")
    return (
        platform.state.registry == before
        and len(platform.portal.mailbox) == 1
        and len(certificates) == 1
        and not any(map(platform.certificates.is_revoked, certificates))
    )


FORGED: dict[str, dict[str, str]] = {
    "no token": {},
    "an empty token": {"page": ""},
    "a wrong token": {"page": "0" * 64},
    "no text": {"page": "\udcff"},
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_form_without_its_token_does_nothing(
    browser: Browser, before: Registry, forged: str
) -> None:
    browser.token()  # the browser has its cookie
    body = urlencode(filled() | FORGED[forged], doseq=True, errors="surrogateescape")

    for path in ACTIONS:
        answer = browser.http.post(path, content=body, headers={"Content-Type": FORM_TYPE})

        assert answer.status_code == 400
        assert "did not come from a page that this server sent to this browser" in answer.text
        check_page(answer)
        assert untouched(browser, before)


def test_a_form_with_another_browsers_token_does_nothing(
    browser: Browser, before: Registry, served: Served
) -> None:
    stolen = Browser(served).token()
    browser.token()

    for path in ACTIONS:
        answer = browser.http.post(path, data=filled() | {"page": stolen})
        assert answer.status_code == 400
        assert untouched(browser, before)


def test_a_browser_without_cookie_has_no_form(browser: Browser, before: Registry) -> None:
    token = browser.token()
    browser.http.cookies.clear()

    for path in ACTIONS:
        answer = browser.http.post(path, data=filled() | {"page": token})
        assert answer.status_code == 400
        assert untouched(browser, before)


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://localhost"},
    {"Sec-Fetch-Site": ""},
    {"Origin": "https://evil.example"},
    {"Origin": "https://localhost.evil.example"},
    {"Origin": "https://localhost:444"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://["},
    {"Origin": "https://localhost@evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_form_of_another_origin_does_nothing_even_with_its_token(
    browser: Browser, before: Registry, headers: dict[str, str]
) -> None:
    for path in ACTIONS:
        answer = browser.post(path, filled(), **headers)

        assert answer.status_code == 400
        assert "page of another origin" in answer.text
        check_page(answer)
        assert untouched(browser, before)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_a_form_of_our_own_page_is_taken(browser: Browser, headers: dict[str, str]) -> None:
    assert browser.post("/portal/apps", filled(), **headers).status_code == 303


@pytest.mark.parametrize(
    "media_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_only_a_form_is_a_form(browser: Browser, before: Registry, media_type: str) -> None:
    body = urlencode(filled(page=browser.token()), doseq=True)

    answer = browser.http.post("/portal/apps", content=body, headers={"Content-Type": media_type})

    assert answer.status_code == 400
    assert untouched(browser, before)


def test_after_a_form_a_reload_does_not_send_it_again(browser: Browser) -> None:
    answer = browser.post("/portal/apps", filled())

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/portal/apps/Nightly?done=approved"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "approved. Its credentials were mailed" in browser.get(answer.headers["Location"]).text


@pytest.mark.parametrize("done", ["", "nothing", "<script>alert(1)</script>", "%00", "page"])
def test_only_what_was_done_is_said(browser: Browser, done: str) -> None:
    page = browser.http.get("/portal", params={"done": done})
    assert page.status_code == 200
    assert 'role="status"' not in page.text
    check_page(page)


def ten_megabytes() -> Iterator[bytes]:
    yield b"name="
    for _ in range(10):
        yield b"x" * 1024 * 1024


@pytest.mark.parametrize("announced", [True, False])
def test_ten_megabytes_in_a_field_are_refused_with_a_page(
    browser: Browser, before: Registry, announced: bool
) -> None:
    for path in ACTIONS:
        content = b"".join(ten_megabytes()) if announced else ten_megabytes()

        answer = browser.http.post(path, content=content, headers={"Content-Type": FORM_TYPE})

        assert answer.status_code == 413
        assert answer.headers["Connection"] == "close"
        actual = browser.served.platform.journal.last.actual
        assert actual == (
            f"{10 * 1024 * 1024 + 5} bytes" if announced else "more than 1048576 bytes"
        )
        assert "larger than 1048576 bytes" in answer.text
        check_page(answer)
        assert untouched(browser, before)
    assert len(str(browser.served.platform.journal.to_json())) < 300_000


def test_more_fields_than_any_form_has_are_refused(browser: Browser, before: Registry) -> None:
    body = "&".join(f"a{number}=1" for number in range(5000))

    answer = browser.http.post("/portal/apps", content=body, headers={"Content-Type": FORM_TYPE})

    assert answer.status_code == 400
    assert "parameters" in answer.text
    assert untouched(browser, before)


@pytest.mark.parametrize(
    ("agent", "warned"),
    [
        (CHROME, True),
        (CHROME.replace("Chrome/", "HeadlessChrome/"), True),
        (f"{CHROME} Edg/130.0.0.0", False),
        (f"{CHROME} OPR/115.0.0.0", False),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", False),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", False),
        ("curl/8.5.0", False),
        ("", False),
    ],
)
def test_a_user_of_chrome_is_told_so_and_nobody_else(
    served: Served, agent: str, warned: bool
) -> None:
    """The FAQ warns about Chrome; all browsers get the general warning."""
    browser = Browser(served, **{"User-Agent": agent})
    browser.link()
    for path in ("/portal/apps/demo-server", "/portal/mailbox/1"):
        text = browser.get(path).text
        assert ("You are using Chrome" in text) is warned
        assert "with Google Chrome" in text


FIELDS = [*filled(), "format", "passphrase", "legacy", "request", "ca", "serial_number", "state"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    pairs=st.lists(st.tuples(st.sampled_from(FIELDS), st.text(max_size=40)), max_size=8),
    noise=st.binary(max_size=40),
    path=st.sampled_from([each for each in ACTIONS if "delete" not in each]),
)
def test_no_form_brings_the_portal_down(
    browser: Browser, pairs: list[tuple[str, str]], noise: bytes, path: str
) -> None:
    sent = urlencode([("page", browser.token()), *pairs], errors="surrogatepass").encode()

    answer = browser.http.post(
        path, content=sent + b"&" + noise, headers={"Content-Type": FORM_TYPE}
    )

    assert answer.status_code in (200, 303, 400, 404)
    assert not browser.served.platform.bugs


def escaped(text: str) -> str:
    return "/portal/" + "".join(f"%{byte:02x}" for byte in text.encode())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=30), query=st.text(max_size=30))
def test_no_address_brings_the_portal_down(browser: Browser, path: str, query: str) -> None:
    encodable = path.encode("utf-8", "replace").decode()
    answer = browser.http.get(
        escaped(encodable), params={"done": query.encode("utf-8", "replace").decode()}
    )

    assert answer.status_code in (200, 404, 405)
    assert not browser.served.platform.bugs
