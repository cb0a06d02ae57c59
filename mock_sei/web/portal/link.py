"""The one-time link: a GET of the address in the mail downloads the certificate."""

from __future__ import annotations

from fastapi import Response

from mock_sei.certificates.bundles import FORMATS
from mock_sei.errors import LINK_DEAD, InvalidValue, MalformedRequest, Refusal, UnknownCertificate
from mock_sei.rules import checks
from mock_sei.web.downloads import attachment
from mock_sei.web.heads import only_looks
from mock_sei.web.portal.visit import Visit, path_of
from mock_sei.web.refusals import functional_refusal


def certificate_link(visit: Visit) -> Response:
    """Sends the certificate. A GET uses the link up; a HEAD, which mail scanners send, does not."""
    token = visit.request.path_params["token"]
    wanted = visit.request.query_params.get("format")
    try:
        if wanted is not None and wanted not in FORMATS:
            raise MalformedRequest(
                [
                    InvalidValue(
                        "format", "query", f"there are {', '.join(FORMATS)}; the link still works"
                    )
                ]
            )
        platform = visit.platform
        is_attempt = not only_looks(visit.request.scope)
        deliver = platform.take_certificate if is_attempt else platform.preview_certificate
        findings = visit.exchange.entry.findings
        findings.course = checks.LINK
        try:
            file = deliver(token, wanted)
        except UnknownCertificate as error:
            fault = InvalidValue("format", "query", f"{error}; the link still works")
            raise MalformedRequest([fault]) from None
        findings.passes(checks.CERTIFICATE_LINK)
    except Refusal as refusal:
        return _refuse(visit, token, refusal)
    return attachment(file.name, file.content)


def _refuse(visit: Visit, token: str, refusal: Refusal) -> Response:
    """The refusal as a page for a browser, and as the platform's error body for other clients."""
    if "text/html" not in visit.request.headers.get("accept", ""):
        return functional_refusal(visit.exchange, refusal)
    kind = visit.exchange.refuse(refusal)
    link = visit.portal.links.find(token)
    application = None
    if link is not None and not link.dropped:  # another application may now have this account name
        application = visit.platform.state.registry.find_application_of(link.account)
    return visit.show(
        "dead_link.html",
        status=kind.status,
        title="This link is dead" if refusal.kind is LINK_DEAD else "No such download",
        because=visit.exchange.entry.refused_because,
        account=link.account if link else None,
        application=application,
        path=path_of(application) if application else None,
        tracking_id=visit.exchange.tracking_id,
    )
