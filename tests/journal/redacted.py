"""Parts of a request and its answer, as an entry of the journal shows them."""

from __future__ import annotations

from collections.abc import Iterable

from mock_sei.journal.hiding import NO_SECRETS, Secrets, hide_values, show
from mock_sei.journal.redaction import body_field, header_fields, query_field


def redact_headers(
    headers: Iterable[tuple[bytes, bytes]], secrets: Secrets = NO_SECRETS
) -> list[tuple[str, str]]:
    """The names and values of headers, as text."""
    shown = show(header_fields(headers, secrets), secrets)
    return list(zip(shown[::2], shown[1::2], strict=True))


def redact_path(path: str) -> str:
    return hide_values(path, NO_SECRETS)


def redact_query(query: bytes, secrets: Secrets = NO_SECRETS) -> str:
    return show([query_field(query)], secrets)[0]


def redact_body(content_type: str, body: bytes, secrets: Secrets = NO_SECRETS) -> str:
    return show([body_field(content_type, body)], secrets)[0]


def redact_json(text: str) -> str:
    return redact_body("application/json", text.encode(errors="surrogatepass"))
