"""``mock-sei doctor`` and the token endpoint's answers."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from mock_sei import MockSei
from tests.e2e.patients import Patient


@pytest.fixture
def patient(mock_sei: MockSei) -> Patient:
    return Patient(mock_sei)


class TestTheTokenRequest:
    @pytest.mark.parametrize(
        ("changes", "names"),
        [
            ({"app_secret": "wrong"}, ["answer-key-pair"]),
            ({"app_key": "wrong"}, ["answer-key-pair"]),
            ({"app_secret": "demo-web-secret"}, ["answer-key-pair"]),
            (
                {"app_key": "demo-server-secret", "app_secret": "demo-server-key"},
                ["pair-swapped"],
            ),
            ({"app_secret": "demo-server-secret\n"}, ["credential-spaces", "answer-key-pair"]),
            ({"app_secret": '"demo-server-secret"'}, ["credential-quotes", "answer-key-pair"]),
            (
                {"app_key": "ZGVtby1zZXJ2ZXIta2V5OmRlbW8tc2VydmVyLXNlY3JldA=="},
                ["pair-encoded", "answer-key-pair"],
            ),
            ({"password": "wrong"}, ["answer-account"]),
            ({"username": "nobody"}, ["certificate-name", "answer-account"]),
            ({"username": "svc-web"}, ["certificate-name", "answer-account"]),
        ],
    )
    def test_wrong_credentials(
        self, patient: Patient, changes: dict[str, str], names: list[str]
    ) -> None:
        patient.given |= changes
        findings = patient.findings()
        assert [each.name for each in findings if each.name] == names
        for secret in ("demo-server-secret", "svc-demo-password", "demo-web-secret"):
            assert secret not in repr(findings)

    def test_the_account_and_certificate_of_another_application(self, patient: Patient) -> None:
        patient.with_certificate("svc-web")
        patient.given |= {"username": "svc-web", "password": "svc-web-password"}
        assert patient.found() == ["answer-account"]

    @pytest.mark.parametrize("application", ["svc-web", "svc-internal"])
    def test_a_grant_of_another_row(self, patient: Patient, application: str) -> None:
        patient.with_application(application)
        assert patient.found() == ["answer-grant"]

    def test_a_token_endpoint_at_another_path_is_found_by_the_metadata(
        self, patient: Patient
    ) -> None:
        patient.server.reset(assumptions={"path.token": "/oauth2/token"})

        assert patient.found() == []

        sent = [each.request for each in patient.server.journal.find("POST /v2/oauthtoken")]
        assert [each.wire_path for each in sent if each] == ["/oauth2/token"]

    def test_another_environment(self, patient: Patient) -> None:
        patient.with_application("svc-limited")  # for the build environment alone
        assert patient.found() == ["answer-api-key"]

    @pytest.mark.parametrize(
        ("addresses", "names"),
        [(["127.0.0.0/8"], []), (["10.1.2.3"], ["answer-source-address"])],
    )
    def test_the_source_address(
        self, patient: Patient, addresses: list[str], names: list[str]
    ) -> None:
        application = patient.server.new_application(source_addresses=addresses)
        patient.with_application(application)
        findings = patient.findings()
        assert [each.name for each in findings if each.name] == names
        if names:
            assert findings[-1].actual == "127.0.0.1 (at this end)"

    @pytest.mark.parametrize("certificate", [("svc-demo", "wrong-cn"), ("svc-web", "valid")])
    def test_another_name(self, patient: Patient, certificate: tuple[str, str]) -> None:
        patient.with_certificate(*certificate)
        assert patient.found() == ["certificate-name", "answer-certificate-name"]

    def test_the_vendor_s_body_is_shown_with_its_tracking_id(self, patient: Patient) -> None:
        patient.given["password"] = "wrong"
        last = patient.findings()[-1]
        tracking_id = patient.last_exchange.tracking_id
        assert tracking_id
        assert f"tracking id for SEI: {tracking_id}" in last.what
        assert "Gateway Authentication Failed, Please validate Credentials" in last.what

    @pytest.mark.parametrize("path", ["/v2/oauthtoken", "/v3/oauthtoken"])
    def test_the_token_endpoint_s_own_url_is_as_good(self, patient: Patient, path: str) -> None:
        patient.url += path
        assert patient.found() == []
        request = patient.last_exchange.request
        assert request is not None
        assert (request.method, request.path) == ("POST", path)

    @pytest.mark.parametrize(
        ("answer", "name"),
        [
            ({"status": 502, "text": "<html>Bad gateway</html>"}, "answer-other"),
            ({"status": 302, "headers": {"Location": "https://x.example"}}, "answer-other"),
            (
                {
                    "status": 401,
                    "json": {
                        "code": "gateway.authentication.failure",
                        "message": "Access Token expired",
                        "errors": [],
                    },
                },
                "answer-expired",
            ),
            (
                {
                    "status": 400,
                    "json": {
                        "code": "gateway.authentication.failure",
                        "message": "Gateway Authentication Failed, Please validate Credentials",
                        "error": "invalid_request",
                    },
                },
                "answer-request",
            ),
        ],
    )
    def test_an_answer_out_of_the_ordinary(
        self, patient: Patient, answer: dict[str, Any], name: str
    ) -> None:
        patient.server.enqueue("POST /v2/oauthtoken", **answer)
        assert patient.found() == [name]

    def test_a_connection_that_is_cut(self, patient: Patient) -> None:
        patient.server.faults.add("POST /v2/oauthtoken", cut="before-headers")
        assert patient.found() == ["no-answer"]

    def test_an_answer_that_never_comes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def wait(_: object) -> None:
            raise TimeoutError

        monkeypatch.setattr(http.client.HTTPSConnection, "getresponse", wait)
        with MockSei() as server:  # of its own: it answers after the test has gone on
            (finding,) = (each for each in Patient(server).findings() if each.name)
        assert finding.name == "no-answer"
        assert "no answer in time" in finding.what

    def test_an_incomplete_request_is_not_made(self, patient: Patient) -> None:
        del patient.given["password"]
        assert patient.found() == ["pair-incomplete"]
        request = patient.last_exchange.request
        assert request is not None
        assert request.method == "GET"
