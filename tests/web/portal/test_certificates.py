"""The certificate pages: the chain, the dates on the platform's clock, and each history."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.certificates.held import AccountCertificate
from mock_sei.certificates.profiles import Variant
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.web.portal.certificates import in_words
from mock_sei.web.portal.time_line import Axis
from tests.certificates.client_ca import ClientCA, pem, request
from tests.web.portal.browser import Browser, elements, is_unbroken

APP = "/portal/apps/Nightly"
TEAM = "svc-nightly"
HISTORY = f"{APP}/certificates"
START = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def words(text: str) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", text.replace("<wbr>", "")).split())


def page_of(certificate: AccountCertificate) -> str:
    return f"{HISTORY}/{certificate.peer.fingerprint}"


def test_the_chain_goes_from_the_root_to_the_account(browser: Browser, platform: Platform) -> None:
    browser.registered()
    chain = browser.get(HISTORY).text.partition('class="chain"')[2].partition("</ol>")[0]
    roles = re.findall(r"<strong>([^<]+)</strong>", chain)
    assert roles == ["Root CA", "Issuing CA", "Certificate of the account"]
    issuing, root = platform.authority.chain
    names = [root.subject, issuing.subject]
    assert chain.index(names[0].rfc4514_string()) < chain.index(names[1].rfc4514_string())
    assert f"CN={TEAM}" in chain


def test_a_wrong_variant_has_the_chain_that_it_has(browser: Browser, platform: Platform) -> None:
    browser.registered()
    made = platform.certificates.issue(TEAM, Variant.SELF_SIGNED)
    text = browser.get(page_of(made)).text
    assert "Certificate of the account, signed by itself" in text
    assert "Root CA" not in text
    assert "its own key signed it" in text
    assert "sends no notice for this certificate" in text


def test_serial_number_and_fingerprint_are_readable_whole(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    current = platform.certificates.current(TEAM)
    assert current is not None
    text = words(browser.get(HISTORY).text)
    assert text.count(f"{current.serial_number:x}") == 2
    assert current.peer.fingerprint in text


@pytest.mark.long
def test_the_history_has_every_certificate_with_its_state(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    held = platform.certificates
    held.sign(TEAM, pem(request(TEAM)))
    held.issue(TEAM, Variant.UNTRUSTED)
    held.issue(TEAM, Variant.EXPIRED)
    held.issue(TEAM, Variant.NOT_YET_VALID)
    held.issue(TEAM, Variant.WRONG_CN)
    ca = ClientCA.create()
    held.register_own(TEAM, pem(ca.sign(TEAM)), ca.pem)
    held.revoke(TEAM, held.renew(TEAM).serial_number)

    page = browser.get(HISTORY)
    rows = re.findall(r'data-label="State">(.*?)</td>', page.text)
    assert [words(each) for each in rows] == [
        "revoked",
        "current your own CA",
        "wrong-cn",
        "not valid yet",
        "expired",
        "untrusted",
        "superseded mock-sei, from your request",
        "superseded",
    ]
    assert is_unbroken(page)
    for each in held.of(TEAM):
        one = browser.get(page_of(each))
        assert one.status_code == 200
        assert f"{each.serial_number:x}" in words(one.text).partition("SHA-256")[0]


def test_a_revoked_certificate_names_the_time_of_its_revocation(
    browser: Browser, platform: Platform
) -> None:
    platform.clock.set(START)
    platform.clock.freeze()
    browser.registered()
    made = platform.certificates.renew(TEAM)
    platform.clock.advance(timedelta(days=1))
    assert "Revoked" not in words(browser.get(page_of(made)).text)
    platform.certificates.revoke(TEAM, made.serial_number)
    assert "Revoked 2026-03-03 09:30 UTC" in words(browser.get(page_of(made)).text)


@pytest.mark.long
def test_notices_are_marked_on_the_clock_and_reported_when_sent(
    browser: Browser, platform: Platform
) -> None:
    platform.clock.set(START)
    browser.registered()
    before = words(browser.get(HISTORY).text)
    assert "90 days before the end, 2027-12-03 09:30 UTC: in 641 days" in before or (
        "90 days before the end, 2027-12-03 09:30 UTC: in 640 days" in before
    )
    platform.clock.advance(timedelta(days=710))
    after = browser.get(HISTORY).text
    assert words(after).count("UTC: sent") == 2
    marks = [found for _, found in elements(browser.get(HISTORY)) if found.get("class") == "mark"]
    assert len(marks) == 3 + 1  # three on the bar, one in the key
    assert "(the clock was moved)" in after


def test_the_days_of_the_notices_are_those_of_the_settings(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    text = words(browser.get(HISTORY).text)
    for days in platform.portal.notice_days:
        assert f"{days} day" in text
    assert list(platform.portal.notice_days) == [90, 30, 7]


def test_a_certificate_that_was_replaced_gets_no_further_notice(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    first = platform.certificates.current(TEAM)
    assert first is not None
    platform.certificates.renew(TEAM)
    text = words(browser.get(page_of(first)).text)
    assert text.count("not sent: a newer certificate took its place") == 3
    assert "a newer certificate" not in words(browser.get(HISTORY).text)


def test_a_certificate_of_an_own_ca_gets_no_notice_and_shows_its_own_root(
    browser: Browser, platform: Platform
) -> None:
    browser.registered(certificate="own")
    ca = ClientCA.create()
    platform.certificates.register_own(TEAM, pem(ca.sign(TEAM)), ca.pem)
    text = browser.get(HISTORY).text
    assert "no notice for a certificate of your own CA" in text
    assert ca.certificate.subject.rfc4514_string() in html.unescape(text)
    assert "openssl pkcs12 -export" in text
    assert "curl -sSf" not in text


def test_files_are_named_for_every_client_and_come_from_the_control_listener(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    text = browser.get(HISTORY).text
    for client in ("curl", "Python", "Node", "Go", "Java", ".NET", "Postman", "Windows", "Mac"):
        assert f'<th scope="row">{client}' in text
    for file in ("certificate.crt", "privatekey.key", "certificate.pfx"):
        path = f"/service-accounts/{TEAM}/{file}"
        assert f"-o certs/{TEAM}/{file} {platform.addresses.control}{path}" in text
        with browser.served.client(None, listener=Listener.ONE_WAY) as http:
            assert http.get(path).status_code == 404  # not on the platform's own listener


def test_an_account_without_a_certificate_says_what_to_do(browser: Browser) -> None:
    browser.registered(certificate="own")
    assert "Send a certificate signing request" in browser.get(HISTORY).text
    without = browser.get("/portal/apps/demo-native/certificates").text
    assert "no service account and no certificate" in without


def test_a_pending_application_shows_no_account_and_no_certificate(
    browser: Browser, platform: Platform
) -> None:
    platform.reset({"approval": "manual"})
    browser.registered()
    for path in (HISTORY, "/portal/certificates"):
        assert TEAM not in browser.get(path).text
    assert "is not approved" in browser.get(HISTORY).text
    assert not platform.certificates.of(TEAM)


def test_the_certificate_of_another_account_is_not_found(
    browser: Browser, platform: Platform
) -> None:
    browser.registered()
    other = platform.certificates.provide("svc-demo")
    answer = browser.get(page_of(other))
    assert answer.status_code == 404
    assert f"No certificate of {TEAM} has the fingerprint" in answer.text


def test_the_list_of_certificates_makes_none(browser: Browser, platform: Platform) -> None:
    browser.registered()
    text = browser.get("/portal/certificates").text
    assert not platform.certificates.of("svc-limited")
    assert "made when it is first used" in text
    assert re.search(rf"{TEAM}.*?current", text, re.DOTALL)


@pytest.mark.long
def test_a_history_of_many_certificates_has_pages(browser: Browser, platform: Platform) -> None:
    browser.registered()
    for _ in range(50):
        platform.certificates.renew(TEAM)
    first = browser.get(HISTORY)
    second = browser.get(f"{HISTORY}?page=2")
    counts = [each.text.count('data-label="State"') for each in (first, second)]
    assert counts == [50, 1]
    assert "51 to 51 of 51" in second.text
    assert len(first.content) < 200_000


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(days=30, hours=5), "in 30 days"),
        (timedelta(days=1), "in 1 day"),
        (timedelta(hours=-2), "2 hours ago"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(seconds=20), "now"),
        (timedelta(days=1200), "in 1,200 days"),
    ],
)
def test_times_from_now_are_in_words(span: timedelta, expected: str) -> None:
    assert in_words(span) == expected


def test_a_line_of_time_has_room_for_now_and_cuts_what_is_longer() -> None:
    axis = Axis(start=START, end=START + timedelta(days=100), now=START + timedelta(days=25))
    assert axis.now_at == "25.00%"
    assert axis.at(START - timedelta(days=1)) == "0.00%"
    bar = axis.bar(START - timedelta(days=1), START + timedelta(days=50))
    assert (bar.x, bar.width) == ("0.00%", "50.00%")
    assert bar.begins_before
    assert not bar.ends_after


def test_a_line_of_many_years_names_some_of_them() -> None:
    far = START.replace(year=2999)
    axis = Axis(start=START, end=far, now=START)
    assert 1 <= len(axis.years) <= 8
    assert Axis(start=START, end=START + timedelta(days=9), now=START).years == []


class For:
    """A period that begins and ends at these moments."""

    def __init__(self, first: datetime, last: datetime) -> None:
        self.not_before, self.not_after = first, last


def test_a_certificate_may_last_until_the_end_of_all_dates() -> None:
    forever = For(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    axis = Axis.around(START, [forever])
    bar = axis.bar(forever.not_before, forever.not_after)
    assert (bar.x, bar.width) == ("0.00%", "100.00%")
    assert len(axis.years) <= 8


def test_a_certificate_of_an_own_ca_that_never_ends_has_a_page(
    browser: Browser, platform: Platform
) -> None:
    browser.registered(certificate="own")
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    ca = ClientCA.create(end=end)
    platform.certificates.register_own(TEAM, pem(ca.sign(TEAM, end=end)), ca.pem)
    for path in (HISTORY, "/portal/certificates", "/portal"):
        page = browser.get(path)
        assert page.status_code == 200
        assert "9999-12-31" in page.text
