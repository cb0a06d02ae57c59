"""The portal: approval, mails, keys and deletion, and their effect on the platform."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from mock_sei.certificates.bundles import Identity
from mock_sei.errors import Refusal, Rejected, UnknownApplication, UnknownCertificate
from mock_sei.platform import Platform
from mock_sei.portal.mailbox import Mail
from mock_sei.portal.portal import Portal
from mock_sei.rules.records import Application
from tests.certificates.client_ca import ClientCA, pem
from tests.oauth.flows import by_code, call, log_in, redeem, refresh, returned
from tests.support import TICKETS, Served, registration

pytestmark = pytest.mark.usefixtures("one_key")


@pytest.fixture
def portal(platform: Platform) -> Portal:
    return platform.portal


@pytest.fixture
def manual(platform: Platform) -> Portal:
    platform.reset({"approval": "manual"})
    return platform.portal


def subjects(portal: Portal) -> list[str]:
    return [each.subject for each in portal.mailbox]


def account_of(application: Application) -> str:
    assert application.service_account is not None
    return application.service_account


def mails_about(portal: Portal, words: str) -> list[Mail]:
    return portal.mailbox.find(about=words)


# Registration and approval


def test_automatic_approval_gives_working_keys_at_once(portal: Portal, served: Served) -> None:
    application = portal.register(registration(name="Nightly"))

    assert application.approved
    assert served.post_token("Nightly").status_code == 200
    called = served.get(headers=served.headers("Nightly"), http=served.client("svc-nightly"))
    assert called.status_code == 200


def test_manual_approval_lets_nothing_in_before_it(manual: Portal, served: Served) -> None:
    waiting = manual.register(registration())

    assert not waiting.approved
    assert len(manual.mailbox) == 0
    assert served.post_token("Nightly").status_code == 401
    assert "waits for approval" in str(served.platform.journal.last.refused_because)

    approved = manual.approve("Nightly")

    assert approved.approved
    assert approved.app_key == waiting.app_key
    assert served.post_token("Nightly").status_code == 200


def test_the_artifacts_are_mailed_to_the_list_each_in_a_mail_of_its_own(
    portal: Portal, platform: Platform
) -> None:
    application = portal.register(registration())
    username = account_of(application)
    password = platform.state.registry.service_accounts[username].password

    mails = portal.mailbox.messages

    assert [each.subject for each in mails] == [
        "Service account user name for Nightly",
        "Service account password for Nightly",
        "Certificate for svc-nightly: your download link",
    ]
    assert {each.recipient for each in mails} == {"team@example.com"}
    assert [password in each.text for each in mails] == [False, True, False]
    assert [f"    {username}\n" in each.text for each in mails] == [True, False, False]
    link = mails[2].link
    assert link is not None
    assert portal.link_url(link) in mails[2].text
    assert application.app_secret is not None
    assert not any(application.app_secret in each.text for each in mails)


def test_approving_again_mails_nothing(manual: Portal) -> None:
    application = manual.register(registration())
    first = manual.approve("Nightly")
    mailed = subjects(manual)

    assert manual.approve(application.app_key) == first
    assert subjects(manual) == mailed
    assert len(mailed) == 3


def test_an_application_that_brings_its_own_certificate_is_told_how(
    portal: Portal, platform: Platform
) -> None:
    portal.register(registration(certificate="own"))

    assert subjects(portal)[2:] == ["Your own certificate for Nightly"]
    assert portal.links.of("svc-nightly") == []
    assert platform.certificates.of("svc-nightly") == []
    with pytest.raises(UnknownCertificate, match="brings its own certificate"):
        portal.send_link("svc-nightly")


def test_an_application_without_account_is_mailed_nothing(portal: Portal) -> None:
    portal.register(
        registration(type="native", actor="end-user", redirect_addresses=["com.example:/cb"])
    )
    assert subjects(portal) == []


@pytest.mark.parametrize("name", ["demo-server", "Nightly"])
def test_two_applications_of_one_name_are_refused(portal: Portal, name: str) -> None:
    portal.register(registration())
    known = len(portal.mailbox)

    with pytest.raises(Rejected) as caught:
        portal.register(registration(name=name))

    assert caught.value.problems == {"name": f"{name}: two applications have this name"}
    assert len(portal.mailbox) == known


def test_a_refused_registration_leaves_nothing_behind(portal: Portal, platform: Platform) -> None:
    before = platform.state.registry.copy()
    with pytest.raises(Rejected) as caught:
        portal.register(registration(name="a/b", distribution_list="x"))

    assert caught.value.problems.keys() == {"name", "distribution_list"}
    assert platform.state.registry == before
    assert len(portal.mailbox) == 0


def test_everything_repeats_under_a_seed(platform: Platform) -> None:
    def registered() -> list[Any]:
        platform.reset({"seed": 7})
        made = platform.portal.register(registration())
        account = platform.state.registry.service_accounts[account_of(made)]
        link = platform.portal.links.of(account.username)[0]
        return [made.app_key, made.app_secret, account.username, account.password, link.token]

    first = registered()
    assert registered() == first
    assert len(set(first)) == 5


def test_a_reset_forgets_what_was_registered(portal: Portal, platform: Platform) -> None:
    portal.register(registration())
    platform.reset()

    assert platform.state.registry.find_application("Nightly") is None
    assert len(platform.portal.mailbox) == 0
    assert platform.portal.links.of("svc-nightly") == []


@pytest.mark.parametrize(
    "call",
    [
        lambda portal: portal.require("nobody"),
        lambda portal: portal.approve("nobody"),
        lambda portal: portal.change("nobody", {}),
        lambda portal: portal.refresh_keys("nobody"),
        lambda portal: portal.remove("nobody"),
    ],
)
def test_an_unknown_application_names_those_there_are(
    portal: Portal, call: Callable[[Portal], object]
) -> None:
    with pytest.raises(UnknownApplication, match="no application 'nobody'; there are demo-server,"):
        call(portal)


# Changes


def test_a_change_is_felt_at_once(portal: Portal, served: Served) -> None:
    portal.register(registration())
    token = served.headers("Nightly")
    http = served.client("svc-nightly")
    assert served.get(headers=token, http=http).status_code == 200

    portal.change("Nightly", {"source_addresses": ["203.0.113.7"]})

    assert served.get(headers=token, http=http).status_code == 403
    portal.change("Nightly", {"source_addresses": [], "name": "Daily"})
    assert served.get(headers=token, http=http).status_code == 200
    assert portal.require("Daily").service_account == "svc-nightly"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": "demo-server"}, "name"), ({"type": "native"}, "type"), ({"x": 1}, "x")],
)
def test_a_refused_change_changes_nothing(
    portal: Portal, changes: dict[str, Any], field: str
) -> None:
    before = portal.register(registration())
    with pytest.raises(Rejected) as caught:
        portal.change("Nightly", changes)

    assert caught.value.problems.keys() == {field}
    assert portal.require("Nightly") == before


# Keys


def test_refreshed_keys_end_the_old_pair_and_its_tokens_at_once(
    portal: Portal, served: Served
) -> None:
    old = portal.register(registration())
    old_pair = (old.app_key, old.app_secret or "")
    old_call = served.headers("Nightly")
    http = served.client("svc-nightly")
    assert served.get(headers=old_call, http=http).status_code == 200

    new = portal.refresh_keys("Nightly")

    assert not {new.app_key, new.app_secret} & {old.app_key, old.app_secret}
    assert served.post_token("Nightly", auth=old_pair).status_code == 401
    mixed = (new.app_key, old.app_secret or "")
    assert served.post_token("Nightly", auth=mixed).status_code == 401
    assert served.get(headers=old_call, http=http).status_code == 401
    with_new_key = old_call | {"AppKey": new.app_key}
    assert served.get(headers=with_new_key, http=http).status_code == 401
    assert served.post_token("Nightly").status_code == 200
    assert served.get(headers=served.headers("Nightly"), http=http).status_code == 200


def test_refreshed_keys_end_users_tokens_codes_and_refresh_tokens_too(
    portal: Portal, served: Served
) -> None:
    tokens = by_code(served).json()
    code = returned(log_in(served))["code"]
    assert call(served, tokens["access_token"]) == 200

    portal.refresh_keys("demo-web")

    assert call(served, tokens["access_token"]) == 401
    assert refresh(served, tokens["refresh_token"]).status_code == 400
    redeemed = redeem(served, grant_type="authorization_code", code=code)
    assert redeemed.status_code == 400
    assert call(served, by_code(served).json()["access_token"]) == 200


def test_refreshed_keys_leave_account_certificate_and_others_alone(
    portal: Portal, served: Served
) -> None:
    portal.register(registration())
    certificate = served.platform.certificates.current("svc-nightly")
    account = served.platform.state.registry.service_accounts["svc-nightly"]
    other = served.headers()

    portal.refresh_keys("Nightly")

    assert served.platform.certificates.current("svc-nightly") == certificate
    assert served.platform.state.registry.service_accounts["svc-nightly"] is account
    assert served.get(headers=other).status_code == 200


def test_refreshed_keys_of_an_application_without_secret_are_an_app_key(portal: Portal) -> None:
    new = portal.refresh_keys("demo-spa")
    assert new.app_key != "demo-spa-key"
    assert new.app_secret is None


# Deletion


def test_a_deleted_application_is_gone_with_all_it_had(portal: Portal, served: Served) -> None:
    platform = served.platform
    gone = portal.register(registration())
    pair, call = (gone.app_key, gone.app_secret or ""), served.headers("Nightly")
    http, form = served.client("svc-nightly"), served.form("Nightly")
    identity, link = (
        platform.certificates.identity("svc-nightly"),
        portal.links.of("svc-nightly")[0],
    )
    other = served.headers()

    portal.remove("Nightly")

    assert platform.state.registry.find_application("Nightly") is None
    assert "svc-nightly" not in platform.state.registry.service_accounts
    assert http.post("/v2/oauthtoken", auth=pair, data=form).status_code == 401
    assert served.get(headers=call, http=http).status_code == 401
    with pytest.raises(Refusal) as dead:
        platform.take_certificate(link.token)
    assert dead.value.kind.status == 410
    assert "dead: its application was deleted" in link.state(platform.clock.now())
    assert why_refused(platform, identity) is not None
    assert served.get(headers=other).status_code == 200


def why_refused(platform: Platform, identity: Identity) -> str | None:
    why = platform.judge_certificate(identity.peer)
    return why.because if why else None


@pytest.mark.parametrize("app", ["Nightly", "demo"])
def test_who_registers_under_an_old_name_is_not_opened_by_the_old_certificate(
    portal: Portal, served: Served, app: str
) -> None:
    """An application ``demo`` would get the account svc-demo, which the fixtures have."""
    platform = served.platform
    if app == "Nightly":
        portal.register(registration(name=app))
    old = platform.certificates.identity("svc-nightly" if app == "Nightly" else "svc-demo")
    portal.remove("Nightly" if app == "Nightly" else "demo-server")

    new = portal.register(registration(name=app))

    assert new.service_account == old.common_name
    assert "revoked" in str(why_refused(platform, old))
    fresh = platform.certificates.identity(account_of(new))
    assert fresh.serial_number != old.serial_number
    assert why_refused(platform, fresh) is None
    assert platform.certificates.of(account_of(new))[0].serial_number == fresh.serial_number


def test_tokens_do_not_pass_to_who_registers_under_an_old_name(
    portal: Portal, served: Served
) -> None:
    portal.register(registration())
    old = served.headers("Nightly")
    portal.remove("Nightly")
    new = portal.register(registration())

    http = served.client("svc-nightly")
    assert served.get(headers=old, http=http).status_code == 401
    assert served.get(headers=old | {"AppKey": new.app_key}, http=http).status_code == 401
    assert portal.links.of("svc-nightly")[0].find_problem(served.platform.clock.now()) is None


def test_an_application_without_account_is_deleted_too(portal: Portal) -> None:
    portal.remove("demo-native")
    with pytest.raises(UnknownApplication):
        portal.require("demo-native")


# Links and notices


def test_a_new_link_is_mailed_and_ends_the_older(portal: Portal, platform: Platform) -> None:
    portal.register(registration())
    (first,) = portal.links.of("svc-nightly")

    second = portal.send_link("svc-nightly")

    assert portal.mailbox.last.link is second
    assert first.find_problem(platform.clock.now()) == "a newer link took its place"
    with pytest.raises(Refusal):
        platform.take_certificate(first.token)
    assert platform.take_certificate(second.token).name == "certificate.pfx"


def test_a_renewal_gives_a_second_certificate_while_the_first_works(
    portal: Portal, platform: Platform
) -> None:
    portal.register(registration())
    first = platform.certificates.identity("svc-nightly")
    (first_link,) = portal.links.of("svc-nightly")

    link = portal.renew("svc-nightly")

    second = platform.certificates.identity("svc-nightly")
    assert link.serial_number == second.serial_number != first.serial_number
    assert second.not_after.year - second.not_before.year == 2
    assert why_refused(platform, first) is why_refused(platform, second) is None
    assert first_link.find_problem(platform.clock.now()) is None


def notices(portal: Portal) -> list[tuple[str, datetime]]:
    return [(each.subject, each.sent_at) for each in mails_about(portal, "ends in")]


def test_notices_come_as_the_clock_passes_them(portal: Portal, platform: Platform) -> None:
    platform.clock.freeze()
    portal.register(registration())
    end = platform.certificates.identity("svc-nightly").not_after
    told = []
    for days in (91, 90, 89, 30, 7, 6, 0, -10):
        platform.clock.set(end - timedelta(days=days))
        told.append(len(notices(portal)))

    assert told == [0, 1, 1, 2, 3, 3, 3, 3]
    assert notices(portal) == [
        (f"Certificate of svc-nightly ends in {days} days", end - timedelta(days=days))
        for days in (90, 30, 7)
    ]
    assert {each.recipient for each in mails_about(portal, "ends in")} == {"team@example.com"}


def test_a_clock_that_jumps_over_all_sends_all_dated_when_they_were_due(
    portal: Portal, platform: Platform
) -> None:
    portal.register(registration())
    end = platform.certificates.identity("svc-nightly").not_after
    platform.clock.advance(days=800)

    portal.send_link("svc-nightly")

    sent = portal.mailbox.messages
    assert [each.sent_at for each in sent] == sorted(each.sent_at for each in sent)
    assert [each.number for each in sent] == list(range(1, 8))
    assert notices(portal)[0] == (
        "Certificate of svc-nightly ends in 90 days",
        end - timedelta(days=90),
    )
    assert portal.mailbox.last.link is not None


def test_a_renewed_certificate_ends_without_further_notices(
    portal: Portal, platform: Platform
) -> None:
    portal.register(registration())
    platform.clock.advance(days=650)
    portal.renew("svc-nightly")
    assert len(notices(portal)) == 1  # the one that was due before

    platform.clock.advance(days=200)  # past the first one's end
    assert len(notices(portal)) == 1
    platform.clock.advance(days=450)
    assert len(notices(portal)) == 2


def test_own_certificates_are_the_clients_to_watch(portal: Portal, platform: Platform) -> None:
    portal.register(registration(certificate="own"))
    ca = ClientCA.create()
    own = ca.sign("svc-nightly")
    platform.certificates.register_own("svc-nightly", pem(own), ca.pem)

    platform.clock.advance(days=800)
    assert notices(portal) == []


def test_a_deleted_application_gets_no_notice(portal: Portal, platform: Platform) -> None:
    portal.register(registration())
    portal.remove("Nightly")
    platform.clock.advance(days=800)
    assert notices(portal) == []


def test_the_log_names_each_mail_and_holds_no_secret(
    portal: Portal, platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="mock_sei")
    application = portal.register(registration())
    account = platform.state.registry.service_accounts[account_of(application)]
    (link,) = portal.links.of(account.username)

    assert "mail to team@example.com: Service account password for Nightly" in caplog.text
    assert application.app_secret is not None
    for secret in (account.password, application.app_secret, link.token):
        assert secret not in caplog.text


def test_functional_calls_of_a_deleted_application_are_not_let_in_by_another(
    portal: Portal, served: Served
) -> None:
    """A token does not work with the AppKey of another application."""
    portal.register(registration())
    call = served.headers("Nightly")
    portal.remove("Nightly")

    http = served.client("svc-demo")
    answer = http.get(TICKETS, headers=call | {"AppKey": "demo-server-key"})
    assert answer.status_code == 401


def test_no_link_is_made_before_approval(platform: Platform) -> None:
    platform.reset({"approval": "manual"})
    application = platform.portal.register(registration())
    account = application.service_account or ""

    for make in (platform.portal.send_link, platform.portal.renew):
        with pytest.raises(Rejected, match="waits for approval"):
            make(account)
    assert len(platform.portal.mailbox) == 0
    platform.portal.approve(application.app_key)
    assert platform.portal.send_link(account).used_at is None
