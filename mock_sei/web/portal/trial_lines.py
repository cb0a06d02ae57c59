"""The lines with which a shell or a test makes the call that the portal makes."""

from __future__ import annotations

from collections.abc import Mapping

from mock_sei.apis.trial_requests import TrialRequest
from mock_sei.journal.python_source import literal
from mock_sei.journal.shell import Variable, shell_word
from mock_sei.rules.addresses import Addresses
from mock_sei.rules.records import DEFAULT_USER, Application
from mock_sei.rules.standards import GrantType
from mock_sei.web.example_calls import control_option
from mock_sei.web.portal.controls import Recipe

BODY_SHOWN = 8 * 1024
"""Characters of a body that the lines repeat; a longer one is a file."""


def trial_lines(
    addresses: Addresses,
    application: Application,
    user: str,
    request: TrialRequest,
) -> Recipe:
    """The lines for a call with an application."""
    is_of_users = application.standard.grant is not GrantType.CLIENT_CREDENTIALS
    named = user if is_of_users and user != DEFAULT_USER else ""
    headers = {name: value for name, value in request.headers.items() if name != "AppKey"}
    command = ["mock-sei", "token", "--application", application.name]
    command += ["--user", named] if named else []
    command += control_option(addresses)
    token = " ".join(shell_word([each]) for each in command)
    return Recipe(
        curl=_curl(addresses, application, request, headers),
        command=f"TOKEN=$({token})",
        python=_python(application, named, request, headers),
    )


def _curl(
    addresses: Addresses,
    application: Application,
    request: TrialRequest,
    headers: Mapping[str, str],
) -> str:
    account = application.service_account
    words = ["curl", "-sS", "--cacert", "certs/ca.pem"]
    if account is not None:
        words += ["--cert", f"certs/{account}/certificate.crt"]
        words += ["--key", f"certs/{account}/privatekey.key"]
    words += ["-I"] if request.method == "HEAD" else ["-X", request.method]
    url = addresses.one_way if account is None else addresses.two_way
    words += ["--globoff", "--path-as-is", url + request.target]
    words += ["-H", f"AppKey: {application.app_key}"]
    line = " ".join(shell_word([each]) for each in words)
    line += f" -H {shell_word(['Authorization: Bearer ', Variable('TOKEN')])}"
    for name, value in headers.items():
        line += f" -H {shell_word([f'{name}: {value}'])}"
    if request.body:
        text = request.body.decode()
        file = "@body.txt" if len(text) > BODY_SHOWN or "\0" in text else text
        option = "--data-binary" if file.startswith("@") else "--data-raw"
        line += f" {option} {shell_word([file])}"
    return line


def _python(
    application: Application, user: str, request: TrialRequest, headers: Mapping[str, str]
) -> str:
    account = "" if application.service_account is None else literal(application.service_account)
    asked = [literal(application.name), *([literal(user)] if user else [])]
    fields = {"AppKey": literal(application.app_key)}
    fields |= {name: literal(value) for name, value in headers.items()}
    written = ", ".join(f"{literal(name)}: {value}" for name, value in fields.items())
    bearer = f'"Authorization": "Bearer " + mock_sei.token({", ".join(asked)})'
    arguments = [literal(request.method), literal(request.target)]
    arguments.append(f"headers={{{written}, {bearer}}}")
    if request.body:
        text = request.body.decode()
        is_long = len(text) > BODY_SHOWN
        arguments.append(
            'content=Path("body.txt").read_bytes()' if is_long else f"content={literal(text)}"
        )
    return (
        f"with mock_sei.client({account}) as http:\n"
        f"    answer = http.request({', '.join(arguments)})"
    )
