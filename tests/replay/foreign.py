"""Recordings as other tools write them: made for the tests, in the shapes of those tools."""

from __future__ import annotations

import base64
from typing import Any

STARTED = "2026-03-01T12:00:00.250Z"


def of_a_browser(target: str, text: str) -> dict[str, Any]:
    """HTTP/2: pseudo-headers, names in lower case, a compressed body that is given decoded."""
    return {
        "_initiator": {"type": "script"},
        "_priority": "High",
        "_resourceType": "fetch",
        "cache": {},
        "connection": "443",
        "request": {
            "method": "GET",
            "url": f"https://api.example.com{target}#top",
            "httpVersion": "http/2.0",
            "headers": [
                {"name": ":authority", "value": "api.example.com"},
                {"name": ":method", "value": "GET"},
                {"name": ":path", "value": target},
                {"name": ":scheme", "value": "https"},
                {"name": "accept-encoding", "value": "gzip, br"},
                {"name": "appkey", "value": "theirs"},
            ],
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": 200,
            "statusText": "",
            "httpVersion": "http/2.0",
            "headers": [
                {"name": "content-encoding", "value": "gzip"},
                {"name": "content-length", "value": "31"},
                {"name": "content-type", "value": "application/json"},
                {"name": "set-cookie", "value": "a=1; Path=/\nb=2; Path=/"},
                {"name": "x-from", "value": "browser"},
            ],
            "cookies": [],
            "content": {"size": len(text), "mimeType": "application/json", "text": text},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "_transferSize": 700,
            "_error": None,
        },
        "serverIPAddress": "192.0.2.1",
        "startedDateTime": STARTED,
        "time": 12.5,
        "timings": {"blocked": 1, "dns": -1, "ssl": -1, "send": 0.1, "wait": 9, "receive": 1},
    }


def unfinished_in_a_browser(target: str) -> dict[str, Any]:
    """A call that the browser gave up."""
    made = of_a_browser(target, "")
    made["response"] |= {"status": 0, "headers": [], "_error": "net::ERR_ABORTED"}
    return made


def of_mitmproxy(target: str, data: bytes, media_type: str) -> dict[str, Any]:
    """Bodies in Base64, times with an offset, ports in the address."""
    return {
        "startedDateTime": "2026-03-01T12:00:00.250000+00:00",
        "time": 12,
        "request": {
            "method": "GET",
            "url": f"https://test.example.com:444{target}",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [{"name": "Host", "value": "test.example.com:444"}],
            "queryString": [],
            "headersSize": 40,
            "bodySize": 0,
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": [
                {"name": "Content-Type", "value": media_type},
                {"name": "Connection", "value": "keep-alive"},
            ],
            "content": {
                "size": len(data),
                "compression": 0,
                "mimeType": media_type,
                "text": base64.b64encode(data).decode(),
                "encoding": "base64",
            },
            "redirectURL": "",
            "headersSize": 80,
            "bodySize": len(data),
        },
        "cache": {},
        "timings": {"connect": 1, "receive": 1, "send": 1, "ssl": 1, "wait": 8},
        "serverIPAddress": "192.0.2.1",
    }


def of_postman(target: str, sent: str, text: str) -> dict[str, Any]:
    """The query only in ``queryString``, few members, no address of the server."""
    path, _, query = target.partition("?")
    pairs = [each.partition("=") for each in query.split("&")] if query else []
    return {
        "startedDateTime": STARTED,
        "time": 40,
        "request": {
            "method": "POST",
            "url": f"https://test.example.com{path}",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Content-Type", "value": "application/json"}],
            "queryString": [{"name": name, "value": value} for name, _, value in pairs],
            "postData": {"mimeType": "application/json", "text": sent},
        },
        "response": {
            "status": 201,
            "statusText": "Created",
            "headers": [{"name": "Content-Type", "value": "application/json; charset=utf-8"}],
            "content": {"mimeType": "application/json; charset=utf-8", "text": text},
        },
    }
