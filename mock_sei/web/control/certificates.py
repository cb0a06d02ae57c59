"""The certificates of service accounts: files, further ones, requests, own ones, one-time links."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Body, FastAPI, HTTPException, Query, Response
from pydantic import AwareDatetime, Field

from mock_sei.certificates.bundles import FORMATS, BundleOptions, Identity
from mock_sei.certificates.held import AccountCertificate, Origin
from mock_sei.certificates.profiles import Variant
from mock_sei.platform import Platform
from mock_sei.portal.links import Delivery
from mock_sei.rules.passphrases import DEFAULT_PASSPHRASE, find_warning
from mock_sei.web.control.described import file_answer
from mock_sei.web.control.models import Flag, Here, Model, Passphrase, Username
from mock_sei.web.downloads import attachment

FILES = {name: writer for files in FORMATS.values() for name, writer in files.items()} | {
    "certificate.pem": lambda identity, _: identity.certificate_pem + identity.chain_pem
}
"""Every file of an account that can be fetched, and how it is written."""


WARNING = "X-Warning"
"""The header with what to know of a file: a file's answer has no field for it."""

MOST = 1000
"""Certificates in one answer."""


class NewCertificate(Model):
    variant: Variant = Field(Variant.VALID, description="valid, or wrong in one way")


class IssuedCertificate(Model):
    certificate: str = Field(description="the leaf, PEM")
    chain: str = Field(description="the CAs above it, nearest first, PEM")
    private_key: str = Field(description="PKCS#8, PEM, not encrypted")
    serial_number: str = Field(description="hexadecimal")


class HeldCertificate(Model):
    serial_number: str = Field(description="hexadecimal")
    not_before: AwareDatetime
    not_after: AwareDatetime
    issuer: str
    origin: Origin = Field(description="issued here, signed from a request, or of an own CA")
    variant: Variant
    revoked: bool
    current: bool


class CertificateRequest(Model):
    request: str = Field(description="PEM of a CSR whose CN is the account's user name")


class SignedCertificate(Model):
    certificate: str = Field(description="the leaf, PEM")
    chain: str = Field(description="the CAs above it, nearest first, PEM")
    serial_number: str = Field(description="hexadecimal")


class OwnCertificate(Model):
    certificate: str = Field(description="PEM, its CN the account's user name")
    ca: str = Field(description="PEM of the CAs above it, up to the root")


class LinkOptions(Model):
    format: Literal["pfx", "p12", "p7s", "pem"] | None = Field(
        default=None,
        description="what the link downloads; pfx, or pem where the key is the client's",
    )
    passphrase: str = Field(
        default=DEFAULT_PASSPHRASE,
        description="of an encrypted file; empty for a file that anybody can open",
    )
    legacy: Flag = Field(default=False, description="encryption of old importers")
    renew: Flag = Field(default=False, description="of a further certificate, made for it")


class CertificateLink(Model):
    url: str
    expires: AwareDatetime
    warning: str | None = Field(description="what to know of a file with an empty passphrase")


def add_certificate_calls(app: FastAPI) -> None:
    @app.get("/service-accounts/{username}/certificates", summary="All of them, oldest first")
    def certificates(
        platform: Here,
        username: Username,
        offset: Annotated[int, Query(ge=0, description="how many of the oldest to leave out")] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST, description="how many at most")] = MOST,
    ) -> list[HeldCertificate]:
        current = platform.certificates.current(username)
        return [
            _held(each, platform, current=each is current)
            for each in platform.certificates.of(username)[offset : offset + limit]
        ]

    @app.get(
        "/service-accounts/{username}/identity",
        summary="The account's current certificate with its key",
    )
    def identity(platform: Here, username: Username) -> IssuedCertificate:
        return _issued(platform.identity(username))

    for file in FILES:
        _add_file_call(app, file)

    @app.post("/service-accounts/{username}/certificates", status_code=201)
    def issue_certificate(
        platform: Here, username: Username, body: Annotated[NewCertificate | None, Body()] = None
    ) -> IssuedCertificate:
        """Issues a further certificate; a valid one becomes the account's current one."""
        variant = body.variant if body else Variant.VALID
        return _issued(platform.issue_certificate(username, variant))

    @app.post(
        "/service-accounts/{username}/certificates/{serial_number}/revoke",
        status_code=204,
        summary="Revokes a certificate from the next handshake on",
    )
    def revoke_certificate(platform: Here, username: Username, serial_number: str) -> None:
        try:
            number = int(serial_number, 16)
        except ValueError:
            detail = f"not a hexadecimal serial number: {serial_number[:100]}"
            raise HTTPException(400, detail) from None
        platform.revoke_certificate(username, number)

    @app.post(
        "/service-accounts/{username}/certificate-links",
        status_code=201,
        summary="A one-time link to the current certificate, which is mailed too",
    )
    def create_link(
        platform: Here, username: Username, body: Annotated[LinkOptions | None, Body()] = None
    ) -> CertificateLink:
        options = body or LinkOptions()
        delivery = Delivery(
            format=options.format, passphrase=options.passphrase, legacy=options.legacy
        )
        link = platform.send_certificate_link(username, delivery, renew=options.renew)
        return CertificateLink(
            url=platform.portal.link_url(link),
            expires=link.expires_at,
            warning=link.delivery.warning,
        )

    @app.post(
        "/service-accounts/{username}/certificate-requests",
        status_code=201,
        summary="Signs a request (CSR) whose key stays with the client",
    )
    def sign_request(
        platform: Here, username: Username, body: CertificateRequest
    ) -> SignedCertificate:
        signed = platform.sign_request(username, body.request)
        return SignedCertificate(
            certificate=signed.certificate_pem,
            chain=signed.chain_pem,
            serial_number=f"{signed.serial_number:x}",
        )

    @app.post(
        "/service-accounts/{username}/own-certificates",
        status_code=201,
        summary="Lets in a certificate of the client's own CA",
    )
    def register_own(platform: Here, username: Username, body: OwnCertificate) -> HeldCertificate:
        own = platform.register_certificate(username, body.certificate, body.ca)
        return _held(own, platform, current=True)


def _add_file_call(app: FastAPI, file: str) -> None:
    """A path of its own for each file: one for all would hide which paths take which methods."""

    def certificate_file(
        platform: Here,
        username: Username,
        passphrase: Passphrase = DEFAULT_PASSPHRASE,
        legacy: Annotated[bool, Query(description="encryption of old importers")] = False,
    ) -> Response:
        options = BundleOptions(passphrase=passphrase, legacy=legacy)
        answer = attachment(file, FILES[file](platform.identity(username), options))
        warning = find_warning(file.rpartition(".")[2], passphrase)
        if warning:
            answer.headers[WARNING] = warning
        return answer

    app.get(
        f"/service-accounts/{{username}}/{file}",
        **file_answer(file),
        name=file,
        summary=f"{file} of the account's current certificate",
    )(certificate_file)


def _issued(identity: Identity) -> IssuedCertificate:
    return IssuedCertificate(
        certificate=identity.certificate_pem.decode(),
        chain=identity.chain_pem.decode(),
        private_key=identity.key_pem.decode(),
        serial_number=f"{identity.serial_number:x}",
    )


def _held(certificate: AccountCertificate, platform: Platform, *, current: bool) -> HeldCertificate:
    return HeldCertificate(
        serial_number=f"{certificate.serial_number:x}",
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        issuer=certificate.issuer,
        origin=certificate.origin,
        variant=certificate.variant,
        revoked=platform.certificates.is_revoked(certificate),
        current=current,
    )
