"""The strict parsing of token requests: forms, query strings, and the place of the key pair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import httpx2
import pytest

from mock_sei.errors import KEY_PAIR, REQUEST_INVALID
from mock_sei.oauth.metadata import REVOKE_PATH
from mock_sei.oauth.token_request import MEDIA_TYPES, PARAMETERS
from tests.cases import every_case
from tests.oauth.flows import DESCRIPTION, PAIR, assert_refused, encoded
from tests.support import TOKEN_PATH, Served


@pytest.mark.parametrize("scheme", ["Basic ", "", "basic ", "BASIC  "])
def test_the_key_pair_header_works_with_and_without_its_scheme(served: Served, scheme: str) -> None:
    """The token page's example has no ``Basic``."""
    answer = served.client().post(
        TOKEN_PATH, headers={"Authorization": f"{scheme}{PAIR}"}, data=served.form()
    )

    assert answer.status_code == 200


def test_the_key_pair_may_stand_in_the_form(served: Served) -> None:
    form = served.form(client_id="demo-server-key", client_secret="demo-server-secret")

    assert served.client().post(TOKEN_PATH, data=form).status_code == 200


def test_email_may_stand_for_username(served: Served) -> None:
    """The create-token page has this name."""
    assert served.post_token(username=None, email="svc-demo").status_code == 200


def test_the_media_type_that_the_page_spells_is_accepted(served: Served) -> None:
    answer = served.client().post(
        TOKEN_PATH,
        content=b"grant_type=client_credentials&username=svc-demo&password=svc-demo-password",
        headers={
            "Authorization": f"Basic {PAIR}",
            "Content-Type": "application/xxx-form-urlencoded",
        },
    )

    assert answer.status_code == 200


def test_query_parameters_are_accepted_and_flagged(served: Served) -> None:
    query = served.form() | {
        "client_id": "demo-server-key",
        "client_secret": "demo-server-secret",
    }

    answer = served.client().post(TOKEN_PATH, params=query)

    assert answer.status_code == 200
    notes = " ".join(served.platform.journal.last.notes)
    assert "query string" in notes
    assert "key pair" in notes
    assert "demo-server-secret" not in str(served.platform.journal.to_json())


