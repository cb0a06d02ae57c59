"""``remove``."""

from __future__ import annotations

import pytest

from mock_sei.apis.spooled import Content
from tests.apis.engine import Engine, widgets

TEXT = """
paths:
  /v1/widgets/{id}:
    delete:
      x-mock-sei: {action: remove, collection: widgets, key: id, answer: {gone: $record.id}}
      parameters: [{name: id, in: path}]
      responses: {"STATUS": {description: gone}}
"""


@pytest.mark.parametrize(("status", "body"), [(200, {"gone": 2}), (204, None)])
def test_a_removed_record_is_gone_with_its_file(status: int, body: object) -> None:
    engine = Engine.of(TEXT.replace("STATUS", str(status)), widgets=widgets(3))
    engine.state.contents["2"] = Content.of(b"file")

    answer = engine.call("/v1/widgets/2", method="DELETE")

    assert (answer.status, answer.body) == (status, body)
    assert [each["id"] for each in engine.state.collections.all("widgets")] == [1, 3]
    assert engine.state.contents == {}
    assert engine.refusal("/v1/widgets/2", method="DELETE").kind.status == 404
