"""The texts of the mails: what each must say, and what none may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mock_sei.certificates.bundles import FORMATS
from mock_sei.portal.letters import (
    FORMATS_WITH_KEY,
    FORMATS_WITHOUT_KEY,
    link_letter,
    own_certificate_letter,
    password_letter,
    renewal_letter,
    username_letter,
)
from mock_sei.portal.links import WITHOUT_KEY, Delivery, Link
from mock_sei.rules.passphrases import UNPROTECTED
from mock_sei.rules.records import ServiceAccount
from tests.cases import every_case
from tests.rules.test_records import SERVER

APPLICATION = replace(SERVER, name="Nightly batch")
ACCOUNT = ServiceAccount(username="svc-one", password="one-password")
URL = "https://localhost/portal/certificates/abc"
END = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
LINK = Link(
    token="abc",
    account="svc-one",
    serial_number=1,
    delivery=Delivery(format="pfx", passphrase="chosen-one"),
    made_at=END,
    expires_at=END,
)
LETTERS = {
    "username": username_letter(APPLICATION, ACCOUNT),
    "password": password_letter(APPLICATION, ACCOUNT),
    "link": link_letter(APPLICATION, LINK, URL, with_key=True),
    "own": own_certificate_letter(APPLICATION),
    "renewal": renewal_letter(APPLICATION, "svc-one", END, 30),
}


@every_case("name", LETTERS)
def test_every_mail_says_that_it_is_a_mocks_and_for_whom(name: str) -> None:
    letter = LETTERS[name]
    assert "mock-sei, a test server" in letter.text
    assert "mock-sei" in letter.sender
    assert "Nightly batch" in letter.subject + letter.text


def test_user_name_and_password_never_stand_together() -> None:
    """User name and password are in separate mails."""
    both = {
        name
        for name, letter in LETTERS.items()
        if "svc-one" in letter.text and "one-password" in letter.text
    }
    assert both == set()
    assert "    svc-one\n" in LETTERS["username"].text
    assert "    one-password\n" in LETTERS["password"].text
    assert [name for name in LETTERS if "one-password" in LETTERS[name].text] == ["password"]


def test_no_mail_holds_the_keys_or_a_passphrase() -> None:
    for letter in LETTERS.values():
        for secret in ("one-key", "one-secret", "chosen-one"):
            assert secret not in letter.text


def test_mails_come_from_the_documented_senders() -> None:
    senders = {name: letter.sender for name, letter in LETTERS.items()}
    assert "Trustwave" in senders.pop("link")
    assert all("<noreply@seic.com>" in sender for sender in senders.values())


def test_the_link_letter_says_what_the_faq_warns_of() -> None:
    letter = LETTERS["link"]
    assert letter.link is LINK
    assert f"    {URL}\n" in letter.text
    assert "2027-03-04 05:06:07 UTC" in letter.text
    for words in (
        "only for one download attempt",
        "Google Chrome",
        "ask for a new one",
        "?format=p7s",
    ):
        assert words in letter.text
    assert all(LETTERS[name].link is None for name in LETTERS if name != "link")


def test_the_link_letter_warns_of_an_empty_passphrase_where_a_file_can_have_one() -> None:
    link = replace(LINK, delivery=Delivery(format="pem", passphrase=""))
    assert UNPROTECTED in link_letter(APPLICATION, link, URL, with_key=True).text
    assert UNPROTECTED not in link_letter(APPLICATION, link, URL, with_key=False).text
    assert UNPROTECTED not in LETTERS["link"].text


@pytest.mark.parametrize("with_key", [True, False])
def test_the_link_letter_offers_the_forms_there_are(with_key: bool) -> None:
    text = link_letter(APPLICATION, LINK, URL, with_key=with_key).text
    offered = {name for name in FORMATS if f"?format={name} " in text}
    assert offered == (set(FORMATS) if with_key else set(WITHOUT_KEY))


def test_the_forms_that_are_explained_are_those_there_are() -> None:
    assert set(FORMATS_WITH_KEY) == set(FORMATS)
    assert set(FORMATS_WITHOUT_KEY) == set(WITHOUT_KEY)


def test_the_mail_for_an_own_certificate_names_its_cn() -> None:
    assert "    svc-one\n" in LETTERS["own"].text
    assert "download" not in LETTERS["own"].text


@pytest.mark.parametrize(("days", "words"), [(30, "in 30 days"), (1, "in 1 day")])
def test_a_notice_says_when_and_what_ends(days: int, words: str) -> None:
    letter = renewal_letter(APPLICATION, "svc-one", END, days)
    assert letter.subject == f"Certificate of svc-one ends {words}"
    assert "2027-03-04 05:06:07 UTC" in letter.text
    assert "(CN svc-one)" in letter.text
