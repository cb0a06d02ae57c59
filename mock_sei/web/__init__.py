"""HTTP: FastAPI applications over a platform. Only this package imports FastAPI.

And it imports it first, with the models of OpenAPI documents left to be built when somebody asks
for a document: they would take a sixth of FastAPI's import (pydantic, ``defer_build``).
"""

from pydantic import BaseModel, ConfigDict

_usual = BaseModel.model_config
BaseModel.model_config = ConfigDict(**_usual, defer_build=True)
try:
    import fastapi  # noqa: F401  # every module here that needs it imports it again
finally:
    BaseModel.model_config = _usual
