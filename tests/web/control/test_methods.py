"""What the control API says of a method that a path does not take, and of a path it has not."""

from __future__ import annotations

import httpx2
import pytest

from tests.cases import every_case

pytestmark = pytest.mark.long

FOREIGN = ["OPTIONS", "TRACE", "PROPFIND", "FOO"]

ALLOWED = {
    "/": "GET, HEAD",
    "/health": "GET, HEAD",
    "/health/live": "GET, HEAD",
    "/health/ready": "GET, HEAD",
    "/docs": "GET, HEAD",
    "/openapi.json": "GET, HEAD",
    "/clock": "GET, HEAD, PUT, DELETE",
    "/clock/advance": "POST",
    "/reset": "POST",
    "/journal": "GET, HEAD, DELETE",
    "/mailbox": "GET, HEAD, DELETE",
    "/mailbox/1.eml": "GET, HEAD",
    "/faults": "GET, HEAD, POST, DELETE",
    "/faults/1": "GET, HEAD, DELETE",
    "/answers": "POST, GET, HEAD, DELETE",
    "/answers/strict": "PUT, GET, HEAD, DELETE",
    "/answers/1": "GET, HEAD, DELETE",
    "/applications": "GET, HEAD, POST",
    "/applications/demo-server": "GET, HEAD, PATCH, DELETE",
    "/applications/demo-server/keys": "POST",
    "/service-accounts/svc-demo": "GET, HEAD",
    "/service-accounts/svc-demo/certificates": "GET, HEAD, POST",
    "/service-accounts/svc-demo/certificate-links": "POST",
    "/service-accounts/svc-demo/certificate-requests": "POST",
    "/service-accounts/svc-demo/certificate.crt": "GET, HEAD",
    "/service-accounts/svc-demo/certificates/1/revoke": "POST",
    "/data": "GET, HEAD",
    "/data/v1/any/path": "GET, HEAD, POST, PUT, DELETE",
    "/signing-keys/rotate": "POST, DELETE",
    "/signing-keys/any": "DELETE",
    "/server-certificate": "PUT",
}
"""By path, in the order in which the calls are made."""


@every_case("path", ALLOWED)
def test_another_method_is_told_all_that_the_path_takes(control: httpx2.Client, path: str) -> None:
    allowed = ALLOWED[path].split(", ")
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", *FOREIGN):
        if method in allowed:
            continue
        answer = control.request(method, path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, ALLOWED[path]), method
        if method != "HEAD":
            assert method in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/clock/nowhere", "/service-accounts/svc-demo/nothing", "/health/x"]
)
def test_a_path_that_no_call_has_is_not_found_by_any_method(
    control: httpx2.Client, path: str
) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", *FOREIGN):
        answer = control.request(method, path)
        assert answer.status_code == 404, method
        assert "Allow" not in answer.headers
    assert path in control.get(path).json()["detail"]
