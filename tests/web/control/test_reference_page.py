"""The reference at ``/docs``: every call and field is there, and each link leads somewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import NoReturn
from urllib.parse import urldefrag, urljoin

import httpx2
import pytest

from mock_sei.operations.table import TABLE
from mock_sei.web.control import reference_page
from mock_sei.web.control.call_texts import CallText, call_texts, type_of
from mock_sei.web.control.described import REFUSALS
from mock_sei.web.control.reference_page import REFERENCE_PATH, path_of_group
from tests.cases import every_case
from tests.support import one_control_app
from tests.web.test_pages import policy_of

URL = "http://127.0.0.1:8044"
PAGES = [REFERENCE_PATH, *map(path_of_group, dict.fromkeys(row.group for row in TABLE))]
every_page = pytest.mark.parametrize("path", PAGES)


class Read(HTMLParser):
    """What a page says, and what it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.names: list[str] = []
        self.tags: set[str] = set()
        self._words = ""
        self.feed(text)

    @property
    def words(self) -> str:
        return " ".join(self._words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.names += [told["id"]] if "id" in told else []
        if "href" in told:
            (self.links if tag == "a" else self.loaded).append(told["href"])
        self.loaded += [told["src"]] if "src" in told else []

    def handle_data(self, data: str) -> None:
        self._words += data


def plain(text: str) -> str:
    """A text as a reader sees it."""
    return " ".join(text.replace("`", "").split())


@pytest.fixture(scope="module")
def calls() -> list[CallText]:
    return call_texts(one_control_app().openapi(), URL)


@pytest.mark.long
def test_every_call_has_an_entry_with_its_fields_lines_answer_and_refusals(
    control: httpx2.Client, calls: list[CallText]
) -> None:
    entries = {
        each.partition('"')[0]: Read(each).words
        for path in PAGES[1:]
        for each in control.get(path).text.split('<section class="card control-call" id="')[1:]
    }

    for call in calls:
        entry = entries.pop(call.anchor)
        told = [call.title, call.description, call.shell, call.command or "", call.python]
        told += [call.example or "", str(call.status), *call.refusals]
        for field in call.fields:
            told += [f"{field.name} {field.place}", field.type, field.what, field.example]
            told += ["must be given" if field.default is None else field.default]
        for member in call.members:
            told += [member.name, member.type, member.what]
        assert [each for each in told if plain(each) not in entry] == [], call.title
    assert entries == {}


@pytest.mark.long
def test_the_first_page_lists_every_call_and_every_status_of_a_refusal(
    control: httpx2.Client, calls: list[CallText]
) -> None:
    page = Read(control.get(REFERENCE_PATH).text)

    listed = [each for each in page.links if each.startswith(f"{REFERENCE_PATH}/") and "#" in each]
    entries = [f"{path_of_group(call.group)}#{call.anchor}" for call in calls]
    assert list(dict.fromkeys(listed)) == entries
    assert {f"error-{status}" for status in REFUSALS} <= {*page.names}
    assert [call.title for call in calls if call.title not in page.words] == []


@pytest.mark.long
def test_every_link_leads_to_a_page_and_a_place_in_it(control: httpx2.Client) -> None:
    pages = {path: Read(control.get(path).text) for path in PAGES}
    elsewhere = {"/openapi.json", "/docs/try", "https://localhost/portal"}

    for path, page in pages.items():
        for link in page.links:
            target, name = urldefrag(urljoin(path, link))
            if target in elsewhere:
                assert name == ""
                continue
            assert target in pages, (path, link)
            assert not name or name in pages[target].names, (path, link)
    assert elsewhere <= {*pages[REFERENCE_PATH].links}
    assert control.get("/openapi.json").is_success
    assert control.get("/docs/try").is_success


@pytest.mark.long
def test_a_call_that_a_text_names_is_a_link_to_its_entry(control: httpx2.Client) -> None:
    page = Read(control.get("/docs/journal").text)

    assert page.links.count("/docs/journal#post-journalsearch") >= 1  # VerifyOrder names it


@every_page
def test_a_name_in_a_page_is_there_once(control: httpx2.Client, path: str) -> None:
    names = Read(control.get(path).text).names

    assert sorted({*names}) == sorted(names)


@every_page
def test_a_page_has_no_script_no_form_and_loads_nothing(control: httpx2.Client, path: str) -> None:
    answer = control.get(path)
    page, policy = Read(answer.text), policy_of(answer)

    assert not page.tags & {"script", "form", "iframe", "img", "object"}
    assert all(each.startswith("data:") for each in page.loaded)
    assert policy.keys() == {
        "default-src",
        "style-src",
        "img-src",
        "form-action",
        "frame-ancestors",
        "base-uri",
    }
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert all(re.fullmatch(r"'sha256-[\w+/]{43}='", each) for each in policy["style-src"])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers.get_list("Cache-Control") == ["no-cache"]


@every_page
def test_a_page_is_below_200_kb(control: httpx2.Client, path: str) -> None:
    assert len(control.get(path).content) < 200_000


@every_page
def test_a_page_is_made_once(
    control: httpx2.Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    first = control.get(path)

    def fail(*_: object, **__: object) -> NoReturn:
        raise AssertionError("made again")

    monkeypatch.setattr(reference_page, "page", fail)
    assert control.get(path).content == first.content


@every_page
def test_a_browser_that_has_a_page_asks_whether_it_changed(
    control: httpx2.Client, path: str
) -> None:
    first = control.get(path)
    tag = first.headers["ETag"]

    again = control.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    other = control.get(path, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)


@every_page
def test_head_says_what_get_says(control: httpx2.Client, path: str) -> None:
    head, get = control.head(path), control.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == get.headers["ETag"]


@every_page
def test_a_page_is_only_read(control: httpx2.Client, path: str) -> None:
    answer = control.post(path)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@every_page
def test_a_page_of_another_origin_gets_none_of_it(control: httpx2.Client, path: str) -> None:
    assert control.get(path, headers={"Origin": "http://stranger.example"}).status_code == 403
    assert control.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert "Access-Control-Allow-Origin" not in control.get(path).headers


@pytest.mark.parametrize("path", ["/docs/nowhere", "/docs/Clock", "/docs/clock/more"])
def test_no_other_path_is_a_page(control: httpx2.Client, path: str) -> None:
    answer = control.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"] == "NotFound"


@pytest.mark.long
@pytest.mark.parametrize(
    "host", ["127.0.0.1:8044", "host.docker.internal:9044", "localhost", "[::1]:8044"]
)
def test_the_lines_have_the_address_by_which_the_server_was_reached(
    control: httpx2.Client, host: str
) -> None:
    """Each visitor gets its own, also after another one."""
    other = control.get("/docs/clock", headers={"Host": "127.0.0.1:1"})
    words = Read(control.get("/docs/clock", headers={"Host": host}).text).words

    assert "curl http://127.0.0.1:1/clock" in Read(other.text).words
    assert f"curl http://{host}/clock" in words


def test_a_visitor_without_a_host_gets_the_address_of_the_listener(
    control: httpx2.Client,
) -> None:
    assert f"curl {URL}/clock" in Read(control.get("/docs/clock", headers={"Host": ""}).text).words


def test_the_document_does_not_describe_the_pages(control: httpx2.Client) -> None:
    assert [each for each in control.get("/openapi.json").json()["paths"] if "docs" in each] == []


def test_the_document_says_bounds_in_the_words_of_json_schema(control: httpx2.Client) -> None:
    text = control.get("/openapi.json").text
    body = control.get("/openapi.json").json()["paths"]["/clock/advance"]["post"]["requestBody"]
    minutes = body["content"]["application/json"]["schema"]["properties"]["minutes"]

    assert (minutes["minimum"], minutes["maximum"]) == (0, 525_600_000)
    assert re.findall(r'"(?:ge|gt|le|lt)":', text) == []


@every_case(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 1000}, "integer, from 1 to 1,000"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}, "number, above 0, to 0.5"),
        ({"type": "integer", "minimum": 0, "maximum": 2**63}, "integer, from 0"),
        ({"type": "string", "maxLength": 200}, "string, up to 200 characters"),
        (
            {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
            "integer (from 1) or null",
        ),
        (
            {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 9},
            "array of string, from 2 to 9 entries",
        ),
        ({"enum": ["pem", "pfx"]}, '`"pem"`, `"pfx"`'),
        ({}, "any JSON"),
    ],
)
def test_a_type_is_said_with_its_bounds(schema: dict[str, object], words: str) -> None:
    assert type_of(schema) == words
