"""``grant_type=authorization_code``: a client exchanges a code for tokens, once, in 20 seconds.

A native application must use PKCE, others may: if the authorization request had a code challenge,
the verifier must fit it. A second use of a code ends the tokens of the first. Source: authorize
steps; RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9700 section 2.1.1.
"""

from __future__ import annotations

from typing import Any

from mock_sei.errors import GRANT_INVALID, Check
from mock_sei.oauth.client_auth import AuthenticatedClient
from mock_sei.oauth.codes import Code
from mock_sei.oauth.proof_key import is_verifier
from mock_sei.oauth.server import AuthorizationServer
from mock_sei.oauth.token_request import TokenRequest, malformed
from mock_sei.oauth.unknown import explain_unknown
from mock_sei.reasons.addresses import find_address_difference
from mock_sei.reasons.values import but_for, find_difference
from mock_sei.rules import checks
from mock_sei.rules.standards import GrantType

GRANT_TYPE = GrantType.AUTHORIZATION_CODE

CHECK = checks.CODE
PROOF_CHECK = checks.PROOF
_refused = Check(name=CHECK, kind=GRANT_INVALID).refusal
_wrong_proof = Check(name=PROOF_CHECK, kind=GRANT_INVALID).refusal


def handle(
    request: TokenRequest, client: AuthenticatedClient, server: AuthorizationServer
) -> dict[str, Any]:
    text = request.require("code")
    verifier = request.find("code_verifier")
    if verifier is not None and not is_verifier(verifier):
        raise malformed(
            "code_verifier is not 43 to 128 unreserved characters (RFC 7636, 4.1)"
            f"{_explain_verifier(verifier, server.codes.find(text))}.",
            description="code_verifier is not 43 to 128 unreserved characters.",
        )
    code = server.codes.find(text)
    if code is None:
        raise _refused(
            "No such code was issued: it is mistyped, or was issued before the last reset."
            f"{explain_unknown(text, server.codes.find, server)}"
        )
    check_use(code, server)
    check_client(code, client)
    check_age(code, server)
    check_session(code, server)
    check_redirect(code, request)
    request.findings.passes(CHECK)
    check_proof(code, verifier, server)
    if code.challenge is not None:
        request.findings.passes(PROOF_CHECK)
    if code.user not in server.registry.end_users:
        raise _refused(f"The end user {code.user} no longer exists.")
    application = client.application
    authorization = server.authorize(
        application,
        user=code.user,
        scope=code.scope,
        session=code.session,
        redirect_address=code.redirect_address,
    )
    server.codes.burn(code, family=authorization.family)
    return server.user_token_response(application, authorization, code.scope, issuer=request.issuer)


def check_use(code: Code, server: AuthorizationServer) -> None:
    if not code.burnt:
        return
    if code.family is None:
        raise _refused("The code was refused before for a wrong code_verifier; log in again.")
    server.end_family(code.family)
    raise _refused("The code was used before; the tokens of its first use are revoked now.")


def check_client(code: Code, client: AuthenticatedClient) -> None:
    if code.app_key != client.application.app_key:
        raise _refused(
            "The code was issued to another application.",
            expected=code.app_key,
            actual=client.application.app_key,
        )


def check_age(code: Code, server: AuthorizationServer) -> None:
    limit = server.codes.lifetime
    age = server.codes.age(code)
    if age >= limit:
        raise _refused(
            f"The code is older than {limit} seconds; use it as soon as you receive it.",
            expected=f"at most {limit} s old",
            actual=f"{int(age)} s",
        )


def check_session(code: Code, server: AuthorizationServer) -> None:
    """Raises :class:`Refusal` if the code's session has ended, for example by
    ``endOtherSessions``."""
    if server.sessions.find(code.session) is None:
        raise _refused("The session in which the code was issued has ended; log in again.")


def check_redirect(code: Code, request: TokenRequest) -> None:
    """Raises :class:`Refusal` if ``redirect_uri`` differs from the authorization request's.

    It must be sent if the authorization request named it (RFC 6749 section 4.1.3).
    """
    sent = request.find("redirect_uri", "redirect_url")
    if sent is None and not code.redirect_sent:
        return
    if sent != code.redirect_address:
        raise _refused(
            "redirect_uri is not the one of the authorization request"
            f"{but_for(find_address_difference(sent or '', [code.redirect_address]))}.",
            expected=code.redirect_address,
            actual=(sent or "none"),
            description="redirect_uri is not the one of the authorization request."
            if sent
            else "redirect_uri is missing.",
        )


def check_proof(code: Code, verifier: str | None, server: AuthorizationServer) -> None:
    """Raises :class:`Refusal` if the code verifier does not fit the code challenge.

    After a wrong verifier, the code cannot be used any more.
    """
    if code.challenge is None:
        if verifier is not None:
            needless = (
                "code_verifier was sent, but the authorization request had no code_challenge."
            )
            raise _wrong_proof(needless, description=needless)
        return
    if verifier is not None and code.challenge.fits(verifier):
        return
    server.codes.burn(code)
    problem = "does not fit the code_challenge" if verifier else "is missing"
    raise _wrong_proof(
        f"code_verifier {problem} ({code.challenge.method})"
        f"{_explain_verifier(verifier or '', code)}; the code cannot be used any more.",
        description=f"code_verifier {problem}.",
    )


def _explain_verifier(verifier: str, code: Code | None) -> str:
    """The end of a sentence about a wrong code verifier; empty if no reason is known."""
    challenge = None if code is None else code.challenge
    if challenge is None or not verifier:
        return ""
    difference = find_difference(verifier, lambda each: is_verifier(each) and challenge.fits(each))
    return but_for(difference) or challenge.explain(verifier)
