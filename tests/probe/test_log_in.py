"""Log-ins on pages that are made up: where a password is sent, and where not."""

from __future__ import annotations

from mock_sei.platform import Platform
from mock_sei.probe.asking import ProbeAnswer, ProbeAsk
from mock_sei.probe.log_in import walk
from tests.probe.upstream import REDIRECT_URI, subject_of

PAGE = b"<form method=post action='%s'><input name=u><input type=password name=p></form>"


def walked(platform: Platform, *answers: ProbeAnswer) -> tuple[list[ProbeAsk], object]:
    """The requests of a log-in that gets these answers, and what it returns."""
    steps = walk(subject_of(platform, "authorization_code"))
    asked = [next(steps)]
    for each in (*answers, ProbeAnswer(status=200)):
        try:
            asked.append(steps.send(each))
        except StopIteration as end:
            return asked, end.value
    return asked, "goes on"


def redirect(address: str, *cookies: str) -> ProbeAnswer:
    headers = [("location", address), *(("Set-Cookie", each) for each in cookies)]
    return ProbeAnswer(status=302, headers=tuple(headers))


def page(action: str = "") -> ProbeAnswer:
    return ProbeAnswer(status=200, body=PAGE % action.encode())


def test_a_code_at_the_redirect_address_is_the_end(platform: Platform) -> None:
    asked, form = walked(platform, redirect(f"{REDIRECT_URI}?code=abc&state=x"))

    assert len(asked) == 1
    assert ("code", "abc") in form  # type: ignore[operator]


def test_an_error_at_the_redirect_address_gives_no_code(platform: Platform) -> None:
    assert walked(platform, redirect(f"{REDIRECT_URI}?error=access_denied"))[1] is None


def test_relative_addresses_are_followed_with_cookies(platform: Platform) -> None:
    asked, _ = walked(
        platform, redirect("../login?a=1&b=", "sid=one; Secure; Path=/", "sid=two"), page()
    )

    assert (asked[1].method, asked[1].path, asked[1].query) == (
        "GET",
        "/v2/login",
        (("a", "1"), ("b", "")),
    )
    assert ("Cookie", "sid=two") in asked[1].headers
    assert (asked[2].method, asked[2].path) == ("POST", "/v2/login")
    assert asked[2].body == b"u=alice%40example.com&p=alice-password"


def test_another_host_gets_nothing(platform: Platform) -> None:
    for elsewhere in (
        "https://evil.example.com/login",
        "//evil.example.com/login",
        "http://localhost/login",
        "https://localhost:8443/login",
        "https://localhost@evil.example.com/",
        "https://localhost.evil.example.com/",
        "javascript:alert(1)",
    ):
        assert walked(platform, redirect(elsewhere)) == (walked(platform)[0], None)
        asked, _ = walked(platform, page(elsewhere))
        assert all(each.method == "GET" for each in asked)


def test_a_password_is_sent_once(platform: Platform) -> None:
    asked, form = walked(platform, page("/in"), page("/in"), page("/in"))

    assert form is None
    assert sum(b"alice-password" in each.body for each in asked) == 1


def test_a_walk_in_circles_ends(platform: Platform) -> None:
    asked, form = walked(platform, *[redirect("/again")] * 50)

    assert form is None
    assert len(asked) < 20