def test_the_rfc_dialect_refuses_query_parameters(served: Served) -> None:
    served.platform.reset({"dialect": "rfc"})

    answer = served.client().post(
        TOKEN_PATH, params=served.form(), headers={"Authorization": f"Basic {PAIR}"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"


def test_unknown_parameters_are_ignored(served: Served) -> None:
    assert served.post_token(flavour="vanilla").status_code == 200


def post(served: Served, body: str, query: str = "", pair: str = PAIR) -> httpx2.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if pair:
        headers["Authorization"] = f"Basic {pair}"
    return served.client().post(f"{TOKEN_PATH}?{query}", content=body, headers=headers)


@pytest.mark.parametrize("name", [*sorted(PARAMETERS), "unknown"])
def test_an_empty_parameter_counts_as_absent(served: Served, name: str) -> None:
    """A parameter without a value counts as absent (RFC 6749 section 3.2)."""
    good = served.form(scope="ilservices") | ({} if name == "client_secret" else {name: "x"})
    good |= served.form() | ({"client_id": "demo-server-key"} if name == "client_id" else {})
    good |= {"scope": "ilservices"} if name == "scope" else {}
    if name == "email":
        good["email"] = good.pop("username")
    without = {other: value for other, value in good.items() if other != name}
    full, absent, empty = urlencode(good), urlencode(without), f"{urlencode(without)}&{name}="

    def outcome(body: str, query: str = "") -> tuple[int, Any, str]:
        """The first sentence of the reason; the next one says that the parameter had no value."""
        answer = post(served, body, query)
        because = served.platform.journal.last.refused_because or ""
        return answer.status_code, answer.json().get("error"), because.partition(". ")[0]

    assert outcome(empty) == outcome(absent)
    assert outcome(f"{name}&{absent}") == outcome(absent)
    assert outcome(absent, f"{name}=") == outcome(absent)
    assert outcome(f"{name}=&{full}&{name}=") == outcome(full)
    assert outcome(full, f"{name}=&{name}=") == outcome(full)
    assert outcome(full)[0] == 200


def test_an_empty_parameter_in_the_query_is_none_for_the_rfc_dialect(served: Served) -> None:
    served.platform.reset({"dialect": "rfc"})
    body = urlencode(served.form())

    assert post(served, body, "scope=&username=").status_code == 200
    assert post(served, body, "scope=ilservices").json()["error"] == "invalid_request"


def test_an_empty_pair_and_an_empty_header_are_no_second_pair(served: Served) -> None:
    pair = {"client_id": "demo-server-key", "client_secret": "demo-server-secret"}
    in_form = urlencode(served.form() | pair)

    assert post(served, f"{urlencode(served.form())}&client_secret=&client_id=").is_success
    for blank in ("", "  "):
        headers = {"Content-Type": MEDIA_TYPES[0], "Authorization": blank}
        answer = served.client().post(TOKEN_PATH, content=in_form, headers=headers)
        assert answer.status_code == 200


@pytest.mark.parametrize("path", [REVOKE_PATH, TOKEN_PATH])
def test_an_empty_token_cannot_be_revoked(served: Served, path: str) -> None:
    form = {"grant_type": "invalidate_token", "token": "", "access_token": ""}

    answer = served.client().post(path, data=form, headers={"Authorization": f"Basic {PAIR}"})

    assert_refused(served, answer, REQUEST_INVALID, "parse", because="token")
    assert answer.json()["error_description"] == "token is missing."


def test_a_header_of_other_bytes_than_text_is_refused_and_can_be_read_in_the_journal(
    served: Served,
) -> None:
    answer = served.client().post(
        TOKEN_PATH, headers=[(b"authorization", b"Basic \xe9\xe9")], data=served.form()
    )

    assert_refused(served, answer, KEY_PAIR, "key pair", because="not Base64")
    [entry] = served.platform.journal.to_json()["entries"]
    assert entry["request"]["headers"]["authorization"] == "***"


def test_two_key_pairs_at_once_are_refused(served: Served) -> None:
    """The key pair may be sent in one place only (RFC 6749 section 2.3)."""
    answer = served.post_token(client_id="demo-server-key", client_secret="demo-server-secret")

    assert_refused(served, answer, REQUEST_INVALID, "parse")


ODD_KEY, ODD_SECRET = "an odd+key%41é", "sécret 100%+a&b=%2B"
"""Characters that decoding would change and that a real key pair may have."""


def odd_application(served: Served) -> None:
    served.change("demo-server", app_key=ODD_KEY, app_secret=ODD_SECRET)


FORMS_OF_A_PAIR = {
    "as it is": str,
    "form-encoded": quote_plus,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded but for plus signs": lambda text: quote(text, safe="+"),
    "percent-encoded to the last letter": lambda text: "".join(
        f"%{each:02x}" for each in text.encode()
    ),
}


@every_case("encode", FORMS_OF_A_PAIR.values(), ids=FORMS_OF_A_PAIR)
@every_case("scheme", ["Basic ", ""])
@every_case("beside", [True, False])
def test_a_pair_is_compared_as_it_was_sent_and_decoded(
    served: Served, encode: Callable[[str], str], scheme: str, beside: bool
) -> None:
    """A key pair may be sent encoded or not (RFC 6749 section 2.3.1, RFC 7617)."""
    odd_application(served)
    header = f"{scheme}{encoded(f'{encode(ODD_KEY)}:{encode(ODD_SECRET)}')}"
    form = served.form() | ({"client_id": ODD_KEY} if beside else {})

    answer = served.client().post(TOKEN_PATH, headers={"Authorization": header}, data=form)

    assert answer.status_code == 200


def test_a_pair_of_other_readings_is_refused(served: Served) -> None:
    odd_application(served)
    for app_key, secret in (
        (ODD_KEY, quote(quote(ODD_SECRET))),
        (quote_plus(quote_plus(ODD_KEY)), quote_plus(quote_plus(ODD_SECRET))),
        ("an odd+keyAé", ODD_SECRET),
        (ODD_KEY, "sécret 100% a&b=+"),
    ):
        answer = served.client().post(
            TOKEN_PATH,
            headers={"Authorization": f"Basic {encoded(f'{app_key}:{secret}')}"},
            data=served.form(),
        )
        assert_refused(served, answer, KEY_PAIR, "key pair")


def test_client_id_says_which_reading_of_the_header_is_meant(served: Served) -> None:
    """Two applications with the same secret: the AppKey of one is that of the other, encoded."""
    served.change("demo-server", app_key="a%2Db")
    served.change("demo-web", app_key="a-b", app_secret="demo-server-secret")
    pair = encoded("a%2Db:demo-server-secret")

    for client_id, application in (("a%2Db", "demo-server"), ("a-b", "demo-web")):
        post(served, urlencode(served.form(client_id=client_id)), pair=pair)
        assert served.platform.journal.last.application == application
    answer = post(served, urlencode(served.form(client_id="a%252Db")), pair=pair)
    assert_refused(served, answer, REQUEST_INVALID, "parse", because="client_id")


def test_client_id_beside_the_header_must_be_the_same(served: Served) -> None:
    assert served.post_token(client_id="demo-server-key").status_code == 200
    assert_refused(served, served.post_token(client_id="demo-web-key"), REQUEST_INVALID, "parse")


@pytest.mark.parametrize("name", ["username", "password", "grant_type"])
def test_a_missing_parameter_is_refused(served: Served, name: str) -> None:
    left_out: dict[str, Any] = {name: None}

    answer = served.post_token(**left_out)

    assert_refused(served, answer, REQUEST_INVALID, "parse", because=name)


@pytest.mark.parametrize("name", ["username", "password", "grant_type", "scope"])
def test_a_repeated_parameter_is_refused(served: Served, name: str) -> None:
    body = (
        "grant_type=client_credentials&username=svc-demo&password=svc-demo-password"
        f"&scope=ilservices&{name}=again"
    )

    answer = served.client().post(
        TOKEN_PATH,
        content=body,
        headers={
            "Authorization": f"Basic {PAIR}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )

    assert_refused(served, answer, REQUEST_INVALID, "parse", because=name)


def test_a_parameter_in_form_and_query_is_refused(served: Served) -> None:
    answer = served.client().post(
        f"{TOKEN_PATH}?username=svc-demo",
        data=served.form(),
        headers={"Authorization": f"Basic {PAIR}"},
    )

    assert_refused(served, answer, REQUEST_INVALID, "parse", because="username")


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"grant_type=client_credentials", "text/plain"),
        (b"grant_type=client_credentials", ""),
        (b"grant_type=\xff", "application/x-www-form-urlencoded"),
        (b"grant_type=%ff", "application/x-www-form-urlencoded"),
        (b"a=1&" * 200, "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_refused(served: Served, body: bytes, media_type: str) -> None:
    headers = {"Authorization": f"Basic {PAIR}", "Content-Type": media_type}

    answer = served.client().post(TOKEN_PATH, content=body, headers=headers)

    assert_refused(served, answer, REQUEST_INVALID, "parse")


def repeated(served: Served, path: str, *headers: tuple[str, str]) -> httpx2.Response:
    sent = [("Content-Type", MEDIA_TYPES[0]), ("Authorization", f"Basic {PAIR}"), *headers]
    return served.client().post(path, content=FORM + "&token=x", headers=sent)


@pytest.mark.parametrize("path", [TOKEN_PATH, REVOKE_PATH])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", f"Basic {PAIR}"),
        ("authorization", "Bearer x"),
        ("AUTHORIZATION", ""),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("content-type", "application/json"),
    ],
)
def test_a_second_header_of_one_name_is_refused(
    served: Served, path: str, name: str, value: str
) -> None:
    """Repeated headers are refused, even with equal values (RFC 9110 sections 5.3 and 8.3)."""
    answer = repeated(served, path, (name, value))

    assert_refused(served, answer, REQUEST_INVALID, "parse", because="came 2 times; send it once")
    assert answer.json()["error_description"].endswith(" header came more than once.")
    assert repeated(served, path).status_code == 200


FORM = "grant_type=client_credentials&username=svc-demo&password=svc-demo-password"
DESCRIPTIONS = [
    ("username=svc-demo", "", "grant_type is missing."),
    ("grant_type=client_credentials&password=x", "", "username is missing."),
    ("grant_type=client_credentials&username=svc-demo", "", "password is missing."),
    (f"{FORM}&scope=a&scope=b", "", "scope came more than once."),
    (f"{FORM}&scope=a&scope=a", "", "scope came more than once."),
    (f"{FORM}&scope=a", "scope=a", "scope came more than once."),
    (f"{FORM}&hunter2=a&hunter2=a", "", "A parameter came more than once."),
    (f"{FORM}&hunter2=a", "hunter2=a", "A parameter came more than once."),
    (f"{FORM}&email=svc-web", "", "username and email were both sent and differ."),
    (f"{FORM}&client_id=demo-web-key", "", "client_id is not the AppKey of the Authorization"),
    (f"{FORM}&client_secret=hunter2", "", "The key pair was sent twice"),
    (f"{FORM}&scope=hunter2", "", "The scope is not known or not granted."),
    (f"{FORM}&a=%FF", "", "The form is not UTF-8."),
    (FORM, "a=%FF", "The query string is not UTF-8."),
    ("a=1&" * 101, "", "The form has more than 100 parameters."),
]


@pytest.mark.parametrize(("body", "query", "words"), DESCRIPTIONS)
def test_a_refusal_tells_the_client_what_is_wrong_and_repeats_nothing_that_was_sent(
    served: Served, body: str, query: str, words: str
) -> None:
    """The ``error_description`` (RFC 6749 section 5.2), which is also the ``Hint`` of revoke."""
    description = post(served, body, query).json()["error_description"]

    assert words in description
    assert DESCRIPTION.fullmatch(description)
    assert "hunter2" not in description


def test_a_missing_pair_is_not_called_a_wrong_one(served: Served) -> None:
    missing = post(served, FORM, pair="").json()["error_description"]
    wrong = post(served, FORM, pair=encoded("demo-server-key:wrong")).json()["error_description"]
    garbled = post(served, FORM, pair="!").json()["error_description"]

    assert missing == "AppKey and AppSecret are missing."
    assert wrong == "AppKey and AppSecret are wrong or missing."
    assert garbled == "The Authorization header holds no AppKey and AppSecret that can be read."


def test_revoke_says_what_is_missing_in_both_of_its_languages(served: Served) -> None:
    answer = served.client().post(REVOKE_PATH, headers={"Authorization": f"Basic {PAIR}"})

    assert answer.json()["error_description"] == answer.json()["Hint"] == "token is missing."
