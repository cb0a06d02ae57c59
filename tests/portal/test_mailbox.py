"""The mailbox and its mails, read with the standard library's parser."""

from __future__ import annotations

import email
import email.policy
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.errors import UnknownMessage
from mock_sei.portal.mailbox import Letter, Mail, ServerMailbox
from tests.cases import every_case

SENT = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
LIST = "team@example.com"


def letter(subject: str = "A subject", text: str = "A text\n") -> Letter:
    return Letter(sender="SEI <noreply@seic.com>", subject=subject, text=text)


def parsed(message: Letter, *, to: str = LIST) -> EmailMessage:
    mail = ServerMailbox().send(message, to=to, at=SENT)
    read = email.message_from_bytes(bytes(mail.message()), policy=email.policy.default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    return read


def test_a_mail_is_a_message_of_the_standard_library() -> None:
    read = parsed(letter("Hello", "One\n\n    two\n"))

    assert read["From"].addresses[0].addr_spec == "noreply@seic.com"
    assert read["To"] == LIST
    assert read["Subject"] == "Hello"
    assert read["Date"].datetime == SENT
    assert read["Message-ID"] == f"<1.{SENT.timestamp():.0f}@mock-sei.example>"
    assert read.get_content_type() == "text/plain"
    assert read.get_content().splitlines() == ["One", "", "    two"]


@every_case("subject", ["Zürich", "日本の夜間処理" * 10, "x" * 200, 'a, b; "c" <d@e>', "é" * 80])
def test_subjects_survive_in_any_script_and_length(subject: str) -> None:
    assert parsed(letter(subject))["Subject"] == subject


@every_case(
    "text",
    [
        "Grüße\n日本\n",
        "x" * 5000 + "\n",
        "https://localhost:8443/portal/certificates/" + "A_-" * 200 + "\n",
        ".\n..\nFrom nobody\n",
        "tail without an end",
        "a\n" * 5000,
    ],
)
def test_texts_survive_and_no_line_is_longer_than_mail_allows(text: str) -> None:
    """A line has at most 998 characters (RFC 5322 section 2.1.1)."""
    message = letter(text=text)
    raw = bytes(ServerMailbox().send(message, to=LIST, at=SENT).message())

    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert parsed(message).get_content().splitlines() == text.splitlines()


@pytest.mark.long
@given(name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=80))
@example(name="=?utf-8?q?a=0D=0ABcc:_evil@example.com?=")
@example(name="ü =?utf-8?q?a=0AX-Evil:_1?= =?utf-8?b?DQpBOiBi?=")
@example(name="=?utf-8?q?plain?=")
@example(name="=?=?")
def test_no_name_adds_a_header(name: str) -> None:
    """An encoded word (RFC 2047) in a name would be decoded, line breaks included."""
    read = parsed(letter(f"Password for {name}"))

    assert set(read.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert str(read["Subject"]).replace("= ?", "=?") == f"Password for {name}".replace("= ?", "=?")


def test_mails_are_numbered_in_the_order_of_sending() -> None:
    mailbox = ServerMailbox()
    first = mailbox.send(letter("first"), to=LIST, at=SENT)
    second = mailbox.send(letter("second"), to="other@example.com", at=SENT)

    assert (first.number, second.number) == (1, 2)
    assert mailbox.messages == list(mailbox) == [first, second]
    assert len(mailbox) == 2
    assert mailbox.last is second
    assert mailbox.require(1) is first


def test_an_emptied_mailbox_goes_on_counting() -> None:
    mailbox = ServerMailbox()
    mailbox.send(letter(), to=LIST, at=SENT)
    mailbox.clear()

    assert len(mailbox) == 0
    with pytest.raises(LookupError, match="the mailbox is empty"):
        _ = mailbox.last
    assert mailbox.send(letter(), to=LIST, at=SENT).number == 2


@every_case("number", [0, -1, 2, 10**9])
def test_a_mail_that_was_not_sent_is_not_found(number: int) -> None:
    mailbox = ServerMailbox()
    mailbox.send(letter(), to=LIST, at=SENT)

    with pytest.raises(UnknownMessage, match=f"no mail {number}; there are 1"):
        mailbox.require(number)


def test_mails_are_found_by_recipient_and_words() -> None:
    mailbox = ServerMailbox()
    link = mailbox.send(letter("Your link", "press it"), to=LIST, at=SENT)
    other = mailbox.send(letter("Password", "secret link"), to="other@example.com", at=SENT)

    assert mailbox.find() == [link, other]
    assert mailbox.find(to=LIST) == [link]
    assert mailbox.find(about="link") == [link, other]
    assert mailbox.find(about="press") == [link]
    assert mailbox.find(to="other@example.com", about="press") == []


def test_what_is_changed_in_a_list_of_mails_does_not_reach_the_mailbox() -> None:
    mailbox = ServerMailbox()
    mailbox.send(letter(), to=LIST, at=SENT)
    mailbox.messages.clear()
    assert len(mailbox) == 1


def test_many_at_once_are_all_kept_with_numbers_of_their_own() -> None:
    mailbox = ServerMailbox()

    def send(_: int) -> Mail:
        return mailbox.send(letter(), to=LIST, at=SENT)

    with ThreadPoolExecutor(20) as threads:
        sent = list(threads.map(send, range(500)))

    assert sorted(each.number for each in sent) == list(range(1, 501))
    assert len(mailbox) == 500


def test_no_representation_holds_the_text() -> None:
    mail = ServerMailbox().send(letter(text="the password is hunter2"), to=LIST, at=SENT)
    assert "hunter2" not in repr(mail)
