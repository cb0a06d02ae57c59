"""The platform's own endpoints as an OpenAPI document: what docs/fidelity.md says of them.

The vendor publishes none, so the server offers none; schemathesis needs one.
"""

from __future__ import annotations

from typing import Any

from mock_sei.rules.standards import GrantType

ERROR_MEMBERS = {"code", "message", "trackingId", "transient", "errors"}

TEXT = {"type": "string"}
ERROR: dict[str, Any] = {
    "type": "object",
    "required": sorted(ERROR_MEMBERS),
    "properties": {
        "trackingId": {"type": "string", "format": "uuid"},
        "transient": {"type": "boolean"},
    },
}
TOKEN_ERROR = {**ERROR, "required": sorted(ERROR_MEMBERS | {"error", "error_description"})}
REVOKE_ERROR = {**ERROR, "required": [*TOKEN_ERROR["required"], "ErrorCode", "Error", "Hint"]}


def answers(schema: dict[str, Any], good: dict[str, Any], *statuses: int) -> dict[str, Any]:
    def answer(body: dict[str, Any]) -> dict[str, Any]:
        return {"description": "", "content": {"application/json": {"schema": body}}}

    return {"200": answer(good), **{str(status): answer(schema) for status in statuses}}


def form(*names: str, **choices: list[str]) -> dict[str, Any]:
    properties = dict.fromkeys(names, TEXT) | {
        name: {"type": "string", "enum": values} for name, values in choices.items()
    }
    schema = {"type": "object", "properties": properties, "additionalProperties": TEXT}
    return {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def for_browsers(*statuses: str) -> dict[str, Any]:
    """The calls of a page that takes an authorization request."""
    return {
        method: {
            "parameters": [
                {"name": name, "in": "query", "schema": TEXT}
                for name in ("client_id", "redirect_uri", "response_type", "state", "scope")
            ],
            "responses": {
                status: {"description": "", "content": {"text/html": {"schema": TEXT}}}
                for status in statuses
            },
        }
        for method in ("get", "post")
    }


TOKEN: dict[str, Any] = {
    "post": {
        "requestBody": form(
            *("username", "email", "password", "code", "refresh_token", "redirect_uri", "scope"),
            *("client_id", "client_secret", "token", "sessionToken", "SAMLResponse"),
            grant_type=[each.value for each in GrantType],
        ),
        "responses": answers(
            TOKEN_ERROR, {"type": "object", "required": ["cascade"]}, 400, 401, 403
        ),
    }
}
PLATFORM: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "The platform's own endpoints", "version": "1"},
    "paths": {
        "/v2/oauthtoken": TOKEN,
        "/v3/oauthtoken": TOKEN,
        "/v2/oauth/token": TOKEN,
        "/v2/oauth/revoke": {
            "post": {
                "requestBody": form("token", "client_id", "client_secret"),
                "responses": answers(REVOKE_ERROR, {"type": "object"}, 400, 401, 403),
            }
        },
        "/v2/oauth/tokeninfo": {
            "get": {
                "parameters": [{"name": "Authorization", "in": "header", "schema": TEXT}],
                "responses": answers(ERROR, {"type": "object"}, 400, 401, 403),
            }
        },
        "/v2/oauth/authorize": for_browsers("302", "303", "400"),
        "/v2/oauth/login": for_browsers("200", "302", "303", "400"),
        "/.well-known/oauth-authorization-server": {
            "get": {"responses": answers(ERROR, {"type": "object", "required": ["issuer"]})}
        },
        "/.well-known/jwks.json": {
            "get": {"responses": answers(ERROR, {"type": "object", "required": ["keys"]})}
        },
    },
}
