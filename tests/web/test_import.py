"""Importing our package changes neither pydantic nor FastAPI in the user's process."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import mock_sei.web
from fastapi.openapi.models import OpenAPI
from pydantic import BaseModel

class Own(BaseModel):
    number: int

print(BaseModel.model_config, Own.__pydantic_complete__, OpenAPI.__pydantic_complete__)
print(OpenAPI(openapi="3.1.0", info={"title": "t", "version": "1"}).info.title)
"""


@pytest.mark.slow
def test_the_models_of_pydantic_and_fastapi_are_as_without_mock_sei() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines() == ["{} True True", "t"]
