"""Rules of a document that name other records: the message about a wrong rule names the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.path_items import read_operations
from mock_sei.apis.reach import Reach
from mock_sei.apis.references import Document
from mock_sei.errors import ConfigurationError


def read(**rule: Any) -> None:
    operation = {"x-mock-sei": {"collection": "widgets", "key": "id", **rule}}
    content = {"openapi": "3.1.0", "paths": {"/v1/widgets": {"post": operation}}}
    document = Document(source=Path("widgets.yaml"), content=content)
    for each in read_operations("widgets", document, "", Reach((), ())).left_out:
        raise each.reasons[0]


@pytest.mark.parametrize(
    "known", [{"body.colour": "colours"}, {"body.colour": 7}, {"colour": "colours.id"}]
)
def test_a_known_member_names_collection_and_field(known: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"collection\.field") as problem:
        read(known=known)

    assert "widgets.yaml" in str(problem.value)
    assert f"known.{next(iter(known))}" in str(problem.value)


def test_a_known_member_that_is_right_is_read() -> None:
    read(known={"body.colour": "colours.id"})
