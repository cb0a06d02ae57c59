"""Where changed assumptions come from, which source wins, and who is told of them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from mock_sei.cli import main
from mock_sei.errors import ConfigurationError
from mock_sei.platform import Platform
from mock_sei.runtime.launch import configuration_of_server, launch
from mock_sei.settings import Behaviour, Settings, load_settings, make_settings
from mock_sei.state.configuration import facts_of, require_equal
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.remote import Remote
from mock_sei.web.portal.settings import differences
from tests.patience import PATIENCE
from tests.support import Served, control_client
from tests.two_servers import close, two_platforms


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "mock-sei.toml") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def load(options: dict[str, Any] | None = None, **environ: str) -> Settings:
    return load_settings(options or {}, environ=environ)


def complaint(*, options: dict[str, Any] | None = None, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(options, **environ)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_each_row_is_taken_from_its_strongest_source() -> None:
    write("[assumptions]\ntoken.lifetime = 1\ncode.lifetime = 1\nsession.lifetime = 1\n")
    variable = write("token.lifetime = 2\ncode.lifetime = 2\n", "variable.toml")
    option = write("token.lifetime = 3\n", "option.toml")

    found = load({"assumptions": option}, MOCK_SEI_ASSUMPTIONS=variable).assumptions

    assert found == {"token.lifetime": 3, "code.lifetime": 2, "session.lifetime": 1}


def test_a_stronger_source_takes_a_row_back_to_its_default() -> None:
    write("[assumptions]\ntoken.lifetime = 1\n")
    option = write("token.lifetime = 3600\n", "option.toml")

    assert load({"assumptions": option}).assumptions == {}


@pytest.mark.parametrize(
    "given", ["assumptions.toml", Path("assumptions.toml"), {"code.lifetime": 9}]
)
def test_mock_sei_takes_a_table_or_a_file(given: Any) -> None:
    write("code.lifetime = 9", "assumptions.toml")

    assert make_settings(assumptions=given).behaviour.assumptions == {"code.lifetime": 9}


def test_the_message_names_file_key_and_value() -> None:
    write("[assumptions]\nrefusal.api_key.status = 99\n")
    assert complaint() == (
        "mock-sei.toml: assumptions.refusal.api_key.status = 99: must be a whole number, 400 to 599"
    )


@pytest.mark.long
def test_the_message_names_the_file_of_option_and_variable() -> None:
    bad = write("token.lifetme = 3\n", "bad.toml")

    told = "bad.toml: token.lifetme = 3: no such assumption; did you mean token.lifetime?"
    assert complaint(options={"assumptions": bad}) == told
    assert complaint(MOCK_SEI_ASSUMPTIONS=bad) == told
    assert "none.toml: cannot be read: No such file" in complaint(
        options={"assumptions": "none.toml"}
    )


def test_a_contradiction_between_files_is_refused() -> None:
    write("[assumptions]\npath.login = '/x'\n")
    option = write("path.token = '/x'\n", "option.toml")

    assert "the path of path.token, too" in complaint(options={"assumptions": option})


class TestCertificateSettings:
    """``certificate_link_days`` and ``renewal_notices`` set rows of the table."""

    def test_a_setting_is_another_word_for_its_row(self) -> None:
        settings = make_settings(certificate_link_days=3, renewal_notices=(10,))

        assert settings.behaviour.assumptions == {
            "certificate.link_lifetime": 3 * 86_400,
            "certificate.renewal_notices": [10],
        }

    def test_both_may_say_the_same(self) -> None:
        row = {"certificate.link_lifetime": 3 * 86_400}

        assert make_settings(certificate_link_days=3, assumptions=row).assumptions == row

    def test_a_row_alone_is_taken(self) -> None:
        row = {"certificate.link_lifetime": 60}

        assert make_settings(assumptions=row).assumptions == row

    @pytest.mark.parametrize(
        ("settings", "row"),
        [
            ({"certificate_link_days": 3}, {"certificate.link_lifetime": 60}),
            ({"certificate_link_days": 3}, {"certificate.link_lifetime": 7 * 86_400}),
            ({"certificate_link_days": 7}, {"certificate.link_lifetime": 60}),
            ({"renewal_notices": (10,)}, {"certificate.renewal_notices": [11]}),
        ],
    )
    def test_a_contradiction_names_both(self, settings: Any, row: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError) as caught:
            make_settings(**settings, assumptions=row)

        (name,), (setting,) = row, settings
        assert f"MockSei: assumptions.{name} = " in str(caught.value)
        assert f"the setting {setting} says" in str(caught.value)

    def test_a_reset_changes_the_row_of_a_setting(self, served: Served) -> None:
        behaviour = make_settings(certificate_link_days=3).behaviour
        changed = behaviour.with_changes(
            {"assumptions": {"certificate.link_lifetime": 7 * 86_400}}, source="reset"
        )

        assert changed.assumptions == {}
        served.platform.reset({"assumptions": {"certificate.link_lifetime": 60}})
        link = served.platform.portal.send_link("svc-demo")
        assert link.expires_at - link.made_at == timedelta(seconds=60)


class TestReset:
    def test_it_changes_the_given_rows_until_the_next_one(self, platform: Platform) -> None:
        behaviour = Behaviour(assumptions={"token.lifetime": 60})

        changed = behaviour.with_changes({"assumptions": {"code.lifetime": 5}}, source="reset")

        assert changed.assumptions == {"token.lifetime": 60, "code.lifetime": 5}
        platform.reset({"assumptions": {"code.lifetime": 5}})
        assert platform.state.assumptions.code.lifetime == timedelta(seconds=5)
        platform.reset()
        assert platform.state.assumptions.code.lifetime == timedelta(seconds=20)

    def test_a_wrong_row_resets_nothing(self, platform: Platform) -> None:
        before = platform.state

        answer = control_client(platform).post(
            "/reset", json={"assumptions": {"code.lifetime": 5, "token.lifetime": 0}}
        )

        assert answer.status_code == 400
        assert "reset: assumptions.token.lifetime = 0" in answer.json()["detail"]
        assert platform.state is before

    @pytest.mark.parametrize("given", [[], "assumptions.toml", 5, None])
    def test_it_takes_only_a_table(self, platform: Platform, given: Any) -> None:
        answer = control_client(platform).post("/reset", json={"assumptions": given})

        assert answer.status_code in (400, 422)

    def test_the_control_api_shows_what_is_changed(self, platform: Platform) -> None:
        http = control_client(platform)
        assert http.get("/").json()["assumptions"] == {}

        http.post("/reset", json={"assumptions": {"token": {"lifetime": 60}}})

        assert http.get("/").json()["assumptions"] == {"token.lifetime": 60}


def test_the_dashboard_shows_what_is_changed_and_since_when(
    served: Served, browser: httpx2.Client
) -> None:
    served.platform.reset({"assumptions": {"gateway.order": ORDER, "refusal.api_key.reason": "x"}})

    page = browser.get("/portal").text

    assert "gateway.order" in page
    assert "refusal.api_key.reason" in page
    assert "token.lifetime" not in page


def test_the_page_of_an_application_has_the_lifetimes_of_its_tokens(
    served: Served, browser: httpx2.Client
) -> None:
    usual = browser.get("/portal/apps/demo-web").text
    served.platform.reset({"assumptions": {"token.lifetime": 7200, "token.idle_limit": 45}})

    page = browser.get("/portal/apps/demo-web").text

    assert "valid for 60 minutes, and for 30 minutes after its last use" in usual
    assert "valid for 120 minutes, and for 45 seconds after its last use" in page


ORDER = ["token", "AppKey", "scope", "certificate name"]


def test_a_difference_has_the_value_the_default_and_who_changed_it() -> None:
    settings = make_settings(assumptions={"token.type": "Bearer", "code.lifetime": 5})
    behaviour = settings.behaviour.with_changes(
        {"assumptions": {"code.lifetime": 20, "token.lifetime": 60}}, source="reset"
    )

    found = {
        each.name: (each.value, each.default, each.since)
        for each in differences(settings, behaviour)
    }

    assert found == {
        "token.lifetime": ("60", "3600", "by the last reset"),
        "token.type": ('"Bearer"', "none", "since the start"),
        "code.lifetime": ("20", "20", "by the last reset"),
    }


class TestSharedState:
    def test_servers_of_one_state_must_assume_the_same(self) -> None:
        here = configuration_of_server(make_settings(assumptions={"token.lifetime": 60}))
        there = configuration_of_server(make_settings())

        require_equal(facts_of(here), here, source="state")
        with pytest.raises(ConfigurationError, match=r"assumption token\.lifetime"):
            require_equal(facts_of(there), here, source="state")

    def test_the_order_in_which_rows_are_given_means_nothing(self) -> None:
        one = make_settings(assumptions={"token.lifetime": 60, "code.lifetime": 5})
        other = make_settings(assumptions={"code.lifetime": 5, "token.lifetime": 60})

        assert configuration_of_server(one) == configuration_of_server(other)

    @pytest.mark.long
    def test_a_reset_at_one_server_is_seen_at_the_other(
        self, tmp_path: Path, shared_store: Any
    ) -> None:
        from mock_sei.fixtures import load_fixtures

        made = two_platforms(
            tmp_path / "platform.db",
            lambda units: Platform(
                fixtures=load_fixtures(),
                store=shared_store,
                behaviour=Behaviour(seed=1),
                units=units,
            ),
        )
        served = Served(made)
        changed = {"token.format": "opaque", "path.token": "/oauth2/token"}
        assert control_client(made).post("/reset", json={"assumptions": changed}).is_success

        pair = ("demo-server-key", "demo-server-secret")
        for _ in range(4):  # each call goes to the other server
            answer = served.client().post("/oauth2/token", auth=pair, data=served.form())
            assert "." not in answer.json()["access_token"]
            assert served.client().post("/v2/oauthtoken").status_code == 404
        close(made)


def test_a_start_that_is_refused_for_a_path_leaves_no_files(tmp_path: Path) -> None:
    write("[assumptions]\npath.token = '/v2/investors'\n")
    settings = load_settings(
        {"certs_dir": "certs", "one_way_port": 0, "two_way_port": 0, "control_port": 0}, environ={}
    )

    with pytest.raises(ConfigurationError) as caught:
        launch(settings)

    assert str(caught.value).startswith("mock-sei.toml: assumptions.path.token = '/v2/investors'")
    assert not (tmp_path / "certs").exists()


class TestCommand:
    def run(self, *arguments: str, status: int = 0) -> str:
        result = CliRunner().invoke(main, ["assumptions", *arguments])
        assert result.exit_code == status, result.output
        return result.output

    def test_it_prints_what_serve_would_find_here(self) -> None:
        write("[assumptions]\ntoken.lifetime = 60\n")
        option = write("code.lifetime = 5\n", "option.toml")

        text = self.run("--changed", "--assumptions", option)

        assert "token.lifetime = 60  (changed; default: 3600)" in text
        assert "code.lifetime = 5  (changed; default: 20)" in text
        assert "session.lifetime" not in text

    def test_its_file_gives_the_same_again(self) -> None:
        write("[assumptions]\ntoken.lifetime = 60\nrefusal.api_key.reason = 'a \"b\"'\n")
        before = load().assumptions

        write(self.run("--format", "toml"), "written.toml")
        Path("mock-sei.toml").unlink()

        assert load({"assumptions": "written.toml"}).assumptions == before

    @pytest.mark.long
    def test_json_can_be_read_by_programs(self) -> None:
        told = json.loads(self.run("--format", "json"))

        assert {"name", "value", "default", "changed", "seen_by"} <= told[0].keys()

    def test_a_bad_file_is_one_line(self) -> None:
        bad = write("token.lifetme = 3\n", "bad.toml")

        (line,) = self.run("--assumptions", bad, status=2).splitlines()

        assert line.startswith("mock-sei: bad.toml: token.lifetme = 3: no such assumption; did you")

    def test_it_asks_a_running_server(
        self, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        api = ControlApi("http://127.0.0.1:8044", timeout=PATIENCE, hint="")
        monkeypatch.setattr(api, "_http", control_client(platform))
        monkeypatch.setattr("mock_sei.commands.assumptions.server_at", lambda _: Remote(api))
        platform.reset({"assumptions": {"token.lifetime": 60}})

        text = self.run("--changed", "--control-url", "http://127.0.0.1:8044")

        assert "token.lifetime = 60  (changed; default: 3600)" in text
        self.run("--control-url", "http://x", "--assumptions", "y", status=2)

    def test_reset_takes_a_file(self, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
        api = ControlApi("http://127.0.0.1:8044", timeout=PATIENCE, hint="")
        monkeypatch.setattr(api, "_http", control_client(platform))
        monkeypatch.setattr("mock_sei.commands.control.server_at", lambda _: Remote(api))
        file = write("token.lifetime = 60\n", "a.toml")

        result = CliRunner().invoke(main, ["reset", "--assumptions", file])

        assert result.exit_code == 0, result.output
        assert platform.state.behaviour.assumptions == {"token.lifetime": 60}


MARKED = """
    import pytest

    @pytest.mark.mock_sei(assumptions={"token.lifetime": 60})
    def test_short(mock_sei):
        assert mock_sei.token_response("svc-demo")["expires_in"] == 60

    def test_usual(mock_sei):
        assert mock_sei.token_response("svc-demo")["expires_in"] == 3600

    @pytest.mark.mock_sei(assumptions={"token.lifetme": 60})
    def test_wrong(mock_sei):
        pass
"""


@pytest.mark.slow
def test_the_marker_sets_them_for_one_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MARKED)

    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*@pytest.mark.mock_sei: assumptions.token.lifetme = 60: no such assumption; did you*"]
    )
