"""Calls to users' documents over HTTP: served operations, and the answers for all others."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.operations import arm_fault
from tests.support import Served

OWN = """
openapi: 3.2.0
paths:
  /own/all:
    get: {responses: {'200': {description: ok, content: {application/json: {example: 1}}}}}
    head: {responses: {'204': {description: none}}}
    options: {responses: {'200': {description: ok, content: {application/json: {example: 2}}}}}
    trace: {responses: {'204': {description: none}}}
    query: {responses: {'204': {description: none}}}
    additionalOperations: {LINK: {responses: {'204': {description: none}}}}
  /own/got: {get: {responses: {'200': {description: ok, content: {application/json: {example: 1}}}}}}
  /own/head: {head: {responses: {'200': {description: ok}}}}
  /own/options: {options: {responses: {'204': {description: ok}}}}
  /own/broken/{id}: {get: {responses: {'200': {description: ok}}}}
"""  # noqa: E501  # a document in YAML


@pytest.fixture
def served(tmp_path: Path, shared_store: CertificateStore) -> Served:
    (tmp_path / "own.yaml").write_text(OWN)
    fixtures = load_fixtures(None, tmp_path)
    return Served(Platform(fixtures=fixtures, store=shared_store, behaviour=Behaviour()))


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/own/all", 200, b"1"),
        ("HEAD", "/own/all", 204, b""),
        ("OPTIONS", "/own/all", 200, b"2"),
        ("TRACE", "/own/all", 204, b""),
        ("QUERY", "/own/all", 204, b""),
        ("LINK", "/own/all", 204, b""),
        ("HEAD", "/own/got", 200, b""),
        ("HEAD", "/own/head", 200, b""),
        ("OPTIONS", "/own/options", 204, b""),
        ("OPTIONS", "/own/got", 405, None),
    ],
)
def test_every_method_of_a_document_is_served(
    served: Served, method: str, path: str, status: int, body: bytes | None
) -> None:
    answer = served.client().request(method, path, headers=served.headers())

    assert answer.status_code == status
    assert body is None or answer.content == body


def test_journal_and_log_say_why_an_operation_was_left_out(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """The log, which pytest shows with a failing test, names it."""
    with caplog.at_level(logging.WARNING, "mock_sei"):
        answer = served.get("/own/broken/7")

    (*_, entry) = served.platform.journal.entries
    assert answer.status_code == 404
    assert entry.refused_because is not None
    assert "own.yaml, and was left out: " in entry.refused_because
    assert "the path has {id}, and no parameter of that name in: path" in entry.refused_because
    assert "left out" not in answer.text
    assert entry.refused_because in caplog.text


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "QUERY", "LINK"])
def test_a_fault_meets_every_method_of_a_document(served: Served, method: str) -> None:
    arm_fault(served.platform, {"operation": f"{method} /own/all", "status": 503, "times": 1})
    http, headers = served.client(), served.headers()

    broken = http.request(method, "/own/all", headers=headers)
    entry = served.platform.journal.last
    whole = http.request(method, "/own/all", headers=headers)

    assert (broken.status_code, whole.status_code < 300) == (503, True)
    assert entry.request is not None
    assert (entry.request.method, entry.request.path) == (method, "/own/all")
