"""The faults that are armed while the load runs, and how a client recognises them."""

from __future__ import annotations

from random import Random
from typing import Any

TOKEN, READING, CHANGING = "POST /v2/oauthtoken", "GET *", "PATCH *"

FAULT_STATUSES = frozenset({502, 503, 504})
"""Statuses that the platform sends only because of a fault."""

FAULTS: tuple[dict[str, Any], ...] = (
    {"operation": TOKEN, "status": 503, "probability": 0.1},
    {"operation": READING, "status": 502, "probability": 0.1},
    {"operation": CHANGING, "status": 504, "retry_after": 0, "probability": 0.5},
    {"operation": TOKEN, "cut": "before-headers", "probability": 0.05},
    {"operation": READING, "cut": "after-headers", "probability": 0.05},
    {"operation": READING, "cut": "in-body", "probability": 0.05},
    {"operation": TOKEN, "cut": "in-body", "probability": 0.05},
    {"operation": READING, "malformed": True, "probability": 0.1},
    {"operation": TOKEN, "malformed": True, "probability": 0.1},
    {"operation": READING, "content_type": "text/html", "probability": 0.1},
    {"operation": READING, "latency": 0.02, "spread": 0.02, "probability": 0.1},
    {"operation": READING, "drip": 100_000, "probability": 0.02},
    {"operation": READING, "stall": True, "times": 2},
    {"listener": "two-way", "tls": "close", "times": 3},
    {"listener": "two-way", "tls": "stall", "times": 1},
)


def choose_faults(random: Random, count: int) -> list[dict[str, Any]]:
    return random.sample(FAULTS, count)


def breaks(fault: dict[str, Any]) -> bool:
    """Whether a call that meets this fault gets no complete answer."""
    return bool(fault.get("cut") or stalls(fault) or fault.get("tls"))


def stalls(fault: dict[str, Any]) -> bool:
    return bool(fault.get("stall") or fault.get("tls") == "stall")
