"""Which parameter the client meant, and which names it sent. No part of a secret value is shown."""

from __future__ import annotations

import pytest

from mock_sei.reasons.names import did_you_mean, explain_absence, find_meant, list_names
from tests.cases import every_case
from tests.growth import Action, assert_linear


@every_case(
    ("sent", "meant"),
    [
        ("amp;username", "username"),
        ("&amp;username", "username"),
        ("\r\nusername", "username"),
        (" username", "username"),
        ("userName", "username"),
        ("user_name", "username"),
        ("user", "username"),
        ('"username"', "username"),
        ("usename", "username"),
        ("clientId", "client_id"),
        ("AppKey", "client_id"),
        ("grant-type", "grant_type"),
        ("redirectUri", "redirect_uri"),
        ("session_token", "sessionToken"),
    ],
)
def test_the_name_that_was_meant_is_proposed(sent: str, meant: str) -> None:
    assert find_meant([meant], ["scope", sent]) == (sent, meant)
    told = explain_absence([meant], ["scope", sent])
    assert f"did you mean `{meant}`?" in told
    assert "\n" not in told


@pytest.mark.parametrize("sent", ["scope", "x", "password", "", "u" * 5000, "state"])
def test_another_name_is_not_taken_for_it(sent: str) -> None:
    assert find_meant(["username"], [sent]) is None


def test_names_are_listed_and_values_are_not() -> None:
    told = explain_absence(["username"], ["grant_type", "scope", "colour"])

    assert told == " The request has these parameter names: grant_type, scope, colour."
    assert explain_absence(["username"], []) == " The request has no parameters."


def test_a_name_without_a_value_is_told_as_that() -> None:
    told = explain_absence(["username", "email"], ["username"], ["username"])

    assert "username has no value, so it counts as missing." in told


def test_what_may_be_the_rest_of_a_secret_is_not_listed() -> None:
    for secret_name in ("password", "client_secret", "Password", "code"):
        told = list_names(["grant_type", secret_name, "hunter2", "hunter3", "scope", "colour"])
        assert "hunter" not in told
        assert (
            f"The request has these parameter names: grant_type, {secret_name}, scope, colour."
            in told
        )
        assert "write & in a value as %26" in told


@every_case("name", ['{"password":"hunter2"}', "hunter2 hunter3", "<hunter2>", "h" * 99])
def test_what_is_no_name_is_not_listed(name: str) -> None:
    told = list_names([name])

    assert "hunter" not in told
    assert "hhh" not in told
    assert "1 more" in list_names(["scope", name])


@every_case(
    ("sent", "names", "told"),
    [
        ("True", ("true", "false"), "; did you mean true?"),
        ("client-credentials", ("client_credentials",), "; did you mean client_credentials?"),
        ("clientCredentials", ("client_credentials",), "; did you mean client_credentials?"),
        ("code;state=x", ("code",), "; did you mean code, without the text after it?"),
        ("s256", ("plain", "S256"), "; did you mean S256?"),
        ("code", ("code",), "."),
        ("magic", ("code", "token"), "."),
        ("", ("code",), "."),
        ("x" * 5000, ("code",), "."),
    ],
)
def test_a_word_of_a_few_is_proposed(sent: str, names: tuple[str, ...], told: str) -> None:
    assert did_you_mean(sent, names) == told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["usernam", "x", "&amp;", "\r\n", "a-b_c"])
def test_many_names_or_a_long_one_cost_their_length(name: str) -> None:
    def many(size: int) -> Action:
        names = [f"{name}{each}" for each in range(size // 40)]
        return lambda: explain_absence(["username"], names)

    def long(size: int) -> Action:
        return lambda: explain_absence(["username"], [name * size], [name * size])

    assert_linear(many, 1000)
    assert_linear(long, 1000)
