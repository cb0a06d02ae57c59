"""The journal in the portal: what its pages show, what they leave out, and how large they are."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from mock_sei.errors import Explanation
from mock_sei.journal.entries import Entry
from mock_sei.journal.recorded import read_entry
from mock_sei.rules import checks
from mock_sei.rules.connection import Findings
from mock_sei.rules.standards import Listener
from mock_sei.web.portal.journal_filter import Filter, Search
from mock_sei.web.portal.marks import MOST_MARKS, timeline_of
from tests.growth import assert_flat
from tests.journal.entries import JSON, exchange, handshake
from tests.support import TICKETS, Served
from tests.web.portal.browser import elements, is_unbroken

PAGE = "/portal/journal"
LARGEST_PAGE = 200 * 1024


@pytest.fixture(autouse=True)
def _cheap(one_key: None) -> None:
    """Uses one key for all certificates, because creating keys is slow."""


def answer(served: Served, path: str = "") -> httpx2.Response:
    return served.client(None, listener=Listener.ONE_WAY).get(PAGE + path)


def page(served: Served, query: str = "") -> str:
    found = answer(served, query)
    assert found.status_code == 200, found.text
    assert len(found.content) < LARGEST_PAGE
    return str(found.text)


def words(shown: str) -> str:
    """The text of a page, with single spaces."""
    body = shown.partition("<main")[2]
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", body)).split())


def entries_of(shown: str) -> list[str]:
    """What the entries of a page are called, the newest first."""
    return [html.unescape(each) for each in re.findall(r"<strong>([^<]*)</strong></a>", shown)]


def ways(shown: str) -> Iterator[str]:
    for each in re.findall(r'<ol class="way".*?</ol>', shown, re.DOTALL):
        yield " ".join(html.unescape(re.sub("<[^>]*>", "", each)).split())


def refused(**fields: Any) -> Entry:
    made = exchange(status=403, **fields)
    made.refuse(
        Explanation(check="certificate name", because="No.", expected="svc-demo", actual="svc-web")
    )
    return made


def test_a_refusal_shows_the_checks_in_their_order_and_both_values_where_they_broke(
    served: Served,
) -> None:
    served.post_token(http=served.client("svc-web"))

    shown = page(served)

    assert "POST /v2/oauthtoken 403" in shown
    assert "Refused by certificate name" in shown
    [way] = ways(shown)
    assert way.startswith(
        "✓ TLS passed ✓ client certificate passed ✓ parse passed ✓ key pair passed"
    )
    assert way.endswith(
        "✓ account passed ✗ certificate name refused: actual svc-web ≠, expected svc-demo "
        "○ scope not reached"
    )
    assert "svc-demo-password" not in shown


def test_a_handshake_shows_its_alert(served: Served) -> None:
    failed = handshake()
    failed.alert = "certificate_required, sent by the server"
    failed.tls_version = "TLSv1.3"
    served.platform.journal.add(failed)

    shown = page(served)

    assert list(ways(shown)) == ["✓ TLS passed ✗ client certificate refused"]
    assert "TLS alert: certificate_required, sent by the server" in words(shown)
    assert "Handshake failed" in shown


def test_refused_ones_can_be_looked_at_alone(served: Served) -> None:
    served.get()
    served.get(f"{TICKETS}?limit=x")

    assert f"GET {TICKETS} 200" in page(served)
    refused = page(served, "?refused=true")
    assert f"GET {TICKETS} 200" not in refused
    assert f"GET {TICKETS} 400" in refused


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("application=demo-web", [3]),
        ("application=svc-demo", [4, 2, 1]),
        ("nobody=true", []),
        ("operation=" + quote("GET /v1/{name}/two"), [2]),
        ("operation=" + quote("POST *"), [3]),
        ("status=403", [3]),
        ("status=4xx", [3]),
        ("status=2xx", [4, 2, 1]),
        ("check=certificate+name", [3]),
        ("check=AppKey", []),
        ("refused=true", [3]),
        ("text=TWO", [2]),
        ("text=needle", [4]),
        ("text=certificate+name", [3]),
        ("text=demo-web", [3]),
        ("text=far+away", []),
        ("status=200&text=two", [2]),
        ("text=" + quote("“no”"), []),
    ],
)
def test_each_field_of_the_filter_finds_its_entries(
    served: Served, query: str, found: list[int]
) -> None:
    journal = served.platform.journal
    journal.add(exchange(path="/v1/one"))
    journal.add(exchange(path="/v1/some/two"))
    journal.add(
        refused(
            method="POST",
            path="/v1/three",
            findings=Findings(application="demo-web"),
            two_way=False,
        )
    )
    body = f'{{"a": "a Needle in hay", "b": "{"x" * 2000}", "c": "far away"}}'
    journal.add(exchange(path="/v1/four", headers=JSON, answer=body))

    shown = page(served, f"?{query}")

    numbers = [int(each) for each in re.findall(rf'<p><a href="{PAGE}/(\d+)"><strong>', shown)]
    assert numbers == found
    if not found:
        assert "No entry fits the filter" in shown


def test_the_form_shows_the_filter_that_is_set(served: Served) -> None:
    query = "?application=demo-web&operation=GET+/x&status=4xx&check=scope&text=%22a&refused=true"
    shown = answer(served, query)
    fields = {
        found["name"]: found.get("value")
        for tag, found in elements(shown)
        if tag == "input" and (found.get("type") != "checkbox" or "checked" in found)
    }

    assert fields == {
        "application": "demo-web",
        "operation": "GET /x",
        "status": "4xx",
        "text": '"a',
        "refused": "true",
    }
    assert "<option selected>scope</option>" in shown.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("status=forty", "Status is a number such as 403"),
        ("status=(((", "Status is a number such as 403"),
        ("status=4xx5", "Status is a number such as 403"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(served: Served, query: str, told: str) -> None:
    found = answer(served, f"?{query}")

    assert found.status_code == 400
    assert told in words(found.text)
    assert 'role="alert"' in found.text


def test_a_search_does_not_find_what_is_hidden(served: Served) -> None:
    served.post_token()

    assert entries_of(page(served, "?text=svc-demo-password")) == []
    assert len(entries_of(page(served, "?text=grant_type"))) == 1


def test_a_hidden_text_is_made_once_and_goes_with_the_body(served: Served) -> None:
    served.post_token()
    entry = served.platform.journal.last
    page(served, "?text=grant_type")
    made = entry.text

    assert made is not None
    assert b"svc-demo-password" not in made
    assert entry.to_search() is made
    entry.let_go_of_bodies()
    assert b"grant_type" not in entry.to_search()


@pytest.mark.long
def test_a_search_finds_the_same_again(served: Served) -> None:
    journal = served.platform.journal
    journal.add(exchange(headers={"content-type": "image/png"}, body=b"\x89PNG\xff needle"))
    journal.add(exchange(path="/v1/" + "x" * 3000 + "/needle"))

    for text in ("image/png", "needle", "bytes", "/v1/xxx"):
        first = entries_of(page(served, f"?text={text}"))
        assert entries_of(page(served, "?text=g")) == entries_of(page(served, "?text=g"))
        assert entries_of(page(served, f"?text={text}")) == first


def test_the_text_of_a_search_is_counted_before_it_is_made() -> None:
    made = exchange(body="x" * 5000, headers=JSON, answer="y" * 300)
    without = exchange(headers=JSON)

    bodies = made.measure() - without.measure()

    assert bodies >= 5000 + 300 + 1024 + 300


def test_pages_of_the_portal_are_not_in_the_way_but_can_be_shown(served: Served) -> None:
    page(served)
    assert "There was no request since the last reset" in page(served)
    assert f"GET {PAGE} 200" in page(served, "?portal=true")

    served.client(None, listener=Listener.ONE_WAY).get("/portal/nowhere")

    assert "GET /portal/nowhere 404" in page(served)


@pytest.mark.long
def test_what_a_client_sent_is_escaped(served: Served) -> None:
    served.get("/<script>alert(1)</script>")
    served.platform.journal.add(
        exchange(
            path="/<img src=x onerror=alert(1)>",
            headers={"x-<b>": '"><script>'},
            query='q="><script>',
            body='{"<script>": "</pre><script>"}',
            answer='["<img src=x>"]',
        )
    )

    for path in ("", "?text=%3Cscript", "/1", "/2?bodies", "/2/curl", "/2/test"):
        found = answer(served, path)
        assert found.status_code == 200
        assert is_unbroken(found), path


def test_pages_follow_one_another_without_a_gap(served: Served) -> None:
    for number in range(1, 121):
        served.platform.journal.add(exchange(path=f"/v1/{number}"))
    seen: list[str] = []
    shown = page(served)
    seen += entries_of(shown)
    while later := re.search(rf'rel="next" href="{PAGE}([^"]*)"', shown):
        shown = page(served, html.unescape(later[1]))
        seen += entries_of(shown)

    assert seen == [f"GET /v1/{number} 200" for number in range(120, 0, -1)]
    back = re.search(rf'rel="prev" href="{PAGE}([^"]*)"', shown)
    assert back is not None
    before = entries_of(page(served, html.unescape(back[1])))
    assert before == [f"GET /v1/{number} 200" for number in range(70, 20, -1)]


@pytest.mark.parametrize(
    "query", ["?before=0", "?before=x", "?after=99999999", "?before=-1&after="]
)
def test_an_address_of_no_page_is_a_page_nevertheless(served: Served, query: str) -> None:
    served.platform.journal.add(exchange())

    found = answer(served, query)

    assert found.status_code == 200
    assert "There was no request" not in found.text


def test_the_timeline_has_a_row_for_each_application_and_a_link_for_each_call(
    served: Served,
) -> None:
    journal = served.platform.journal
    journal.add(exchange())
    journal.add(refused())
    journal.add(exchange(findings=Findings(application="demo-web")))
    journal.add(exchange(findings=Findings()))

    shown = page(served)

    assert "demo-server: 2 calls, 1 refused" in shown
    assert "demo-web: 1 call" in shown
    assert "no application: 1 call" in shown
    marks = re.findall(rf'<a href="{PAGE}/(\d+)"><title>([^<]*)</title><rect class="(\w+)"', shown)
    assert sorted((int(number), kind) for number, _, kind in marks) == [
        *((1, "came"), (2, "fell"), (3, "came"), (4, "came")),
    ]
    assert any("refused by certificate name" in label for _, label, _ in marks)


def test_a_page_with_many_applications_has_few_rows(served: Served) -> None:
    for number in range(40):
        served.platform.journal.add(exchange(findings=Findings(application=f"app-{number}")))

    assert page(served).count('role="group"') == 13
    assert "other applications: 28 calls" in page(served)


def marks_of(shown: str) -> list[tuple[str, str, str]]:
    """The address, the label and the kind of each mark of the timeline."""
    found = re.findall(r'<a href="([^"]*)"><title>([^<]*)</title><rect class="(\w+)"', shown)
    return [(html.unescape(address), html.unescape(label), kind) for address, label, kind in found]


def calls_in(label: str) -> int:
    bundle = re.match(r"\d+ to \d+: (\d+) calls", label)
    return int(bundle[1]) if bundle else 1


def numbers_of(shown: str) -> list[int]:
    return [int(each) for each in re.findall(rf'<p><a href="{PAGE}/(\d+)"><strong>', shown)]


def many(served: Served, count: int, applications: int = 2) -> None:
    """Entries of some applications in turn; each hundredth is refused."""
    for number in range(1, count + 1):
        make = refused if number % 100 == 0 else exchange
        name = f"app-{number % applications}"
        served.platform.journal.add(make(path=f"/v1/{number}", findings=Findings(application=name)))


def test_the_timeline_covers_what_is_on_other_pages_too(served: Served) -> None:
    many(served, 80)

    first, older = page(served), page(served, "?before=31")

    assert "Timeline of all 80 entries" in words(first)
    assert "app-0: 40 calls" in first
    assert len(marks_of(first)) == 80
    assert marks_of(older) == marks_of(first)


@pytest.mark.long
def test_many_calls_have_a_mark_together_which_leads_to_them(served: Served) -> None:
    many(served, 900)

    shown = page(served)

    marks = marks_of(shown)
    assert "a mark stands for up to 9 entries in a row" in words(shown)
    assert len(marks) <= 200
    assert sum(calls_in(label) for _, label, _ in marks) == 900
    assert sum(kind == "fell" for *_, kind in marks) == 9
    assert {label.count("1 refused") for _, label, kind in marks if kind == "fell"} == {1}
    for address, label, _ in (marks[0], marks[len(marks) // 2], marks[-1]):
        stretch = page(served, address.removeprefix(PAGE))
        first, last = map(int, re.findall(r"\d+", label)[:2])
        numbers = numbers_of(stretch)
        assert (numbers[0], numbers[-1], len(numbers)) == (last, first, calls_in(label))
        assert len({number % 2 for number in numbers}) == 1
        assert "Show the older ones too" in stretch
        assert 'rel="next"' not in stretch


def test_a_long_stretch_of_the_timeline_has_pages_and_an_end(served: Served) -> None:
    many(served, 300, applications=1)

    first = page(served, "?before=251&down_to=120")
    later = re.search(rf'rel="next" href="{PAGE}([^"]*)"', first)
    assert later is not None
    second = page(served, html.unescape(later[1]))
    later = re.search(rf'rel="next" href="{PAGE}([^"]*)"', second)
    assert later is not None
    third = page(served, html.unescape(later[1]))

    numbers = numbers_of(first) + numbers_of(second) + numbers_of(third)
    assert numbers == list(range(250, 119, -1))
    assert 'rel="next"' not in third


def test_the_timeline_has_what_fits_the_filter_and_no_more(served: Served) -> None:
    many(served, 300)

    shown = page(served, "?refused=true")

    assert "Timeline of all 3 entries that fit the filter" in words(shown)
    assert [address for address, *_ in marks_of(shown)] == [f"{PAGE}/{n}" for n in (100, 200, 300)]


@pytest.mark.long
def test_a_mark_of_no_application_leads_to_calls_of_none(served: Served) -> None:
    for number in range(400):
        findings = Findings(application="demo-web" if number % 2 else None)
        served.platform.journal.add(exchange(path=f"/v1/{number}", findings=findings))

    row = page(served).partition("no application: 200 calls")[2]
    address, label, _ = marks_of(row)[0]
    stretch = page(served, address.removeprefix(PAGE))

    assert len(numbers_of(stretch)) == calls_in(label) > 1
    assert {number % 2 for number in numbers_of(stretch)} == {1}


def test_rows_of_the_timeline_stay_in_their_places(served: Served) -> None:
    journal = served.platform.journal
    for name in ("b", None, "a", "c", "b"):
        journal.add(exchange(findings=Findings(application=name)))

    rows = re.findall(r'<p id="row-\d+">([^:<]*):', page(served))

    assert rows == ["a", "b", "c", "no application"]


def test_a_timeline_of_a_search_that_ended_early_says_so(served: Served) -> None:
    for number in range(120):
        body = f'{{"password": "hunter2", "number": {number}}}'
        served.platform.journal.add(exchange(headers=JSON, body=body))

    shown = words(page(served, "?text=number"))

    assert "Timeline of the newest 40 entries that fit the filter" in shown


@pytest.mark.long
@pytest.mark.parametrize("count", [60, 100, 200, 900])
@pytest.mark.parametrize("applications", [1, 2, 12, 30])
def test_a_timeline_stays_small_whatever_was_sent(
    served: Served, count: int, applications: int
) -> None:
    for number in range(count):
        name = '"' * 90 + f" {number % applications}"
        made = refused(path="/" + '"' * 300, findings=Findings(application=name))
        served.platform.journal.add(made)

    shown = page(served)
    page(served, "?operation=" + quote("POST " + '"' * 180))

    assert sum(calls_in(label) for _, label, _ in marks_of(shown)) == count


@pytest.mark.long
def test_a_long_query_makes_no_large_page(served: Served) -> None:
    many(served, 900)
    operation = quote("GET /v1/*" + '"*' * 95)

    page(served, f"?operation={operation}&text={quote(chr(34) * 200)}")
    page(served, "?operation=" + quote("GET *" + "*" * 190) + "&portal=true&status=xxx")


def test_the_page_of_an_entry_shows_bodies_when_they_are_asked_for(served: Served) -> None:
    served.post_token(http=served.client("svc-web"))

    shown, whole = page(served, "/1"), page(served, "/1?bodies")

    assert "content-type" in shown
    assert "gateway.access.failure" not in shown
    assert "gateway.access.failure" in whole
    assert f'href="{PAGE}/1?bodies"' in shown
    assert '<span class="name">&#34;code&#34;</span>: <span class="text">' in whole
    assert "username=svc-demo&amp;password=***" in whole
    assert "svc-demo-password" not in whole
    assert "Its way through the checks" in shown
    assert "<dt>Expected</dt><dd>svc-demo</dd><dt>Actual</dt><dd>svc-web</dd>" in shown


def test_an_entry_leads_to_its_neighbours(served: Served) -> None:
    for _ in range(3):
        served.platform.journal.add(exchange())

    links = [found.get("href") for tag, found in elements(answer(served, "/2")) if tag == "a"]

    assert f"{PAGE}/1" in links
    assert f"{PAGE}/3" in links


@pytest.mark.parametrize("number", ["7", "0", "x", "%C2%B2", "9" * 40])
@pytest.mark.parametrize("more", ["", "/curl", "/test"])
def test_an_entry_that_is_not_there_is_said_to_be_missing(
    served: Served, number: str, more: str
) -> None:
    found = answer(served, f"/{number}{more}")

    assert found.status_code == 404
    assert "never had it, or has deleted it" in words(found.text)


def test_an_entry_is_shown_as_curl_and_as_a_test(served: Served) -> None:
    served.get()

    curl, test = words(page(served, "/2/curl")), words(page(served, "/2/test"))

    assert f"https://localhost:444{TICKETS}" in curl or TICKETS in curl
    assert "-H 'appkey: demo-server-key'" in curl
    assert "def test_what_the_journal_had(mock_sei):" in test
    assert "assert answer.status_code == 200" in test


HOSTILE = {
    "path": "/" + '"' * 5000,
    "query": '"' * 20_000,
    "headers": {f"x-{number}": '"<&' * 60 for number in range(90)},
    "body": "[" * 2000 + "]" * 2000 + '"' * 12_000,
    "answer": "[" + ",".join(['""'] * 8000) + "]",
}


@pytest.mark.long
def test_pages_stay_small_whatever_was_sent(served: Served) -> None:
    for _ in range(60):
        made = refused(**HOSTILE)
        made.findings.notes = ['"&<' * 300] * 40
        made.refused_because = '"' * 1000
        made.expected = made.actual = "'" * 200
        made.findings.passed = list(checks.FUNCTIONAL.order)
        served.platform.journal.add(made)

    for path in ("", "?text=%22", "/1", "/1?bodies", "/1/curl", "/1/test"):
        page(served, path)


@pytest.mark.long
def test_a_long_journal_costs_a_page_little(served: Served) -> None:
    """A page that looked at all entries would cost many times as much."""

    def make(count: int) -> Any:
        journal = served.platform.journal
        journal.clear()
        for number in range(count):
            journal.add(exchange(path=f"/v1/{number}", answer='{"a": 1}'))
        return lambda: page(served)

    assert_flat(make, few=60, many=3000)


def test_a_search_for_what_is_nowhere_ends_and_says_how_far_it_came(served: Served) -> None:
    platform = served.platform
    for number in range(120):
        platform.journal.add(
            exchange(path=f"/v1/{number}", headers=JSON, body='{"password": "hunter2hunter2"}')
        )

    shown = page(served, "?text=hunter2")

    assert entries_of(shown) == []
    assert "The entries down to number 81 were searched" in shown
    assert "Search the older ones" in shown


def test_entries_of_another_server_have_the_same_page(served: Served) -> None:
    served.get(f"{TICKETS}?limit=x")
    journal = served.platform.journal
    entries = journal.entries
    queries = ("", "?text=grant_type", "?check=parameters")
    own = [list(ways(page(served, query))) for query in queries]

    journal.clear()
    for each in entries:
        journal.add(read_entry(json.loads(json.dumps(each.to_json()))))

    assert [list(ways(page(served, query))) for query in queries] == own
    assert [len(each) for each in own] == [2, 1, 1]


@pytest.mark.long
def test_ten_thousand_entries_are_filtered_in_little_time(served: Served) -> None:
    """The limit is generous, since this machine may be slow: 100 ms are meant."""
    journal = served.platform.journal
    for number in range(1000):
        journal.add(exchange(path=f"/v1/{number}", headers=JSON, answer='{"a": "b"}' * 100))
    page(served, "?text=nowhere")
    began = time.thread_time()
    page(served, "?text=nowhere&status=200&application=demo-server")

    assert time.thread_time() - began < 1


@pytest.mark.long
def test_the_timeline_of_ten_thousand_entries_is_drawn_in_little_time() -> None:
    """The limit is generous, since this machine may be slow: 100 ms are meant for a page."""
    names = [Findings(application=f"app-{number}") for number in range(30)]
    entries = [
        (number, exchange(path=f"/v1/{number}", findings=names[number % 30]))
        for number in range(10_000, 0, -1)
    ]
    began = time.thread_time()
    drawn = timeline_of([*Search(entries, Filter())], Filter(), lambda *_: "", is_whole=True)

    assert time.thread_time() - began < 1
    assert drawn is not None
    assert sum(row.count for row in drawn.rows) == 10_000
    assert sum(len(row.marks) for row in drawn.rows) <= MOST_MARKS
